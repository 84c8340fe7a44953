//! The JSON Schema (draft 2020-12) of the configuration, in its three forms.
//!
//! Which keys there are, of which types, and which must be there, comes from the types that the parser reads into. The
//! table below adds what validation asks of single values, and says what each key means. What two values may not be
//! together, a schema cannot say: floe says it.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::file::{self, PodSecurity, PodSecurityKeys};
use super::manifest::{API_VERSION, KIND};
use crate::object::name::{LABEL_FORMAT, SUBDOMAIN_FORMAT};

/// The name part of a label key, or a label value, with its length.
const LABEL_NAME: &str = "[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?";
const CIDR: &str = "[0-9A-Fa-f:.]+/[0-9]{1,3}";
const QUANTITY: &str = r"([0-9]+\.?[0-9]*|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]+)?";
const VERSION: &str = r"(latest|v1\.(0|[1-9][0-9]*))";
const LINE: &str = r"[^\x00-\x1f\x7f]+";
const GO_KIND: &str = "[A-Z][A-Za-z0-9]{0,62}";
const FIELDS: &str = r"[-_A-Za-z0-9]+(\[\*\])*(\.[-_A-Za-z0-9]+(\[\*\])*)*";
const LEVELS: [&str; 3] = ["privileged", "baseline", "restricted"];
const MAX_ID: i64 = i32::MAX as i64;

/// What validation asks of the value of a key.
enum Rule {
    /// No more than its type.
    Type,
    /// A text that is of this form from its beginning to its end, of at most so many characters.
    Text(&'static str, u32),
    /// One of these words.
    Word(&'static [&'static str]),
    /// The mode of namespaces: `off` without quotes is false to YAML 1.1.
    WordOrOff(&'static [&'static str]),
    /// A number between the two.
    Number(i64, i64),
    /// Distinct items, each of which obeys the rule; at least so many.
    Each(u32, &'static Rule),
    /// An absolute path that may be mounted.
    MountPath,
    /// A label map.
    Labels,
}

use Rule::{Each, Labels, MountPath, Number, Text, Type, Word, WordOrOff};

const NAMESPACE: Rule = Text(LABEL_FORMAT, 63);
const PORT: Rule = Number(1, 65535);
const PORTS: Rule = Each(1, &PORT);
const CIDRS: Rule = Each(0, &Text(CIDR, 49));
const LEVEL: Rule = Word(&LEVELS);
const ID: Rule = Number(0, MAX_ID);

