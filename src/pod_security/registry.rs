use std::borrow::Cow;

use super::admission_defaults::admission_defaults;
use super::check::{Check, Revision, Violation};
use super::checks as all;
use super::pod::Pod;
use crate::finding::CheckId;
use crate::object::{Level, Version};

/// Every check, in the order in which messages name them (upstream `policy/registry.go`): baseline before restricted,
/// by the bytes of the id within a level.
static CHECKS: &[Check] = &[
    all::app_armor_profile::CHECK,
    all::capabilities_baseline::CHECK,
    all::host_namespaces::CHECK,
    all::host_path_volumes::CHECK,
    all::host_ports::CHECK,
    all::host_probes_and_host_lifecycle::CHECK,
    all::privileged::CHECK,
    all::proc_mount::CHECK,
    all::se_linux_options::CHECK,
    all::seccomp_profile_baseline::CHECK,
    all::sysctls::CHECK,
    all::windows_host_process::CHECK,
    all::allow_privilege_escalation::CHECK,
    all::capabilities_restricted::CHECK,
    all::proc_mount_restricted::CHECK,
    all::restricted_volumes::CHECK,
    all::run_as_non_root::CHECK,
    all::run_as_user::CHECK,
    all::seccomp_profile_restricted::CHECK,
];

/// Every check, in the order in which messages name them.
pub fn checks() -> &'static [Check] {
    CHECKS
}

/// Judges pods as an API server of one Kubernetes version does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluator {
    /// The minor version that `latest`, and anything newer, means.
    newest: u32,
}

impl Evaluator {
    /// An evaluator for a cluster of this version: `latest` and newer policy versions mean that version, or the
    /// newest that floe knows if the cluster is newer still (upstream `NewEvaluator`, `emulationVersion`).
    pub fn emulating(cluster: Version) -> Self {
        let known = newest_revision(CHECKS);
        match cluster {
            Version::Minor(minor) => Self { newest: minor.min(known) },
            Version::Latest => Self { newest: known },
        }
    }

    /// The checks that forbid the pod at admission, in upstream's order: [`evaluate`](Self::evaluate) after
    /// [`admission_defaults`], with paths cut back to fields that the pod itself has.
    pub fn judge(self, pod: Pod<'_>, level: Level, version: Version) -> Vec<Violation> {
        let spec = match admission_defaults(pod) {
            // The checks name fields that exist in what they are given.
            Cow::Borrowed(_) => return self.evaluate(pod, level, version),
            Cow::Owned(spec) => spec,
        };
        let mut violations = self.evaluate(pod.with_spec(&spec), level, version);
        for violation in &mut violations {
            for path in &mut violation.paths {
                *path = pod.closest(path);
            }
        }
        violations
    }

    /// The checks that forbid the pod as it stands, in upstream's order.
    pub(super) fn evaluate(self, pod: Pod<'_>, level: Level, version: Version) -> Vec<Violation> {
        effective(CHECKS, level, self.minor(version))
            .filter_map(|(check, revision)| {
                let forbidden = (revision.judge)(pod)?;
                Some(Violation {
                    check: check.id,
                    reason: forbidden.reason.to_owned(),
                    detail: forbidden.detail,
                    paths: forbidden.paths,
                })
            })
            .collect()
    }

    fn minor(self, version: Version) -> u32 {
        match version {
            Version::Minor(minor) => minor.min(self.newest),
            Version::Latest => self.newest,
        }
    }
}

impl Default for Evaluator {
    /// The newest version that floe knows.
    fn default() -> Self {
        Self::emulating(Version::Latest)
    }
}

/// The highest minor version at which any rule changes.
fn newest_revision(checks: &[Check]) -> u32 {
    checks.iter().flat_map(|check| check.revisions).map(|revision| revision.since).max().unwrap_or_default()
}

