//! Names, labels and ports: what `apimachinery` takes, and its words for what it does not.

use crate::object::name::{
    LABEL_FORMAT, LABEL_NAME_FORMAT, MAX_LABEL, MAX_SUBDOMAIN, SUBDOMAIN_FORMAT, has_label_form, has_label_name_form,
    has_subdomain_form,
};

/// Longest port name, in bytes (RFC 6335).
const MAX_PORT_NAME: usize = 15;

/// `MaxLenError` of `apimachinery/pkg/util/validation`, which means bytes as well.
fn too_long(limit: usize) -> String {
    format!("must be no more than {limit} characters")
}

/// `MaxLenError` of `apimachinery/pkg/api/validate/content`, where the rules of labels are.
fn too_many_bytes(limit: usize) -> String {
    format!("must be no more than {limit} bytes")
}

/// `RegexError`.
fn regex(message: &str, format: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}', ")).collect();
    format!("{message} (e.g. {}regex used for validation is '{format}')", examples.join(" or "))
}

/// `IsDNS1123Label`: names of namespaces.
pub(super) fn dns_label(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if text.len() > MAX_LABEL {
        faults.push(too_long(MAX_LABEL));
    }
    if !has_label_form(text) {
        faults.push(if has_subdomain_form(text) {
            "must not contain dots".to_owned()
        } else {
            regex(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start \
                 and end with an alphanumeric character",
                LABEL_FORMAT,
                &["my-name", "123-abc"],
            )
        });
    }
    faults
}

/// `IsDNS1123Subdomain`: names of most objects.
pub(super) fn dns_subdomain(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if text.len() > MAX_SUBDOMAIN {
        faults.push(too_long(MAX_SUBDOMAIN));
    }
    faults.extend(subdomain_format(text));
    faults
}

fn subdomain_format(text: &str) -> Option<String> {
    (!has_subdomain_form(text)).then(|| {
        regex(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
             start and end with an alphanumeric character",
            SUBDOMAIN_FORMAT,
            &["example.com"],
        )
    })
}

/// `IsLabelKey`, also called a qualified name.
pub(super) fn label_key(text: &str) -> Vec<String> {
    let format = || {
        regex(
            "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
             character",
            LABEL_NAME_FORMAT,
            &["MyName", "my.name", "123-abc"],
        )
    };
    let mut faults = Vec::new();
    let name = match text.split_once('/') {
        None => text,
        Some((_, name)) if name.contains('/') => {
            return vec![format!(
                "a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                format()
            )];
        }
        Some(("", name)) => {
            faults.push("prefix part must be non-empty".to_owned());
            name
        }
        Some((prefix, name)) => {
            let long = (prefix.len() > MAX_SUBDOMAIN).then(|| too_many_bytes(MAX_SUBDOMAIN));
            let faults_of_prefix = long.into_iter().chain(subdomain_format(prefix));
            faults.extend(faults_of_prefix.map(|fault| format!("prefix part {fault}")));
            name
        }
    };
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    } else if name.len() > MAX_LABEL {
        faults.push(format!("name part {}", too_many_bytes(MAX_LABEL)));
    }
    if !has_label_name_form(name) {
        faults.push(format!("name part {}", format()));
    }
    faults
}

/// `IsLabelValue`.
pub(super) fn label_value(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if text.len() > MAX_LABEL {
        faults.push(too_many_bytes(MAX_LABEL));
    }
    if !text.is_empty() && !has_label_name_form(text) {
        faults.push(regex(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must \
             start and end with an alphanumeric character",
            &format!("({LABEL_NAME_FORMAT})?"),
            &["MyValue", "my_value", "12345"],
        ));
    }
    faults
}

/// `IsValidPortNum`.
pub(super) fn port_number(port: i64) -> Option<String> {
    (!(1..=65535).contains(&port)).then(|| "must be between 1 and 65535, inclusive".to_owned())
}

/// `IsValidPortName`: an IANA service name in lower case.
pub(super) fn port_name(text: &str) -> Vec<String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let faults = [
        (text.len() > MAX_PORT_NAME, too_long(MAX_PORT_NAME)),
        (
            text.is_empty() || !text.bytes().all(allowed),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned(),
        ),
        (!text.bytes().any(|byte| byte.is_ascii_lowercase()), "must contain at least one letter (a-z)".to_owned()),
        (text.contains("--"), "must not contain consecutive hyphens".to_owned()),
        (text.starts_with('-') || text.ends_with('-'), "must not begin or end with a hyphen".to_owned()),
    ];
    faults.into_iter().filter(|(is_fault, _)| *is_fault).map(|(_, fault)| fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_apimachinery_takes() {
        for good in ["a", "a.b", "0.1", "a-1.b--2"] {
            assert!(dns_subdomain(good).is_empty(), "{good}");
        }
        for bad in ["", ".", "a.", "a..b", "A", "-a", "a_b", "ü"] {
            assert_eq!(dns_subdomain(bad).len(), 1, "{bad}");
        }
        assert_eq!(dns_label("a.b"), ["must not contain dots"]);
        assert_eq!(dns_label(&"a".repeat(64)).len(), 1);
        for good in ["a", "A_b.c", "example.com/x", "a.b/C-d"] {
            assert!(label_key(good).is_empty(), "{good}");
        }
        for (bad, faults) in [("", 2), ("/a", 1), ("a/", 2), ("A/b", 1), ("a/b/c", 1), ("-a", 1), ("x y", 1)] {
            assert_eq!(label_key(bad).len(), faults, "{bad}: {:?}", label_key(bad));
        }
        assert!(label_value("").is_empty() && label_value("A-b").is_empty());
        assert_eq!(label_value("a b").len(), 1);
        assert!(port_name("http-2").is_empty());
        for (bad, faults) in [("", 2), ("HTTP", 2), ("a--b", 1), ("-a", 1), ("80", 1), ("abcdefghijklmnop", 1)] {
            assert_eq!(port_name(bad).len(), faults, "{bad}: {:?}", port_name(bad));
        }
        assert_eq!(port_number(0).as_deref(), Some("must be between 1 and 65535, inclusive"));
        assert_eq!(port_number(65535), None);
    }
}
