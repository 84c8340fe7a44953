//! Why a connection is made or not: each side, its policies and their rules.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use super::endpoint::find_workloads;
use super::endpoint::workloads;
use super::{Endpoint, EndpointKind, NoSuchWorkload, Passing, service, world_with};
use crate::config::Config;
use crate::finding::Location;
use crate::object::{OtherPolicy, PodFacts, Protocol, ServiceFacts, incomplete};
use crate::reachability::{Direction, Exception, IpBlockReach, Party, PortSet, World};
use crate::snapshot::{Origin, Snapshot, locate_all};
use crate::stream::Stream;
use crate::text::excerpt;
use crate::yaml::FieldPath;

/// Pairs of pods that are looked at when the pods of workloads differ.
const MOST_PAIRS: usize = 256;

/// What is asked about two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionQuery {
    /// All that may pass.
    Everything,
    /// One port of the destination.
    Port(Protocol, u16),
}

impl fmt::Display for ConnectionQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::Port(protocol, port) => write!(f, "{protocol} {port}"),
        }
    }
}

/// Why nothing can be said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TraceError {
    /// Neither an address nor a name with a namespace.
    #[error("`{0}` is neither an address nor `NAMESPACE/NAME`")]
    NoEnd(String),
    /// No workload has the name, and no Service.
    #[error(transparent)]
    NoSuchWorkload(#[from] NoSuchWorkload),
    /// No Service has the name.
    #[error("the input has no Service `{0}`")]
    NoSuchService(String),
    /// Workloads of several kinds have the name.
    #[error("`{name}` may be {}", .candidates.join(" or "))]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// What it may be.
        candidates: Vec<String>,
    },
    /// Both ends are addresses: no policy looks at that.
    #[error("both ends are addresses outside the cluster, so no policy applies")]
    NoPod,
    /// The Service does not have the port.
    #[error("the Service `{service}` has no port {wanted}; it has {offered}")]
    NoServicePort {
        /// The Service.
        service: String,
        /// What was asked for.
        wanted: ConnectionQuery,
        /// Its ports.
        offered: String,
    },
    /// The Service leads to no pod of the input.
    #[error("the Service `{0}` leads to no pod of the input")]
    NoBackend(String),
}

/// A Service on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// `namespace/name`.
    pub service: String,
    /// Its own port; absent where clients connect to the pods themselves (a headless Service).
    pub port: Option<u16>,
}

/// Why a connection between two ends is made or not. By `ipBlock` = outside only, unless a field says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Who opens it: as lines write it, or an address.
    pub source: String,
    /// Who accepts it.
    pub destination: String,
    /// The Service that leads there.
    pub via: Option<Via>,
    /// What is asked, in ports of pods.
    pub question: ConnectionQuery,
    /// What passes.
    pub passing: Passing,
    /// What passes where `ipBlock` matches pods.
    pub with_pods: Passing,
    /// The source's side.
    pub egress: SideTrace,
    /// The destination's side.
    pub ingress: SideTrace,
    /// Policies of other APIs may decide otherwise.
    pub is_incomplete: bool,
    /// What the API leaves open, and what policies do not decide.
    pub caveats: Vec<String>,
}

impl Trace {
    /// Whether what is asked passes on every plugin: all of it may be something, one port is that port.
    pub fn is_allowed(&self) -> bool {
        self.answers(&self.passing.ports)
    }

    /// Whether plugins disagree.
    pub fn depends_on_cni(&self) -> bool {
        match self.question {
            ConnectionQuery::Everything => self.passing != self.with_pods,
            ConnectionQuery::Port(..) => self.is_allowed() != self.answers(&self.with_pods.ports),
        }
    }

    fn answers(&self, ports: &PortSet) -> bool {
        self.question.is_met_by(ports)
    }
}

impl ConnectionQuery {
    fn is_met_by(self, ports: &PortSet) -> bool {
        match self {
            Self::Everything => !ports.is_empty(),
            Self::Port(protocol, port) => ports.contains(protocol, port),
        }
    }
}

/// One side of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SideTrace {
    /// Not a pod: no policy applies.
    Outside,
    /// No policy isolates the pod in this direction.
    NotIsolated,
    /// Policies isolate it, and their rules decide.
    Isolated(Vec<PolicyTrace>),
}

