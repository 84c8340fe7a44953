//! Argo CD: its own plugin server runs the example's plugins, and its own repo server's code asks it.
//!
//! `cmpserver serve` is the sidecar of the example, with its user (if these tests run as root), its environment and
//! nothing to write to but `/tmp`. `cmpserver ask` stands for the repo server: it finds the plugin by its socket, sends
//! the repository, and makes manifests of the answer, or an error as Argo CD shows it.

mod refused;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::container::executable;
use super::tested::{Host, tested};
use super::{assert_hardened, find, first, is_root};
use crate::support::{documents, floe_path, judge, project, snapshot, tool};

/// The user of the sidecar.
const UID: &str = "999";

/// What Argo CD writes on every object of an application.
const TRACKING: &str = "argocd.argoproj.io/tracking-id";

/// Gives a folder these rights.
fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A YAML file of the example.
fn example(name: &str) -> Option<Value> {
    let text = fs::read_to_string(project().join("examples/argocd").join(name)).unwrap();
    Some(judge(&[text])?.pop().unwrap().unwrap())
}

/// The folder in which the plugins' sockets are, and the program that serves and asks.
struct Sockets {
    program: PathBuf,
    folder: TempDir,
}

impl Sockets {
    /// `None` after reporting the skip.
    fn new() -> Option<Self> {
        let sockets = Self { program: tool("cmpserver")?, folder: TempDir::new().unwrap() };
        chmod(sockets.folder.path(), 0o777);
        Some(sockets)
    }
}

