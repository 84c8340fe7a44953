use std::fmt::Write as _;

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
pub(super) fn of_all(documents: impl Iterator<Item = Digest>) -> String {
    let mut whole = Sha256::new();
    documents.for_each(|digest| whole.update(digest));
    whole.finalize().iter().fold("sha256:".to_owned(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