/// A policy that isolates one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyTrace {
    /// `namespace/name`.
    pub name: String,
    /// Where it says which pods it selects.
    pub location: Option<Location>,
    /// Its rules in the direction, in order.
    pub rules: Vec<RuleTrace>,
    /// Its position in [`Snapshot::policies`].
    policy: usize,
}

/// A rule of such a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTrace {
    /// Its field: `spec.ingress[0]`.
    pub path: FieldPath,
    /// Where it stands.
    pub location: Option<Location>,
    /// The far end is among its peers.
    pub peer_matches: bool,
    /// The same where `ipBlock` matches pods.
    pub peer_matches_with_pods: bool,
    /// Its ports at the destination.
    pub ports: Passing,
    /// What is asked is among its ports.
    pub port_matches: bool,
}

impl RuleTrace {
    /// Whether it lets what is asked pass.
    pub const fn allows(&self) -> bool {
        self.peer_matches && self.port_matches
    }

    /// Whether it does so only where `ipBlock` matches pods.
    pub const fn allows_on_some(&self) -> bool {
        !self.peer_matches && self.peer_matches_with_pods && self.port_matches
    }

    /// How many of its two conditions are met.
    pub fn nearness(&self) -> usize {
        usize::from(self.peer_matches) * 2 + usize::from(self.port_matches)
    }
}

/// An end before a pod of it is chosen.
struct Candidate {
    name: String,
    parties: Vec<Party>,
    is_host_network: bool,
    via: Option<Via>,
    question: ConnectionQuery,
}

impl Candidate {
    /// Whether it is a pod rather than a workload, which may have several like it.
    fn is_one_pod(&self) -> bool {
        self.parties.len() == 1 && self.name.ends_with("[Pod]")
    }
}

