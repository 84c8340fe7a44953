use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::{DEPLOYMENT, Workspace, both, write_chart};
use crate::cluster::cluster;
use crate::hosts::container::executable;
use crate::hosts::majors::Helm;
use crate::support::{floe, floe_path, run_with};

/// What a failed run must not have touched: the release's object, and what floe added to it, with their versions.
fn live(place: &Workspace<'_>) -> Vec<Value> {
    let resources = ["deployments/web", "networkpolicies/default-deny", "networkpolicies/allow-egress"];
    let objects = resources.map(|resource| place.get(resource));
    for object in &objects {
        assert!(object["metadata"]["resourceVersion"].is_string(), "{object:#}");
    }
    objects.into()
}

/// Something that is wrong with a chart or a configuration.
struct Fault {
    name: &'static str,
    chart: Option<String>,
    configuration: &'static str,
    /// The word that tells the user what is wrong.
    reason: &'static str,
    /// Whether floe says it; else Helm does, before floe is asked.
    is_told_by_floe: bool,
}

fn faults() -> Vec<Fault> {
    let with = |more: &str| DEPLOYMENT.replace("          image: web\n", &format!("          image: web\n{more}"));
    let fault = |name, chart: String, reason| Fault {
        name,
        chart: Some(chart),
        configuration: "",
        reason,
        is_told_by_floe: true,
    };
    vec![
        Fault {
            name: "a wrong key in the configuration",
            chart: None,
            configuration: "  pod_securty: {}\n",
            reason: "pod_securty",
            is_told_by_floe: true,
        },
        fault("a pod that would be rejected", with("          securityContext: {privileged: true}\n"), "privileged"),
        fault(
            "a place that cannot be edited",
            with("      securityContext: {runAsUser: 1, runAsUser: 2, <<: {runAsGroup: 3}}\n"),
            "runAsUser",
        ),
        fault("a chart that renders nothing", String::new(), "the input is empty"),
        Fault {
            is_told_by_floe: false,
            ..fault("broken YAML", DEPLOYMENT.replace("metadata: {labels", "metadata: {labels: ["), "YAML")
        },
    ]
}

/// The user sees why, the exit code says that it failed, and the running release is as it was.
#[test]
fn a_refusal_is_explained_and_changes_nothing() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "refused");
        place.make_namespace();
        place.succeed(&["install", "web", "chart", "--take-ownership"], &[]);
        let before = live(&place);
        for fault in faults() {
            write_chart(place.folder(), &[("web.yaml", fault.chart.as_deref().unwrap_or(DEPLOYMENT))]);
            place.configure(fault.configuration);
            let what = format!("Helm {}: {}", helm.major, fault.name);
            let ran = place.run_with_floe(&["upgrade", "web", "chart"], &[]);
            assert!(ran.code.is_some_and(|code| code != 0), "{what}: {:?}", ran.code);
            if helm.major == 3 || !fault.is_told_by_floe {
                assert!(ran.stderr.contains(fault.reason), "{what}: {}", ran.stderr);
            } else {
                // Helm 4 shows nothing of it: the pipe does, as the README says.
                let rendered = place.run(&["template", "web", "chart"]);
                let jobs = place.jobs();
                let mut pipe = floe();
                pipe.current_dir(place.folder()).args(["--config", "manifest.yaml", "--namespace", &jobs]);
                let piped = run_with(&mut pipe, rendered.stdout);
                assert!(piped.code.is_some_and(|code| code != 0) && piped.stdout.is_empty(), "{what}");
                assert!(piped.stderr.contains(fault.reason), "{what}: {}", piped.stderr);
            }
            assert_eq!(before, live(&place), "{what}");
        }
    }
}

/// A chart may render nothing, if one says so; a release that is there already must not be emptied by accident.
#[test]
fn pain_01_an_empty_result_is_never_a_success() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "empty");
        write_chart(place.folder(), &[("web.yaml", "")]);
        place.make_namespace();
        let ran = place.run_with_floe(&["install", "web", "chart", "--take-ownership"], &[]);
        assert_ne!(ran.code, Some(0), "Helm {}", helm.major);
        let ran = place.run_with_floe(&["upgrade", "--install", "web", "chart"], &["--allow-empty"]);
        assert_eq!(ran.code, Some(0), "Helm {}: {}", helm.major, ran.stderr);
    }
}

/// floe dies while it reads: half a stream is worth nothing, and Helm says that it was not the user's chart.
#[test]
fn floe_killed_in_the_middle_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let script = format!(
        "#!/bin/sh\n\
         [ \"$1\" = render ] && shift\n\
         if [ ! -e {marker} ]; then exec {floe} \"$@\"; fi\n\
         exec 3<&0\n\
         (head -c 60 <&3; sleep 1) | {floe} \"$@\" &\n\
         sleep 0.2; kill -KILL $!; wait $!\n",
        floe = floe_path().display(),
        marker = folder.path().join("kill").display(),
    );
    let killer = executable(folder.path(), "killer", &script);
    let (Some(cluster), Some(helms)) = (cluster(), Helm::both_with(&killer)) else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "killed");
        place.make_namespace();
        place.succeed(&["install", "web", "chart", "--take-ownership"], &[]);
        let before = live(&place);
        fs::write(folder.path().join("kill"), "").unwrap();
        let ran = place.run_with_floe(&["upgrade", "web", "chart"], &[]);
        fs::remove_file(folder.path().join("kill")).unwrap();
        assert_ne!(ran.code, Some(0), "Helm {}", helm.major);
        let told = if helm.major == 3 { "exit status 137" } else { "exited with error" };
        assert!(ran.stderr.contains(told), "Helm {}: {}", helm.major, ran.stderr);
        assert_eq!(before, live(&place), "Helm {}", helm.major);
    }
}

/// Digits without a pattern, so that they do not compress.
fn noise(length: usize) -> String {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut text = String::new();
    while text.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        write!(text, "{state:016x}").unwrap();
    }
    text
}

/// A release fits into 1 MiB; what floe adds to it is small, and a release that is too large fails as it does without
/// floe.
#[test]
fn pain_21_a_release_stays_within_its_limit() {
    let Some((cluster, helms)) = both() else { return };
    for helm in &helms {
        let place = Workspace::new(cluster, helm, "size");
        place.make_namespace();
        let plain = place.run(&["install", "plain", "chart"]);
        assert_eq!(plain.code, Some(0), "{}", plain.stderr);
        place.succeed(&["install", "web", "chart", "--take-ownership"], &[]);
        let size = |release: &str| {
            let secret = place.get(&format!("secrets/sh.helm.release.v1.{release}.v1"));
            secret["data"]["release"].as_str().unwrap_or_else(|| panic!("{secret:#}")).len() / 4 * 3
        };
        // As the README has it, for two namespaces.
        let added = size("web") - size("plain");
        assert!(added < 3 << 10, "Helm {}: floe adds {added} bytes to the release", helm.major);

        let big =
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: big}}\ndata: {{noise: {}}}\n", noise(960_000));
        write_chart(place.folder(), &[("big.yaml", &big)]);
        let ran = place.run_with_floe(&["install", "big", "chart"], &["--only", "pods"]);
        assert_ne!(ran.code, Some(0), "Helm {}", helm.major);
        assert!(ran.stderr.contains("1048576 bytes"), "Helm {}: {}", helm.major, ran.stderr);
        assert!(!place.live("deployments").contains(&"big".to_owned()));
    }
}
