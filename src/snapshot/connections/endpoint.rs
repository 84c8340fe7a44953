use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::reachability::{AddressSet, Reachability};
use crate::snapshot::Snapshot;
use crate::text::{excerpt, nearest};

/// One end of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// As lines write it: `shop/web[Deployment]`, `10.0.0.0-10.255.255.255[External]`, `{ingress-controller}`.
    pub name: String,
    /// What it is.
    pub kind: EndpointKind,
}

/// What an end of a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointKind {
    /// The pods of a workload.
    Workload {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its kind.
        kind: String,
        /// One of its pods is in the host's network.
        host_network: bool,
        /// Its pods, by their positions in [`Snapshot::pods`].
        pods: Vec<usize>,
    },
    /// Addresses from the first to the last, outside the cluster.
    External {
        /// The first.
        first: IpAddr,
        /// The last.
        last: IpAddr,
    },
    /// Whatever carries traffic from outside to the backends of routes.
    IngressController,
}

impl Endpoint {
    pub(super) fn ingress_controller() -> Self {
        Self { name: "{ingress-controller}".to_owned(), kind: EndpointKind::IngressController }
    }

    /// Whether a pod of it is in the host's network.
    pub const fn is_host_network(&self) -> bool {
        matches!(self.kind, EndpointKind::Workload { host_network: true, .. })
    }

    /// `namespace/name`; absent for what is no workload.
    fn namespaced_name(&self) -> Option<String> {
        match &self.kind {
            EndpointKind::Workload { namespace, name, .. } => Some(format!("{namespace}/{name}")),
            EndpointKind::External { .. } | EndpointKind::IngressController => None,
        }
    }
}

/// No workload has the name that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the input has no workload `{wanted}`")]
pub struct NoSuchWorkload {
    /// What was asked for, shortened.
    pub wanted: String,
    /// The workload that was most likely meant.
    pub meant: Option<String>,
}

/// The workloads called `namespace/name` or `namespace/name[Kind]`, by their positions; never empty.
pub(super) fn find_workloads(endpoints: &[Endpoint], wanted: &str) -> Result<Vec<usize>, NoSuchWorkload> {
    let is_wanted =
        |endpoint: &Endpoint| endpoint.namespaced_name().is_some_and(|name| name == wanted || endpoint.name == wanted);
    let found: Vec<usize> = (0..).zip(endpoints).filter(|(_, it)| is_wanted(it)).map(|(index, _)| index).collect();
    if found.is_empty() {
        let names: Vec<String> = endpoints.iter().filter_map(Endpoint::namespaced_name).collect();
        let meant = nearest(wanted, names.iter().map(String::as_str)).map(str::to_owned);
        return Err(NoSuchWorkload { wanted: excerpt(wanted), meant });
    }
    Ok(found)
}

/// The workloads of a snapshot.
pub(super) fn workloads(snapshot: &Snapshot) -> Vec<Endpoint> {
    let mut found: BTreeMap<(String, String, String), (bool, Vec<usize>)> = BTreeMap::new();
    for (index, pod) in snapshot.pods.iter().enumerate() {
        let key = (shown(&pod.facts.namespace), shown(&pod.workload.name), shown(&pod.workload.gvk.kind));
        let (host_network, pods) = found.entry(key).or_default();
        *host_network |= pod.facts.host_network;
        pods.push(index);
    }
    let endpoint = |((namespace, name, kind), (host_network, pods))| Endpoint {
        name: format!("{namespace}/{name}[{kind}]"),
        kind: EndpointKind::Workload { namespace, name, kind, host_network, pods },
    };
    found.into_iter().map(endpoint).collect()
}

/// A name without characters that would break a line; the API server would not take it.
fn shown(name: &str) -> String {
    name.replace(char::is_control, "\u{fffd}")
}

/// The ranges of addresses that some policy tells apart, as sources and as destinations. Nothing tells addresses apart
/// as destinations that only ingress rules name, so the two may be cut differently.
pub(super) fn externals(reachability: &Reachability, with_ipv6: bool) -> Vec<Endpoint> {
    let ranges = reachability.destinations().iter().chain(reachability.sources()).flat_map(AddressSet::ranges);
    let wanted: BTreeSet<_> = ranges.filter(|(first, _)| with_ipv6 || first.is_ipv4()).collect();
    let endpoint = |(first, last)| Endpoint {
        name: format!("{first}-{last}[External]"),
        kind: EndpointKind::External { first, last },
    };
    wanted.into_iter().map(endpoint).collect()
}

/// Where an endpoint is among the classes of a reading.
#[derive(Debug)]
pub(super) enum EndpointClasses {
    /// The classes of its pods, each once, in order.
    Pods(Vec<usize>),
    /// The classes of its addresses where they start connections and where they accept them, if they are a range there.
    Addresses { source: Option<usize>, destination: Option<usize> },
    /// Pods of its own.
    Controller,
}

/// The class of each range of addresses.
type Ranges = BTreeMap<(IpAddr, IpAddr), usize>;

fn ranges(classes: &[AddressSet]) -> Ranges {
    let of_class =
        |(index, set): (usize, &AddressSet)| set.ranges().map(move |range| (range, index)).collect::<Vec<_>>();
    classes.iter().enumerate().flat_map(of_class).collect()
}

impl EndpointClasses {
    /// The places of endpoints.
    pub(super) fn of_all(endpoints: &[Endpoint], reachability: &Reachability) -> Vec<Self> {
        let (sources, destinations) = (ranges(reachability.sources()), ranges(reachability.destinations()));
        let place = |endpoint: &Endpoint| match &endpoint.kind {
            EndpointKind::Workload { pods, .. } => {
                let mut classes: Vec<usize> = pods.iter().filter_map(|&pod| reachability.class_of(pod)).collect();
                classes.sort_unstable();
                classes.dedup();
                Self::Pods(classes)
            }
            EndpointKind::External { first, last } => Self::Addresses {
                source: sources.get(&(*first, *last)).copied(),
                destination: destinations.get(&(*first, *last)).copied(),
            },
            EndpointKind::IngressController => Self::Controller,
        };
        endpoints.iter().map(place).collect()
    }
}
