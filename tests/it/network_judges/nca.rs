//! network-config-analyzer (`tests/tools/nca`): another project's reading of policies, by sets instead of queries.
//!
//! It takes half a second to start, so many worlds are given to one run as a *scheme*: a list of folders with objects
//! and a list of questions about them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use floe::object::Protocol;
use floe::reachability::{AddressSet, PortSet};
use serde_json::Value;
use tempfile::TempDir;

/// Questions about worlds, as files that the program reads.
pub(super) struct Scheme {
    folder: TempDir,
    worlds: String,
    questions: Vec<String>,
}

/// All that passes between pods, and between each pod and addresses, in canonical form.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Edges {
    /// By the names of source and destination; pairs between which nothing passes are not there.
    pub(super) pods: BTreeMap<(String, String), PortSet>,
    /// By the name of the pod, to or from it: which addresses have which connections.
    pub(super) outside: BTreeMap<(Way, String), BTreeMap<PortSet, AddressSet>>,
}

/// Which way connections between a pod and addresses go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Out,
    In,
}

impl Edges {
    /// Adds what passes between a pod and some addresses, which were not added before.
    pub(super) fn add_outside(&mut self, way: Way, pod: String, addresses: &AddressSet, ports: PortSet) {
        if !ports.is_empty() {
            let known = self.outside.entry((way, pod)).or_default().entry(ports).or_default();
            *known = known.union(addresses);
        }
    }
}

impl Scheme {
    pub(super) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), worlds: String::new(), questions: Vec::new() }
    }

    fn world(&mut self, name: &str, objects: &[&Value]) {
        let mut stream = String::new();
        for object in objects {
            writeln!(stream, "---\n{object}").unwrap();
        }
        // JSON is YAML.
        fs::write(self.folder.path().join(format!("{name}.yaml")), stream).unwrap();
        writeln!(self.worlds, "- {{name: {name}, resourceList: [{name}.yaml]}}").unwrap();
    }

    /// Asks for all connections of the next world.
    pub(super) fn ask_connections(&mut self, objects: &[&Value]) {
        let name = format!("w{}", self.questions.len());
        self.world(&name, objects);
        let output = "outputFormat: txt_no_fw_rules, outputEndpoints: pods, excludeIPv6Range: false";
        let question = format!("- {{name: {name}, connectivityMap: [{name}], outputConfiguration: {{{output}}}}}");
        self.questions.push(question);
    }

    /// Asks whether two worlds let the same pass.
    pub(super) fn ask_equivalence(&mut self, one: &[&Value], other: &[&Value]) {
        let name = format!("w{}", self.questions.len());
        let names = [format!("{name}-one"), format!("{name}-other")];
        self.world(&names[0], one);
        self.world(&names[1], other);
        self.questions.push(format!("- {{name: {name}, equivalence: [{}, {}]}}", names[0], names[1]));
    }

    /// The answers, in the order of the questions.
    pub(super) fn run(self, program: &Path) -> Vec<String> {
        let mut scheme = format!("networkConfigList:\n{}queries:\n", self.worlds);
        for question in &self.questions {
            writeln!(scheme, "{question}").unwrap();
        }
        let path = self.folder.path().join("scheme.yaml");
        fs::write(&path, scheme).unwrap();
        let output = Command::new(program).arg("--scheme").arg(&path).output().unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let answer = |number: usize| {
            let (_, answer) = stdout.split_once(&format!("Running query w{number}\n"))?;
            answer.split_once(&format!("Query w{number} finished")).map(|(answer, _)| answer.to_owned())
        };
        let answers = (0..self.questions.len()).map(|number| {
            answer(number).unwrap_or_else(|| {
                let kept = self.folder.path().display();
                panic!("nca does not answer question {number} of {kept}: {}\n{stderr}", output.status)
            })
        });
        answers.collect()
    }
}

/// Runs schemes on both cores of a small machine.
pub(super) fn run_all(schemes: Vec<Scheme>, program: &Path) -> Vec<String> {
    let mut waiting = schemes.into_iter();
    let mut answers = Vec::new();
    while let Some(one) = waiting.next() {
        let other = waiting.next();
        answers.extend(thread::scope(|scope| {
            let other = other.map(|other| scope.spawn(move || other.run(program)));
            let mut both = one.run(program);
            both.extend(other.map(|other| other.join().unwrap()).unwrap_or_default());
            both
        }));
    }
    answers
}

