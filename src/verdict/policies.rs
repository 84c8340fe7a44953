//! Whether policies are what they should be: valid, as configured, and the same on every plugin.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::in_cluster::of_cluster;
use crate::cni::{Enforcement, Enforcers, Profile};
use crate::config::Config;
use crate::document::{Error, ObjectNode, ParsedDocument};
use crate::finding::{CheckId, Finding, Location, Severity};
use crate::network_policy::{Lint, Subject, Surroundings, lint};
use crate::object::{GroupVersionKind, ResourceId, Workloads};
use crate::plan::{POLICY_UNREADABLE, POLICY_WIDENS, generate};
use crate::reachability::{IpBlockReach, unknown_fields};
use crate::snapshot::{
    FoundPolicy, PolicyChange, Snapshot, SnapshotError, compare_connections, compare_policies, locate_all,
};
use crate::stream::Stream;
use crate::yaml::FieldPath;

/// The API server would refuse a policy.
pub const POLICY_INVALID: CheckId = CheckId("policy-invalid");

/// A policy has a field that the API does not know, and that the server would drop.
pub const POLICY_UNKNOWN_FIELD: CheckId = CheckId("policy-unknown-field");

/// A policy that the configuration wants is not there.
pub const POLICY_MISSING: CheckId = CheckId("policy-missing");

/// A policy of floe means something else than the configuration wants.
pub const POLICY_CHANGED: CheckId = CheckId("policy-changed");

/// A policy carries floe's mark, and the configuration does not want it.
pub const POLICY_EXTRA: CheckId = CheckId("policy-extra");

/// The plugin may not enforce policies at all.
pub const POLICIES_UNENFORCED: CheckId = CheckId("policies-unenforced");

/// Connections that a finding shows.
const SHOWN: usize = 3;

/// What to validate, beside the streams.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValidationRequest {
    /// What a document without a namespace means.
    pub namespace: Option<String>,
    /// The plugin in use; absent if it may be any.
    pub plugin: Option<&'static Profile>,
    /// The plugins of the cluster that the policies are for; absent if it was not asked. The one that is there decides
    /// what policies mean, whatever `plugin` says.
    pub enforcers: Option<Enforcers>,
    /// Whether the policies of floe in the input have to be those that the configuration wants.
    pub compare: bool,
}

/// A finding, and the number of the stream that it points into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedFinding {
    /// The stream; absent if the finding is about no place.
    pub stream: Option<usize>,
    /// The finding.
    pub finding: Finding,
}

/// How many policies there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ValidationCounts {
    /// In the input.
    pub policies: usize,
    /// That the API server would refuse.
    pub invalid: usize,
    /// That the configuration wants; absent if nothing was compared.
    pub wanted: Option<usize>,
}

/// What validation has found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validation {
    /// In order: those about no place, then by stream and place.
    pub findings: Vec<PlacedFinding>,
    /// Counts.
    pub counts: ValidationCounts,
}

impl Validation {
    /// How many findings there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|it| it.finding.severity == severity).count()
    }

    /// Adds findings in their order.
    pub fn add(&mut self, findings: Vec<PlacedFinding>) {
        self.findings.extend(findings);
        self.findings.sort_by(|a, b| (a.stream, a.finding.sort_key()).cmp(&(b.stream, b.finding.sort_key())));
        self.findings.dedup();
    }
}

/// Validates every `NetworkPolicy` of some streams: by the API's rules, against the configuration if that is asked for,
/// and by what plugins make of it.
///
/// Fails if a stream cannot be read.
pub fn validate(
    streams: &[Stream<'_>],
    config: &Config,
    request: &ValidationRequest,
) -> Result<Validation, SnapshotError> {
    let snapshot = Snapshot::take_readable(
        streams,
        &Workloads::new(&config.pod_security.workloads),
        request.namespace.as_deref().or(config.release_namespace.as_deref()),
    )?;
    let mut validation = Validation::default();
    let read: Vec<(usize, Vec<PlacedFinding>)> =
        streams.par_iter().enumerate().map(|(number, stream)| of_api(number, stream)).collect();
    for (policies, findings) in read {
        validation.counts.policies += policies;
        let invalid = findings.iter().filter(|it| it.finding.check == POLICY_INVALID);
        let places: BTreeSet<_> =
            invalid.filter_map(|it| Some((it.finding.location.as_ref()?.document, &it.finding.object))).collect();
        validation.counts.invalid += places.len();
        validation.findings.extend(findings);
    }
    if request.compare {
        let (wanted, findings) =
            of_configuration(&snapshot, streams, config).map_err(|error| SnapshotError { stream: 0, error })?;
        validation.counts.wanted = Some(wanted);
        validation.findings.extend(findings);
    }
    let live = request.enforcers.as_ref();
    let plugin = live.and_then(Enforcers::plugin).or(request.plugin);
    validation.findings.extend(of_plugins(&snapshot, streams, config, plugin));
    validation.add(match (live, plugin) {
        (Some(enforcers), _) => of_cluster(enforcers, request.plugin, !snapshot.policies.is_empty()),
        (None, Some(plugin)) if !snapshot.policies.is_empty() => of_profile(plugin).into_iter().collect(),
        (None, _) => Vec::new(),
    });
    Ok(validation)
}

/// The documents of a stream that can be read and may hold policies.
pub(super) fn policy_documents<'t>(stream: &Stream<'t>) -> impl Iterator<Item = ParsedDocument<'t>> {
    let may_hold = |kind: &str| kind == "NetworkPolicy" || kind.ends_with("List");
    (0..stream.documents.len()).filter_map(move |index| ParsedDocument::of(stream, index, may_hold)?.ok())
}

