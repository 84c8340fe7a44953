//! What is said about bad manifests, and where it points.

use super::{manifest, read, rendered};
use crate::config::ConfigErrorKind;
use crate::object::Level;

#[track_caller]
fn assert_error(rest: &str, expected: &str) {
    let text = manifest(rest);
    let error = read(&text).expect_err(rest);
    assert_eq!(error.kind, ConfigErrorKind::Invalid);
    assert_eq!(error.to_string(), error.message);
    assert_eq!(rendered(&text, &error), expected, "{rest}");
}

/// An error of one entry of a section, written in flow style from column 1 of line 4 on.
#[track_caller]
fn assert_errors(section: &str, cases: &[(&str, &str)]) {
    for (rest, expected) in cases {
        let open = format!("{}: {{", section.replace('.', ": {"));
        let close = "}".repeat(section.split('.').count());
        assert_error(&format!("{open}\n{rest}{close}\n"), expected);
    }
}

#[test]
fn unknown_keys_at_each_level() {
    let cases = [
        (
            "security: {podSecurity: {}}",
            "3:12 security.podSecurity: unknown key `podSecurity`, did you mean `pod_security`?",
        ),
        (
            "security: {replicas: 1}",
            "3:12 security.replicas: unknown key `replicas`, expected one of `namespaces`, `release_namespace`, \
             `network_policies`, `pod_security`, `summary`",
        ),
        ("security: {namespaces: {job: j}}", "3:25 security.namespaces.job: unknown key `job`, did you mean `jobs`?"),
        (
            "security:\n  network_policies:\n    defaultdeny: true\n",
            "5:5 security.network_policies.defaultdeny: unknown key `defaultdeny`, did you mean `default_deny`?",
        ),
        (
            "security: {network_policies: {dns: {port: [53]}}}",
            "3:37 security.network_policies.dns.port: unknown key `port`, did you mean `ports`?",
        ),
        (
            "security: {network_policies: {kubernetes_api: {cidr: []}}}",
            "3:48 security.network_policies.kubernetes_api.cidr: unknown key `cidr`, did you mean `cidrs`?",
        ),
        (
            "security: {network_policies: {services: {min_io2: {}}}}",
            "3:42 security.network_policies.services.min_io2: unknown key `min_io2`, did you mean `minio`?",
        ),
        (
            "security: {network_policies: {services: {minio: {labels: {}}}}}",
            "3:50 security.network_policies.services.minio.labels: unknown key `labels`, did you mean \
             `pod_labels`?",
        ),
        (
            "security: {network_policies: {jobs_egress_allow: [{name: x, to_cird: 10.0.0.0/8, port: 1}]}}",
            "3:61 security.network_policies.jobs_egress_allow[0].to_cird: unknown key `to_cird`, did you mean \
             `to_cidr`?",
        ),
        (
            "security:\n  pod_security:\n    run_as_usr: 1\n",
            "5:5 security.pod_security.run_as_usr: unknown key `run_as_usr`, did you mean `run_as_user`?",
        ),
        (
            "security: {pod_security: {workloads: [{group: a.b, kind: C, paths: d}]}}",
            "3:61 security.pod_security.workloads[0].paths: unknown key `paths`, did you mean `path`?",
        ),
        ("security: {summary: {nam: x}}", "3:22 security.summary.nam: unknown key `nam`, did you mean `name`?"),
        (
            "domains: [{name: a, namspace: b}]",
            "3:21 domains[0].namspace: unknown key `namspace`, did you mean `namespace`?",
        ),
    ];
    for (rest, expected) in cases {
        assert_error(rest, expected);
    }
}

