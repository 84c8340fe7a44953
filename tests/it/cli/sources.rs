//! Where the configuration and the namespace of the release come from, and what comes before what.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{HOMELESS, JOB};
use crate::support::{Ran, floe, run_with};

/// A manifest by which the jobs' namespace has this name, so that the output tells which one was read.
fn manifest(jobs: &str) -> String {
    format!("apiVersion: floe.dev/v1\nkind: Manifest\nsecurity:\n  namespaces: {{jobs: {jobs}}}\n")
}

struct Setting {
    folder: TempDir,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

impl Setting {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), arguments: Vec::new(), environment: Vec::new() }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.folder.path().join(name), text).unwrap();
        self.path(name)
    }

    fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    fn run(&self, input: &str) -> Ran {
        let mut command = floe();
        command.current_dir(self.folder.path()).args(&self.arguments).envs(self.environment.clone());
        run_with(&mut command, input)
    }

    /// The name of the jobs' namespace that was in force.
    fn jobs(&self, input: &str) -> String {
        let ran = self.run(input);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let labelled = "(jobs): enforce";
        let line = ran.stdout.lines().find(|line| line.contains(labelled)).unwrap_or_else(|| panic!("{}", ran.stdout));
        line.trim().trim_start_matches("namespaces: \"").split(' ').next().unwrap().to_owned()
    }
}

#[test]
fn sources_of_configuration_in_their_order() {
    let list = |config: &str| format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n{config}");
    let function_config = "functionConfig:\n  apiVersion: floe.dev/v1\n  kind: NetworkSecurity\n  spec:\n    \
                           namespaces: {jobs: by-function}\n";

    let setting = Setting::new();
    assert_eq!(setting.jobs(JOB), "floe-jobs");
    setting.write("manifest.yaml", &manifest("by-place"));
    assert_eq!(setting.jobs(JOB), "by-place");
    let by_variable = setting.write("variable.yaml", &manifest("by-variable"));
    let setting = setting.variable("FLOE_CONFIG", by_variable);
    assert_eq!(setting.jobs(JOB), "by-variable");
    let by_argument = setting.write("argument.yaml", &manifest("by-argument"));
    let setting = setting.argument("--config").argument(by_argument);
    assert_eq!(setting.jobs(JOB), "by-argument");
    assert_eq!(setting.jobs(&list("")), "by-argument");
    assert_eq!(setting.jobs(&list("functionConfig: null\n")), "by-argument");
    // Whoever names a file wants that one: no input brings its own.
    assert_eq!(setting.jobs(&list(function_config)), "by-argument");
    assert!(setting.run(&list(function_config)).stderr.contains("functionConfig is not used"));
    assert_eq!(Setting::new().jobs(&list(function_config)), "by-function");
    // Nor does a chart that renders an object of that kind.
    let chart = format!("---\n# Source: shop/templates/list.yaml\n{}", list(function_config));
    assert_eq!(Setting::new().jobs(&chart), "floe-jobs");
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let setting = Setting::new().variable("FLOE_CONFIG", "").variable("FLOE_NAMESPACE", "");
    setting.write("manifest.yaml", &manifest("by-place"));
    assert_eq!(setting.jobs(JOB), "by-place");
    let argocd = Setting::new().variable("FLOE_NAMESPACE", "").variable("ARGOCD_APP_NAMESPACE", "floe-jobs");
    assert!(argocd.run(HOMELESS).stdout.contains("runAsNonRoot"));
}

#[test]
fn a_foreign_manifest_is_ignored() {
    for foreign in [
        "apiVersion: v1\nkind: ConfigMap\nsecurity: 7\n",
        "name: some web app\nversion: 2\n",
        "- not\n- even: [a mapping\n",
        "{% template %}\n",
        "",
        "a: 1\n---\nb: 2\n",
    ] {
        let setting = Setting::new();
        setting.write("manifest.yaml", foreign);
        assert_eq!(setting.jobs(JOB), "floe-jobs", "{foreign}");
    }
    let binary = Setting::new();
    fs::write(binary.folder.path().join("manifest.yaml"), b"\0\xff").unwrap();
    assert_eq!(binary.jobs(JOB), "floe-jobs");
    let directory = Setting::new();
    fs::create_dir(directory.folder.path().join("manifest.yaml")).unwrap();
    assert_eq!(directory.jobs(JOB), "floe-jobs");
}

/// The defaults must not take the place of a file that its owner only got wrong.
#[test]
fn a_manifest_of_ours_that_is_wrong_is_not_ignored() {
    for wrong in [
        "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity: {pods: 1}\n",
        "apiVersion: floe.dev/v2\nkind: Manifest\n",
        "apiVersion: floe.dev/v1\nkind: Manifst\n",
        "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity: {\n",
    ] {
        let setting = Setting::new();
        setting.write("manifest.yaml", wrong);
        let ran = setting.run(JOB);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{wrong}{ran:?}");
        assert!(ran.headline().contains("manifest.yaml:"), "{}", ran.stderr);
    }
    // A file that was asked for has to be ours.
    let setting = Setting::new();
    let named = setting.write("app.yaml", "name: some web app\n");
    assert_eq!(setting.argument("--config").argument(named).run(JOB).code, Some(2));
}

#[test]
fn sources_of_the_namespace_in_their_order() {
    let hardened = |setting: &Setting, input: &str| {
        let ran = setting.run(input);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stdout.contains("runAsNonRoot")
    };
    let other = "---\nkind: ConfigMap\nmetadata: {name: a, namespace: floe-jobs}\n---\n";
    let with_other = format!("{other}{HOMELESS}");
    assert!(hardened(&Setting::new(), &with_other), "the one namespace that other documents name");
    assert_eq!(Setting::new().run(HOMELESS).code, Some(3));

    // Each of these says something else than what comes after it.
    let configured = Setting::new();
    configured.write("manifest.yaml", "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity: {release_namespace: shop}\n");
    assert!(!hardened(&configured, &with_other), "security.release_namespace");
    let argocd = configured.variable("ARGOCD_APP_NAMESPACE", "floe-jobs");
    assert!(hardened(&argocd, &with_other), "ARGOCD_APP_NAMESPACE");
    let variable = argocd.variable("FLOE_NAMESPACE", "shop");
    assert!(!hardened(&variable, &with_other), "FLOE_NAMESPACE");
    let argument = variable.argument("--namespace").argument("floe-jobs");
    assert!(hardened(&argument, HOMELESS), "--namespace");
}

#[test]
fn the_example_runs_as_documented() {
    let platform = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/platform");
    let setting = Setting::new().argument("--config").argument(platform.join("manifest.yaml").display().to_string());
    let ran = setting.run(&fs::read_to_string(platform.join("rendered.yaml")).unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("floe-sales-domain"));
}
