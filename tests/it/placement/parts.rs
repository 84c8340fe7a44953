//! `--only` in all combinations, and the summary.

use floe::config::Config;
use floe::plan::{Part, Parts};
use insta::assert_snapshot;

use super::{CONFIG, config, outline, placed_by, secure};

const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: load, namespace: floe-jobs}\n\
                   spec:\n  template:\n    \
                   spec:\n      restartPolicy: Never\n      containers:\n      - {name: load, image: load}\n";
const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: floe-platform}\n";

fn combinations() -> impl Iterator<Item = Vec<Part>> {
    (0..16).map(|bits| {
        Part::ALL.into_iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, part)| part).collect()
    })
}

#[test]
fn each_part_does_its_own_work_and_no_other() {
    let input = format!("---\n{NAMESPACE}---\n{CONFIG}---\n{JOB}");
    for parts in combinations() {
        let shown = placed_by(&input, &Config::default(), Parts::only(&parts));
        let has = |part: Part| parts.contains(&part);
        assert_eq!(shown.contains("<Namespace floe-jobs"), has(Part::Namespaces), "{parts:?}");
        assert_eq!(shown.contains("pod-security.kubernetes.io"), has(Part::Namespaces), "{parts:?}");
        assert_eq!(shown.contains("<NetworkPolicy"), has(Part::Network), "{parts:?}");
        assert_eq!(shown.contains("runAsNonRoot"), has(Part::Pods), "{parts:?}");
        assert_eq!(shown.contains("<ConfigMap floe-platform/floe-network-security"), has(Part::Summary), "{parts:?}");
    }
    assert_eq!(secure(&input, &Config::default(), Parts::only(&[])).unwrap(), input);
}

/// Objects of a part that this run does not do belong to another run, and stay.
#[test]
fn other_parts_are_left_alone() {
    let input = format!("---\n{CONFIG}---\n{JOB}");
    let whole = secure(&input, &Config::default(), Parts::ALL).unwrap();
    let off = config(
        "security: {network_policies: {enabled: false}, pod_security: {namespaces: off}, summary: {enabled: false}}\n",
    );
    for parts in combinations() {
        let output = secure(&whole, &off, Parts::only(&parts)).unwrap();
        let shown = outline(&output);
        assert_eq!(shown.contains("<Namespace"), !parts.contains(&Part::Namespaces), "{parts:?}");
        assert_eq!(shown.contains("<NetworkPolicy"), !parts.contains(&Part::Network), "{parts:?}");
        assert_eq!(shown.contains("<ConfigMap"), !parts.contains(&Part::Summary), "{parts:?}");
    }
}

/// One part after the other gives the objects that one run gives.
#[test]
fn parts_add_up() {
    let input = format!("---\n{CONFIG}---\n{JOB}");
    let whole = secure(&input, &Config::default(), Parts::ALL).unwrap();
    let steps = [Part::Pods, Part::Network, Part::Namespaces, Part::Summary];
    let stepwise =
        steps.iter().fold(input, |text, part| secure(&text, &Config::default(), Parts::only(&[*part])).unwrap());
    let lines = |text: &str| {
        let mut lines: Vec<String> = outline(text).lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(&whole), lines(&stepwise));
}

#[test]
fn summary() {
    let input = format!("---\n{CONFIG}---\n{JOB}");
    let only = Parts::only(&[Part::Summary]);
    let by = |sections: &str| secure(&input, &config(sections), only).unwrap();
    assert_eq!(by("security: {summary: {enabled: false}}\n"), input);
    assert_snapshot!("summary_renamed", outline(&by("security: {summary: {name: shop-security, namespace: shop}}\n")));
    assert_snapshot!(
        "summary_in_full",
        secure(&input, &Config::default(), Parts::ALL).unwrap().rsplit("---\n").next().unwrap()
    );
}
