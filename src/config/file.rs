//! Configuration as it is written: every key optional, nothing checked but names of keys and types of values.
//!
//! A key with the value null counts as left out. The types are also the source of the JSON Schema (`schema`).

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, IgnoredAny, IntoDeserializer, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A manifest; sections other than these are accepted unread.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(expecting = "a mapping")]
pub(super) struct Manifest {
    pub(super) security: Option<SecuritySection>,
    pub(super) domains: Option<Vec<Domain>>,
}

/// A `NetworkSecurity` object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct NetworkSecurity {
    #[serde(rename = "apiVersion")]
    #[schemars(with = "String")]
    _api_version: IgnoredAny,
    #[serde(rename = "kind")]
    #[schemars(with = "String")]
    _kind: IgnoredAny,
    #[serde(rename = "metadata")]
    #[schemars(with = "Value")]
    _metadata: Option<IgnoredAny>,
    pub(super) spec: Option<Spec>,
}

/// A `ConfigMap` object.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct ConfigMap {
    #[serde(rename = "apiVersion")]
    #[schemars(with = "String")]
    _api_version: IgnoredAny,
    #[serde(rename = "kind")]
    #[schemars(with = "String")]
    _kind: IgnoredAny,
    #[serde(rename = "metadata")]
    #[schemars(with = "Value")]
    _metadata: Option<IgnoredAny>,
    #[serde(rename = "immutable")]
    #[schemars(with = "Value")]
    _immutable: Option<IgnoredAny>,
    pub(super) data: Option<Data>,
}

/// The texts of a `ConfigMap`, each a YAML document.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct Data {
    pub(super) security: Option<String>,
    pub(super) domains: Option<String>,
}

/// `spec` of a `NetworkSecurity`: the `security` section and the domains.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct Spec {
    namespaces: Option<Namespaces>,
    release_namespace: Option<String>,
    network_policies: Option<NetworkPolicies>,
    pod_security: Option<PodSecurity>,
    summary: Option<Summary>,
    domains: Option<Vec<Domain>>,
}

impl Spec {
    /// The two sections that it holds.
    pub(super) fn into_sections(self) -> (SecuritySection, Option<Vec<Domain>>) {
        let Self { namespaces, release_namespace, network_policies, pod_security, summary, domains } = self;
        (SecuritySection { namespaces, release_namespace, network_policies, pod_security, summary }, domains)
    }
}

/// `security`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct SecuritySection {
    pub(super) namespaces: Option<Namespaces>,
    pub(super) release_namespace: Option<String>,
    pub(super) network_policies: Option<NetworkPolicies>,
    pub(super) pod_security: Option<PodSecurity>,
    pub(super) summary: Option<Summary>,
}

/// `security.namespaces`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct Namespaces {
    pub(super) platform: Option<String>,
    pub(super) jobs: Option<String>,
}

/// One entry of `domains`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct Domain {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
}

/// `security.network_policies`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct NetworkPolicies {
    pub(super) enabled: Option<bool>,
    pub(super) default_deny: Option<bool>,
    pub(super) allow_external_https: Option<bool>,
    pub(super) external_https_cidrs: Option<Vec<String>>,
    pub(super) cluster_cidrs: Option<Vec<String>>,
    pub(super) ip_families: Option<Vec<String>>,
    pub(super) ingress_controller_namespace: Option<String>,
    pub(super) ingress_controller_pod_labels: Option<BTreeMap<String, String>>,
    pub(super) dns: Option<Dns>,
    pub(super) kubernetes_api: Option<KubernetesApi>,
    pub(super) services: Option<Services>,
    pub(super) jobs_egress_allow: Option<Vec<Egress>>,
    pub(super) platform_egress_allow: Option<Vec<Egress>>,
    pub(super) domain_egress_allow: Option<Vec<Egress>>,
    pub(super) end_port: Option<bool>,
}

/// `dns`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct Dns {
    pub(super) namespace: Option<String>,
    pub(super) pod_labels: Option<BTreeMap<String, String>>,
    pub(super) ports: Option<Vec<i64>>,
    pub(super) node_local_cidrs: Option<Vec<String>>,
}

