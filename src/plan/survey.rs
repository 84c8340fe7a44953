//! The first look at a stream: what is there, before anything is decided.

use std::borrow::Cow;
use std::collections::BTreeSet;

use memchr::memmem;
use serde_json::Value;

use crate::document::{Error, ParsedDocument, Problem, map_chunks, unreadable};
use crate::finding::Location;
use crate::object::{
    COMPONENT_LABEL, GATEWAY_ROUTES, NamespaceFacts, OtherPolicy, PolicyFacts, ResourceId, RouteFacts, ServiceFacts,
    Workloads, container_lists, is_kept_out, is_other_policy, may_be_other_policy, namespace_facts, own, route_facts,
    service_facts,
};
use crate::stream::{Class, Document, Stream, classify};
use crate::text::Span;
use crate::yaml::FieldPath;

/// Kinds that may speak of containers and hold none.
const HOLD_NO_PODS: [&str; 4] = ["ConfigMap", "CustomResourceDefinition", "Event", "Secret"];

/// Where an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) document: usize,
    /// Number of the object in the document.
    pub(crate) object: usize,
}

/// An object that floe made in an earlier run.
#[derive(Debug, Clone)]
pub(crate) struct OwnObject {
    pub(crate) at: Position,
    pub(crate) id: ResourceId,
    pub(crate) value: Value,
}

/// What is known of one document.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each asked for by its name")]
pub(crate) struct Surveyed {
    /// Comments and blank lines only.
    pub(crate) blank: bool,
    /// The document is one object of floe's.
    pub(crate) own: bool,
    /// It may hold pod templates or Namespaces, so it has to be parsed again.
    pub(crate) relevant: bool,
    /// It holds its objects in a list.
    pub(crate) list: bool,
    /// It has to be applied before Namespaces: a `PriorityClass`, a `CustomResourceDefinition`.
    pub(crate) precedes_namespaces: bool,
    /// It is a Namespace.
    pub(crate) is_namespace: bool,
    pub(crate) own_objects: Vec<OwnObject>,
    /// Identities that floe's own objects must not take.
    pub(crate) named: Vec<(ResourceId, Span)>,
    pub(crate) namespaces: Vec<NamespaceFacts>,
    pub(crate) services: Vec<ServiceFacts>,
    pub(crate) routes: Vec<RouteFacts>,
    /// Objects that carry floe's label, and are nothing that floe makes.
    pub(crate) marked: Vec<(ResourceId, Location)>,
    /// Network policies that are not floe's.
    pub(crate) policies: Vec<PolicyFacts>,
    /// Policies of other APIs.
    pub(crate) other_policies: Vec<OtherPolicy>,
    /// Namespaces that its objects name.
    pub(crate) seen: BTreeSet<String>,
    /// Number of objects that are not floe's.
    pub(crate) objects: usize,
}

impl Surveyed {
    /// Nothing at all.
    pub(crate) const NOTHING: Self = Self {
        blank: false,
        own: false,
        relevant: false,
        list: false,
        precedes_namespaces: false,
        is_namespace: false,
        own_objects: Vec::new(),
        named: Vec::new(),
        namespaces: Vec::new(),
        services: Vec::new(),
        routes: Vec::new(),
        marked: Vec::new(),
        policies: Vec::new(),
        other_policies: Vec::new(),
        seen: BTreeSet::new(),
        objects: 0,
    };
}

/// The whole stream, surveyed.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) documents: Vec<Surveyed>,
}

impl Survey {
    /// Looks at every document; `summary` is the name that no other `ConfigMap` may have.
    pub(crate) fn take(stream: &Stream<'_>, workloads: &Workloads, summary: &str) -> Result<Self, Error> {
        let chunks = map_chunks(stream, |range| {
            let offset = range.start;
            let documents = stream.documents.get(range).unwrap_or_default();
            let surveyed = documents.iter().enumerate();
            let look =
                |(index, document): (usize, &Document)| survey(stream, offset + index, *document, workloads, summary);
            surveyed.map(look).collect()
        })?;
        let documents = chunks.into_iter().flat_map(|chunk: Vec<Surveyed>| chunk).collect();
        Ok(Self { documents })
    }

