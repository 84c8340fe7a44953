use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use rayon::prelude::*;

use super::endpoint::EndpointClasses;
use super::{ConnectionList, Endpoint, Reading};
use crate::object::Protocol;
use crate::reachability::{Connections, PortSet, SetId, Source};

/// Sources whose lines are made together, one after the other.
const RUN: usize = 8;
/// Sources whose lines are in memory at once.
const BATCH: usize = 64;

/// What passes between two ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passing {
    /// The ports.
    pub ports: PortSet,
    /// As lines write it: `TCP 80,443`, `All Connections`, `No Connections`.
    pub text: String,
}

impl Passing {
    /// Ports with the words of a line, which are those of `netpol-analyzer`: protocols by name, ports by number; every
    /// port of every protocol is `All Connections`.
    pub fn of(ports: PortSet) -> Self {
        let text = describe(&ports);
        Self { ports, text }
    }

    /// Whether lines call it `All Connections`.
    pub fn is_all(&self) -> bool {
        is_all(&self.ports)
    }
}

fn is_all(ports: &PortSet) -> bool {
    ports.is_everything() || ports.ranges().filter(|(_, range)| range.is_full()).count() == Protocol::ALL.len()
}

fn describe(ports: &PortSet) -> String {
    if is_all(ports) {
        return "All Connections".to_owned();
    }
    if ports.is_empty() {
        return "No Connections".to_owned();
    }
    let mut ranges: Vec<_> = ports.ranges().map(|(protocol, range)| (protocol.as_str(), range)).collect();
    ranges.sort_unstable();
    let mut text = String::new();
    let mut last = "";
    for (protocol, range) in ranges {
        let separator = if last.is_empty() { "" } else { "," };
        text.push_str(separator);
        if last != protocol {
            let _ = write!(text, "{protocol} ");
        }
        let _ = write!(text, "{}", range.first);
        if range.first < range.last {
            let _ = write!(text, "-{}", range.last);
        }
        last = protocol;
    }
    text
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub struct Connection<'c> {
    /// Who opens it.
    pub source: &'c Endpoint,
    /// Who accepts it.
    pub destination: &'c Endpoint,
    /// What passes.
    pub passing: &'c Passing,
    /// What passes where `ipBlock` matches pods, if both readings are asked for and that is more: it depends on the
    /// CNI.
    pub with_pods: Option<&'c Passing>,
}

/// The words of the sets that lines need, by number, so that each is written once.
#[derive(Debug, Default)]
struct Words {
    known: HashMap<SetId, Passing>,
    /// Numbers of the other reading, as numbers of the one that is shown.
    same: HashMap<SetId, SetId>,
}

/// What passes from one source to every endpoint.
#[derive(Debug)]
struct Row {
    shown: Vec<SetId>,
    /// In the numbers of the reading that is shown.
    other: Option<Vec<SetId>>,
}

