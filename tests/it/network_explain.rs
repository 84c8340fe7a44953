//! `floe network explain`, from outside.

use serde_json::Value;

use crate::json_schema::faults;
use crate::network_connections::SHOP;
use crate::support::{Ran, project, run};

fn explain(arguments: &[&str], input: &str) -> Ran {
    let all: Vec<&str> = ["network", "explain"].into_iter().chain(arguments.iter().copied()).collect();
    run(&all, input)
}

/// The explanations of the JSON form, checked against their schema.
fn json(arguments: &[&str], input: &str) -> Vec<Value> {
    let all: Vec<&str> = arguments.iter().copied().chain(["-o", "json"]).collect();
    let ran = explain(&all, input);
    let value: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}\n{}", ran.stderr));
    let schema = std::fs::read(project().join("docs/schema/network-explain.schema.json")).unwrap();
    assert_eq!(faults(&serde_json::from_slice(&schema).unwrap(), &value), [""; 0]);
    let explanations = value["explanations"].as_array().unwrap().clone();
    assert_eq!(ran.code == Some(0), explanations.iter().all(|it| it["allowed"] == true));
    explanations
}

#[test]
fn names_the_rule_that_allows() {
    let ran = explain(&["shop/web", "shop/db", "5432/TCP"], SHOP);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for part in [
        "allowed: shop/web[Deployment] => shop/db[Pod] : TCP 5432\n",
        "egress of shop/web[Deployment]: no policy isolates it in this direction",
        "ingress of shop/db[Pod]: a rule of NetworkPolicy shop/db allows TCP 5432 (<stdin>:33:5)",
        "^^^^^ spec.ingress[0]",
    ] {
        assert!(ran.stdout.contains(part), "{part}\n{}", ran.stdout);
    }
}

#[test]
fn says_why_none_does_and_what_comes_nearest() {
    let ran = explain(&["shop/web", "shop/db", "80"], SHOP);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let position = |part: &str| ran.stdout.find(part).unwrap_or_else(|| panic!("{part}\n{}", ran.stdout));
    position("denied: shop/web[Deployment] => shop/db[Pod] : TCP 80\n");
    position("NetworkPolicy shop/db isolates it, and no rule allows this (<stdin>:30:16)");
    let near = position("matches shop/web[Deployment], but TCP 80 is not among its ports: TCP 5432");
    let far = position("shop/web[Deployment] is not among its peers, and TCP 80 is not among its ports: TCP 9000-9010");
    assert!(near < far, "the nearest comes first");

    let ran = explain(&["ops/agent", "shop/db", "5432"], SHOP);
    assert!(ran.stdout.contains("has the port, but ops/agent[DaemonSet] is not among its peers"), "{}", ran.stdout);
    assert!(ran.stdout.contains("undefined: ops/agent[DaemonSet] has hostNetwork: true"), "{}", ran.stdout);
}

#[test]
fn tells_what_depends_on_the_cni() {
    let explanations = json(&["shop/web", "shop/db", "9001"], SHOP);
    assert_eq!(explanations[0]["allowed"], false);
    assert_eq!(explanations[0]["dependsOnCni"], true);
    let rules = explanations[0]["ingress"]["policies"][0]["rules"].as_array().unwrap();
    assert_eq!(rules[1]["peerMatches"], false);
    assert_eq!(rules[1]["peerMatchesWhereIpBlockMatchesPods"], true);
    let ran = explain(&["shop/web", "shop/db", "9001"], SHOP);
    assert!(ran.stdout.starts_with("denied on some CNIs: "), "{}", ran.stdout);
}

