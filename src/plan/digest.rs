use sha2::{Digest as _, Sha256};

use super::wanted::without_host_annotations;
use serde_json::Value;

/// Digest of one document.
pub(super) type Digest = [u8; 32];

/// Digest of a document's text, without separator and trailing white space: what floe leaves of it.
pub(super) fn of_text(body: &str) -> Digest {
    Sha256::digest(body.trim_ascii_end().as_bytes()).into()
}

/// Digest of an item's value: hosts write items anew, so their text says nothing.
pub(super) fn of_item(value: &Value) -> Digest {
    let canonical = without_host_annotations(value);
    Sha256::digest(canonical.to_string().as_bytes()).into()
}

/// Digest of the whole input as it leaves floe, without floe's own objects.
///
/// Taken after hardening and not before, because running floe on its own result must change nothing.
pub(super) fn of_all(documents: &mut [(usize, Digest)]) -> String {
    // Stable: items of one list keep their order.
    documents.sort_by_key(|(index, _)| *index);
    let mut whole = Sha256::new();
    documents.iter().for_each(|(_, digest)| whole.update(digest));
    let hex: String = whole.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
