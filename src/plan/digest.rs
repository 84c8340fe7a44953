use serde_json::Value;
use twox_hash::XxHash3_128;

use super::wanted::without_host_annotations;

/// Digest of one document.
///
/// Tells an accidental difference, at the speed of reading; whoever can change the result can change its digest too, so
/// a cryptographic one would promise no more.
pub(super) type Digest = u128;

/// Digest of a document's text, without separator and trailing white space: what floe leaves of it.
pub(super) fn of_text(body: &str) -> Digest {
    XxHash3_128::oneshot(body.trim_ascii_end().as_bytes())
}

/// Digest of an item's value: hosts write items anew, so their text says nothing.
pub(super) fn of_item(value: &Value) -> Digest {
    XxHash3_128::oneshot(without_host_annotations(value).to_string().as_bytes())
}

/// Digest of the whole input as it leaves floe, without floe's own objects.
///
/// Taken after hardening and not before, because running floe on its own result must change nothing.
pub(super) fn of_all(documents: &mut [(usize, Digest)]) -> String {
    // Stable: items of one list keep their order.
    documents.sort_by_key(|(index, _)| *index);
    let whole: Vec<u8> = documents.iter().flat_map(|(_, digest)| digest.to_be_bytes()).collect();
    format!("xxh3-128:{:032x}", XxHash3_128::oneshot(&whole))
}
