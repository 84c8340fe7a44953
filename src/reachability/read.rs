//! From an object to a [`Policy`], with the defaults of the API server.
//!
//! Reads what the API server accepts or once accepted; anything else is an error, because a policy that is understood
//! in part would give a wrong verdict. `validate` says in the API server's words what it would reject.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::policy::{addresses, read_cidr};
use super::selector::{Operator, Requirement};
use super::{Direction, LabelSelector, Peer, Policy, PortSet, Rule, RulePorts};
use crate::object::Protocol;
use crate::yaml::FieldPath;

/// Why an object is no policy: it says something that the API server would not have taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct ReadError {
    /// The field.
    pub path: FieldPath,
    /// What is wrong with it.
    pub message: String,
}

type Read<T> = Result<T, ReadError>;

impl Policy {
    /// Reads a `NetworkPolicy`; `namespace` is where it stands, after defaulting.
    pub fn read(object: &Value, namespace: &str) -> Result<Self, ReadError> {
        let root = Field { path: FieldPath::root(), value: Some(object) };
        let (metadata, spec) = (root.get("metadata"), root.get("spec"));
        for field in [&root, &metadata, &spec] {
            field.object()?;
        }
        let rules = |direction: Direction| -> Read<Option<Vec<Rule>>> {
            let items = spec.get(direction.rules_field()).items()?;
            items.map(|items| items.iter().map(|item| rule(item, direction)).collect()).transpose()
        };
        let (egress, ingress) = (rules(Direction::Egress)?, rules(Direction::Ingress)?);

        let types = spec.get("policyTypes").items()?.unwrap_or_default();
        let types: BTreeSet<String> = types.iter().map(Field::required_text).collect::<Read<_>>()?;
        if let Some(other) = types.iter().find(|it| !matches!(it.as_str(), "Ingress" | "Egress")) {
            return Err(spec.get("policyTypes").error(format!("`{other}` is neither Ingress nor Egress")));
        }
        // SetDefaults_NetworkPolicy: without types it isolates for ingress, and for egress if it has egress rules.
        let has_egress = egress.as_ref().is_some_and(|rules| !rules.is_empty());
        let isolates = |direction: Direction| match direction {
            _ if !types.is_empty() => types.contains(direction.policy_type()),
            Direction::Ingress => true,
            Direction::Egress => has_egress,
        };
        let egress = isolates(Direction::Egress).then(|| egress.unwrap_or_default());
        let ingress = isolates(Direction::Ingress).then(|| ingress.unwrap_or_default());
        Ok(Self {
            namespace: namespace.to_owned(),
            name: metadata.get("name").text()?.unwrap_or_default(),
            pod_selector: selector(&spec.get("podSelector"))?.unwrap_or_default(),
            egress,
            ingress,
        })
    }
}

fn rule(rule: &Field<'_>, direction: Direction) -> Read<Rule> {
    rule.object()?;
    let peers = rule.get(direction.peers_field()).items()?.unwrap_or_default();
    let peers: Vec<Peer> = peers.iter().map(peer).collect::<Read<_>>()?;
    let ports = rule.get("ports").items()?.unwrap_or_default();
    let mut read = RulePorts::default();
    if ports.is_empty() {
        read.numbers = PortSet::everything();
    }
    for port in &ports {
        add_port(port, &mut read)?;
    }
    Ok(Rule { peers: (!peers.is_empty()).then_some(peers), ports: read })
}

fn add_port(item: &Field<'_>, ports: &mut RulePorts) -> Read<()> {
    item.object()?;
    let protocol = match item.get("protocol").text()?.as_deref() {
        None | Some("") => Protocol::default(),
        Some(text) => Protocol::parse(text)
            .ok_or_else(|| item.get("protocol").error(format!("`{text}` is none of TCP, UDP and SCTP")))?,
    };
    let (port, end) = (item.get("port"), item.get("endPort"));
    let end_port = match end.present() {
        None => None,
        Some(value) => Some(number(value).ok_or_else(|| end.error("must be a number from 1 to 65535"))?),
    };
    match port.present() {
        Some(Value::String(_)) | None if end_port.is_some() => Err(end.error("needs a numeric port")),
        Some(Value::String(name)) => {
            ports.names.insert((protocol, name.clone()));
            Ok(())
        }
        None => {
            ports.numbers = ports.numbers.union(&PortSet::range(protocol, 1, u16::MAX));
            Ok(())
        }
        Some(value) => {
            let first = number(value).ok_or_else(|| port.error("must be a name or a number from 1 to 65535"))?;
            let last = end_port.unwrap_or(first);
            if last < first {
                return Err(end.error("must not be less than port"));
            }
            ports.numbers = ports.numbers.union(&PortSet::range(protocol, first, last));
            Ok(())
        }
    }
}

fn number(value: &Value) -> Option<u16> {
    integer(value).and_then(|number| u16::try_from(number).ok()).filter(|&number| number != 0)
}

