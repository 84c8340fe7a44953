//! The documentation says what the code does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use floe::config::{Config, NamespaceMode};
use floe::finding::CheckId;
use floe::object::Level;
use floe::pod_security::{NOTICE_PAGES, checks};
use floe::yaml::Tree;
use floe::{audit, network_policy, plan, verdict};

use crate::architecture::LAYERS;
use crate::support::{files_below, floe, project, text};

/// A page around the block between `<!-- name -->` and `<!-- /name -->`, and that block.
fn around(page: &str, name: &str) -> [String; 3] {
    let text = text(page);
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let (before, rest) = text.split_once(&start).unwrap_or_else(|| panic!("{page} has no {start}"));
    let (block, after) = rest.split_once(&end).unwrap();
    [format!("{before}{start}"), block.to_owned(), format!("{end}{after}")]
}

/// A block of a page that tests write.
pub(crate) fn block(page: &str, name: &str) -> String {
    let [_, block, _] = around(page, name);
    block
}

/// Writes such a block anew.
pub(crate) fn write_block(page: &str, name: &str, block: &str) {
    let [before, _, after] = around(page, name);
    fs::write(project().join(page), format!("{before}{block}{after}")).unwrap();
}

/// The fenced code blocks of a language, in order.
pub(crate) fn blocks(markdown: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in markdown.lines() {
        match &mut open {
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
            None if line == format!("```{language}") => open = Some(String::new()),
            // Another language: its lines must not be taken for the opening of a block.
            None => {}
        }
    }
    blocks
}

/// The manifests of the configuration's page: all keys with their defaults, and examples for the lists.
fn manifests() -> Vec<String> {
    let blocks = blocks(&text("docs/configuration.md"), "yaml");
    let manifests: Vec<String> = blocks.into_iter().filter(|block| block.contains("kind: Manifest")).collect();
    assert_eq!(manifests.len(), 2, "one manifest has the defaults, and one has examples");
    manifests
}

fn config(manifest: &str) -> Config {
    let tree = Tree::parse(manifest).unwrap();
    Config::from_manifest(&tree).unwrap_or_else(|error| panic!("{}: {}\n{manifest}", error.path, error.message))
}

/// Names of the fields below `node`, those of mappings in lists included.
fn keys(tree: &Tree<'_>, node: floe::yaml::NodeId, found: &mut BTreeSet<String>) {
    for (key, value) in tree.entries(node) {
        found.insert(tree.text(key).to_owned());
        keys(tree, value, found);
    }
    for item in tree.items(node) {
        keys(tree, item, found);
    }
}

#[test]
fn page_names_the_defaults() {
    assert_eq!(config(&manifests()[0]), Config::default());
}

#[test]
fn page_has_valid_examples_of_lists() {
    let config = config(&manifests()[1]);
    let domain = config.namespaces.iter().find(|namespace| namespace.name == "floe-sales-domain").unwrap();
    assert_eq!(domain.level, Level::Baseline, "the level of a single namespace");
    assert_eq!((config.pod_security.workloads.len(), config.network.jobs_egress_allow.len()), (1, 3));
    assert_eq!(config.pod_security.namespaces, NamespaceMode::Append);
}

#[test]
fn page_names_every_key() {
    let mut documented = BTreeSet::new();
    for manifest in manifests() {
        let tree = Tree::parse(&manifest).unwrap();
        keys(&tree, tree.root().unwrap(), &mut documented);
    }
    // The fields of the types that the manifest is read into, but for the roles of an object and what is no key.
    let file = text("src/config/file.rs");
    let known: BTreeSet<&str> = file
        .lines()
        .filter_map(|line| {
            let line = line.strip_prefix("    ")?;
            let (name, kind) = line.strip_prefix("pub(super) ").unwrap_or(line).split_once(": ")?;
            let is_field = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            (is_field && !name.starts_with('_') && kind.ends_with(',')).then_some(name)
        })
        .filter(|name| !matches!(*name, "data" | "spec" | "keys" | "namespace_levels" | "map" | "levels"))
        .collect();
    assert!(known.len() > 50, "{known:?}");
    let missing: Vec<_> = known.iter().filter(|name| !documented.contains(**name)).collect();
    assert!(missing.is_empty(), "not in docs/configuration.md: {missing:?}");
}

