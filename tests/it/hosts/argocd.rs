//! Argo CD: the commands of the example's plugins, run as its plugin server runs them.
//!
//! The server itself is not built here: its module leans on another one that the Go module proxy does not serve. What it
//! does is in `cmpserver/plugin/plugin.go` of Argo CD: a fresh copy of the source, the working directory in it, the commands
//! of the plugin without a shell, its own environment and the application's, uid 999, SIGTERM to the process group at the
//! deadline, and standard output as the result.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::{assert_hardened, assert_names_the_misspelling, find, first, is_root, misspell};
use crate::support::{documents, floe_path, judge, project, snapshot, tool};

/// The user of the sidecar.
const UID: &str = "999";

/// A plugin with its programs, and a copy of an application's source.
struct Sidecar {
    plugin: Value,
    /// Programs on `PATH`.
    bin: TempDir,
    source: TempDir,
    /// The only folder that it may write to.
    tmp: TempDir,
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Makes a folder and all in it readable, and nothing writable.
fn seal(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            seal(&path);
        } else {
            chmod(&path, 0o444);
        }
    }
    chmod(folder, 0o555);
}

impl Sidecar {
    /// A plugin of the example with the tools that it needs; `None` after reporting the skip.
    fn new(plugin: &str, tools: &[&str]) -> Option<Self> {
        let text = fs::read_to_string(project().join("examples/argocd").join(plugin).join("plugin.yaml")).unwrap();
        let plugin = judge(&[text])?.pop().unwrap().unwrap();
        assert_eq!(plugin["kind"], "ConfigManagementPlugin");
        let sidecar = Self {
            plugin,
            bin: TempDir::new().unwrap(),
            source: TempDir::new().unwrap(),
            tmp: TempDir::new().unwrap(),
        };
        symlink(floe_path(), sidecar.bin.path().join("floe")).unwrap();
        for name in tools {
            symlink(tool(name)?, sidecar.bin.path().join(name)).unwrap();
        }
        for (folder, mode) in [(&sidecar.bin, 0o755), (&sidecar.source, 0o755), (&sidecar.tmp, 0o777)] {
            chmod(folder.path(), mode);
        }
        Some(sidecar)
    }

    /// Puts a file into the application's folder.
    fn write(&self, name: &str, text: &str) {
        let path = self.source.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Puts the application of the example there.
    fn with_application(self, name: &str) -> Self {
        for (path, text) in snapshot(&project().join("examples/argocd").join(name)) {
            self.write(path.to_str().unwrap(), &text);
        }
        self
    }

    /// A command of the plugin, by the name of its section, ready to start.
    fn command(&self, section: &str, environment: &[(&str, &str)]) -> Command {
        let section = &self.plugin["spec"][section];
        let words = ["command", "args"].iter().flat_map(|key| section[*key].as_array().into_iter().flatten());
        let words: Vec<&str> = words.map(|word| word.as_str().unwrap()).collect();
        assert!(!words.is_empty(), "the plugin has no such command");
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", UID, "--regid", UID, "--clear-groups"]).args(words);
            command
        } else {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]);
            command
        };
        command
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", self.bin.path().display()))
            .env("HOME", self.tmp.path())
            .env("TMPDIR", self.tmp.path())
            .env("ARGOCD_APP_NAME", "shop")
            .env("ARGOCD_APP_PROJECT_NAME", "default")
            .env("ARGOCD_APP_REVISION", "0123456789abcdef0123456789abcdef01234567")
            .env("ARGOCD_APP_SOURCE_PATH", "shop")
            .env("KUBE_VERSION", "1.37")
            .env("KUBE_API_VERSIONS", "v1,apps/v1,networking.k8s.io/v1")
            .env("ARGOCD_APP_PARAMETERS", "[]")
            .envs(environment.iter().copied())
            .current_dir(self.source.path())
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// `init` if there is one, then `generate`, on a copy that cannot be written to.
    fn generate(&self, environment: &[(&str, &str)]) -> Output {
        seal(self.source.path());
        if self.plugin["spec"]["init"].is_object() {
            let output = self.command("init", environment).output().unwrap();
            assert!(output.status.success(), "init: {}", String::from_utf8_lossy(&output.stderr));
        }
        self.command("generate", environment).output().unwrap()
    }
}

/// What `generate` printed; the server takes nothing else but objects.
fn objects(output: &Output) -> Vec<Value> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", output.status);
    let objects = documents(&String::from_utf8(output.stdout.clone()).unwrap()).unwrap();
    for object in &objects {
        assert!(object["kind"].is_string() && object["metadata"]["name"].is_string(), "no object: {object:#}");
    }
    objects
}

