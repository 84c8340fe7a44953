//! What goes wrong, in every host of functions: the user sees why, the host fails, and nothing is written or removed.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::container::{Engine, executable};
use super::{assert_names_the_misspelling, misspell};
use crate::support::{OnPath, example_copy, floe_path, snapshot, tool};

/// A host with the example that starts floe in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Host {
    KustomizeExec,
    KustomizeContainer,
    KubectlContainer,
    KptExec,
    KptContainer,
}

impl Host {
    const ALL: [Self; 5] =
        [Self::KustomizeExec, Self::KustomizeContainer, Self::KubectlContainer, Self::KptExec, Self::KptContainer];

    fn example(self) -> &'static str {
        match self {
            Self::KustomizeExec => "kustomize-exec",
            Self::KustomizeContainer | Self::KubectlContainer => "kustomize-container",
            Self::KptExec => "kpt",
            Self::KptContainer => "kpt-container",
        }
    }

    fn command(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::KustomizeExec => ("kustomize", &["build", "--enable-alpha-plugins", "--enable-exec", "."]),
            Self::KustomizeContainer => ("kustomize", &["build", "--enable-alpha-plugins", "."]),
            Self::KubectlContainer => ("kubectl", &["kustomize", "--enable-alpha-plugins", "."]),
            Self::KptExec => ("kpt", &["fn", "render", "--allow-exec"]),
            Self::KptContainer => ("kpt", &["fn", "render"]),
        }
    }

    fn is_container(self) -> bool {
        !matches!(self, Self::KustomizeExec | Self::KptExec)
    }

    /// The example's input, or `None` after reporting the skip.
    fn ready(self) -> Option<(PathBuf, TempDir)> {
        if self.is_container() {
            Engine::get()?;
        }
        let program = tool(self.command().0)?;
        let folder = example_copy(self.example());
        let expected = folder.path().join("expected");
        if expected.exists() {
            fs::remove_dir_all(expected).unwrap();
        }
        Some((program, folder))
    }

    /// Runs the host in the folder: whether it succeeded, what it printed, and everything that it showed.
    fn run(self, program: &Path, on_path: &OnPath, folder: &Path) -> (bool, String, String) {
        let output = on_path.command(program).current_dir(folder).args(self.command().1).output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let shown = format!("{stdout}{}", String::from_utf8(output.stderr).unwrap());
        (output.status.success(), stdout, shown)
    }

    /// Where the workload with a container named `api` stands.
    fn workload(self) -> &'static str {
        if matches!(self, Self::KptExec | Self::KptContainer) { "api.yaml" } else { "resources/api.yaml" }
    }
}

/// Spoils the example in every host and gives what the host showed; checks that it failed and changed nothing.
fn failures(spoil: impl Fn(Host, &Path)) -> Vec<(Host, String)> {
    let mut shown = Vec::new();
    for host in Host::ALL {
        let Some((program, folder)) = host.ready() else { continue };
        spoil(host, folder.path());
        let (on_path, _docker) = match Engine::get().filter(|_| host.is_container()) {
            Some(engine) => engine.on_path(),
            None => (OnPath::new(), TempDir::new().unwrap()),
        };
        shown.push((host, failure(host, &program, &on_path, folder.path())));
    }
    shown
}

/// Runs a host that has to fail, and gives what it showed.
fn failure(host: Host, program: &Path, on_path: &OnPath, folder: &Path) -> String {
    let before = snapshot(folder);
    let (succeeded, stdout, shown) = host.run(program, on_path, folder);
    assert!(!succeeded, "{host:?} succeeded:\n{shown}");
    assert!(!stdout.contains("kind:"), "{host:?} printed manifests although floe failed:\n{stdout}");
    assert_eq!(before, snapshot(folder), "{host:?} changed files although floe failed");
    shown
}

/// Replaces text in a file in which it has to stand.
fn replace(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "no {from:?} in {}", file.display());
    fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn wrong_configuration_is_named() {
    for (_, shown) in failures(|_, folder| misspell(&folder.join("floe.yaml"))) {
        assert_names_the_misspelling(&shown);
    }
}

