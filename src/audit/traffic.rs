//! Who reaches whom, from namespace to namespace.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rayon::prelude::*;

use super::internet::Internet;
use super::model::{Model, has_pairs};
use crate::reachability::{PortSet, Reachability, SetId, Source};
use crate::snapshot::Snapshot;

/// An end of the traffic in summary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Zone {
    /// Any pod of a namespace.
    Namespace(String),
    /// Public addresses outside the cluster: a noticeable part of them.
    Internet,
}

impl Zone {
    /// The namespace that it is.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Namespace(name) => Some(name),
            Self::Internet => None,
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.namespace().unwrap_or("internet"))
    }
}

/// What may pass from some pod of one end to some pod of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneTraffic {
    /// Who opens the connections.
    pub source: Zone,
    /// Who accepts them.
    pub destination: Zone,
    /// On which ports of the destination; never empty.
    pub ports: PortSet,
}

type Passing = BTreeMap<(Zone, Zone), BTreeSet<SetId>>;

/// What may pass, by source, then destination.
pub(super) fn traffic(model: &Model<'_>, reachability: &Reachability) -> Vec<ZoneTraffic> {
    let zones = zones(model.snapshot, reachability);
    let classes = 0..reachability.classes().len();
    let from_pods = classes.into_par_iter().map(|class| from_class(model, reachability, &zones, class));
    let from_outside: Vec<Passing> = reachability
        .sources()
        .iter()
        .enumerate()
        .filter(|(_, set)| model.internet.is_part(set))
        .map(|(at, _)| {
            let passing = reachability.from(Source::Addresses(at)).pods;
            let mut found = Passing::new();
            for (zone, set) in zones.iter().zip(passing).filter(|(_, set)| *set != SetId::NOTHING) {
                found.entry((Zone::Internet, zone.clone())).or_default().insert(set);
            }
            found
        })
        .collect();
    let mut all = Passing::new();
    for (ends, sets) in from_pods.collect::<Vec<_>>().into_iter().chain(from_outside).flatten() {
        all.entry(ends).or_default().extend(sets);
    }
    let row = |((source, destination), sets): ((Zone, Zone), BTreeSet<SetId>)| {
        let ports = sets.into_iter().fold(PortSet::default(), |all, set| all.union(&reachability.set(set)));
        ZoneTraffic { source, destination, ports }
    };
    all.into_iter().map(row).collect()
}

/// The namespace of each class.
fn zones(snapshot: &Snapshot, reachability: &Reachability) -> Vec<Zone> {
    let of_class = |class: &crate::reachability::PodClass| {
        let pod = snapshot.pods.get(class.representative());
        Zone::Namespace(pod.map(|pod| pod.facts.namespace.clone()).unwrap_or_default())
    };
    reachability.classes().iter().map(of_class).collect()
}

fn from_class(model: &Model<'_>, reachability: &Reachability, zones: &[Zone], class: usize) -> Passing {
    let connections = reachability.from(Source::Pods(class));
    let Some(own) = zones.get(class) else { return Passing::new() };
    let mut found: BTreeMap<&Zone, BTreeSet<SetId>> = BTreeMap::new();
    for (to, (zone, &set)) in zones.iter().zip(&connections.pods).enumerate() {
        if set != SetId::NOTHING && (to != class || has_pairs(model.snapshot, reachability, class)) {
            found.entry(zone).or_default().insert(set);
        }
    }
    let mut found: Passing = found.into_iter().map(|(zone, sets)| ((own.clone(), zone.clone()), sets)).collect();
    let outside = to_internet(&model.internet, reachability, &connections.addresses);
    if !outside.is_empty() {
        found.insert((own.clone(), Zone::Internet), outside);
    }
    found
}

fn to_internet(internet: &Internet, reachability: &Reachability, passing: &[SetId]) -> BTreeSet<SetId> {
    let destinations = reachability.destinations().iter().zip(passing);
    destinations.filter(|(set, id)| **id != SetId::NOTHING && internet.is_part(set)).map(|(_, id)| *id).collect()
}
