//! The workflows run on GitHub and nowhere else; what they rely on can be looked at here.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::Value;

use crate::support::{project, text, tool};

/// A step with the names of its workflow and job.
struct Step {
    place: String,
    step: Value,
}

fn workflow(name: &str) -> Value {
    serde_saphyr::from_str(&text(&format!(".github/workflows/{name}.yml"))).unwrap()
}

fn jobs(workflow: &Value) -> BTreeMap<&str, &Value> {
    workflow["jobs"].as_object().unwrap().iter().map(|(name, job)| (name.as_str(), job)).collect()
}

/// All steps of both workflows.
fn steps() -> Vec<Step> {
    let mut steps = Vec::new();
    for name in ["ci", "release"] {
        for (job, content) in jobs(&workflow(name)) {
            for step in content["steps"].as_array().into_iter().flatten() {
                steps.push(Step { place: format!("{name}.yml, {job}"), step: step.clone() });
            }
        }
    }
    assert!(steps.len() > 20);
    steps
}

/// The scripts of the steps.
fn scripts() -> Vec<(String, String)> {
    let scripts = steps().into_iter().filter_map(|it| Some((it.place, it.step["run"].as_str()?.to_owned())));
    scripts.chain([(".ci/run".to_owned(), text(".ci/run"))]).collect()
}

/// The words of each simple command that starts with `name`, be it a step of `.ci/run`.
fn commands<'t>(script: &'t str, name: &str) -> Vec<Vec<&'t str>> {
    let lines = script.lines().filter(|line| !line.trim_start().starts_with('#'));
    let commands = lines.flat_map(|line| line.split(['|', '&', ';', '(', ')']));
    let words = commands.map(|command| {
        let words: Vec<_> = command.split_whitespace().collect();
        if words.first() == Some(&"step") { words.into_iter().skip(2).collect() } else { words }
    });
    words.filter(|words| words.first() == Some(&name)).collect()
}

#[test]
fn make_targets_are_there() {
    let makefile = text("Makefile");
    let targets: BTreeSet<&str> = makefile.lines().filter_map(|line| line.strip_prefix(".PHONY: ")).collect();
    let mut named = BTreeSet::new();
    let scripts = scripts();
    for (place, script) in &scripts {
        for target in commands(script, "make").into_iter().flat_map(|words| words.into_iter().skip(1)) {
            assert!(targets.contains(target), "{place} makes {target}, which the Makefile does not have");
            named.insert(target);
        }
    }
    for needed in ["test", "dist", "filter", "checksums"] {
        assert!(named.contains(needed), "no workflow makes {needed}: {named:?}");
    }
    let run = text(".ci/run");
    assert!(commands(&run, "make").len() > 5, "the test does not see what .ci/run makes");
}