/// The rules that hold at a level and minor version, in the order of `checks`.
fn effective(checks: &[Check], level: Level, minor: u32) -> impl Iterator<Item = (&Check, &'static Revision)> {
    let in_force = move |wanted: Level| {
        checks
            .iter()
            .filter(move |check| check.level == wanted)
            .filter_map(move |check| Some((check, check.revision_at(minor)?)))
    };
    let overriding = in_force(Level::Restricted).filter(|_| level == Level::Restricted);
    let overridden: Vec<CheckId> = overriding.flat_map(|(_, revision)| revision.overrides).copied().collect();
    let baseline = in_force(Level::Baseline).filter(move |(check, _)| !overridden.contains(&check.id));
    baseline
        .filter(move |_| level >= Level::Baseline)
        .chain(in_force(Level::Restricted).filter(move |_| level >= Level::Restricted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn evaluate(pod: Pod<'_>, level: Level, version: Version) -> Vec<Violation> {
        Evaluator::default().evaluate(pod, level, version)
    }

    fn ids(level: Level, minor: u32) -> Vec<&'static str> {
        effective(CHECKS, level, minor).map(|(check, _)| check.id.0).collect()
    }

    #[test]
    fn the_order_is_baseline_then_restricted_each_by_bytes() {
        assert!(CHECKS.is_sorted_by_key(|check| (check.level, check.id.0)));
        assert!(CHECKS.iter().all(|check| check.revisions.is_sorted_by_key(|revision| revision.since)));
        assert_eq!(CHECKS.iter().filter(|check| check.level == Level::Baseline).count(), 12);
        assert_eq!(newest_revision(CHECKS), 37);
    }

    #[test]
    fn only_restricted_checks_override_and_only_baseline_ones() {
        let baseline = |id: &CheckId| CHECKS.iter().any(|check| check.id == *id && check.level == Level::Baseline);
        for check in CHECKS {
            let overrides: Vec<_> = check.revisions.iter().flat_map(|revision| revision.overrides).collect();
            assert!(overrides.is_empty() || check.level == Level::Restricted, "{}", check.id);
            assert!(overrides.into_iter().all(baseline), "{}", check.id);
        }
    }

    #[test]
    fn the_rules_of_each_level_and_version_are_upstreams() {
        let oldest = [
            "appArmorProfile",
            "capabilities_baseline",
            "hostNamespaces",
            "hostPathVolumes",
            "hostPorts",
            "privileged",
            "procMount",
            "seLinuxOptions",
            "seccompProfile_baseline",
            "sysctls",
            "windowsHostProcess",
        ];
        assert_eq!(ids(Level::Privileged, 37), [] as [&str; 0]);
        assert_eq!(ids(Level::Baseline, 0), oldest);
        assert_eq!(ids(Level::Baseline, 33), oldest);
        let mut newest = oldest.to_vec();
        newest.insert(5, "hostProbesAndHostLifecycle");
        assert_eq!(ids(Level::Baseline, 34), newest);
        assert_eq!(ids(Level::Baseline, 37), newest);
        assert_eq!(
            ids(Level::Restricted, 37),
            [
                "appArmorProfile",
                "hostNamespaces",
                "hostPorts",
                "hostProbesAndHostLifecycle",
                "privileged",
                "seLinuxOptions",
                "sysctls",
                "windowsHostProcess",
                "allowPrivilegeEscalation",
                "capabilities_restricted",
                "procMount_restricted",
                "restrictedVolumes",
                "runAsNonRoot",
                "runAsUser",
                "seccompProfile_restricted",
            ]
        );
    }

    #[test]
    fn overrides_hold_per_version() {
        for (overridden, by, since) in [
            ("hostPathVolumes", "restrictedVolumes", 0),
            ("seccompProfile_baseline", "seccompProfile_restricted", 19),
            ("capabilities_baseline", "capabilities_restricted", 22),
            ("procMount", "procMount_restricted", 35),
        ] {
            assert!(!ids(Level::Restricted, since).contains(&overridden), "{overridden}");
            assert!(ids(Level::Restricted, since).contains(&by), "{by}");
            assert!(ids(Level::Baseline, since).contains(&overridden), "{overridden}");
            if since > 0 {
                assert!(ids(Level::Restricted, since - 1).contains(&overridden), "{overridden}");
                assert!(!ids(Level::Restricted, since - 1).contains(&by), "{by}");
            }
        }
    }

    #[test]
    fn a_check_that_is_overridden_at_one_revision_returns_at_the_next() {
        const fn since(since: u32) -> Revision {
            Revision::new(since, |_| None)
        }
        const fn check(id: &'static str, level: Level, revisions: &'static [Revision]) -> Check {
            Check { id: CheckId(id), page: "", level, revisions }
        }
        const SYNTHETIC: &[Check] = &[
            check("a", Level::Baseline, &[since(0)]),
            check("b", Level::Baseline, &[since(10)]),
            check("c", Level::Baseline, &[since(0), since(5), since(10)]),
            check("d", Level::Baseline, &[since(11), since(15), since(20)]),
            check("e", Level::Restricted, &[since(0)]),
            check("f", Level::Restricted, &[since(12), since(16), since(21)]),
            check("g", Level::Restricted, &[since(10).overriding(&[CheckId("a")])]),
            check("h", Level::Restricted, &[since(0).overriding(&[CheckId("b")])]),
            check(
                "i",
                Level::Restricted,
                &[since(10).overriding(&[CheckId("c")]), since(21).overriding(&[CheckId("d")])],
            ),
        ];
        let rules = |level, minor| {
            let rules = effective(SYNTHETIC, level, minor).map(|(check, rule)| format!("{}{}", check.id, rule.since));
            rules.collect::<Vec<_>>().join(" ")
        };
        for (level, minor, expected) in [
            (Level::Privileged, 0, ""),
            (Level::Baseline, 0, "a0 c0"),
            (Level::Baseline, 4, "a0 c0"),
            (Level::Baseline, 5, "a0 c5"),
            (Level::Baseline, 10, "a0 b10 c10"),
            (Level::Baseline, 11, "a0 b10 c10 d11"),
            (Level::Baseline, 21, "a0 b10 c10 d20"),
            (Level::Restricted, 0, "a0 c0 e0 h0"),
            (Level::Restricted, 5, "a0 c5 e0 h0"),
            (Level::Restricted, 10, "e0 g10 h0 i10"),
            (Level::Restricted, 11, "d11 e0 g10 h0 i10"),
            (Level::Restricted, 21, "c10 e0 f21 g10 h0 i21"),
        ] {
            assert_eq!(rules(level, minor), expected, "{level} {minor}");
        }
        assert_eq!(newest_revision(SYNTHETIC), 21);
    }

    #[test]
    fn newer_versions_clamp_and_a_cluster_lowers_latest() {
        let newest = Evaluator::default();
        for version in [Version::Latest, Version::Minor(37), Version::Minor(10_000)] {
            assert_eq!(newest.minor(version), 37);
        }
        assert_eq!(newest.minor(Version::Minor(8)), 8);
        assert_eq!(Evaluator::emulating(Version::Minor(99)), newest);
        let older = Evaluator::emulating(Version::Minor(33));
        assert_eq!(older.minor(Version::Latest), 33);
        assert_eq!(older.minor(Version::Minor(35)), 33);

        let template = json!({"spec": {"containers": [{"name": "a", "livenessProbe": {"httpGet": {"host": "x"}}}]}});
        let pod = Pod::new(&template).unwrap();
        assert_eq!(older.evaluate(pod, Level::Baseline, Version::Latest), []);
        assert_eq!(newest.evaluate(pod, Level::Baseline, Version::Latest).len(), 1);
        assert_eq!(evaluate(pod, Level::Baseline, Version::Minor(33)), []);
        assert_eq!(evaluate(pod, Level::Privileged, Version::Latest), []);
    }

    #[test]
    fn judging_fills_in_defaults_and_points_at_what_is_written() {
        let template = json!({
            "metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}},
            "spec": {
                "hostNetwork": true,
                "containers": [{"name": "a", "ports": [{"containerPort": 80}]}],
                "volumes": [{"name": "scratch"}],
            },
        });
        let pod = Pod::new(&template).unwrap();
        let found: Vec<_> = Evaluator::default()
            .judge(pod, Level::Restricted, Version::Minor(0))
            .into_iter()
            .map(|violation| {
                let paths: Vec<_> = violation.paths.iter().map(ToString::to_string).collect();
                (violation.check.0, paths.join(" "))
            })
            .collect();
        let annotation = "metadata.annotations[container.apparmor.security.beta.kubernetes.io/a]";
        assert_eq!(
            found,
            [
                ("appArmorProfile", format!("spec.containers[0] {annotation}")),
                ("hostNamespaces", "spec.hostNetwork".to_owned()),
                ("hostPorts", "spec.containers[0].ports[0]".to_owned()),
                ("runAsNonRoot", "spec.containers[0]".to_owned()),
            ]
        );
    }

    #[test]
    fn restricted_is_no_superset_of_baseline_for_windows() {
        let template = json!({"spec": {
            "os": {"name": "windows"},
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "Unconfined"}},
            "containers": [{"name": "a", "securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}],
        }});
        let pod = Pod::new(&template).unwrap();
        let found = |level, minor| -> Vec<_> {
            evaluate(pod, level, Version::Minor(minor)).iter().map(|violation| violation.check.0).collect()
        };
        assert_eq!(found(Level::Baseline, 25), ["capabilities_baseline", "seccompProfile_baseline"]);
        assert_eq!(found(Level::Restricted, 25), [] as [&str; 0]);
        assert_eq!(
            found(Level::Restricted, 24),
            ["allowPrivilegeEscalation", "capabilities_restricted", "seccompProfile_restricted"]
        );
    }
}
