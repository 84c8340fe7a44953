//! Runs programs with a file as standard input, and measures their time and memory.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program and its arguments.
pub(crate) struct Job {
    program: OsString,
    arguments: Vec<OsString>,
    code: i32,
}

impl Job {
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), code: 0 }
    }

    #[must_use]
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// The exit code of a run that went well, where that is not 0.
    #[must_use]
    pub(crate) fn exits_with(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    fn start(&self, input: &Path, stdout: Stdio) -> Child {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(File::open(input).unwrap()).stdout(stdout);
        command.env_remove("FLOE_CONFIG").env_remove("FLOE_NAMESPACE").env_remove("ARGOCD_APP_NAMESPACE");
        // What a program says of itself is not measured, and is in the way of the table.
        command.stderr(Stdio::null());
        command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()))
    }

    fn finish(&self, mut child: Child) {
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(self.code), "{} {:?}: {status}", self.program.display(), self.arguments);
    }
}

/// Where a program's output goes.
pub(crate) enum Sink {
    /// A pipe that is drained as fast as it fills.
    Pipe,
    /// A file, written anew each time.
    File(PathBuf),
}

/// What a program prints, and the time it takes.
pub(crate) fn output(job: &Job, input: &Path) -> (Vec<u8>, Duration) {
    let begin = Instant::now();
    let mut child = job.start(input, Stdio::piped());
    let mut printed = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut printed).unwrap();
    job.finish(child);
    (printed, begin.elapsed())
}

/// Time from start to end of one run.
fn run(job: &Job, input: &Path, sink: &Sink) -> Duration {
    let mut buffer = vec![0; 1 << 18];
    let stdout = match sink {
        Sink::Pipe => Stdio::piped(),
        Sink::File(path) => Stdio::from(File::create(path).unwrap()),
    };
    let begin = Instant::now();
    let mut child = job.start(input, stdout);
    if let Some(mut stdout) = child.stdout.take() {
        while stdout.read(&mut buffer).unwrap() > 0 {}
    }
    job.finish(child);
    begin.elapsed()
}

/// The median; zero of no times.
fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// How often to run again what takes this long: short runs scatter, long ones cost.
fn runs_for(time: Duration) -> usize {
    match time.as_millis() {
        0..500 => 15,
        500..5_000 => 5,
        5_000..20_000 => 3,
        _ => 0,
    }
}

/// Medians of two programs on one input, each with its number of runs. The runs alternate, so that a disturbance of the
/// machine meets both.
pub(crate) fn medians(jobs: (&Job, &Job), runs: (usize, usize), input: &Path, sink: &Sink) -> (Duration, Duration) {
    let mut times = (Vec::new(), Vec::new());
    for round in 0..runs.0.max(runs.1) {
        if round < runs.0 {
            times.0.push(run(jobs.0, input, sink));
        }
        if round < runs.1 {
            times.1.push(run(jobs.1, input, sink));
        }
    }
    (middle(times.0), middle(times.1))
}

/// As [`medians`], after a first run of each that filled the caches and says how many more there may be. What took too
/// long for another run is represented by its first.
pub(crate) fn alternate(
    jobs: (&Job, &Job),
    first: (Duration, Duration),
    input: &Path,
    sink: &Sink,
) -> (Duration, Duration) {
    let runs = (runs_for(first.0), runs_for(first.1));
    let times = medians(jobs, runs, input, sink);
    (if runs.0 == 0 { first.0 } else { times.0 }, if runs.1 == 0 { first.1 } else { times.1 })
}

/// Median of one program after its first run.
pub(crate) fn median(job: &Job, first: Duration, input: &Path, sink: &Sink) -> Duration {
    match runs_for(first) {
        0 => first,
        runs => middle((0..runs).map(|_| run(job, input, sink)).collect()),
    }
}

/// Peak resident memory of one run, in bytes.
///
/// The kernel keeps the peak of a live process. The last sample is taken while the program still has up to a pipe's
/// worth of its output to write, so only what it would allocate after that is missed.
pub(crate) fn peak_memory(job: &Job, input: &Path) -> u64 {
    let mut child = job.start(input, Stdio::piped());
    let mut stdout = child.stdout.take().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut buffer = vec![0; 1 << 16];
    let mut peak = 0;
    while stdout.read(&mut buffer).unwrap() > 0 {
        peak = peak.max(high_water_mark(&fs::read_to_string(&status).unwrap()).unwrap_or(0));
    }
    job.finish(child);
    assert!(peak > 0, "no memory reading of {}", job.program.display());
    peak
}

/// `VmHWM` of a process status, in bytes; absent once the process has ended.
fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
