//! Upstream's own checks (`tests/tools/psajudge`): the same verdict and the same text, byte for byte.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;

use floe::object::{GroupVersionKind, Version, template_path};
use serde_json::Value;
use tempfile::TempDir;

use super::corpus::{Sample, chart_templates, fixtures, hardened_streams, templates};
use super::random_pods::pod;
use super::{Policy, policies};
use crate::dice::Dice;
use crate::support::{data_dir, floe, tool};

/// The versions at which any rule of upstream changes, and the newest by name.
const VERSIONS: [Version; 14] = [
    Version::Minor(0),
    Version::Minor(8),
    Version::Minor(19),
    Version::Minor(22),
    Version::Minor(23),
    Version::Minor(25),
    Version::Minor(27),
    Version::Minor(29),
    Version::Minor(31),
    Version::Minor(32),
    Version::Minor(34),
    Version::Minor(35),
    Version::Minor(37),
    Version::Latest,
];

/// One line for a person: how much was compared.
pub(super) fn report(what: &str, comparisons: usize) {
    eprintln!("{what}: {comparisons} comparisons with upstream's checks");
}

/// Compares floe's verdicts with upstream's, and gives their number.
pub(super) fn compare(jobs: &[(Sample, Vec<Policy>)]) -> Option<usize> {
    let psajudge = tool("psajudge")?;
    let mut input = String::new();
    for (sample, policies) in jobs {
        let pod = sample.pod.to_string();
        write!(input, "{}", pod.len()).unwrap();
        for policy in policies {
            write!(input, " {}:{}", policy.level.as_str(), policy.version).unwrap();
        }
        writeln!(input).unwrap();
        input.push_str(&pod);
    }
    let mut child = Command::new(psajudge).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // The judge answers while it reads: one thread must write while this one reads.
    let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "psajudge failed: {}", output.status);

    let lines: Vec<_> = output.stdout.split_inclusive(|&byte| byte == b'\n').collect();
    assert_eq!(lines.len(), jobs.len());
    let mut comparisons = 0;
    for (line, (sample, policies)) in lines.into_iter().zip(jobs) {
        let line: Value = serde_json::from_slice(line).unwrap();
        let Some(verdicts) = line["verdicts"].as_array() else { panic!("{}: {line}", sample.origin) };
        assert_eq!(verdicts.len(), policies.len());
        for (verdict, policy) in verdicts.iter().zip(policies) {
            let ours = policy.judge(&sample.pod);
            let theirs = verdict["message"].as_str();
            assert_eq!(ours.as_deref(), theirs, "{} {policy:?}: {:#}", sample.origin, sample.pod);
            assert_eq!(verdict["allowed"], ours.is_none());
            comparisons += 1;
        }
    }
    Some(comparisons)
}

fn at_all_policies(samples: Vec<Sample>) -> Vec<(Sample, Vec<Policy>)> {
    let policies = policies(&VERSIONS);
    samples.into_iter().map(|sample| (sample, policies.clone())).collect()
}

#[test]
fn upstream_agrees_on_every_fixture() {
    let (Some(data), Some(_), Some(_)) = (data_dir(), tool("yamljudge"), tool("psajudge")) else { return };
    let comparisons = compare(&at_all_policies(fixtures(&data))).unwrap();
    assert!(comparisons >= 354 * 28);
    report("fixtures", comparisons);
}

#[test]
fn upstream_agrees_on_every_pod_template_of_the_charts() {
    let (Some(data), Some(_), Some(_)) = (data_dir(), tool("yamljudge"), tool("psajudge")) else { return };
    let comparisons = compare(&at_all_policies(chart_templates(&data))).unwrap();
    assert!(comparisons >= 127 * 28);
    report("charts", comparisons);
}

#[test]
fn upstream_agrees_on_every_pod_template_that_floe_has_hardened() {
    let (Some(data), Some(_), Some(_)) = (data_dir(), tool("yamljudge"), tool("psajudge")) else { return };
    let streams = hardened_streams(&data);
    let pods: Vec<_> = streams.iter().flat_map(|(name, _, after)| templates(name, after)).collect();
    let comparisons = compare(&at_all_policies(pods)).unwrap();
    assert!(comparisons >= 127 * 28);
    report("hardened charts", comparisons);
}

/// The whole command, from text to text: `floe pods check` on what floe has hardened says of each pod what upstream
/// says of the same manifests, in the same order.
#[test]
fn upstream_agrees_with_the_command_on_what_floe_has_hardened() {
    let (Some(data), Some(psajudge)) = (data_dir(), tool("psajudge")) else { return };
    let dir = TempDir::new().unwrap();
    let (mut comparisons, mut allowed) = (0, 0);
    for (name, before, after) in hardened_streams(&data) {
        for (state, text) in [("before", before), ("after", after)] {
            let file = dir.path().join("stream.yaml");
            fs::write(&file, &text).unwrap();
            let output = Command::new(&psajudge).args(["-policy", "restricted:latest"]).arg(&file).output().unwrap();
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            let theirs = String::from_utf8(output.stdout).unwrap();
            let theirs: Vec<Value> = theirs.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let mut command = floe();
            command.args(["pods", "check", "--enforce", "restricted", "-o", "json", "-f"]).arg(&file);
            let ours: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
            // The judge knows the kinds of Kubernetes only.
            let text = |pod: &Value, key: &str| pod[key].as_str().unwrap().to_owned();
            let kind = |pod: &Value| GroupVersionKind::new(&text(pod, "apiVersion"), &text(pod, "kind"));
            let pods = ours["pods"].as_array().unwrap().iter();
            let ours: Vec<_> = pods.filter(|pod| template_path(&kind(pod)).is_some()).collect();
            assert_eq!(ours.len(), theirs.len(), "{name} {state}");
            for (ours, theirs) in ours.iter().zip(theirs) {
                for key in ["kind", "name", "allowed", "message"] {
                    assert_eq!(ours[key], theirs[key], "{name} {state}: {key} of {ours:#}");
                }
                comparisons += 1;
                allowed += usize::from(state == "after" && ours["allowed"] == true);
            }
        }
    }
    assert!(comparisons >= 2 * 127 && allowed >= 100, "{comparisons} comparisons, {allowed} admitted after hardening");
    report("`floe pods check` before and after hardening", comparisons);
}

#[test]
fn upstream_agrees_on_random_pods() {
    let mut dice = Dice(37);
    let all = policies(&VERSIONS);
    let jobs: Vec<_> = (0..20_000)
        .map(|index| {
            let sample = Sample { origin: format!("random pod {index}"), pod: pod(&mut dice) };
            (sample, (0..4).map(|_| all[dice.below(all.len())]).collect())
        })
        .collect();
    if let Some(comparisons) = compare(&jobs) {
        report("20000 random pods", comparisons);
    }
}

/// The versions above are those at which a rule of floe changes, so that none is left untried.
#[test]
fn every_rule_set_is_compared() {
    for check in floe::pod_security::checks() {
        for version in check.versions() {
            assert!(VERSIONS.contains(&version), "{} changes at {version}", check.id);
        }
    }
}