/// `kubernetes_api`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct KubernetesApi {
    pub(super) cidrs: Option<Vec<String>>,
    pub(super) ports: Option<Vec<i64>>,
}

/// `services`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct Services {
    polaris: Option<Service>,
    otel_collector: Option<Service>,
    minio: Option<Service>,
}

impl Services {
    /// The service of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Service> {
        match name {
            "polaris" => self.polaris.as_ref(),
            "otel_collector" => self.otel_collector.as_ref(),
            "minio" => self.minio.as_ref(),
            _ => None,
        }
    }
}

/// One service.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct Service {
    pub(super) ports: Option<Vec<i64>>,
    pub(super) pod_labels: Option<BTreeMap<String, String>>,
}

/// One entry of the `*_egress_allow` lists.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct Egress {
    pub(super) name: String,
    pub(super) to_namespace: Option<String>,
    pub(super) to_cidr: Option<String>,
    pub(super) port: i64,
    pub(super) end_port: Option<i64>,
    pub(super) protocol: Option<String>,
}

/// `security.summary`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct Summary {
    pub(super) enabled: Option<bool>,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
}

/// One entry of `workloads`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct Workload {
    pub(super) group: String,
    pub(super) kind: String,
    pub(super) path: String,
}

/// `security.pod_security`.
#[derive(Debug, Default)]
pub(super) struct PodSecurity {
    pub(super) keys: PodSecurityKeys,
    /// The other keys that end in `_level`, each named after a namespace (FR-054).
    pub(super) namespace_levels: BTreeMap<String, Option<String>>,
}

/// The keys of `security.pod_security` that do not depend on names of namespaces.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub(super) struct PodSecurityKeys {
    pub(super) enabled: Option<bool>,
    #[serde(default, deserialize_with = "word_or_off")]
    pub(super) namespaces: Option<String>,
    pub(super) jobs_level: Option<String>,
    pub(super) platform_level: Option<String>,
    pub(super) domain_level: Option<String>,
    pub(super) version: Option<String>,
    pub(super) run_as_user: Option<i64>,
    pub(super) run_as_group: Option<i64>,
    pub(super) fs_group: Option<i64>,
    pub(super) writable_paths: Option<Vec<String>>,
    pub(super) writable_size_limit: Option<String>,
    pub(super) harden: Option<Vec<String>>,
    pub(super) conflicts: Option<String>,
    pub(super) workloads: Option<Vec<Workload>>,
}

/// A word among which is `off`: without quotes YAML 1.1, which Kubernetes reads by, takes that for false.
fn word_or_off<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Word;

    impl Visitor<'_> for Word {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<String, E> {
            if value { Err(E::invalid_type(Unexpected::Bool(value), &self)) } else { Ok("off".to_owned()) }
        }

        fn visit_str<E>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
    }

    struct Present;

    impl<'de> Visitor<'de> for Present {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_none<E>(self) -> Result<Option<String>, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
            deserializer.deserialize_any(Word).map(Some)
        }
    }

    deserializer.deserialize_option(Present)
}

impl<'de> Deserialize<'de> for PodSecurity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = PodSecurity;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PodSecurity, A::Error> {
                let mut namespace_levels = BTreeMap::new();
                let rest = LevelsApart { map, levels: &mut namespace_levels };
                let keys = PodSecurityKeys::deserialize(MapAccessDeserializer::new(rest))?;
                Ok(PodSecurity { keys, namespace_levels })
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

/// A mapping without its levels of single namespaces, which it puts aside: serde's `flatten` would take every unknown
/// key and lose the position of its value.
struct LevelsApart<'l, A> {
    map: A,
    levels: &'l mut BTreeMap<String, Option<String>>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for LevelsApart<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<String>()? {
            let of_role = matches!(key.as_str(), "jobs_level" | "platform_level" | "domain_level");
            if of_role || !key.ends_with("_level") {
                return seed.deserialize(key.into_deserializer()).map(Some);
            }
            let level = self.map.next_value()?;
            self.levels.insert(key, level);
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
