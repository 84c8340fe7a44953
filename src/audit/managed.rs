//! Policies that the configuration wants against those that are there (SC-008).

use std::collections::BTreeMap;

use super::draft::{Draft, Place};
use super::model::Model;
use crate::document::Error;
use crate::finding::Severity;
use crate::network_policy::NetworkPolicy;
use crate::plan::{POLICY_UNREADABLE, POLICY_WIDENS, generate};
use crate::reachability::Policy;
use crate::verdict::{POLICY_CHANGED, POLICY_MISSING};
use crate::yaml::FieldPath;

pub(super) fn check(model: &Model<'_>) -> Result<Vec<Draft>, Error> {
    let generated = generate(model.config, &model.snapshot.inventory())?;
    let there: BTreeMap<(&str, &str), usize> = model
        .snapshot
        .policies
        .iter()
        .enumerate()
        .map(|(at, it)| ((it.policy.namespace.as_str(), it.policy.name.as_str()), at))
        .collect();
    let mut found: Vec<Draft> = generated
        .policies
        .iter()
        .filter_map(|wanted| match there.get(&(wanted.namespace.as_str(), wanted.name.as_str())) {
            None => Some(missing(model, wanted)),
            Some(&at) => changed(model, wanted, at),
        })
        .collect();
    let widening =
        generated.flows.findings.into_iter().filter(|it| [POLICY_WIDENS, POLICY_UNREADABLE].contains(&it.check));
    found.extend(widening.filter_map(|finding| {
        let object = finding.object?;
        Some(Draft {
            namespace: object.namespace.clone(),
            severity: finding.severity,
            check: finding.check,
            message: finding.message,
            help: finding.help.unwrap_or_default(),
            place: Place::Known(object, finding.location?),
        })
    }));
    Ok(found)
}

fn missing(model: &Model<'_>, wanted: &NetworkPolicy) -> Draft {
    let NetworkPolicy { namespace, name, .. } = wanted;
    Draft {
        namespace: Some(namespace.clone()),
        severity: Severity::Error,
        check: POLICY_MISSING,
        message: format!("the configuration wants the policy {namespace}/{name}, and it is not there"),
        help: "apply what `floe network generate` writes".to_owned(),
        place: model.place_of_namespace(namespace),
    }
}

fn changed(model: &Model<'_>, wanted: &NetworkPolicy, at: usize) -> Option<Draft> {
    let meaning = Policy::read(&wanted.to_value(), &wanted.namespace).ok()?;
    if model.policy(at).is_some_and(|found| found.normalized() == meaning.normalized()) {
        return None;
    }
    Some(Draft {
        namespace: Some(wanted.namespace.clone()),
        severity: Severity::Error,
        check: POLICY_CHANGED,
        message: format!("{}/{} means something else than the configuration wants", wanted.namespace, wanted.name),
        help: "`floe network diff` shows what differs; apply what `floe network generate` writes".to_owned(),
        place: model.place(at, FieldPath::of_keys(["metadata", "name"])),
    })
}
