//! Inputs that resemble what charts render. The same size gives the same bytes.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Deployments of about 1.4 kB each, in the domain namespace of the benchmark's configuration.
///
/// They refer to no other object by name: kustomize resolves such references, at a cost that grows with the square of
/// their number, and the comparison should not live off that.
pub(crate) fn deployments(out: &mut impl Write, count: usize) -> io::Result<()> {
    for number in 0..count {
        let team = number % 17;
        let replicas = number % 4 + 1;
        write!(
            out,
            "---
# Source: shop/charts/service-{number:05}/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: service-{number:05}
  namespace: floe-bench-domain
  labels:
    app.kubernetes.io/name: service-{number:05}
    app.kubernetes.io/instance: shop
    app.kubernetes.io/managed-by: Helm
spec:
  replicas: {replicas}
  selector:
    matchLabels:
      app.kubernetes.io/name: service-{number:05}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: service-{number:05}
        team: team-{team}
      annotations:
        checksum/config: \"{number:016x}\"
    spec:
      # one replica of two may be away during an update
      terminationGracePeriodSeconds: 30
      containers:
        - name: app
          image: \"registry.example/shop/service-{number:05}:2.{team}.0\"
          ports:
            - name: http
              containerPort: 8080
              protocol: TCP
          env:
            - name: LOG_LEVEL
              value: info
          livenessProbe:
            httpGet: {{path: /healthz, port: http}}
          readinessProbe:
            httpGet:
              path: /readyz   # also checks the database
              port: http
          resources:
            limits:
              memory: 256Mi
            requests:
              cpu: 100m
              memory: 128Mi
          volumeMounts:
            - name: cache
              mountPath: /var/cache/service
      volumes:
        - name: cache
          emptyDir: {{sizeLimit: 64Mi}}
"
        )?;
    }
    Ok(())
}

/// Config maps and custom resource definitions, which no setting of floe changes, up to at least this many bytes.
pub(crate) fn untouched(out: &mut impl Write, bytes: u64) -> io::Result<()> {
    let mut written = 0;
    let mut number = 0;
    while written < bytes {
        let document = if number % 4 == 0 { custom_resource_definition(number) } else { config_map(number) };
        out.write_all(document.as_bytes())?;
        written += document.len() as u64;
        number += 1;
    }
    Ok(())
}

fn config_map(number: u32) -> String {
    let mut text = format!(
        "---
# Source: shop/templates/settings-{number}.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings-{number}
  namespace: shop
data:
  application.yaml: |
"
    );
    for line in 0..120 {
        let weight = line * 7 % 100;
        writeln!(text, "    feature-{line}: {{enabled: true, weight: {weight}}}   # {number}").unwrap();
    }
    text.push_str("  query.sql: \"select id, name from orders where state = 'open'\"\n");
    text
}

fn custom_resource_definition(number: u32) -> String {
    let mut text = format!(
        "---
# Source: shop/crds/kind{number}.yaml
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: kind{number}s.shop.example
spec:
  group: shop.example
  scope: Namespaced
  names: {{kind: Kind{number}, plural: kind{number}s}}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
"
    );
    for field in 0..150 {
        let length = field + 10;
        writeln!(
            text,
            "          field{field}:
            description: |-
              Field {field} says how the controller treats the object.
              containers: and kind: Deployment in here are prose.
            type: string
            maxLength: {length}"
        )
        .unwrap();
    }
    text
}

/// All charts of a folder as one stream, in the order of their names.
pub(crate) fn concatenated(dir: &Path) -> Vec<u8> {
    let mut paths: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut stream = Vec::new();
    for path in paths {
        let chart = fs::read(path).unwrap();
        if !chart.starts_with(b"---") {
            stream.extend_from_slice(b"---\n");
        }
        stream.extend_from_slice(&chart);
        if !stream.ends_with(b"\n") {
            stream.push(b'\n');
        }
    }
    stream
}
