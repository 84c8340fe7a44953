//! Both majors of Helm, each with a home of its own: nothing of the user who runs the tests is read or written.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::container::executable;
use super::tested::{Host, tested};
use crate::support::{OnPath, Ran, floe_path, project, run_with, tool};

/// One major of Helm that finds floe: Helm 3 on its `PATH`, Helm 4 as a plugin.
pub(super) struct Helm {
    /// 3 or 4.
    pub(super) major: u8,
    program: PathBuf,
    on_path: OnPath,
    home: TempDir,
}

impl Helm {
    /// Helm 3; `None` after reporting the skip.
    pub(super) fn three() -> Option<Self> {
        Some(Self::new(3, &tool("helm")?, &floe_path()))
    }

    /// Helm 4 with the plugin installed; `None` after reporting the skip.
    pub(super) fn four() -> Option<Self> {
        Some(Self::new(4, &tool("helm4")?, &floe_path()))
    }

    /// Both.
    pub(super) fn both() -> Option<[Self; 2]> {
        Self::both_with(&floe_path())
    }

    /// Both, with another program in floe's place.
    pub(super) fn both_with(floe: &Path) -> Option<[Self; 2]> {
        let (three, four) = (tool("helm")?, tool("helm4")?);
        Some([Self::new(3, &three, floe), Self::new(4, &four, floe)])
    }

    /// Helm 4 as it comes, without a plugin.
    pub(super) fn four_without_plugin() -> Option<Self> {
        let program = tool("helm4")?;
        Some(Self { major: 4, program, on_path: OnPath::new(), home: TempDir::new().unwrap() })
    }

    fn new(major: u8, program: &Path, floe: &Path) -> Self {
        tested(if major == 3 { Host::Helm3 } else { Host::Helm4 }, program);
        let helm =
            Self { major, program: program.to_owned(), on_path: OnPath::with(floe), home: TempDir::new().unwrap() };
        if major == 4 {
            // A folder is linked, not copied: packing the binary takes seconds, and one test of its own does that.
            let plugin = helm.home.path().join("plugin/floe");
            fs::create_dir_all(plugin.join("bin")).unwrap();
            fs::copy(project().join("packaging/helm-plugin/plugin.yaml"), plugin.join("plugin.yaml")).unwrap();
            symlink(floe, plugin.join("bin/floe")).unwrap();
            let ran = helm.run(helm.home.path(), &["plugin", "install", "--verify=false", plugin.to_str().unwrap()]);
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        }
        helm
    }

    /// A program that is this Helm with its plugins, for shells of others.
    pub(super) fn with_its_home(&self) -> PathBuf {
        let data = self.data();
        let script = format!("#!/bin/sh\nHELM_DATA_HOME={} exec {} \"$@\"\n", data.display(), self.program.display());
        executable(self.home.path(), "helm", &script)
    }

    /// The folder that this Helm keeps its data in.
    pub(super) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// A command in a folder.
    pub(super) fn command(&self, folder: &Path, arguments: &[&str]) -> assert_cmd::Command {
        let mut command = self.on_path.command(&self.program);
        at_home(&mut command, self.home.path());
        command.current_dir(folder).args(arguments);
        command
    }

    /// The same for a shell that finds this Helm as `helm`, and floe.
    pub(super) fn shell(&self, folder: &Path, script: &str) -> assert_cmd::Command {
        let bin = folder.join(".bin");
        fs::create_dir_all(&bin).unwrap();
        symlink(&self.program, bin.join("helm")).unwrap();
        let helm = self.command(folder, &[]);
        let mut shell = assert_cmd::Command::new("bash");
        for (name, value) in helm.get_envs() {
            match value {
                Some(value) if name == "PATH" => {
                    shell.env("PATH", format!("{}:{}", bin.display(), value.to_str().unwrap()))
                }
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell.current_dir(folder).args(["-e", "-c", script]);
        shell
    }

    /// The same, run to its end.
    pub(super) fn run(&self, folder: &Path, arguments: &[&str]) -> Ran {
        run_with(&mut self.command(folder, arguments), "")
    }
}

/// Gives Helm, or what starts it, this home and no cluster.
pub(super) fn at_home(command: &mut assert_cmd::Command, home: &Path) {
    for name in ["HELM_PLUGINS", "HELM_NAMESPACE", "HELM_DRIVER", "KUBECONFIG"] {
        command.env_remove(name);
    }
    for name in ["DATA", "CONFIG", "CACHE"] {
        command.env(format!("HELM_{name}_HOME"), home.join(name.to_lowercase()));
    }
}

/// The flags that make floe the post-renderer and give it these arguments.
pub(super) fn post_renderer<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    let mut flags = vec!["--post-renderer", "floe"];
    for argument in arguments {
        flags.extend(["--post-renderer-args", argument]);
    }
    flags
}

/// Writes a chart `web` with these templates.
pub(super) fn write_chart(folder: &Path, templates: &[(&str, &str)]) {
    fs::create_dir_all(folder.join("chart/templates")).unwrap();
    fs::write(folder.join("chart/Chart.yaml"), "apiVersion: v2\nname: web\nversion: 0.1.0\n").unwrap();
    for (name, text) in templates {
        fs::write(folder.join("chart/templates").join(name), text).unwrap();
    }
}

/// A Deployment that says nothing of security.
pub(super) const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      containers:
        - name: web # the only one
          image: web
";
