//! From Services to the pods behind them: policy sees the ports of pods, never those of Services.

use crate::object::{PodFacts, Protocol, ServiceFacts, ServicePort, TargetPort};
use crate::snapshot::{FoundPod, Snapshot};

/// The Service of that name.
pub(super) fn find<'s>(snapshot: &'s Snapshot, namespace: &str, name: &str) -> Option<&'s ServiceFacts> {
    snapshot.services.iter().find(|it| it.namespace.as_deref() == Some(namespace) && it.id.name == name)
}

/// The pods that a Service selects, by their positions.
pub(super) fn selected<'s>(
    snapshot: &'s Snapshot,
    service: &'s ServiceFacts,
) -> impl Iterator<Item = (usize, &'s FoundPod)> {
    let is_selected = |pod: &PodFacts| {
        // Without a selector its endpoints are somebody else's business.
        !service.selector.is_empty()
            && Some(&pod.namespace) == service.namespace.as_ref()
            && service.selector.iter().all(|(key, value)| pod.labels.get(key) == Some(value))
    };
    snapshot.pods.iter().enumerate().filter(move |(_, pod)| is_selected(&pod.facts))
}

/// The port of a pod that a Service port leads to; absent if the pod has no port of the name.
pub(super) fn target(offered: &ServicePort, pod: &PodFacts) -> Option<(Protocol, u16)> {
    let port = match &offered.target {
        TargetPort::Number(port) => Some(*port),
        TargetPort::Name(name) => {
            let named = pod.ports.iter().find(|it| it.name.as_ref() == Some(name) && it.protocol == offered.protocol);
            named.map(|it| it.port)
        }
    };
    port.map(|port| (offered.protocol, port))
}