#[test]
fn types_are_strict() {
    let cases = [
        ("security: []", "3:11 security: expected a mapping, found a list"),
        ("security: {pod_security: 1}", "3:26 security.pod_security: expected a mapping, found the number `1`"),
        (
            "security: {network_policies: {enabled: 'true'}}",
            "3:40 security.network_policies.enabled: expected a boolean, found the string `true` (write it without \
             quotes)",
        ),
        (
            "security: {network_policies: {dns: {ports: ['53']}}}",
            "3:45 security.network_policies.dns.ports[0]: expected an integer, found the string `53` (write it without \
             quotes)",
        ),
        (
            "domains: [{name: on}]",
            "3:18 domains[0].name: expected a string, found the boolean `true` (write it in quotes): YAML reads \
             `on` as `true`",
        ),
        ("domains: {sales: {}}", "3:10 domains: expected a list, found a mapping"),
        ("domains: [sales]", "3:11 domains[0]: expected a mapping, found the string `sales`"),
        ("domains: [{namespace: x}]", "3:11 domains[0]: the key `name` is missing"),
        (
            "security: {}\ndomains: []\nsecurity: {}",
            "5:1 security: the key `security` is written twice\n3:1 first written here",
        ),
    ];
    for (rest, expected) in cases {
        assert_error(rest, expected);
    }
}

#[test]
fn namespaces_and_domains() {
    let dns_help =
        "help: use at most 63 lower-case letters, digits and `-`, beginning and ending with a letter or a digit";
    let long = "x".repeat(52);
    let cases = [
        (
            "security: {namespaces: {platform: Floe}}",
            format!("3:35 security.namespaces.platform: `Floe` is no DNS label (RFC 1123)\n{dns_help}"),
        ),
        (
            "security: {release_namespace: a.b}",
            format!("3:31 security.release_namespace: `a.b` is no DNS label (RFC 1123)\n{dns_help}"),
        ),
        (
            &format!("domains: [{{name: {long}}}]"),
            format!("3:18 domains[0].name: `{long}` is no DNS label (RFC 1123)\n{}", dns_help.replace("63", "51")),
        ),
        (
            "domains: [{name: a, namespace: ''}]",
            format!("3:32 domains[0].namespace: `` is no DNS label (RFC 1123)\n{dns_help}"),
        ),
        (
            "security: {namespaces: {platform: x, jobs: x}}",
            "3:44 security.namespaces.jobs: the namespace `x` is meant for jobs, but it is the one of the platform \
             already\n\
             help: give each role a namespace of its own\n3:35 the namespace of the platform"
                .to_owned(),
        ),
        (
            "security: {namespaces: {jobs: floe-platform}}",
            "3:31 security.namespaces.jobs: the namespace `floe-platform` is meant for jobs, but it is the one of the \
             platform already\nhelp: give each role a namespace of its own"
                .to_owned(),
        ),
        (
            "domains: [{name: a}, {name: b, namespace: floe-a-domain}]",
            "3:43 domains[1].namespace: the namespace `floe-a-domain` is meant for the domain `b`, but it is the one \
             of \
             the domain `a` already\nhelp: give each role a namespace of its own\n3:18 the namespace of the domain `a`"
                .to_owned(),
        ),
        (
            "domains: [{name: a}, {name: a, namespace: b}]",
            "3:29 domains[1].name: the domain `a` is listed twice\n3:18 first listed here".to_owned(),
        ),
    ];
    for (rest, expected) in cases {
        assert_error(rest, &expected);
    }
    assert!(read(&manifest(&format!("domains: [{{name: {}}}]", "x".repeat(51)))).is_ok());
}

