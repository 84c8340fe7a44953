//! What the policies of a cluster do and leave undone (US8, FR-082): findings, who reaches whom, and what is open.
//!
//! [`audit()`] looks at streams of objects, so files and a live cluster are judged by the same code. One file for each
//! rule; what they share is a [`Model`](model::Model) of classes of pods, which also has pods that nobody has seen yet.

mod both_directions;
mod default_deny;
mod describe;
mod draft;
mod enforcement;
mod entrance;
mod explain;
mod exposure;
mod internet;
mod ip_block;
mod labels;
mod managed;
mod model;
mod named_port;
mod policies;
mod rejected;
mod selection;
mod shadow;
#[cfg(test)]
mod tests;
mod traffic;
mod unseen;

use std::collections::{BTreeMap, BTreeSet};

use crate::cni::{Enforcers, Profile, Reach};
use crate::config::Config;
use crate::document::Error;
use crate::finding::{CheckId, Finding, Severity};
use crate::network_policy::{HOST_NETWORK_PODS, SELECTS_NOTHING, UNRESOLVED_NAMED_PORT};
use crate::object::Workloads;
use crate::plan::{
    DECLARED_FLOW_CLOSED, INPUT, NAMESPACE_NOT_MANAGED, OTHER_POLICIES, POLICY_UNREADABLE, POLICY_WIDENS, finding_of,
    other_policies,
};
use crate::pod_security::Evaluator;
use crate::reachability::IpBlockReach;
use crate::snapshot::{Snapshot, Untaken, locate_all};
use crate::stream::Stream;
use crate::verdict::{NAMESPACE_LABEL, POLICIES_UNENFORCED, POLICY_CHANGED, POLICY_EXTRA, POLICY_MISSING};

use both_directions::POLICY_MIXES_DIRECTIONS;
use default_deny::DEFAULT_DENY_MISSING;
pub use default_deny::{Isolation, NamespaceAudit};
use draft::{Draft, Place};
use entrance::{ENTRANCE_BLOCKED, ENTRANCE_OPEN};
pub use explain::PAGES;
use exposure::{EGRESS_TO_INTERNET, INGRESS_FROM_ALL_NAMESPACES, INGRESS_FROM_INTERNET};
pub use exposure::{Exposure, Opening, RuleName};
use ip_block::IP_BLOCK_DEPENDS_ON_PLUGIN;
use labels::{POD_SECURITY_LABEL_MISSING, POD_SECURITY_LABEL_WEAKER};
use model::Model;
pub use policies::{PolicyAudit, RuleAudit};
use rejected::POD_REJECTED;
use selection::POD_NOT_ISOLATED;
pub use shadow::{POLICY_DUPLICATE, RULE_SHADOWED};
pub use traffic::{Zone, ZoneTraffic};
use unseen::POLICIES_NOT_SEEN;

/// What an audit reports under the ids of others: the same fact has one id and one page.
pub const SHARED: &[CheckId] = &[
    DECLARED_FLOW_CLOSED,
    HOST_NETWORK_PODS,
    INPUT,
    NAMESPACE_LABEL,
    NAMESPACE_NOT_MANAGED,
    OTHER_POLICIES,
    POLICIES_UNENFORCED,
    POLICY_CHANGED,
    POLICY_EXTRA,
    POLICY_MISSING,
    POLICY_UNREADABLE,
    POLICY_WIDENS,
    SELECTS_NOTHING,
    UNRESOLVED_NAMED_PORT,
];

/// What to audit, beside the streams.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditRequest {
    /// The namespaces that are wanted; empty for all.
    pub namespaces: Vec<String>,
    /// What a document without a namespace means; before `security.release_namespace`.
    pub home: Option<String>,
    /// The plugin in use; absent if it may be any.
    pub plugin: Option<&'static Profile>,
    /// What the cluster says of its plugins; absent if nothing of it was seen.
    pub enforcers: Option<Enforcers>,
    /// The namespaces whose policies could be listed; absent if all could. Of the others no policy is missing.
    pub policies_of: Option<BTreeSet<String>>,
    /// What `latest` means to Pod Security.
    pub evaluator: Evaluator,
}

/// A finding, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFinding {
    /// The namespace that it is about; absent for one about all.
    pub namespace: Option<String>,
    /// The finding.
    pub finding: Finding,
}

/// Everything that an audit has found, each list in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audit {
    /// How `ipBlock` was read for connections: as the plugin does, else the worst case, that it matches pods (decision
    /// on: `ipBlock` and pods).
    pub ip_blocks_match_pods: bool,
    /// How many objects name no namespace, and were taken to be in `default` because nothing says better.
    pub defaulted: usize,
    /// Every namespace, by name.
    pub namespaces: Vec<NamespaceAudit>,
    /// What may pass between namespaces, and between them and the internet; pairs without a row are closed.
    pub traffic: Vec<ZoneTraffic>,
    /// What is open to the internet or to all namespaces, by workload.
    pub exposures: Vec<Exposure>,
    /// The policies with what their rules mean, by namespace and name.
    pub policies: Vec<PolicyAudit>,
    /// The findings: those without a place first, then by place.
    pub findings: Vec<AuditFinding>,
}

