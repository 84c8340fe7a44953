//! Whether workloads are rolled out, as `kubectl rollout status` judges it.

use std::time::Duration;

use serde_json::Value;

use super::apply::ApplyError;
use super::client::Cluster;
use super::error::ClusterError;
use crate::object::ResourceId;

/// How often is asked.
const INTERVAL: Duration = Duration::from_secs(1);

impl Cluster {
    /// Waits until the workloads among objects are rolled out, and gives those that are not in time.
    pub fn wait(&self, objects: &[Value], home: &str, limit: Duration) -> Result<Vec<ResourceId>, ClusterError> {
        let mut waiting: Vec<&Value> = objects.iter().filter(|object| is_awaited(object)).collect();
        let mut rounds = limit.as_secs();
        loop {
            let mut late = Vec::new();
            for object in waiting {
                match self.read(object, home) {
                    Ok(Some(live)) if is_rolled_out(&live) => {}
                    Err(ApplyError::Cluster(error)) => return Err(error),
                    Ok(_) | Err(_) => late.push(object),
                }
            }
            if late.is_empty() || rounds == 0 {
                return Ok(late.into_iter().filter_map(ResourceId::of).collect());
            }
            waiting = late;
            rounds -= 1;
            self.block_on(async { tokio::time::sleep(INTERVAL).await });
        }
    }
}

fn is_awaited(object: &Value) -> bool {
    let kind = object.get("kind").and_then(Value::as_str);
    matches!(kind, Some("Deployment" | "StatefulSet" | "DaemonSet"))
        && object.get("apiVersion").and_then(Value::as_str).is_some_and(|version| version.starts_with("apps/"))
}

/// The controller has seen the object, and all its pods are of the new template and available.
fn is_rolled_out(live: &Value) -> bool {
    let number = |path: &str| live.pointer(path).and_then(Value::as_i64);
    let status = |field: &str| number(&format!("/status/{field}")).unwrap_or(0);
    if status("observedGeneration") < number("/metadata/generation").unwrap_or(1) {
        return false;
    }
    let wanted = number("/spec/replicas").unwrap_or(1);
    match live.get("kind").and_then(Value::as_str) {
        Some("DaemonSet") => {
            let wanted = status("desiredNumberScheduled");
            status("updatedNumberScheduled") >= wanted && status("numberAvailable") >= wanted
        }
        Some("StatefulSet") => status("updatedReplicas") >= wanted && status("readyReplicas") >= wanted,
        _ => {
            status("updatedReplicas") >= wanted
                && status("availableReplicas") >= wanted
                && status("replicas") <= status("updatedReplicas")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rollout_is_done_when_all_pods_are_new_and_available() {
        let deployment = |observed: i64, updated: i64, available: i64, replicas: i64| {
            json!({
                "kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 3},
                "status": {"observedGeneration": observed, "updatedReplicas": updated, "availableReplicas": available,
                    "replicas": replicas},
            })
        };
        assert!(is_rolled_out(&deployment(2, 3, 3, 3)));
        for not in [deployment(1, 3, 3, 3), deployment(2, 2, 3, 3), deployment(2, 3, 2, 3), deployment(2, 3, 3, 4)] {
            assert!(!is_rolled_out(&not), "{not}");
        }
        let daemon = json!({"kind": "DaemonSet", "metadata": {"generation": 1}, "status": {"observedGeneration": 1}});
        assert!(is_rolled_out(&daemon));
        let set = json!({"kind": "StatefulSet", "metadata": {"generation": 1}, "spec": {},
            "status": {"observedGeneration": 1}});
        assert!(!is_rolled_out(&set));
    }
}
