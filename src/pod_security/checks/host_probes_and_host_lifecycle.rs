//! `hostProbesAndHostLifecycle`, baseline. The kubelet may not be sent to other hosts by a probe or a hook.
//!
//! Fields, of every container: `httpGet.host` and `tcpSocket.host` of `livenessProbe`, `readinessProbe`,
//! `startupProbe`, `lifecycle.postStart` and `lifecycle.preStop`.
//!
//! - since 1.34: absent or empty.
//!
//! Upstream: `policy/check_hostProbesAndhostLifecycle.go`.

use std::collections::BTreeSet;

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, text};
use crate::pod_security::wording::{containers_named, plural, quoted};

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("hostProbesAndHostLifecycle"),
    page: include_str!("../explain/hostProbesAndHostLifecycle.md"),
    level: Level::Baseline,
    revisions: &[Revision::new(34, judge)],
};

const HANDLERS: [&[&str]; 5] = [
    &["livenessProbe"],
    &["readinessProbe"],
    &["startupProbe"],
    &["lifecycle", "postStart"],
    &["lifecycle", "preStop"],
];

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    // Both are sets upstream: here the names of containers are sorted, unlike in the other checks.
    let mut names = BTreeSet::new();
    let mut hosts = BTreeSet::new();
    let mut paths = Vec::new();
    for container in pod.containers() {
        for handler in HANDLERS {
            for action in ["httpGet", "tcpSocket"] {
                let keys = [handler, &[action, "host"]].concat();
                let Some(host) = text(container.value, &keys).filter(|host| !host.is_empty()) else { continue };
                names.insert(container.name);
                hosts.insert(host);
                paths.push(container.path_to(&keys));
            }
        }
    }
    let names: Vec<&str> = names.into_iter().collect();
    (!names.is_empty()).then(|| Forbidden {
        reason: "probe or lifecycle host",
        detail: format!(
            "{} {} {} {}",
            containers_named(&names),
            plural(names.len(), "uses", "use"),
            plural(hosts.len(), "probe or lifecycle host", "probe or lifecycle hosts"),
            quoted(hosts)
        ),
        paths,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::{Value, json};

    fn with_host(handler: &str, action: &str, host: &str) -> Value {
        match handler {
            "postStart" | "preStop" => json!({"lifecycle": {handler: {action: {"host": host}}}}),
            _ => json!({handler: {action: {"host": host}}}),
        }
    }

    #[test]
    fn forbids_a_host_in_each_handler_from_34_on() {
        for handler in ["livenessProbe", "readinessProbe", "startupProbe", "postStart", "preStop"] {
            for action in ["httpGet", "tcpSocket"] {
                for (path, spec) in testing::in_each_list(&with_host(handler, action, "10.0.0.1")) {
                    testing::allows(&CHECK, 33, &spec);
                    let lifecycle = if handler.starts_with('p') { "lifecycle." } else { "" };
                    let path = format!("{path}.{lifecycle}{handler}.{action}.host");
                    let detail = r#"container "a" uses probe or lifecycle host "10.0.0.1""#;
                    testing::forbids(&CHECK, 34, &spec, "probe or lifecycle host", detail, &[&path]);
                }
            }
        }
    }

    #[test]
    fn allows_an_empty_host_and_other_actions() {
        for (_, spec) in testing::in_each_list(&with_host("livenessProbe", "httpGet", "")) {
            testing::allows(&CHECK, 37, &spec);
        }
        testing::allows(&CHECK, 37, &json!({"containers": [{"livenessProbe": {"grpc": {"host": "x"}}}]}));
    }

    #[test]
    fn sorts_names_and_hosts() {
        let spec = json!({"containers": [
            {"name": "b", "livenessProbe": {"httpGet": {"host": "z"}}, "startupProbe": {"tcpSocket": {"host": "y"}}},
            {"name": "a", "readinessProbe": {"tcpSocket": {"host": "z"}}},
        ]});
        testing::forbids(
            &CHECK,
            37,
            &spec,
            "probe or lifecycle host",
            r#"containers "a", "b" use probe or lifecycle hosts "y", "z""#,
            &[
                "spec.containers[0].livenessProbe.httpGet.host",
                "spec.containers[0].startupProbe.tcpSocket.host",
                "spec.containers[1].readinessProbe.tcpSocket.host",
            ],
        );
    }
}
