//! What a cluster holds against what a configuration wants (FR-083, SC-006).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::as_configured::{Expected, is_ours, is_retired};
use crate::config::Config;
use crate::document::Error;
use crate::finding::Finding;
use crate::object::ResourceId;
use crate::reachability::IpBlockReach;
use crate::snapshot::{Comparison, FoundPolicy, PolicyChange, Snapshot, compare};

/// The label that Helm writes over on every object that it applies, so that it says nothing.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// Which of the two comes first in a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// What should be; what is there in addition is "added".
    Expected,
    /// What is; what is there in addition is "removed".
    Live,
}

/// How a cluster differs from what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drift {
    /// The differences.
    pub comparison: Comparison,
    /// Policies that are not floe's and open, in managed namespaces, what the configuration does not declare, or close
    /// elsewhere what it declares.
    pub foreign: Vec<Finding>,
}

/// Compares a cluster with what a configuration wants.
///
/// Other people's policies are taken as they are, those of other installations of floe too: those in other namespaces that close no declared flow, and those
/// in managed namespaces that open nothing beyond the configuration. So is the default-deny of a namespace that left the
/// configuration, which `floe deploy --prune` leaves. What of labels and annotations floe did not write is the business of whoever did: Helm, Argo CD,
/// the server.
pub fn drift(config: &Config, live: &Snapshot, ip_blocks: IpBlockReach, first: First) -> Result<Drift, Error> {
    let Expected { policies: wanted, foreign } = Expected::of(config, live)?;
    let unwanted: BTreeSet<&ResourceId> = foreign.iter().filter_map(|finding| finding.object.as_ref()).collect();
    let is_taken = |it: &FoundPolicy| !is_ours(config, it) || is_retired(config, it);
    let accepted = |it: &FoundPolicy| is_taken(it) && !unwanted.contains(&it.facts.id);
    let mut drift = against(&wanted, accepted, live, ip_blocks, &config.network.cluster_cidrs, first);
    // A place in a list of the server is of no use to anybody.
    let named = |finding: Finding| {
        let object = finding.object.as_ref().map(|object| format!("{object}: ")).unwrap_or_default();
        Finding { location: None, message: format!("{object}{}", finding.message), ..finding }
    };
    drift.foreign = foreign.into_iter().map(named).collect();
    Ok(drift)
}

/// Compares a cluster with policies that were written down: namespaces of which they say nothing are not compared.
pub fn drift_from(
    written: &Snapshot,
    live: &Snapshot,
    ip_blocks: IpBlockReach,
    cluster: &[ipnet::IpNet],
    first: First,
) -> Drift {
    let namespaces: BTreeSet<&str> = written.policies.iter().map(|it| it.policy.namespace.as_str()).collect();
    let elsewhere = |it: &FoundPolicy| !namespaces.contains(it.policy.namespace.as_str());
    against(&written.policies, elsewhere, live, ip_blocks, cluster, first)
}

fn against(
    wanted: &[FoundPolicy],
    accepted: impl Fn(&FoundPolicy) -> bool,
    live: &Snapshot,
    ip_blocks: IpBlockReach,
    cluster: &[ipnet::IpNet],
    first: First,
) -> Drift {
    let by_name: BTreeMap<(String, String), FoundPolicy> = wanted.iter().map(|it| (key(it), it.clone())).collect();
    let taken = live.policies.iter().filter(|it| accepted(it) && !by_name.contains_key(&key(it)));
    let policies = wanted.iter().chain(taken).cloned().collect();
    let expected = Snapshot { policies, ..live.clone() };
    let mut live = live.clone();
    let mut unmarked = Vec::new();
    for found in &mut live.policies {
        let Some(wanted) = by_name.get(&key(found)) else { continue };
        found.facts.value = in_the_words_of(&wanted.facts.value, &found.facts.value);
        if found.policy.normalized() == wanted.policy.normalized()
            && labels(&found.facts.value) != labels(&wanted.facts.value)
        {
            unmarked.push((wanted.clone(), found.clone()));
        }
    }
    let (before, after) = match first {
        First::Expected => (&expected, &live),
        First::Live => (&live, &expected),
    };
    let mut comparison = compare(before, after, ip_blocks, cluster);
    for (wanted, found) in unmarked {
        let (before, after) = match first {
            First::Expected => (wanted, found),
            First::Live => (found, wanted),
        };
        comparison.policies.push(PolicyChange {
            namespace: before.policy.namespace,
            name: before.policy.name,
            before: Some(before.facts.value),
            after: Some(after.facts.value),
        });
    }
    comparison.policies.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Drift { comparison, foreign: Vec::new() }
}

