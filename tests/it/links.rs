//! Links of the pages lead to files, and to headings that are there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::documentation::pages;
use crate::support::{project, text};

/// The lines of a page outside of fenced code.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    page.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    })
}

/// A line without its code spans, which may look like links.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// The targets of the links of a page.
fn targets(page: &str) -> Vec<String> {
    let prose: Vec<String> = prose(page).map(without_code).collect();
    let prose = prose.join("\n");
    prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())).collect()
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = BTreeSet::new();
    for heading in prose(page).filter(|line| line.starts_with('#')) {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'));
        let anchor: String = kept.map(|it| if it == ' ' { '-' } else { it }).collect();
        let times = seen.entry(anchor.clone()).or_default();
        anchors.insert(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
        *times += 1;
    }
    anchors
}

/// A path without `..`.
fn normalised(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => assert!(normal.pop(), "{} leaves the project", path.display()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// What is wrong with the links of a page; and how many lead to files, and to headings.
fn broken(name: &str, page: &str) -> (Vec<String>, [usize; 2]) {
    let (mut broken, mut counts) = (Vec::new(), [0, 0]);
    for target in targets(page).into_iter().filter(|target| !target.contains("://") && !target.starts_with("mailto:")) {
        let (path, anchor) = target.split_once('#').map_or((target.as_str(), None), |(path, it)| (path, Some(it)));
        let beside = Path::new(name).parent().unwrap().join(path);
        let file = if path.is_empty() { PathBuf::from(name) } else { normalised(&beside) };
        counts[0] += 1;
        if !project().join(&file).exists() {
            broken.push(format!("{name}: {target} is not there"));
        } else if let Some(anchor) = anchor {
            counts[1] += 1;
            if !anchors(&text(file.to_str().unwrap())).contains(anchor) {
                broken.push(format!("{name}: {} has no heading {anchor}", file.display()));
            }
        }
    }
    (broken, counts)
}

#[test]
fn links_lead_to_files_and_headings() {
    let (mut all, mut counts) = (Vec::new(), [0, 0]);
    let pages = pages();
    for name in &pages {
        let (broken, found) = broken(name, &text(name));
        all.extend(broken);
        counts = [counts[0] + found[0], counts[1] + found[1]];
    }
    assert!(pages.len() > 20 && counts[0] > 80 && counts[1] > 3, "{counts:?} links in {} pages", pages.len());
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn broken_links_are_found() {
    let page = "# A `b`: c\n\n# A `b`: c\n```\n[x](nowhere)\n```\n`[x](nowhere)` [ok](#a-b-c-1) [no](#d) [no](../e)\n";
    assert_eq!(anchors(page), ["a-b-c", "a-b-c-1"].map(str::to_owned).into());
    let (found, counts) =
        broken("docs/limits.md", "[x](#nothing) [y](nothing.md) [z](exit-codes.md) [u](https://there)");
    assert_eq!(
        found,
        ["docs/limits.md: docs/limits.md has no heading nothing", "docs/limits.md: nothing.md is not there"]
    );
    assert_eq!(counts, [3, 1]);
    assert_eq!(targets(page), ["#a-b-c-1", "#d", "../e"]);
}

/// The archive of a release has the README and the pages under `docs`: what they say of each other can be followed
/// there.
#[test]
fn pages_of_users_are_reached_from_the_readme() {
    let linked: BTreeSet<String> = targets(&text("README.md")).into_iter().collect();
    for page in pages().into_iter().filter(|page| page.starts_with("docs/")) {
        assert!(linked.contains(&page), "the README does not link to {page}");
    }
}