#[test]
fn addresses_are_ends_too() {
    let explanations = json(&["10.1.2.3", "shop/db", "9000"], SHOP);
    assert_eq!((&explanations[0]["allowed"], &explanations[0]["dependsOnCni"]), (&true.into(), &false.into()));
    assert_eq!(explanations[0]["egress"]["state"], "outside");
    assert!(explanations[0]["notes"][0].as_str().unwrap().contains("is the node"));
    assert_eq!(json(&["192.0.2.1", "shop/db", "9000"], SHOP)[0]["allowed"], false);
    assert_eq!(json(&["shop/db", "2001:db8::1", "443"], SHOP)[0]["allowed"], true);
    // The address of a pod is the pod.
    let live = SHOP.replacen("\n---", "\nstatus: {podIP: 10.9.9.9}\n---", 1);
    assert_eq!(json(&["shop/web", "10.9.9.9", "5432"], &live)[0]["destination"], "shop/db[Pod] (10.9.9.9)");
}

#[test]
fn a_service_leads_to_its_pods_and_their_ports() {
    let explanations = json(&["shop/web", "shop/database", "80"], SHOP);
    assert_eq!(explanations.len(), 1);
    let it = &explanations[0];
    assert_eq!((&it["destination"], &it["port"], &it["allowed"]), (&"shop/db[Pod]".into(), &5432.into(), &true.into()));
    assert_eq!(it["service"], serde_json::json!({"name": "shop/database", "port": 80}));
    let ran = explain(&["shop/web", "shop/database", "80"], SHOP);
    assert!(
        ran.stdout.contains("port 80 of the Service leads to TCP 5432 of the pods; policy sees the port of the pod")
    );
    assert_eq!(json(&["ops/agent", "shop/front"], SHOP).len(), 2, "one for each port of the Service");

    let headless = SHOP.replace("spec: {selector: {app: db}", "spec: {clusterIP: None, selector: {app: db}");
    assert_eq!(
        json(&["shop/web", "shop/database", "5432"], &headless)[0]["service"],
        serde_json::json!({"name": "shop/database"})
    );

    for (arguments, message) in [
        (["shop/web", "shop/database", "5432"], "the Service `shop/database` has no port TCP 5432; it has TCP 80"),
        (["shop/web", "shop/nothing", "80"], "no workload `shop/nothing`"),
        (["web", "shop/db", "80"], "`web` is neither an address nor `NAMESPACE/NAME`"),
        (["10.0.0.1", "10.0.0.2", "80"], "no policy applies"),
        (["shop/web", "shop/db", "http"], "the port must be a number"),
    ] {
        let ran = explain(&arguments, SHOP);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.stderr.contains(message), "{}", ran.stderr);
    }
    let nobody = SHOP.replace("selector: {app: db}", "selector: {app: nobody}");
    assert_eq!(explain(&["shop/web", "shop/database", "80"], &nobody).code, Some(2));
}

#[test]
fn without_a_port_it_names_each_rule_that_adds() {
    let explanations = json(&["shop/web", "shop/db"], SHOP);
    let rules = explanations[0]["ingress"]["policies"][0]["rules"].as_array().unwrap().clone();
    let allows: Vec<bool> = rules.iter().map(|rule| rule["allows"].as_bool().unwrap()).collect();
    assert_eq!(allows, [true, false]);
    assert_eq!(explanations[0]["passes"]["ports"][0]["first"], 5432);
    let ran = explain(&["shop/web", "shop/db"], SHOP);
    assert!(ran.stdout.contains("a rule of NetworkPolicy shop/db allows TCP 5432"), "{}", ran.stdout);
    assert_eq!(json(&["ops/agent", "shop/db"], SHOP)[0]["allowed"], false);
}

#[test]
fn a_pod_may_talk_to_itself_and_replicas_by_the_rules() {
    let ran = explain(&["shop/db", "shop/db", "1"], SHOP);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
    assert!(ran.stdout.contains("a pod may always talk to itself"), "{}", ran.stdout);
    let closed = format!(
        "{SHOP}---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: web, namespace: shop}}\n\
         spec: {{podSelector: {{matchLabels: {{app: web}}}}}}\n"
    );
    let ran = explain(&["shop/web", "shop/web", "1"], &closed);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    assert!(ran.stdout.contains("this is about two of its pods"), "{}", ran.stdout);
}

