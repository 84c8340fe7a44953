//! Who may talk to whom, by workload: what `floe network connections` writes and `floe network explain` justifies.
//!
//! Lines are worked out row by row and never all held: a cluster has millions of pairs.

mod endpoint;
mod routed;
mod rows;
mod service;
mod trace;

use rayon::prelude::*;

use super::Snapshot;
use crate::config::Config;
use crate::object::{NamespaceFacts, incomplete};
use crate::reachability::{AddressSet, IpBlockReach, Peer, Reachability, Source, World};

pub use endpoint::{Endpoint, EndpointKind, NoSuchWorkload};
use endpoint::{EndpointClasses, externals, find_workloads, workloads};
use routed::{Controllers, Routed};
pub use rows::{Connection, Passing};
pub use trace::{ConnectionQuery, PolicyTrace, RuleTrace, SideTrace, Trace, TraceError, Via, trace};

/// Why the API does not define what policies do to a workload.
pub const HOST_NETWORK: &str = "hostNetwork: true: most plugins do not apply policies to pods of the host's network, \
                                and selectors do not match them as peers; the lines treat them as ordinary pods";

/// Which reading of `ipBlock` is asked for: plugins differ on whether it matches pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readings {
    /// One of the two.
    One(IpBlockReach),
    /// Both, and where they differ.
    Both,
}

impl Readings {
    /// The word of the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One(IpBlockReach::OutsideOnly) => "no",
            Self::One(IpBlockReach::PodsToo) => "yes",
            Self::Both => "both",
        }
    }

    /// The reading that lines show.
    const fn first(self) -> IpBlockReach {
        match self {
            Self::One(reach) => reach,
            Self::Both => IpBlockReach::OutsideOnly,
        }
    }
}

/// One reading of `ipBlock`, worked out.
#[derive(Debug)]
struct Reading {
    reachability: Reachability,
    /// For each endpoint, where it is among the classes.
    places: Vec<EndpointClasses>,
}

/// All connections of a snapshot.
#[derive(Debug)]
pub struct ConnectionList {
    /// How `ipBlock` is read.
    pub readings: Readings,
    /// Workloads, ranges of addresses and the ingress controller, in the order of their names.
    pub endpoints: Vec<Endpoint>,
    /// How many pods have finished and are left out.
    pub finished: usize,
    /// What to know of policies of other APIs, which lines do not count; absent where there are none.
    pub incomplete: Option<String>,
    /// The reading that lines show.
    shown: Reading,
    /// The other reading, where both are asked for.
    other: Option<Reading>,
    routed: Vec<Routed>,
    /// For each endpoint, whether its lines are wanted.
    focus: Option<Vec<bool>>,
}

impl ConnectionList {
    /// Works out who may talk to whom.
    pub fn new(snapshot: &Snapshot, config: &Config, readings: Readings) -> Self {
        let controllers = Controllers::of(config);
        let mut world = world_with(snapshot, config, readings.first(), &controllers.namespaces());
        let first_controller = world.pods.len();
        let routed = Controllers::routed(snapshot, first_controller);
        if !routed.is_empty() {
            world.pods.extend(controllers.pods());
        }

        let reachability = Reachability::new(&world, &[]);
        let mut endpoints = workloads(snapshot);
        endpoints.extend(externals(&reachability, speaks_of_ipv6(&world)));
        if !routed.is_empty() {
            endpoints.push(Endpoint::ingress_controller());
        }
        endpoints.sort_by(|left, right| left.name.cmp(&right.name));

        let other = (readings == Readings::Both).then(|| {
            let world = world.reading(IpBlockReach::PodsToo);
            Reading::new(Reachability::new(&world, &[]), &endpoints)
        });
        let shown = Reading::new(reachability, &endpoints);
        let incomplete = incomplete(&snapshot.other_policies);
        Self { readings, endpoints, finished: snapshot.finished, incomplete, shown, other, routed, focus: None }
    }

    /// Keeps only the lines that a workload stands in: `namespace/name`, or `namespace/name[Kind]`.
    pub fn focus(&mut self, wanted: &str) -> Result<(), NoSuchWorkload> {
        let found = find_workloads(&self.endpoints, wanted)?;
        self.focus = Some((0..self.endpoints.len()).map(|index| found.contains(&index)).collect());
        Ok(())
    }

