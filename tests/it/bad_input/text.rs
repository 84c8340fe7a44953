//! Texts that are no manifests, or no longer.

use std::fs;

use super::{assert_passes, assert_refused, deployment};
use crate::laws::lossless;
use crate::support::{lost_line, project, run};

#[test]
fn an_empty_input_is_refused_because_hosts_would_delete_everything() {
    for input in ["", "\n\n", " \t\r\n", "\u{feff}", "\u{feff}\n"] {
        let ran = assert_refused(input, &[], &["the input is empty"]);
        for cause in ["--output-dir", "pipefail", "--allow-empty"] {
            assert!(ran.stderr.contains(cause), "{cause} is not named:\n{}", ran.stderr);
        }
    }
}

#[test]
fn an_empty_input_that_is_expected_leaves_a_comment() {
    for input in ["", "\n", "\u{feff}"] {
        let ran = run(&["--allow-empty"], input);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "# floe: the input was empty\n"), "{ran:?}");
    }
}

#[test]
fn comments_without_objects_pass() {
    assert_passes("# nothing here\n---\n# nor here\n", &[]);
    assert_passes("---\n# Source: chart/templates/empty.yaml\n", &[]);
}

#[test]
fn what_is_no_text_is_refused_with_a_hint() {
    let utf16: Vec<u8> = "kind: Pod\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
    let cases: [(Vec<u8>, &[&str]); 7] = [
        (marked(b"\xff\xfe", &utf16), &["UTF-16", "<stdin>"]),
        (marked(b"\xfe\xff", b"\0k\0i"), &["UTF-16"]),
        (utf16, &["binary", "byte 1"]),
        (marked(b"\x1f\x8b\x08", b"\0\0\0\0"), &["gzip"]),
        (marked(b"PK\x03\x04", b"rest"), &["zip"]),
        (marked(b"\x7fELF", b"\x02\x01\x01\0\0\0"), &["binary"]),
        (b"kind: Pod\nname: caf\xe9\n".to_vec(), &["<stdin> is not UTF-8", "line 2", "byte 19"]),
    ];
    for (input, words) in cases {
        assert_refused(input, &[], words);
    }
}

/// Cuts a text everywhere and checks what becomes of the halves.
fn assert_survives_truncation(text: &str, cuts: impl Iterator<Item = usize>) -> (usize, usize) {
    let (mut passed, mut refused) = (0, 0);
    for cut in cuts.filter(|cut| text.is_char_boundary(*cut)) {
        let half = &text[..cut];
        let ran = run(&["--namespace", "floe-jobs", "--conflicts", "warn"], half);
        assert!(!ran.stderr.contains("panicked"), "cut at {cut}: {}", ran.stderr);
        match ran.code {
            Some(0) => {
                assert!(ran.stdout == lossless(half, "floe-jobs").unwrap(), "cut at {cut}");
                passed += 1;
            }
            Some(3) => {
                assert_eq!(ran.stdout, "", "cut at {cut}");
                refused += 1;
            }
            _ => panic!("cut at {cut}: {ran:?}\n{half}"),
        }
    }
    (passed, refused)
}

#[test]
fn half_a_deployment_is_refused_or_whole() {
    let text =
        deployment("        args: [\"--port\", \"80\"]\n        resources: {limits: {cpu: 1}}\n      volumes: []\n");
    let (passed, refused) = assert_survives_truncation(&text, 0..=text.len());
    assert!(passed > 20 && refused > 20, "{passed} passed, {refused} were refused");
}

#[test]
fn half_a_platform_is_refused_or_whole() {
    let text = fs::read_to_string(project().join("examples/platform/rendered.yaml")).unwrap();
    let lines = text.match_indices('\n').map(|(at, _)| at + 1);
    let bytes = (0..text.len()).step_by(97);
    let (passed, refused) = assert_survives_truncation(&text, lines.chain(bytes));
    assert!(passed > 100 && refused > 20, "{passed} passed, {refused} were refused");
}

#[test]
fn a_workload_that_is_no_yaml_is_refused_with_its_place() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("broken.yaml");
    fs::write(&file, format!("# first\n---\n{}", deployment("        args: [\"a\"\n"))).unwrap();
    let file = file.to_str().unwrap();
    let ran = assert_refused("", &["-f", file], &["error", "cannot be read as YAML", "broken.yaml:"]);
    assert!(ran.stderr.contains(&format!("--> {file}:")), "{}", ran.stderr);

    for (broken, place) in [
        ("kind: Deployment\nspec: {\n", "<stdin>:"),
        ("kind: Pod\nmetadata: a: b\n", "<stdin>:2:12"),
        ("a: 1\n---\nkind: Job\n  spec: 1\n", "<stdin>:4:"),
        ("kind: \"CronJob\"\nspec: 'x\n", "<stdin>:"),
        ("items:\n- kind: DaemonSet\n  spec: *nowhere\n", "<stdin>:3:9"),
    ] {
        assert_refused(broken, &[], &["cannot be read as YAML", place]);
    }
}

