//! `floe deploy` and `floe network diff` against a real API server, also one that is in trouble.

mod deploy;
mod drift;
mod faults;
mod kubeconfig;
mod owners;
mod plugins;
mod proxy;
mod surroundings;
mod the_whole_way;
mod trouble;
mod validate;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::support::{Ran, floe, run_with};

/// An installation with namespaces of its own, because all tests share one cluster.
struct Installation {
    cluster: &'static Cluster,
    name: &'static str,
    folder: TempDir,
}

impl Installation {
    fn new(cluster: &'static Cluster, name: &'static str) -> Self {
        let installation = Self { cluster, name, folder: TempDir::new().unwrap() };
        installation.configure("");
        installation
    }

    /// Writes the configuration, with more at its end.
    fn configure(&self, more: &str) {
        let name = self.name;
        let manifest = format!(
            "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity:\n  namespaces: {{platform: {name}-platform, jobs: \
             {name}-jobs}}\n{more}"
        );
        fs::write(self.folder.path().join("manifest.yaml"), manifest).unwrap();
    }

    /// Runs floe in the installation's folder, against a cluster.
    fn run_at(&self, kubeconfig: &Path, arguments: &[&str], input: &str) -> Ran {
        let mut command = floe();
        command
            .env_remove("KUBECONFIG")
            .current_dir(self.folder.path())
            .args(arguments)
            .arg("--kubeconfig")
            .arg(kubeconfig);
        run_with(&mut command, input)
    }

    fn run(&self, arguments: &[&str], input: &str) -> Ran {
        self.run_at(self.cluster.kubeconfig(), arguments, input)
    }

    /// Deploys, which has to go well.
    fn deploy(&self) -> String {
        let ran = self.run(&["deploy"], "");
        assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    fn diff(&self) -> Ran {
        self.run(&["network", "diff", "config:", "cluster:"], "")
    }

    /// The path of a policy of the jobs' namespace.
    fn policy(&self, name: &str) -> String {
        format!("/apis/networking.k8s.io/v1/namespaces/{}-jobs/networkpolicies/{name}", self.name)
    }
}

/// Writes a kubeconfig with one cluster and one user, both called `t`.
fn write_kubeconfig(path: &Path, cluster: &Value, user: &Value) {
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "t", "cluster": cluster}],
        "users": [{"name": "t", "user": user}],
        "contexts": [{"name": "t", "context": {"cluster": "t", "user": "t"}}],
        "current-context": "t",
    });
    fs::write(path, kubeconfig.to_string()).unwrap();
}

/// The kubeconfig of the administrator, as a value.
fn administrator(cluster: &Cluster) -> Value {
    serde_json::from_str(&fs::read_to_string(cluster.kubeconfig()).unwrap()).unwrap()
}