fn key(found: &FoundPolicy) -> (String, String) {
    (found.policy.namespace.clone(), found.policy.name.clone())
}

fn labels(object: &Value) -> BTreeMap<&String, &Value> {
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    labels.into_iter().flatten().filter(|(key, _)| *key != MANAGED_BY).collect()
}

/// A live object with the labels and in the order of the object that is wanted, so that a diff of the two shows only what
/// differs. The label that Helm writes over counts as right.
fn in_the_words_of(wanted: &Value, live: &Value) -> Value {
    let mut shown = ordered(wanted, live);
    let wanted_labels = wanted.pointer("/metadata/labels").and_then(Value::as_object);
    if let Some(labels) = shown.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.retain(|key, _| wanted_labels.is_some_and(|wanted| wanted.contains_key(key)));
        for (key, value) in labels.iter_mut().filter(|(key, _)| *key == MANAGED_BY) {
            if let Some(wanted) = wanted_labels.and_then(|labels| labels.get(key)) {
                *value = wanted.clone();
            }
        }
    }
    shown
}

fn ordered(model: &Value, value: &Value) -> Value {
    match (model, value) {
        (Value::Object(model), Value::Object(fields)) => {
            let known = model.iter().filter_map(|(key, model)| Some((key.clone(), ordered(model, fields.get(key)?))));
            let rest = fields.iter().filter(|(key, _)| !model.contains_key(*key));
            Value::Object(known.chain(rest.map(|(key, value)| (key.clone(), value.clone()))).collect::<Map<_, _>>())
        }
        (Value::Array(models), Value::Array(items)) => {
            let model = |position: usize| models.get(position).unwrap_or(&Value::Null);
            Value::Array(items.iter().enumerate().map(|(position, item)| ordered(model(position), item)).collect())
        }
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::Workloads;
    use crate::plan::generate;
    use crate::stream::frame;
    use crate::verdict::OWNER;

    /// What the filter's policies look like in a cluster: other order, defaults, metadata of the server, Helm's label.
    fn live(change: impl Fn(&mut Vec<Value>)) -> Snapshot {
        let generated = generate(&Config::default(), &Snapshot::default().inventory()).unwrap();
        let mut items: Vec<Value> =
            generated.policies.iter().map(crate::network_policy::NetworkPolicy::to_value).collect();
        for item in &mut items {
            item["metadata"]["labels"][MANAGED_BY] = json!("Helm");
            item["metadata"]["labels"]["argocd.argoproj.io/instance"] = json!("floe");
            item["metadata"]["annotations"] = json!({"meta.helm.sh/release-name": "floe"});
            item["metadata"]["uid"] = json!("1");
            item["spec"].as_object_mut().unwrap().sort_keys();
        }
        change(&mut items);
        let list = json!({"kind": "NetworkPolicyList", "apiVersion": "networking.k8s.io/v1", "items": items});
        let text = list.to_string();
        Snapshot::take(&[frame(&text)], &Workloads::new(&[]), None).unwrap()
    }

    fn found(change: impl Fn(&mut Vec<Value>)) -> Drift {
        drift(&Config::default(), &live(change), IpBlockReach::OutsideOnly, First::Expected).unwrap()
    }

    fn named<'i>(items: &'i mut [Value], name: &str) -> &'i mut Value {
        let is = |item: &&mut Value| item["metadata"]["name"] == name && item["metadata"]["namespace"] == "floe-jobs";
        items.iter_mut().find(is).unwrap()
    }

    fn names(drift: &Drift) -> Vec<String> {
        drift.comparison.policies.iter().map(|it| format!("{}/{}", it.namespace, it.name)).collect()
    }

    #[test]
    fn what_hosts_and_the_server_add_is_no_drift() {
        let drift = found(|_| ());
        assert_eq!(drift, Drift::default());
    }

    #[test]
    fn a_changed_policy_is_drift_and_shows_only_what_changed() {
        let drift = found(|items| {
            named(items, "allow-egress")["spec"]["egress"]
                .as_array_mut()
                .unwrap()
                .push(json!({"to": [{"ipBlock": {"cidr": "8.8.8.8/32"}}]}));
        });
        assert_eq!(names(&drift), ["floe-jobs/allow-egress"]);
        assert!(!drift.comparison.connections.is_empty());
        let change = &drift.comparison.policies[0];
        let keys = |value: &Option<Value>| -> Vec<String> {
            value.as_ref().unwrap()["spec"].as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(keys(&change.before), keys(&change.after));
        assert_eq!(labels(change.before.as_ref().unwrap()), labels(change.after.as_ref().unwrap()));
    }

    #[test]
    fn a_missing_policy_is_drift() {
        let drift = found(|items| items.retain(|item| item["metadata"]["name"] != "default-deny"));
        assert_eq!(names(&drift), ["floe-jobs/default-deny", "floe-platform/default-deny"]);
    }

    #[test]
    fn a_lost_mark_is_drift() {
        let drift = found(|items| {
            named(items, "default-deny")["metadata"]["labels"].as_object_mut().unwrap().remove("floe.dev/component");
        });
        assert_eq!(names(&drift), ["floe-jobs/default-deny"]);
        assert!(drift.comparison.connections.is_empty());
    }

    #[test]
    fn a_policy_of_this_installation_that_is_not_wanted_is_drift() {
        let stale = |namespace: &'static str, owner: Option<&'static str>| {
            found(|items| {
                let mut stale = named(items, "default-deny").clone();
                stale["metadata"]["namespace"] = json!(namespace);
                stale["metadata"]["name"] = json!("stale");
                stale["metadata"]["annotations"] = json!({OWNER: owner});
                items.push(stale);
            })
        };
        let ours = Some("floe-platform/floe-network-security");
        assert_eq!(names(&stale("floe-gone-domain", ours)), ["floe-gone-domain/stale"]);
        assert_eq!(names(&stale("floe-jobs", None)), ["floe-jobs/stale"]);
        assert_eq!(stale("floe-their-domain", None), Drift::default());
        assert_eq!(stale("floe-their-domain", Some("theirs/floe-network-security")), Drift::default());
    }

    fn foreign(namespace: &str, egress: &Value) -> Value {
        json!({
            "metadata": {"name": "theirs", "namespace": namespace},
            "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": egress},
        })
    }

    #[test]
    fn a_foreign_policy_counts_where_it_widens() {
        let opens = json!([{"ports": [{"port": 22, "protocol": "TCP"}]}]);
        let drift = found(|items| items.push(foreign("floe-jobs", &opens)));
        assert_eq!(names(&drift), ["floe-jobs/theirs"]);
        assert_eq!(drift.foreign.len(), 1);
        assert_eq!(drift.foreign[0].object.as_ref().unwrap().name, "theirs");

        let deny = json!({"metadata": {"name": "deny", "namespace": "kube-system"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}});
        let drift = found(|items| items.push(deny.clone()));
        assert_eq!((names(&drift), drift.foreign.len()), (vec!["kube-system/deny".to_owned()], 1));
        assert!(!drift.comparison.connections.is_empty());

        for (namespace, egress) in [("floe-jobs", json!([])), ("elsewhere", opens)] {
            let drift = found(|items| items.push(foreign(namespace, &egress)));
            assert_eq!(drift, Drift::default(), "{namespace} {egress}");
        }
    }

    #[test]
    fn the_order_of_the_sides_is_that_of_the_user() {
        let without = live(|items| items.retain(|item| item["metadata"]["name"] != "default-deny"));
        let drift = drift(&Config::default(), &without, IpBlockReach::OutsideOnly, First::Live).unwrap();
        assert!(drift.comparison.policies.iter().all(|change| change.before.is_none() && change.after.is_some()));
    }

    #[test]
    fn written_policies_speak_for_their_namespaces() {
        let written = live(|items| items.retain(|item| item["metadata"]["namespace"] == "floe-jobs"));
        let drift = drift_from(&written, &live(|_| ()), IpBlockReach::OutsideOnly, &[], First::Expected);
        assert_eq!(drift, Drift::default());
        let nothing = live(Vec::clear);
        let drift = drift_from(&written, &nothing, IpBlockReach::OutsideOnly, &[], First::Expected);
        assert_eq!(drift.comparison.policies.len(), written.policies.len());
    }
}
