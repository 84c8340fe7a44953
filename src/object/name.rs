//! The grammar of names and labels of the Kubernetes API, with the expressions by which `apimachinery` writes it.

/// A DNS label (RFC 1123), of any length (`dns1123LabelFmt`).
pub const LABEL_FORMAT: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

/// A DNS subdomain (RFC 1123), of any length (`dns1123SubdomainFmt`).
pub const SUBDOMAIN_FORMAT: &str = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

/// The name part of a label key, and a label value that is not empty, of any length (`labelKeyFmt`).
pub const LABEL_NAME_FORMAT: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

/// Longest name of a namespace, label value and name part of a label key, in bytes.
pub const MAX_LABEL: usize = 63;

/// Longest DNS subdomain, in bytes.
pub const MAX_SUBDOMAIN: usize = 253;

/// Whether a text has the form of a DNS label, whatever its length.
pub fn has_label_form(text: &str) -> bool {
    let outer = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    has_form(text, outer, |byte| outer(byte) || byte == b'-')
}

/// Whether a text has the form of a DNS subdomain, labels joined by dots, whatever its length.
pub fn has_subdomain_form(text: &str) -> bool {
    text.split('.').all(has_label_form)
}

/// Whether a text has the form of the name part of a label key, whatever its length.
pub fn has_label_name_form(text: &str) -> bool {
    let outer = |byte: u8| byte.is_ascii_alphanumeric();
    has_form(text, outer, |byte| outer(byte) || matches!(byte, b'-' | b'_' | b'.'))
}

fn has_form(text: &str, outer: impl Fn(u8) -> bool, inner: impl Fn(u8) -> bool) -> bool {
    let ends = [text.bytes().next(), text.bytes().last()];
    ends.into_iter().all(|byte| byte.is_some_and(&outer)) && text.bytes().all(inner)
}

/// A DNS label of at most `most` bytes (`IsDNS1123Label` with 63).
pub fn is_dns_label(text: &str, most: usize) -> bool {
    text.len() <= most && has_label_form(text)
}

/// A DNS subdomain of at most 253 bytes (`IsDNS1123Subdomain`).
pub fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= MAX_SUBDOMAIN && has_subdomain_form(text)
}

/// A label key (`IsQualifiedName`): a name, after an optional subdomain and `/`.
pub fn is_label_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_dns_subdomain(prefix) && is_label_name(name),
        None => is_label_name(text),
    }
}

/// A label value (`IsValidLabelValue`): empty, or like the name of a key.
pub fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_label_name(text)
}

fn is_label_name(text: &str) -> bool {
    text.len() <= MAX_LABEL && has_label_name_form(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "a-b", "0", "x".repeat(63).as_str()] {
            assert!(is_dns_label(good, 63), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", "ä", "a\n", "x".repeat(64).as_str()] {
            assert!(!is_dns_label(bad, 63), "{bad}");
        }
        assert!(is_dns_subdomain("a.b-c.d") && is_dns_subdomain(&"x".repeat(253)));
        assert!(!is_dns_subdomain("a..b") && !is_dns_subdomain(".a") && !is_dns_subdomain(&"x".repeat(254)));
    }

    #[test]
    fn labels() {
        for good in ["app", "app.kubernetes.io/name", "A_b.c-d", "k8s-app"] {
            assert!(is_label_key(good), "{good}");
        }
        for bad in ["", "/a", "a/", "a/b/c", "A.b/c", "-a", "a ", "x".repeat(64).as_str()] {
            assert!(!is_label_key(bad), "{bad}");
        }
        assert!(is_label_value("") && is_label_value("v1.2_x") && !is_label_value("a/b") && !is_label_value("_a"));
    }

    /// The functions and the expressions say the same.
    #[test]
    fn the_expressions_are_those_of_the_functions() {
        type Form = (&'static str, fn(&str) -> bool);
        let forms: [Form; 3] = [
            (LABEL_FORMAT, has_label_form),
            (SUBDOMAIN_FORMAT, has_subdomain_form),
            (LABEL_NAME_FORMAT, has_label_name_form),
        ];
        let signs = ["", "a", "Z", "0", "-", "_", ".", "/", "ä", "\n"];
        let texts = signs.iter().flat_map(|a| signs.iter().map(move |b| format!("{a}{b}")));
        let texts: Vec<String> = texts.flat_map(|text| signs.iter().map(move |c| format!("{text}{c}"))).collect();
        for (format, has_form) in forms {
            let expression = regex::Regex::new(&format!("^({format})$")).unwrap();
            for text in &texts {
                assert_eq!(expression.is_match(text), has_form(text), "{format}: {text:?}");
            }
        }
    }
}
