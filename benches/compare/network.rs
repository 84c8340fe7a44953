//! `floe network connections` on generated clusters: one that is large, and one that network-config-analyzer can take.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use super::Bench;
use super::measure::{Job, Sink, alternate, median, output, peak_memory};
use super::table::{Table, Target, milliseconds};

/// How large a cluster is.
#[derive(Clone, Copy)]
struct Cluster {
    namespaces: usize,
    /// In each namespace.
    pods: usize,
    /// In each namespace, at most five.
    policies: usize,
}

/// 10,000 pods, 1,000 namespaces and 5,000 policies.
const LARGE: Cluster = Cluster { namespaces: 1_000, pods: 10, policies: 5 };
/// 300 pods, 30 namespaces and 60 policies.
const SMALL: Cluster = Cluster { namespaces: 30, pods: 10, policies: 2 };
/// To try the benchmark itself.
const TINY: Cluster = Cluster { namespaces: 4, pods: 3, policies: 2 };

/// The targets of the large cluster.
const SECONDS: f64 = 5.0;
const BYTES: f64 = 2e9;

pub(crate) fn rows(bench: &Bench, table: &mut Table, quick: bool) {
    large(bench, table, if quick { TINY } else { LARGE });
    analyzer(bench, table, if quick { TINY } else { SMALL });
}

fn connections() -> Job {
    let job = Job::new(super::support::floe_path());
    ["network", "connections", "-f", "-"].into_iter().fold(job, Job::arg)
}

/// All connections of a large cluster: time and memory against fixed targets.
fn large(bench: &Bench, table: &mut Table, cluster: Cluster) {
    let input = bench.input(&format!("cluster-{}.yaml", cluster.namespaces), |file| cluster.write(file));
    let floe = connections();
    let (printed, first) = output(&floe, &input);
    let lines = memchr::memchr_iter(b'\n', &printed).count();
    drop(printed);
    let sink = Sink::File(bench.dir.join("connections"));
    let time = median(&floe, first, &input, &sink);
    let what = format!("all connections, {} into a file: {lines} lines, against {SECONDS} s", cluster.name());
    let limit = |limit: f64| Some(Target::AtMost { ratio: 1.0, aim: limit });
    let ratio = time.as_secs_f64() / SECONDS;
    table.row(&what, &input, &milliseconds(time), &format!("{SECONDS} s"), ratio, limit(0.5));
    let memory = peak_memory(&floe, &input);
    let shown = |bytes: f64| format!("{:.1} MB", bytes / 1e6);
    let what = format!("peak memory of that, against {}", shown(BYTES));
    table.row(&what, &input, &shown(memory as f64), &shown(BYTES), memory as f64 / BYTES, limit(0.5));
}

/// The same connections as network-config-analyzer finds, and how long both take.
fn analyzer(bench: &Bench, table: &mut Table, cluster: Cluster) {
    let tools =
        env::var_os("FLOE_TOOLS").map_or_else(|| super::support::project().join("tests/tools/bin"), PathBuf::from);
    let nca = tools.join("nca");
    if !nca.is_file() {
        super::support::skip("network-config-analyzer", "it is not among the tools");
        return;
    }
    let folder = bench.dir.join(format!("cluster-{}", cluster.namespaces));
    fs::create_dir_all(&folder).unwrap();
    let input = folder.join("cluster.yaml");
    let mut file = BufWriter::new(File::create(&input).unwrap());
    cluster.write(&mut file).unwrap();
    file.flush().unwrap();
    let nca = Job::new(nca).arg("--connectivity").arg("-r").arg(&folder);
    let nca = ["--output_endpoints", "pods", "-o", "txt_no_fw_rules"].into_iter().fold(nca, Job::arg);
    let floe = connections();
    let (theirs, their_first) = output(&nca, &input);
    let (ours, our_first) = output(&floe, &input);
    let (theirs, ours) = (pairs(&theirs), pairs(&ours));
    assert_eq!(ours, theirs, "pairs of pods that may talk");
    let (ours_time, theirs_time) = alternate((&floe, &nca), (our_first, their_first), &input, &Sink::Pipe);
    table.row(
        &format!("all connections, {}: {ours} pairs, against network-config-analyzer", cluster.name()),
        &input,
        &milliseconds(ours_time),
        &milliseconds(theirs_time),
        theirs_time.as_secs_f64() / ours_time.as_secs_f64(),
        Some(Target::AtLeast { ratio: 20.0, aim: 100.0 }),
    );
}

