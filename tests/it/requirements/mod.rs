//! The requirements of floe's specification (FR) and its success criteria (SC), each with the test that shows it.
//!
//! A test shows a requirement if its name or the comment above it names the requirement. The table of
//! `docs/requirements.md` lists them, and is written anew by `INSTA_UPDATE=always`.

mod network;
mod pods;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use crate::architecture::sources;
use crate::documentation::{block, pages, write_block};
use crate::examples::updates;
use crate::support::{files_below, floe, project, text};

/// What the specification numbers, in a line each: the words of the page.
#[rustfmt::skip]
const REQUIREMENTS: [(&str, &str); 52] = [
    ("FR-001", "NetworkPolicies are generated from the configuration alone."),
    ("FR-002", "Every managed namespace has default-deny in both directions, unless `network_policies.enabled` is \
                off."),
    ("FR-003", "What is generated passes `kubectl apply --dry-run=server`."),
    ("FR-004", "Only NetworkPolicies of namespaces are generated, no cluster-wide kinds of network plugins."),
    ("FR-010", "The default-deny of egress selects all pods of its namespace."),
    ("FR-011", "The default-deny of ingress selects all pods of its namespace."),
    ("FR-012", "Every pod of a managed namespace may ask the cluster's DNS."),
    ("FR-013", "HTTPS to the outside is open by default; it can be narrowed to ranges, or closed."),
    ("FR-014", "The ingress controller's namespace reaches what serves users from outside."),
    ("FR-020", "Pods of the platform reach each other."),
    ("FR-021", "The platform reaches the Kubernetes API, DNS and HTTPS outside."),
    ("FR-022", "Services of the platform accept the ingress controller."),
    ("FR-023", "Dagster, in the platform, creates jobs through the Kubernetes API; nobody else gets that flow."),
    ("FR-030", "Jobs accept no connections."),
    ("FR-031", "Jobs reach DNS, the catalog, telemetry, object storage and HTTPS outside."),
    ("FR-032", "Jobs do not reach each other."),
    ("FR-033", "Lists of the configuration open further egress."),
    ("FR-040", "Namespaces of data domains have default-deny in both directions."),
    ("FR-041", "Domains reach the services of the platform that they share, and no other domain."),
    ("FR-042", "Domains accept nothing from other domains."),
    ("FR-043", "Policies of a domain carry the labels `floe.dev/domain` and `floe.dev/layer`."),
    ("FR-050", "Namespaces get labels of the Pod Security Standards; one that is missing is written."),
    ("FR-051", "The namespace of jobs enforces `restricted` by default."),
    ("FR-052", "The platform's namespace enforces `baseline` by default."),
    ("FR-053", "All managed namespaces audit and warn about `restricted`."),
    ("FR-054", "Levels are configured by role and for single namespaces."),
    ("FR-060", "Pods run as a user that is not root, with a user, a group and an `fsGroup` that can be configured."),
    ("FR-061", "Containers do not escalate privileges, have a read-only root file system and drop all capabilities."),
    ("FR-062", "Pods have the seccomp profile `RuntimeDefault`."),
    ("FR-063", "`/tmp` and `/home/floe` stay writable, by an `emptyDir` each."),
    ("FR-064", "The writable paths can be configured."),
    ("FR-070", "`floe compile` writes policies to `target/network`."),
    ("FR-071", "A namespace has three files: default-deny, egress and ingress."),
    ("FR-072", "`NETWORK-POLICY-SUMMARY.md` says what all policies are for."),
    ("FR-073", "Rules that overlap are merged."),
    ("FR-080", "`floe network generate` writes the policies without compiling."),
    ("FR-081", "`floe network validate` judges policies, also by the network plugin of a cluster."),
    ("FR-082", "`floe network audit` analyses the policies of a cluster."),
    ("FR-083", "`floe network diff` shows how a cluster differs from the configuration."),
    ("FR-084", "`floe network check-cni` says whether the network plugin enforces policies."),
    ("FR-090", "Policies carry the label `app.kubernetes.io/managed-by: floe`."),
    ("FR-091", "Every run that makes policies can be written to an audit trail."),
    ("FR-092", "An audit warns of namespaces without default-deny."),
    ("FR-093", "Dry runs show what would be done and change nothing."),
    ("SC-001", "Every generated policy is accepted by a real API server."),
    ("SC-002", "Default-deny blocks all traffic between namespaces that is not declared."),
    ("SC-003", "Everything that is declared passes: DNS, catalog, telemetry, HTTPS outside."),
    ("SC-004", "Pods that violate their level are rejected, all of them, within a second."),
    ("SC-005", "100 namespaces are audited within 30 seconds."),
    ("SC-006", "A comparison with the cluster finds every change."),
    ("SC-007", "All pod templates that are managed carry the security context."),
    ("SC-008", "No managed namespace is without default-deny."),
];

/// Where the requirements stand with their tests.
const PAGE: &str = "docs/requirements.md";

/// The requirements that a text names, as `FR-071`, or `fr_071` in a name.
fn named(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for kind in ["FR", "SC"] {
        for prefix in [format!("{kind}-"), format!("{}_", kind.to_lowercase())] {
            for rest in text.split(&prefix).skip(1) {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                if digits.len() == 3 {
                    found.insert(format!("{kind}-{digits}"));
                }
            }
        }
    }
    found
}

