//! What a run says of things that it does, or leaves undone, beside single fields: objects that it takes out or replaces,
//! pods that are none of its business, and labels that only look like its own.

use std::collections::BTreeMap;

use super::decide::{LEVEL_RAISED, PodCounts};
use crate::config::{Config, domain_of};
use crate::document::ParsedDocument;
use crate::finding::{CheckId, Finding, Location, Severity};
use crate::object::{COMPONENT_LABEL, ResourceId, name};
use crate::yaml::TwinKey;

/// An object carries floe's label, and is nothing that floe makes.
pub(super) const FOREIGN_MARK: CheckId = CheckId("foreign-mark");
/// Pods are in namespaces that are not managed.
pub const NAMESPACE_NOT_MANAGED: CheckId = CheckId("namespace-not-managed");
/// An object that an earlier run has added is taken out.
pub(super) const OBJECT_REMOVED: CheckId = CheckId("object-removed");
/// An object that an earlier run has added is written anew.
pub(super) const OBJECT_REPLACED: CheckId = CheckId("object-replaced");

/// A key that had to be edited is written twice in the input.
pub(super) const KEY_WRITTEN_TWICE: CheckId = CheckId("key-written-twice");

/// Whether results and summary name this too, not standard error alone: it takes away or replaces what was there.
pub(super) fn is_told(check: &str) -> bool {
    [OBJECT_REMOVED, OBJECT_REPLACED, LEVEL_RAISED].iter().any(|it| it.0 == check)
}

/// Names that a message lists.
const SHOWN: usize = 5;

/// Of an object that carries floe's label and is nothing that floe makes.
pub(super) fn marked(id: &ResourceId, at: &Location) -> Finding {
    Finding::new(Severity::Warning, FOREIGN_MARK, "this label is that of floe's objects, and the object is none")
        .at(id, at.clone())
        .help(format!("remove the label `{COMPONENT_LABEL}`; the object is taken for any other"))
}

/// Of an object that floe may have added to a namespace of which nothing in this run says that floe had to do with it.
pub(super) fn kept(id: &ResourceId, at: &Location) -> Finding {
    let message = "looks like an object that floe has added, but neither the configuration nor a summary of the input \
                   names its namespace: it stays";
    Finding::new(Severity::Warning, FOREIGN_MARK, message).at(id, at.clone()).help("remove it, or its label")
}

/// Of an object of an earlier run that is taken out.
pub(super) fn removed(id: &ResourceId, at: &Location) -> Finding {
    let message = "an earlier run has added this, and it is no longer wanted: it is removed";
    Finding::new(Severity::Warning, OBJECT_REMOVED, message)
        .at(id, at.clone())
        .help("if it is to stay, configure what it was for")
}

/// Of an object of an earlier run that is written anew.
pub(super) fn replaced(id: &ResourceId, at: &Location) -> Finding {
    let message = "an earlier run has added this, and the configuration or the input has changed: it is replaced";
    Finding::new(Severity::Info, OBJECT_REPLACED, message).at(id, at.clone())
}

/// Of a key that the input has twice, and of which the last was edited: it is the one that counts. `text` is the whole
/// input.
pub(super) fn written_twice(parsed: &ParsedDocument<'_>, text: &str, number: usize, twin: &TwinKey) -> Finding {
    let line = |offset: usize| {
        let before = text.as_bytes().get(..parsed.offset + offset).unwrap_or_default();
        memchr::memchr_iter(b'\n', before).count() + 1
    };
    let TwinKey { name, first, last } = twin;
    let message = format!(
        "`{name}` is written twice, in lines {} and {}: the last counts, and floe has changed that one",
        line(*first),
        line(*last)
    );
    let finding = Finding::new(Severity::Warning, KEY_WRITTEN_TWICE, message)
        .help("remove the first: Kustomize and Flux refuse such a document");
    let object = parsed.objects.get(number);
    let id = object.and_then(|object| parsed.id(object, &parsed.tree.value(object.node).ok()?));
    Finding { object: id, location: Some(parsed.location_of_byte(number, *last)), ..finding }
}

/// Of pods in namespaces that are not managed: they are neither hardened nor isolated.
pub(super) fn unmanaged(config: &Config, found: &BTreeMap<String, usize>, managed: PodCounts) -> Option<Finding> {
    let first = found.keys().next()?;
    let what = match found.values().sum::<usize>() {
        1 => "1 workload is left as it was, because its namespace is not managed".to_owned(),
        count => format!("{count} workloads are left as they were, because their namespaces are not managed"),
    };
    let nothing = if managed.seen == 0 { "nothing of the input is secured: " } else { "" };
    let message = format!("{nothing}{what}: {}", listed(found.keys()));
    let way_out = match found.keys().find_map(|name| Some((name, domain_of(name)?))) {
        Some((name, domain)) => format!("{name} is named like a domain: add `{{name: {domain}}}` to `domains`"),
        None if name::is_dns_label(first, 63) => {
            format!("to secure it, configure `domains: [{{name: {first}, namespace: {first}}}]`")
        }
        None => format!("`{first}` can be no name of a namespace: was a placeholder left in it?"),
    };
    let help = format!("{way_out}; managed are {}", listed(config.namespaces.iter().map(|it| &it.name)));
    Some(Finding::new(Severity::Warning, NAMESPACE_NOT_MANAGED, message).help(help))
}

/// Of a namespace that is named like a domain, and that the configuration does not list.
pub fn unlisted_domain(config: &Config, name: &str) -> Option<Finding> {
    let domain = domain_of(name).filter(|_| config.managed(name).is_none())?;
    let message = format!("{name} is named like a domain, and `domains` does not list it: nothing protects its pods");
    let help = format!("add `{{name: {domain}}}` to `domains`; or delete the namespace if it has retired");
    Some(Finding::new(Severity::Warning, NAMESPACE_NOT_MANAGED, message).help(help))
}

fn listed<'n>(names: impl ExactSizeIterator<Item = &'n String>) -> String {
    let more = names.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = names.take(SHOWN).cloned().collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}
