//! The documents that hold policies: what all judgements on policies begin with.

use crate::document::ParsedDocument;
use crate::finding::CheckId;
use crate::object::GroupVersionKind;
use crate::stream::Stream;

/// The plugin may not enforce policies at all.
pub(crate) const POLICIES_UNENFORCED: CheckId = CheckId("policies-unenforced");

/// The documents of a stream that can be read and may hold policies.
pub(super) fn policy_documents<'t>(stream: &Stream<'t>) -> impl Iterator<Item = ParsedDocument<'t>> {
    let may_hold = |kind: &str| kind == "NetworkPolicy" || kind.ends_with("List");
    (0..stream.documents.len()).filter_map(move |index| ParsedDocument::of(stream, index, may_hold)?.ok())
}

/// Whether a type is that of Kubernetes' policies, also by the group that they had before v1.
pub(super) fn is_policy(gvk: &GroupVersionKind) -> bool {
    gvk.kind == "NetworkPolicy" && matches!(gvk.group.as_str(), "networking.k8s.io" | "extensions")
}
