//! Which policies select which pods: pods without a policy, policies without pods, pods that policies do not bind.

use std::collections::BTreeMap;

use super::default_deny::open_pods;
use super::draft::{Draft, some_of};
use super::model::{Model, Namespace};
use crate::finding::{CheckId, Severity};
use crate::network_policy::{HOST_NETWORK_PODS, SELECTS_NOTHING};
use crate::reachability::Direction;
use crate::yaml::FieldPath;

/// Policies isolate pods of the namespace in a direction, but not this one.
pub(in crate::audit) const POD_NOT_ISOLATED: CheckId = CheckId("pod-not-isolated");

pub(super) fn check(model: &Model<'_>) -> Vec<Draft> {
    let mut found = Vec::new();
    for (name, namespace) in &model.namespaces {
        not_isolated(model, name, namespace, &mut found);
        for &policy in &namespace.policies {
            let selected = model.selected_pods(policy);
            if selected.is_empty() && !namespace.pods.is_empty() {
                found.extend(selects_nothing(model, policy));
            }
            found.extend(host_network(model, policy, &selected));
        }
    }
    found
}

/// Where no policy isolates in a direction at all, the missing default-deny says so for all pods.
fn not_isolated(model: &Model<'_>, name: &str, namespace: &Namespace, found: &mut Vec<Draft>) {
    let mut open: BTreeMap<String, (usize, Vec<Direction>)> = BTreeMap::new();
    for direction in [Direction::Ingress, Direction::Egress] {
        let isolates = |policy: &usize| model.policy(*policy).is_some_and(|it| it.rules(direction).is_some());
        if !namespace.policies.iter().any(isolates) {
            continue;
        }
        for pod in open_pods(model, namespace, direction) {
            let Some(workload) = model.snapshot.pods.get(pod) else { continue };
            let (_, directions) = open.entry(workload.full_name()).or_insert((pod, Vec::new()));
            if !directions.contains(&direction) {
                directions.push(direction);
            }
        }
    }
    found.extend(open.into_iter().map(|(workload, (pod, directions))| {
        let words: Vec<String> = directions.iter().map(ToString::to_string).collect();
        Draft {
            namespace: Some(name.to_owned()),
            severity: Severity::Warning,
            check: POD_NOT_ISOLATED,
            message: format!(
                "no policy selects {workload} for {}, so everything is allowed there",
                words.join(" and ")
            ),
            help: "a default-deny policy covers pods that no other policy selects; or is a label of the pods missing?"
                .to_owned(),
            place: model.place_of_pod(pod),
        }
    }));
}

fn selects_nothing(model: &Model<'_>, policy: usize) -> Option<Draft> {
    let own = model.policy(policy).filter(|it| !it.pod_selector.is_everything())?;
    Some(Draft {
        namespace: Some(own.namespace.clone()),
        severity: Severity::Info,
        check: SELECTS_NOTHING,
        message: format!("{} selects no pod: none has `{}`", own.full_name(), own.pod_selector),
        help: "compare the selector with the labels of the pod templates; remove the policy if its pods are gone"
            .to_owned(),
        place: model.place(policy, FieldPath::of_keys(["spec", "podSelector"])),
    })
}

fn host_network(model: &Model<'_>, policy: usize, selected: &[usize]) -> Option<Draft> {
    let is_host = |pod: &usize| model.snapshot.pods.get(*pod).is_some_and(|it| it.facts.host_network);
    let pods: Vec<usize> = selected.iter().copied().filter(is_host).collect();
    let own = model.policy(policy).filter(|_| !pods.is_empty())?;
    Some(Draft {
        namespace: Some(own.namespace.clone()),
        severity: Severity::Warning,
        check: HOST_NETWORK_PODS,
        message: format!(
            "{} selects pods of the host's network, to which most plugins apply no policy: {}",
            own.full_name(),
            some_of(&model.workloads(&pods))
        ),
        help: "take these pods for open: remove hostNetwork, or protect the ports on the node".to_owned(),
        place: model.place(policy, FieldPath::of_keys(["spec", "podSelector"])),
    })
}