#[test]
fn violations_are_named() {
    let spoil = |host: Host, folder: &Path| {
        replace(
            &folder.join(host.workload()),
            "- name: api\n",
            "- name: api\n          securityContext: {privileged: true}\n",
        );
    };
    for (host, shown) in failures(spoil) {
        for word in ["rejected", "sales-api", "privileged"] {
            assert!(shown.contains(word), "{host:?} does not show {word:?}:\n{shown}");
        }
    }
}

#[test]
fn malformed_workloads_are_named() {
    let spoil = |host: Host, folder: &Path| {
        let file = folder.join(host.workload());
        let text = fs::read_to_string(&file).unwrap();
        let (before, rest) = text.split_once("      containers:\n").unwrap();
        let after = rest.split_once("---\n").map_or("", |(_, after)| after);
        fs::write(file, format!("{before}      containers: none\n---\n{after}")).unwrap();
    };
    for (host, shown) in failures(spoil) {
        assert!(shown.contains("sales-api") && shown.contains("containers"), "{host:?} does not say why:\n{shown}");
    }
}

/// What floe gets from a host that has nothing to send is refused when it is no list at all; a list without items is not
/// nothing, and floe adds what it adds to any other.
#[test]
fn empty_lists_lose_nothing() {
    for host in Host::ALL {
        let Some((program, folder)) = host.ready() else { continue };
        let kpt = matches!(host, Host::KptExec | Host::KptContainer);
        if kpt {
            for name in ["api.yaml", "nightly.yaml"] {
                fs::remove_file(folder.path().join(name)).unwrap();
            }
        } else {
            let only = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\ntransformers: [floe.yaml]\n";
            fs::write(folder.path().join("kustomization.yaml"), only).unwrap();
        }
        let before = snapshot(folder.path());
        let (on_path, _docker) = match Engine::get().filter(|_| host.is_container()) {
            Some(engine) => engine.on_path(),
            None => (OnPath::new(), TempDir::new().unwrap()),
        };
        let (succeeded, stdout, shown) = host.run(&program, &on_path, folder.path());
        assert!(succeeded, "{host:?}: {shown}");
        let after = snapshot(folder.path());
        let lost: Vec<_> = before.iter().filter(|(path, _)| !after.iter().any(|(other, _)| other == path)).collect();
        assert!(lost.is_empty(), "{host:?} removed {lost:?}");
        let result = after.into_iter().map(|(_, text)| text).chain([stdout]).collect::<String>();
        assert!(result.contains("kind: NetworkPolicy"), "{host:?} wrote no policies");
    }
}

/// A process that is killed while it reads has written nothing, and a host takes its end for a failure.
#[test]
fn killed_in_the_middle() {
    for host in [Host::KustomizeExec, Host::KptExec] {
        let Some((program, folder)) = host.ready() else { continue };
        let dir = TempDir::new().unwrap();
        // Half of the input, and the end of it never.
        let script = format!(
            "#!/bin/bash\nexec 3< <(head -c 400; exec sleep 5 2>/dev/null)\n'{}' <&3 & child=$!\nsleep 0.2\nkill -KILL $child\nwait $child\n",
            floe_path().display()
        );
        let killed = executable(dir.path(), "killed", &script);
        let shown = failure(host, &program, &OnPath::with(&killed), folder.path());
        assert!(
            shown.contains("137") || shown.contains("killed"),
            "{host:?} does not say that floe was killed:\n{shown}"
        );
    }
}

#[test]
fn killed_in_a_container() {
    let Some(engine) = Engine::get() else { return };
    for host in [Host::KustomizeContainer, Host::KubectlContainer, Host::KptContainer] {
        let Some((program, folder)) = host.ready() else { continue };
        let (on_path, _docker) = engine.on_path_that_kills();
        let shown = failure(host, &program, &on_path, folder.path());
        assert!(shown.contains("137"), "{host:?} does not say that floe was killed:\n{shown}");
    }
}