/// Says why what is asked passes or not between two ends: `namespace/name`, `namespace/name[Kind]` or an address. A
/// destination may be a Service; then there is an answer for each workload and port behind it. A name that a workload
/// has as well means the Service where a port is asked that the Service has: that is what a client connects to.
pub fn trace(
    streams: &[Stream<'_>],
    snapshot: &Snapshot,
    config: &Config,
    ends: (&str, &str),
    question: ConnectionQuery,
) -> Result<Vec<Trace>, TraceError> {
    let known = workloads(snapshot);
    let source = find_end(snapshot, &known, ends.0, question)?;
    let (destinations, caveat) = destinations(snapshot, &known, ends.1, question)?;
    let world = world_with(snapshot, config, IpBlockReach::OutsideOnly, &[]);
    let tracer = Tracer { snapshot, with_pods: world.reading(IpBlockReach::PodsToo), world };
    let found = destinations.iter().map(|destination| tracer.trace(&source, destination));
    let mut found = found.collect::<Result<Vec<Trace>, TraceError>>()?;
    for trace in &mut found {
        trace.caveats.extend(caveat.clone());
    }
    fill_in_places(&mut found, streams, snapshot);
    Ok(found)
}

/// What a name means as a destination, and what should be said where it means two things.
fn destinations(
    snapshot: &Snapshot,
    known: &[Endpoint],
    wanted: &str,
    question: ConnectionQuery,
) -> Result<(Vec<Candidate>, Option<String>), TraceError> {
    let (name, must_be_service) = match wanted.strip_suffix("[Service]") {
        Some(name) => (name, true),
        None => (wanted, false),
    };
    let service = named_service(snapshot, name);
    let workload = if must_be_service { None } else { Some(find_end(snapshot, known, wanted, question)) };
    let offers = |service: &ServiceFacts| match question {
        ConnectionQuery::Everything => false,
        ConnectionQuery::Port(protocol, port) => {
            service.ports.iter().any(|it| !service.headless && (it.protocol, it.port) == (protocol, port))
        }
    };
    match (workload, service) {
        (None, None) => Err(TraceError::NoSuchService(excerpt(name))),
        (Some(Err(TraceError::NoSuchWorkload(_))) | None, Some(service)) => {
            Ok((backends(snapshot, known, service, name, question)?, None))
        }
        (Some(Ok(workload)), Some(service)) if offers(service) => {
            let behind = backends(snapshot, known, service, name, question);
            let is_same = |it: &Candidate| it.question == question && it.parties == workload.parties;
            match behind {
                Ok(behind) if behind.len() == 1 && behind.iter().all(is_same) => Ok((vec![workload], None)),
                Ok(behind) => {
                    let caveat = format!(
                        "`{name}` is a Service with {question}, and a workload: this is about the Service; `{}` is the workload",
                        workload.name
                    );
                    Ok((behind, Some(caveat)))
                }
                Err(error) => {
                    let caveat = format!("`{name}` is a Service as well, which this is not about: {error}");
                    Ok((vec![workload], Some(caveat)))
                }
            }
        }
        (Some(Err(TraceError::Ambiguous { .. })), Some(service)) if offers(service) => {
            let caveat =
                format!("`{name}` is a Service with {question}, and several workloads: this is about the Service");
            Ok((backends(snapshot, known, service, name, question)?, Some(caveat)))
        }
        (Some(workload), _) => Ok((vec![workload?], None)),
    }
}

/// Finds where policies and their rules stand: all of them at once, because one document may hold thousands.
fn fill_in_places(traces: &mut [Trace], streams: &[Stream<'_>], snapshot: &Snapshot) {
    let selector = FieldPath::of_keys(["spec", "podSelector"]);
    let sides = traces.iter_mut().flat_map(|trace| [&mut trace.egress, &mut trace.ingress]);
    let policies = sides.filter_map(|side| match side {
        SideTrace::Isolated(policies) => Some(policies),
        SideTrace::Outside | SideTrace::NotIsolated => None,
    });
    let mut places: Vec<(&Origin, FieldPath, &mut Option<Location>)> = Vec::new();
    for policy in policies.flatten() {
        let Some(found) = snapshot.policies.get(policy.policy) else { continue };
        places.push((&found.origin, selector.clone(), &mut policy.location));
        places.extend(policy.rules.iter_mut().map(|rule| (&found.origin, rule.path.clone(), &mut rule.location)));
    }
    let wanted: Vec<(&Origin, &FieldPath)> = places.iter().map(|(origin, path, _)| (*origin, path)).collect();
    let located = locate_all(streams, &wanted);
    for ((_, _, place), location) in places.into_iter().zip(located) {
        *place = location;
    }
}

fn find_end(
    snapshot: &Snapshot,
    known: &[Endpoint],
    wanted: &str,
    question: ConnectionQuery,
) -> Result<Candidate, TraceError> {
    if let Ok(address) = wanted.parse::<IpAddr>() {
        let holder = snapshot.pods.iter().position(|pod| pod.facts.addresses.contains(&address));
        let is_of = |pods: &[usize]| holder.is_some_and(|pod| pods.contains(&pod));
        let of = |it: &&Endpoint| matches!(&it.kind, EndpointKind::Workload { pods, .. } if is_of(pods));
        let party = holder.map_or(Party::Address(address), Party::Pod);
        let is_host_network = holder.and_then(|pod| snapshot.pods.get(pod)).is_some_and(|pod| pod.facts.host_network);
        let name = known.iter().find(of).map_or_else(|| address.to_string(), |it| format!("{} ({address})", it.name));
        return Ok(Candidate { name, parties: vec![party], is_host_network, via: None, question });
    }
    if !wanted.contains('/') {
        return Err(TraceError::NoEnd(excerpt(wanted)));
    }
    let found = find_workloads(known, wanted)?;
    let candidates: Vec<&Endpoint> = found.iter().filter_map(|&index| known.get(index)).collect();
    match candidates.as_slice() {
        [Endpoint { name, kind: EndpointKind::Workload { pods, host_network, .. } }] => Ok(Candidate {
            name: name.clone(),
            parties: pods.iter().map(|&pod| Party::Pod(pod)).collect(),
            is_host_network: *host_network,
            via: None,
            question,
        }),
        several => Err(TraceError::Ambiguous {
            name: excerpt(wanted),
            candidates: several.iter().map(|it| format!("`{}`", it.name)).collect(),
        }),
    }
}

fn named_service<'s>(snapshot: &'s Snapshot, wanted: &str) -> Option<&'s ServiceFacts> {
    let (namespace, name) = wanted.split_once('/')?;
    ServiceFacts::find(&snapshot.services, namespace, name)
}

