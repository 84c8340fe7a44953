//! One version, wherever it stands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::{files_below, project, text};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What follows each place where `before` stands.
fn after<'t>(text: &'t str, before: &str) -> Vec<&'t str> {
    text.split(before).skip(1).map(|rest| rest.split(['\n', '"', '/']).next().unwrap()).collect()
}

#[test]
fn files_name_the_version_of_the_crate() {
    for (file, before) in [
        ("Cargo.lock", "name = \"floe\"\nversion = \""),
        ("packaging/helm-plugin/plugin.yaml", "\nversion: "),
        ("Dockerfile", "\nARG VERSION="),
        ("krm/function.yaml", "image: registry.example/floe:"),
    ] {
        assert_eq!(after(&text(file), before), [VERSION], "{file}");
    }
    let changelog = text("CHANGELOG.md");
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## [")?.split_once(']')).unwrap().0;
    assert_eq!(newest, VERSION, "CHANGELOG.md");
}

/// The version at the start of a text: digits with two dots.
fn version(text: &str) -> Option<&str> {
    let end = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let version = text[..end].trim_end_matches('.');
    (version.split('.').filter(|part| !part.is_empty()).count() == 3).then_some(version)
}

/// Images and archives that pages and examples name are those of this version.
#[test]
fn pages_and_examples_name_what_this_version_has() {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    let below = ["docs", "examples", "krm", "packaging"].map(|folder| {
        let files = files_below(&project().join(folder)).into_iter();
        files.map(|file| Path::new(folder).join(file)).collect::<Vec<_>>()
    });
    let alone = ["README.md", "Dockerfile"].map(PathBuf::from);
    for file in below.into_iter().flatten().chain(alone) {
        let name = file.to_str().unwrap().to_owned();
        let text = text(&name);
        for before in ["floe:", "floe-", "floe-helm-plugin-"] {
            for named in text.split(before).skip(1).filter_map(version) {
                assert_eq!(named, VERSION, "{name} names {before}{named}");
                *found.entry(name.clone()).or_default() += 1;
            }
        }
    }
    for page in ["README.md", "Dockerfile", "krm/function.yaml", "packaging/helm-plugin/README.md"] {
        assert!(found.contains_key(page), "{page} names no version: {found:?}");
    }
}

/// The image is compiled by the Rust that the workflows install, and the crate says that it can be.
#[test]
fn one_rust_compiles_everything() {
    let dockerfile = text("Dockerfile");
    let [image] = after(&dockerfile, "\nARG RUST_IMAGE=rust:")[..] else { panic!("{dockerfile}") };
    for workflow in [".github/workflows/ci.yml", ".github/workflows/release.yml"] {
        assert!(Path::new(&project()).join(workflow).is_file());
        let text = text(workflow);
        let [version] = after(&text, "RUSTUP_TOOLCHAIN: '")[..] else { panic!("{workflow} names no Rust, or several") };
        assert_eq!(version.split('\'').next(), Some(image), "{workflow}");
    }
    let minor = |version: &str| version.split('.').nth(1).unwrap().parse::<u32>().unwrap();
    assert!(minor(env!("CARGO_PKG_RUST_VERSION")) <= minor(image));
}
