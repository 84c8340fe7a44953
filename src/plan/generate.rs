//! From a configuration and the facts of some objects to policies that are proven, and what stands against them.

use std::collections::{BTreeMap, BTreeSet};

use super::closed::closed;
use crate::config::Config;
use crate::document::Error;
use crate::finding::{CheckId, Finding, Location, Severity};
use crate::network_policy::{Endpoint, Flow, Flows, NetworkPolicy, PolicyRules, declare, prove, synthesize};
use crate::object::{Inventory, OtherPolicy, PodFacts, PolicyFacts, ResourceId, incomplete};
use crate::reachability::{Direction, IpBlockReach, Policy, PortSet, ReadError};
use crate::snapshot::{Effects, FoundPod, FoundPolicy, Origin, Snapshot, Swap, effects};

/// A policy of the input opens what the configuration does not declare.
pub const POLICY_WIDENS: CheckId = CheckId("policy-widens");

/// A policy of the input cannot be read, so what it opens is not known.
pub const POLICY_UNREADABLE: CheckId = CheckId("policy-unreadable");

/// Policies of other APIs decide about connections as well.
pub const OTHER_POLICIES: CheckId = CheckId("other-policies");

/// What a configuration declares, and the policies that say so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Generated {
    /// The flows and what a user should know of them; policies of the input that widen
    /// or close them are among the findings.
    pub flows: Flows,
    /// The policies, in the order of the configuration.
    pub policies: Vec<NetworkPolicy>,
}

impl Generated {
    /// Why a policy is there: the reasons of the flows that begin, or end, at its pods.
    pub fn reason(&self, policy: &NetworkPolicy) -> String {
        let PolicyRules::Allow { direction, .. } = &policy.rules else { return "default-deny".to_owned() };
        let near = |flow: &Flow| match direction {
            Direction::Egress => flow.source.clone(),
            Direction::Ingress => flow.destination.clone(),
        };
        let selected = Endpoint::Pods { namespace: policy.namespace.clone(), labels: policy.pod_selector.clone() };
        let flows = self.flows.flows.iter().filter(|flow| near(flow) == selected);
        let reasons: BTreeSet<String> = flows.map(|flow| flow.reason.to_string()).collect();
        if reasons.is_empty() { "isolation".to_owned() } else { reasons.into_iter().collect::<Vec<_>>().join(", ") }
    }
}

/// Declares flows, writes them as policies at both ends, and proves that these allow every flow and nothing else.
///
/// Fails only if the proof does, which is a fault of floe.
pub fn generate(config: &Config, inventory: &Inventory) -> Result<Generated, Error> {
    let mut flows = declare(config, inventory);
    let policies = synthesize(config, &flows.flows);
    prove(config, &flows.flows, &policies, inventory)
        .map_err(|error| Error::Internal(format!("the policies do not do what they should: {error}")))?;
    flows.findings.extend(conflicts(config, inventory, &policies));
    let closed = closed(config, inventory, &flows.flows);
    flows.findings.extend(closed);
    if config.network.enabled {
        let touches = |it: &&OtherPolicy| config.namespaces.iter().any(|managed| it.may_touch(&managed.name));
        flows.findings.extend(other_policies(inventory.other_policies.iter().filter(touches)).into_values());
    }
    Ok(Generated { flows, policies })
}

/// Policies of the input in managed namespaces that open more than is declared: policies add up, so the proof holds for
/// floe's alone.
fn conflicts(config: &Config, inventory: &Inventory, policies: &[NetworkPolicy]) -> Vec<Finding> {
    let managed = |facts: &&PolicyFacts| facts.namespace.as_deref().is_some_and(|it| config.managed(it).is_some());
    let foreign: Vec<&PolicyFacts> = inventory.policies.iter().filter(managed).collect();
    if foreign.is_empty() || !config.network.enabled {
        return Vec::new();
    }
    let own = Snapshot {
        pods: inventory.pods.iter().map(found_pod).collect(),
        namespaces: inventory.namespaces.clone(),
        policies: policies.iter().filter_map(found_policy).collect(),
        ..Snapshot::default()
    };
    let read: Vec<(&PolicyFacts, Result<Policy, ReadError>)> = foreign
        .into_iter()
        .map(|facts| (facts, Policy::read(&facts.value, facts.namespace.as_deref().unwrap_or_default())))
        .collect();
    let readable = read.iter().filter_map(|(_, policy)| policy.as_ref().ok());
    let swaps: Vec<Swap<'_>> = readable.map(|policy| Swap { without: None, with: Some(policy) }).collect();
    // Where plugins differ on ipBlock, the worst case counts.
    let is_opened = |before: &PortSet, after: &PortSet| !before.covers(after);
    let mut opened =
        effects(&own, &swaps, IpBlockReach::PodsToo, &config.network.cluster_cidrs, &is_opened).into_iter();
    let finding = |(facts, policy): &(&PolicyFacts, Result<Policy, ReadError>)| match policy {
        Ok(_) => widening(facts, &opened.next()?),
        Err(error) => Some(unreadable(facts, error)),
    };
    read.iter().filter_map(finding).collect()
}

/// What to know of policies of other APIs: one finding for each namespace, at the first of them.
pub(crate) fn other_policies<'p>(
    found: impl IntoIterator<Item = &'p OtherPolicy>,
) -> BTreeMap<Option<String>, Finding> {
    let mut by_namespace: BTreeMap<Option<String>, Vec<&OtherPolicy>> = BTreeMap::new();
    for policy in found {
        by_namespace.entry(policy.namespace.clone()).or_default().push(policy);
    }
    let finding = |(namespace, policies): (Option<String>, Vec<&OtherPolicy>)| {
        let message = incomplete(policies.iter().copied())?;
        let first = policies.first()?;
        let finding = Finding::new(Severity::Warning, OTHER_POLICIES, message)
            .at(&first.id, first.location.clone())
            .help("what floe says of connections holds for NetworkPolicies alone: look at these policies yourself");
        Some((namespace, finding))
    };
    by_namespace.into_iter().filter_map(finding).collect()
}

fn unreadable(facts: &PolicyFacts, error: &ReadError) -> Finding {
    let message = format!("this policy cannot be read, so what it opens is not known: {error}");
    Finding::new(Severity::Warning, POLICY_UNREADABLE, message)
        .at(&facts.id, facts.location.clone())
        .help("correct it: the API server would reject it")
}

fn widening(facts: &PolicyFacts, opened: &Effects) -> Option<Finding> {
    if opened.count == 0 {
        return None;
    }
    let (shown, rest) =
        opened.list(|it| format!("{} => {}: {}", it.source, it.destination, it.after.difference(&it.before)));
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    let message = format!("this policy opens what the configuration does not declare: {shown}{more}");
    let help = "policies add up: remove it, or declare what it is for (`*_egress_allow`) so that both sides are known";
    Some(Finding::new(Severity::Warning, POLICY_WIDENS, message).at(&facts.id, facts.location.clone()).help(help))
}

fn found_pod(facts: &PodFacts) -> FoundPod {
    FoundPod { workload: facts.owner.clone(), origin: Origin::of(&facts.owner), facts: facts.clone() }
}

/// A generated policy as if it had been found.
pub(crate) fn found_policy(policy: &NetworkPolicy) -> Option<FoundPolicy> {
    let value = policy.to_value();
    let id = ResourceId::of(&value)?;
    let origin = Origin::of(&id);
    let facts = PolicyFacts { namespace: Some(policy.namespace.clone()), location: Location::default(), id, value };
    Some(FoundPolicy { policy: Policy::read(&facts.value, &policy.namespace).ok()?, facts, is_own: true, origin })
}
