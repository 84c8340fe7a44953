//! Verdicts on pods: `floe pods check` against psajudge, which is upstream's own code with the same output for each
//! pod.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use floe::object::{GroupVersionKind, Level, Version, template_path};
use floe::pod_security::{Evaluator, Pod, message};
use serde_json::Value;

use crate::Bench;
use crate::generate;
use crate::measure::{self, Job, Sink, alternate, output};
use crate::support;
use crate::table::{Table, Target, milliseconds};

/// The policy that both judge by.
const POLICY: &str = "restricted:latest";

/// The limit for one verdict, without reading.
const VERDICT_LIMIT: f64 = 10e-6;

/// Rows on speed against upstream, on linearity, and on the verdict alone.
pub(crate) fn rows(bench: &Bench, table: &mut Table, counts: [usize; 3]) {
    if let (Some(data), Some(psajudge)) = (support::data_dir(), support::tool("psajudge")) {
        let charts = bench.charts(&data);
        let files = files(&data.join("charts"));
        let floe = files.iter().fold(check(), |job, file| job.arg("-f").arg(file));
        let psajudge = files.iter().fold(judge(psajudge), Job::arg);
        let target = Target::AtLeast { ratio: 5.0, aim: 10.0 };
        against(table, "real charts", (&floe, &psajudge), &charts, Some(target));
        verdict_alone(table, &charts);
    }
    linearity(bench, table, counts);
}

/// Prints one verdict for each pod of standard input or of its files, and exits with 1 because some are rejected.
fn check() -> Job {
    Job::new(support::floe_path())
        .arg("pods")
        .arg("check")
        .arg("--enforce")
        .arg(POLICY)
        .arg("-o")
        .arg("json")
        .exits_with(1)
}

fn judge(psajudge: PathBuf) -> Job {
    Job::new(psajudge).arg("-policy").arg(POLICY)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn against(table: &mut Table, what: &str, jobs: (&Job, &Job), input: &Path, target: Option<Target>) {
    let (ours, our_first) = output(jobs.0, input);
    let (theirs, their_first) = output(jobs.1, input);
    let pods = compare(&ours, &theirs);
    let (ours, theirs) = alternate(jobs, (our_first, their_first), input, &Sink::Pipe);
    table.row(
        &format!("verdicts on {what}, {pods} pods, against upstream's checks"),
        input,
        &milliseconds(ours),
        &milliseconds(theirs),
        theirs.as_secs_f64() / ours.as_secs_f64(),
        target,
    );
}

/// Fails unless both give the same verdict on every pod of the kinds of Kubernetes, which are all that psajudge knows.
fn compare(ours: &[u8], theirs: &[u8]) -> usize {
    let ours: Value = serde_json::from_slice(ours).unwrap();
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let verdict = |pod: &Value| (text(pod, "kind"), text(pod, "name"), pod["allowed"].as_bool(), text(pod, "message"));
    let is_core =
        |pod: &&Value| template_path(&GroupVersionKind::new(&text(pod, "apiVersion"), &text(pod, "kind"))).is_some();
    let ours: Vec<_> = ours["pods"].as_array().unwrap().iter().filter(is_core).map(verdict).collect();
    let theirs: Vec<_> = theirs.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).collect();
    let theirs: Vec<_> = theirs.into_iter().map(|line| verdict(&serde_json::from_slice(line).unwrap())).collect();
    assert!(ours == theirs, "floe and upstream differ:\n{ours:#?}\n{theirs:#?}");
    ours.len()
}

/// The verdict with its text, on templates that were read before.
fn verdict_alone(table: &mut Table, charts: &Path) {
    let objects = support::documents(&fs::read_to_string(charts).unwrap()).expect("the bench needs yamljudge");
    let templates: Vec<_> = objects
        .iter()
        .filter_map(|object| {
            let kind = GroupVersionKind::new(object["apiVersion"].as_str()?, object["kind"].as_str()?);
            object.pointer(&template_path(&kind)?.to_pointer())
        })
        .collect();
    let evaluator = Evaluator::default();
    let round = || {
        let begin = Instant::now();
        let mut written = 0;
        for template in &templates {
            let violations = evaluator.judge(Pod::new(template).unwrap(), Level::Restricted, Version::Latest);
            if !violations.is_empty() {
                written += message(Level::Restricted, Version::Latest, &violations).len();
            }
        }
        // Nothing that is used can be left out.
        assert!(written > 0);
        begin.elapsed()
    };
    // The fastest round, not the middle one: it is the one that no other program of the machine has disturbed.
    let time: Duration = (0..2_001).map(|_| round()).min().unwrap_or_default();
    let each = time.as_secs_f64() / templates.len() as f64;
    table.row(
        &format!("verdict alone, {} pods of real charts, for each", templates.len()),
        charts,
        &format!("{:.2} µs", each * 1e6),
        &format!("limit {:.0} µs", VERDICT_LIMIT * 1e6),
        each / VERDICT_LIMIT,
        Some(Target::AtMost { ratio: 1.0, aim: 0.5 }),
    );
}

/// Time for each pod must not grow with their number.
fn linearity(bench: &Bench, table: &mut Table, counts: [usize; 3]) {
    let floe = check();
    let psajudge = support::tool("psajudge").map(judge);
    let mut first = None;
    for count in counts {
        let input = bench.input(&format!("deployments-{count}.yaml"), |file| generate::deployments(file, count));
        if let Some(psajudge) = &psajudge
            && count == counts[1]
        {
            against(table, "Deployments", (&floe, psajudge), &input, None);
        }
        let (_, time) = output(&floe, &input);
        let time = measure::median(&floe, time, &input, &Sink::Pipe);
        let each = time.as_secs_f64() / count as f64;
        let baseline = *first.get_or_insert(each);
        table.row(
            &format!("verdicts on {count} pods: time for each, against {} of them", counts[0]),
            &input,
            &format!("{:.1} µs", each * 1e6),
            &format!("{:.1} µs", baseline * 1e6),
            each / baseline,
            (count != counts[0]).then_some(Target::AtMost { ratio: 1.5, aim: 1.0 }),
        );
    }
}
