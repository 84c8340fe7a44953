//! The check of a tag, and the notes that a release gets, on copies of the project's files.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::support::{project, tool};

const CHANGELOG: &str = "# Changelog\n\n## [1.3.0] - Unreleased\n\n### Added\n\n- Not yet.\n\n## [1.2.3] - 2026-03-04\n\
                         \n### Fixed\n\n\
                         - A fault: `a` & \"b\".\n\n## [1.2.2] - 2026-01-02\n\n- Old.\n";

/// Exit code, standard output and standard error for a tag, in a project of a version.
fn notes(version: &str, tag: &str) -> Option<(Option<i32>, String, String)> {
    for name in ["bash", "awk", "sed"] {
        tool(name)?;
    }
    let folder = TempDir::new().unwrap();
    let script = folder.path().join("packaging/release/notes");
    fs::create_dir_all(script.parent().unwrap()).unwrap();
    fs::copy(project().join("packaging/release/notes"), &script).unwrap();
    fs::write(folder.path().join("CHANGELOG.md"), CHANGELOG).unwrap();
    let manifest = format!(
        "[package]\nname = \"floe\"\nversion = \"{version}\"\n\n[dependencies]\nother = {{ version = \"9\" }}\n"
    );
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    let output = Command::new(script).arg(tag).output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    Some((output.status.code(), stdout, stderr))
}

#[test]
fn notes_are_the_section_of_the_version() {
    let Some((code, stdout, stderr)) = notes("1.2.3", "v1.2.3") else { return };
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(stdout, "### Fixed\n\n- A fault: `a` & \"b\".\n");
}

#[test]
fn a_tag_that_is_not_ready_is_refused() {
    for (version, tag, why) in [
        ("1.2.3", "v1.2.2", "error: the tag is v1.2.2, but Cargo.toml has version 1.2.3\n"),
        ("1.2.3", "1.2.3", "error: the tag is 1.2.3, but Cargo.toml has version 1.2.3\n"),
        ("1.3.0", "v1.3.0", "error: CHANGELOG.md has no date for 1.3.0: ## [1.3.0] - Unreleased\n"),
        ("1.4.0", "v1.4.0", "error: CHANGELOG.md has no version 1.4.0\n"),
    ] {
        let Some((code, stdout, stderr)) = notes(version, tag) else { return };
        assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(1), "", why), "{tag}");
    }
}
