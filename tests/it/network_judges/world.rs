//! A world: namespaces, pods and policies as Kubernetes holds them, and connections to judge.

use std::fmt::Write as _;
use std::net::IpAddr;

use serde_json::{Value, json};

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A pod, by its index.
    Pod(usize),
    /// An address that no pod has.
    Address(IpAddr),
}

/// A connection of which one asks whether it is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) source: End,
    pub(super) destination: End,
    /// `TCP`, `UDP` or `SCTP`.
    pub(super) protocol: &'static str,
    /// Never 0.
    pub(super) port: u16,
}

/// What is judged, and what is asked.
#[derive(Debug, Clone)]
pub(super) struct World {
    /// What makes the same world again.
    pub(super) seed: u64,
    /// Objects of kind Namespace, labelled with their name as the API server does it.
    pub(super) namespaces: Vec<Value>,
    /// Objects of kind Pod with addresses in their status.
    pub(super) pods: Vec<Value>,
    /// Objects of kind `NetworkPolicy`, valid, without the API server's defaults.
    pub(super) policies: Vec<Value>,
    pub(super) queries: Vec<Query>,
}

/// The objects of a list that may be absent.
fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

impl World {
    /// The line that a judge reads (`tests/tools/networkworld`).
    pub(super) fn to_line(&self, ipblock_matches_pods: bool) -> String {
        let namespaces: Vec<_> = self
            .namespaces
            .iter()
            .map(|namespace| json!({"name": namespace["metadata"]["name"], "labels": namespace["metadata"]["labels"]}))
            .collect();
        let pods: Vec<_> = self
            .pods
            .iter()
            .map(|pod| {
                let ports: Vec<_> = items(&pod["spec"]["containers"])
                    .flat_map(|container| items(&container["ports"]))
                    .map(|port| {
                        json!({"name": port["name"], "protocol": port["protocol"], "port": port["containerPort"]})
                    })
                    .collect();
                let ips: Vec<_> = items(&pod["status"]["podIPs"]).map(|ip| &ip["ip"]).collect();
                let metadata = &pod["metadata"];
                json!({
                    "namespace": metadata["namespace"],
                    "name": metadata["name"],
                    "labels": metadata["labels"],
                    "ips": ips,
                    "ports": ports,
                })
            })
            .collect();
        let world = json!({
            "namespaces": namespaces,
            "pods": pods,
            "policies": self.policies,
            "ipblock_matches_pods": ipblock_matches_pods,
        });
        let mut line = world.to_string();
        // Thousands of queries: written without a value for each.
        assert_eq!(line.pop(), Some('}'));
        line.push_str(",\"queries\":[");
        for (index, query) in self.queries.iter().enumerate() {
            if index > 0 {
                line.push(',');
            }
            line.push_str("{\"source\":");
            push_end(&mut line, query.source);
            line.push_str(",\"destination\":");
            push_end(&mut line, query.destination);
            write!(line, ",\"protocol\":\"{}\",\"port\":{}}}", query.protocol, query.port).unwrap();
        }
        line.push_str("]}\n");
        line
    }

    /// The objects as a YAML stream, for a person and for `kubectl`.
    pub(super) fn to_yaml(&self) -> String {
        let mut stream = format!("# The world of seed {}.\n", self.seed);
        for object in self.namespaces.iter().chain(&self.pods).chain(&self.policies) {
            stream.push_str("---\n");
            stream.push_str(&serde_saphyr::to_string(object).unwrap());
        }
        stream
    }

    /// A connection in words.
    pub(super) fn describe(&self, query: &Query) -> String {
        let name = |end| match end {
            End::Pod(index) => {
                let metadata = &self.pods[index]["metadata"];
                let (namespace, name) = (metadata["namespace"].as_str().unwrap(), metadata["name"].as_str().unwrap());
                format!("{namespace}/{name}")
            }
            End::Address(address) => address.to_string(),
        };
        format!("{} => {} {}/{}", name(query.source), name(query.destination), query.port, query.protocol)
    }
}

fn push_end(line: &mut String, end: End) {
    match end {
        End::Pod(index) => write!(line, "{{\"pod\":{index}}}"),
        End::Address(address) => write!(line, "{{\"ip\":\"{address}\"}}"),
    }
    .unwrap();
}
