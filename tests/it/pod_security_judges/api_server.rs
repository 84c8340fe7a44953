//! A real API server: what it forbids and why, and what it accepts from floe.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use floe::object::{Level, Version};
use floe::pod_security::{ENFORCE_LEVEL_LABEL, ENFORCE_VERSION_LABEL};
use serde_json::Value;
use tempfile::TempDir;

use super::corpus::{Sample, chart_templates, failing_fixtures, fixtures, hardened_streams, templates};
use super::{Policy, policies};
use crate::cluster::{Cluster, FieldValidation, Reply, cluster};
use crate::support::{data_dir, documents, floe, run_with, tool};

/// Policy versions of which each has other rules than the one before; the checks are compared one by one elsewhere.
const VERSIONS: [Version; 5] =
    [Version::Minor(0), Version::Minor(19), Version::Minor(25), Version::Minor(33), Version::Latest];

/// What the server says to a pod before it comes to its policy.
#[derive(Debug, Default)]
struct Tally {
    /// Verdicts that were compared.
    compared: usize,
    /// Of these, the rejected ones.
    rejected: usize,
    /// Pods that never came to a verdict, by what the server found instead.
    ///
    /// `Store.create` (staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go) calls `rest.BeforeCreate`,
    /// which validates the object, before `createValidation`, which asks Pod Security.
    no_verdict: BTreeMap<String, String>,
}

/// The namespace in which a policy is enforced.
fn namespace_of(policy: Policy) -> String {
    format!("{}-{}", policy.level.as_str(), policy.version.to_string().replace('.', "-"))
}

/// Makes a namespace for each policy.
fn enforce(cluster: &Cluster, policies: &[Policy]) {
    for policy in policies {
        let version = policy.version.to_string();
        let labels = [(ENFORCE_LEVEL_LABEL, policy.level.as_str()), (ENFORCE_VERSION_LABEL, version.as_str())];
        cluster.namespace(&namespace_of(*policy), &labels);
    }
}

