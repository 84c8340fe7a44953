//! `make bench`: floe against kustomize, yq, cat, upstream's Pod Security checks, network-config-analyzer and kubectl
//! in one run, printed as one Markdown table. `cargo bench --bench compare -- pods start` runs these sections only; the
//! sections are those of [`SECTIONS`].
//!
//! Equal work is checked, not assumed: the output of every tool that edits Deployments is read back by the rules of
//! Kubernetes, and each Deployment must carry the same security contexts and the same volume. floe does more than that
//! in the same time: it also generates policies, Namespaces and a summary.
//!
//! Environment: `FLOE_TOOLS` (the pinned tools), `FLOE_TEST_DATA` (adds the rows on real charts), `FLOE_BIN` (another
//! binary), `FLOE_BENCH_QUICK=1` (small inputs, to try the benchmark itself).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    reason = "a benchmark reads the clock, prints, and fails loudly"
)]

#[allow(dead_code, unused_imports, reason = "the tests use the rest of it")]
#[path = "../../tests/it/cluster/mod.rs"]
mod cluster;
mod contract;
mod generate;
mod live;
mod measure;
mod network;
mod pods;
#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../../src/skipped.rs"]
mod skipped;
#[allow(dead_code, reason = "the tests use the rest of it")]
#[path = "../../tests/it/support.rs"]
mod support;
mod table;
mod validate;

use std::env;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use measure::{Job, Sink, alternate, output, peak_memory};
use table::{Table, Target, milliseconds};

/// floe's configuration: the edits that kustomize and yq make too.
const MANIFEST: &str = "\
apiVersion: floe.dev/v1
kind: Manifest
metadata: {name: bench}
security: {pod_security: {writable_paths: [/tmp]}}
domains: [{name: bench, namespace: floe-bench-domain}]
";

/// How large the inputs are.
struct Sizes {
    kustomize: &'static [usize],
    yq: &'static [usize],
    linearity: [usize; 3],
    pods: [usize; 3],
    untouched_bytes: u64,
    starts: usize,
    /// Small inputs, to try the benchmark itself.
    quick: bool,
}

const FULL: Sizes = Sizes {
    kustomize: &[250, 1_000, 4_000],
    yq: &[1_000, 4_000],
    linearity: [1_000, 8_000, 64_000],
    pods: [1_000, 10_000, 100_000],
    untouched_bytes: 200_000_000,
    starts: 200,
    quick: false,
};

const QUICK: Sizes = Sizes {
    kustomize: &[50],
    yq: &[50],
    linearity: [50, 100, 200],
    pods: [50, 100, 200],
    untouched_bytes: 2_000_000,
    starts: 20,
    quick: true,
};

/// Measures and adds rows.
type Section = fn(&Bench, &mut Table, &Sizes);

/// The parts of the benchmark, by the names that the command line takes.
const SECTIONS: [(&str, Section); 9] = [
    ("kustomize", |bench, table, sizes| bench.kustomize(table, sizes.kustomize)),
    ("yq", |bench, table, sizes| bench.yq(table, sizes.yq)),
    ("cat", |bench, table, sizes| bench.cat(table, sizes.untouched_bytes)),
    ("start", |bench, table, sizes| bench.start(table, sizes.starts)),
    ("linearity", |bench, table, sizes| bench.linearity(table, sizes.linearity)),
    ("pods", |bench, table, sizes| pods::rows(bench, table, sizes.pods)),
    ("network", |bench, table, sizes| network::rows(bench, table, sizes.quick)),
    ("validate", |bench, table, sizes| validate::rows(bench, table, sizes.quick)),
    ("cluster", |bench, table, sizes| live::rows(bench, table, sizes.quick)),
];

fn main() {
    // `cargo test --benches` starts benchmarks without this flag, only to see that they start.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let quick = env::var_os("FLOE_BENCH_QUICK").is_some_and(|value| value == "1");
    let sizes = if quick { QUICK } else { FULL };
    let chosen: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for name in &chosen {
        assert!(SECTIONS.iter().any(|(section, _)| section == name), "no section `{name}`");
    }
    let bench = Bench::new();
    let mut table = Table::default();
    for (name, section) in SECTIONS {
        if chosen.is_empty() || chosen.iter().any(|it| it == name) {
            section(&bench, &mut table, &sizes);
        }
    }
    println!("{table}");
}

/// The folder of generated inputs, on the disk of the project rather than in memory, and the binary.
struct Bench {
    dir: PathBuf,
    floe: Job,
}

impl Bench {
    fn new() -> Self {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compare");
        fs::create_dir_all(&dir).unwrap();
        let manifest = dir.join("manifest.yaml");
        fs::write(&manifest, MANIFEST).unwrap();
        let floe = Job::new(support::floe_path()).arg("--config").arg(manifest).arg("--namespace").arg("default");
        // Some of the real charts are privileged, and say so.
        let floe = floe.arg("--conflicts").arg("warn");
        Self { dir, floe }
    }