/// Lines between two pods: those with the outside are cut and written differently.
fn pairs(printed: &[u8]) -> usize {
    let is_pod = |end: &str| end.trim().starts_with("team-");
    let text = String::from_utf8_lossy(printed);
    let is_pair = |line: &&str| {
        let ends = line.split_once(" => ").and_then(|(from, rest)| Some((from, rest.split_once(" : ")?.0)));
        ends.is_some_and(|(from, to)| is_pod(from) && is_pod(to))
    };
    text.lines().filter(is_pair).count()
}

impl Cluster {
    fn name(self) -> String {
        let Self { namespaces, pods, policies } = self;
        format!("{} pods, {namespaces} namespaces, {} policies", namespaces * pods, namespaces * policies)
    }

    /// Namespaces of teams: pods talk inside their namespace and, on some ports, inside their team; some are open to a
    /// range of addresses, and some may reach the internet. The same size gives the same bytes.
    fn write(self, out: &mut impl Write) -> io::Result<()> {
        let teams = self.namespaces.div_ceil(20).max(3);
        for number in 0..self.namespaces {
            let (namespace, team) = (format!("team-{number:04}"), format!("t{}", number % teams));
            write!(
                out,
                "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}, labels: {{team: {team}}}}}\n"
            )?;
            for pod in 0..self.pods {
                let app = ["web", "api", "worker", "cache", "db"][pod % 5];
                write!(
                    out,
                    "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {app}-{pod}, namespace: {namespace}, labels: \
                     {{app: {app}, pod: {app}-{pod}}}}}\n\
                     spec: {{containers: [{{name: {app}, image: {app}, ports: [{{name: http, containerPort: \
                     {}}}]}}]}}\n",
                    8080 + pod % 3
                )?;
            }
            for policy in self.policies_of(&team, number) {
                write!(
                    out,
                    "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {}, namespace: \
                     {namespace}}}\nspec: {}\n",
                    policy.0, policy.1
                )?;
            }
        }
        Ok(())
    }

    fn policies_of(self, team: &str, number: usize) -> Vec<(&'static str, String)> {
        let members = format!("{{namespaceSelector: {{matchLabels: {{team: {team}}}}}}}");
        let web = "podSelector: {matchLabels: {app: web}}";
        let all = [
            (
                "ingress",
                format!(
                    "{{podSelector: {{}}, policyTypes: [Ingress], ingress: [{{from: [{{podSelector: {{}}}}]}}, {{from: \
                     [{members}], ports: [{{port: 8080, endPort: 8082}}]}}]}}"
                ),
            ),
            (
                "egress",
                format!(
                    "{{podSelector: {{}}, policyTypes: [Egress], egress: [{{to: [{{podSelector: {{}}}}]}}, {{to: \
                     [{members}], ports: [{{port: 8081}}, {{port: 9090, protocol: UDP}}]}}]}}"
                ),
            ),
            (
                "web-named",
                format!("{{{web}, policyTypes: [Ingress], ingress: [{{from: [{members}], ports: [{{port: http}}]}}]}}"),
            ),
            (
                "web-office",
                format!(
                    "{{{web}, policyTypes: [Ingress], ingress: [{{from: [{{ipBlock: {{cidr: 192.0.{}.0/24}}}}], ports: \
                     [{{port: 443}}]}}]}}",
                    number % 32
                ),
            ),
            (
                "web-internet",
                format!(
                    "{{{web}, policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{cidr: 0.0.0.0/0, except: \
                     [10.0.0.0/8]}}}}], ports: [{{port: 443}}]}}]}}"
                ),
            ),
        ];
        all.into_iter().take(self.policies).collect()
    }
}