/// The workloads behind a Service, each with its port.
fn backends(
    snapshot: &Snapshot,
    known: &[Endpoint],
    service: &ServiceFacts,
    name: &str,
    question: ConnectionQuery,
) -> Result<Vec<Candidate>, TraceError> {
    let is_wanted = |protocol, port| match question {
        ConnectionQuery::Everything => true,
        ConnectionQuery::Port(wanted, number) => (wanted, number) == (protocol, port),
    };
    let offered: Vec<_> = service.ports.iter().filter(|it| is_wanted(it.protocol, it.port)).collect();
    if offered.is_empty() && !service.headless {
        let all: Vec<String> = service.ports.iter().map(|it| format!("{} {}", it.protocol, it.port)).collect();
        let all = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
        return Err(TraceError::NoServicePort { service: name.to_owned(), wanted: question, offered: all });
    }
    // By workload, port of the Service and port of the pods: a name may mean different ports on different pods.
    let mut found: BTreeMap<(usize, Option<u16>, Protocol, u16), Vec<usize>> = BTreeMap::new();
    for (index, pod) in service::selected(snapshot, service) {
        let is_owner = |it: &Endpoint| matches!(&it.kind, EndpointKind::Workload { pods, .. } if pods.contains(&index));
        let Some(owner) = known.iter().position(is_owner) else { continue };
        let mut add = |via, (protocol, port)| found.entry((owner, via, protocol, port)).or_default().push(index);
        match question {
            ConnectionQuery::Port(protocol, port) if service.headless => add(None, (protocol, port)),
            _ => {
                for &port in &offered {
                    let target = port.target_on(&pod.facts).map(|target| (port.protocol, target));
                    let via = (!service.headless).then_some(port.port);
                    if let Some(target) = target {
                        add(via, target);
                    }
                }
            }
        }
    }
    if found.is_empty() {
        return Err(TraceError::NoBackend(name.to_owned()));
    }
    let candidate = |((owner, port, protocol, number), pods): ((usize, _, _, _), Vec<usize>)| {
        let owner = known.get(owner)?;
        Some(Candidate {
            name: owner.name.clone(),
            parties: pods.into_iter().map(Party::Pod).collect(),
            is_host_network: owner.is_host_network(),
            via: Some(Via { service: name.to_owned(), port }),
            question: ConnectionQuery::Port(protocol, number),
        })
    };
    Ok(found.into_iter().filter_map(candidate).collect())
}

struct Tracer<'s> {
    snapshot: &'s Snapshot,
    world: World,
    with_pods: World,
}

