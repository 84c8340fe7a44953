//! The systems that manifests and data products name by type, and the traffic that each needs: the one table of compute
//! targets and plugins.
//!
//! Ports are those that the system's own documentation gives as its defaults. They are used where the configuration of
//! the plugin names no port. An address in the configuration is always honoured, whatever the table says.

use crate::config::RoleKind;

/// What a system needs of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing of its own: it runs inside its clients, or what it needs is a reason of its own.
    Nothing,
    /// A service outside the cluster, on these TCP ports, whose addresses its vendor chooses. 443 is covered by
    /// `allow_external_https`.
    Outside(&'static [u16]),
    /// A server whose address only the configuration knows, on these TCP ports.
    Server(&'static [u16]),
    /// A platform service with a reason and a key under `services` of its own.
    Platform(&'static str),
}

/// A system by its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct System {
    /// What manifests call it; the first is its name, the others mean the same.
    pub(super) names: &'static [&'static str],
    /// Who connects to it.
    pub(super) clients: &'static [RoleKind],
    /// What for.
    pub(super) needs: Needs,
}

/// Compute is used by jobs and domains, and by the platform's semantic layer (US2).
const ALL: &[RoleKind] = &[RoleKind::Platform, RoleKind::Jobs, RoleKind::Domain];
/// The platform drives it, pods with data do not.
const PLATFORM: &[RoleKind] = &[RoleKind::Platform];

const fn system(names: &'static [&'static str], clients: &'static [RoleKind], needs: Needs) -> System {
    System { names, clients, needs }
}

const HTTPS: Needs = Needs::Outside(&[443]);

#[rustfmt::skip]
pub(super) const SYSTEMS: &[System] = &[
    // Compute targets.
    system(&["snowflake"], ALL, HTTPS),
    system(&["bigquery"], ALL, HTTPS),
    system(&["databricks"], ALL, HTTPS),
    system(&["athena"], ALL, HTTPS),
    system(&["motherduck"], ALL, HTTPS),
    system(&["redshift"], ALL, Needs::Outside(&[5439])),
    system(&["synapse", "fabric"], ALL, Needs::Outside(&[1433])),
    system(&["postgres", "postgresql"], ALL, Needs::Server(&[5432])),
    system(&["mysql", "mariadb"], ALL, Needs::Server(&[3306])),
    system(&["sqlserver", "mssql"], ALL, Needs::Server(&[1433])),
    system(&["oracle"], ALL, Needs::Server(&[1521])),
    system(&["trino", "presto", "starburst"], ALL, Needs::Server(&[8080])),
    system(&["spark", "spark-thrift", "hive-server"], ALL, Needs::Server(&[10000])),
    system(&["spark-connect"], ALL, Needs::Server(&[15002])),
    system(&["clickhouse"], ALL, Needs::Server(&[8123, 9000])),
    system(&["starrocks", "doris"], ALL, Needs::Server(&[9030])),
    system(&["dremio"], ALL, Needs::Server(&[9047, 32010])),
    system(&["duckdb", "sqlite", "datafusion"], ALL, Needs::Nothing),

    // Catalogs.
    system(&["polaris"], ALL, Needs::Platform("polaris")),
    system(&["glue", "aws-glue"], ALL, HTTPS),
    system(&["unity", "unity-catalog"], ALL, HTTPS),
    system(&["hive", "hive-metastore"], ALL, Needs::Server(&[9083])),
    system(&["nessie"], ALL, Needs::Server(&[19120])),
    system(&["lakekeeper", "iceberg-rest", "rest"], ALL, Needs::Server(&[8181])),

    // Orchestrators create jobs through the Kubernetes API, which is a reason of its own.
    system(&["dagster", "airflow", "argo-workflows"], PLATFORM, Needs::Nothing),
    system(&["prefect"], ALL, Needs::Server(&[4200])),

    // Storage.
    system(&["minio"], ALL, Needs::Platform("minio")),
    system(&["s3", "aws-s3"], ALL, HTTPS),
    system(&["gcs"], ALL, HTTPS),
    system(&["azure", "azure-blob", "adls"], ALL, HTTPS),
    system(&["local", "filesystem"], ALL, Needs::Nothing),

    // Semantic layers.
    system(&["cube"], PLATFORM, Needs::Nothing),
    system(&["dbt-semantic-layer"], ALL, HTTPS),

    // Ingestion: dlt is a library, its sources are rules of one's own.
    system(&["dlt"], ALL, Needs::Nothing),
    system(&["airbyte"], PLATFORM, Needs::Server(&[8001])),
    system(&["fivetran"], PLATFORM, HTTPS),

    // Secrets: those of Kubernetes are mounted by the kubelet or read through the Kubernetes API.
    system(&["k8s", "kubernetes", "k8s-secrets", "eso", "external-secrets"], PLATFORM, Needs::Nothing),
    system(&["vault", "openbao"], ALL, Needs::Server(&[8200])),
    system(&["infisical"], ALL, HTTPS),
    system(&["aws-secrets-manager", "gcp-secret-manager", "azure-key-vault"], ALL, HTTPS),

    // Telemetry goes to the collector; a backend is where the collector, a platform service, sends it.
    system(&["otel", "otlp", "otel-collector"], ALL, Needs::Platform("otel_collector")),
    system(&["console", "none", "noop"], ALL, Needs::Nothing),
    system(&["jaeger", "tempo"], PLATFORM, Needs::Server(&[4317, 4318])),
    system(&["datadog", "grafana-cloud", "honeycomb", "new-relic"], PLATFORM, HTTPS),
    system(&["prometheus"], PLATFORM, Needs::Server(&[9090])),
    system(&["loki"], PLATFORM, Needs::Server(&[3100])),

    // Lineage: pods that run transformations send events themselves.
    system(&["marquez"], ALL, Needs::Server(&[5000])),
    system(&["datahub"], ALL, Needs::Server(&[8080])),
    system(&["openmetadata"], ALL, Needs::Server(&[8585])),
    system(&["atlan"], ALL, HTTPS),

    // Identity and access.
    system(&["k8s-rbac"], PLATFORM, Needs::Nothing),
    system(&["keycloak"], ALL, Needs::Server(&[8080])),
    system(&["okta", "auth0", "entra-id"], ALL, HTTPS),

    // Runtimes and checks that are libraries.
    system(&["core", "dbt-core", "fusion", "dbt-fusion"], ALL, Needs::Nothing),
    system(&["dbt-cloud"], ALL, HTTPS),
    system(&["great-expectations", "soda", "dbt-expectations"], ALL, Needs::Nothing),

    // Brokers and alerts.
    system(&["kafka", "redpanda"], ALL, Needs::Server(&[9092])),
    system(&["slack", "pagerduty"], PLATFORM, HTTPS),
    system(&["webhook"], PLATFORM, Needs::Server(&[443])),
    system(&["email", "smtp"], PLATFORM, Needs::Server(&[587])),
];

