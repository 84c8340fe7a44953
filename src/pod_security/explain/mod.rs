//! The pages of the checks and notices, one Markdown file each.

use super::check::Check;
use super::checks;
use super::harden::{
    FILLED_RUN_AS_GROUP, FILLED_RUN_AS_USER, HARDEN_ANNOTATION, HARDEN_OPTED_OUT, INJECTED_SIDECARS,
    JOB_TEMPLATE_IMMUTABLE, POD_SPEC_IMMUTABLE, WINDOWS_WITHOUT_OS, WORKLOAD_NOT_HARDENED, WRITABLE_PATHS_ANNOTATION,
};
use super::unknown::UNKNOWN_WORKLOAD;
use crate::finding::{Page, Severity};

/// The pages of the checks of the Pod Security Standards, in the order of [`checks`].
pub fn check_pages() -> impl Iterator<Item = Page> {
    checks().iter().map(Check::page)
}

/// The notices of hardening, with their pages.
pub const NOTICE_PAGES: &[Page] = &[
    Page::new(FILLED_RUN_AS_USER, Severity::Info, include_str!("filled-run-as-user.md")),
    Page::new(FILLED_RUN_AS_GROUP, Severity::Info, include_str!("filled-run-as-group.md")),
    Page::new(JOB_TEMPLATE_IMMUTABLE, Severity::Warning, include_str!("job-template-immutable.md")),
    Page::new(POD_SPEC_IMMUTABLE, Severity::Warning, include_str!("pod-spec-immutable.md")),
    Page::new(HARDEN_OPTED_OUT, Severity::Info, include_str!("harden-opted-out.md")),
    Page::new(HARDEN_ANNOTATION, Severity::Warning, include_str!("harden-annotation.md")),
    Page::new(WRITABLE_PATHS_ANNOTATION, Severity::Warning, include_str!("writable-paths-annotation.md")),
    Page::new(INJECTED_SIDECARS, Severity::Info, include_str!("injected-sidecars.md")),
    Page::new(WINDOWS_WITHOUT_OS, Severity::Warning, include_str!("windows-without-os.md")),
    Page::new(UNKNOWN_WORKLOAD, Severity::Warning, include_str!("unknown-workload.md")),
    Page::new(WORKLOAD_NOT_HARDENED, Severity::Warning, include_str!("workload-not-hardened.md")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Version;

    #[test]
    fn every_page_of_a_check_names_its_level_versions_and_source() {
        for (page, check) in check_pages().zip(checks()) {
            assert!(page.summary().ends_with(&format!("Part of the level {}.", check.level)), "{}", page.id);
            let named = page.text.lines().filter_map(|line| line.strip_prefix("- since 1.")?.split(':').next());
            let named: Vec<Version> = named.map(|minor| Version::Minor(minor.parse().unwrap())).collect();
            assert_eq!(named, check.versions().collect::<Vec<_>>(), "{}", page.id);
            assert!(page.text.contains("\nkubernetes/pod-security-admission `policy/check_"), "{}", page.id);
            for heading in ["## Fields", "## Allowed", "## How to fix", "## What floe does", "## Source"] {
                assert!(page.text.contains(heading), "{} {heading}", page.id);
            }
        }
    }
}