/// Type, key, rule, meaning. `Spec` has the keys of `SecuritySection` too.
const KEYS: &[(&str, &str, Rule, &str)] = &[
    ("Manifest", "security", Type, "What floe adds, labels and patches"),
    ("Manifest", "domains", Type, "Data domains, each with a namespace of its own"),
    ("NetworkSecurity", "spec", Type, "The keys of `security` of a Manifest, and `domains`"),
    ("ConfigMap", "data", Type, "The sections as YAML texts, which is what kpt makes of arguments"),
    ("Data", "security", Type, "The `security` section of a Manifest, as YAML text"),
    ("Data", "domains", Type, "The `domains` of a Manifest, as YAML text"),
    ("SecuritySection", "namespaces", Type, "Names of the platform's and the jobs' namespace"),
    ("SecuritySection", "release_namespace", NAMESPACE, "What a document without metadata.namespace means"),
    ("SecuritySection", "network_policies", Type, "Which traffic is needed"),
    ("SecuritySection", "pod_security", Type, "Levels of namespaces, and what pod templates lack"),
    ("SecuritySection", "summary", Type, "The ConfigMap that says what was done"),
    ("Spec", "domains", Type, "Data domains, each with a namespace of its own"),
    ("Namespaces", "platform", NAMESPACE, "The platform's namespace; floe-platform"),
    ("Namespaces", "jobs", NAMESPACE, "The namespace of jobs; floe-jobs"),
    ("Domain", "name", Text(LABEL_FORMAT, 51), "The domain's name"),
    ("Domain", "namespace", NAMESPACE, "Its namespace; floe-<name>-domain"),
    ("NetworkPolicies", "enabled", Type, "Whether policies are generated; true"),
    ("NetworkPolicies", "default_deny", Type, "Whether all other traffic is denied; true"),
    ("NetworkPolicies", "allow_external_https", Type, "Whether HTTPS may leave the cluster; true"),
    ("NetworkPolicies", "external_https_cidrs", CIDRS, "If any, HTTPS goes to these only"),
    ("NetworkPolicies", "cluster_cidrs", CIDRS, "Addresses that are not outside; the private ones"),
    ("NetworkPolicies", "ip_families", Each(1, &Word(&["IPv4", "IPv6"])), "Families of the cluster; both"),
    ("NetworkPolicies", "ingress_controller_namespace", NAMESPACE, "Where the ingress controller runs; ingress-nginx"),
    ("NetworkPolicies", "ingress_controller_pod_labels", Labels, "Labels of its pods; any"),
    ("NetworkPolicies", "dns", Type, "The cluster's DNS"),
    ("NetworkPolicies", "kubernetes_api", Type, "The Kubernetes API, for the platform"),
    ("NetworkPolicies", "services", Type, "What jobs and domains use in the platform"),
    ("NetworkPolicies", "jobs_egress_allow", Type, "Further egress of jobs"),
    ("NetworkPolicies", "platform_egress_allow", Type, "Further egress of the platform"),
    ("NetworkPolicies", "domain_egress_allow", Type, "Further egress of domains"),
    ("NetworkPolicies", "end_port", Type, "Whether port ranges are written with endPort; true"),
    ("Dns", "namespace", NAMESPACE, "Where DNS runs; kube-system"),
    ("Dns", "pod_labels", Labels, "Labels of its pods; k8s-app: kube-dns"),
    ("Dns", "ports", PORTS, "Its ports, UDP and TCP; 53"),
    ("Dns", "node_local_cidrs", CIDRS, "Addresses of node-local caches"),
    ("KubernetesApi", "cidrs", CIDRS, "Its addresses; if none, any"),
    ("KubernetesApi", "ports", PORTS, "Its ports, after translation; 443 and 6443"),
    ("Services", "polaris", Type, "The catalog"),
    ("Services", "otel_collector", Type, "Telemetry"),
    ("Services", "minio", Type, "Object storage"),
    ("Service", "ports", PORTS, "Ports of its pods, not of the Service"),
    ("Service", "pod_labels", Labels, "Labels of its pods; those behind its Service in the input"),
    ("Egress", "name", Text(LINE, 63), "What the rule is for; unique"),
    ("Egress", "to_namespace", NAMESPACE, "The namespace to which traffic may go"),
    ("Egress", "to_cidr", Text(CIDR, 49), "The addresses to which traffic may go"),
    ("Egress", "port", PORT, "The port, or the first of a range"),
    ("Egress", "end_port", PORT, "The last port of a range"),
    ("Egress", "protocol", Word(&["TCP", "UDP", "SCTP"]), "TCP by default"),
    ("Summary", "enabled", Type, "Whether the summary is added; true"),
    ("Summary", "name", Text(SUBDOMAIN_FORMAT, 253), "Its name; floe-network-security"),
    ("Summary", "namespace", NAMESPACE, "Its namespace; the platform's"),
    ("PodSecurity", "enabled", Type, "Whether namespaces are labelled and pods patched; true"),
    (
        "PodSecurity",
        "namespaces",
        WordOrOff(&["append", "patch", "off"]),
        "append: label those in the input and add the missing; patch: label only; off",
    ),
    ("PodSecurity", "jobs_level", LEVEL, "The level of jobs; restricted"),
    ("PodSecurity", "platform_level", LEVEL, "The level of the platform; baseline"),
    ("PodSecurity", "domain_level", LEVEL, "The level of domains; restricted"),
    ("PodSecurity", "version", Text(VERSION, 16), "The policy version; latest"),
    ("PodSecurity", "run_as_user", ID, "runAsUser of pods that set none; 1000"),
    ("PodSecurity", "run_as_group", ID, "runAsGroup of pods that set none; 1000"),
    ("PodSecurity", "fs_group", ID, "fsGroup of pods that set none; 1000"),
    ("PodSecurity", "writable_paths", Each(0, &MountPath), "Paths that get an emptyDir; /tmp and /home/floe"),
    ("PodSecurity", "writable_size_limit", Text(QUANTITY, 63), "sizeLimit of these volumes"),
    (
        "PodSecurity",
        "harden",
        Each(0, &Word(&["platform", "jobs", "domain"])),
        "Roles whose pods are patched; jobs and domain",
    ),
    ("PodSecurity", "conflicts", Word(&["fail", "warn"]), "Pods that violate their level even so; fail"),
    ("PodSecurity", "workloads", Each(0, &Type), "Further kinds with pod templates"),
    ("Workload", "group", Text(SUBDOMAIN_FORMAT, 253), "The API group"),
    ("Workload", "kind", Text(GO_KIND, 63), "The kind"),
    ("Workload", "path", Text(FIELDS, 4096), "Where the template is, such as spec.workers[*].template"),
];

