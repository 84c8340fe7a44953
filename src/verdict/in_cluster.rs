//! What a cluster says of policies: whether its network plugin enforces them, and whether its API server takes them.

use serde_json::Value;

use super::policy_documents::{POLICIES_UNENFORCED, is_policy, policy_documents};
use crate::cni::{Enforced, Enforcers, Profile};
use crate::document::ParsedDocument;
use crate::finding::{CheckId, Finding, Severity};
use crate::snapshot::{Origin, locate_all};
use crate::stream::Stream;
use crate::yaml::{FieldPath, Segment};

/// The cluster has another network plugin than the one that was named.
pub const PLUGIN_DIFFERS: CheckId = CheckId("plugin-differs");

/// The API server of the cluster refuses a policy.
pub(super) const POLICY_REFUSED: CheckId = CheckId("policy-refused");

/// The API server of the cluster cannot judge a policy yet.
pub(super) const POLICY_NOT_JUDGED: CheckId = CheckId("policy-not-judged");

/// Fields of `metadata` that the server sets, and that an apply must not hold.
const SET_BY_SERVER: [&str; 6] =
    ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/// A policy that an API server can be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The object.
    pub value: Value,
    origin: Origin,
}

/// What an API server says of a policy that it was given as a dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerAnswer {
    /// It would take it.
    Taken,
    /// It cannot say, because the namespace is not there.
    NotJudged,
    /// It refuses it, for one reason or more.
    Refused(Vec<Refusal>),
}

/// Why an API server refuses an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The field in the server's words, such as `spec.ingress[0].ports[0].port`; empty for the whole object.
    pub field: String,
    /// The server's words.
    pub message: String,
}

/// Every `NetworkPolicy` of some streams that has a name, readable or not: an API server has the last word.
pub fn candidates(streams: &[Stream<'_>]) -> Vec<Candidate> {
    streams.iter().flat_map(policy_documents).flat_map(|parsed| of_document(&parsed)).collect()
}

fn of_document(parsed: &ParsedDocument<'_>) -> Vec<Candidate> {
    let of_object = |(object, it)| {
        let gvk = parsed.gvk(it).filter(is_policy)?;
        let mut value = parsed.tree.value(it.node).ok().filter(|_| !parsed.is_local(it))?;
        let named = value.pointer("/metadata/name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
        let id = parsed.id(it, &value).filter(|_| named)?;
        let fields = value.as_object_mut()?;
        fields.insert("apiVersion".to_owned(), gvk.api_version().into());
        fields.insert("kind".to_owned(), gvk.kind.into());
        fields.remove("status");
        // A dump of a live object: what the server has set is not to be applied.
        if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|key, _| !SET_BY_SERVER.contains(&key.as_str()));
        }
        Some(Candidate { value, origin: Origin { id, stream: parsed.stream, document: parsed.document, object } })
    };
    parsed.objects.iter().enumerate().filter_map(of_object).collect()
}

