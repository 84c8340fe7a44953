//! `hostPorts`, baseline. A container may not take ports of the node.
//!
//! Field: `ports[*].hostPort` of every container.
//!
//! - since 1.0: absent or 0. With `hostNetwork: true` the API server fills it in before the check runs.
//!
//! Upstream: `policy/check_hostPorts.go`.

use std::collections::BTreeSet;

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, integer, items};
use crate::pod_security::wording::{Offenders, containers_named, plural};

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("hostPorts"),
    page: include_str!("../explain/hostPorts.md"),
    level: Level::Baseline,
    revisions: &[Revision::new(0, judge)],
};

fn judge(pod: Pod<'_>) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    // Sorted as text, as upstream does: 8080 stands before 90.
    let mut ports = BTreeSet::new();
    for container in pod.containers() {
        let mut offends = false;
        for (index, port) in items(container.value, &["ports"]) {
            let Some(number) = integer(port, &["hostPort"]).filter(|&number| number != 0) else { continue };
            ports.insert(number.to_string());
            offenders.paths.push(container.path_to(&["ports"]).child(index).child("hostPort"));
            offends = true;
        }
        if offends {
            offenders.containers.push(container.name);
        }
    }
    offenders.forbid("hostPort", |offenders| {
        format!(
            "{} {} {} {}",
            containers_named(&offenders.containers),
            plural(offenders.containers.len(), "uses", "use"),
            plural(ports.len(), "hostPort", "hostPorts"),
            ports.into_iter().collect::<Vec<_>>().join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::CHECK;
    use serde_json::json;

    #[test]
    fn allows_container_ports_and_zero() {
        for (_, spec) in testing::in_each_list(&json!({"ports": [{"containerPort": 80}, {"hostPort": 0}]})) {
            testing::allows(&CHECK, 0, &spec);
        }
    }

    #[test]
    fn forbids_host_ports_in_every_list() {
        for (path, spec) in testing::in_each_list(&json!({"ports": [{"hostPort": 80}]})) {
            let path = format!("{path}.ports[0].hostPort");
            testing::forbids(&CHECK, 37, &spec, "hostPort", r#"container "a" uses hostPort 80"#, &[&path]);
        }
    }

    #[test]
    fn sorts_ports_as_text_and_counts_each_once() {
        let spec = json!({"containers": [
            {"name": "b", "ports": [{"hostPort": 90}, {"hostPort": 8080}]},
            {"name": "a", "ports": [{"hostPort": 90}]},
        ]});
        let paths = [
            "spec.containers[0].ports[0].hostPort",
            "spec.containers[0].ports[1].hostPort",
            "spec.containers[1].ports[0].hostPort",
        ];
        let detail = r#"containers "b", "a" use hostPorts 8080, 90"#;
        testing::forbids(&CHECK, 0, &spec, "hostPort", detail, &paths);
        let spec = json!({"containers": [
            {"name": "b", "ports": [{"hostPort": 90}]},
            {"name": "a", "ports": [{"hostPort": 90}]},
        ]});
        assert_eq!(
            testing::judge(&CHECK, 0, &json!({"spec": spec})).unwrap().1,
            r#"containers "b", "a" use hostPort 90"#
        );
    }
}
