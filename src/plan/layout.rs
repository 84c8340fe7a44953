//! The files that policies and Namespaces are written to (FR-070, FR-071, US5).

use std::fmt::Write as _;

use crate::config::{Config, ManagedNamespace};
use crate::network_policy::{NetworkPolicy, PolicyRules};
use crate::pod_security::namespace_object;
use crate::reachability::Direction;
use crate::yaml::{Style, block};

/// How policies are spread over files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `{namespace}-default-deny.yaml`, `{namespace}-allow-egress.yaml` and `{namespace}-allow-ingress.yaml`.
    File,
    /// `{namespace}-netpol.yaml`.
    Namespace,
}

/// One file of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// Its name, without folder.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// Policies as files, in the order of the policies; those of one file are documents in it.
pub fn policy_files(policies: &[NetworkPolicy], layout: Layout) -> Vec<NewFile> {
    let mut files: Vec<NewFile> = Vec::new();
    for policy in policies {
        let name = match (layout, &policy.rules) {
            (Layout::Namespace, _) => format!("{}-netpol.yaml", policy.namespace),
            (Layout::File, PolicyRules::DefaultDeny) => format!("{}-default-deny.yaml", policy.namespace),
            (Layout::File, PolicyRules::Allow { direction: Direction::Egress, .. }) => {
                format!("{}-allow-egress.yaml", policy.namespace)
            }
            (Layout::File, PolicyRules::Allow { direction: Direction::Ingress, .. }) => {
                format!("{}-allow-ingress.yaml", policy.namespace)
            }
        };
        let text = yaml_document(&policy.to_value());
        match files.iter_mut().find(|file| file.name == name) {
            Some(file) => {
                let _ = write!(file.text, "---\n{text}");
            }
            None => files.push(NewFile { name, text }),
        }
    }
    files
}

/// Policies as one stream of documents.
pub fn policy_stream(policies: &[NetworkPolicy]) -> String {
    policies.iter().flat_map(|policy| ["---\n".to_owned(), yaml_document(&policy.to_value())]).collect()
}

/// The managed Namespaces as files, those left out that `present` names.
pub fn namespace_files(config: &Config, present: impl Fn(&str) -> bool) -> Vec<NewFile> {
    let missing = config.namespaces.iter().filter(|managed| !present(&managed.name));
    let file = |managed: &ManagedNamespace| NewFile {
        name: format!("{}-namespace.yaml", managed.name),
        text: yaml_document(&namespace_object(managed, config)),
    };
    missing.map(file).collect()
}

fn yaml_document(value: &serde_json::Value) -> String {
    let mut text = String::new();
    block(value, 0, Style::default(), &mut text);
    text
}
