use serde_json::Value;

use super::checks::{capabilities_baseline, sysctls};
use super::pod::{Pod, SecurityContext, field, items, text};
use crate::yaml::FieldPath;

/// Values that somebody meant to satisfy a check and that do not, with one line of help each, in the order of visit.
///
/// Pod Security compares values exactly, so `drop: [all]` drops nothing for it. floe never overwrites an explicit
/// value; it says what was probably meant.
pub(super) fn near_miss(pod: Pod<'_>) -> Vec<(FieldPath, String)> {
    let mut found = Vec::new();
    for context in pod.security_contexts() {
        capability_names(context, &mut found);
        profile_types(context, &mut found);
        quoted_booleans(context, &mut found);
        if context.container.is_none() {
            misplaced_fields(context, &mut found);
            sysctl_names(context, &mut found);
        }
    }
    found
}

fn capability_names(context: SecurityContext<'_>, found: &mut Vec<(FieldPath, String)>) {
    let exact = |list: &str| items(context.value, &["capabilities", list]).any(|(_, item)| item == "ALL");
    for (list, is_met) in [("drop", exact("drop")), ("add", false)] {
        for (index, item) in items(context.value, &["capabilities", list]) {
            let Some(name) = item.as_str() else { continue };
            let upper = name.to_ascii_uppercase();
            let meant = upper.strip_prefix("CAP_").unwrap_or(&upper);
            let is_known = match list {
                "drop" => meant == "ALL" && !is_met,
                _ => capabilities_baseline::ALLOWED.contains(&meant),
            };
            if is_known && meant != name {
                let path = context.path_to(&["capabilities", list]).child(index);
                let message = format!(
                    "write `{meant}`: Pod Security compares capabilities exactly, and `{name}` is another name to it"
                );
                found.push((path, message));
            }
        }
    }
}

fn profile_types(context: SecurityContext<'_>, found: &mut Vec<(FieldPath, String)>) {
    for profile in ["seccompProfile", "appArmorProfile"] {
        let keys = [profile, "type"];
        let Some(kind) = text(context.value, &keys) else { continue };
        let meant = match kind.to_ascii_lowercase().as_str() {
            "runtimedefault" | "runtime/default" | "docker/default" => "RuntimeDefault",
            lower if lower == "localhost" || lower.starts_with("localhost/") => "Localhost",
            _ => continue,
        };
        if meant != kind {
            found.push((context.path_to(&keys), format!("write `{meant}`: the API knows no type `{kind}`")));
        }
    }
}

fn quoted_booleans(context: SecurityContext<'_>, found: &mut Vec<(FieldPath, String)>) {
    for key in ["allowPrivilegeEscalation", "privileged", "runAsNonRoot"] {
        if let Some(word @ ("true" | "false")) = text(context.value, &[key]) {
            let help = format!("write `{word}` without quotes: the API server rejects a string here");
            found.push((context.path_to(&[key]), help));
        }
    }
}

/// Fields of containers on the pod: the API has no such fields there, so they are dropped without effect.
fn misplaced_fields(context: SecurityContext<'_>, found: &mut Vec<(FieldPath, String)>) {
    for key in ["allowPrivilegeEscalation", "capabilities", "privileged", "procMount", "readOnlyRootFilesystem"] {
        if field(context.value, &[key]).is_some_and(|value| !matches!(value, Value::Null)) {
            let help = format!("set `{key}` on each container: a pod's security context has no such field");
            found.push((context.path_to(&[key]), help));
        }
    }
}