    /// Writes an input and returns its path.
    fn input(&self, name: &str, write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> PathBuf {
        let path = self.dir.join(name);
        let mut file = BufWriter::with_capacity(1 << 20, File::create(&path).unwrap());
        write(&mut file).unwrap();
        file.flush().unwrap();
        path
    }

    fn deployments(&self, count: usize) -> PathBuf {
        self.input(&format!("deployments-{count}.yaml"), |file| generate::deployments(file, count))
    }

    /// The real charts as one stream.
    fn charts(&self, data: &Path) -> PathBuf {
        let charts = self.dir.join("charts.yaml");
        fs::write(&charts, generate::concatenated(&data.join("charts"))).unwrap();
        charts
    }

    fn kustomize(&self, table: &mut Table, counts: &[usize]) {
        let Some(kustomize) = support::tool("kustomize") else { return };
        for &count in counts {
            let input = self.deployments(count);
            let root = self.dir.join(format!("kustomize-{count}"));
            fs::create_dir_all(&root).unwrap();
            fs::copy(&input, root.join("deployments.yaml")).unwrap();
            fs::write(root.join("kustomization.yaml"), contract::KUSTOMIZATION).unwrap();
            let kustomize = Job::new(kustomize.clone()).arg("build").arg(&root);
            // The target is for the largest size; the smaller ones show how the two grow.
            let target = (Some(&count) == counts.last()).then_some(Target::AtLeast { ratio: 300.0, aim: 1_000.0 });
            self.against(table, "kustomize", &kustomize, &input, count, target);
        }
    }

    fn yq(&self, table: &mut Table, counts: &[usize]) {
        let Some(yq) = support::tool("yq") else { return };
        for &count in counts {
            let input = self.deployments(count);
            let yq = Job::new(yq.clone()).arg(contract::YQ_EXPRESSION).arg("-");
            let target = (Some(&count) == counts.last()).then_some(Target::AtLeast { ratio: 10.0, aim: 30.0 });
            self.against(table, "yq", &yq, &input, count, target);
        }
    }

    /// One row: floe and a rival make the same edits on the same Deployments.
    fn against(&self, table: &mut Table, name: &str, rival: &Job, input: &Path, count: usize, target: Option<Target>) {
        let (theirs, their_first) = output(rival, input);
        contract::check(name, &theirs, count);
        let (ours, our_first) = output(&self.floe, input);
        contract::check("floe", &ours, count);
        let (ours, theirs) = alternate((&self.floe, rival), (our_first, their_first), input, &Sink::Pipe);
        table.row(
            &format!("{count} Deployments, against {name}"),
            input,
            &milliseconds(ours),
            &milliseconds(theirs),
            theirs.as_secs_f64() / ours.as_secs_f64(),
            target,
        );
    }

    fn cat(&self, table: &mut Table, untouched_bytes: u64) {
        let untouched =
            self.input(&format!("untouched-{untouched_bytes}.yaml"), |file| generate::untouched(file, untouched_bytes));
        self.against_cat(table, "untouched documents", &untouched, Some(Target::AtMost { ratio: 3.0, aim: 3.0 }));
        let memory = peak_memory(&self.floe, &untouched);
        table.memory("peak memory, untouched documents", &untouched, memory);
        if let Some(data) = support::data_dir() {
            self.against_cat(table, "real charts", &self.charts(&data), None);
        }
    }

    /// Two rows: the same bytes through floe and through cat, into a pipe and into a file on disk.
    fn against_cat(&self, table: &mut Table, what: &str, input: &Path, target: Option<Target>) {
        let cat = Job::new("cat");
        let (theirs, their_first) = output(&cat, input);
        let (ours, our_first) = output(&self.floe, input);
        contract::check_lossless(&theirs, &ours);
        drop((ours, theirs));
        for (where_to, sink) in [("a pipe", Sink::Pipe), ("a file", Sink::File(self.dir.join("sink")))] {
            let (ours, theirs) = alternate((&self.floe, &cat), (our_first, their_first), input, &sink);
            table.row(
                &format!("{what} into {where_to}, against cat"),
                input,
                &milliseconds(ours),
                &milliseconds(theirs),
                ours.as_secs_f64() / theirs.as_secs_f64(),
                target,
            );
        }
    }

    fn start(&self, table: &mut Table, runs: usize) {
        let input = self.input("one.yaml", |file| generate::deployments(file, 1));
        let nothing = Job::new("/bin/true");
        let (ours, theirs) = measure::medians((&self.floe, &nothing), (runs, runs), &input, &Sink::Pipe);
        table.row(
            "one Deployment, against /bin/true (start-up)",
            &input,
            &milliseconds(ours),
            &milliseconds(theirs),
            ours.as_secs_f64() / theirs.as_secs_f64(),
            None,
        );
    }

    /// Time for each Deployment must not grow with their number.
    fn linearity(&self, table: &mut Table, counts: [usize; 3]) {
        let mut first = None;
        for count in counts {
            let input = self.deployments(count);
            let (printed, time) = output(&self.floe, &input);
            contract::check("floe", &printed, count);
            let time = measure::median(&self.floe, time, &input, &Sink::Pipe);
            let each = time.as_secs_f64() / count as f64;
            let baseline = *first.get_or_insert(each);
            table.row(
                &format!("{count} Deployments: time for each, against {} of them", counts[0]),
                &input,
                &format!("{:.1} µs", each * 1e6),
                &format!("{:.1} µs", baseline * 1e6),
                each / baseline,
                (count != counts[0]).then_some(Target::AtMost { ratio: 1.5, aim: 1.0 }),
            );
        }
        let largest = self.deployments(counts[2]);
        let memory = peak_memory(&self.floe, &largest);
        table.memory(&format!("peak memory, {} Deployments", counts[2]), &largest, memory);
    }
}
