//! SC-006: every change that removes or widens something of what the configuration wants is seen.

use std::collections::BTreeMap;
use std::thread;

use floe::config::Config;
use floe::finding::Severity;
use floe::object::Workloads;
use floe::plan::POLICY_WIDENS;
use floe::reachability::IpBlockReach;
use floe::snapshot::{Snapshot, compare};
use floe::stream::frame;
use floe::verdict::{POLICY_CHANGED, POLICY_EXTRA, POLICY_MISSING, ValidationRequest, validate};
use serde_json::{Value, json};

use super::{MANIFESTS, configuration, generated, stream};

/// What was done, and all policies after it.
type Mutation = (&'static str, Vec<Value>);

fn replaced(policies: &[Value], at: usize, value: Value) -> Vec<Value> {
    let mut policies = policies.to_vec();
    policies[at] = value;
    policies
}

/// Every change of one policy.
fn mutations(policies: &[Value]) -> Vec<Mutation> {
    let mut all: Vec<Mutation> = Vec::new();
    for (at, policy) in policies.iter().enumerate() {
        let mut without = policies.to_vec();
        without.remove(at);
        all.push(("drop a policy", without));
        let mut change = |what, edit: &dyn Fn(&mut Value)| {
            let mut value = policy.clone();
            edit(&mut value);
            assert_ne!(value, *policy, "{what} changes nothing");
            all.push((what, replaced(policies, at, value)));
        };
        change("change podSelector", &|it| it["spec"]["podSelector"]["matchLabels"]["added"] = "x".into());
        if policy["spec"]["podSelector"].as_object().is_some_and(|selector| !selector.is_empty()) {
            change("widen podSelector", &|it| it["spec"]["podSelector"] = json!({}));
        }
        let types: Vec<_> = policy["spec"]["policyTypes"].as_array().unwrap().clone();
        for kind in ["Ingress", "Egress"] {
            let rest: Vec<_> = types.iter().filter(|it| **it != kind).cloned().collect();
            if rest.len() < types.len() {
                let other = if kind == "Ingress" { "Egress" } else { "Ingress" };
                let rest = if rest.is_empty() { vec![Value::from(other)] } else { rest };
                change("drop a policyType", &|it| it["spec"]["policyTypes"] = rest.clone().into());
            } else {
                let more: Vec<_> = types.iter().cloned().chain([Value::from(kind)]).collect();
                change("add a policyType", &|it| it["spec"]["policyTypes"] = more.clone().into());
            }
        }
        for (rules, peers) in [("ingress", "from"), ("egress", "to")] {
            let count = policy["spec"][rules].as_array().map_or(0, Vec::len);
            if types.iter().any(|kind| kind.as_str().unwrap().to_lowercase() == rules) {
                change("add a rule", &|it| match it["spec"][rules].as_array_mut() {
                    Some(rules) => rules.push(json!({})),
                    None => it["spec"][rules] = json!([{}]),
                });
            }
            for rule in 0..count {
                change("drop a rule", &|it| _ = it["spec"][rules].as_array_mut().unwrap().remove(rule));
                of_rule(&policy["spec"][rules][rule], peers, &mut |what, value| {
                    change(what, &|it| it["spec"][rules][rule] = value.clone());
                });
            }
        }
    }
    let mut more = policies.to_vec();
    let mut copy = policies[0].clone();
    copy["metadata"]["name"] = "one-more".into();
    more.push(copy);
    all.push(("add a policy", more));
    let mut foreign = policies.to_vec();
    foreign.push(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "foreign", "namespace": policies[0]["metadata"]["namespace"]},
        "spec": {"podSelector": {}, "ingress": [{}]},
    }));
    all.push(("add a policy of others", foreign));
    all
}

