//! helmfile, which starts Helm 3 with floe as the post-renderer, on its example.

use std::fs;
use std::path::Path;
use std::thread;

use tempfile::TempDir;

use super::super::{assert_names_the_misspelling, misspell};
use super::documented::moved;
use super::hooks::finish;
use crate::cluster::cluster;
use crate::documentation::blocks;
use crate::hosts::majors::at_home;
use crate::hosts::tested::{Host, tested};
use crate::support::{OnPath, Ran, example_copy, run_with, snapshot, tool};

/// helmfile with Helm 3 and floe on its `PATH`, and a home of its own.
struct Helmfile {
    on_path: OnPath,
    home: TempDir,
}

impl Helmfile {
    /// `None` after reporting the skip.
    fn new() -> Option<Self> {
        let helmfile = tool("helmfile")?;
        tested(Host::Helmfile, &helmfile);
        let on_path = OnPath::new().link("helm", &tool("helm")?).link("helmfile", &helmfile);
        Some(Self { on_path, home: TempDir::new().unwrap() })
    }

    /// A script in a folder, with or without a cluster.
    fn run(&self, folder: &Path, kubeconfig: Option<&Path>, script: &str) -> Ran {
        let mut shell = self.on_path.command(Path::new("bash"));
        shell.current_dir(folder).args(["-e", "-c", script]).env("HOME", self.home.path());
        at_home(&mut shell, self.home.path());
        shell.env("HELMFILE_CACHE_HOME", self.home.path().join("helmfile"));
        if let Some(kubeconfig) = kubeconfig {
            shell.env("KUBECONFIG", kubeconfig);
        }
        run_with(&mut shell, "")
    }
}

/// Helm's own `--output-dir` writes files that floe has not seen; helmfile's does not.
#[test]
fn pain_10_files_hold_what_floe_made() {
    let Some(helmfile) = Helmfile::new() else { return };
    let folder = example_copy("helmfile");
    let ran = helmfile.run(folder.path(), None, "helmfile template --output-dir out");
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    let files = snapshot(&folder.path().join("out"));
    let [(_, text)] = files.as_slice() else { panic!("{files:#?}") };
    let secured = fs::read_to_string(folder.path().join("expected/secured.yaml")).unwrap();
    assert_eq!(text.trim_end(), secured.trim_end());
}

#[test]
fn helmfile_shows_why_floe_refuses() {
    let Some(helmfile) = Helmfile::new() else { return };
    let folder = example_copy("helmfile");
    misspell(&folder.path().join("manifest.yaml"));
    let ran = helmfile.run(folder.path(), None, "helmfile template");
    assert_ne!(ran.code, Some(0));
    assert!(!ran.stdout.contains("kind:"), "{}", ran.stdout);
    assert_names_the_misspelling(&ran.stderr);
}

/// The commands that the example shows for an installation, and the last one again, which upgrades.
#[test]
fn the_example_for_helmfile() {
    let Some(helmfile) = Helmfile::new() else { return };
    let (Some(cluster), Some(_)) = (cluster(), tool("kubectl")) else { return };
    let folder = example_copy("helmfile");
    for (path, text) in snapshot(folder.path()) {
        fs::write(folder.path().join(path), moved(&text, "helmfile")).unwrap();
    }
    let readme = fs::read_to_string(folder.path().join("README.md")).unwrap();
    let script: String = blocks(&readme, "console").concat();
    let upgrade = script.lines().last().unwrap();
    assert_eq!(upgrade, "helmfile sync");
    let job = "/apis/batch/v1/namespaces/helmfile-jobs/jobs/orders-migrate";
    for script in [script.as_str(), upgrade] {
        thread::scope(|scope| {
            let ended = scope.spawn(|| finish(cluster, job));
            let ran = helmfile.run(folder.path(), Some(cluster.kubeconfig()), script);
            assert_eq!(ran.code, Some(0), "{script}\n{}{}", ran.stdout, ran.stderr);
            ended.join().unwrap();
        });
        // The Job stays until the next run, which must not take it for its own.
        cluster.client().delete(&format!("{job}?propagationPolicy=Background"));
    }
    let get = |path: &str| cluster.client().get(path).body;
    let policies = get("/apis/networking.k8s.io/v1/namespaces/helmfile-jobs/networkpolicies/default-deny");
    assert_eq!(policies["kind"], "NetworkPolicy", "{policies:#}");
    let namespace = get("/api/v1/namespaces/helmfile-jobs");
    assert_eq!(namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted", "{namespace:#}");
    let deployment = get("/apis/apps/v1/namespaces/helmfile-jobs/deployments/orders-api");
    super::super::assert_hardened(&deployment);

    // What floe refuses changes nothing.
    let before = get("/apis/apps/v1/namespaces/helmfile-jobs/deployments/orders-api");
    misspell(&folder.path().join("manifest.yaml"));
    let ran = helmfile.run(folder.path(), Some(cluster.kubeconfig()), upgrade);
    assert_ne!(ran.code, Some(0));
    assert_names_the_misspelling(&ran.stderr);
    assert_eq!(before, get("/apis/apps/v1/namespaces/helmfile-jobs/deployments/orders-api"));
}