/// Codes and meanings from the long help; a meaning may go on in the next line.
fn exit_codes_of_help() -> BTreeMap<u8, String> {
    let output = floe().arg("--help").assert().success().get_output().stdout.clone();
    let help = String::from_utf8(output).unwrap();
    let (_, section) = help.split_once("Exit codes:\n").unwrap();
    let mut codes = BTreeMap::new();
    let mut last = None;
    for line in section.lines().take_while(|line| !line.is_empty()) {
        let text = line.trim();
        let first = text.split_once(' ').and_then(|(code, meaning)| Some((code.parse().ok()?, meaning.trim())));
        if let Some((code, meaning)) = first {
            codes.insert(code, meaning.to_owned());
            last = Some(code);
        } else {
            let meaning = codes.get_mut(&last.unwrap()).unwrap();
            meaning.push(' ');
            meaning.push_str(text);
        }
    }
    codes
}

#[test]
fn exit_codes_agree() {
    let page = text("docs/exit-codes.md");
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        Some((cells.next()?.parse::<u8>().ok()?, cells.next()?.to_owned()))
    });
    let documented: BTreeMap<u8, String> = rows.collect();
    assert_eq!(documented, exit_codes_of_help());

    let code = text("src/cli/exit.rs");
    let arms = code.lines().filter_map(|line| line.trim().strip_prefix("Exit::")?.strip_suffix(','));
    let codes: BTreeSet<u8> = arms.map(|arm| arm.split_once(" => ").unwrap().1.parse().unwrap()).collect();
    assert_eq!(codes, documented.keys().copied().collect());
}

/// The pages of the project, by path: those for users and for those who work on it, not those that the program prints.
pub(crate) fn pages() -> Vec<String> {
    let is_page = |path: &std::path::Path| path.extension().is_some_and(|it| it == "md");
    let here = fs::read_dir(project()).unwrap().map(|entry| std::path::PathBuf::from(entry.unwrap().file_name()));
    let mut pages: Vec<std::path::PathBuf> = here.filter(|path| is_page(path)).collect();
    for folder in [".github", "docs", "examples", "krm", "packaging"] {
        let below = files_below(&project().join(folder)).into_iter().filter(|path| is_page(path));
        pages.extend(below.map(|path| std::path::Path::new(folder).join(path)));
    }
    pages.iter().map(|path| path.to_str().unwrap().to_owned()).collect()
}

#[test]
fn the_readme_stays_short() {
    let lines = text("README.md").lines().count();
    assert!(lines <= 250, "the README has {lines} lines: what only some look up belongs on a page under docs/");
}

#[test]
fn architecture_names_layers_and_modules() {
    let page = text("ARCHITECTURE.md");
    let rows = LAYERS.iter().map(|modules| match modules {
        [module] => (*module).to_owned(),
        modules => format!("{{{}}}", modules.join(", ")),
    });
    let arrow = rows.collect::<Vec<_>>().join(" <- ");
    assert!(page.contains(&arrow), "ARCHITECTURE.md has other layers than the test: {arrow}");
    for module in LAYERS.iter().flat_map(|modules| modules.iter()) {
        assert!(page.contains(&format!("\n{module}/ ")), "ARCHITECTURE.md does not say what {module} is for");
    }
}

#[test]
fn check_ids_are_unique() {
    let pages = NOTICE_PAGES
        .iter()
        .chain(network_policy::PAGES)
        .chain(plan::PAGES)
        .chain(verdict::PAGES)
        .chain(audit::PAGES)
        .map(|page| page.id);
    let ids: Vec<CheckId> = checks().iter().map(|check| check.id).chain(pages).collect();
    let distinct: BTreeSet<CheckId> = ids.iter().copied().collect();
    assert_eq!(distinct.len(), ids.len(), "an id is used twice: {ids:?}");
}

#[test]
fn platform_example_gives_what_it_shows() {
    let success = floe()
        .current_dir(project())
        .args(["--config", "examples/platform/manifest.yaml"])
        .write_stdin(text("examples/platform/rendered.yaml"))
        .assert()
        .success();
    let output = String::from_utf8(success.get_output().stdout.clone()).unwrap();
    assert!(
        output == text("examples/platform/expected.yaml"),
        "another result than examples/platform/expected.yaml; if that is right, write it anew: floe --config \
         examples/platform/manifest.yaml < examples/platform/rendered.yaml > examples/platform/expected.yaml"
    );
}
