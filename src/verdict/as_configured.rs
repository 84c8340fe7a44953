//! Whether the policies that are there are those that a configuration wants: one answer for `floe network validate`,
//! `audit` and `diff`, and one set of words.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::Config;
use crate::document::Error;
use crate::finding::{CheckId, Finding, Severity};
use crate::object::Protocol;
use crate::object::own::{DEFAULT_DENY, is_marked};
use crate::plan::{DECLARED_FLOW_CLOSED, Generated, POLICY_UNREADABLE, POLICY_WIDENS, found_policy, generate};
use crate::reachability::{Direction, IpBlockReach, Policy, PortSet};
use crate::snapshot::{ConnectionChange, Effects, FoundPolicy, Snapshot, Swap, compare_policies, effects};

/// A policy that the configuration wants is not there.
pub const POLICY_MISSING: CheckId = CheckId("policy-missing");

/// A policy of floe means something else than the configuration wants.
pub const POLICY_CHANGED: CheckId = CheckId("policy-changed");

/// A policy carries floe's mark, and the configuration does not want it.
pub const POLICY_EXTRA: CheckId = CheckId("policy-extra");

/// The annotation that names the summary of the installation that an object belongs to; `floe deploy` writes it.
pub const OWNER: &str = "floe.dev/owner";

/// What [`OWNER`] says on the objects of a configuration: one summary for each installation (`security.summary`).
pub fn owner(config: &Config) -> String {
    format!("{}/{}", config.summary.namespace, config.summary.name)
}

/// Whether a policy belongs to the installation of a configuration: it carries floe's mark, and `floe deploy` has written
/// whose it is, or it is in a namespace that the configuration manages.
pub(crate) fn is_ours(config: &Config, policy: &FoundPolicy) -> bool {
    let annotations = policy.facts.value.pointer("/metadata/annotations");
    let named = annotations.and_then(|annotations| annotations.get(OWNER));
    policy.is_own
        && (named.is_some_and(|it| *it == *owner(config)) || config.managed(&policy.policy.namespace).is_some())
}

/// Whether an object is a default-deny that floe has written: its mark and name, every pod, both directions, no rules.
pub fn is_default_deny(object: &Value) -> bool {
    let named = object.pointer("/metadata/name").is_some_and(|name| name == DEFAULT_DENY);
    let is_empty = |policy: &Policy| {
        Direction::ALL.into_iter().all(|direction| policy.rules(direction).is_some_and(<[_]>::is_empty))
    };
    named
        && object.pointer("/spec/podSelector").is_some()
        && is_marked(object)
        && Policy::read(object, "").is_ok_and(|policy| policy.pod_selector.is_everything() && is_empty(&policy))
}

/// Whether a policy is the default-deny of a namespace that left the configuration: `floe deploy --prune` leaves it, and it
/// opens nothing.
pub(crate) fn is_retired(config: &Config, policy: &FoundPolicy) -> bool {
    policy.is_own && config.managed(&policy.policy.namespace).is_none() && is_default_deny(&policy.facts.value)
}

/// What a configuration wants of some objects, and what of other people stands against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The policies that the configuration wants, in its order, as if they had been found.
    pub(crate) policies: Vec<FoundPolicy>,
    /// Policies that are not floe's and open, in managed namespaces, what the configuration does not declare, that close
    /// elsewhere what it declares, or that cannot be read.
    pub(crate) foreign: Vec<Finding>,
}

/// A snapshot with the policies that a configuration wants instead of those found.
pub fn as_configured(config: &Config, found: &Snapshot) -> Result<Snapshot, Error> {
    Ok(Expected::of(config, found)?.in_place_of_found(found))
}

/// How a policy of floe differs from what the configuration wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Difference {
    /// It is not there.
    Missing {
        /// One of its name is, without floe's mark.
        is_unmarked: bool,
    },
    /// It means something else.
    Changed,
    /// It is not wanted.
    Extra,
}

/// A policy of floe that is not as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deviation {
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name.
    pub(crate) name: String,
    /// What differs.
    pub(crate) difference: Difference,
    /// Its position among the policies of the snapshot; absent if it is missing.
    pub(crate) there: Option<usize>,
    /// What it opens and closes, everything else being as wanted.
    effects: Effects,
}

impl Expected {
    /// What a configuration wants of the objects of a snapshot.
    pub(crate) fn of(config: &Config, snapshot: &Snapshot) -> Result<Self, Error> {
        let inventory = snapshot.inventory();
        let generated = generate(config, &inventory)?;
        let generated = match narrowed(config, snapshot) {
            Some(narrowed) => better(snapshot, generated, generate(&narrowed, &inventory)?),
            None => generated,
        };
        let is_foreign =
            |finding: &Finding| matches!(finding.check, POLICY_WIDENS | POLICY_UNREADABLE | DECLARED_FLOW_CLOSED);
        Ok(Self {
            policies: generated.policies.iter().filter_map(found_policy).collect(),
            foreign: generated.flows.findings.into_iter().filter(is_foreign).collect(),
        })
    }

    /// The same pods, namespaces and Services with the policies that are wanted instead of those found.
    pub(crate) fn in_place_of_found(&self, snapshot: &Snapshot) -> Snapshot {
        Snapshot { policies: self.policies.clone(), ..snapshot.clone() }
    }

