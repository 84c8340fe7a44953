//! What comes through a pipe is read, and what is asked for by mistake is told.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::{floe, floe_path, run, run_with};

const WRONG_POLICY: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: b}\n\
                            spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/99}}]}]}\n";
const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: polaris, namespace: floe-platform}\n\
                       spec: {selector: {app: polaris}, ports: [{port: 8181}]}\n";

#[test]
fn validate_judges_what_comes_through_a_pipe() {
    let ran = run(&["network", "validate"], WRONG_POLICY);
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("10.0.0.0/99"), "{}", ran.stdout);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("policy.yaml");
    fs::write(&file, WRONG_POLICY).unwrap();
    let mut command = Command::new(floe_path());
    command.args(["network", "validate"]).stdin(File::open(&file).unwrap()).stdout(Stdio::null()).stderr(Stdio::null());
    assert_eq!(command.status().unwrap().code(), Some(1));
}

/// Without anything to judge nothing is right; with a configuration what it wants is judged, and that is said.
#[test]
fn validate_says_what_it_has_judged() {
    let folder = TempDir::new().unwrap();
    let validate = |input: &str| run_with(floe().current_dir(folder.path()).args(["network", "validate"]), input);
    for nothing in ["", "\n", "\u{feff}"] {
        let ran = validate(nothing);
        assert_eq!(ran.code, Some(3), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("neither manifests nor a configuration"), "{}", ran.stderr);
    }
    let manifest = "apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {name: a}\n";
    fs::write(folder.path().join("manifest.yaml"), manifest).unwrap();
    let ran = validate("");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("the policies that the configuration wants are judged"), "{}", ran.stderr);
    let ran = validate(WRONG_POLICY);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(!ran.stderr.contains("are judged"), "{}", ran.stderr);
}

#[test]
fn what_comes_through_a_pipe_narrows_policies() {
    let named = run(&["network", "generate", "-f", "-"], SERVICE);
    assert_eq!(named.code, Some(0), "{}", named.stderr);
    let piped = run(&["network", "generate"], SERVICE);
    assert_eq!((piped.code, &piped.stdout), (Some(0), &named.stdout));
    assert_ne!(piped.stdout, run(&["network", "generate"], "").stdout);

    let folder = TempDir::new().unwrap();
    let ran = run_with(floe().current_dir(folder.path()).arg("compile"), SERVICE);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("target/manifests/stdin.yaml")).unwrap(), SERVICE);
}

/// As pre-commit gives them.
#[test]
fn files_may_be_named_without_an_option() {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("a.yaml"),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nspec: {containers: [{name: a, image: a}]}\n",
    )
    .unwrap();
    fs::write(folder.path().join("b.yaml"), WRONG_POLICY).unwrap();
    let run = |arguments: &[&str]| run_with(floe().current_dir(folder.path()).args(arguments), "");
    let ran = run(&["network", "validate", "a.yaml", "b.yaml"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains("b.yaml:4"), "{}", ran.stdout);
    let ran = run(&["pods", "check", "--enforce", "restricted", "b.yaml", "a.yaml"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains("a.yaml:4"), "{}", ran.stdout);
    assert_eq!(run(&["network", "validate", "-f", "b.yaml", "a.yaml"]).code, Some(2));
    assert_eq!(run(&["pods", "check", "-f", "b.yaml", "a.yaml"]).code, Some(2));
}

/// Hosts would find nothing in them, and floe can add nothing to them.
#[test]
fn items_that_are_no_list_are_an_error_with_a_place() {
    for items in ["{a: 1}", "x", "\n  a: 1", "1"] {
        let list = format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: {items}\n");
        let ran = run(&[], list.as_str());
        assert_eq!(ran.code, Some(3), "{items}: {}", ran.stderr);
        assert!(ran.stderr.contains("the `items` of the ResourceList are no list (<stdin>:"), "{}", ran.stderr);
        assert!(ran.stdout.starts_with(&list) && !ran.stdout.contains("NetworkPolicy"), "{}", ran.stdout);
    }
    for items in ["", " null", " []"] {
        let list = format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:{items}\n");
        assert_eq!(run(&[], list.as_str()).code, Some(0), "{items}");
    }
}

#[test]
fn a_misspelt_section_is_told() {
    let folder = TempDir::new().unwrap();
    let run = |section: &str| {
        let text = format!("apiVersion: floe.dev/v1\nkind: Manifest\nmetadata: {{name: a}}\n{section}: {{}}\n");
        fs::write(folder.path().join("manifest.yaml"), text).unwrap();
        run_with(floe().current_dir(folder.path()).args(["network", "generate"]), "")
    };
    for (section, meant) in
        [("secuirty", "security"), ("domain", "domains"), ("Domains", "domains"), ("plugin", "plugins")]
    {
        let ran = run(section);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let wanted = format!("manifest.yaml:4:1: the section `{section}` is not read; did you mean `{meant}`?");
        assert_eq!(ran.stderr.matches(&wanted).count(), 1, "{}", ran.stderr);
    }
    for foreign in ["observability", "governance", "scripts", "profiles", "dimensions", "version"] {
        let ran = run(foreign);
        assert!(!ran.stderr.contains("is not read"), "{}", ran.stderr);
    }
}

#[test]
fn what_helm_has_to_pass_on_is_named() {
    let deployment = "---\n# Source: a/templates/b.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n";
    let ran = run(&[], deployment);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let form = "--post-renderer-args --namespace --post-renderer-args";
    assert!(ran.stderr.contains(&format!("{form} NAMESPACE")), "{}", ran.stderr);
    let help = run(&["--help"], "").stdout;
    assert!(help.contains(&format!("{form} shop")), "{help}");
}

/// Zsh takes what stands behind a colon for a command.
#[test]
fn completions_for_zsh_have_no_loose_colons() {
    let script = run(&["completions", "zsh"], "").stdout;
    let mut values = 0;
    for line in script.lines().filter(|line| line.starts_with('\'')) {
        let spec = line.trim_end_matches(" \\").trim_matches('\'').replace("\\:", "");
        let Some((_, value)) = spec.split_once("]:") else { continue };
        let parts: Vec<String> = value.split(':').map(str::to_owned).collect();
        let action = parts.last().unwrap();
        values += 1;
        assert!(parts.len() <= 3, "{line}");
        let is_action = action.is_empty() || action.starts_with(['_', '(', '"', '-']);
        assert!(is_action && !parts[0].contains('['), "{line}");
    }
    assert!(values > 50);
}
