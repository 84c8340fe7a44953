//! Services that lead into the cluster from outside, against the policies of the pods behind them.
//!
//! Policies see the port of the pod, after translation. With `externalTrafficPolicy: Cluster` most plugins also see the
//! address of a node in place of the client's, so what a rule for clients means is not certain.

use super::describe;
use super::draft::{Draft, Place, some_of};
use super::model::Model;
use crate::finding::{CheckId, Severity};
use crate::object::{ServiceFacts, ServicePort};
use crate::reachability::{Direction, PortSet};
use crate::snapshot::Entrance;
use crate::yaml::FieldPath;

/// A Service leads in from outside, and policies let no address through to its pods.
pub(in crate::audit) const ENTRANCE_BLOCKED: CheckId = CheckId("entrance-blocked");

/// A Service leads in from outside, and its pods let the internet through.
pub(in crate::audit) const ENTRANCE_OPEN: CheckId = CheckId("entrance-open");

/// What policies make of one port of a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Passage {
    /// No address passes.
    Closed,
    /// Some addresses pass.
    Some,
    /// The internet passes, by a rule.
    ByRule,
    /// Everything passes: no policy isolates the pods.
    NotIsolated,
}

pub(super) fn check(model: &Model<'_>) -> Vec<Draft> {
    let entrances = model.snapshot.services.iter().filter_map(|it| Some((it, *model.snapshot.entrances.get(&it.id)?)));
    entrances.flat_map(|(service, entrance)| of_service(model, service, entrance)).collect()
}

fn of_service(model: &Model<'_>, service: &ServiceFacts, entrance: Entrance) -> Vec<Draft> {
    let Some(namespace) = service.namespace.as_deref().filter(|_| service.chooses_pods()) else {
        return Vec::new();
    };
    let there = model.namespaces.get(namespace).map(|it| it.pods.as_slice()).unwrap_or_default();
    let behind: Vec<usize> = there
        .iter()
        .copied()
        .filter(|&pod| {
            let facts = model.snapshot.pods.get(pod).map(|pod| &pod.facts).filter(|it| !it.host_network);
            facts.is_some_and(|it| service.selects(it))
        })
        .collect();
    let (mut blocked, mut open, mut not_isolated) = (PortSet::default(), PortSet::default(), false);
    for port in &service.ports {
        let Some((passage, pods)) = behind.iter().filter_map(|&pod| passage(model, pod, port)).reduce(widest) else {
            continue;
        };
        match passage {
            Passage::Closed => blocked = blocked.union(&pods),
            Passage::Some => {}
            Passage::ByRule => open = open.union(&pods),
            Passage::NotIsolated => {
                open = open.union(&pods);
                not_isolated = true;
            }
        }
    }
    let origin = model.snapshot.origins.get(&service.id);
    let draft = |check, severity, message: String, help: &str| Draft {
        namespace: Some(namespace.to_owned()),
        severity,
        check,
        message,
        help: help.to_owned(),
        place: origin.map_or(Place::Nowhere, |origin| {
            Place::Field(
                origin.clone(),
                FieldPath::of_keys(["spec", if entrance == Entrance::ExternalIps { "externalIPs" } else { "type" }]),
            )
        }),
    };
    let name = format!("Service {namespace}/{} ({})", service.id.name, entrance.as_str());
    let pods = some_of(&model.workloads(&behind));
    let mut found = Vec::new();
    if !blocked.is_empty() {
        let message = format!(
            "{name} leads in from outside, but policies let no address reach {pods} on {}",
            describe::numbers(&blocked)
        );
        let help = "allow the clients' ranges on the port of the pod, or make it a ClusterIP Service";
        found.push(draft(ENTRANCE_BLOCKED, Severity::Warning, message, help));
    }
    if !open.is_empty() {
        let (why, severity) = if not_isolated {
            ("no policy isolates them", Severity::Warning)
        } else {
            ("a rule allows it", Severity::Info)
        };
        let message = format!("{name} leads the internet to {pods} on {}: {why}", describe::numbers(&open));
        let help =
            "if that is not meant, name in a policy who may connect; `loadBalancerSourceRanges` narrows a LoadBalancer";
        found.push(draft(ENTRANCE_OPEN, severity, message, help));
    }
    found
}

/// What passes from outside to one pod behind a port of a Service; absent if the pod does not serve it.
fn passage(model: &Model<'_>, pod: usize, port: &ServicePort) -> Option<(Passage, PortSet)> {
    let class = model.class_of(pod)?;
    let target = port.target_on(&model.snapshot.pods.get(pod)?.facts)?;
    let ports = PortSet::range(port.protocol, target, target);
    if model.isolating(Direction::Ingress, class).is_empty() {
        return Some((Passage::NotIsolated, ports));
    }
    let passing = model.sources().filter(|(far, _)| model.passing(Direction::Ingress, class, *far).covers(&ports));
    let sets = passing.map(|(_, set)| set).fold(None, |all: Option<crate::reachability::AddressSet>, set| {
        Some(all.map_or_else(|| set.clone(), |all| all.union(set)))
    });
    let passage = match sets {
        None => Passage::Closed,
        Some(set) if model.internet.is_most(&set) => Passage::ByRule,
        Some(_) => Passage::Some,
    };
    Some((passage, ports))
}

/// Of pods behind one port those that let most through decide: clients reach these.
fn widest(a: (Passage, PortSet), b: (Passage, PortSet)) -> (Passage, PortSet) {
    match a.0.cmp(&b.0) {
        std::cmp::Ordering::Less => b,
        std::cmp::Ordering::Equal => (a.0, a.1.union(&b.1)),
        std::cmp::Ordering::Greater => a,
    }
}