    /// The policies of floe that are missing, changed or left over, by namespace and name.
    pub(crate) fn deviations(&self, config: &Config, snapshot: &Snapshot) -> Vec<Deviation> {
        let own: Vec<FoundPolicy> = snapshot.policies.iter().filter(|policy| policy.is_own).cloned().collect();
        let changes = compare_policies(&self.policies, &own);
        if changes.is_empty() {
            return Vec::new();
        }
        let (expected, there) = (positions(&self.policies), positions(&snapshot.policies));
        let found: Vec<(Option<usize>, Option<usize>, bool)> = changes
            .iter()
            .map(|change| {
                let key = (change.namespace.as_str(), change.name.as_str());
                let there = there.get(&key).copied();
                let is_own = there.and_then(|at| snapshot.policies.get(at)).is_some_and(|it| it.is_own);
                (expected.get(&key).copied(), there.filter(|_| is_own), there.is_some())
            })
            .collect();
        let swap = |(without, with, _): &(Option<usize>, Option<usize>, bool)| Swap {
            without: *without,
            with: with.and_then(|at| snapshot.policies.get(at)).map(|it| &it.policy),
        };
        let swaps: Vec<Swap<'_>> = found.iter().map(swap).collect();
        let wanted = self.in_place_of_found(snapshot);
        let every = |_: &PortSet, _: &PortSet| true;
        let effects = effects(&wanted, &swaps, IpBlockReach::PodsToo, &config.network.cluster_cidrs, &every);
        let all = changes.into_iter().zip(found).zip(effects);
        all.map(|((change, (expected, there, is_named)), effects)| Deviation {
            namespace: change.namespace,
            name: change.name,
            difference: match (expected, there) {
                (Some(_), Some(_)) => Difference::Changed,
                (Some(_), None) => Difference::Missing { is_unmarked: is_named },
                (None, _) => Difference::Extra,
            },
            there,
            effects,
        })
        .collect()
    }
}

/// The configuration with the labels of the pods that the policies of a snapshot are narrowed to, where the snapshot holds
/// nothing that tells them: `floe compile` narrows by Services, and writes policies into a folder of their own. Only
/// pods of the platform can be named so, and only ports that are configured: no more is open than without.
fn narrowed(config: &Config, snapshot: &Snapshot) -> Option<Config> {
    if !snapshot.services.is_empty() || !snapshot.pods.is_empty() {
        return None;
    }
    let mut config = config.clone();
    let platform = config.platform().to_owned();
    let mut is_any = false;
    for service in config.network.services.iter_mut().filter(|it| it.pod_labels.is_empty() && !it.ports.is_empty()) {
        let wanted = PortSet::single_ports(Protocol::Tcp, &service.ports);
        let serves = |it: &&FoundPolicy| {
            let rules = it.policy.rules(Direction::Ingress).unwrap_or_default();
            let open = rules.iter().fold(PortSet::default(), |all, rule| all.union(&rule.ports.numbers));
            it.is_own && it.policy.namespace == platform && open.covers(&wanted) && !open.is_everything()
        };
        let labels = |it: &FoundPolicy| {
            let labels = it.facts.value.pointer("/spec/podSelector/matchLabels")?.as_object()?;
            let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
            labels.iter().map(text).collect::<Option<BTreeMap<_, _>>>().filter(|labels| !labels.is_empty())
        };
        if let Some(labels) = snapshot.policies.iter().filter(serves).find_map(labels) {
            service.pod_labels = labels;
            is_any = true;
        }
    }
    is_any.then_some(config)
}

/// The one of two that the policies of a snapshot differ from in less.
fn better(snapshot: &Snapshot, one: Generated, other: Generated) -> Generated {
    let own: Vec<FoundPolicy> = snapshot.policies.iter().filter(|policy| policy.is_own).cloned().collect();
    let differences = |it: &Generated| {
        let wanted: Vec<FoundPolicy> = it.policies.iter().filter_map(found_policy).collect();
        compare_policies(&wanted, &own).len()
    };
    if differences(&other) < differences(&one) { other } else { one }
}

fn positions(policies: &[FoundPolicy]) -> BTreeMap<(&str, &str), usize> {
    let keyed = policies.iter().map(|it| &it.policy).enumerate();
    keyed.map(|(at, it)| ((it.namespace.as_str(), it.name.as_str()), at)).collect()
}

impl Deviation {
    /// The finding, without a place.
    pub(crate) fn finding(&self) -> Finding {
        let Self { namespace, name, .. } = self;
        let (check, what) = match self.difference {
            Difference::Changed => (POLICY_CHANGED, "means something else than the configuration wants"),
            Difference::Extra => (POLICY_EXTRA, "carries floe's mark, and the configuration does not want it"),
            Difference::Missing { is_unmarked: true } => {
                (POLICY_MISSING, "is wanted by the configuration; the one of that name does not carry floe's mark")
            }
            Difference::Missing { is_unmarked: false } => {
                (POLICY_MISSING, "is wanted by the configuration, and is not there")
            }
        };
        let (shown, rest) = self.effects.list(in_words);
        let shown = if shown.is_empty() { shown } else { format!("; this {shown}") };
        let more = if rest > 0 { format!("; and {rest} more") } else { String::new() };
        Finding::new(Severity::Error, check, format!("NetworkPolicy {namespace}/{name} {what}{shown}{more}"))
            .help("render again with floe, or change the configuration")
    }
}

fn in_words(change: &ConnectionChange) -> String {
    let (opened, closed) = (change.after.difference(&change.before), change.before.difference(&change.after));
    let (what, ports) = if opened.is_empty() { ("closes", closed) } else { ("opens", opened) };
    format!("{what} {} => {}: {ports}", change.source, change.destination)
}