/// The findings of a server's answers, which are in the order of the candidates.
pub fn of_server(candidates: &[Candidate], answers: &[ServerAnswer], streams: &[Stream<'_>]) -> Vec<Finding> {
    let mut found: Vec<(&Origin, Finding, FieldPath)> = Vec::new();
    for (Candidate { origin, .. }, answer) in candidates.iter().zip(answers) {
        let mut add = |finding: Finding, path: FieldPath| found.push((origin, finding, path));
        let name = FieldPath::of_keys(["metadata", "name"]);
        match answer {
            ServerAnswer::Taken => {}
            ServerAnswer::NotJudged => {
                let message = "the API server cannot judge it, because its namespace is not there yet";
                let finding = Finding::new(Severity::Info, POLICY_NOT_JUDGED, message)
                    .help("make the namespace, or deploy with `floe deploy`, which makes it first");
                add(finding, name);
            }
            ServerAnswer::Refused(refusals) => {
                for refusal in refusals {
                    let path = if refusal.field.is_empty() { name.clone() } else { field_path(&refusal.field) };
                    let message = format!("the API server refuses it: {}", refusal.message);
                    let help = "correct the policy; an admission plugin or webhook may have rules of its own";
                    add(Finding::new(Severity::Error, POLICY_REFUSED, message).help(help), path);
                }
            }
        }
    }
    let wanted: Vec<_> = found.iter().map(|(origin, _, path)| (*origin, path)).collect();
    let locations = locate_all(streams, &wanted);
    let place = |((origin, finding, _), location): ((&Origin, Finding, FieldPath), _)| match location {
        Some(location) => finding.at(&origin.id, location),
        None => finding,
    };
    found.into_iter().zip(locations).map(place).collect()
}

/// Whether the plugins of a cluster leave policies unenforced.
pub(crate) fn unenforced(enforcers: &Enforcers, any_policy: bool) -> Vec<Finding> {
    of_cluster(enforcers, None, any_policy)
}

/// The findings on the network plugin of a cluster. `named` is the one that was said to be there; `any_policy` whether
/// there is something that can go unenforced.
pub(super) fn of_cluster(enforcers: &Enforcers, named: Option<&Profile>, any_policy: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut add = |finding| found.push(finding);
    if let (Some(named), Some(plugin)) = (named, enforcers.plugin())
        && named.id != plugin.id
    {
        let rests_on = enforcers.decisive().and_then(|it| it.evidence.first());
        let rests_on = rests_on.map(|it| format!(" ({it})")).unwrap_or_default();
        let message = format!("the plugin is said to be {}, but the cluster has {}{rests_on}", named.name, plugin.name);
        let finding = Finding::new(Severity::Error, PLUGIN_DIFFERS, message);
        add(finding.help(format!("name the plugin of this cluster, --cni {}, or none", plugin.id)));
    }
    if !any_policy {
        return found;
    }
    let decisive = enforcers.decisive();
    let help = decisive.and_then(|it| it.remediation).unwrap_or("`floe network check-cni` says what was seen");
    match (enforcers.enforced(), decisive) {
        (Enforced::Yes, _) => {}
        (Enforced::No, Some(decisive)) => {
            let because = decisive.evidence.last().map(|it| format!(": {it}")).unwrap_or_default();
            let message = format!("{} does not enforce policies in this cluster{because}", decisive.plugin.name);
            add(Finding::new(Severity::Error, POLICIES_UNENFORCED, message).help(help));
        }
        _ => {
            let message = "it is not known whether policies are enforced in this cluster";
            add(Finding::new(Severity::Warning, POLICIES_UNENFORCED, message).help(help));
        }
    }
    if enforcers.enforced() == Enforced::Yes {
        for pool in enforcers.exceptions() {
            let what = if pool.enforced == Enforced::No { "are not enforced" } else { "may not be enforced" };
            let reason = pool.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            let message = format!("policies {what} on {} ({}){reason}", pool.title(), pool.nodes);
            let help = "keep pods that need policies off these nodes";
            add(Finding::new(Severity::Warning, POLICIES_UNENFORCED, message).help(help));
        }
    }
    found
}

/// A field as the server writes it: `spec.ingress[0].ports`, also with a dot at its beginning.
fn field_path(text: &str) -> FieldPath {
    let mut segments: Vec<Segment> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        rest = rest.trim_start_matches('.');
        let (segment, after) = match rest.strip_prefix('[') {
            Some(inside) => inside.split_once(']').unwrap_or((inside, "")),
            None => rest.find(['.', '[']).and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, "")),
        };
        if !segment.is_empty() {
            segments.push(segment.parse::<usize>().map_or_else(|_| Segment::from(segment), Segment::from));
        }
        rest = after;
    }
    segments.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cni::{Observed, detect, plugin};
    use crate::stream::frame;

    #[test]
    fn fields_are_read_as_servers_write_them() {
        for text in ["spec.ingress[0].ports[1].endPort", ".spec.ingress[0].ports[1].endPort"] {
            assert_eq!(field_path(text).to_pointer(), "/spec/ingress/0/ports/1/endPort");
        }
        assert_eq!(field_path("metadata.labels[a.b/c]").to_pointer(), "/metadata/labels/a.b~1c");
        for odd in ["", "[", "a[", "a]", "..", "[]]"] {
            let _ = field_path(odd);
        }
    }

    const TWO: &str = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: networking.k8s.io/v1\n  kind: \
                       NetworkPolicy\n  metadata: {name: a, uid: x, resourceVersion: '3'}\n  spec: {podSelector: 7}\n\
                       - kind: Pod\n  apiVersion: v1\n  metadata: \
                       {name: p}\n---\nkind: NetworkPolicy\napiVersion: crd.projectcalico.org/v1\nmetadata: {name: c}\n\
                       ---\nkind: NetworkPolicy\napiVersion: networking.k8s.io/v1\nmetadata: {generateName: b-}\n";

    #[test]
    fn a_refusal_stands_at_its_field() {
        let streams = [frame(TWO)];
        let found = candidates(&streams);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].value["metadata"], serde_json::json!({"name": "a"}));
        let refusal = Refusal { field: "spec.podSelector".to_owned(), message: "no".to_owned() };
        let findings = of_server(&found, &[ServerAnswer::Refused(vec![refusal])], &streams);
        let location = findings[0].location.as_ref().unwrap();
        let span = location.span.unwrap();
        assert_eq!((TWO.get(span.range()), findings[0].check), (Some("7"), POLICY_REFUSED));
        assert_eq!(location.path.to_string(), "items[0].spec.podSelector");
        assert_eq!(of_server(&found, &[ServerAnswer::Taken], &streams), []);
    }

    #[test]
    fn a_cluster_that_does_not_enforce_is_an_error_and_another_plugin_too() {
        let flannel = serde_json::json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "kube-flannel-ds",
                "namespace": "kube-flannel"},
        });
        let enforcers = detect(&Observed::of([flannel]));
        let checks = |named: Option<&str>, any| -> Vec<(CheckId, Severity)> {
            let named = named.map(|name| plugin(name).unwrap());
            of_cluster(&enforcers, named, any).iter().map(|it| (it.check, it.severity)).collect()
        };
        let unenforced = (POLICIES_UNENFORCED, Severity::Error);
        assert_eq!(checks(None, true), [unenforced]);
        assert_eq!(checks(Some("flannel"), true), [unenforced]);
        assert_eq!(checks(Some("calico"), true), [(PLUGIN_DIFFERS, Severity::Error), unenforced]);
        assert_eq!(checks(None, false), []);
        let nothing = of_cluster(&detect(&Observed::default()), plugin("calico").ok(), true);
        assert_eq!(nothing.iter().map(|it| it.severity).collect::<Vec<_>>(), [Severity::Warning]);
    }
}
