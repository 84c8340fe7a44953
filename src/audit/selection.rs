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
        found.extend(unselected_host_network(model, name, namespace));
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
    // By workload and the directions in which a pod is open: the pods of one may differ.
    let mut open: BTreeMap<(String, Vec<Direction>), Vec<usize>> = BTreeMap::new();
    let mut directions: BTreeMap<usize, Vec<Direction>> = BTreeMap::new();
    for direction in [Direction::Ingress, Direction::Egress] {
        let isolates = |policy: &usize| model.policy(*policy).is_some_and(|it| it.rules(direction).is_some());
        if !namespace.policies.iter().any(isolates) {
            continue;
        }
        for pod in open_pods(model, namespace, direction) {
            directions.entry(pod).or_default().push(direction);
        }
    }
    for (pod, directions) in directions {
        let Some(workload) = model.snapshot.pods.get(pod) else { continue };
        open.entry((workload.full_name(), directions)).or_default().push(pod);
    }
    let numbers = model.numbers(&namespace.pods);
    found.extend(open.into_iter().filter_map(|((workload, directions), pods)| {
        let words: Vec<String> = directions.iter().map(ToString::to_string).collect();
        let all = numbers.get(&workload).copied().unwrap_or_default();
        let some = if pods.len() < all { format!("{} of {all} pods of ", pods.len()) } else { String::new() };
        Some(Draft {
            namespace: Some(name.to_owned()),
            severity: Severity::Warning,
            check: POD_NOT_ISOLATED,
            message: format!(
                "no policy selects {some}{workload} for {}, so everything is allowed there",
                words.join(" and ")
            ),
            help: "a default-deny policy covers pods that no other policy selects; or is a label of the pods missing?"
                .to_owned(),
            place: model.place_of_pod(*pods.first()?),
        })
    }));
}

/// Pods of the host's network that no policy selects: nothing binds them, and no policy would.
fn unselected_host_network(model: &Model<'_>, name: &str, namespace: &Namespace) -> Option<Draft> {
    let is_unselected = |pod: &usize| {
        let labels = model.snapshot.pods.get(*pod).map(|it| &it.facts.labels);
        let mut policies = namespace.policies.iter().filter_map(|&policy| model.policy(policy));
        model.is_of_host(*pod) && !policies.any(|policy| labels.is_some_and(|it| policy.pod_selector.matches(it)))
    };
    let pods: Vec<usize> = namespace.pods.iter().copied().filter(is_unselected).collect();
    let first = *pods.first()?;
    Some(Draft {
        namespace: Some(name.to_owned()),
        severity: Severity::Info,
        check: HOST_NETWORK_PODS,
        message: format!(
            "pods of the host's network, to which most plugins apply no policy: {}",
            some_of(&model.counted(&pods, namespace))
        ),
        help: "take these pods for open: remove hostNetwork, or protect the ports on the node".to_owned(),
        place: model.place_of_pod(first),
    })
}

fn selects_nothing(model: &Model<'_>, policy: usize) -> Option<Draft> {
    let own = model.policy(policy).filter(|it| !it.pod_selector.is_everything())?;
    Some(Draft {
        namespace: Some(own.namespace.clone()),
        severity: Severity::Info,
        check: SELECTS_NOTHING,
        message: format!("{} selects no pod of the input: none has `{}`", own.full_name(), own.pod_selector),
        help: "compare the selector with the labels of the pod templates; pods that an operator makes are not in the input"
            .to_owned(),
        place: model.place(policy, FieldPath::of_keys(["spec", "podSelector"])),
    })
}

fn host_network(model: &Model<'_>, policy: usize, selected: &[usize]) -> Option<Draft> {
    let pods: Vec<usize> = selected.iter().copied().filter(|&pod| model.is_of_host(pod)).collect();
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
