//! `sysctls`, baseline. Only sysctls that stay inside the pod may be set.
//!
//! Field: `securityContext.sysctls[*].name` of the pod, compared exactly: a spelling with `/` is not normalised.
//!
//! - since 1.0: `kernel.shm_rmid_forced`, and of `net.ipv4`: `ip_local_port_range`, `tcp_syncookies`,
//!   `ping_group_range`, `ip_unprivileged_port_start`.
//! - since 1.27: also `ip_local_reserved_ports`.
//! - since 1.29: also `tcp_keepalive_time`, `tcp_fin_timeout`, `tcp_keepalive_intvl`, `tcp_keepalive_probes`.
//! - since 1.32: also `tcp_rmem`, `tcp_wmem`.
//! - since 1.37: also `tcp_slow_start_after_idle`, `tcp_notsent_lowat`.
//!
//! Upstream: `policy/check_sysctls.go`.

use crate::finding::CheckId;
use crate::object::Level;
use crate::pod_security::check::{Check, Forbidden, Revision};
use crate::pod_security::pod::{Pod, items, text};

/// The check.
pub(in crate::pod_security) const CHECK: Check = Check {
    id: CheckId("sysctls"),
    page: include_str!("../explain/sysctls.md"),
    level: Level::Baseline,
    revisions: &[
        Revision::new(0, |pod| judge(pod, 0)),
        Revision::new(27, |pod| judge(pod, 27)),
        Revision::new(29, |pod| judge(pod, 29)),
        Revision::new(32, |pod| judge(pod, 32)),
        Revision::new(37, |pod| judge(pod, 37)),
    ],
};

/// Every allowed sysctl with the first minor version that allows it.
const ALLOWED: [(&str, u32); 14] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];

/// The first minor version that allows a sysctl; absent if none does.
pub(in crate::pod_security) fn allowed_since(name: &str) -> Option<u32> {
    ALLOWED.iter().find(|(allowed, _)| *allowed == name).map(|(_, since)| *since)
}

fn judge(pod: Pod<'_>, minor: u32) -> Option<Forbidden> {
    const FIELD: [&str; 2] = ["securityContext", "sysctls"];
    let (names, paths): (Vec<_>, Vec<_>) = items(pod.spec, &FIELD)
        .filter(|(_, sysctl)| sysctl.is_object())
        .filter_map(|(index, sysctl)| {
            let name = text(sysctl, &["name"]).unwrap_or_default();
            let is_allowed = allowed_since(name).is_some_and(|since| since <= minor);
            let path = pod.path_to(&FIELD).child(index);
            let path = if sysctl.get("name").is_some() { path.child("name") } else { path };
            (!is_allowed).then_some((name, path))
        })
        .unzip();
    (!names.is_empty()).then(|| Forbidden { reason: "forbidden sysctls", detail: names.join(", "), paths })
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::{ALLOWED, CHECK};
    use serde_json::{Value, json};

    fn with(names: &[&str]) -> Value {
        let sysctls: Vec<_> = names.iter().map(|name| json!({"name": name, "value": "1"})).collect();
        json!({"securityContext": {"sysctls": sysctls}})
    }

    #[test]
    fn each_is_allowed_from_its_version_on() {
        assert_eq!(testing::since(&CHECK), [0, 27, 29, 32, 37]);
        for (name, since) in ALLOWED {
            testing::allows(&CHECK, since, &with(&[name]));
            testing::allows(&CHECK, 99, &with(&[name]));
            if since > 0 {
                let path = "spec.securityContext.sysctls[0].name";
                testing::forbids(&CHECK, since - 1, &with(&[name]), "forbidden sysctls", name, &[path]);
            }
        }
    }

    #[test]
    fn the_newest_two_are_those_of_37() {
        let names = ["net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"];
        let paths = ["spec.securityContext.sysctls[0].name", "spec.securityContext.sysctls[1].name"];
        testing::forbids(&CHECK, 36, &with(&names), "forbidden sysctls", &names.join(", "), &paths);
        testing::allows(&CHECK, 37, &with(&names));
    }

    #[test]
    fn names_are_compared_exactly_and_keep_their_order() {
        let detail = "net/ipv4/tcp_syncookies, kernel.msgmax, net.ipv4.TCP_SYNCOOKIES";
        let names = ["net/ipv4/tcp_syncookies", "net.ipv4.tcp_syncookies", "kernel.msgmax", "net.ipv4.TCP_SYNCOOKIES"];
        let paths = [0, 2, 3].map(|index| format!("spec.securityContext.sysctls[{index}].name"));
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        testing::forbids(&CHECK, 37, &with(&names), "forbidden sysctls", detail, &paths);
    }

    #[test]
    fn a_sysctl_without_name_is_forbidden() {
        let spec = json!({"securityContext": {"sysctls": [{"value": "1"}, null]}});
        testing::forbids(&CHECK, 37, &spec, "forbidden sysctls", "", &["spec.securityContext.sysctls[0]"]);
    }
}