/// A sidecar of the repo server. Dropping it ends it.
struct Sidecar {
    /// Programs on its `PATH`.
    bin: TempDir,
    /// The only folder that it may write to, besides the one with its socket.
    tmp: TempDir,
    server: Child,
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Sidecar {
    /// Starts the sidecar `floe-<plugin>` of the example with the tool that its image holds; `None` after reporting the
    /// skip.
    fn start(sockets: &Sockets, plugin: &str) -> Option<Self> {
        tested(Host::ArgoCd, &sockets.program);
        let (bin, tmp) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        symlink(floe_path(), bin.path().join("floe")).unwrap();
        symlink(tool(plugin)?, bin.path().join(plugin)).unwrap();
        chmod(bin.path(), 0o755);
        chmod(tmp.path(), 0o777);
        let config = project().join("examples/argocd").join(format!("plugin-{plugin}"));
        let log = fs::File::create(tmp.path().join("log")).unwrap();
        let server = as_the_sidecars_user(&sockets.program)
            .args(["serve", "--config-dir-path"])
            .arg(config)
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", bin.path().display()))
            .env("HOME", tmp.path())
            .env("TMPDIR", tmp.path())
            .env("ARGOCD_PLUGINSOCKFILEPATH", sockets.folder.path())
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut sidecar = Self { bin, tmp, server };
        let socket = sockets.folder.path().join(format!("floe-{plugin}.sock"));
        let has_started = soon(|| socket.exists() || sidecar.server.try_wait().unwrap().is_some());
        assert!(has_started && socket.exists(), "the plugin server does not serve: {}", sidecar.log());
        Some(sidecar)
    }

    /// What the server wrote on standard error.
    fn log(&self) -> String {
        fs::read_to_string(self.tmp.path().join("log")).unwrap()
    }

    /// Puts a script in the place of a program.
    fn replace(&self, name: &str, script: &str) {
        // A link to the program, which must not be written through.
        fs::remove_file(self.bin.path().join(name)).unwrap();
        executable(self.bin.path(), name, script);
    }
}

/// A program as the user that the sidecar has, if that can be taken on; any other user has no more rights.
fn as_the_sidecars_user(program: &Path) -> Command {
    if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", UID, "--regid", UID, "--clear-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// Waits half a minute for something; whether it came.
fn soon(mut has_come: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        if has_come() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// What Argo CD made of an application.
#[derive(Debug)]
struct Made {
    /// What kind of source it was taken for: `Plugin`, `Directory` and so on.
    source_type: String,
    objects: Vec<Value>,
}

/// An Application and its repository.
struct Application {
    object: Value,
    repository: TempDir,
}

impl Application {
    /// That of the example, with the source of the example `application-<plugin>`; `None` after reporting the skip.
    fn of(plugin: &str) -> Option<Self> {
        let mut object = example("application.yaml")?;
        object["spec"]["source"]["plugin"] = json!({"name": format!("floe-{plugin}")});
        let application = Self { object, repository: TempDir::new().unwrap() };
        for (path, text) in snapshot(&project().join("examples/argocd").join(format!("application-{plugin}"))) {
            application.write(path.to_str().unwrap(), &text);
        }
        Some(application)
    }

    /// Its folder in the repository.
    fn folder(&self) -> PathBuf {
        self.repository.path().join(self.object["spec"]["source"]["path"].as_str().unwrap())
    }

    /// Puts a file into that folder.
    fn write(&self, name: &str, text: &str) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Another namespace as the destination.
    fn into_namespace(mut self, name: &str) -> Self {
        self.object["spec"]["destination"]["namespace"] = json!(name);
        self
    }

    /// Sets the parameters of the plugin.
    fn with_parameters(mut self, parameters: Value) -> Self {
        self.object["spec"]["source"]["plugin"]["parameters"] = parameters;
        self
    }

    /// Names no plugin: Argo CD has to find one.
    fn without_plugin(mut self) -> Self {
        self.object["spec"]["source"].as_object_mut().unwrap().remove("plugin");
        self
    }

    /// What Argo CD makes of it before a deadline, or the error that it shows.
    fn ask_within(&self, sockets: &Sockets, timeout: &str) -> Result<Made, String> {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("application.json");
        fs::write(&file, self.object.to_string()).unwrap();
        let output = Command::new(&sockets.program)
            .args(["ask", "-timeout", timeout, "-application"])
            .args([&file, self.repository.path()])
            .env("ARGOCD_PLUGINSOCKFILEPATH", sockets.folder.path())
            .env("TMPDIR", folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        if let Some(error) = answer["error"].as_str() {
            assert!(answer["manifests"].is_null(), "half a result: {answer:#}");
            return Err(error.to_owned());
        }
        let Value::Array(objects) = answer["manifests"].take() else { panic!("no manifests: {answer:#}") };
        Ok(Made { source_type: answer["sourceType"].as_str().unwrap().to_owned(), objects })
    }

    /// The same with time enough.
    fn ask(&self, sockets: &Sockets) -> Result<Made, String> {
        self.ask_within(sockets, "60s")
    }

    /// The objects that Argo CD would apply.
    fn objects(&self, sockets: &Sockets) -> Vec<Value> {
        let made = self.ask(sockets).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(made.source_type, "Plugin");
        made.objects
    }
}

/// The sidecar with Helm, and the application of the example for it.
fn helm() -> Option<(Sockets, Sidecar, Application)> {
    let sockets = Sockets::new()?;
    let sidecar = Sidecar::start(&sockets, "helm")?;
    Some((sockets, sidecar, Application::of("helm")?))
}

/// What reaches the cluster is what the example promises, each object tracked, and nothing else is changed or twice
/// there.
#[test]
fn the_helm_plugin_secures_the_application() {
    let Some((sockets, _sidecar, mut application)) = helm() else { return };
    application.object = example("application.yaml").unwrap();
    let mut objects = application.objects(&sockets);
    let mut tracked = Vec::new();
    for object in &mut objects {
        let annotations = object["metadata"]["annotations"].as_object_mut().unwrap();
        tracked.push(annotations.remove(TRACKING).unwrap());
        let is_empty = annotations.is_empty();
        if is_empty {
            object["metadata"].as_object_mut().unwrap().remove("annotations");
        }
    }
    let secured = fs::read_to_string(project().join("examples/argocd/expected/secured.yaml")).unwrap();
    assert_eq!(objects, documents(&secured).unwrap());
    assert!(tracked.contains(&json!("shop:apps/Deployment:floe-jobs/shop")), "{tracked:?}");
    let mut once = tracked.clone();
    once.sort_by_key(ToString::to_string);
    once.dedup();
    assert_eq!(once.len(), tracked.len(), "Argo CD would apply the last one of {tracked:?}");

    assert_hardened(find(&objects, "Deployment", "shop"));
    // Hooks are hardened too, and floe adds none: one hook of Argo CD would switch off those of Helm.
    assert_hardened(find(&objects, "Job", "shop-migrate"));
    for object in objects.iter().filter(|it| it["metadata"]["labels"]["floe.dev/component"].is_string()) {
        assert!(object["metadata"]["annotations"]["argocd.argoproj.io/hook"].is_null(), "{object:#}");
    }
    let namespace = find(&objects, "Namespace", "floe-jobs");
    assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
    let options = &namespace["metadata"]["annotations"]["argocd.argoproj.io/sync-options"];
    assert_eq!(options, "Prune=false,Delete=false");
}

#[test]
fn the_kustomize_plugin_secures_the_application() {
    let Some(sockets) = Sockets::new() else { return };
    let (Some(_sidecar), Some(application)) = (Sidecar::start(&sockets, "kustomize"), Application::of("kustomize"))
    else {
        return;
    };
    let objects = application.objects(&sockets);
    assert_hardened(find(&objects, "Deployment", "shop"));
    assert!(first(&objects, "Namespace") < first(&objects, "NetworkPolicy"));

    application
        .write("root.yaml", "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity: {pod_security: {run_as_user: 4711}}\n");
    let objects = application.with_parameters(json!([{"name": "config", "string": "root.yaml"}])).objects(&sockets);
    assert_eq!(find(&objects, "Deployment", "shop")["spec"]["template"]["spec"]["securityContext"]["runAsUser"], 4711);
}

/// Both sidecars of the example at once: each takes what names it, and nothing else.
#[test]
fn each_plugin_takes_its_own_sources() {
    let Some(sockets) = Sockets::new() else { return };
    let (Some(helm), Some(kustomize)) = (Sidecar::start(&sockets, "helm"), Sidecar::start(&sockets, "kustomize"))
    else {
        return;
    };
    let tools = ["helm", "kustomize"];
    for plugin in tools {
        let named = Application::of(plugin).unwrap();
        assert_hardened(find(&named.objects(&sockets), "Deployment", "shop"));

        let asked = [&helm, &kustomize].map(|it| it.log().matches("Plugin command successful").count());
        let unnamed = Application::of(plugin).unwrap().without_plugin().ask(&sockets).map(|made| made.source_type);
        // The repo server of these tests runs no Helm or Kustomize of its own where that is missing.
        assert_ne!(unnamed.as_deref().unwrap_or_default(), "Plugin");
        assert_eq!(asked, [&helm, &kustomize].map(|it| it.log().matches("Plugin command successful").count()));

        let mut wrong = Application::of(plugin).unwrap();
        wrong.object["spec"]["source"]["plugin"]["name"] = json!("floe-other");
        let error = wrong.ask(&sockets).unwrap_err();
        assert!(error.contains("\"floe-other\""), "{error}");
    }
    // Without a Chart.yaml it is a folder of manifests, and floe is not asked.
    let plain = Application::of("kustomize").unwrap().without_plugin();
    fs::remove_file(plain.folder().join("kustomization.yaml")).unwrap();
    let asked = helm.log().matches("Plugin command successful").count();
    assert_ne!(asked, 0);
    let made = plain.ask(&sockets).unwrap();
    assert_eq!((made.source_type.as_str(), made.objects.len()), ("Directory", 1));
    assert_eq!(asked, helm.log().matches("Plugin command successful").count());
}

#[test]
fn pain_07_the_namespace_comes_from_argo_cd() {
    let Some((sockets, _sidecar, application)) = helm() else { return };
    let release =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: release}\ndata: {namespace: {{ .Release.Namespace }}}\n";
    application.write("templates/release.yaml", release);
    let managed = application.objects(&sockets);
    assert_hardened(find(&managed, "Deployment", "shop"));
    assert_eq!(find(&managed, "ConfigMap", "release")["data"]["namespace"], "floe-jobs");
    let foreign = application.into_namespace("elsewhere").objects(&sockets);
    let pod = &find(&foreign, "Deployment", "shop")["spec"]["template"]["spec"];
    assert_eq!(find(&foreign, "ConfigMap", "release")["data"]["namespace"], "elsewhere");
    assert!(pod["securityContext"].is_null(), "floe does not manage that namespace: {pod:#}");
}

#[test]
fn parameters_reach_helm_and_floe() {
    let Some((sockets, _sidecar, application)) = helm() else { return };
    application.write("values-production.yaml", "replicas: 7\n");
    application.write(
        "strict.yaml",
        "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity: {pod_security: {run_as_user: 4711}}\n",
    );
    let application = application.with_parameters(json!([
        {"name": "values", "array": ["values.yaml", "values-production.yaml"]},
        {"name": "config", "string": "strict.yaml"},
    ]));
    let objects = application.objects(&sockets);
    let deployment = find(&objects, "Deployment", "shop");
    assert_eq!(deployment["spec"]["replicas"], 7);
    assert_eq!(deployment["spec"]["template"]["spec"]["securityContext"]["runAsUser"], 4711);
}

/// `init` fetches what the chart depends on, here from another folder of the repository, into the server's own copy.
#[test]
fn dependencies_are_built() {
    let Some((sockets, _sidecar, application)) = helm() else { return };
    let chart = fs::read_to_string(application.folder().join("Chart.yaml")).unwrap();
    let dependency = "dependencies: [{name: cache, version: 0.1.0, repository: 'file://../cache'}]\n";
    application.write("Chart.yaml", &format!("{chart}{dependency}"));
    refused::assert_says(&refused::reason(&application, &sockets), &["cache", "not found"]);

    let deployment = fs::read_to_string(application.folder().join("templates/shop.yaml")).unwrap();
    application.write("../cache/Chart.yaml", "apiVersion: v2\nname: cache\nversion: 0.1.0\n");
    application.write("../cache/values.yaml", "replicas: 1\n");
    application.write("../cache/templates/cache.yaml", &deployment.replace("name: {{ .Release.Name }}", "name: cache"));
    let before = snapshot(application.repository.path());
    let objects = application.objects(&sockets);
    assert_hardened(find(&objects, "Deployment", "cache"));
    assert_eq!(before, snapshot(application.repository.path()));
}

/// The manifests that install the plugins build on what Argo CD's own look like.
#[test]
fn the_sidecars_fit_into_the_repo_server() {
    let (Some(kustomize), Some(_)) = (tool("kustomize"), tool("yamljudge")) else { return };
    let folder = crate::support::example_copy("argocd");
    let upstream = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: argocd-repo-server}\n\
                    spec:\n  template:\n    spec:\n      \
                    containers: [{name: argocd-repo-server, image: argocd}]\n      volumes: [{name: var-files, \
                    emptyDir: {}}, {name: plugins, emptyDir: {}}]\n";
    fs::create_dir(folder.path().join("upstream")).unwrap();
    fs::write(folder.path().join("upstream/repo-server.yaml"), upstream).unwrap();
    fs::write(folder.path().join("upstream/kustomization.yaml"), "resources: [repo-server.yaml]\n").unwrap();
    let install = folder.path().join("kustomization.yaml");
    let text = fs::read_to_string(&install).unwrap();
    let remote = text.lines().find(|line| line.contains("https://")).unwrap();
    // The example installs the version whose plugin server the other tests run.
    let pinned = fs::read_to_string(project().join("tests/tools/cmpserver/go.mod")).unwrap();
    let version = remote.split_once("ref=").unwrap().1;
    assert!(pinned.contains(&format!("\tgithub.com/argoproj/argo-cd/v3 {version}\n")), "{version} is not tested");
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
