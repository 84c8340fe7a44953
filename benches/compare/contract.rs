//! The edits that every tool makes on a Deployment, for each tool in its own language, and the check that it made them.

use serde_json::{Value, json};

use crate::support;

/// The edits as one strategic merge patch with a target selector.
pub(crate) const KUSTOMIZATION: &str = "\
resources: [deployments.yaml]
patches:
  - target: {kind: Deployment}
    patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: any
      spec:
        template:
          spec:
            securityContext:
              runAsNonRoot: true
              runAsUser: 1000
              runAsGroup: 1000
              fsGroup: 1000
              seccompProfile:
                type: RuntimeDefault
            containers:
              - name: app
                securityContext:
                  allowPrivilegeEscalation: false
                  readOnlyRootFilesystem: true
                  capabilities:
                    drop: [ALL]
                volumeMounts:
                  - name: tmp
                    mountPath: /tmp
            volumes:
              - name: tmp
                emptyDir: {}
";

/// The edits as one yq expression.
pub(crate) const YQ_EXPRESSION: &str = r#"with(select(.kind == "Deployment").spec.template.spec;
  .securityContext = {"runAsNonRoot": true, "runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000,
    "seccompProfile": {"type": "RuntimeDefault"}}
  | .containers[].securityContext = {"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
    "capabilities": {"drop": ["ALL"]}}
  | .containers[].volumeMounts += [{"name": "tmp", "mountPath": "/tmp"}]
  | .volumes += [{"name": "tmp", "emptyDir": {}}])"#;

/// Fails unless the output holds exactly `count` Deployments, each with all the edits.
pub(crate) fn check(name: &str, output: &[u8], count: usize) {
    let stream = std::str::from_utf8(output).unwrap();
    let documents = support::documents(stream).expect("the bench needs yamljudge");
    let deployments: Vec<_> = documents.iter().filter(|document| document["kind"] == "Deployment").collect();
    assert_eq!(deployments.len(), count, "{name} printed another number of Deployments");
    for deployment in deployments {
        let pod = &deployment["spec"]["template"]["spec"];
        assert!(is_hardened(pod), "{name} left out an edit:\n{deployment:#}");
    }
}

fn is_hardened(pod: &Value) -> bool {
    let expected = json!({
        "runAsNonRoot": true, "runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    });
    let context = &pod["securityContext"];
    let pod_ok = expected.as_object().unwrap().iter().all(|(key, value)| context[key] == *value);
    let containers = pod["containers"].as_array().unwrap();
    let containers_ok = containers.iter().all(|container| {
        let context = &container["securityContext"];
        let mount = container["volumeMounts"].as_array().unwrap().iter().find(|mount| mount["mountPath"] == "/tmp");
        context["allowPrivilegeEscalation"] == false
            && context["readOnlyRootFilesystem"] == true
            && context["capabilities"]["drop"] == json!(["ALL"])
            && mount.is_some_and(|mount| {
                let volumes = pod["volumes"].as_array().unwrap();
                volumes.iter().any(|volume| volume["name"] == mount["name"] && volume["emptyDir"].is_object())
            })
    });
    pod_ok && containers_ok
}

/// Fails unless every line of the input is in the output, in order: a filter that leaves documents alone only adds.
pub(crate) fn check_lossless(input: &[u8], output: &[u8]) {
    let mut lines = output.split(|&byte| byte == b'\n');
    for line in input.split(|&byte| byte == b'\n') {
        assert!(lines.any(|other| other == line), "lost a line: {}", String::from_utf8_lossy(line));
    }
}