/// The schema of everything that floe takes as configuration: a `Manifest`, and as a functionConfig also a
/// `NetworkSecurity` or a `ConfigMap`.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    generator.subschema_for::<file::Manifest>();
    generator.subschema_for::<file::NetworkSecurity>();
    generator.subschema_for::<file::ConfigMap>();
    let mut types: Map<String, Value> = generator.take_definitions(true);
    let kinds = [
        ("Manifest", KIND, API_VERSION),
        ("NetworkSecurity", "NetworkSecurity", API_VERSION),
        ("ConfigMap", "ConfigMap", "v1"),
    ];
    for (name, kind, version) in kinds {
        identify(types.get_mut(name), kind, version);
    }
    for (name, key, rule, meaning) in KEYS {
        let twin = (*name == "SecuritySection").then_some("Spec");
        for name in [*name].into_iter().chain(twin) {
            if let Some(property) = types.get_mut(name).and_then(|it| it.pointer_mut(&format!("/properties/{key}"))) {
                refine(property, rule, meaning);
            }
        }
    }
    if let Some(egress) = types.get_mut("Egress").and_then(Value::as_object_mut) {
        let only = |key: &str| json!({"required": [key], "properties": {key: {"type": "string"}}});
        egress.insert("oneOf".to_owned(), json!([only("to_namespace"), only("to_cidr")]));
    }
    let forms: Vec<Value> = kinds.iter().map(|(name, ..)| json!({"$ref": format!("#/$defs/{name}")})).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of floe",
        "description": "A Manifest, as a file or as a functionConfig; a NetworkSecurity or a ConfigMap as a \
                        functionConfig.",
        "oneOf": forms,
        "$defs": types,
    })
}

/// Adds what tells the forms apart.
fn identify(schema: Option<&mut Value>, kind: &str, version: &str) {
    let Some(object) = schema.and_then(Value::as_object_mut) else { return };
    let properties = object.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        properties.insert("apiVersion".to_owned(), json!({"const": version, "description": "The version of the form"}));
        properties.insert("kind".to_owned(), json!({"const": kind, "description": "The form"}));
    }
    object.insert("required".to_owned(), json!(["apiVersion", "kind"]));
}

/// Adds a rule and a meaning to what the type says of a key.
fn refine(property: &mut Value, rule: &Rule, meaning: &str) {
    // A schema that allows everything is `true`.
    if !property.is_object() {
        *property = json!({});
    }
    let Some(object) = property.as_object_mut() else { return };
    // Null, by which serde knows an absent key.
    object.remove("default");
    object.insert("description".to_owned(), json!(meaning));
    apply(object, rule);
}