/// Whether a type is that of Kubernetes' policies, also by the group that they had before v1.
pub(super) fn is_policy(gvk: &GroupVersionKind) -> bool {
    gvk.kind == "NetworkPolicy" && matches!(gvk.group.as_str(), "networking.k8s.io" | "extensions")
}

/// The findings of the API's rules in a stream, and the number of its policies.
fn of_api(number: usize, stream: &Stream<'_>) -> (usize, Vec<PlacedFinding>) {
    let (mut policies, mut found) = (0, Vec::new());
    for parsed in policy_documents(stream) {
        for (position, object) in parsed.objects.iter().enumerate() {
            let findings = of_object(&parsed, position, object);
            policies += usize::from(findings.is_some());
            found.extend(findings.into_iter().flatten().map(|finding| PlacedFinding { stream: Some(number), finding }));
        }
    }
    (policies, found)
}

/// The findings of the API's rules on an object; absent if it is no `NetworkPolicy` of Kubernetes.
fn of_object(parsed: &ParsedDocument<'_>, position: usize, object: &ObjectNode) -> Option<Vec<Finding>> {
    let gvk = parsed.gvk(object).filter(is_policy)?;
    let value = parsed.tree.value(object.node).ok()?;
    let id = parsed.id(object, &value).unwrap_or_else(|| ResourceId {
        gvk: gvk.clone(),
        namespace: None,
        name: String::new(),
    });
    let at = |path: &FieldPath| Location {
        document: parsed.reported(position),
        span: Some(parsed.span_of(object, path)),
        path: parsed.reported_path(object, path),
    };
    if gvk.api_version() != "networking.k8s.io/v1" {
        let message = format!("no server since Kubernetes 1.22 knows {}", gvk.api_version());
        let finding = Finding::new(Severity::Error, POLICY_INVALID, message)
            .at(&id, at(&FieldPath::of_keys(["apiVersion"])))
            .help("use networking.k8s.io/v1");
        return Some(vec![finding]);
    }
    let invalid = crate::reachability::validate(&value)
        .into_iter()
        .map(|it| Finding::new(Severity::Error, POLICY_INVALID, it.to_string()).at(&id, at(&it.place)));
    let unknown = unknown_fields(&value).into_iter().map(|it| {
        let message = format!("NetworkPolicy has no field `{}`; the API server would drop it", it.path);
        let help = match it.nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "remove it".to_owned(),
        };
        Finding::new(Severity::Error, POLICY_UNKNOWN_FIELD, message).at(&id, at(&it.path)).help(help)
    });
    Some(invalid.chain(unknown).collect())
}

