//! Policies that the configuration wants against those that are there (SC-008).

use super::draft::{Draft, Place};
use super::model::Model;
use crate::document::Error;
use crate::plan::unlisted_domain;
use crate::verdict::{Difference, Expected, is_ours, is_retired};
use crate::yaml::FieldPath;

/// Namespaces that are named like domains, and that the configuration does not list: nothing of floe's protects them.
pub(super) fn unlisted_domains(model: &Model<'_>) -> Vec<Draft> {
    let names = model.namespaces.keys().map(String::as_str);
    let unlisted = names.filter_map(|name| Some((name, unlisted_domain(model.config, name)?)));
    unlisted
        .map(|(name, finding)| Draft {
            namespace: Some(name.to_owned()),
            severity: finding.severity,
            check: finding.check,
            message: finding.message,
            help: finding.help.unwrap_or_default(),
            place: model.place_of_namespace(name),
        })
        .collect()
}

pub(super) fn check(model: &Model<'_>) -> Result<Vec<Draft>, Error> {
    let expected = Expected::of(model.config, model.snapshot)?;
    let mut found = Vec::new();
    for deviation in expected.deviations(model.config, model.snapshot) {
        let there = deviation.there.and_then(|at| Some((at, model.snapshot.policies.get(at)?)));
        // In a cluster there may be installations of floe that this configuration does not speak of, and
        // namespaces that have left it.
        let is_of_others =
            there.is_some_and(|(_, policy)| !is_ours(model.config, policy) || is_retired(model.config, policy));
        if deviation.difference == Difference::Extra && is_of_others {
            continue;
        }
        let place = match there {
            Some((at, _)) => model.place(at, FieldPath::of_keys(["metadata", "name"])),
            None => model.place_of_namespace(&deviation.namespace),
        };
        let finding = deviation.finding();
        found.push(Draft {
            namespace: Some(deviation.namespace),
            severity: finding.severity,
            check: finding.check,
            message: finding.message,
            help: finding.help.unwrap_or_default(),
            place,
        });
    }
    found.extend(expected.foreign.into_iter().filter_map(|finding| {
        let object = finding.object?;
        Some(Draft {
            namespace: object.namespace.clone(),
            severity: finding.severity,
            check: finding.check,
            message: finding.message,
            help: finding.help.unwrap_or_default(),
            place: Place::Known(Some(object), finding.location?),
        })
    }));
    Ok(found)
}
