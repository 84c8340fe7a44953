use std::collections::BTreeMap;
use std::fmt;

use super::wording::go_quoted;
use crate::object::{Level, Version};

/// Pods that violate this level are rejected.
pub const ENFORCE_LEVEL_LABEL: &str = "pod-security.kubernetes.io/enforce";
/// The policy version of [`ENFORCE_LEVEL_LABEL`].
pub const ENFORCE_VERSION_LABEL: &str = "pod-security.kubernetes.io/enforce-version";
/// Pods and workloads that violate this level are noted in the audit log.
pub const AUDIT_LEVEL_LABEL: &str = "pod-security.kubernetes.io/audit";
/// The policy version of [`AUDIT_LEVEL_LABEL`].
pub const AUDIT_VERSION_LABEL: &str = "pod-security.kubernetes.io/audit-version";
/// Pods and workloads that violate this level get a warning.
pub const WARN_LEVEL_LABEL: &str = "pod-security.kubernetes.io/warn";
/// The policy version of [`WARN_LEVEL_LABEL`].
pub const WARN_VERSION_LABEL: &str = "pod-security.kubernetes.io/warn-version";

/// A level by the rules of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LevelVersion {
    /// The level.
    pub level: Level,
    /// The version, as written in the label.
    pub version: Version,
}

impl LevelVersion {
    /// What a server without configuration applies to a namespace without labels.
    const PRIVILEGED: Self = Self { level: Level::Privileged, version: Version::Latest };
}

impl fmt::Display for LevelVersion {
    /// `restricted:v1.29`, as in the API server's messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.level, self.version)
    }
}

/// What applies to the pods of a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Pods that violate it are rejected.
    pub enforce: LevelVersion,
    /// Pods and workloads that violate it are noted in the audit log.
    pub audit: LevelVersion,
    /// Pods and workloads that violate it get a warning.
    pub warn: LevelVersion,
}

impl Default for Policy {
    /// The built-in defaults of the server: privileged in all modes.
    fn default() -> Self {
        Self { enforce: LevelVersion::PRIVILEGED, audit: LevelVersion::PRIVILEGED, warn: LevelVersion::PRIVILEGED }
    }
}

/// A label value that the API server rejects on a new Namespace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("metadata.labels[{label}]: Invalid value: {}: {problem}", go_quoted(value))]
pub struct LabelError {
    /// The label.
    pub label: &'static str,
    /// Its value.
    pub value: String,
    problem: &'static str,
}

const BAD_LEVEL: &str = "must be one of privileged, baseline, restricted";
const BAD_VERSION: &str = r#"must be "latest" or "v1.x""#;

