//! Named ports that no pod resolves, as `floe network validate` judges them.

use super::draft::Draft;
use super::model::Model;
use crate::cni::Profile;
use crate::network_policy::{Subject, Surroundings, unresolved_named_ports};
use crate::reachability::IpBlockReach;

pub(super) fn check(model: &Model<'_>, plugin: Option<&'static Profile>) -> Vec<Draft> {
    let network = &model.config.network;
    // Without the pods that are made up: only those of the input have ports.
    let world = model.snapshot.world(IpBlockReach::PodsToo, &network.cluster_cidrs);
    let surroundings = Surroundings { world: &world, services: &model.snapshot.services, dns: &network.dns, plugin };
    let mut found = Vec::new();
    for (position, policy) in model.snapshot.policies.iter().enumerate() {
        let subject = Subject { value: &policy.facts.value, policy: &policy.policy };
        found.extend(unresolved_named_ports(&subject, &surroundings).into_iter().map(|lint| Draft {
            namespace: Some(policy.policy.namespace.clone()),
            severity: lint.severity,
            check: lint.check,
            message: lint.message,
            help: lint.help,
            place: model.place(position, lint.path),
        }));
    }
    found
}
