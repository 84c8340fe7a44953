//! `security.pod_security`, without the levels, which belong to namespaces.

use super::check;
use crate::config::file::{PodSecurityKeys, Workload};
use crate::config::model::{Conflicts, ManagedNamespace, NamespaceMode, PodSecurityConfig, RoleKind};
use crate::config::part::Invalid;
use crate::config::syntax;
use crate::object::{CustomWorkload, Level, Version, name};
use crate::text::excerpt;
use crate::yaml::FieldPath;

/// Largest user or group id (`IsValidUserID`, `IsValidGroupID`).
const MAX_ID: i64 = i32::MAX as i64;

/// Validates the section.
pub(super) fn pod_security(
    written: Option<&PodSecurityKeys>,
    managed: &[ManagedNamespace],
    path: &FieldPath,
) -> Result<PodSecurityConfig, Invalid> {
    let default = PodSecurityConfig::default();
    let Some(written) = written else { return Ok(default) };
    let harden = match &written.harden {
        Some(roles) => harden(roles, &path.child("harden"))?,
        None => default.harden,
    };
    let run_as_user = id(written.run_as_user, default.run_as_user, &path.child("run_as_user"))?;
    if run_as_user == 0 {
        no_root(managed, &harden, &path.child("run_as_user"))?;
    }
    Ok(PodSecurityConfig {
        enabled: written.enabled.unwrap_or(default.enabled),
        namespaces: written.namespaces.as_deref().map_or(Ok(default.namespaces), |text| {
            let choice =
                [("append", NamespaceMode::Append), ("patch", NamespaceMode::Patch), ("off", NamespaceMode::Off)];
            check::word(text, "mode", &choice, &path.child("namespaces"))
        })?,
        version: written
            .version
            .as_deref()
            .map_or(Ok(default.version), |text| version(text, &path.child("version")))?,
        run_as_user,
        run_as_group: id(written.run_as_group, default.run_as_group, &path.child("run_as_group"))?,
        fs_group: id(written.fs_group, default.fs_group, &path.child("fs_group"))?,
        writable_paths: match &written.writable_paths {
            Some(paths) => check::list(paths, &path.child("writable_paths"), String::clone, mount_path)?,
            None => default.writable_paths,
        },
        writable_size_limit: written
            .writable_size_limit
            .as_deref()
            .map(|text| quantity(text, &path.child("writable_size_limit")))
            .transpose()?,
        harden,
        conflicts: written.conflicts.as_deref().map_or(Ok(default.conflicts), |text| {
            let choice = [("fail", Conflicts::Fail), ("warn", Conflicts::Warn)];
            check::word(text, "value", &choice, &path.child("conflicts"))
        })?,
        workloads: check::list(
            written.workloads.as_deref().unwrap_or_default(),
            &path.child("workloads"),
            |it| format!("{}/{} {}", it.group, it.kind, it.path),
            workload,
        )?,
    })
}

fn harden(roles: &[String], path: &FieldPath) -> Result<Vec<RoleKind>, Invalid> {
    let choice = [RoleKind::Platform, RoleKind::Jobs, RoleKind::Domain].map(|role| (role.as_str(), role));
    check::list(roles, path, String::clone, |text, at| check::word(text, "role", &choice, at))
}

fn id(written: Option<i64>, default: i64, path: &FieldPath) -> Result<i64, Invalid> {
    let id = written.unwrap_or(default);
    if (0..=MAX_ID).contains(&id) {
        return Ok(id);
    }
    Err(Invalid::new(path, format!("the id {id} is not between 0 and {MAX_ID}")))
}

/// Root contradicts `runAsNonRoot`, which the restricted level asks for.
fn no_root(managed: &[ManagedNamespace], harden: &[RoleKind], path: &FieldPath) -> Result<(), Invalid> {
    let mut patched = managed.iter().filter(|it| harden.contains(&it.role.kind()));
    match patched.find(|it| it.level == Level::Restricted) {
        Some(namespace) => {
            let message = format!(
                "user 0 is root, but pods of `{}` must not run as root: its level is restricted",
                namespace.name
            );
            Err(Invalid::new(path, message).help(format!("use an id between 1 and {MAX_ID}")))
        }
        None => Ok(()),
    }
}

fn version(text: &str, path: &FieldPath) -> Result<Version, Invalid> {
    Version::parse(text).ok_or_else(|| {
        Invalid::new(path, format!("`{}` is no policy version", excerpt(text)))
            .help("write `latest` or `v1.N`, such as `v1.33`")
    })
}

#[expect(clippy::ptr_arg, reason = "the signature that check::list asks for")]
fn mount_path(text: &String, path: &FieldPath) -> Result<String, Invalid> {
    let Some(fault) = syntax::mount_path_fault(text) else { return Ok(text.clone()) };
    let invalid = Invalid::new(path, format!("the path `{}` {fault}", excerpt(text)));
    let normal = syntax::normalised(text);
    let repairable = text.starts_with('/') && syntax::mount_path_fault(&normal).is_none();
    Err(if repairable { invalid.help(format!("write `{}`", excerpt(&normal))) } else { invalid })
}

fn quantity(text: &str, path: &FieldPath) -> Result<String, Invalid> {
    if syntax::is_quantity(text) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(path, format!("`{}` is no quantity", excerpt(text)))
        .help("write a number and a unit, such as `64Mi` or `1Gi`"))
}

fn workload(written: &Workload, path: &FieldPath) -> Result<CustomWorkload, Invalid> {
    if !name::is_dns_subdomain(&written.group) {
        return Err(check::no_subdomain(&written.group, &path.child("group")));
    }
    if !syntax::is_kind(&written.kind) {
        let message = format!("`{}` is no kind", excerpt(&written.kind));
        return Err(Invalid::new(&path.child("kind"), message)
            .help("a kind is a word in Pascal case, such as `SparkApplication`"));
    }
    let segments: Vec<String> = written.path.split('.').map(str::to_owned).collect();
    // `[*]` stands for every item of a list.
    let name = |segment: &str| segment.trim_end_matches("[*]").to_owned();
    if !segments.iter().all(|segment| syntax::is_field_name(&name(segment))) {
        let message = format!("`{}` is no path of fields", excerpt(&written.path));
        return Err(Invalid::new(&path.child("path"), message)
            .help("write the names of fields joined by dots, such as `spec.driver.template`"));
    }
    Ok(CustomWorkload { group: written.group.clone(), kind: written.kind.clone(), path: segments })
}
