//! `floe network connections`, from outside: the lines of `netpol-analyzer list`, and the other forms.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::json_schema::faults;
use crate::support::{Ran, data_dir, floe, project, run, run_with};

/// A database that only web pods may reach on its named port, an office that may on others, and an agent of the host.
pub(crate) const SHOP: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: db, ports: [{name: sql, containerPort: 5432}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, ports: [{name: http, containerPort: \
8080}]}]}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: ops}
spec: {template: {metadata: {labels: {app: agent}}, spec: {hostNetwork: true, containers: [{name: a}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: database, namespace: shop}
spec: {selector: {app: db}, ports: [{port: 80, targetPort: sql}]}
---
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec: {selector: {app: web}, ports: [{name: main, port: 80, targetPort: http}, {name: metrics, port: 9100}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
  - from:
    - podSelector: {matchLabels: {app: web}}
    ports:
    - port: sql
  - from:
    - ipBlock: {cidr: 10.0.0.0/8}
    ports:
    - port: 9000
      endPort: 9010
";

fn connections(arguments: &[&str], input: &str) -> Ran {
    let all: Vec<&str> = ["network", "connections"].into_iter().chain(arguments.iter().copied()).collect();
    run(&all, input)
}

/// The lines of the text form; the run must succeed.
fn lines(arguments: &[&str], input: &str) -> Vec<String> {
    let ran = connections(arguments, input);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.stdout.lines().map(str::to_owned).collect()
}

/// The whole JSON document, checked against its schema.
fn json(arguments: &[&str], input: &str) -> Value {
    let all: Vec<&str> = ["-o", "json"].into_iter().chain(arguments.iter().copied()).collect();
    let ran = connections(&all, input);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}\n{}", ran.stdout));
    let schema = std::fs::read(project().join("docs/schema/network-connections.schema.json")).unwrap();
    assert_eq!(faults(&serde_json::from_slice(&schema).unwrap(), &value), [""; 0]);
    value
}

#[test]
fn equals_netpol_analyzer_on_its_own_cases() {
    let Some(data) = data_dir() else { return };
    let mut cases = 0;
    for entry in std::fs::read_dir(data.join("netpol")).unwrap() {
        let case = entry.unwrap().path();
        let expected = std::fs::read_to_string(case.join("connections.txt")).unwrap();
        let manifests = case.join("manifests");
        let printed = lines(&["-f", manifests.to_str().unwrap()], "");
        assert_eq!(printed, expected.lines().collect::<Vec<_>>(), "{}", case.display());

        // The other forms say the same.
        let value = json(&["-f", manifests.to_str().unwrap()], "");
        assert_eq!(value["connections"].as_array().unwrap().len(), printed.len(), "{}", case.display());
        for form in ["csv", "md"] {
            let table = connections(&["-o", form, "-f", manifests.to_str().unwrap()], "");
            let head = if form == "csv" { 1 } else { 2 };
            assert_eq!(table.stdout.lines().count(), printed.len() + head, "{form} of {}", case.display());
        }
        cases += 1;
    }
    assert_eq!(cases, 23);
}

/// Real charts have no expected result: lines are sorted, no pair comes twice, nobody talks to himself, and what passes
/// where ipBlock matches no pods also passes where it does.
#[test]
fn keeps_its_laws_on_real_charts() {
    let Some(data) = data_dir() else { return };
    let mut seen = 0;
    for entry in std::fs::read_dir(data.join("charts")).unwrap() {
        let chart = entry.unwrap().path();
        let printed = |answer: &str| lines(&["--ipblock-matches-pods", answer, "-f", chart.to_str().unwrap()], "");
        let (no, yes, both) = (printed("no"), printed("yes"), printed("both"));
        let pairs = |lines: &[String]| -> Vec<String> {
            lines.iter().map(|line| line.split_once(" : ").unwrap().0.to_owned()).collect()
        };
        for lines in [&no, &yes, &both] {
            let sorted: BTreeSet<&String> = lines.iter().collect();
            assert_eq!(sorted.into_iter().collect::<Vec<_>>(), lines.iter().collect::<Vec<_>>(), "{}", chart.display());
            let pairs = pairs(lines);
            assert!(pairs.iter().all(|it| it.split_once(" => ").is_some_and(|(from, to)| from != to)));
            assert_eq!(pairs.iter().collect::<BTreeSet<_>>().len(), pairs.len(), "{}", chart.display());
        }
        let (no_pairs, yes_pairs) = (pairs(&no), pairs(&yes));
        assert!(no_pairs.iter().all(|pair| yes_pairs.contains(pair)), "{}", chart.display());
        assert_eq!(pairs(&both), yes_pairs, "{}", chart.display());
        for (both, yes) in both.iter().zip(&yes) {
            match both.split_once(" # depends on the CNI: ") {
                None => assert!(both == yes && no.contains(yes), "{both}"),
                Some((line, more)) => {
                    assert!(no.iter().any(|it| it == line) || line.ends_with(" : No Connections"), "{both}");
                    let more = more.strip_suffix(" where ipBlock matches pods").unwrap();
                    assert_eq!(yes.split_once(" : ").unwrap().1, more);
                }
            }
        }
        seen += no.len();
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn marks_what_depends_on_the_cni() {
    let line = |answer: &str, pair: &str| {
        let lines = lines(&["--ipblock-matches-pods", answer], SHOP);
        lines.into_iter().find_map(|line| line.strip_prefix(&format!("{pair} : ")).map(str::to_owned))
    };
    let web = "shop/web[Deployment] => shop/db[Pod]";
    assert_eq!(line("no", web).as_deref(), Some("TCP 5432"));
    assert_eq!(line("yes", web).as_deref(), Some("TCP 5432,9000-9010"));
    let more = "TCP 5432 # depends on the CNI: TCP 5432,9000-9010 where ipBlock matches pods";
    assert_eq!(line("both", web).as_deref(), Some(more));
    let agent = "ops/agent[DaemonSet] => shop/db[Pod]";
    assert_eq!(line("no", agent), None);
    let more = "No Connections # depends on the CNI: TCP 9000-9010 where ipBlock matches pods";
    assert_eq!(line("both", agent).as_deref(), Some(more));
    let office = "10.0.0.0-10.255.255.255[External] => shop/db[Pod]";
    assert_eq!(line("both", office).as_deref(), Some("TCP 9000-9010"));
}

#[test]
fn json_is_the_documented_contract() {
    let value = json(&["--focus", "shop/db", "--ipblock-matches-pods", "both"], SHOP);
    assert_eq!(value["ipBlockMatchesPods"], "both");
    assert_eq!(value["undefined"][0]["workload"], "ops/agent[DaemonSet]");
    assert!(value["undefined"][0]["reason"].as_str().unwrap().starts_with("hostNetwork: true"));
    let to_db: Vec<&Value> = value["connections"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["destination"] == "shop/db[Pod]" && it["source"].as_str().unwrap().contains('/'))
        .collect();
    let ports = |first: u16, last: u16| serde_json::json!({"protocol": "TCP", "first": first, "last": last});
    let expected = [
        serde_json::json!({
            "source": "ops/agent[DaemonSet]", "destination": "shop/db[Pod]", "all": false, "ports": [],
            "whereIpBlockMatchesPods": {"all": false, "ports": [ports(9000, 9010)]}, "undefined": true,
        }),
        serde_json::json!({
            "source": "shop/web[Deployment]", "destination": "shop/db[Pod]", "all": false, "ports": [ports(5432, 5432)],
            "whereIpBlockMatchesPods": {"all": false, "ports": [ports(5432, 5432), ports(9000, 9010)]},
        }),
    ];
    assert_eq!(to_db, expected.iter().collect::<Vec<_>>());
    // Every end is described.
    let ids: BTreeSet<&str> =
        value["endpoints"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    for connection in value["connections"].as_array().unwrap() {
        for end in ["source", "destination"] {
            assert!(ids.contains(connection[end].as_str().unwrap()), "{connection}");
        }
    }
    // Nothing at all is a document too.
    let empty = json(&[], "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n");
    assert_eq!((empty["connections"].as_array().unwrap().len(), &empty["finishedPods"]), (0, &Value::from(0)));
}

#[test]
fn csv_quotes_lists_of_ports() {
    let ran = connections(&["-o", "csv", "--focus", "shop/db", "--ipblock-matches-pods", "both"], SHOP);
    let mut rows = ran.stdout.split("\r\n");
    assert_eq!(rows.next(), Some("src,dst,conn,conn_where_ipblock_matches_pods"));
    assert!(
        rows.any(|row| row == "shop/web[Deployment],shop/db[Pod],TCP 5432,\"TCP 5432,9000-9010\""),
        "{}",
        ran.stdout
    );
}

#[test]
fn drawings_hold_every_workload() {
    for (form, name) in [("dot", "\"shop/db[Pod]\""), ("svg", ">db[Pod]<")] {
        let ran = connections(&["-o", form], SHOP);
        assert_eq!(ran.code, Some(0));
        assert!(ran.stdout.contains(name), "{}", ran.stdout);
        assert_eq!(ran.stdout, connections(&["-o", form], SHOP).stdout, "the same input gives the same bytes");
        let focused = connections(&["-o", form, "--focus", "ops/agent"], SHOP).stdout;
        assert!(!focused.contains("5432"), "{focused}");
    }
}

#[test]
fn focus_keeps_the_lines_of_a_workload() {
    let all = lines(&[], SHOP);
    let kept: Vec<&String> = all.iter().filter(|line| line.contains("shop/db[Pod]")).collect();
    for name in ["shop/db", "shop/db[Pod]"] {
        assert_eq!(lines(&["--focus", name], SHOP).iter().collect::<Vec<_>>(), kept, "{name}");
    }
    for (name, meant) in [("shop/bd", "`shop/db`"), ("db", "NAMESPACE/NAME"), ("shop/db[Job]", "shop/db")] {
        let ran = connections(&["--focus", name], SHOP);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{name}");
        assert!(ran.stderr.contains(meant), "{}", ran.stderr);
    }
}

#[test]
fn says_what_the_lines_do_not() {
    let finished = "apiVersion: v1\nkind: Pod\nmetadata: {name: done}\nspec: {}\nstatus: {phase: Succeeded}\n";
    let ran = connections(&[], &format!("{SHOP}---\n{finished}"));
    assert!(ran.stderr.contains("undefined: 1 in the host's network (ops/agent[DaemonSet])"), "{}", ran.stderr);
    assert!(ran.stderr.contains("left out: 1 finished pods"), "{}", ran.stderr);
    assert!(!ran.stdout.contains("done"));
    assert_eq!(json(&[], &format!("{SHOP}---\n{finished}"))["finishedPods"], 1);
    let ran = connections(&["--log-format", "json"], SHOP);
    assert!(ran.stderr.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", ran.stderr);
}

const INGRESS: &str = "\
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front, namespace: shop}
spec: {defaultBackend: {service: {name: front, port: {number: 80}}}}
";

/// From the controller: what routes lead to, in ports of pods, where policies let a controller in.
#[test]
fn routes_lead_to_pods() {
    let from_controller = |arguments: &[&str], input: &str| -> Vec<String> {
        let lines = lines(arguments, input).into_iter();
        lines.filter_map(|line| line.strip_prefix("{ingress-controller} => ").map(str::to_owned)).collect()
    };
    assert_eq!(from_controller(&[], SHOP), [""; 0]);
    let with_ingress = format!("{SHOP}{INGRESS}");
    assert_eq!(from_controller(&[], &with_ingress), ["shop/web[Deployment] : TCP 8080"]);
    let by_name = with_ingress.replace("{number: 80}", "{name: metrics}");
    assert_eq!(from_controller(&[], &by_name), ["shop/web[Deployment] : TCP 9100"]);
    let nowhere = with_ingress.replace("{number: 80}", "{number: 81}");
    assert_eq!(from_controller(&[], &nowhere), [""; 0]);

    // The controller is known by its namespace's name and by the labels that the chart of ingress-nginx writes.
    let policy = |peer: &str| {
        format!(
            "{with_ingress}---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n\
             metadata: {{name: web, namespace: shop}}\n\
             spec: {{podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{from: [{peer}], ports: [{{port: \
             http}}]}}]}}\n"
        )
    };
    let own = "{podSelector: {}}";
    let nginx = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}, podSelector: \
                 {matchLabels: {app.kubernetes.io/name: ingress-nginx}}}";
    let router = "{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}";
    assert_eq!(from_controller(&[], &policy(own)), [""; 0]);
    assert_eq!(from_controller(&[], &policy(nginx)), ["shop/web[Deployment] : TCP 8080"]);
    assert_eq!(from_controller(&[], &policy(router)), [""; 0]);

    let route = "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: r, namespace: shop}\n\
                 spec: {to: {kind: Service, name: front}, port: {targetPort: http}}\n";
    let with_route = format!("{}---\n{route}", policy(router).replace(INGRESS, "---\n"));
    assert_eq!(from_controller(&[], &with_route), ["shop/web[Deployment] : TCP 8080"]);
    let http_route = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r, namespace: shop}\n\
                      spec: {rules: [{backendRefs: [{name: front, port: 9100}]}]}\n";
    assert_eq!(from_controller(&[], &format!("{SHOP}---\n{http_route}")), ["shop/web[Deployment] : TCP 9100"]);
}

/// What the filter says that the router does not reach, and what it reaches by the policies that the filter writes, are
/// the same pods and ports.
#[test]
fn the_filter_and_connections_read_routes_of_openshift_alike() {
    const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: floe-platform}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: web, ports: [{name: http, containerPort: 8080}, {name: admin, containerPort: 9901, \
      protocol: UDP}]}
---
apiVersion: v1
kind: Service
metadata: {name: front, namespace: floe-platform}
spec:
  selector: {app: web}
  ports: [{name: main, port: 80, targetPort: http}, {name: debug, port: 81, targetPort: 9901, protocol: UDP}]
";
    let folder = tempfile::TempDir::new().unwrap();
    let with_config = |name: &str, network: &str, arguments: &[&str], input: &str| -> Ran {
        let manifest = format!(
            "apiVersion: floe.dev/v1\nkind: Manifest\nsecurity: {{network_policies: {{enabled: true{network}}}}}\n"
        );
        std::fs::write(folder.path().join(name), manifest).unwrap();
        let ran = run_with(floe().current_dir(folder.path()).args(arguments).args(["--config", name]), input);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran
    };
    // The port of the Route, its Service, and the pods' ports that it leads to.
    for (target, service, ports) in [
        ("http", "front", "TCP 8080"),
        ("main", "front", "TCP 8080"),
        ("8080", "front", "TCP 8080"),
        ("9901", "front", "UDP 9901"),
        ("80", "front", ""),
        ("http", "absent", ""),
        ("8080", "absent", ""),
    ] {
        let input = format!(
            "{WEB}---\napiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {{name: r, namespace: \
             floe-platform}}\n\
             spec: {{to: {{kind: Service, name: {service}}}, port: {{targetPort: {target}}}}}\n"
        );
        for (name, network, is_open) in
            [("other.yaml", "", false), ("router.yaml", ", ingress_controller_namespace: openshift-ingress", true)]
        {
            let case = format!("{target} of {service}, {name}");
            let filtered = with_config(name, network, &[], &input);
            let warned = filtered.stderr.lines().find_map(|line| {
                let (_, rest) = line.split_once("does not reach its pods in `floe-platform`")?;
                let (rest, _) = rest.split_once(" (<stdin>")?;
                Some(rest.strip_prefix(" on ").unwrap_or(rest).to_owned())
            });
            assert_eq!(warned.as_deref(), (!is_open).then_some(ports), "{case}:\n{}", filtered.stderr);
            let listed = with_config(name, network, &["network", "connections"], &filtered.stdout);
            let reached: Vec<&str> =
                listed.stdout.lines().filter_map(|line| line.strip_prefix("{ingress-controller} => ")).collect();
            let expected = format!("floe-platform/web[Deployment] : {ports}");
            let expected = if is_open && !ports.is_empty() { vec![expected.as_str()] } else { Vec::new() };
            assert_eq!(reached, expected, "{case}");
        }
    }
}

/// A workload's line holds what any of its pods may; ranges of IPv6 only where the input speaks of it.
#[test]
fn pods_of_one_workload_are_one_and_ipv6_needs_a_mention() {
    let pod = |name: &str, role: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: a, labels: {{role: {role}}}, \
             ownerReferences: [{{kind: StatefulSet, name: db, controller: true}}]}}\nspec: {{}}\n"
        )
    };
    let policy = |cidr: &str| {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: a}}\n\
             spec: {{podSelector: \
             {{matchLabels: {{role: replica}}}}, ingress: [{{from: [{{ipBlock: {{cidr: '{cidr}'}}}}], ports: [{{port: \
             1}}]}}]}}\n"
        )
    };
    let pods = format!("{}{}", pod("db-0", "primary"), pod("db-1", "replica"));
    let printed = lines(&[], &format!("{pods}{}", policy("10.0.0.0/8")));
    let expected = [
        "0.0.0.0-9.255.255.255[External] => a/db[StatefulSet] : All Connections",
        "10.0.0.0-10.255.255.255[External] => a/db[StatefulSet] : All Connections",
        "11.0.0.0-255.255.255.255[External] => a/db[StatefulSet] : All Connections",
        "a/db[StatefulSet] => 0.0.0.0-255.255.255.255[External] : All Connections",
    ];
    assert_eq!(printed, expected);
    let printed = lines(&[], &format!("{}{}", pod("db-1", "replica"), policy("fd00::/8")));
    let expected = [
        "a/db[StatefulSet] => 0.0.0.0-255.255.255.255[External] : All Connections",
        "a/db[StatefulSet] => ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External] : All Connections",
        "fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External] => a/db[StatefulSet] : TCP 1",
    ];
    assert_eq!(printed, expected);
}

