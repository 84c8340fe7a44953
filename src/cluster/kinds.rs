use std::collections::BTreeMap;

use tokio::sync::Mutex;

/// The resources of a version of the API by kind: the name in paths, and whether they are in namespaces.
pub(super) type Kinds = BTreeMap<String, (String, bool)>;

/// What is known of the API, by its versions.
#[derive(Default)]
pub(super) struct KnownKinds(pub(super) Mutex<BTreeMap<String, Kinds>>);