fn helm() -> Option<Sidecar> {
    Some(Sidecar::new("plugin-helm", &["helm"])?.with_application("application-helm"))
}

#[test]
fn the_helm_plugin_secures_the_application() {
    let Some(sidecar) = helm() else { return };
    let objects = objects(&sidecar.generate(&[("ARGOCD_APP_NAMESPACE", "floe-jobs")]));
    assert_hardened(find(&objects, "Deployment", "shop"));
    let namespace = find(&objects, "Namespace", "floe-jobs");
    assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
    let options = &namespace["metadata"]["annotations"]["argocd.argoproj.io/sync-options"];
    assert_eq!(options, "Prune=false,Delete=false");
    assert!(first(&objects, "NetworkPolicy") < first(&objects, "Deployment"));
    // Hooks are hardened too, and floe adds none: one hook of Argo CD would switch off those of Helm.
    assert_hardened(find(&objects, "Job", "shop-migrate"));
    for object in objects.iter().filter(|it| it["metadata"]["labels"]["floe.dev/component"].is_string()) {
        assert!(object["metadata"]["annotations"]["argocd.argoproj.io/hook"].is_null(), "{object:#}");
    }
    // Nothing occurs twice: Argo CD would apply the last one.
    let mut identities: Vec<String> = objects
        .iter()
        .map(|it| format!("{} {} {}", it["kind"], it["metadata"]["namespace"], it["metadata"]["name"]))
        .collect();
    identities.sort();
    identities.dedup();
    assert_eq!(identities.len(), objects.len());
}

#[test]
fn pain_07_the_namespace_comes_from_argo_cd() {
    let Some(sidecar) = helm() else { return };
    let managed = objects(&sidecar.generate(&[("ARGOCD_APP_NAMESPACE", "floe-jobs")]));
    assert_hardened(find(&managed, "Deployment", "shop"));
    let foreign = objects(&sidecar.generate(&[("ARGOCD_APP_NAMESPACE", "elsewhere")]));
    let pod = &find(&foreign, "Deployment", "shop")["spec"]["template"]["spec"];
    assert!(pod["securityContext"].is_null(), "floe does not manage that namespace: {pod:#}");
}

#[test]
fn parameters_reach_helm_and_floe() {
    let Some(sidecar) = helm() else { return };
    sidecar.write("values-production.yaml", "replicas: 7\n");
    sidecar.write(
        "strict.yaml",
        "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity: {pod_security: {run_as_user: 4711}}\n",
    );
    let objects = objects(&sidecar.generate(&[
        ("ARGOCD_APP_NAMESPACE", "floe-jobs"),
        ("PARAM_VALUES_0", "values-production.yaml"),
        ("PARAM_CONFIG", "strict.yaml"),
    ]));
    let deployment = find(&objects, "Deployment", "shop");
    assert_eq!(deployment["spec"]["replicas"], 7);
    assert_eq!(deployment["spec"]["template"]["spec"]["securityContext"]["runAsUser"], 4711);
}

/// An application must not read the sidecar's files, or fetch values from anywhere.
#[test]
fn parameters_name_files_of_the_source_only() {
    let Some(sidecar) = helm() else { return };
    for (name, value) in [
        ("PARAM_VALUES_0", "/etc/passwd"),
        ("PARAM_VALUES_1", "../../secret.yaml"),
        ("PARAM_VALUES_0", "https://example.com/values.yaml"),
        ("PARAM_CONFIG", "/etc/passwd"),
    ] {
        let output = sidecar.generate(&[("ARGOCD_APP_NAMESPACE", "floe-jobs"), (name, value)]);
        assert!(!output.status.success() && output.stdout.is_empty(), "{name}={value}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("not a file of the source"), "{name}={value}");
    }
}

#[test]
fn the_kustomize_plugin_secures_the_application() {
    let Some(sidecar) = Sidecar::new("plugin-kustomize", &["kustomize"]) else { return };
    let sidecar = sidecar.with_application("application-kustomize");
    let objects = objects(&sidecar.generate(&[("ARGOCD_APP_NAMESPACE", "floe-jobs")]));
    assert_hardened(find(&objects, "Deployment", "shop"));
    assert!(first(&objects, "Namespace") < first(&objects, "NetworkPolicy"));
}

/// Argo CD shows standard error of a command that fails; what it must not get is half a result.
#[test]
fn argo_cd_shows_why_floe_refuses() {
    let Some(sidecar) = helm() else { return };
    misspell(&sidecar.source.path().join("manifest.yaml"));
    let output = sidecar.generate(&[("ARGOCD_APP_NAMESPACE", "floe-jobs")]);
    assert!(!output.status.success() && output.stdout.is_empty());
    assert_names_the_misspelling(&String::from_utf8_lossy(&output.stderr));
}

/// An empty success would let Argo CD prune the application.
#[test]
fn pain_22_a_failed_helm_is_no_empty_application() {
    let Some(sidecar) = helm() else { return };
    sidecar.write("templates/broken.yaml", "{{ fail \"no such thing\" }}\n");
    let output = sidecar.generate(&[("ARGOCD_APP_NAMESPACE", "floe-jobs")]);
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("no such thing"));
}