fn sysctl_names(context: SecurityContext<'_>, found: &mut Vec<(FieldPath, String)>) {
    for (index, sysctl) in items(context.value, &["sysctls"]) {
        let Some(name) = text(sysctl, &["name"]) else { continue };
        let meant = name.replace('/', ".");
        if meant != name && sysctls::allowed_since(&meant).is_some() {
            let path = context.path_to(&["sysctls"]).child(index).child("name");
            found.push((path, format!("write `{meant}`: Pod Security compares names of sysctls exactly")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(spec: &Value) -> Vec<(String, String)> {
        let template = json!({"spec": spec});
        near_miss(Pod::new(&template).unwrap())
            .into_iter()
            .map(|(path, help)| (path.to_string(), help.split(':').next().unwrap_or_default().to_owned()))
            .collect()
    }

    fn in_container(context: &Value) -> Vec<(String, String)> {
        found(&json!({"containers": [{"name": "a", "securityContext": context}]}))
            .into_iter()
            .map(|(path, help)| (path.replace("spec.containers[0].securityContext.", ""), help))
            .collect()
    }

    fn expected(rows: &[(&str, &str)]) -> Vec<(String, String)> {
        rows.iter().map(|&(path, help)| (path.to_owned(), help.to_owned())).collect()
    }

    #[test]
    fn names_capabilities_in_another_spelling() {
        for drop in ["all", "All", "CAP_ALL", "cap_all"] {
            let context = json!({"capabilities": {"drop": ["NET_RAW", drop]}});
            assert_eq!(in_container(&context), expected(&[("capabilities.drop[1]", "write `ALL`")]));
        }
        for add in ["CAP_NET_BIND_SERVICE", "net_bind_service"] {
            let context = json!({"capabilities": {"add": [add]}});
            assert_eq!(in_container(&context), expected(&[("capabilities.add[0]", "write `NET_BIND_SERVICE`")]));
        }
    }

    #[test]
    fn leaves_values_that_are_met_or_really_forbidden() {
        for capabilities in [
            json!({"drop": ["ALL", "all"], "add": ["NET_BIND_SERVICE"]}),
            json!({"drop": ["NET_RAW", "cap_kill"], "add": ["SYS_ADMIN", "CAP_SYS_ADMIN", "all", 7]}),
        ] {
            assert_eq!(in_container(&json!({"capabilities": capabilities})), []);
        }
        for kind in ["RuntimeDefault", "Localhost", "Unconfined", ""] {
            assert_eq!(in_container(&json!({"seccompProfile": {"type": kind}})), []);
        }
        assert_eq!(in_container(&json!({"runAsNonRoot": false, "readOnlyRootFilesystem": true})), []);
        assert_eq!(
            found(&json!({"securityContext": {"sysctls": [{"name": "kernel/msgmax"}], "capabilities": null}})),
            []
        );
    }

    #[test]
    fn names_profile_types_of_the_old_annotations() {
        for (kind, meant) in [
            ("runtime/default", "RuntimeDefault"),
            ("runtimeDefault", "RuntimeDefault"),
            ("docker/default", "RuntimeDefault"),
            ("localhost", "Localhost"),
            ("localhost/profiles/a.json", "Localhost"),
        ] {
            for profile in ["seccompProfile", "appArmorProfile"] {
                let help = format!("write `{meant}`");
                let path = format!("{profile}.type");
                assert_eq!(in_container(&json!({profile: {"type": kind}})), expected(&[(&path, &help)]));
            }
        }
    }

    #[test]
    fn names_booleans_in_quotes() {
        assert_eq!(
            in_container(&json!({"runAsNonRoot": "true", "allowPrivilegeEscalation": "false"})),
            expected(&[
                ("allowPrivilegeEscalation", "write `false` without quotes"),
                ("runAsNonRoot", "write `true` without quotes"),
            ])
        );
    }

    #[test]
    fn names_container_fields_on_the_pod_and_sysctls_with_slashes() {
        assert_eq!(
            found(&json!({"securityContext": {
                "capabilities": {"drop": ["ALL"]},
                "allowPrivilegeEscalation": false,
                "sysctls": [{"name": "net/ipv4/tcp_syncookies"}],
            }})),
            expected(&[
                ("spec.securityContext.allowPrivilegeEscalation", "set `allowPrivilegeEscalation` on each container"),
                ("spec.securityContext.capabilities", "set `capabilities` on each container"),
                ("spec.securityContext.sysctls[0].name", "write `net.ipv4.tcp_syncookies`"),
            ])
        );
    }
}