    /// The same without documents that cannot be read: those are told beside it. A stream that readers take apart at
    /// different places has no documents.
    pub(crate) fn take_readable(
        stream: &Stream<'_>,
        workloads: &Workloads,
        summary: &str,
    ) -> Result<(Self, Vec<Problem>), Error> {
        let chunks = map_chunks(stream, |range| {
            let (mut documents, mut problems) = (Vec::new(), Vec::new());
            for index in range {
                let Some(&document) = stream.documents.get(index) else { continue };
                match survey(stream, index, document, workloads, summary) {
                    Ok(surveyed) => documents.push(surveyed),
                    Err(Error::Input(problem)) => {
                        documents.push(Surveyed::NOTHING);
                        problems.push(*problem);
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok((documents, problems))
        });
        let (mut documents, mut problems) = (Vec::new(), Vec::new());
        match chunks {
            Ok(chunks) => {
                for (some, of_some) in chunks {
                    documents.extend(some);
                    problems.extend(of_some);
                }
            }
            Err(Error::Input(problem)) => problems.push(*problem),
            Err(error) => return Err(error),
        }
        Ok((Self { documents }, problems))
    }

    /// Whether every object is a Helm hook: then nothing is appended (decision on: Hooks alone).
    pub(crate) fn is_hooks_only(&self, stream: &Stream<'_>) -> bool {
        let documents = stream.documents.iter().enumerate().zip(&self.documents);
        let mut objects = documents.filter(|(_, surveyed)| !surveyed.blank).peekable();
        objects.peek().is_some() && objects.all(|((index, document), _)| is_hook(stream, index, *document))
    }

    /// The one namespace that all objects name, if there is one (decision on: A document without a namespace).
    pub(crate) fn only_namespace(&self, stream: &Stream<'_>) -> Option<String> {
        let mut seen = BTreeSet::new();
        self.add_namespaces(stream, &mut seen);
        seen.pop_first().filter(|_| seen.is_empty())
    }

    /// Adds the namespaces that objects name; stops once there are two, because then none is the only one.
    pub(crate) fn add_namespaces(&self, stream: &Stream<'_>, seen: &mut BTreeSet<String>) {
        seen.extend(self.documents.iter().flat_map(|it| it.seen.iter().cloned()));
        for (index, document) in stream.documents.iter().enumerate() {
            if seen.len() > 1 {
                return;
            }
            let surveyed = self.documents.get(index);
            let content = stream.text.get(document.content.range()).unwrap_or_default();
            if surveyed.is_some_and(|it| it.seen.is_empty() && !it.blank && !it.own)
                && may_name_namespace(content)
                && let Ok(parsed) = ParsedDocument::parse(stream, index, *document)
            {
                let objects = parsed.objects.iter().filter(|object| !parsed.is_own(object));
                seen.extend(
                    objects.filter_map(|object| parsed.text(object, &["metadata", "namespace"]).map(Cow::into_owned)),
                );
            }
        }
    }
}

/// Whether a text may hold the key `namespace`; a key in double quotes may be spelled with escapes.
fn may_name_namespace(content: &str) -> bool {
    memmem::find(content.as_bytes(), b"namespace").is_some() || memchr::memchr(b'\\', content.as_bytes()).is_some()
}

fn is_hook(stream: &Stream<'_>, index: usize, document: Document) -> bool {
    let content = stream.text.get(document.content.range()).unwrap_or_default();
    memmem::find(content.as_bytes(), b"helm.sh/hook").is_some()
        && ParsedDocument::parse(stream, index, document).is_ok_and(|parsed| {
            parsed.objects.iter().all(|object| {
                let annotations = ["metadata", "annotations", "helm.sh/hook"];
                annotations.iter().try_fold(object.node, |node, key| parsed.tree.get(node, key)).is_some()
            })
        })
}

fn survey(
    stream: &Stream<'_>,
    index: usize,
    document: Document,
    workloads: &Workloads,
    summary: &str,
) -> Result<Surveyed, Error> {
    let content = stream.text.get(document.content.range()).unwrap_or_default();
    let holds = |word: &str| memmem::find(content.as_bytes(), word.as_bytes()).is_some();
    let mut surveyed = Surveyed { objects: 1, ..Surveyed::NOTHING };
    // Directives have to stay in front of their document.
    surveyed.precedes_namespaces = content.starts_with('%');
    let mut matters = true;
    match classify(content) {
        Class::Blank => return Ok(Surveyed { blank: true, ..Surveyed::NOTHING }),
        Class::Kind(kind) => {
            matters = kind != "ConfigMap";
            surveyed.precedes_namespaces = matches!(kind, "PriorityClass" | "CustomResourceDefinition");
            surveyed.is_namespace = kind == "Namespace";
            let is_read = match kind {
                "Namespace" | "Service" | "NetworkPolicy" | "Ingress" | "Route" => true,
                "ConfigMap" => holds(summary),
                kind => kind.ends_with("List") || GATEWAY_ROUTES.contains(&kind) || may_be_other_policy(kind),
            };
            if !is_read && !holds(COMPONENT_LABEL) {
                surveyed.relevant = workloads.has_kind(kind) || (!HOLD_NO_PODS.contains(&kind) && holds("containers"));
                return Ok(surveyed);
            }
        }
        Class::Unknown => {}
    }
    match ParsedDocument::parse(stream, index, document) {
        Ok(parsed) => Ok(survey_parsed(&parsed, workloads, surveyed)),
        Err(error) if matters => Err(unreadable(stream, index, document, &error)),
        // What is certainly none of floe's business passes, even if it is no YAML.
        Err(_) => Ok(surveyed),
    }
}

fn survey_parsed(parsed: &ParsedDocument<'_>, workloads: &Workloads, mut surveyed: Surveyed) -> Surveyed {
    surveyed.blank = parsed.tree.is_empty();
    surveyed.list = parsed.is_list();
    surveyed.objects = 0;
    for (number, object) in parsed.objects.iter().enumerate() {
        let Ok(value) = parsed.tree.value(object.node) else {
            // Whether this matters is decided when the object has to be edited.
            surveyed.relevant = true;
            surveyed.objects += 1;
            continue;
        };
        let Some(id) = parsed.id(object, &value) else {
            surveyed.objects += 1;
            continue;
        };
        if parsed.is_own(object) {
            surveyed.own = object.holder.is_none();
            let at = Position { document: parsed.document, object: number };
            surveyed.own_objects.push(OwnObject { at, id, value });
            continue;
        }
        surveyed.objects += 1;
        surveyed.seen.extend(id.namespace.clone());
        if own::is_marked(&value) && !own::is_own(&id, &value) {
            surveyed.marked.push((
                id.clone(),
                parsed.location(number, object, &FieldPath::of_keys(["metadata", "labels", COMPONENT_LABEL])),
            ));
        }
        let alone = object.holder.is_none();
        surveyed.precedes_namespaces |= alone && matches!(&*id.gvk.kind, "PriorityClass" | "CustomResourceDefinition");
        let location = || parsed.location_of_name(number, object);
        let name_span = || location().span.unwrap_or_default();
        match (id.gvk.group.as_str(), id.gvk.kind.as_str()) {
            ("", "Namespace") => {
                surveyed.relevant = true;
                // One that never comes into the cluster cannot stand for the one that has to be there.
                if !is_kept_out(&value) && !parsed.is_local(object) {
                    surveyed.namespaces.push(namespace_facts(&value, &id));
                }
                surveyed.is_namespace = alone;
            }
            ("", "Service") => surveyed.services.push(ServiceFacts {
                location: Some(location()),
                ..service_facts(&value, &id, id.namespace.as_deref())
            }),
            ("networking.k8s.io", "NetworkPolicy") => {
                surveyed.named.push((id.clone(), name_span()));
                surveyed.policies.push(PolicyFacts {
                    namespace: id.namespace.clone(),
                    id,
                    value,
                    location: location(),
                });
            }
            ("", "ConfigMap") => surveyed.named.push((id, name_span())),
            _ if is_other_policy(&id.gvk) && !parsed.is_local(object) => {
                surveyed.other_policies.extend(OtherPolicy::of(&id, id.namespace.as_deref(), location()));
            }
            _ if workloads.find(&id.gvk).is_some() || !container_lists(&value).is_empty() => surveyed.relevant = true,
            _ => surveyed.routes.extend(route_facts(&value, &id, id.namespace.as_deref(), location())),
        }
    }
    surveyed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::RouteKind;
    use crate::stream::frame;

    #[test]
    fn keeps_routes_and_policies_of_others_with_their_places() {
        let text = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: v1
kind: List
items:
- apiVersion: gateway.networking.k8s.io/v1
  kind: HTTPRoute
  metadata: {name: api}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: wide}
  spec: {podSelector: {}, ingress: [{}]}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: default-deny, labels: {floe.dev/component: network-security}}
---
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: r}
";
        let survey = Survey::take(&frame(text), &Workloads::new(&[]), "summary").unwrap();
        let routes: Vec<_> = survey.documents.iter().flat_map(|it| &it.routes).collect();
        let shown: Vec<_> = routes.iter().map(|it| (it.kind, it.location.document, it.namespace.as_deref())).collect();
        assert_eq!(
            shown,
            [
                (RouteKind::Ingress, 0, Some("shop")),
                (RouteKind::GatewayRoute, 1, None),
                (RouteKind::OpenShiftRoute, 2, None)
            ]
        );
        let policies: Vec<_> = survey.documents.iter().flat_map(|it| &it.policies).collect();
        assert_eq!(policies.len(), 1, "floe's own is not among them");
        let location = &policies[0].location;
        assert_eq!((location.document, location.path.to_string().as_str()), (1, "items[1].metadata.name"));
        assert_eq!(text.get(location.span.unwrap().range()), Some("wide"));
        assert!(policies[0].value.pointer("/spec/ingress").is_some());
    }
}
