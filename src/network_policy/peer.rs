use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::{Endpoint, IpBlock};
use crate::object::NAMESPACE_NAME_LABEL;

/// Which namespaces a pod peer is looked for in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamespaceScope {
    /// The policy's own: no `namespaceSelector`.
    Own,
    /// The namespace of that name, found by the label that the API server sets.
    Named(String),
}

/// The far end of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// Everything: pods, nodes and addresses outside; written as a rule without peers.
    Any,
    /// Pods of one namespace that carry all these labels; without labels, every pod there.
    Pods {
        /// Where they run.
        namespace: NamespaceScope,
        /// Labels that they must carry.
        labels: BTreeMap<String, String>,
    },
    /// An address range.
    Block(IpBlock),
}

impl Peer {
    /// The peers that an endpoint means in a policy of the namespace `own`; none for an empty list of addresses.
    pub(super) fn of(endpoint: &Endpoint, own: &str) -> Vec<Self> {
        match endpoint {
            Endpoint::Any => vec![Self::Any],
            Endpoint::Addresses(blocks) => blocks.iter().cloned().map(Self::Block).collect(),
            Endpoint::Pods { namespace, labels } => {
                let scope =
                    if namespace == own { NamespaceScope::Own } else { NamespaceScope::Named(namespace.clone()) };
                vec![Self::Pods { namespace: scope, labels: labels.clone() }]
            }
        }
    }

    /// The item of `from` or `to`; absent for [`Peer::Any`], which is a rule without that list.
    pub(super) fn to_value(&self) -> Option<Value> {
        match self {
            Self::Any => None,
            Self::Pods { namespace: NamespaceScope::Own, labels } => Some(json!({ "podSelector": selector(labels) })),
            Self::Pods { namespace: NamespaceScope::Named(name), labels } => {
                let mut peer = json!({ "namespaceSelector": { "matchLabels": { NAMESPACE_NAME_LABEL: name } } });
                if !labels.is_empty()
                    && let Some(peer) = peer.as_object_mut()
                {
                    peer.insert("podSelector".to_owned(), selector(labels));
                }
                Some(peer)
            }
            Self::Block(block) => {
                let mut value = json!({ "cidr": block.cidr().to_string() });
                if !block.exceptions().is_empty()
                    && let Some(value) = value.as_object_mut()
                {
                    let except = block.exceptions().iter().map(|cidr| cidr.to_string().into()).collect();
                    value.insert("except".to_owned(), Value::Array(except));
                }
                Some(json!({ "ipBlock": value }))
            }
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("anything"),
            Self::Block(block) => write!(f, "{block}"),
            Self::Pods { namespace, labels } => {
                f.write_str(match namespace {
                    NamespaceScope::Own => "its own namespace",
                    NamespaceScope::Named(name) => name,
                })?;
                write_labels(f, labels)
            }
        }
    }
}

/// Whether `labels` has every entry of `wanted`.
pub(super) fn carries(labels: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// A label selector: `{}` selects everything.
pub(super) fn selector(labels: &BTreeMap<String, String>) -> Value {
    if labels.is_empty() { json!({}) } else { json!({ "matchLabels": labels }) }
}

/// Writes ` (key=value, …)`, or nothing without labels.
pub(super) fn write_labels(f: &mut fmt::Formatter<'_>, labels: &BTreeMap<String, String>) -> fmt::Result {
    if labels.is_empty() {
        return Ok(());
    }
    let pairs: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    write!(f, " ({})", pairs.join(", "))
}
