//! Docker's own daemon, where it is installed and starts: it builds the image and runs it for the hosts, which
//! elsewhere in these tests start podman by the name of docker.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::container::{IMAGE, OF_HOSTS, executable, unusable};
use super::is_root;
use super::tested::{Host, tested};
use crate::examples::run_on;
use crate::support::{OnPath, architecture, example_copy, floe, project, skip, snapshot, test_name, tool};

/// A daemon with a storage of its own, and the client that talks to it.
struct Docker {
    daemon: Child,
    folder: TempDir,
    client: PathBuf,
}

impl Docker {
    /// `None` after reporting the skip, or where the daemon does not start: it wants rights and a kernel that not every
    /// machine gives.
    fn start() -> Option<Self> {
        let (dockerd, docker) = (tool("dockerd")?, tool("docker")?);
        if !is_root() {
            skip(&test_name(), "dockerd has to be started by root");
            return None;
        }
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let socket = format!("unix://{}", at("socket"));
        let log = fs::File::create(at("log")).unwrap();
        let daemon = Command::new(dockerd)
            .args(["--data-root", &at("data"), "--exec-root", &at("run"), "--pidfile", &at("pid"), "--host", &socket])
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        // Without buildx the client has the builder that comes with the daemon only.
        let script =
            format!("#!/bin/sh\nexport DOCKER_HOST='{socket}' DOCKER_BUILDKIT=0\nexec '{}' \"$@\"\n", docker.display());
        let client = executable(folder.path(), "docker", &script);
        let mut docker = Self { daemon, folder, client };
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(30) {
            if docker.command(&["version"]).output().unwrap().status.success() {
                return Some(docker);
            }
            if docker.daemon.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = fs::read_to_string(docker.folder.path().join("log")).unwrap();
        eprintln!("Docker's daemon does not start here: {}", log.lines().last().unwrap_or_default());
        None
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.client);
        command.args(arguments);
        command
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        // It ends its containers and containerd.
        let _ = Command::new("kill").arg(self.daemon.id().to_string()).status();
        let _ = self.daemon.wait();
    }
}

fn result(folder: &Path) -> Vec<(PathBuf, String)> {
    snapshot(folder).into_iter().filter(|(path, _)| path != Path::new("README.md")).collect()
}

#[test]
fn the_image_is_built_and_run_by_docker_itself() {
    let (Some(docker), Some(kustomize), Some(kubectl), Some(kpt)) =
        (Docker::start(), tool("kustomize"), tool("kubectl"), tool("kpt"))
    else {
        return;
    };
    if let Some(why) = unusable() {
        return skip(&test_name(), &why);
    }
    tested(Host::Docker, &tool("dockerd").unwrap());
    let root = project();
    // BuildKit knows the architecture itself.
    let architecture = format!("TARGETARCH={}", architecture());
    let build = [
        "build",
        "--quiet",
        "--target",
        "prebuilt",
        "--build-arg",
        &architecture,
        "--tag",
        IMAGE,
        root.to_str().unwrap(),
    ];
    let output = docker.command(&build).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let input = fs::read_to_string(root.join("examples/platform/rendered.yaml")).unwrap();
    let empty = TempDir::new().unwrap();
    let here = floe().current_dir(empty.path()).write_stdin(input.as_str()).output().unwrap();
    let mut command = assert_cmd::Command::new(&docker.client);
    command.arg("run").args(OF_HOSTS).args(["--read-only", IMAGE]);
    let there = command.write_stdin(input).output().unwrap();
    assert!(there.status.success(), "{}", String::from_utf8_lossy(&there.stderr));
    assert!(there.stdout == here.stdout, "in the container it prints something else");

    let on_path = OnPath::new().link("docker", &docker.client);
    run_on("kustomize-container", &on_path.link("kustomize", &kustomize).link("kubectl", &kubectl));

    let package = example_copy("kpt-container");
    let expected = result(&package.path().join("expected"));
    fs::remove_dir_all(package.path().join("expected")).unwrap();
    let on_path = OnPath::new().link("docker", &docker.client);
    on_path.command(&kpt).current_dir(package.path()).args(["fn", "render"]).assert().success();
    let rendered = result(package.path());
    for file in &expected {
        assert!(rendered.contains(file), "{} is not as expected", file.0.display());
    }
}