#[test]
fn levels() {
    let help = "\nhelp: a level is set for a role, or for a managed namespace, written with `_` for `-`";
    let near = |key: &str, near: &str| {
        format!("4:1 security.pod_security.{key}: unknown key `{key}`, did you mean `{near}`?{help}")
    };
    assert_errors(
        "security.pod_security",
        &[
            (
                "jobs_level: restrict",
                "4:13 security.pod_security.jobs_level: unknown level `restrict`, did you mean `restricted`?",
            ),
            (
                "floe_jobs_level: high",
                "4:18 security.pod_security.floe_jobs_level: unknown level `high`, expected one of `privileged`, \
                 `baseline`, `restricted`",
            ),
            ("job_level: baseline", &near("job_level", "jobs_level")),
            ("floe_platfrom_level: baseline", &near("floe_platfrom_level", "floe_platform_level")),
            (
                "kube_system_level: baseline",
                &format!(
                    "4:1 security.pod_security.kube_system_level: unknown key `kube_system_level`, expected one of \
                     `platform_level`, `jobs_level`, `domain_level`, `floe_platform_level`, `floe_jobs_level`{help}"
                ),
            ),
        ],
    );
    assert_error(
        "security: {namespaces: {platform: jobs}, pod_security: {jobs_level: baseline}}",
        "3:57 security.pod_security.jobs_level: `jobs_level` could mean the role jobs or the namespace `jobs` of the \
         platform\nhelp: give the namespace another name",
    );
    let own = read(&manifest("security: {pod_security: {floe_jobs_level: baseline, jobs_level: privileged}}")).unwrap();
    assert_eq!(own.namespaces[1].level, Level::Baseline);
}

#[test]
fn network_policies() {
    let cidr = "security.network_policies.cluster_cidrs[0]:";
    let label_value = "help: a label value is at most 63 letters, digits, `-`, `_` and `.`, beginning and ending with \
                       a letter or a digit";
    assert_errors(
        "security.network_policies",
        &[
            (
                "cluster_cidrs: [10.0.0.1/8]",
                &format!("4:17 {cidr} `10.0.0.1/8` has bits set after its prefix\nhelp: write `10.0.0.0/8`"),
            ),
            (
                "cluster_cidrs: [10.0.0.1]",
                &format!("4:17 {cidr} `10.0.0.1` has no prefix length\nhelp: write `10.0.0.1/32`"),
            ),
            (
                "cluster_cidrs: ['fd00::1']",
                &format!("4:17 {cidr} `fd00::1` has no prefix length\nhelp: write `fd00::1/128`"),
            ),
            (
                "cluster_cidrs: [10.0.0.0/33]",
                &format!(
                    "4:17 {cidr} `10.0.0.0/33` is no address range in CIDR form\nhelp: write an address and a prefix \
                     length, such as `10.0.0.0/8`"
                ),
            ),
            (
                "cluster_cidrs: ['::ffff:10.0.0.0/104']",
                &format!(
                    "4:17 {cidr} `::ffff:10.0.0.0/104` is an IPv4-mapped IPv6 range\n\
                     help: write the IPv4 range: API servers and network plugins disagree on mapped addresses"
                ),
            ),
            (
                "cluster_cidrs: [10.0.0.0/8, 10.0.0.0/8]",
                "4:29 security.network_policies.cluster_cidrs[1]: `10.0.0.0/8` is listed twice\n4:17 first listed here",
            ),
            (
                "ip_families: [IPv4], kubernetes_api: {cidrs: ['fd00::/64']}",
                "4:47 security.network_policies.kubernetes_api.cidrs[0]: `fd00::/64` is IPv6, which `ip_families` \
                 leaves out\n\
                 help: add IPv6 to `ip_families`, or remove the range\n4:14 IPv6 is missing here",
            ),
            (
                "ip_families: [IPv6], jobs_egress_allow: [{name: x, to_cidr: 0.0.0.0/0, port: 1}]",
                "4:61 security.network_policies.jobs_egress_allow[0].to_cidr: `0.0.0.0/0` is IPv4, which `ip_families` \
                 leaves out\nhelp: add IPv4 to `ip_families`, or remove the range\n4:14 IPv4 is missing here",
            ),
            (
                "ip_families: []",
                "4:14 security.network_policies.ip_families: no IP family is left\n\
                 help: list IPv4, IPv6 or both, or leave the key out",
            ),
            (
                "ip_families: [ipv4]",
                "4:15 security.network_policies.ip_families[0]: unknown IP family `ipv4`, did you mean `IPv4`?",
            ),
            (
                "allow_external_https: no, external_https_cidrs: [198.51.100.0/24]",
                "4:49 security.network_policies.external_https_cidrs: `external_https_cidrs` says where HTTPS may go, \
                 but `allow_external_https` is false\nhelp: remove one of the two\n4:23 switched off here",
            ),
            (
                "dns: {ports: []}",
                "4:14 security.network_policies.dns.ports: the list of ports is empty\n\
                 help: name a port, or leave the key out",
            ),
            ("dns: {ports: [0]}", "4:15 security.network_policies.dns.ports[0]: the port 0 is not between 1 and 65535"),
            (
                "services: {minio: {ports: [1, 65536]}}",
                "4:31 security.network_policies.services.minio.ports[1]: the port 65536 is not between 1 and 65535",
            ),
            (
                "kubernetes_api: {ports: [443, 443]}",
                "4:31 security.network_policies.kubernetes_api.ports[1]: `443` is listed twice\n4:26 first listed here",
            ),
            (
                "dns: {pod_labels: {k8s-app: a/b}}",
                &format!(
                    "4:29 security.network_policies.dns.pod_labels.k8s-app: `a/b` is no label value\n{label_value}"
                ),
            ),
            (
                "ingress_controller_pod_labels: {-a: b}",
                "4:33 security.network_policies.ingress_controller_pod_labels.-a: `-a` is no label key\n\
                 help: a label key is at \
                 most 63 letters, digits, `-`, `_` and `.`, after an optional DNS subdomain and `/`",
            ),
            (
                "ingress_controller_namespace: a_b",
                "4:31 security.network_policies.ingress_controller_namespace: `a_b` is no DNS label (RFC 1123)\n\
                 help: use at \
                 most 63 lower-case letters, digits and `-`, beginning and ending with a letter or a digit",
            ),
        ],
    );
}

