use super::check::Violation;
use super::namespace_labels::LevelVersion;
use crate::object::{Level, Version};

/// What the API server says when it rejects a pod, without its own `pods "x" is forbidden: ` in front (upstream
/// `admission/admission.go`). Level and version stand as written in the label, not as resolved.
pub fn message(level: Level, version: Version, violations: &[Violation]) -> String {
    format!("violates PodSecurity \"{}\": {}", LevelVersion { level, version }, listed(violations))
}

/// What the API server says in the modes warn and audit.
pub fn warning(level: Level, version: Version, violations: &[Violation]) -> String {
    format!("would {}", message(level, version, violations).replacen("violates", "violate", 1))
}

/// `reason (detail), ...` (upstream `policy/checks.go`, `ForbiddenDetail`).
fn listed(violations: &[Violation]) -> String {
    let mut list = String::new();
    for violation in violations {
        list.extend([if list.is_empty() { "" } else { ", " }, &violation.reason]);
        if !violation.detail.is_empty() {
            list.extend([" (", &violation.detail, ")"]);
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::CheckId;

    #[test]
    fn reads_like_the_api_server() {
        let violation = |reason: &str, detail: &str| Violation {
            check: CheckId("test"),
            reason: reason.to_owned(),
            detail: detail.to_owned(),
            paths: Vec::new(),
        };
        let violations = [violation("host namespaces", "hostNetwork=true"), violation("privileged", "")];
        assert_eq!(
            message(Level::Restricted, Version::Minor(29), &violations),
            r#"violates PodSecurity "restricted:v1.29": host namespaces (hostNetwork=true), privileged"#
        );
        assert_eq!(
            warning(Level::Baseline, Version::Latest, &violations[..1]),
            r#"would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true)"#
        );
    }
}
