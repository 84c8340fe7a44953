//! Whether policies are what they should be: valid, as configured, and the same on every plugin.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::as_configured::{Deviation, Expected};
use super::in_cluster::of_cluster;
use super::policy_documents::{POLICIES_UNENFORCED, is_policy, policy_documents};
use crate::cni::{Enforcement, Enforcers, Profile};
use crate::config::Config;
use crate::document::{Error, ObjectNode, ParsedDocument};
use crate::finding::{CheckId, Finding, Location, Severity};
use crate::network_policy::{Lint, Subject, Surroundings, lint};
use crate::object::{ResourceId, Workloads};
use crate::plan::other_policies;
use crate::reachability::{IpBlockReach, unknown_fields};
use crate::snapshot::{FoundPolicy, Snapshot, locate_all};
use crate::stream::Stream;
use crate::yaml::FieldPath;

/// The API server would refuse a policy.
pub const POLICY_INVALID: CheckId = CheckId("policy-invalid");

/// A policy has a field that the API does not know, and that the server would drop.
pub const POLICY_UNKNOWN_FIELD: CheckId = CheckId("policy-unknown-field");

/// A policy has a key twice in one mapping.
pub(super) const POLICY_REPEATED_KEY: CheckId = CheckId("policy-repeated-key");

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
    /// In order: those about no place, then by place.
    pub findings: Vec<Finding>,
    /// Counts.
    pub counts: ValidationCounts,
}

impl Validation {
    /// How many findings there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|it| it.severity == severity).count()
    }

    /// Adds findings in their order.
    pub fn add(&mut self, findings: Vec<Finding>) {
        self.findings.extend(findings);
        self.findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        self.findings.dedup();
    }
}

/// Validates every `NetworkPolicy` of some streams: by the API's rules, against the configuration if that is asked for,
/// and by what plugins make of it.
///
/// Fails if a stream cannot be read.
pub fn validate(streams: &[Stream<'_>], config: &Config, request: &ValidationRequest) -> Result<Validation, Error> {
    let snapshot = Snapshot::take_readable(
        streams,
        &Workloads::new(&config.pod_security.workloads),
        request.namespace.as_deref().or(config.release_namespace.as_deref()),
    )?;
    let mut validation = Validation::default();
    let read: Vec<(usize, Vec<Finding>)> = streams.par_iter().map(of_api).collect();
    for (policies, findings) in read {
        validation.counts.policies += policies;
        let invalid = findings.iter().filter(|it| it.check == POLICY_INVALID);
        let places: BTreeSet<_> = invalid.filter_map(|it| Some((it.location.as_ref()?.document, &it.object))).collect();
        validation.counts.invalid += places.len();
        validation.findings.extend(findings);
    }
    if request.compare {
        let (wanted, findings) = of_configuration(&snapshot, config)?;
        validation.counts.wanted = Some(wanted);
        validation.findings.extend(findings);
    }
    let live = request.enforcers.as_ref();
    let plugin = live.and_then(Enforcers::plugin).or(request.plugin);
    validation.findings.extend(of_plugins(&snapshot, streams, config, plugin));
    validation.findings.extend(other_policies(&snapshot.other_policies).into_values());
    validation.add(match (live, plugin) {
        (Some(enforcers), _) => of_cluster(enforcers, request.plugin, !snapshot.policies.is_empty()),
        (None, Some(plugin)) if !snapshot.policies.is_empty() => of_profile(plugin).into_iter().collect(),
        (None, _) => Vec::new(),
    });
    Ok(validation)
}

/// The findings of the API's rules in a stream, and the number of its policies.
fn of_api(stream: &Stream<'_>) -> (usize, Vec<Finding>) {
    let (mut policies, mut found) = (0, Vec::new());
    for parsed in policy_documents(stream) {
        for (position, object) in parsed.objects.iter().enumerate() {
            let findings = of_object(&parsed, position, object);
            policies += usize::from(findings.is_some());
            found.extend(findings.into_iter().flatten());
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
    let at = |path: &FieldPath| parsed.location(position, object, path);
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
    let repeated = parsed.tree.repeated_keys(object.node).into_iter().map(|key| {
        let message =
            format!("`{}` is written again below in the same mapping; the last one counts", parsed.tree.text(key));
        Finding::new(Severity::Warning, POLICY_REPEATED_KEY, message)
            .at(&id, parsed.location_of_byte(position, parsed.tree.span(key).start))
            .help("remove one of them: kubectl drops this one, and other readers refuse the document")
    });
    Some(invalid.chain(unknown).chain(repeated).collect())
}

/// What differs between floe's policies in the input and those that the configuration wants, and the number of these.
fn of_configuration(snapshot: &Snapshot, config: &Config) -> Result<(usize, Vec<Finding>), Error> {
    let expected = Expected::of(config, snapshot)?;
    let finding = |deviation: Deviation| match deviation.there.and_then(|at| snapshot.policies.get(at)) {
        Some(it) => deviation.finding().at(&it.facts.id, it.facts.location.clone()),
        None => deviation.finding(),
    };
    let mut found: Vec<Finding> = expected.deviations(config, snapshot).into_iter().map(finding).collect();
    if snapshot.services.is_empty() {
        for finding in &mut found {
            let help = finding.help.take().unwrap_or_default();
            finding.help = Some(format!("{help}; Services narrow policies: give the manifests, too, if they have any"));
        }
    }
    // Policies of others that open more; floe's own are compared above.
    found.extend(expected.foreign);
    Ok((expected.policies.len(), found))
}

/// What plugins make of the policies.
fn of_plugins(
    snapshot: &Snapshot,
    streams: &[Stream<'_>],
    config: &Config,
    plugin: Option<&'static Profile>,
) -> Vec<Finding> {
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
        match location {
            Some(location) => finding.at(&it.facts.id, location),
            None => finding,
        }
    };
    found.into_iter().zip(locations).map(place).collect()
}

/// What is known of a plugin beforehand.
pub(crate) fn of_profile(profile: &Profile) -> Option<Finding> {
    let message = match profile.enforcement {
        Enforcement::Yes => return None,
        Enforcement::No => format!("{} does not enforce policies", profile.name),
        Enforcement::Conditional(how) => format!("{} enforces policies {how}", profile.name),
        Enforcement::Unknown => format!("it is not known whether {} enforces policies", profile.name),
    };
    Some(Finding::new(Severity::Warning, POLICIES_UNENFORCED, message).help(profile.remediation))
}
