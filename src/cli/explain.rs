use clap::Args;

use super::error::CliError;
use super::exit::Exit;
use super::write;
use crate::finding::Page;
use crate::text::{excerpt, nearest};
use crate::{audit, network_policy, plan, pod_security, verdict};

/// Arguments of `floe explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The id of a check, as messages show it in brackets; without one, all ids with a line each
    #[arg(value_name = "CHECK")]
    id: Option<String>,
}

/// Every page: the checks of the Pod Security Standards, then floe's own rules.
fn pages() -> impl Iterator<Item = Page> {
    pod_security::check_pages()
        .chain(pod_security::NOTICE_PAGES.iter().copied())
        .chain(network_policy::PAGES.iter().copied())
        .chain(network_policy::lint_pages())
        .chain(plan::PAGES.iter().chain(verdict::PAGES).copied())
        .chain(audit::PAGES.iter().copied())
}

/// Prints the page of a check, or the list of all.
pub(super) fn run(arguments: &ExplainArgs) -> Result<Exit, CliError> {
    let Some(id) = &arguments.id else {
        let width = pages().map(|page| page.id.0.len()).max().unwrap_or_default();
        write::stdout(|out| pages().try_for_each(|page| writeln!(out, "{:width$}  {}", page.id.0, page.summary())))?;
        return Ok(Exit::Done);
    };
    // Ids differ by more than case, and people type what they remember.
    let Some(page) = pages().find(|page| page.id.0.eq_ignore_ascii_case(id)) else {
        let ids: Vec<&str> = pages().map(|page| page.id.0).collect();
        let meant = nearest(id, ids).map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
        return Err(CliError::NoSuchCheck { id: excerpt(id), help: format!("{meant}`floe explain` lists all") });
    };
    write::stdout(|out| out.write_all(page.text.as_bytes()))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_page_is_headed_by_its_id_and_says_what_to_do() {
        for page in pages() {
            assert!(page.text.starts_with(&format!("# {}\n\n", page.id)), "{}", page.id);
            assert!(page.summary().ends_with('.'), "{}", page.id);
            assert!(page.text.contains("\n## How to fix\n\n"), "{}", page.id);
            assert!(page.text.lines().all(|line| line.chars().count() <= 120), "{}", page.id);
        }
        let ids: BTreeSet<String> = pages().map(|page| page.id.0.to_ascii_lowercase()).collect();
        assert_eq!(ids.len(), pages().count(), "two pages have one id");
    }

    /// A rule without a page, or a page without a rule, is a mistake of whoever added or removed it.
    #[test]
    fn pages_are_those_of_the_rules() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = BTreeSet::new();
        let mut ids = BTreeSet::new();
        let mut folders = vec![source];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().and_then(|name| name.to_str()).unwrap().to_owned();
                if path.is_dir() {
                    folders.push(path);
                } else if let Some(id) = name.strip_suffix(".md") {
                    files.insert(id.to_owned());
                } else if let Ok(text) = read(&path) {
                    // Only constants: tests make up ids of their own.
                    let constants =
                        text.split(" const ").skip(1).filter_map(|rest| rest.split_once(": CheckId = CheckId(\""));
                    ids.extend(constants.filter_map(|(_, rest)| Some(rest.split_once('"')?.0.to_owned())));
                }
            }
        }
        let known: BTreeSet<String> = pages().map(|page| page.id.0.to_owned()).collect();
        assert_eq!(known, files);
        assert!(ids.len() > 10, "the search for ids finds none");
        assert_eq!(ids.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "ids without a page");
    }

    #[expect(clippy::disallowed_methods, reason = "the test reads the sources")]
    fn read(path: &Path) -> std::io::Result<String> {
        std::fs::read_to_string(path)
    }
}
