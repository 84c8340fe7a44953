//! The forms of kinds, quantities and paths that the Kubernetes API accepts.

/// A quantity without sign (`resource.ParseQuantity`): a decimal number and a suffix such as `Mi`, `M`, `m` or `e6`.
pub(super) fn is_quantity(text: &str) -> bool {
    let number = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(number);
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 || number.len() - digits > 1 {
        return false;
    }
    match suffix {
        "" | "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" | "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei" => true,
        _ => suffix.strip_prefix(['e', 'E']).is_some_and(|exponent| exponent.parse::<i32>().is_ok()),
    }
}

/// What keeps a text from being the path of a writable directory, as the end of a sentence.
pub(super) fn mount_path_fault(text: &str) -> Option<&'static str> {
    if !text.starts_with('/') {
        return Some("is not absolute");
    }
    if text == "/" {
        return Some("would make the whole root file system writable");
    }
    if text.contains(':') {
        return Some("contains `:`, which the API server refuses in a mount path");
    }
    if text.chars().any(char::is_control) {
        return Some("contains a control character");
    }
    if text.split('/').any(|part| part == "..") {
        return Some("contains `..`");
    }
    let odd = text.split('/').skip(1).any(|part| part.is_empty() || part == ".");
    odd.then_some("is not normalised: it contains an empty or `.` part")
}

/// A path without its empty and `.` parts.
pub(super) fn normalised(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    format!("/{}", parts.join("/"))
}

/// A kind of the Kubernetes API: a word in Pascal case.
pub(super) fn is_kind(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The name of a field in a path that is split at dots.
pub(super) fn is_field_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        assert!(is_kind("RayCluster") && !is_kind("rayCluster") && !is_kind("Ray-Cluster") && !is_kind(""));
    }

    #[test]
    fn quantities() {
        for good in ["0", "64Mi", "1.5Gi", ".5", "5.", "1e3", "1E-2", "1E", "100m", "2k"] {
            assert!(is_quantity(good), "{good}");
        }
        for bad in ["", "Mi", ".", "1.2.3", "-1", "+1", "1MB", "1 Mi", "64mi", "1K", "0x1", "1e", "1e1.5", "١"] {
            assert!(!is_quantity(bad), "{bad}");
        }
    }

    #[test]
    fn mount_paths() {
        for good in ["/tmp", "/home/floe", "/a/..b", "/with space"] {
            assert_eq!(mount_path_fault(good), None, "{good}");
        }
        for bad in ["", "tmp", "/", "/a:b", "/a/../b", "/a//b", "/a/", "/./a", "/a\n", "//"] {
            assert!(mount_path_fault(bad).is_some(), "{bad}");
        }
        assert_eq!(normalised("/a//./b/"), "/a/b");
    }
}