/// Asks for every pod in the namespace of every policy, and compares the answer with floe's, byte for byte.
fn compare(cluster: &Cluster, samples: &[Sample], policies: &[Policy]) -> Tally {
    enforce(cluster, policies);
    // The server is the slow side: it gets a second request while floe judges.
    let halves = samples.chunks(samples.len().div_ceil(2).max(1));
    let tallies = thread::scope(|scope| {
        let running: Vec<_> = halves
            .map(|half| {
                scope.spawn(move || {
                    let mut tally = Tally::default();
                    for sample in half {
                        tally.ask(cluster, sample, policies);
                    }
                    tally
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    tallies.into_iter().fold(Tally::default(), |mut sum, tally| {
        sum.compared += tally.compared;
        sum.rejected += tally.rejected;
        sum.no_verdict.extend(tally.no_verdict);
        sum
    })
}

impl Tally {
    fn ask(&mut self, cluster: &Cluster, sample: &Sample, policies: &[Policy]) {
        // Most fixtures have no name, and the server wants one.
        let mut pod = sample.pod.clone();
        pod["metadata"]["name"] = "p".into();
        for policy in policies {
            let reply = cluster.client().dry_run_create(&pod, &namespace_of(*policy), FieldValidation::Ignore).unwrap();
            let ours = policy.judge(&pod);
            let theirs = match reply.status {
                201 => None,
                403 if reply.message().starts_with("pods \"p\" is forbidden: violates PodSecurity ") => {
                    reply.message().strip_prefix("pods \"p\" is forbidden: ").map(str::to_owned)
                }
                // The object is none, or not a valid one.
                400 | 422 => {
                    self.no_verdict.insert(sample.origin.clone(), reply.message().to_owned());
                    return;
                }
                status => panic!("{} {policy:?}: {status} {:#}", sample.origin, reply.body),
            };
            assert_eq!(ours, theirs, "{} {policy:?}: {pod:#}", sample.origin);
            self.compared += 1;
            self.rejected += usize::from(theirs.is_some());
        }
    }

    fn report(&self, what: &str) {
        eprintln!(
            "{what}: {} comparisons with the API server, {} of them rejections; {} pods are invalid and get no verdict",
            self.compared,
            self.rejected,
            self.no_verdict.len()
        );
        for (origin, why) in &self.no_verdict {
            eprintln!("  no verdict: {origin}: {why}");
        }
    }

    /// No pod may escape the comparison by being invalid for another reason.
    fn all_judged(&self) {
        assert!(self.no_verdict.is_empty(), "{:#?}", self.no_verdict);
    }
}

/// Asserts that the server says of every pod, under every policy, what floe says.
pub(super) fn agrees(what: &str, samples: &[Sample], policies: &[Policy]) {
    let Some(cluster) = cluster() else { return };
    let tally = compare(cluster, samples, policies);
    tally.report(what);
    tally.all_judged();
}

#[test]
fn the_api_server_agrees_on_every_fixture() {
    let (Some(data), Some(_), Some(_)) = (data_dir(), tool("yamljudge"), cluster()) else { return };
    agrees("fixtures", &fixtures(&data), &policies(&VERSIONS));
}

#[test]
fn the_api_server_agrees_on_every_pod_template_of_the_charts() {
    let (Some(data), Some(_), Some(_)) = (data_dir(), tool("yamljudge"), cluster()) else { return };
    agrees("charts", &chart_templates(&data), &policies(&VERSIONS));
}

/// SC-004: a pod that violates the level of its namespace is rejected within a second, with the labels that floe puts
/// there.
#[test]
fn sc_004_the_api_server_rejects_every_failing_fixture_within_a_second() {
    let (Some(data), Some(_), Some(cluster)) = (data_dir(), tool("yamljudge"), cluster()) else { return };
    let samples = failing_fixtures(&data);
    let versions: BTreeSet<Version> = samples.iter().map(|(_, version, _)| *version).collect();
    let name = |version: Version, role: &str| format!("sc004-{}-{role}", version.to_string().replace('.', "-"));
    for &version in &versions {
        let folder = TempDir::new().unwrap();
        let (platform, jobs) = (name(version, "baseline"), name(version, "restricted"));
        let manifest = format!(
            "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity:\n  namespaces: {{platform: {platform}, jobs: \
             {jobs}}}\n  pod_security: {{platform_level: baseline, jobs_level: restricted, version: {version}}}\n"
        );
        fs::write(folder.path().join("manifest.yaml"), manifest).unwrap();
        let mut command = floe();
        command.current_dir(folder.path()).env_remove("KUBECONFIG").args(["deploy", "--kubeconfig"]);
        let ran = run_with(command.arg(cluster.kubeconfig()), "");
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    let mut slowest = Duration::ZERO;
    for (level, version, sample) in &samples {
        let mut pod = sample.pod.clone();
        pod["metadata"]["name"] = "p".into();
        // Other tests keep the machine busy: what counts is how fast the server can be.
        let mut fastest = Duration::MAX;
        for _ in 0..3 {
            let began = Instant::now();
            let namespace = name(*version, level.as_str());
            let reply = cluster.client().dry_run_create(&pod, &namespace, FieldValidation::Ignore).unwrap();
            fastest = fastest.min(began.elapsed());
            let expected = format!("pods \"p\" is forbidden: violates PodSecurity \"{}:{version}\"", level.as_str());
            assert!(
                reply.status == 403 && reply.message().starts_with(&expected),
                "{}: {} {}",
                sample.origin,
                reply.status,
                reply.message()
            );
            if fastest < Duration::from_millis(500) {
                break;
            }
        }
        slowest = slowest.max(fastest);
    }
    eprintln!(
        "{} failing fixtures at {} versions, all rejected; the slowest took {slowest:?}",
        samples.len(),
        versions.len()
    );
    assert!(samples.len() > 50 && slowest < Duration::from_secs(1), "{} {slowest:?}", samples.len());
}

/// What identifies an object within its stream: kind, namespace and name, and how many came before it with the same.
fn key(object: &Value, seen: &mut BTreeMap<String, usize>) -> (String, usize) {
    let metadata = &object["metadata"];
    let name = format!("{} {} {}", object["kind"], metadata["namespace"], metadata["name"]);
    let count = seen.entry(name.clone()).or_default();
    *count += 1;
    (name, *count)
}

fn is_generated(object: &Value) -> bool {
    object["metadata"]["labels"]["floe.dev/component"].is_string()
}

/// Asks for an object as strictly as the server can be asked, then as leniently.
fn ask(cluster: &Cluster, object: &Value) -> Option<(FieldValidation, Reply)> {
    let strict = cluster.client().dry_run_create(object, "floe-jobs", FieldValidation::Strict)?;
    if strict.is_accepted() {
        return Some((FieldValidation::Strict, strict));
    }
    let lenient = cluster.client().dry_run_create(object, "floe-jobs", FieldValidation::Ignore)?;
    Some((FieldValidation::Ignore, lenient))
}

/// SC-001: what the server accepts before floe it accepts after floe, and it accepts all that floe adds.
#[test]
fn the_api_server_accepts_what_floe_makes() {
    let (Some(data), Some(_), Some(cluster)) = (data_dir(), tool("yamljudge"), cluster()) else { return };
    let (mut accepted, mut patched, mut generated) = (0, 0, 0);
    let mut refused_before = BTreeMap::new();
    let mut pods = Vec::new();
    for (name, before, text) in hardened_streams(&data) {
        let before = documents(&before).unwrap();
        let after = documents(&text).unwrap();
        let namespaces: BTreeSet<_> =
            after.iter().filter_map(|object| object["metadata"]["namespace"].as_str()).chain(["floe-jobs"]).collect();
        for namespace in namespaces {
            cluster.namespace(namespace, &[]);
        }
        let mut seen = BTreeMap::new();
        let mut after_by_key: BTreeMap<_, _> = after.iter().map(|object| (key(object, &mut seen), object)).collect();
        let mut seen = BTreeMap::new();
        for object in &before {
            let after = after_by_key.remove(&key(object, &mut seen)).expect("floe keeps every object");
            if object["kind"] == "Namespace" {
                continue;
            }
            let Some((validation, reply)) = ask(cluster, object) else { continue };
            if !reply.is_accepted() {
                refused_before.insert(format!("{name}: {} {}", object["kind"], object["metadata"]["name"]), reply);
                continue;
            }
            accepted += 1;
            if object == after {
                continue;
            }
            patched += 1;
            let reply = cluster.client().dry_run_create(after, "floe-jobs", validation).unwrap();
            assert!(reply.is_accepted(), "{name}: {}\n{after:#}", reply.message());
        }
        for object in after.iter().filter(|object| is_generated(object) || object["kind"] == "Namespace") {
            let reply = cluster.client().dry_run_apply(object, "floe-jobs").unwrap();
            assert!(reply.is_accepted(), "{name}: {}\n{object:#}", reply.message());
            generated += 1;
        }
        let left = after_by_key.into_values().find(|object| !is_generated(object));
        assert!(left.is_none(), "{name}: floe has made an object without its label: {left:#?}");
        pods.extend(templates(&name, &text));
    }
    eprintln!(
        "charts: {accepted} objects were accepted before floe, {} refused; {patched} were patched, all accepted; \
         {generated} generated objects, all accepted",
        refused_before.len()
    );
    for (object, reply) in &refused_before {
        eprintln!("  refused before: {object}: {}", reply.message());
    }
    assert!(patched >= 100 && generated >= 500, "{patched} patched, {generated} generated");

    // And the server's verdict on what floe has hardened is floe's.
    let policies = [Policy { level: Level::Restricted, version: Version::Latest }];
    let tally = compare(cluster, &pods, &policies);
    tally.report("hardened charts");
    tally.all_judged();
    assert!(tally.rejected * 2 < tally.compared, "floe hardens less than half of the pods: {tally:?}");
}
