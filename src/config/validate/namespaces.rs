//! Which namespaces are managed, and at which level.

use super::{Sections, check};
use crate::config::defaults::JOBS;
use crate::config::file::PodSecurity;
use crate::config::model::PLATFORM;
use crate::config::model::{ManagedNamespace, Role, RoleKind};
use crate::config::part::Invalid;
use crate::object::Level;
use crate::yaml::FieldPath;

/// Longest name of a domain: `floe-<name>-domain` is a namespace, so a DNS label (decision on: Domains reach
/// themselves).
const DOMAIN_NAME: usize = 51;

/// The managed namespaces: platform, jobs, then the domains as listed.
pub(super) fn managed(sections: &Sections) -> Result<Vec<ManagedNamespace>, Invalid> {
    let names = sections.security.namespaces.as_ref();
    let names_path = sections.security_path.child("namespaces");
    let mut found = Distinct::default();
    let platform = names.and_then(|it| it.platform.as_deref()).unwrap_or(PLATFORM);
    found.add(platform, Role::Platform, names_path.child("platform"))?;
    let jobs = names.and_then(|it| it.jobs.as_deref()).unwrap_or(JOBS);
    found.add(jobs, Role::Jobs, names_path.child("jobs"))?;
    for (index, domain) in sections.domains.iter().enumerate() {
        let path = sections.domains_path.child(index);
        let name = check::dns_label(&domain.name, DOMAIN_NAME, &path.child("name"))?;
        let same = |other: &ManagedNamespace| matches!(&other.role, Role::Domain(other) if *other == name);
        if found.namespaces.iter().any(same) {
            let first = sections.domains.iter().position(|other| other.name == name).unwrap_or_default();
            return Err(Invalid::new(&path.child("name"), format!("the domain `{name}` is listed twice"))
                .related(&sections.domains_path.child(first).child("name"), "first listed here"));
        }
        match &domain.namespace {
            Some(namespace) => found.add(namespace, Role::Domain(name), path.child("namespace"))?,
            None => found.add(&format!("floe-{name}-domain"), Role::Domain(name), path.child("name"))?,
        }
    }
    let mut namespaces = found.namespaces;
    if let Some(written) = &sections.security.pod_security {
        apply_levels(written, &mut namespaces, &sections.security_path.child("pod_security"))?;
    }
    Ok(namespaces)
}

/// Managed namespaces and where each got its name.
#[derive(Default)]
struct Distinct {
    namespaces: Vec<ManagedNamespace>,
    paths: Vec<FieldPath>,
}

impl Distinct {
    fn add(&mut self, name: &str, role: Role, path: FieldPath) -> Result<(), Invalid> {
        let name = check::namespace(name, &path)?;
        for (other, other_path) in self.namespaces.iter().zip(&self.paths) {
            if other.name == name {
                let (this, other) = (described(&role), described(&other.role));
                let message =
                    format!("the namespace `{name}` is meant for {this}, but it is the one of {other} already");
                return Err(Invalid::new(&path, message)
                    .related(other_path, format!("the namespace of {other}"))
                    .help("give each role a namespace of its own"));
            }
        }
        let level = role.kind().default_level();
        self.namespaces.push(ManagedNamespace { name, role, level });
        self.paths.push(path);
        Ok(())
    }
}

fn described(role: &Role) -> String {
    match role {
        Role::Platform => "the platform".to_owned(),
        Role::Jobs => "jobs".to_owned(),
        Role::Domain(name) => format!("the domain `{name}`"),
    }
}

/// First the levels of roles, then those of single namespaces (FR-054).
fn apply_levels(written: &PodSecurity, namespaces: &mut [ManagedNamespace], path: &FieldPath) -> Result<(), Invalid> {
    let keys = &written.keys;
    let roles = [
        ("platform_level", RoleKind::Platform, &keys.platform_level),
        ("jobs_level", RoleKind::Jobs, &keys.jobs_level),
        ("domain_level", RoleKind::Domain, &keys.domain_level),
    ];
    for (key, role, text) in &roles {
        let Some(text) = text else { continue };
        let level = level(text, &path.child(*key))?;
        for namespace in namespaces.iter_mut() {
            if namespace.role.kind() == *role {
                namespace.level = level;
            } else if level_key(&namespace.name) == *key {
                let (name, owner) = (&namespace.name, described(&namespace.role));
                let message = format!("`{key}` could mean the role {role} or the namespace `{name}` of {owner}");
                return Err(Invalid::new(&path.child(*key), message).at_key().help("give the namespace another name"));
            }
        }
    }
    for (key, text) in &written.namespace_levels {
        let at = path.child(key.as_str());
        let Some(position) = namespaces.iter().position(|it| level_key(&it.name) == *key) else {
            let managed: Vec<String> = namespaces.iter().map(|it| level_key(&it.name)).collect();
            let words: Vec<&str> =
                roles.iter().map(|(key, ..)| *key).chain(managed.iter().map(String::as_str)).collect();
            return Err(check::unknown(key, "key", &words, &at)
                .at_key()
                .help("a level is set for a role, or for a managed namespace, written with `_` for `-`"));
        };
        if let (Some(text), Some(namespace)) = (text, namespaces.get_mut(position)) {
            namespace.level = level(text, &at)?;
        }
    }
    Ok(())
}

/// The key that sets the level of one namespace.
fn level_key(namespace: &str) -> String {
    format!("{}_level", namespace.replace('-', "_"))
}

fn level(text: &str, path: &FieldPath) -> Result<Level, Invalid> {
    check::word(text, "level", &Level::ALL.map(|level| (level.as_str(), level)), path)
}
