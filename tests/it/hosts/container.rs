//! The image: what is in it, that it runs as functions are run, and the `docker` by which hosts start it.
//!
//! Built with podman from the program of `make filter`, in a storage of its own under `target/`, so that the
//! user's images stay as they are.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::kustomize::{KUBECTL_KUSTOMIZE, kubectls};
use super::tested::{Host, tested};
use crate::examples::run_on;
use crate::support::{OnPath, architecture, example_copy, files_below, floe, outdated, project, skip, test_name, tool};

/// The name under which the examples know the image.
pub(super) const IMAGE: &str = "registry.example/floe:0.1.0";
/// What Kustomize and kpt pass when they start a function.
pub(super) const OF_HOSTS: [&str; 5] =
    ["--rm", "--interactive", "--network=none", "--user=nobody", "--security-opt=no-new-privileges"];
/// What an administrator adds who trusts functions with nothing.
const OF_ADMINISTRATORS: [&str; 6] = [
    "--pull=never",
    "--read-only",
    "--cap-drop=all",
    "--ulimit=nofile=1024:1024",
    "--ulimit=nproc=1000:1000",
    "--memory=256m",
];
/// Most bytes of the image, uncompressed.
const MOST_BYTES: u64 = 10_000_000;

/// podman with the image in its storage.
pub(super) struct Engine {
    podman: PathBuf,
    flags: Vec<String>,
}

impl Engine {
    /// The engine that all tests share, or `None` after reporting the skip.
    pub(super) fn get() -> Option<&'static Self> {
        static ENGINE: OnceLock<Option<Engine>> = OnceLock::new();
        // Asked for each time, because each test that is skipped is to be named.
        for name in ["podman", "runc"] {
            tool(name)?;
        }
        if let Some(why) = unusable() {
            skip(&test_name(), &why);
            return None;
        }
        ENGINE.get_or_init(|| Some(Self::new(&tool("podman")?))).as_ref()
    }

    fn new(podman: &Path) -> Self {
        let engine = ["overlay", "vfs"].iter().find_map(|driver| {
            let storage = project().join("target/containers").join(driver);
            let flag = |name: &str, folder: &str| format!("--{name}={}", storage.join(folder).display());
            let flags = vec![
                flag("root", "root"),
                flag("runroot", "run"),
                format!("--storage-driver={driver}"),
                "--runtime=runc".to_owned(),
                "--cgroup-manager=cgroupfs".to_owned(),
                "--events-backend=none".to_owned(),
            ];
            let engine = Self { podman: podman.to_owned(), flags };
            engine.command(&["info"]).output().unwrap().status.success().then_some(engine)
        });
        let engine = engine.expect("podman has neither overlay nor vfs");
        engine.build(&["--tag", IMAGE]);
        // The images of earlier programs.
        engine.stdout(&["image", "prune", "--force"]);
        engine
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.podman);
        command.args(&self.flags).args(arguments);
        command
    }

    /// What podman prints; it has to succeed.
    fn stdout(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Builds the last stage from the binary that is there, and gives the image's id.
    fn build(&self, more: &[&str]) -> String {
        let root = project();
        let mut arguments = vec!["build", "--quiet", "--timestamp=0", "--target=prebuilt", "--build-arg=REVISION=abc"];
        arguments.extend(more);
        arguments.push(root.to_str().unwrap());
        self.stdout(&arguments)
    }

    /// Runs the image, confined, with these further flags.
    fn run(&self, flags: &[&str], arguments: &[&str], input: &str) -> Output {
        let mut command = assert_cmd::Command::new(&self.podman);
        command
            .args(&self.flags)
            .arg("run")
            .args(OF_HOSTS)
            .args(OF_ADMINISTRATORS)
            .args(flags)
            .arg(IMAGE)
            .args(arguments);
        command.write_stdin(input).output().unwrap()
    }

    /// A path on which `docker` and `podman` are this engine, and confine what they run.
    pub(super) fn on_path(&self) -> (OnPath, TempDir) {
        self.on_path_where("engine run $limits \"$@\"")
    }

    /// The same, but each container is killed once it runs, before it has all of its input.
    pub(super) fn on_path_that_kills(&self) -> (OnPath, TempDir) {
        self.on_path_where(
            "name=killed-$$\n\
             exec 3< <(head -c 400; exec sleep 10 2>/dev/null)\n\
             engine run --name=$name $limits \"$@\" <&3 & child=$!\n\
             running() { engine container inspect --format '{{.State.Running}}' $name 2>/dev/null; }\n\
             until [ \"$(running)\" = true ]; do sleep 0.05; done\n\
             engine kill --signal=KILL $name >/dev/null\n\
             wait $child",
        )
    }

    /// The same with what happens for `run`. Hosts ask for docker's version, of which they want at least 20.10.
    fn on_path_where(&self, run: &str) -> (OnPath, TempDir) {
        let dir = TempDir::new().unwrap();
        let flags = self.flags.join("' '");
        // kpt says itself when to pull.
        let limits: Vec<&str> = OF_ADMINISTRATORS.into_iter().filter(|flag| !flag.starts_with("--pull")).collect();
        let script = format!(
            "#!/bin/bash\nengine() {{ '{podman}' '{flags}' \"$@\"; }}\nlimits='{limits}'\ncase $1 in\n\
             version) echo 28.2.2 ;;\n\
             run)\nshift\n{run}\n;;\n*) engine \"$@\" ;;\nesac\n",
            podman = self.podman.display(),
            limits = limits.join(" "),
        );
        let docker = executable(dir.path(), "docker", &script);
        (OnPath::new().link("docker", &docker).link("podman", &docker), dir)
    }
}