/// What one machine cannot try: the oldest Rust that the crate declares, and other systems.
#[test]
fn every_change_is_compiled_by_the_oldest_rust_and_elsewhere() {
    let ci = workflow("ci");
    let jobs = jobs(&ci);
    let runs = |job: &str| -> Vec<&str> {
        jobs[job]["steps"].as_array().unwrap().iter().filter_map(|step| step["run"].as_str()).collect()
    };
    assert!(runs("msrv").contains(&"make msrv") && runs("systems").contains(&"cargo check --locked"));
    let runners = jobs["systems"]["strategy"]["matrix"]["runner"].as_array().unwrap();
    let runners: Vec<&str> = runners.iter().map(|it| it.as_str().unwrap()).collect();
    assert!(runners.iter().any(|it| it.starts_with("macos")) && runners.iter().any(|it| it.starts_with("windows")));
    let Some(make) = tool("make") else { return };
    let output = Command::new(&make).current_dir(project()).args(["--dry-run", "msrv"]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let declared = format!("cargo +{} check --locked ", env!("CARGO_PKG_RUST_VERSION"));
    let compiled = printed.lines().filter(|line| line.starts_with("cargo"));
    assert!(compiled.clone().count() == 2 && compiled.clone().all(|line| line.starts_with(&declared)), "{printed}");
}

#[test]
fn scripts_of_the_project_can_be_run() {
    let mut named = BTreeSet::new();
    for (place, script) in scripts() {
        for word in script.split_whitespace().filter(|word| word.starts_with("packaging/")) {
            let script = project().join(word);
            let metadata = script.metadata().unwrap_or_else(|error| panic!("{place}: {word}: {error}"));
            assert!(metadata.permissions().mode() & 0o111 != 0, "{word} cannot be run");
            named.insert(word.to_owned());
        }
    }
    let expected = ["packaging/helm-plugin/sign", "packaging/release/notes"];
    assert_eq!(named, expected.map(str::to_owned).into());
}

#[test]
fn scripts_are_bash() {
    let Some(bash) = tool("bash") else { return };
    for (place, script) in scripts() {
        let output = Command::new(&bash).args(["-n", "-c", &script]).output().unwrap();
        assert!(output.status.success(), "{place}: {}\n{script}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A tag can be moved; a commit cannot. Each action has one version in both workflows.
#[test]
fn actions_are_pinned() {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in ["ci", "release"] {
        for line in text(&format!(".github/workflows/{name}.yml")).lines() {
            let Some((_, action)) = line.split_once("uses: ") else { continue };
            if action.starts_with("./") {
                assert!(project().join(action).is_file(), "{action}");
                continue;
            }
            let (action, version) = action.split_once('@').unwrap();
            let (commit, comment) = version.split_once(" # v").unwrap_or_else(|| panic!("{line} says no version"));
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
            assert_eq!(comment.split('.').count(), 3, "{line}");
            versions.entry(action.to_owned()).or_default().insert(version.to_owned());
        }
    }
    assert!(versions.len() > 4 && versions.values().all(|versions| versions.len() == 1), "{versions:?}");
}

/// Nothing is granted to all jobs, and to each job what it writes, by name.
#[test]
fn jobs_may_do_what_they_do() {
    let release = workflow("release");
    assert_eq!(release["permissions"], serde_json::json!({}));
    assert_eq!(workflow("ci")["permissions"], serde_json::json!({"contents": "read"}));
    let mut writes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, job) in jobs(&release) {
        let permissions = job["permissions"].as_object().unwrap();
        assert!(permissions.contains_key("contents"), "{name}");
        let writing = permissions.iter().filter(|(_, may)| **may == "write").map(|(what, _)| what.as_str());
        writes.insert(name, writing.collect());
    }
    let expected = [
        ("build", &["attestations", "id-token"][..]),
        ("check", &[]),
        ("image", &["attestations", "id-token", "packages"]),
        ("publish", &["contents", "id-token"]),
        ("test", &[]),
    ];
    assert_eq!(writes, expected.into_iter().map(|(name, may)| (name, may.iter().copied().collect())).collect());
    // What a job checks out must not leave the token to what it runs.
    for Step { place, step } in steps() {
        if step["uses"].as_str().is_some_and(|uses| uses.starts_with("actions/checkout@")) {
            assert_eq!(step["with"]["persist-credentials"], false, "{place}");
        }
    }
}

/// Nothing is published before the tests have passed, on every way to it.
#[test]
fn a_release_waits_for_the_tests() {
    let release = workflow("release");
    let jobs = jobs(&release);
    let needs = |job: &str| -> Vec<String> {
        match &jobs[job]["needs"] {
            Value::String(one) => vec![one.clone()],
            Value::Array(many) => many.iter().map(|it| it.as_str().unwrap().to_owned()).collect(),
            _ => Vec::new(),
        }
    };
    for job in jobs.keys() {
        assert!(needs(job).iter().all(|needed| jobs.contains_key(needed.as_str())), "{job} needs {:?}", needs(job));
        assert!(*job == "check" || needs(job).contains(&"check".to_owned()) || needs(job).contains(&"test".to_owned()));
    }
    for job in ["image", "publish"] {
        for needed in ["test", "build"] {
            assert!(needs(job).contains(&needed.to_owned()), "{job} does not wait for {needed}");
        }
    }
    assert_eq!(release["on"], serde_json::json!({"push": {"tags": ["v*"]}}));
}

/// The architectures that are built are those that the image is made of, and their names those of the Makefile.
#[test]
fn architectures_agree() {
    let release = workflow("release");
    let matrix = release["jobs"]["build"]["strategy"]["matrix"]["include"].as_array().unwrap();
    let built: Vec<&str> = matrix.iter().map(|it| it["arch"].as_str().unwrap()).collect();
    assert_eq!(built, ["amd64", "arm64"]);
    let platforms = built.iter().map(|arch| format!("linux/{arch}")).collect::<Vec<_>>().join(",");
    let scripts = scripts();
    let images: Vec<_> = scripts.iter().filter(|(_, script)| script.contains("buildx build")).collect();
    assert!(images.len() == 1 && images[0].1.contains(&format!("--platform {platforms} ")), "{images:?}");
    let Some(make) = tool("make") else { return };
    for row in matrix {
        let (arch, target) = (row["arch"].as_str().unwrap(), row["target"].as_str().unwrap());
        let output = Command::new(&make)
            .current_dir(project())
            .args(["--dry-run", "filter", "DIST=/there", &format!("TARGET={target}")])
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let expected = format!("TARGET={target} packaging/compile --filter /there/floe-filter-{arch}");
        assert!(printed.lines().any(|line| line == expected), "{printed}");
    }
}