/// Every change of one rule.
fn of_rule(rule: &Value, peers: &str, change: &mut dyn FnMut(&'static str, Value)) {
    let mut edited = |what, edit: &dyn Fn(&mut Value)| {
        let mut value = rule.clone();
        edit(&mut value);
        change(what, value);
    };
    let list = |key: &str| rule[key].as_array().cloned().unwrap_or_default();
    if !list(peers).is_empty() {
        edited("drop all peers", &|it| _ = it.as_object_mut().unwrap().remove(peers));
    }
    if !list("ports").is_empty() {
        edited("drop all ports", &|it| _ = it.as_object_mut().unwrap().remove("ports"));
    }
    for (at, port) in list("ports").iter().enumerate() {
        if list("ports").len() > 1 {
            edited("drop a port", &|it| _ = it["ports"].as_array_mut().unwrap().remove(at));
        }
        let range = |port: &Value| {
            let lowest = port["port"].as_u64().unwrap();
            lowest..=port["endPort"].as_u64().unwrap_or(lowest)
        };
        let (lowest, highest) = (*range(port).start(), *range(port).end());
        // Beyond what the rule has anyway.
        let is_there = |number: u64| {
            list("ports").iter().any(|it| it["protocol"] == port["protocol"] && range(it).contains(&number))
        };
        if let Some(more) = (highest + 1..=65535).find(|&number| !is_there(number)) {
            edited("widen a port upwards", &|it| it["ports"][at]["endPort"] = more.into());
        }
        if let Some(less) = (1..lowest).rev().find(|&number| !is_there(number)) {
            edited("widen a port downwards", &|it| {
                it["ports"][at]["port"] = less.into();
                it["ports"][at]["endPort"] = highest.into();
            });
        }
        edited("every port of the protocol", &|it| {
            let port = it["ports"][at].as_object_mut().unwrap();
            port.remove("port");
            port.remove("endPort");
        });
        let other = if port["protocol"] == "SCTP" { "UDP" } else { "SCTP" };
        edited("another protocol", &|it| it["ports"][at]["protocol"] = other.into());
    }
    for (at, peer) in list(peers).iter().enumerate() {
        if list(peers).len() > 1 {
            edited("drop a peer", &|it| _ = it[peers].as_array_mut().unwrap().remove(at));
        }
        for selector in ["podSelector", "namespaceSelector"] {
            let labels = peer[selector]["matchLabels"].as_object().cloned().unwrap_or_default();
            for key in labels.keys() {
                edited("widen a selector", &|it| {
                    _ = it[peers][at][selector]["matchLabels"].as_object_mut().unwrap().remove(key);
                });
                edited("change a label", &|it| it[peers][at][selector]["matchLabels"][key] = "other".into());
            }
        }
        let block = &peer["ipBlock"];
        if let Some(cidr) = block["cidr"].as_str() {
            if let Some(wider) = wider(cidr) {
                edited("widen a cidr", &|it| it[peers][at]["ipBlock"]["cidr"] = wider.clone().into());
            }
            for index in 0..block["except"].as_array().map_or(0, Vec::len) {
                edited("drop an except", &|it| {
                    _ = it[peers][at]["ipBlock"]["except"].as_array_mut().unwrap().remove(index);
                });
            }
        }
    }
}

/// The block of twice the size that holds a block.
fn wider(cidr: &str) -> Option<String> {
    let net: ipnet::IpNet = cidr.parse().unwrap();
    net.supernet().map(|net| net.to_string())
}

/// Which of the two has not seen a change.
fn missed(config: &Config, wanted: &Snapshot, mutation: &Mutation) -> Option<&'static str> {
    let (what, policies) = mutation;
    let text = stream(policies);
    let streams = [frame(&text)];
    let snapshot = Snapshot::take(&streams, &Workloads::new(&[]), None).unwrap();
    let cluster = &config.network.cluster_cidrs;
    if compare(wanted, &snapshot, IpBlockReach::PodsToo, cluster).is_empty() {
        return Some("compare");
    }
    let request = ValidationRequest { compare: true, ..ValidationRequest::default() };
    let validation = validate(&streams, config, &request).unwrap();
    let is_seen = validation.findings.iter().any(|it| match *what {
        "add a policy of others" => it.check == POLICY_WIDENS,
        _ => it.severity == Severity::Error && [POLICY_MISSING, POLICY_CHANGED, POLICY_EXTRA].contains(&it.check),
    });
    (!is_seen).then_some("validate")
}

#[test]
fn every_change_of_what_the_configuration_wants_is_seen() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for manifest in MANIFESTS {
        let config = configuration(manifest);
        let policies = generated(&config);
        let text = stream(&policies);
        let streams = [frame(&text)];
        let wanted = Snapshot::take(&streams, &Workloads::new(&[]), None).unwrap();
        let request = ValidationRequest { compare: true, ..ValidationRequest::default() };
        let clean = validate(&streams, &config, &request).unwrap();
        assert_eq!(clean.count(Severity::Error), 0, "{:#?}", clean.findings);
        assert_eq!(clean.counts.wanted, Some(policies.len()));

        let all = mutations(&policies);
        let halves: Vec<_> = all.chunks(all.len().div_ceil(2)).collect();
        let misses: Vec<String> = thread::scope(|scope| {
            let running: Vec<_> = halves
                .into_iter()
                .map(|half| {
                    let (config, wanted) = (&config, &wanted);
                    scope.spawn(move || {
                        let miss = |it: &Mutation| {
                            missed(config, wanted, it).map(|who| format!("{who} misses: {}\n{}", it.0, stream(&it.1)))
                        };
                        half.iter().filter_map(miss).collect::<Vec<_>>()
                    })
                })
                .collect();
            running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert!(misses.is_empty(), "{} of {} changes are missed, such as {}", misses.len(), all.len(), misses[0]);
        for (what, _) in &all {
            *counts.entry(what).or_default() += 1;
        }
    }
    let total: usize = counts.values().sum();
    println!("{total} changes of {} configurations, each seen by compare and by validate: {counts:?}", MANIFESTS.len());
    assert!(total > 500 && counts.len() >= 18, "{counts:?}");
}