#[test]
fn workloads_of_one_name_must_be_told_apart() {
    let twice = format!(
        "{SHOP}---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: db, namespace: shop}}\n\
         spec: {{template: {{}}}}\n"
    );
    let ran = explain(&["shop/web", "shop/db", "5432"], &twice);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("`shop/db[Job]` or `shop/db[Pod]`"), "{}", ran.stderr);
    assert_eq!(explain(&["shop/web", "shop/db[Pod]", "5432"], &twice).code, Some(0));
}

/// What explain says of a pair is what connections lists of it.
#[test]
fn agrees_with_the_lines() {
    for source in ["shop/web", "shop/db", "ops/agent"] {
        for destination in ["shop/web", "shop/db", "ops/agent"] {
            if source == destination {
                continue;
            }
            let listed = run(&["network", "connections", "--focus", source], SHOP).stdout;
            let text = format!("{source}[");
            let line = listed.lines().find(|line| {
                line.starts_with(&text)
                    && line.split(" => ").nth(1).is_some_and(|to| to.starts_with(&format!("{destination}[")))
            });
            let explained = json(&[source, destination], SHOP);
            assert_eq!(explained[0]["allowed"].as_bool().unwrap(), line.is_some(), "{source} {destination}");
        }
    }
}

/// A Service `panel` with the port 80, before pods of the same name that listen on 9000.
fn panel(target: &str, allowed: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: panel, namespace: ops}}
spec:
  template:
    metadata: {{labels: {{app: panel}}}}
    spec: {{containers: [{{name: c, image: panel, ports: [{{name: api, containerPort: 9000}}]}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: panel, namespace: ops}}
spec: {{selector: {{app: panel}}, ports: [{{port: 80, targetPort: {target}}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: panel, namespace: ops}}
spec: {{podSelector: {{matchLabels: {{app: panel}}}}, ingress: [{{ports: [{{port: {allowed}}}]}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: client, namespace: ops}}
spec: {{containers: [{{name: c, image: client}}]}}
"
    )
}

#[test]
fn a_port_of_a_service_that_shares_its_name_with_a_workload_is_that_of_the_service() {
    let input = panel("api", "80");
    for name in ["ops/panel", "ops/panel[Service]"] {
        let ran = explain(&["ops/client", name, "80"], &input);
        assert_eq!(ran.code, Some(1), "{name}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("port 80 of the Service leads to TCP 9000"), "{}", ran.stdout);
    }
    let ran = explain(&["ops/client", "ops/panel", "80"], &input);
    assert!(ran.stdout.contains("`ops/panel[Deployment]` is the workload"), "{}", ran.stdout);
    assert_eq!(explain(&["ops/client", "ops/panel[Deployment]", "80"], &input).code, Some(0));
    // A port that only the pods have is about the pods.
    assert_eq!(explain(&["ops/client", "ops/panel", "9000"], &input).code, Some(1));
    assert_eq!(explain(&["ops/client", "ops/panel", "80"], &panel("9000", "9000")).code, Some(0));
}

#[test]
fn a_service_that_leads_nowhere_is_named_beside_the_workload() {
    let ran = explain(&["ops/client", "ops/panel", "80"], &panel("nothing", "80"));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("leads to no pod of the input"), "{}", ran.stdout);
    // Where Service and pods have the same port, there is nothing to say.
    let ran = explain(&["ops/client", "ops/panel", "80"], &panel("80", "80"));
    assert!(!ran.stdout.contains("Service"), "{}", ran.stdout);
    let ran = explain(&["ops/client", "ops/other[Service]"], &panel("80", "80"));
    assert_eq!((ran.code, ran.stderr.contains("no Service `ops/other`")), (Some(2), true), "{}", ran.stderr);
}