#[test]
fn bad_input_has_its_exit_code() {
    assert_eq!(connections(&[], "").code, Some(3));
    assert_eq!(connections(&["-f", "/nonexistent"], "").code, Some(3));
    assert_eq!(connections(&[], "kind: Pod\nspec: [").code, Some(3));
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\n\
                  spec:\n  ingress: [{from: [{}]}]\n";
    let ran = connections(&[], policy);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
    assert!(ran.stderr.contains("must specify a peer") && ran.stderr.contains("<stdin>:5:21"), "{}", ran.stderr);
    for wrong in [&["-o", "yaml"][..], &["--ipblock-matches-pods", "perhaps"], &["--config", "/nonexistent.yaml"]] {
        assert_eq!(connections(wrong, SHOP).code, Some(2), "{wrong:?}");
    }
}

/// A reader that has seen enough is no failure.
#[test]
fn a_closed_pipe_ends_quietly() {
    use std::io::Read as _;
    use std::process::{Command, Stdio};
    let pod = |number| format!("---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{number}}}\nspec: {{}}\n");
    let pods = (0..400).map(pod).collect::<Vec<_>>().concat();
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("pods.yaml"), pods).unwrap();
    let mut child = Command::new(crate::support::floe_path())
        .args(["network", "connections", "-f", ".", "-n", "default"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 10]).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn the_namespace_of_documents_that_name_none_is_that_of_the_release() {
    let pods = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {}\n";
    assert!(lines(&[], pods)[0].contains("default/a[Pod]"));
    assert!(lines(&["-n", "shop"], pods)[0].contains("shop/a[Pod]"));
    let ran = run_with(floe().args(["network", "connections"]).env("ARGOCD_APP_NAMESPACE", "cd"), pods);
    assert!(ran.stdout.contains("cd/a[Pod]"), "{}", ran.stdout);
}