impl Audit {
    /// How many documents and objects cannot be read; all else is judged.
    pub fn unreadable(&self) -> usize {
        self.findings.iter().filter(|it| it.finding.check == INPUT).count()
    }

    /// How many findings there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|it| it.finding.severity == severity).count()
    }
}

/// Audits the objects of some streams, which are one input.
///
/// With a configuration its namespaces are managed, and have to hold what it wants. Without one, namespaces that carry
/// floe's mark are managed. What cannot be read is among the findings, and all else is judged.
pub fn audit(streams: &[Stream<'_>], config: Option<&Config>, request: &AuditRequest) -> Result<Audit, Error> {
    let nothing_managed = Config { namespaces: Vec::new(), ..Config::default() };
    let settings = config.unwrap_or(&nothing_managed);
    let workloads = Workloads::new(&settings.pod_security.workloads);
    let home = request.home.as_deref().or(settings.release_namespace.as_deref());
    let (snapshot, untaken) = Snapshot::take_telling(streams, &workloads, home)?;
    let model = Model::new(&snapshot, settings);

    let mut drafts = rejected::check(streams, settings, home, request.evaluator)?;
    drafts.extend(untaken.into_iter().map(of_untaken));
    drafts.extend(default_deny::check(&model));
    drafts.extend(selection::check(&model));
    drafts.extend(shadow::check(&model));
    drafts.extend(both_directions::check(&model, request.plugin));
    drafts.extend(exposure::check(&model));
    drafts.extend(named_port::check(&model, request.plugin));
    drafts.extend(entrance::check(&model));
    drafts.extend(labels::check(&model));
    drafts.extend(of_other_policies(&snapshot));
    if config.is_some() {
        drafts.extend(managed::check(&model)?);
        drafts.extend(managed::unlisted_domains(&model));
    }
    drafts.extend(enforcement::check(request, !snapshot.policies.is_empty()));
    let known = request.plugin.map(|plugin| plugin.ip_block_reach).filter(|reach| *reach != Reach::Unknown);
    let reach = match known {
        Some(Reach::OutsideOnly) => IpBlockReach::OutsideOnly,
        _ => IpBlockReach::PodsToo,
    };
    let readings = ip_block::Readings::new(&model);
    if known.is_none() {
        drafts.extend(readings.check(&model));
    }

    let unseen = unseen::Unseen::of(&model, request.policies_of.as_ref());
    drafts.retain(|draft| unseen.can_say(draft));
    drafts.extend(unseen.check(&model));

    let wanted: BTreeSet<&str> = request.namespaces.iter().map(String::as_str).collect();
    let is_wanted = |namespace: &str| wanted.is_empty() || wanted.contains(namespace);
    let is_judged = |namespace: &str| is_wanted(namespace) && !unseen.contains(namespace);
    drafts.retain(|draft| draft.namespace.as_deref().is_none_or(is_wanted));
    let mut traffic = traffic::traffic(&model, readings.of(reach));
    traffic.retain(|it| [&it.source, &it.destination].into_iter().any(|zone| zone.namespace().is_some_and(is_wanted)));
    traffic.retain(|it| {
        let mut zones = [&it.source, &it.destination].into_iter().filter_map(Zone::namespace);
        zones.all(|namespace| !unseen.contains(namespace))
    });
    let mut namespaces = default_deny::namespaces(&model);
    namespaces.retain(|it| is_judged(&it.name));
    let mut exposures = exposure::exposures(&model);
    exposures.retain(|it| is_judged(&it.namespace));
    let mut policies = policies::policies(&model);
    policies.retain(|it| is_wanted(&it.namespace));
    Ok(Audit {
        ip_blocks_match_pods: reach == IpBlockReach::PodsToo,
        defaulted: snapshot.defaulted,
        namespaces,
        traffic,
        exposures,
        policies,
        findings: place(streams, &drafts),
    })
}

/// What is left out, because it cannot be read.
fn of_untaken(it: Untaken) -> Draft {
    let namespace = it.problem.object.as_ref().and_then(|id| id.namespace.clone()).filter(|_| it.is_policy);
    Draft::known(finding_of(it.problem, if it.is_policy { POLICY_UNREADABLE } else { INPUT }), namespace)
}

/// Policies of other APIs, which this does not read.
fn of_other_policies(snapshot: &Snapshot) -> Vec<Draft> {
    let draft = |(namespace, finding)| Draft::known(finding, namespace);
    other_policies(&snapshot.other_policies).into_iter().map(draft).collect()
}

/// Gives findings their places, and puts them in order.
fn place(streams: &[Stream<'_>], drafts: &[Draft]) -> Vec<AuditFinding> {
    let mut wanted = Vec::new();
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    for (position, draft) in drafts.iter().enumerate() {
        if let Place::Field(origin, path) = &draft.place {
            numbers.insert(position, wanted.len());
            wanted.push((origin, path));
        }
    }
    let mut located = locate_all(streams, &wanted);
    let mut findings: Vec<AuditFinding> = Vec::with_capacity(drafts.len());
    for (position, draft) in drafts.iter().enumerate() {
        let location = numbers.get(&position).and_then(|&number| located.get_mut(number)).and_then(Option::take);
        findings.push(draft.clone().finish(location));
    }
    findings.sort_by(|a, b| a.finding.sort_key().cmp(&b.finding.sort_key()));
    findings.dedup();
    findings
}