/// The system of that type. Case does not matter, nor whether words are joined by `-`, `_` or a blank.
pub(super) fn find(kind: &str) -> Option<&'static System> {
    let kind = kind.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    SYSTEMS.iter().find(|system| system.names.contains(&kind.as_str()))
}

/// The name of a type in names of policies; absent for types that the table does not have.
pub(in crate::network_policy) fn name(kind: &str) -> Option<&'static str> {
    find(kind)?.names.first().copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::Config;

    #[test]
    fn every_name_is_there_once_and_can_be_found() {
        let names: Vec<&str> = SYSTEMS.iter().flat_map(|system| system.names).copied().collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "a name is there twice");
        for name in names {
            assert!(find(name).is_some(), "{name} cannot be found as it is written");
            assert!(crate::object::name::is_dns_label(name, 63), "{name} cannot be part of the name of a policy");
        }
        assert_eq!(find(" Spark_Thrift "), find("spark"));
        assert_eq!(find("teapot"), None);
    }

    #[test]
    fn platform_services_are_keys_of_the_configuration() {
        let config = Config::default();
        for system in SYSTEMS {
            assert!(!system.names.is_empty() && !system.clients.is_empty(), "{system:?}");
            match system.needs {
                Needs::Platform(key) => assert!(config.network.services.iter().any(|it| it.name == key), "{key}"),
                Needs::Outside(ports) | Needs::Server(ports) => assert!(!ports.is_empty(), "{system:?}"),
                Needs::Nothing => {}
            }
        }
    }

    /// The types that the specification and the platform's own registry of plugins name.
    #[test]
    fn knows_the_types_of_the_platform() {
        for kind in [
            "snowflake",
            "bigquery",
            "databricks",
            "redshift",
            "postgres",
            "trino",
            "spark",
            "duckdb",
            "polaris",
            "glue",
            "hive",
            "dagster",
            "airflow",
            "prefect",
            "s3",
            "gcs",
            "azure-blob",
            "minio",
            "cube",
            "dbt-semantic-layer",
            "dlt",
            "airbyte",
            "k8s-secrets",
            "eso",
            "vault",
            "console",
            "jaeger",
            "datadog",
            "grafana-cloud",
            "marquez",
            "atlan",
            "openmetadata",
            "k8s-rbac",
            "local",
            "fusion",
            "great-expectations",
            "soda",
            "dbt-expectations",
        ] {
            assert!(find(kind).is_some(), "{kind}");
        }
    }
}