impl Tracer<'_> {
    fn trace(&self, source: &Candidate, destination: &Candidate) -> Result<Trace, TraceError> {
        let question = destination.question;
        let is_outside = |it: &Candidate| it.parties.iter().all(|party| matches!(party, Party::Address(_)));
        if is_outside(source) && is_outside(destination) {
            return Err(TraceError::NoPod);
        }
        let (world, with_pods) = (&self.world, &self.with_pods);
        let pairs = self.pairs(source, destination);
        let is_self = |from: Party, to: Party| from == to && source.is_one_pod();
        let between = |world: &World, from, to| {
            let is_from_node = world.exception(from, to) == Some(Exception::OwnNode);
            if is_self(from, to) || is_from_node { world.connections(from, to) } else { between(world, from, to) }
        };
        let passes = |&(from, to): &(Party, Party)| question.is_met_by(&between(world, from, to));
        let passing_pairs = pairs.iter().filter(|pair| passes(pair)).count();
        let chosen = pairs.iter().find(|pair| passes(pair)).or(pairs.first()).copied();
        let (from, to) = chosen.ok_or(TraceError::NoPod)?;

        let mut caveats = Vec::new();
        if passing_pairs > 0 && passing_pairs < pairs.len() {
            caveats.push(format!(
                "the pods differ in labels or ports: {passing_pairs} of {} pairs may connect; the reasons are those of one of these",
                pairs.len()
            ));
        }
        for end in [source, destination].into_iter().filter(|it| it.is_host_network) {
            caveats.push(format!("undefined: {} has {}", end.name, super::HOST_NETWORK));
        }
        if is_self(from, to) {
            caveats.push("a pod may always talk to itself, whatever the rules below say".to_owned());
        } else if from == to {
            caveats.push(format!("a pod of {} may always talk to itself; this is about two of its pods", source.name));
        }
        if world.exception(from, to) == Some(Exception::OwnNode) {
            caveats.push(format!(
                "{} is the node that {} runs on: policies do not keep it out",
                source.name, destination.name
            ));
        } else if is_outside(source) {
            caveats.push(format!(
                "if {} is the node that a pod of {} runs on, policies do not keep it out",
                source.name, destination.name
            ));
        }
        let others = self.others(from, to);
        Ok(Trace {
            source: source.name.clone(),
            destination: destination.name.clone(),
            via: destination.via.clone(),
            question,
            passing: Passing::of(between(world, from, to)),
            with_pods: Passing::of(between(with_pods, from, to)),
            egress: self.side(Direction::Egress, from, to, question),
            ingress: self.side(Direction::Ingress, from, to, question),
            is_incomplete: others.is_some(),
            caveats: others.into_iter().chain(caveats).collect(),
        })
    }

    /// What to say of policies of other APIs that may touch one of two parties.
    fn others(&self, from: Party, to: Party) -> Option<String> {
        let namespaces: Vec<&str> = [from, to].into_iter().filter_map(|it| Some(&*self.facts(it)?.namespace)).collect();
        let touches = |it: &&OtherPolicy| namespaces.iter().any(|namespace| it.may_touch(namespace));
        incomplete(self.snapshot.other_policies.iter().filter(touches))
    }

    /// Pairs of pods, one for each way in which the pods of a workload differ.
    fn pairs(&self, source: &Candidate, destination: &Candidate) -> Vec<(Party, Party)> {
        let different = |candidate: &Candidate| {
            let mut kept: Vec<(Party, Option<&PodFacts>)> = Vec::new();
            for &party in &candidate.parties {
                let facts = self.facts(party);
                let alike =
                    |other: &PodFacts| facts.is_some_and(|it| (&it.labels, &it.ports) == (&other.labels, &other.ports));
                if !kept.iter().any(|(_, other)| other.is_some_and(alike)) {
                    kept.push((party, facts));
                }
            }
            kept.into_iter().map(|(party, _)| party).collect::<Vec<Party>>()
        };
        let destinations = different(destination);
        let pairs = different(source).into_iter().flat_map(|from| destinations.iter().map(move |&to| (from, to)));
        pairs.take(MOST_PAIRS).collect()
    }

    fn facts(&self, party: Party) -> Option<&PodFacts> {
        match party {
            Party::Pod(pod) => self.world.pods.get(pod),
            Party::Address(_) => None,
        }
    }

    fn side(&self, direction: Direction, from: Party, to: Party, question: ConnectionQuery) -> SideTrace {
        let near = match direction {
            Direction::Egress => from,
            Direction::Ingress => to,
        };
        let Some(pod) = self.facts(near) else { return SideTrace::Outside };
        let readings = self.world.readings(direction, from, to).zip(self.with_pods.readings(direction, from, to));
        let Some((shown, with_pods)) = readings else { return SideTrace::NotIsolated };
        let mut rules: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for both in shown.into_iter().zip(with_pods) {
            rules.entry(both.0.rule.policy).or_default().push(both);
        }
        let of_policy = |index: usize| {
            let found = self.snapshot.policies.get(index)?;
            let own = rules.get(&index).into_iter().flatten();
            let rule = |(reading, with_pods): &(crate::reachability::RuleReading, crate::reachability::RuleReading)| {
                let path = FieldPath::of_keys(["spec", direction.rules_field()]).child(reading.rule.rule);
                RuleTrace {
                    location: None,
                    path,
                    peer_matches: reading.peer_matches,
                    peer_matches_with_pods: with_pods.peer_matches,
                    port_matches: question.is_met_by(&reading.ports),
                    ports: Passing::of(reading.ports.clone()),
                }
            };
            Some(PolicyTrace {
                name: found.policy.full_name(),
                location: None,
                rules: own.map(rule).collect(),
                policy: index,
            })
        };
        SideTrace::Isolated(self.world.isolating(direction, pod).filter_map(of_policy).collect())
    }
}

/// What passes between two parties; from a pod to itself: what would pass to another pod like it.
fn between(world: &World, from: Party, to: Party) -> PortSet {
    match from {
        Party::Pod(pod) if from == to => {
            let mut twins = world.clone();
            let Some(twin) = world.pods.get(pod).cloned() else { return PortSet::default() };
            twins.pods.push(twin);
            twins.connections(from, Party::Pod(world.pods.len()))
        }
        _ => world.connections(from, to),
    }
}