/// What applies to a namespace with these labels, and what is wrong with them (upstream `api/helpers.go`,
/// `PolicyToEvaluate`).
///
/// There is always an answer, because a Namespace that is there already may carry bad labels. A bad enforce level
/// means restricted, a bad audit or warn level means privileged, a bad version means latest. Where enforce is valid,
/// explicit and stricter than warn, and there is no label for warn, warn follows enforce.
pub fn policy_to_evaluate(labels: &BTreeMap<String, String>, defaults: Policy) -> (Policy, Vec<LabelError>) {
    let mut policy = defaults;
    let mut errors = Vec::new();
    let mut invalid = |label, value: &str, problem| errors.push(LabelError { label, value: value.to_owned(), problem });
    let mut enforce_is_valid = false;

    for (mode, level_label, version_label, on_bad_level) in [
        (&mut policy.enforce, ENFORCE_LEVEL_LABEL, ENFORCE_VERSION_LABEL, Level::Restricted),
        (&mut policy.audit, AUDIT_LEVEL_LABEL, AUDIT_VERSION_LABEL, Level::Privileged),
        (&mut policy.warn, WARN_LEVEL_LABEL, WARN_VERSION_LABEL, Level::Privileged),
    ] {
        if let Some(value) = labels.get(level_label) {
            let level = Level::parse(value);
            mode.level = level.unwrap_or(on_bad_level);
            match level {
                Some(_) => enforce_is_valid |= level_label == ENFORCE_LEVEL_LABEL,
                None => invalid(level_label, value, BAD_LEVEL),
            }
        }
        if let Some(value) = labels.get(version_label) {
            let version = Version::parse(value);
            mode.version = version.unwrap_or(Version::Latest);
            if version.is_none() {
                invalid(version_label, value, BAD_VERSION);
            }
        }
    }

    let warn_is_open = !labels.contains_key(WARN_LEVEL_LABEL);
    if warn_is_open && enforce_is_valid && policy.enforce.level > policy.warn.level {
        policy.warn.level = policy.enforce.level;
        if !labels.contains_key(WARN_VERSION_LABEL) {
            policy.warn.version = policy.enforce.version;
        }
    }
    (policy, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluate(labels: &[(&str, &str)], defaults: Policy) -> (String, Vec<String>) {
        let labels = labels
            .iter()
            .map(|(key, value)| (format!("pod-security.kubernetes.io/{key}"), (*value).to_owned()))
            .collect();
        let (policy, errors) = policy_to_evaluate(&labels, defaults);
        let shown = format!("{} {} {}", policy.enforce, policy.audit, policy.warn);
        (shown, errors.iter().map(ToString::to_string).collect())
    }

    /// Labels, then enforce, audit and warn, then the labels that are wrong.
    type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a [&'a str]);

    #[test]
    fn every_row_of_the_label_table() {
        const OPEN: &str = "privileged:latest";
        let rows: [Row<'_>; 20] = [
            (&[], "privileged:latest privileged:latest privileged:latest", &[]),
            (&[("enforce", "baseline")], "baseline:latest privileged:latest baseline:latest", &[]),
            (&[("warn", "restricted")], "privileged:latest privileged:latest restricted:latest", &[]),
            (&[("audit", "baseline")], "privileged:latest baseline:latest privileged:latest", &[]),
            (
                &[("enforce", "baseline"), ("warn", "restricted")],
                "baseline:latest privileged:latest restricted:latest",
                &[],
            ),
            (
                &[("enforce", "baseline"), ("enforce-version", "v1.22")],
                "baseline:v1.22 privileged:latest baseline:v1.22",
                &[],
            ),
            (
                &[("enforce", "baseline"), ("enforce-version", "v1.22"), ("warn-version", "latest")],
                "baseline:v1.22 privileged:latest baseline:latest",
                &[],
            ),
            (
                &[("enforce", "baseline"), ("warn-version", "v1.23")],
                "baseline:latest privileged:latest baseline:v1.23",
                &[],
            ),
            (
                &[
                    ("enforce", "baseline"),
                    ("enforce-version", "v1.20"),
                    ("warn", "restricted"),
                    ("warn-version", "v1.21"),
                    ("audit", "restricted"),
                    ("audit-version", "v1.22"),
                ],
                "baseline:v1.20 restricted:v1.22 restricted:v1.21",
                &[],
            ),
            (
                &[("enforce", "baseline"), ("warn", "privileged")],
                "baseline:latest privileged:latest privileged:latest",
                &[],
            ),
            (
                &[("enforce", "baseline"), ("warn", "foo")],
                "baseline:latest privileged:latest privileged:latest",
                &["warn"],
            ),
            (&[("enforce", "foo")], "restricted:latest privileged:latest privileged:latest", &["enforce"]),
            (
                &[("enforce", "foo"), ("enforce-version", "v1.20")],
                "restricted:v1.20 privileged:latest privileged:latest",
                &["enforce"],
            ),
            (&[("enforce", "")], "restricted:latest privileged:latest privileged:latest", &["enforce"]),
            (&[("enforce", "Restricted")], "restricted:latest privileged:latest privileged:latest", &["enforce"]),
            (&[("audit", "foo")], "privileged:latest privileged:latest privileged:latest", &["audit"]),
            (
                &[("enforce", "restricted"), ("enforce-version", "1.29")],
                "restricted:latest privileged:latest restricted:latest",
                &["enforce-version"],
            ),
            (
                &[("audit-version", "v1.01"), ("warn-version", "")],
                "privileged:latest privileged:latest privileged:latest",
                &["audit-version", "warn-version"],
            ),
            (
                &[("enforce-version", "v1.20"), ("audit-version", "v1.21"), ("warn-version", "v1.22")],
                "privileged:v1.20 privileged:v1.21 privileged:v1.22",
                &[],
            ),
            (&[("enforce", "privileged")], "privileged:latest privileged:latest privileged:latest", &[]),
        ];
        assert_eq!(Policy::default().warn.to_string(), OPEN);
        for (labels, expected, wrong) in rows {
            let (policy, errors) = evaluate(labels, Policy::default());
            assert_eq!(policy, expected, "{labels:?}");
            assert_eq!(errors.len(), wrong.len(), "{labels:?} {errors:?}");
            for (error, label) in errors.iter().zip(wrong) {
                assert!(
                    error.starts_with(&format!("metadata.labels[pod-security.kubernetes.io/{label}]: ")),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn defaults_of_the_server_stay_where_no_label_stands() {
        let level = |level| LevelVersion { level, version: Version::Minor(25) };
        let defaults =
            Policy { enforce: level(Level::Baseline), audit: level(Level::Restricted), warn: level(Level::Restricted) };
        assert_eq!(evaluate(&[], defaults).0, "baseline:v1.25 restricted:v1.25 restricted:v1.25");
        assert_eq!(evaluate(&[("other", "x")], defaults).0, "baseline:v1.25 restricted:v1.25 restricted:v1.25");
        // Enforce is not stricter than warn: warn keeps its own version.
        let labels = [("enforce", "restricted"), ("enforce-version", "v1.30")];
        assert_eq!(evaluate(&labels, defaults).0, "restricted:v1.30 restricted:v1.25 restricted:v1.25");
        // A level that comes from the defaults does not pull warn up.
        let defaults = Policy { warn: LevelVersion::PRIVILEGED, ..defaults };
        assert_eq!(
            evaluate(&[("enforce-version", "v1.30")], defaults).0,
            "baseline:v1.30 restricted:v1.25 privileged:latest"
        );
    }

    #[test]
    fn errors_read_like_the_api_server() {
        let (_, errors) = evaluate(&[("enforce", "fo\"o"), ("enforce-version", "1.x")], Policy::default());
        assert_eq!(
            errors,
            [
                r#"metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "fo\"o": must be one of privileged, baseline, restricted"#,
                r#"metadata.labels[pod-security.kubernetes.io/enforce-version]: Invalid value: "1.x": must be "latest" or "v1.x""#,
            ]
        );
    }
}
