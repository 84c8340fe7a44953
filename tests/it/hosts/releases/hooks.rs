use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Workspace, both, write_chart};
use crate::cluster::Cluster;

const HOOK: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-migrate
  annotations: {helm.sh/hook: 'HOOK'}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: migrate}]
";

/// Waits for the Job of a hook, which Helm waits for, and ends it as the controller would; its pod spec comes back.
pub(super) fn finish(cluster: &Cluster, path: &str) -> Value {
    let start = Instant::now();
    let mut job = loop {
        let job = cluster.client().get(path).body;
        if job["kind"] == "Job" {
            break job;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "Helm does not make the hook's Job");
        thread::sleep(Duration::from_millis(50));
    };
    let condition = |kind: &str| json!({"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:01:00Z"});
    let status = json!({"status": {
        "startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:01:00Z", "succeeded": 1,
        "conditions": [condition("SuccessCriteriaMet"), condition("Complete")],
    }});
    let reply = cluster.client().merge(&format!("{path}/status"), &status);
    assert_eq!(reply.status, 200, "{}", reply.message());
    job["spec"]["template"]["spec"].take()
}

/// Helm 4 shows hooks to floe, Helm 3 hides them: there the chart itself has to satisfy the level that floe enforces.
#[test]
fn pain_03_hooks_run_patched_by_helm_4_and_as_they_are_by_helm_3() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "hooks");
        write_chart(place.folder(), &[("hook.yaml", &HOOK.replace("HOOK", "pre-install,pre-upgrade"))]);
        place.make_namespace();
        let install = ["install", "web", "chart", "--take-ownership", "--timeout", "90s"];
        let pod = thread::scope(|scope| {
            let installed = scope.spawn(|| place.succeed(&install, &[]));
            let pod = finish(cluster, &place.path("jobs/web-migrate"));
            installed.join().unwrap();
            pod
        });
        let is_hardened = pod["securityContext"]["runAsNonRoot"] == true;
        assert_eq!(is_hardened, helm.major == 4, "Helm {}: {pod:#}", helm.major);
        place.assert_secured("web");
        // Hooks are no part of the release: what floe adds must not be among them.
        let hooks = place.run(&["get", "hooks", "web"]).stdout;
        assert_eq!(hooks.matches("kind: ").count(), 1, "{hooks}");
    }
}

/// A chart of nothing but hooks: they are patched, and nothing is appended, because Helm 4 may ask twice.
#[test]
fn pain_04_a_chart_of_hooks_only() {
    let Some((cluster, [_, helm])) = both() else { return };
    let place = Workspace::new(cluster, &helm, "onlyhooks");
    std::fs::remove_file(place.folder().join("chart/templates/web.yaml")).unwrap();
    let test = HOOK.replace("HOOK", "test");
    write_chart(place.folder(), &[("hook.yaml", &test), ("again.yaml", &test.replace("-migrate", "-other"))]);
    place.make_namespace();
    place.succeed(&["install", "web", "chart"], &[]);
    let hooks = place.run(&["get", "hooks", "web"]).stdout;
    assert_eq!(hooks.matches("runAsNonRoot: true").count(), 2, "{hooks}");
    assert_eq!(place.run(&["get", "manifest", "web"]).stdout.trim(), "");
    assert_eq!(place.live("networkpolicies"), Vec::<String>::new());
}

/// The same identity as a hook and as a release's object: documents pass by their position.
#[test]
fn pain_04_one_name_as_hook_and_as_object() {
    let Some((cluster, [_, helm])) = both() else { return };
    let place = Workspace::new(cluster, &helm, "samename");
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: runner\n";
    let hook = format!("{account}  annotations: {{helm.sh/hook: pre-install}}\n");
    write_chart(place.folder(), &[("account.yaml", account), ("hook-account.yaml", &hook)]);
    place.make_namespace();
    place.succeed(&["install", "web", "chart", "--take-ownership"], &[]);
    let stored = [place.run(&["get", "hooks", "web"]).stdout, place.run(&["get", "manifest", "web"]).stdout];
    for text in &stored {
        assert_eq!(text.matches("kind: ServiceAccount").count(), 1, "{text}");
    }
}