/// Waits some seconds for an end.
fn ends(child: &mut Child) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(4) {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// At the deadline the server sends SIGTERM, and SIGKILL five seconds later.
#[test]
fn pain_22_the_deadline_ends_it_without_a_result() {
    let Some(sidecar) = Sidecar::new("plugin-helm", &[]) else { return };
    let sidecar = sidecar.with_application("application-helm");
    let helm: PathBuf = sidecar.bin.path().join("helm");
    fs::write(&helm, "#!/bin/sh\necho 'apiVersion: v1'\necho started >&2\nexec sleep 60\n").unwrap();
    chmod(&helm, 0o755);
    let mut child = sidecar.command("generate", &[("ARGOCD_APP_NAMESPACE", "floe-jobs")]).spawn().unwrap();
    // Its first words: now floe waits for the rest.
    let mut started = [0; 7];
    std::io::Read::read_exact(child.stderr.as_mut().unwrap(), &mut started).unwrap();
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-TERM", "--", &group]).status().unwrap().success());
    let has_ended = ends(&mut child);
    if !has_ended {
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
    }
    let output = child.wait_with_output().unwrap();
    assert!(has_ended, "SIGTERM does not end it");
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
}

/// The manifests that install the plugins build on what Argo CD's own look like.
#[test]
fn the_sidecars_fit_into_the_repo_server() {
    let (Some(kustomize), Some(_)) = (tool("kustomize"), tool("yamljudge")) else { return };
    let folder = crate::support::example_copy("argocd");
    let upstream = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: argocd-repo-server}\nspec:\n  template:\n    spec:\n      \
                    containers: [{name: argocd-repo-server, image: argocd}]\n      volumes: [{name: var-files, emptyDir: {}}, \
                    {name: plugins, emptyDir: {}}]\n";
    fs::create_dir(folder.path().join("upstream")).unwrap();
    fs::write(folder.path().join("upstream/repo-server.yaml"), upstream).unwrap();
    fs::write(folder.path().join("upstream/kustomization.yaml"), "resources: [repo-server.yaml]\n").unwrap();
    let install = folder.path().join("kustomization.yaml");
    let text = fs::read_to_string(&install).unwrap();
    let remote = text.lines().find(|line| line.contains("https://")).unwrap();
    fs::write(&install, text.replace(remote.trim_start_matches([' ', '-']), "upstream")).unwrap();
    let output = Command::new(kustomize).args(["build", "."]).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let documents = documents(&String::from_utf8(output.stdout).unwrap()).unwrap();
    let pod = &find(&documents, "Deployment", "argocd-repo-server")["spec"]["template"]["spec"];
    for (sidecar, plugin) in [("floe-helm", "plugin-helm"), ("floe-kustomize", "plugin-kustomize")] {
        let containers = pod["containers"].as_array().unwrap();
        let container = containers.iter().find(|it| it["name"] == sidecar).unwrap_or_else(|| panic!("{pod:#}"));
        assert_eq!(container["command"][0], "/var/run/argocd/argocd-cmp-server");
        assert_eq!(container["securityContext"]["runAsUser"], 999);
        let volumes: Vec<&Value> = container["volumeMounts"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
        let declared: Vec<&Value> = pod["volumes"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
        assert!(volumes.iter().all(|name| declared.contains(name)), "{volumes:?} {declared:?}");
        let text = fs::read_to_string(folder.path().join(plugin).join("plugin.yaml")).unwrap();
        let map = documents.iter().find(|it| it["kind"] == "ConfigMap" && it["data"]["plugin.yaml"] == text.as_str());
        assert!(map.is_some(), "no ConfigMap holds {plugin}/plugin.yaml");
    }
}