/// What differs between floe's policies in the input and those that the configuration wants, and the number of these.
fn of_configuration(
    snapshot: &Snapshot,
    streams: &[Stream<'_>],
    config: &Config,
) -> Result<(usize, Vec<PlacedFinding>), Error> {
    let wanted = snapshot.as_configured(config)?;
    let own: Vec<FoundPolicy> = snapshot.policies.iter().filter(|policy| policy.is_own).cloned().collect();
    let mut found: Vec<PlacedFinding> = compare_policies(&wanted.policies, &own)
        .iter()
        .map(|change| of_change(change, &wanted, &own, snapshot, streams, config))
        .collect();
    // Policies of others that open more; floe's own are compared above.
    for finding in generate(config, &snapshot.inventory())?.flows.findings {
        if !matches!(finding.check, POLICY_WIDENS | POLICY_UNREADABLE) {
            continue;
        }
        let policy = snapshot.policies.iter().find(|it| !it.is_own && Some(&it.facts.id) == finding.object.as_ref());
        found.push(PlacedFinding { stream: policy.map(|it| it.origin.stream), finding });
    }
    Ok((wanted.policies.len(), found))
}

fn of_change(
    change: &PolicyChange,
    wanted: &Snapshot,
    own: &[FoundPolicy],
    snapshot: &Snapshot,
    streams: &[Stream<'_>],
    config: &Config,
) -> PlacedFinding {
    let is_it = |it: &&FoundPolicy| it.policy.namespace == change.namespace && it.policy.name == change.name;
    let (there, expected) = (own.iter().find(is_it), wanted.policies.iter().find(is_it));
    let name = format!("NetworkPolicy {}/{}", change.namespace, change.name);
    // What the one difference opens and closes, everything else being as wanted.
    let mut actual = wanted.clone();
    actual.policies.retain(|it| !is_it(&it));
    actual.policies.extend(there.cloned());
    let changes = compare_connections(wanted, &actual, IpBlockReach::PodsToo, &config.network.cluster_cidrs);
    let mut effects: Vec<String> = changes
        .iter()
        .take(SHOWN)
        .map(|it| {
            let (opened, closed) = (it.after.difference(&it.before), it.before.difference(&it.after));
            let (what, ports) = if opened.is_empty() { ("closes", closed) } else { ("opens", opened) };
            format!("{what} {} => {}: {ports}", it.source, it.destination)
        })
        .collect();
    if changes.len() > SHOWN {
        effects.push(format!("and {} more", changes.len() - SHOWN));
    }
    let effects = if effects.is_empty() { String::new() } else { format!("; this {}", effects.join("; ")) };
    let (check, what) = match (expected, there) {
        (Some(_), Some(_)) => (POLICY_CHANGED, "means something else than the configuration wants"),
        (None, _) => (POLICY_EXTRA, "carries floe's mark, and the configuration does not want it"),
        (Some(_), None) if snapshot.policies.iter().any(|it| is_it(&it)) => {
            (POLICY_MISSING, "is wanted by the configuration; the one of that name does not carry floe's mark")
        }
        (Some(_), None) => (POLICY_MISSING, "is wanted by the configuration, and is not there"),
    };
    let finding = Finding::new(Severity::Error, check, format!("{name} {what}{effects}"))
        .help("render again with floe, or change the configuration");
    match there.and_then(|it| Some((it, it.origin.locate(streams, &FieldPath::of_keys(["metadata", "name"]))?))) {
        Some((it, location)) => {
            PlacedFinding { stream: Some(it.origin.stream), finding: finding.at(&it.facts.id, location) }
        }
        None => PlacedFinding { stream: None, finding },
    }
}

/// What plugins make of the policies.
fn of_plugins(
    snapshot: &Snapshot,
    streams: &[Stream<'_>],
    config: &Config,
    plugin: Option<&'static Profile>,
) -> Vec<PlacedFinding> {
    let world = snapshot.world(IpBlockReach::PodsToo, &config.network.cluster_cidrs);
    let surroundings = Surroundings { world: &world, services: &snapshot.services, dns: &config.network.dns, plugin };
    let of_policy = |it: &FoundPolicy| lint(&Subject { value: &it.facts.value, policy: &it.policy }, &surroundings);
    let policies = snapshot.policies.par_iter();
    let found = policies.flat_map_iter(|it| of_policy(it).into_iter().map(move |lint| (it, lint)));
    let found: Vec<(&FoundPolicy, Lint)> = found.collect();
    let wanted: Vec<_> = found.iter().map(|(it, lint)| (&it.origin, &lint.path)).collect();
    let locations = locate_all(streams, &wanted);
    let place = |((it, lint), location): ((&FoundPolicy, Lint), Option<Location>)| {
        let finding = Finding::new(lint.severity, lint.check, lint.message).help(lint.help);
        PlacedFinding {
            stream: Some(it.origin.stream),
            finding: match location {
                Some(location) => finding.at(&it.facts.id, location),
                None => finding,
            },
        }
    };
    found.into_iter().zip(locations).map(place).collect()
}

/// What is known of a plugin beforehand.
fn of_profile(profile: &Profile) -> Option<PlacedFinding> {
    let message = match profile.enforcement {
        Enforcement::Yes => return None,
        Enforcement::No => format!("{} does not enforce policies", profile.name),
        Enforcement::Conditional(how) => format!("{} enforces policies {how}", profile.name),
        Enforcement::Unknown => format!("it is not known whether {} enforces policies", profile.name),
    };
    let finding = Finding::new(Severity::Warning, POLICIES_UNENFORCED, message).help(profile.remediation);
    Some(PlacedFinding { stream: None, finding })
}