#[test]
fn egress_rules() {
    let at = "security.network_policies.domain_egress_allow";
    let cases = [
        (
            "{name: x, port: 1}",
            format!(
                "4:1 {at}[0]: the rule `x` has neither `to_namespace` nor `to_cidr`\nhelp: say where traffic may go"
            ),
        ),
        (
            "{name: x, port: 1, to_namespace: a, to_cidr: 10.0.0.0/8}",
            format!(
                "4:37 {at}[0].to_cidr: the rule `x` has both `to_namespace` and `to_cidr`\nhelp: write two rules\n\
                 4:34 the other target"
            ),
        ),
        ("{name: x, to_namespace: a}", format!("4:1 {at}[0]: the key `port` is missing")),
        ("{to_namespace: a, port: 1}", format!("4:1 {at}[0]: the key `name` is missing")),
        (
            "{name: x, to_namespace: a, port: 10, end_port: 9}",
            format!("4:48 {at}[0].end_port: the last port 9 is below the first, 10\n4:34 the first port"),
        ),
        ("{name: x, to_namespace: a, port: -1}", format!("4:34 {at}[0].port: the port -1 is not between 1 and 65535")),
        (
            "{name: x, to_namespace: a, port: 1, end_port: 70000}",
            format!("4:47 {at}[0].end_port: the port 70000 is not between 1 and 65535"),
        ),
        (
            "{name: x, to_namespace: a, port: 1, protocol: tcp}",
            format!("4:47 {at}[0].protocol: unknown protocol `tcp`, did you mean `TCP`?"),
        ),
        (
            "{name: x, to_namespace: a, port: 1, protocol: ICMPv6}",
            format!("4:47 {at}[0].protocol: unknown protocol `ICMPv6`, expected one of `TCP`, `UDP`, `SCTP`"),
        ),
        (
            "{name: \"a\\nb\", to_namespace: a, port: 1}",
            format!("4:8 {at}[0].name: `a\\nb` is no name for a rule\nhelp: use one line of at most 63 characters"),
        ),
        (
            "{name: x, to_namespace: a, port: 1}, {name: x, to_namespace: b, port: 1}",
            format!("4:45 {at}[1].name: two rules are named `x`\n4:8 the first of the two"),
        ),
    ];
    for (rules, expected) in cases {
        assert_error(&format!("security: {{network_policies: {{domain_egress_allow: [\n{rules}]}}}}\n"), &expected);
    }
}