impl ConnectionList {
    /// Writes every line in order of its source, then of its destination; `line` says how.
    pub fn write_lines(
        &self,
        out: &mut dyn Write,
        line: &(dyn Fn(&Connection<'_>, &mut Vec<u8>) + Sync),
    ) -> io::Result<()> {
        let sources: Vec<usize> = (0..self.endpoints.len()).collect();
        for batch in sources.chunks(BATCH) {
            let runs = batch.par_chunks(RUN).map(|run| {
                let mut written = Vec::new();
                let mut words = Words::default();
                for &source in run {
                    self.write_row(source, &mut words, line, &mut written);
                }
                written
            });
            for written in runs.collect::<Vec<Vec<u8>>>() {
                out.write_all(&written)?;
            }
        }
        Ok(())
    }

    /// For each endpoint, whether a line has it.
    pub fn involved(&self) -> Vec<bool> {
        let sources: Vec<usize> = (0..self.endpoints.len()).collect();
        let runs = sources.par_chunks(RUN).map(|run| {
            let mut involved = vec![false; self.endpoints.len()];
            let mut words = Words::default();
            for &source in run {
                let row = self.row(source, &mut words);
                for destination in self.destinations(source) {
                    if row.is_line(destination) {
                        for end in [source, destination] {
                            if let Some(flag) = involved.get_mut(end) {
                                *flag = true;
                            }
                        }
                    }
                }
            }
            involved
        });
        let join = |left: Vec<bool>, right: Vec<bool>| left.iter().zip(right).map(|(a, b)| *a || b).collect();
        runs.reduce(|| vec![false; self.endpoints.len()], join)
    }

    fn write_row(
        &self,
        source: usize,
        words: &mut Words,
        line: &(dyn Fn(&Connection<'_>, &mut Vec<u8>) + Sync),
        written: &mut Vec<u8>,
    ) {
        let row = self.row(source, words);
        let Some(from) = self.endpoints.get(source) else { return };
        for destination in self.destinations(source).filter(|&it| row.is_line(it)) {
            let Some(to) = self.endpoints.get(destination) else { continue };
            let (shown, other) = row.cell(destination);
            for id in [Some(shown), other].into_iter().flatten() {
                words.known.entry(id).or_insert_with(|| Passing::of(self.shown.reachability.set(id)));
            }
            let Some(passing) = words.known.get(&shown) else { continue };
            let with_pods = other.filter(|&it| it != shown).and_then(|id| words.known.get(&id));
            line(&Connection { source: from, destination: to, passing, with_pods }, written);
        }
    }

    /// The endpoints that lines from a source may lead to.
    fn destinations(&self, source: usize) -> impl Iterator<Item = usize> {
        let is_focused = |index: usize| self.focus.as_ref().is_none_or(|it| it.get(index).copied().unwrap_or(false));
        let from_here = is_focused(source);
        (0..self.endpoints.len()).filter(move |&it| it != source && (from_here || is_focused(it)))
    }

    fn row(&self, source: usize, words: &mut Words) -> Row {
        let is_wanted = self.destinations(source).next().is_some();
        let of = |reading: &Reading| {
            if is_wanted { self.passing(reading, source) } else { vec![SetId::NOTHING; self.endpoints.len()] }
        };
        let shown = of(&self.shown);
        let other = self.other.as_ref().map(|other| {
            let cells = of(other).into_iter();
            let number = |id: SetId| {
                let translate = || self.shown.reachability.number(other.reachability.set(id));
                *words.same.entry(id).or_insert_with(translate)
            };
            cells.map(number).collect()
        });
        Row { shown, other }
    }

    /// What passes from one source to every endpoint, by one reading.
    fn passing(&self, reading: &Reading, source: usize) -> Vec<SetId> {
        let reachability = &reading.reachability;
        let connections: Vec<Connections> = match reading.places.get(source) {
            Some(EndpointClasses::Pods(classes)) => {
                classes.iter().map(|&class| reachability.from(Source::Pods(class))).collect()
            }
            Some(EndpointClasses::Addresses { source, .. }) => {
                source.iter().map(|&class| reachability.from(Source::Addresses(class))).collect()
            }
            Some(EndpointClasses::Controller) => return self.routed_to(reading),
            None => Vec::new(),
        };
        let cell = |place: &EndpointClasses| {
            let of_one = |connections: &Connections| match place {
                EndpointClasses::Pods(classes) => {
                    let sets = classes.iter().filter_map(|&class| connections.pods.get(class));
                    sets.fold(SetId::NOTHING, |all, &set| reachability.either(all, set))
                }
                EndpointClasses::Addresses { destination, .. } => {
                    destination.and_then(|class| connections.addresses.get(class)).copied().unwrap_or_default()
                }
                EndpointClasses::Controller => SetId::NOTHING,
            };
            connections.iter().fold(SetId::NOTHING, |all, it| reachability.either(all, of_one(it)))
        };
        reading.places.iter().map(cell).collect()
    }

    /// What passes from the ingress controller to every endpoint: what routes lead there and policies let in.
    fn routed_to(&self, reading: &Reading) -> Vec<SetId> {
        let reachability = &reading.reachability;
        let mut by_controller: HashMap<usize, Connections> = HashMap::new();
        let mut by_pod: HashMap<usize, PortSet> = HashMap::new();
        for routed in &self.routed {
            let classes = reachability.class_of(routed.controller).zip(reachability.class_of(routed.pod));
            let Some((from, to)) = classes else { continue };
            let connections = by_controller.entry(from).or_insert_with(|| reachability.from(Source::Pods(from)));
            let let_in = reachability.set(connections.pods.get(to).copied().unwrap_or_default());
            let known = by_pod.entry(routed.pod).or_default();
            *known = known.union(&let_in.intersection(&routed.ports));
        }
        let cell = |endpoint: &Endpoint| {
            let super::EndpointKind::Workload { pods, .. } = &endpoint.kind else { return SetId::NOTHING };
            let sets = pods.iter().filter_map(|pod| by_pod.get(pod));
            reachability.number(sets.fold(PortSet::default(), |all, set| all.union(set)))
        };
        self.endpoints.iter().map(cell).collect()
    }
}

impl Row {
    fn cell(&self, destination: usize) -> (SetId, Option<SetId>) {
        let at = |cells: &Vec<SetId>| cells.get(destination).copied().unwrap_or_default();
        (at(&self.shown), self.other.as_ref().map(at))
    }

    /// Whether something passes, by one reading at least.
    fn is_line(&self, destination: usize) -> bool {
        let (shown, other) = self.cell(destination);
        shown != SetId::NOTHING || other.is_some_and(|it| it != SetId::NOTHING)
    }
}
