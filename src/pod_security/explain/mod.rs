//! The pages of the checks and notices, one Markdown file each.

use crate::finding::{CheckId, Page};

use super::harden::{
    FILLED_RUN_AS_GROUP, FILLED_RUN_AS_USER, HARDEN_ANNOTATION, HARDEN_OPTED_OUT, INJECTED_SIDECARS,
    JOB_TEMPLATE_IMMUTABLE, POD_SPEC_IMMUTABLE, WINDOWS_WITHOUT_OS, WORKLOAD_NOT_HARDENED, WRITABLE_PATHS_ANNOTATION,
};

/// The pages of the checks of the Pod Security Standards, in the order of [`checks`](super::checks()).
pub const CHECK_PAGES: [Page; 19] = [
    Page::new(CheckId("appArmorProfile"), include_str!("appArmorProfile.md")),
    Page::new(CheckId("capabilities_baseline"), include_str!("capabilities_baseline.md")),
    Page::new(CheckId("hostNamespaces"), include_str!("hostNamespaces.md")),
    Page::new(CheckId("hostPathVolumes"), include_str!("hostPathVolumes.md")),
    Page::new(CheckId("hostPorts"), include_str!("hostPorts.md")),
    Page::new(CheckId("hostProbesAndHostLifecycle"), include_str!("hostProbesAndHostLifecycle.md")),
    Page::new(CheckId("privileged"), include_str!("privileged.md")),
    Page::new(CheckId("procMount"), include_str!("procMount.md")),
    Page::new(CheckId("seLinuxOptions"), include_str!("seLinuxOptions.md")),
    Page::new(CheckId("seccompProfile_baseline"), include_str!("seccompProfile_baseline.md")),
    Page::new(CheckId("sysctls"), include_str!("sysctls.md")),
    Page::new(CheckId("windowsHostProcess"), include_str!("windowsHostProcess.md")),
    Page::new(CheckId("allowPrivilegeEscalation"), include_str!("allowPrivilegeEscalation.md")),
    Page::new(CheckId("capabilities_restricted"), include_str!("capabilities_restricted.md")),
    Page::new(CheckId("procMount_restricted"), include_str!("procMount_restricted.md")),
    Page::new(CheckId("restrictedVolumes"), include_str!("restrictedVolumes.md")),
    Page::new(CheckId("runAsNonRoot"), include_str!("runAsNonRoot.md")),
    Page::new(CheckId("runAsUser"), include_str!("runAsUser.md")),
    Page::new(CheckId("seccompProfile_restricted"), include_str!("seccompProfile_restricted.md")),
];

/// The pages of the notices, in the order of [`NOTICES`](super::NOTICES).
pub const NOTICE_PAGES: [Page; 10] = [
    Page::new(FILLED_RUN_AS_USER, include_str!("filled-run-as-user.md")),
    Page::new(FILLED_RUN_AS_GROUP, include_str!("filled-run-as-group.md")),
    Page::new(JOB_TEMPLATE_IMMUTABLE, include_str!("job-template-immutable.md")),
    Page::new(POD_SPEC_IMMUTABLE, include_str!("pod-spec-immutable.md")),
    Page::new(HARDEN_OPTED_OUT, include_str!("harden-opted-out.md")),
    Page::new(HARDEN_ANNOTATION, include_str!("harden-annotation.md")),
    Page::new(WRITABLE_PATHS_ANNOTATION, include_str!("writable-paths-annotation.md")),
    Page::new(INJECTED_SIDECARS, include_str!("injected-sidecars.md")),
    Page::new(WINDOWS_WITHOUT_OS, include_str!("windows-without-os.md")),
    Page::new(WORKLOAD_NOT_HARDENED, include_str!("workload-not-hardened.md")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Version;
    use crate::pod_security::{NOTICES, checks};

    #[test]
    fn every_check_and_notice_has_its_page() {
        let ids = |pages: &[Page]| pages.iter().map(|page| page.id).collect::<Vec<_>>();
        assert_eq!(ids(&CHECK_PAGES), checks().iter().map(|check| check.id).collect::<Vec<_>>());
        assert_eq!(ids(&NOTICE_PAGES), NOTICES);
    }

    #[test]
    fn every_page_of_a_check_names_its_level_versions_and_source() {
        for (page, check) in CHECK_PAGES.iter().zip(checks()) {
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
