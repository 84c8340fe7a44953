//! What goes wrong in Argo CD: the reason reaches the user, and no manifests do, for an empty answer would prune the
//! application.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use super::super::{assert_names_the_misspelling, make_privileged, misspell};
use super::{Application, Sidecar, Sockets, helm, soon};

/// What Argo CD shows of an application that the plugin has to refuse, without the plugin's command, which comes first.
pub(super) fn reason(application: &Application, sockets: &Sockets) -> String {
    let error = match application.ask(sockets) {
        Ok(made) => panic!("not refused: {made:#?}"),
        Err(error) => error,
    };
    assert!(error.contains("error generating manifests"), "{error}");
    let (_, reason) = error.rsplit_once("` failed exit status ").unwrap_or_else(|| panic!("{error}"));
    reason.to_owned()
}

/// Checks that a reason holds these words.
pub(super) fn assert_says(reason: &str, words: &[&str]) {
    for word in words {
        assert!(reason.contains(word), "Argo CD does not show {word:?}:\n{reason}");
    }
}

#[test]
fn wrong_configuration_is_named() {
    let Some((sockets, _sidecar, application)) = helm() else { return };
    misspell(&application.folder().join("manifest.yaml"));
    let reason = reason(&application, &sockets);
    assert_says(&reason, &["manifest.yaml"]);
    assert_names_the_misspelling(&reason);
}

/// A pod that the cluster would reject, and one that floe cannot read: with Helm's templates, and with Kustomize's
/// resources.
#[test]
fn bad_pods_are_named() {
    let Some(sockets) = Sockets::new() else { return };
    for (plugin, file) in [("helm", "templates/shop.yaml"), ("kustomize", "shop.yaml")] {
        let Some(_sidecar) = Sidecar::start(&sockets, plugin) else { return };
        let application = Application::of(plugin).unwrap();
        let text = fs::read_to_string(application.folder().join(file)).unwrap();
        make_privileged(&application.folder().join(file), "shop");
        assert_says(&reason(&application, &sockets), &["rejected", "shop", "privileged"]);

        let (before, _) = text.split_once("      containers:\n").unwrap();
        application.write(file, &format!("{before}      containers: none\n"));
        assert_says(&reason(&application, &sockets), &["shop", "containers"]);
    }
}

/// A chart without objects is an error in floe, so that Argo CD does not take it for an application without any.
#[test]
fn pain_01_an_empty_chart_is_no_empty_application() {
    let Some((sockets, _sidecar, application)) = helm() else { return };
    fs::remove_dir_all(application.folder().join("templates")).unwrap();
    assert_says(&reason(&application, &sockets), &["empty"]);
}

#[test]
fn pain_22_a_failed_helm_is_no_empty_application() {
    let Some((sockets, _sidecar, application)) = helm() else { return };
    application.write("templates/broken.yaml", "{{ fail \"no such thing\" }}\n");
    assert_says(&reason(&application, &sockets), &["no such thing"]);
}

/// An application must not read the sidecar's files, or fetch values from anywhere.
#[test]
fn parameters_name_files_of_the_source_only() {
    let Some((sockets, _sidecar, mut application)) = helm() else { return };
    for (parameter, value) in [
        (json!({"name": "values", "array": ["/etc/passwd"]}), "/etc/passwd"),
        (json!({"name": "values", "array": ["values.yaml", "../../secret.yaml"]}), "../../secret.yaml"),
        (json!({"name": "values", "array": ["https://example.com/values.yaml"]}), "https://example.com/values.yaml"),
        (json!({"name": "config", "string": "/etc/passwd"}), "/etc/passwd"),
    ] {
        application = application.with_parameters(json!([parameter]));
        assert_says(&reason(&application, &sockets), &[&format!("not a file of the source: {value}")]);
    }
}

/// The process of which a script of the sidecar wrote the number.
fn process(file: &Path) -> PathBuf {
    let number = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Path::new("/proc").join(number.trim())
}

/// At the deadline the server ends the plugin's processes, floe among them, and Argo CD has an error.
#[test]
fn pain_22_the_deadline_ends_it_without_a_result() {
    let Some((sockets, sidecar, application)) = helm() else { return };
    let note = "#!/bin/sh\necho $$ >\"$TMPDIR/${0##*/}.pid\"\n";
    sidecar.replace("helm", &format!("{note}echo 'apiVersion: v1'\nexec sleep 60\n"));
    let floe = crate::support::floe_path();
    sidecar.replace("floe", &format!("{note}exec '{}' \"$@\"\n", floe.display()));
    let start = Instant::now();
    let error = application.ask_within(&sockets, "8s").unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    // The shell's own end, by SIGTERM or SIGKILL, or the client's.
    assert!(["signal: ", "deadline"].iter().any(|word| error.contains(word)), "{error}");
    for program in ["helm", "floe"] {
        let process = process(&sidecar.tmp.path().join(format!("{program}.pid")));
        assert!(soon(|| !process.exists()), "{program} still runs");
    }
}