/// Reads `src => dst : {protocols:TCP,dst_ports:80-90}` lines. A pair may have several; addresses are a range.
pub(super) fn read_edges(answer: &str) -> Edges {
    let mut edges = Edges::default();
    let mut by_range: BTreeMap<(Way, String, String), PortSet> = BTreeMap::new();
    for line in answer.lines().filter(|line| line.contains(" => ")) {
        let (ends, connections) = line.split_once(" : ").unwrap();
        let (source, destination) = ends.split_once(" => ").unwrap();
        let set = match (range(source), range(destination)) {
            (None, None) => edges.pods.entry((source.to_owned(), destination.to_owned())).or_default(),
            (None, Some(_)) => by_range.entry((Way::Out, source.to_owned(), destination.to_owned())).or_default(),
            (Some(_), None) => by_range.entry((Way::In, destination.to_owned(), source.to_owned())).or_default(),
            (Some(_), Some(_)) => panic!("{line}"),
        };
        *set = set.union(&read_connections(connections));
    }
    for ((way, pod, addresses), ports) in by_range {
        edges.add_outside(way, pod, &range(&addresses).unwrap(), ports);
    }
    edges
}

/// `10.0.0.0-10.0.0.255`, a CIDR or one address; absent for the name of a pod.
fn range(text: &str) -> Option<AddressSet> {
    if let Some((first, last)) = text.split_once('-')
        && let (Ok(first), Ok(last)) = (first.parse(), last.parse())
    {
        return Some(AddressSet::range(first, last));
    }
    if let Ok(cidr) = text.parse::<ipnet::IpNet>() {
        return Some(AddressSet::range(cidr.network(), cidr.broadcast()));
    }
    text.parse().ok().map(|address| AddressSet::range(address, address))
}

/// `All connections`, or protocols with ports: `{protocols:TCP,dst_ports:80-90,100}`.
fn read_connections(text: &str) -> PortSet {
    if text == "All connections" {
        return PortSet::everything();
    }
    let fields = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let (mut protocols, mut ranges) = (Vec::new(), Vec::new());
    let mut key = "";
    for word in fields.unwrap_or_else(|| panic!("{text}")).split(',').map(str::trim) {
        let value = word.split_once(':').map_or(word, |(found, value)| {
            key = found;
            value
        });
        match key {
            "protocols" => protocols.push(Protocol::parse(value).unwrap_or_else(|| panic!("{text}"))),
            "dst_ports" => {
                let (first, last) = value.split_once('-').unwrap_or((value, value));
                ranges.push((first.parse::<u16>().unwrap(), last.parse::<u16>().unwrap()));
            }
            _ => panic!("{text}"),
        }
    }
    if ranges.is_empty() {
        ranges.push((1, u16::MAX));
    }
    let sets = protocols
        .iter()
        .flat_map(|&protocol| ranges.iter().map(move |&(first, last)| PortSet::range(protocol, first, last)));
    sets.fold(PortSet::default(), |all, set| all.union(&set))
}

#[test]
fn reads_connections_and_ranges() {
    let answer = "10.0.0.0-10.0.255.255 => a/p : {protocols:TCP,dst_ports:80-90,100}\n10.0.0.0-10.0.255.255 => a/p : \
 {protocols:SCTP, UDP}\na/p => b/q : All connections\na/p => ::1/128 : {protocols:UDP,dst_ports:53}\n";
    let edges = read_edges(answer);
    assert_eq!(edges.pods[&("a/p".to_owned(), "b/q".to_owned())], PortSet::everything());
    let shown: Vec<_> = edges
        .outside
        .iter()
        .flat_map(|((way, pod), sets)| sets.iter().map(move |(ports, addresses)| (way, pod, ports, addresses)))
        .map(|(way, pod, ports, addresses)| format!("{way:?} {pod} {ports} {:?}", addresses.ranges().next().unwrap()))
        .collect();
    assert_eq!(
        shown,
        ["Out a/p UDP 53 (::1, ::1)", "In a/p TCP 80-90, TCP 100, UDP 1-65535, SCTP 1-65535 (10.0.0.0, 10.0.255.255)"]
    );
}