/// Writes a script that can be started.
pub(super) fn executable(folder: &Path, name: &str, script: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Why the image's program cannot stand for the source, if it cannot.
pub(super) fn unusable() -> Option<String> {
    outdated(&project().join(format!("target/dist/floe-filter-{}", architecture())), &["src"], "make filter")
}

#[test]
fn image_holds_one_program_and_says_what_it_is() {
    let Some(engine) = Engine::get() else { return };
    let image: Value = serde_json::from_str(&engine.stdout(&["image", "inspect", IMAGE])).unwrap();
    let image = &image[0];
    let config = &image["Config"];
    assert_eq!((&config["Entrypoint"], &config["User"]), (&json!(["/floe"]), &json!("65534:65534")));
    assert!(config["Cmd"].is_null(), "hosts start the image without arguments: {config}");
    let labels: BTreeMap<&str, &str> = [
        ("title", "floe"),
        ("description", "KRM function and filter that makes rendered Kubernetes workloads secure"),
        ("licenses", "Apache-2.0"),
        ("version", env!("CARGO_PKG_VERSION")),
        ("revision", "abc"),
    ]
    .into();
    for (name, value) in labels {
        assert_eq!(config["Labels"][format!("org.opencontainers.image.{name}")], value, "{config}");
    }
    let size = image["Size"].as_u64().unwrap();
    assert!(size < MOST_BYTES, "the image has {size} bytes");

    let root = engine.stdout(&["image", "mount", IMAGE]);
    assert_eq!(files_below(Path::new(&root)), ["LICENSE", "etc/group", "etc/passwd", "floe"].map(PathBuf::from));
}

#[test]
fn same_binary_gives_the_same_image() {
    let Some(engine) = Engine::get() else { return };
    assert_eq!(engine.build(&["--no-cache"]), engine.build(&["--no-cache"]));
}

/// Confined as hosts confine functions and beyond, as any user, the image prints what the program prints here: where
/// there is no docker, podman will do, or the program alone.
#[test]
fn pain_13_confined_image_prints_what_the_program_prints() {
    let Some(engine) = Engine::get() else { return };
    let input = fs::read_to_string(project().join("examples/platform/rendered.yaml")).unwrap();
    tested(Host::Podman, &engine.podman);
    let folder = TempDir::new().unwrap();
    let here = floe().current_dir(folder.path()).write_stdin(input.as_str()).output().unwrap();
    assert!(here.status.success() && !here.stdout.is_empty());
    for user in ["nobody", "root", "12345", "1000740000:0"] {
        let there = engine.run(&["--user", user], &[], &input);
        let stderr = String::from_utf8_lossy(&there.stderr);
        assert!(there.status.success(), "as {user}: {stderr}");
        assert!(there.stdout == here.stdout, "as {user} the image prints something else than the program");
        assert_eq!(stderr, String::from_utf8_lossy(&here.stderr), "as {user}");
    }
}

#[test]
fn image_says_what_it_leaves_out_and_fails_with_the_codes_of_the_program() {
    let Some(engine) = Engine::get() else { return };
    let help = engine.run(&[], &["--help"], "");
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("Exit codes:"));
    for (arguments, input, code) in [(&[][..], "", 3), (&["--no-such-flag"], "", 2), (&["network", "audit"], "", 2)] {
        let ran = engine.run(&[], arguments, input);
        let stderr = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(code), "{arguments:?}: {stderr}");
        assert!(ran.stdout.is_empty() && !stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn kustomize_container() {
    let (Some(engine), Some(kustomize), Some(kubectl)) = (Engine::get(), tool("kustomize"), tool("kubectl")) else {
        return;
    };
    let (on_path, _docker) = engine.on_path();
    tested(Host::KustomizeContainer, &kustomize);
    run_on("kustomize-container", &on_path.link("kustomize", &kustomize).link("kubectl", &kubectl));
}

#[test]
fn kubectl_of_several_versions() {
    let Some(engine) = Engine::get() else { return };
    let (on_path, _docker) = engine.on_path();
    let example = example_copy("kustomize-container");
    let expected = fs::read_to_string(example.path().join("expected/secured-by-kubectl.yaml")).unwrap();
    for kubectl in kubectls() {
        tested(Host::KubectlContainer, &kubectl);
        let mut command = on_path.command(&kubectl);
        let success = command.current_dir(example.path()).args(KUBECTL_KUSTOMIZE).assert().success();
        let stdout = String::from_utf8(success.get_output().stdout.clone()).unwrap();
        assert!(stdout == expected, "{}:\n{stdout}", kubectl.display());
    }
}

#[test]
fn kpt_container() {
    let (Some(engine), Some(kpt)) = (Engine::get(), tool("kpt")) else { return };
    let (on_path, _docker) = engine.on_path();
    tested(Host::KptContainer, &kpt);
    run_on("kpt-container", &on_path.link("kpt", &kpt));
}

/// What the example says of podman: kpt starts that, and not docker.
#[test]
fn kpt_takes_the_engine_that_the_example_names() {
    let Some(kpt) = tool("kpt") else { return };
    let readme = fs::read_to_string(project().join("examples/kpt-container/README.md")).unwrap();
    let line = readme.lines().find(|line| line.contains("=podman")).unwrap();
    let variables: Vec<&str> = line.split(' ').filter(|word| word.ends_with("=podman")).collect();
    let engines = TempDir::new().unwrap();
    let log = engines.path().join("started");
    let script = |name: &str| {
        let script = format!(
            "#!/bin/sh\necho {name} >> '{}'\n[ $1 = version ] && echo 28.2.2 && exit 0\nexit 1\n",
            log.display()
        );
        executable(engines.path(), name, &script)
    };
    let on_path = OnPath::new().link("docker", &script("docker")).link("podman", &script("podman"));
    let example = example_copy("kpt-container");
    let mut command = on_path.command(&kpt);
    for variable in variables {
        command.env(variable.split('=').next().unwrap(), "podman");
    }
    let _ = command.current_dir(example.path()).args(["fn", "render"]).output().unwrap();
    let started = fs::read_to_string(&log).unwrap();
    assert!(started.lines().all(|name| name == "podman"), "{started}");
}