/// The tests of a file by requirement: the name of each `#[test]` with what its name and the lines above it name.
fn tests_of(place: &str, text: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    let mut above = String::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("///") {
            above.push_str(line);
        } else if line == "#[test]" {
            is_test = true;
        } else if let Some(rest) = line.strip_prefix("fn ") {
            let name = rest.split('(').next().unwrap();
            if std::mem::take(&mut is_test) {
                for requirement in named(&format!("{above} {name}")) {
                    found.entry(requirement).or_default().insert(format!("[`{name}`](../{place})"));
                }
            }
            above.clear();
        } else if !line.starts_with('#') {
            above.clear();
        }
    }
}

/// The objects of a stream that floe has written.
fn objects(stream: &str) -> Vec<Value> {
    stream.split("\n---\n").map(|text| serde_saphyr::from_str(text).unwrap()).collect()
}

#[test]
fn the_page_names_a_test_for_every_requirement() {
    let mut tests = BTreeMap::new();
    for folder in ["src", "tests/it"] {
        for file in sources(folder) {
            tests_of(&format!("{folder}/{}", file.path.display()), &file.text, &mut tests);
        }
    }
    let wanted: BTreeSet<String> = REQUIREMENTS.iter().map(|(requirement, _)| (*requirement).to_owned()).collect();
    let shown: BTreeSet<String> = tests.keys().cloned().collect();
    assert_eq!(shown, wanted, "requirements without a test, or tests of no requirement");
    for (criterion, tests) in tests.iter().filter(|(requirement, _)| requirement.starts_with("SC")) {
        let name = criterion.to_lowercase().replace('-', "_");
        assert!(tests.iter().any(|test| test.contains(&name)), "no test is called after {criterion}: {tests:?}");
    }

    let mut table = "| Requirement | What it says | Shown by |\n|---|---|---|\n".to_owned();
    for (requirement, says) in REQUIREMENTS {
        let tests: Vec<&str> = tests[requirement].iter().map(String::as_str).collect();
        writeln!(table, "| {requirement} | {says} | {} |", tests.join(", ")).unwrap();
    }
    let now = block(PAGE, "requirements");
    if now != table && updates() {
        return write_block(PAGE, "requirements", &table);
    }
    assert!(now == table, "the table of {PAGE} is not that of the tests (INSTA_UPDATE=always writes it):\n{table}");
}

/// Where decisions are explained, by titles: numbers of a list change when one comes in between.
const DECISIONS: &str = "docs/decisions.md";

/// The numbers of user stories in a text.
fn stories(text: &str) -> BTreeSet<String> {
    let number = regex::Regex::new(r"\bUS\d+\b").unwrap();
    number.find_iter(text).map(|found| found.as_str().to_owned()).collect()
}

/// The decisions that comments of a text name, by title or by number; one may go on in the next line.
fn decisions(text: &str) -> BTreeSet<String> {
    let lines = regex::Regex::new(r"\n\s*//[/!]? ").unwrap().replace_all(text, " ");
    let pattern = regex::Regex::new(r"\(decision on: ([^()]+)\)|\b([Dd]ecisions? \d+)").unwrap();
    let found = pattern.captures_iter(&lines).filter_map(|it| it.get(1).or_else(|| it.get(2)));
    found.map(|name| name.as_str().to_owned()).collect()
}

/// A number says nothing to a reader who cannot look it up, and to a user nothing at all.
#[test]
fn numbers_of_requirements_and_names_of_decisions_are_explained() {
    let (page, decided) = (text(PAGE), text(DECISIONS));
    let is_explained = |number: &String| page.contains(&format!("\n| {number} | "));
    let is_decided =
        |name: &String| decided.contains(&format!("\n- **{name}")) || decided.contains(&format!(". **{name}"));
    let of_code = ["src", "tests/it", "benches"].into_iter().flat_map(|folder| {
        sources(folder).into_iter().map(move |file| (format!("{folder}/{}", file.path.display()), file.text))
    });
    let code: Vec<(String, String)> = of_code.filter(|(place, _)| !place.ends_with("requirements/mod.rs")).collect();
    let pages: Vec<(String, String)> = pages().into_iter().map(|page| (page.clone(), text(&page))).collect();
    let mut named_decisions = 0;
    for (place, text) in code.iter().chain(&pages) {
        for number in named(text).iter().chain(&stories(text)) {
            assert!(is_explained(number), "{place} names {number}, which {PAGE} does not explain");
        }
        for name in decisions(text) {
            named_decisions += 1;
            assert!(is_decided(&name), "{place} names the decision `{name}`, which is no title in {DECISIONS}");
        }
    }
    assert!(named_decisions > 10, "the test finds too few decisions to be of use: {named_decisions}");

    let schema = String::from_utf8(floe().arg("schema").assert().success().get_output().stdout.clone()).unwrap();
    let of_checks =
        files_below(&project().join("src")).into_iter().filter(|path| path.extension() == Some("md".as_ref()));
    let of_checks = of_checks.map(|path| (path.display().to_string(), text(&format!("src/{}", path.display()))));
    for (place, text) in of_checks.chain([("floe schema".to_owned(), schema)]) {
        let numbers: Vec<_> = [named(&text), stories(&text), decisions(&text)].into_iter().flatten().collect();
        assert!(numbers.is_empty(), "{place} shows users {numbers:?}");
    }
}