#[test]
fn pod_security() {
    let path = "security.pod_security.writable_paths[0]:";
    assert_errors(
        "security.pod_security",
        &[
            (
                "namespaces: on_demand",
                "4:13 security.pod_security.namespaces: unknown mode `on_demand`, expected one of `append`, `patch`, \
                 `off`",
            ),
            ("conflicts: Fail", "4:12 security.pod_security.conflicts: unknown value `Fail`, did you mean `fail`?"),
            (
                "version: '1.30'",
                "4:10 security.pod_security.version: `1.30` is no policy version\n\
                 help: write `latest` or `v1.N`, such as `v1.33`",
            ),
            (
                "run_as_user: 0",
                "4:14 security.pod_security.run_as_user: user 0 is root, but pods of `floe-jobs` must not run as root: \
                 its level is restricted\nhelp: use an id between 1 and 2147483647",
            ),
            (
                "run_as_user: 2147483648",
                "4:14 security.pod_security.run_as_user: the id 2147483648 is not between 0 and 2147483647",
            ),
            ("fs_group: -1", "4:11 security.pod_security.fs_group: the id -1 is not between 0 and 2147483647"),
            ("writable_paths: [tmp]", &format!("4:18 {path} the path `tmp` is not absolute")),
            (
                "writable_paths: [/]",
                &format!("4:18 {path} the path `/` would make the whole root file system writable"),
            ),
            ("writable_paths: [/a/../b]", &format!("4:18 {path} the path `/a/../b` contains `..`")),
            (
                "writable_paths: ['/a:b']",
                &format!("4:18 {path} the path `/a:b` contains `:`, which the API server refuses in a mount path"),
            ),
            (
                "writable_paths: [/a//b/]",
                &format!(
                    "4:18 {path} the path `/a//b/` is not normalised: it contains an empty or `.` part\n\
                     help: write `/a/b`"
                ),
            ),
            (
                "writable_paths: [/a, /a]",
                "4:22 security.pod_security.writable_paths[1]: `/a` is listed twice\n4:18 first listed here",
            ),
            (
                "writable_size_limit: 64MB",
                "4:22 security.pod_security.writable_size_limit: `64MB` is no quantity\n\
                 help: write a number and a unit, such as `64Mi` or `1Gi`",
            ),
            ("harden: [job]", "4:10 security.pod_security.harden[0]: unknown role `job`, did you mean `jobs`?"),
            (
                "harden: [jobs, jobs]",
                "4:16 security.pod_security.harden[1]: `jobs` is listed twice\n4:10 first listed here",
            ),
            (
                "workloads: [{group: a_b, kind: C, path: d}]",
                "4:21 security.pod_security.workloads[0].group: `a_b` is no DNS subdomain (RFC 1123)\n\
                 help: use at most 253 \
                 lower-case letters, digits, `-` and `.`, each part beginning and ending with a letter or a digit",
            ),
            (
                "workloads: [{group: a.b, kind: c, path: d}]",
                "4:32 security.pod_security.workloads[0].kind: `c` is no kind\n\
                 help: a kind is a word in Pascal case, such as `SparkApplication`",
            ),
            (
                "workloads: [{group: a.b, kind: C, path: 'd[0].e'}]",
                "4:41 security.pod_security.workloads[0].path: `d[0].e` is no path of fields\n\
                 help: write the names of fields joined by dots, such as `spec.driver.template`",
            ),
            (
                "workloads: [{group: a.b, kind: C, path: d..e}]",
                "4:41 security.pod_security.workloads[0].path: `d..e` is no path of fields\n\
                 help: write the names of fields joined by dots, such as `spec.driver.template`",
            ),
        ],
    );
    assert_error(
        "security: {summary: {name: A}}",
        "3:28 security.summary.name: `A` is no DNS subdomain (RFC 1123)\n\
         help: use at most 253 lower-case letters, digits, `-` \
         and `.`, each part beginning and ending with a letter or a digit",
    );
}
