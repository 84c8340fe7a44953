//! What goes wrong, in every host of functions: the user sees why, the host fails, and nothing is written or removed.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::container::{Engine, executable};
use super::kustomize::{KUBECTL_KUSTOMIZE, legacy_plugin};
use super::tested::{Host, tested};
use super::{assert_names_the_misspelling, make_privileged, misspell};
use crate::support::{OnPath, example_copy, floe_path, snapshot, tool};

/// The hosts of functions.
const HOSTS: [Host; 6] = [
    Host::KustomizeExec,
    Host::KustomizeContainer,
    Host::KubectlContainer,
    Host::KubectlLegacy,
    Host::KptExec,
    Host::KptContainer,
];

/// A host that is about to start floe, in a copy of the example that does so.
struct Try {
    host: Host,
    program: PathBuf,
    arguments: &'static [&'static str],
    folder: TempDir,
    on_path: OnPath,
    /// What has to live as long: the engine's `docker`, and the folder of legacy plugins.
    kept: Vec<TempDir>,
}

impl Try {
    /// `None` after reporting the skip.
    fn new(host: Host) -> Option<Self> {
        let (example, program, arguments): (_, _, &[&str]) = match host {
            Host::KustomizeExec => {
                ("kustomize-exec", "kustomize", &["build", "--enable-alpha-plugins", "--enable-exec", "."])
            }
            Host::KustomizeContainer => ("kustomize-container", "kustomize", &["build", "--enable-alpha-plugins", "."]),
            Host::KubectlContainer => ("kustomize-container", "kubectl", &KUBECTL_KUSTOMIZE),
            Host::KubectlLegacy => ("kustomize-exec", "kubectl", &KUBECTL_KUSTOMIZE),
            Host::KptExec => ("kpt", "kpt", &["fn", "render", "--allow-exec"]),
            Host::KptContainer => ("kpt-container", "kpt", &["fn", "render"]),
            _ => panic!("{host:?} starts no functions"),
        };
        let mut kept = Vec::new();
        let on_path = if is_container(host) {
            let (on_path, docker) = Engine::get()?.on_path();
            kept.push(docker);
            on_path
        } else {
            OnPath::new()
        };
        let program = tool(program)?;
        let folder = example_copy(example);
        let expected = folder.path().join("expected");
        if expected.exists() {
            fs::remove_dir_all(expected).unwrap();
        }
        if host == Host::KubectlLegacy {
            kept.push(legacy_plugin(folder.path()));
        }
        tested(host, &program);
        Some(Self { host, program, arguments, folder, on_path, kept })
    }