/// A whole number. `80.0` is one: kubectl sends YAML as JSON, where it becomes `80`.
pub(super) fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let text = format!("{:.0}", value.as_f64().filter(|number| number.fract() == 0.0)?);
        text.parse().ok()
    })
}

fn peer(peer: &Field<'_>) -> Read<Peer> {
    peer.object()?;
    let (pods, namespaces) = (selector(&peer.get("podSelector"))?, selector(&peer.get("namespaceSelector"))?);
    let block = peer.get("ipBlock");
    match (block.present(), pods.is_some() || namespaces.is_some()) {
        (Some(_), false) => {
            block.object()?;
            let cidr = cidr(&block.get("cidr"))?;
            let except = block.get("except").items()?.unwrap_or_default();
            let except: Vec<_> = except.iter().map(self::cidr).collect::<Read<_>>()?;
            Ok(Peer::Addresses(addresses(cidr, &except)))
        }
        (None, true) => Ok(Peer::Pods { namespaces, pods: pods.unwrap_or_default() }),
        (Some(_), true) => Err(block.error("may not be specified when both ipBlock and another peer are specified")),
        (None, false) => Err(peer.error("must specify a peer")),
    }
}

fn cidr(field: &Field<'_>) -> Read<ipnet::IpNet> {
    let text = field.required_text()?;
    read_cidr(&text).ok_or_else(|| field.error(format!("`{text}` is no CIDR, such as 10.0.0.0/8")))
}

fn selector(field: &Field<'_>) -> Read<Option<LabelSelector>> {
    if field.present().is_none() {
        return Ok(None);
    }
    field.object()?;
    let labels = field.get("matchLabels");
    let mut requirements = Vec::new();
    for (key, value) in labels.entries()?.into_iter().flatten() {
        let field = labels.get(key);
        let value = if value.is_null() { Some("") } else { value.as_str() };
        let value = value.ok_or_else(|| field.error("must be a string"))?;
        requirements.push(Requirement { key: key.clone(), operator: Operator::In([value.to_owned()].into()) });
    }
    for expression in field.get("matchExpressions").items()?.unwrap_or_default() {
        expression.object()?;
        let key = expression.get("key").required_text()?;
        let values = expression.get("values").items()?.unwrap_or_default();
        // Null is an empty string in a list of strings, and in a map of them.
        let values = values.iter().map(|value| Ok(value.text()?.unwrap_or_default()));
        let values: BTreeSet<String> = values.collect::<Read<_>>()?;
        let operator = expression.get("operator");
        let operator = match (operator.required_text()?.as_str(), values.is_empty()) {
            ("In", false) => Operator::In(values),
            ("NotIn", false) => Operator::NotIn(values),
            ("Exists", true) => Operator::Exists,
            ("DoesNotExist", true) => Operator::DoesNotExist,
            ("In" | "NotIn", true) => return Err(expression.error("needs values")),
            ("Exists" | "DoesNotExist", false) => return Err(expression.error("takes no values")),
            (other, _) => {
                return Err(operator.error(format!("`{other}` is none of In, NotIn, Exists and DoesNotExist")));
            }
        };
        requirements.push(Requirement { key, operator });
    }
    Ok(Some(requirements.into_iter().collect()))
}

/// A field that may be absent, and where it is. Null counts as absent, as it does for the API server.
#[derive(Debug)]
struct Field<'v> {
    path: FieldPath,
    value: Option<&'v Value>,
}

impl<'v> Field<'v> {
    fn present(&self) -> Option<&'v Value> {
        self.value.filter(|value| !value.is_null())
    }

    fn get(&self, key: &str) -> Self {
        Self { path: self.path.child(key), value: self.value.and_then(|value| value.get(key)) }
    }

    fn error(&self, message: impl Into<String>) -> ReadError {
        ReadError { path: self.path.clone(), message: message.into() }
    }

    fn text(&self) -> Read<Option<String>> {
        match self.present() {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.error("must be a string")),
        }
    }

    fn required_text(&self) -> Read<String> {
        self.text()?.ok_or_else(|| self.error("must be a string"))
    }

    fn entries(&self) -> Read<Option<&'v Map<String, Value>>> {
        match self.present() {
            None => Ok(None),
            Some(Value::Object(entries)) => Ok(Some(entries)),
            Some(_) => Err(self.error("must be a mapping")),
        }
    }

    fn object(&self) -> Read<()> {
        self.entries().map(|_| ())
    }

    fn items(&self) -> Read<Option<Vec<Self>>> {
        match self.present() {
            None => Ok(None),
            Some(Value::Array(items)) => {
                let item = |(index, value)| Self { path: self.path.child(index), value: Some(value) };
                Ok(Some(items.iter().enumerate().map(item).collect()))
            }
            Some(_) => Err(self.error("must be a list")),
        }
    }
}