/// Rules on texts and numbers say nothing about null, which may stand for a key that is left out.
fn apply(object: &mut Map<String, Value>, rule: &Rule) {
    let mut set = |key: &str, value: Value| {
        object.insert(key.to_owned(), value);
    };
    match rule {
        Type => {}
        Text(pattern, most) => {
            set("pattern", json!(whole(pattern)));
            set("maxLength", json!(most));
        }
        Word(words) => word(object, words, &[]),
        WordOrOff(words) => word(object, words, &[json!(false)]),
        Number(least, most) => {
            object.remove("format");
            object.insert("minimum".to_owned(), json!(least));
            object.insert("maximum".to_owned(), json!(most));
        }
        Each(least, rule) => {
            set("uniqueItems", json!(true));
            if *least > 0 {
                set("minItems", json!(least));
            }
            if let Some(items) = object.get_mut("items").and_then(Value::as_object_mut) {
                apply(items, rule);
            }
        }
        MountPath => {
            set("pattern", json!(r"^(/[^/:\x00-\x1f\x7f]+)+$"));
            set("not", json!({"pattern": r"/\.\.?(/|$)"}));
        }
        Labels => {
            set("propertyNames", json!({"pattern": label_key()}));
            set("additionalProperties", json!({"type": "string", "pattern": label_value()}));
        }
    }
}

/// A pattern for a whole text.
fn whole(form: &str) -> String {
    format!("^{form}$")
}

fn label_key() -> String {
    whole(&format!("({SUBDOMAIN_FORMAT}/)?{LABEL_NAME}"))
}

fn label_value() -> String {
    whole(&format!("({LABEL_NAME})?"))
}

/// The words, and null where the type takes it.
fn word(object: &mut Map<String, Value>, words: &[&str], more: &[Value]) {
    let optional = object.get("type").is_some_and(Value::is_array);
    let null = optional.then_some(Value::Null);
    let values = words.iter().map(|word| json!(word)).chain(more.iter().cloned()).chain(null).collect();
    object.remove("type");
    object.insert("enum".to_owned(), Value::Array(values));
}

impl JsonSchema for PodSecurity {
    fn schema_name() -> Cow<'static, str> {
        "PodSecurity".into()
    }

    /// The keys, and the levels of single namespaces beside them (FR-054), whose names depend on the configuration.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = PodSecurityKeys::json_schema(generator);
        let level = json!({
            "description": "The level of one namespace, its name with _ for -",
            "enum": LEVELS.iter().map(|level| json!(level)).chain([Value::Null]).collect::<Vec<_>>(),
        });
        schema.insert("patternProperties".to_owned(), json!({"_level$": level}));
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::name::{is_label_key, is_label_value};

    /// A rule for a key that has gone, or is misspelt, would say nothing.
    #[test]
    fn every_rule_is_of_a_key() {
        let schema = schema();
        for (name, key, _, meaning) in KEYS {
            let said = schema.pointer(&format!("/$defs/{name}/properties/{key}/description"));
            assert_eq!(said.and_then(Value::as_str), Some(*meaning), "{name}.{key}");
        }
    }

    #[test]
    fn patterns_of_labels_are_those_of_validation() {
        let (key, value) = (regex::Regex::new(&label_key()).unwrap(), regex::Regex::new(&label_value()).unwrap());
        let long = ["x".repeat(63), "x".repeat(64), format!("a.b/{}", "x".repeat(63)), format!("a/{}", "x".repeat(64))];
        let texts = ["", "a", "-a", "a_", "A.b-c", "a/b", "A/b", "a.b/C_d", "/a", "a/", "a/b/c", "a b", "ä"];
        for text in texts.into_iter().chain(long.iter().map(String::as_str)) {
            assert_eq!(key.is_match(text), is_label_key(text), "{text}");
            assert_eq!(value.is_match(text), is_label_value(text), "{text}");
        }
    }
}