    /// The same with other programs on the path.
    fn with(self, on_path: OnPath) -> Self {
        Self { on_path, ..self }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the host: whether it succeeded, what it printed, and everything that it showed.
    fn run(&self) -> (bool, String, String) {
        let mut command = self.on_path.command(&self.program);
        if self.host == Host::KubectlLegacy {
            command.env("XDG_CONFIG_HOME", self.kept[0].path());
        }
        let output = command.current_dir(self.folder()).args(self.arguments).output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let shown = format!("{stdout}{}", String::from_utf8(output.stderr).unwrap());
        (output.status.success(), stdout, shown)
    }

    /// Runs the host, which has to fail without a result and without a change, and gives what it showed.
    fn failure(&self) -> String {
        let before = snapshot(self.folder());
        let (succeeded, stdout, shown) = self.run();
        let host = self.host;
        assert!(!succeeded, "{host:?} succeeded:\n{shown}");
        assert!(!stdout.contains("kind:"), "{host:?} printed manifests although floe failed:\n{stdout}");
        assert_eq!(before, snapshot(self.folder()), "{host:?} changed files although floe failed");
        shown
    }

    /// Where the workload with a container named `api` stands.
    fn workload(&self) -> PathBuf {
        self.folder().join(if is_kpt(self.host) { "api.yaml" } else { "resources/api.yaml" })
    }
}

fn is_container(host: Host) -> bool {
    matches!(host, Host::KustomizeContainer | Host::KubectlContainer | Host::KptContainer)
}

fn is_kpt(host: Host) -> bool {
    matches!(host, Host::KptExec | Host::KptContainer)
}

/// Spoils the example in every host and gives what the host showed when it failed.
fn failures(spoil: impl Fn(&Try)) -> Vec<(Host, String)> {
    let tries = HOSTS.into_iter().filter_map(Try::new);
    tries
        .map(|it| {
            spoil(&it);
            (it.host, it.failure())
        })
        .collect()
}

#[test]
fn wrong_configuration_is_named() {
    for (_, shown) in failures(|it| misspell(&it.folder().join("floe.yaml"))) {
        assert_names_the_misspelling(&shown);
    }
}

#[test]
fn violations_are_named() {
    for (host, shown) in failures(|it| make_privileged(&it.workload(), "api")) {
        for word in ["rejected", "sales-api", "privileged"] {
            assert!(shown.contains(word), "{host:?} does not show {word:?}:\n{shown}");
        }
    }
}

#[test]
fn malformed_workloads_are_named() {
    let spoil = |it: &Try| {
        let file = it.workload();
        let text = fs::read_to_string(&file).unwrap();
        let (before, rest) = text.split_once("      containers:\n").unwrap();
        let after = rest.split_once("---\n").map_or("", |(_, after)| after);
        fs::write(file, format!("{before}      containers: none\n---\n{after}")).unwrap();
    };
    for (host, shown) in failures(spoil) {
        assert!(shown.contains("sales-api") && shown.contains("containers"), "{host:?} does not say why:\n{shown}");
    }
}

/// What floe gets from a host that has nothing to send is refused when it is no list at all; a list without items is
/// not nothing, and floe adds what it adds to any other.
#[test]
fn empty_lists_lose_nothing() {
    for it in HOSTS.into_iter().filter_map(Try::new) {
        if is_kpt(it.host) {
            for name in ["api.yaml", "nightly.yaml"] {
                fs::remove_file(it.folder().join(name)).unwrap();
            }
        } else {
            let only = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\ntransformers: [floe.yaml]\n";
            fs::write(it.folder().join("kustomization.yaml"), only).unwrap();
        }
        let before = snapshot(it.folder());
        let host = it.host;
        if host == Host::KubectlLegacy {
            // A stream, and no list: nothing is nothing.
            let shown = it.failure();
            assert!(shown.contains("the input is empty"), "{shown}");
            continue;
        }
        let (succeeded, stdout, shown) = it.run();
        assert!(succeeded, "{host:?}: {shown}");
        let after = snapshot(it.folder());
        let lost: Vec<_> = before.iter().filter(|(path, _)| !after.iter().any(|(other, _)| other == path)).collect();
        assert!(lost.is_empty(), "{host:?} removed {lost:?}");
        let result = after.into_iter().map(|(_, text)| text).chain([stdout]).collect::<String>();
        assert!(result.contains("kind: NetworkPolicy"), "{host:?} wrote no policies");
    }
}

/// A process that is killed while it reads has written nothing, and a host takes its end for a failure.
#[test]
fn killed_in_the_middle() {
    for it in HOSTS.into_iter().filter(|host| !is_container(*host)).filter_map(Try::new) {
        let dir = TempDir::new().unwrap();
        // Half of the input, and the end of it never.
        let script = format!(
            "#!/bin/bash\nexec 3< <(head -c 400; exec sleep 5 2>/dev/null)\n'{}' \"$@\" <&3 & child=$!\nsleep 0.2\n\
             kill -KILL $child\nwait $child\n",
            floe_path().display()
        );
        let killed = executable(dir.path(), "killed", &script);
        let it = it.with(OnPath::with(&killed));
        let shown = it.failure();
        let host = it.host;
        assert!(
            shown.contains("137") || shown.contains("killed"),
            "{host:?} does not say that floe was killed:\n{shown}"
        );
    }
}

#[test]
fn killed_in_a_container() {
    for it in HOSTS.into_iter().filter(|host| is_container(*host)).filter_map(Try::new) {
        let (on_path, _docker) = Engine::get().unwrap().on_path_that_kills();
        let it = it.with(on_path);
        let shown = it.failure();
        assert!(shown.contains("137"), "{:?} does not say that floe was killed:\n{shown}", it.host);
    }
}

/// Nothing is cut off on the way in or out.
#[test]
fn a_huge_input_passes_whole() {
    let filler = |number: usize| {
        let lines = format!("    {}\n", "x".repeat(99)).repeat(2000);
        format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: filler-{number}}}\ndata:\n  text: |\n{lines}")
    };
    let many: String = (0..25).map(filler).collect();
    for it in HOSTS.into_iter().filter_map(Try::new) {
        let host = it.host;
        let mut file = fs::File::options().append(true).open(it.workload()).unwrap();
        file.write_all(many.as_bytes()).unwrap();
        let (succeeded, stdout, shown) = it.run();
        assert!(succeeded, "{host:?}: {}", shown.chars().take(2000).collect::<String>());
        let result = if is_kpt(host) { fs::read_to_string(it.workload()).unwrap() } else { stdout };
        assert_eq!(result.matches(&"x".repeat(99)).count(), 50_000, "{host:?}");
        assert!(result.contains("runAsNonRoot: true"), "{host:?}");
    }
}