    /// Whether only some lines are wanted.
    pub const fn is_focused(&self) -> bool {
        self.focus.is_some()
    }

    /// The workloads for which the API does not define what policies do: [`HOST_NETWORK`].
    pub fn undefined(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.iter().filter(|it| it.is_host_network())
    }

    /// The workloads whose pods do not all have the same connections: a line holds what any of them has.
    pub fn differing(&self) -> Vec<&Endpoint> {
        let Reading { reachability, places } = &self.shown;
        let several = self.endpoints.iter().zip(places).filter_map(|(endpoint, place)| match place {
            EndpointClasses::Pods(classes) => match classes.as_slice() {
                [first, rest @ ..] if !rest.is_empty() => Some((endpoint, *first, rest)),
                _ => None,
            },
            EndpointClasses::Addresses { .. } | EndpointClasses::Controller => None,
        });
        let several: Vec<(&Endpoint, usize, &[usize])> = several.collect();
        if several.is_empty() {
            return Vec::new();
        }
        // As destinations, by every source there is.
        let sources = (0..reachability.classes().len()).map(Source::Pods);
        let sources = sources.chain((0..reachability.sources().len()).map(Source::Addresses)).collect::<Vec<_>>();
        let differ_to: Vec<bool> = sources
            .par_iter()
            .map(|&source| {
                let passing = reachability.from(source).pods;
                let differs = |(_, first, rest): &(&Endpoint, usize, &[usize])| {
                    rest.iter().any(|class| passing.get(*class) != passing.get(*first))
                };
                several.iter().map(differs).collect::<Vec<bool>>()
            })
            .reduce(
                || vec![false; several.len()],
                |left, right| left.iter().zip(right).map(|(a, b)| *a || b).collect(),
            );
        let differs_from = |first: usize, rest: &[usize]| {
            let all = reachability.from(Source::Pods(first));
            rest.iter().any(|&class| reachability.from(Source::Pods(class)) != all)
        };
        let found = several.into_iter().zip(differ_to);
        found
            .filter(|((_, first, rest), differ_to)| *differ_to || differs_from(*first, rest))
            .map(|((endpoint, ..), _)| endpoint)
            .collect()
    }
}

impl Reading {
    fn new(reachability: Reachability, endpoints: &[Endpoint]) -> Self {
        Self { places: EndpointClasses::of_all(endpoints, &reachability), reachability }
    }
}

/// The world of a snapshot and some namespaces that are not in it; what the snapshot says of them comes first.
fn world_with(snapshot: &Snapshot, config: &Config, reach: IpBlockReach, further: &[NamespaceFacts]) -> World {
    let pods = snapshot.pods.iter().map(|pod| pod.facts.clone()).collect();
    let policies = snapshot.policies.iter().map(|it| it.policy.clone()).collect();
    let mut namespaces = snapshot.namespaces.clone();
    let is_known = |name: &str| snapshot.namespaces.iter().any(|it| it.name == name);
    namespaces.extend(further.iter().filter(|it| !is_known(&it.name)).cloned());
    World::new(pods, &namespaces, policies, reach, &config.network.cluster_cidrs)
}

/// Every `ipBlock` of every policy, in either direction.
fn blocks(world: &World) -> impl Iterator<Item = &AddressSet> {
    let rules = world.policies.iter().flat_map(|policy| policy.egress.iter().chain(&policy.ingress).flatten());
    rules.flat_map(|rule| rule.peers.iter().flatten()).filter_map(|peer| match peer {
        Peer::Addresses(set) => Some(set),
        Peer::Pods { .. } => None,
    })
}

fn speaks_of_ipv6(world: &World) -> bool {
    let is_ipv6 = |set: &AddressSet| set.ranges().any(|(first, _)| first.is_ipv6());
    blocks(world).any(is_ipv6) || world.pods.iter().flat_map(|pod| &pod.addresses).any(std::net::IpAddr::is_ipv6)
}

#[cfg(test)]
mod tests;