#[test]
fn broken_yaml_that_need_not_be_edited_passes() {
    let broken =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: broken\ndata:\n  a: [1\n  kind: *nowhere\n \tx: 'y\n";
    assert_passes(broken, &["--only", "pods"]);
    for other in ["kind: Role\na: b: c\n", "just text\n", "- 1\n- 2\n", "a: 1\n"] {
        assert_passes(other, &["--only", "pods"]);
    }
    // What is not certain of a kind that does not matter may be a pod to whoever reads more than floe.
    for other in ["kind: Service\nspec: {\n", "kind: Namespace\nmetadata: {\n\tname: x\n}\n", "{{ not: even: yaml\n"] {
        assert_refused(other, &["--only", "pods"], &["cannot be read as YAML", "<stdin>:"]);
    }
    // And beside a workload, in a run that does everything.
    let text = format!("---\n{broken}---\n{}---\n{broken}", deployment(""));
    let ran = run(&[], text.as_str());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.stdout.matches(broken).count(), 2, "{}", ran.stdout);
}

#[test]
fn tabs_are_refused_where_yaml_forbids_them() {
    assert_refused(deployment("\tports: []\n"), &[], &["cannot be read as YAML", "tab", "<stdin>:9:"]);
    let in_config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: x\n";
    assert_passes(in_config_map, &["--only", "pods"]);
    // A tab before a comment, or inside a text, is fine.
    let text = deployment("        command: [sh, -c, \"a\tb\"]\t# tab\n");
    let ran = run(&[], text.as_str());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("command: [sh, -c, \"a\tb\"]\t# tab\n"));
}

/// The commonest fault of charts that floe meets: Kubernetes takes the last of the two, so floe edits that one.
#[test]
fn of_duplicate_keys_the_last_is_edited() {
    let twice =
        "        securityContext: {privileged: false}\n        ports: []\n        securityContext: {runAsUser: 5}\n";
    let text = deployment(twice);
    let ran = run(&["--only", "pods"], text.as_str());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("securityContext: {privileged: false}\n"), "the first stays as it was: {}", ran.stdout);
    assert!(ran.stdout.contains("securityContext: {runAsUser: 5, \"allowPrivilegeEscalation\""), "{}", ran.stdout);
    for part in ["warning[key-written-twice]", "`securityContext`", "in lines ", "<stdin>:1"] {
        assert!(ran.stderr.contains(part), "no `{part}` in:\n{}", ran.stderr);
    }
    let again = run(&["--only", "pods"], ran.stdout.as_str());
    assert_eq!((again.code, again.stdout == ran.stdout, again.stderr.as_str()), (Some(0), true, ""));
    // The last one counts, as for Kubernetes; nothing has to be changed there.
    let text = deployment("        env: []\n        env: [{name: a, value: b}]\n");
    let ran = run(&["--only", "pods"], text.as_str());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(lost_line(&text, &ran.stdout), None);
    assert_passes("kind: ConfigMap\ndata: {a: 1}\ndata: {a: 2}\n", &["--only", "pods"]);
    // Of a Namespace too, whatever stands between them.
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\nmetadata:\n  name: floe-jobs\n  x:\n  name: floe-jobs\n";
    let ran = run(&["--only", "namespaces"], namespace);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("pod-security.kubernetes.io/enforce: restricted"), "{}", ran.stdout);
}

#[test]
fn a_pod_whose_namespace_is_unknown_is_named() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: lost\nspec:\n  containers:\n  - {name: a, image: b}\n";
    let ran = assert_refused(pod, &[], &["namespace", "Pod lost", "<stdin>:3:1"]);
    for way_out in ["--namespace", "FLOE_NAMESPACE", "ARGOCD_APP_NAMESPACE", "release_namespace"] {
        assert!(ran.stderr.contains(way_out), "{way_out} is not named:\n{}", ran.stderr);
    }
    // Two candidates are none.
    let others = "---\nkind: ConfigMap\nmetadata: {name: a, namespace: x}\n---\nkind: ConfigMap\n\
                  metadata: {name: b, namespace: z}\n";
    assert_refused(format!("{others}---\n{pod}"), &[], &["Pod lost", "<stdin>:10:1"]);
    // One is enough, and so is a word from the user.
    let one = format!("---\nkind: ConfigMap\nmetadata: {{name: a, namespace: floe-jobs}}\n---\n{pod}");
    assert!(run(&[], one).stdout.contains("runAsNonRoot: true"));
    assert!(run(&["--namespace", "floe-jobs"], pod).stdout.contains("runAsNonRoot: true"));
    // Who changes no pods need not know.
    assert_eq!(run(&["--only", "namespaces"], pod).code, Some(0));
}
