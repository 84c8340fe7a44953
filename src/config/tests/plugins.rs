//! What `plugins`, `observability` and data products say that bears on traffic.

use super::{manifest, read};
use crate::config::{Config, ConfigErrorKind, PluginConfig, Product};
use crate::skipped::data_dir;
use crate::yaml::Tree;

/// One line for each plugin, and one for each of its endpoints.
fn shown(plugins: &[PluginConfig]) -> Vec<String> {
    let mut lines = Vec::new();
    for plugin in plugins {
        let kind = plugin.kind.as_deref().unwrap_or("-");
        lines.push(format!("{} {kind} at {}", plugin.category, plugin.place));
        for endpoint in &plugin.endpoints {
            let port = endpoint.port.map_or_else(|| "-".to_owned(), |port| port.to_string());
            lines.push(format!("  {}:{port}/{} at {}", endpoint.host, endpoint.protocol, endpoint.place));
        }
    }
    lines
}

fn plugins(rest: &str) -> Vec<String> {
    shown(&read(&manifest(rest)).unwrap().plugins)
}

fn product(rest: &str) -> Vec<String> {
    let text = format!("apiVersion: floe.dev/v1\nkind: FloeSpec\n{rest}");
    shown(&Product::from_tree(&Tree::parse(&text).unwrap()).unwrap().plugins)
}

#[test]
fn reads_types_and_addresses_with_their_places() {
    let text = "plugins:
  catalog:
    type: polaris
    version: 1.0.0
    config:
      uri: http://floe-polaris:8181/api/catalog
      warehouse: demo
      oauth2:
        token_url: https://login.example.com/token
        redirect_uri: http://localhost:3000/
  compute:
    type: postgres
    config: {host: db.data, port: 5433, user: x}
observability:
  tracing: {enabled: true, exporter: otlp, endpoint: 'http://otel:4317'}
  metrics: {enabled: false, endpoint: 'http://never:1'}
  logging: {level: INFO}
";
    assert_eq!(
        plugins(text),
        [
            "catalog polaris at `plugins.catalog.type` (5:11 of the manifest)",
            "  floe-polaris:8181/TCP at `plugins.catalog.config.uri` (8:12 of the manifest)",
            "  login.example.com:443/TCP at `plugins.catalog.config.oauth2.token_url` (11:20 of the manifest)",
            "compute postgres at `plugins.compute.type` (14:11 of the manifest)",
            "  db.data:5433/TCP at `plugins.compute.config.host` (15:20 of the manifest)",
            "tracing otlp at `observability.tracing.exporter` (17:38 of the manifest)",
            "  otel:4317/TCP at `observability.tracing.endpoint` (17:54 of the manifest)",
            "logging - at `observability.logging` (19:12 of the manifest)",
        ]
    );
}

#[test]
fn reads_the_shapes_that_people_write() {
    for (text, expected) in [
        ("plugins: {compute: snowflake}", &["compute snowflake at `plugins.compute` (3:20 of the manifest)"][..]),
        (
            "plugins: {compute: [{type: a}, b]}",
            &[
                "compute a at `plugins.compute[0].type` (3:28 of the manifest)",
                "compute b at `plugins.compute[1]` (3:32 of the manifest)",
            ],
        ),
        (
            "plugins: {compute: {default: a, approved: [{name: a}, {name: b}]}}",
            &[
                "compute a at `plugins.compute.approved[0].name` (3:51 of the manifest)",
                "compute b at `plugins.compute.approved[1].name` (3:62 of the manifest)",
            ],
        ),
        (
            "plugins: {q: {type: kafka, config: {brokers: ['a:1', 'b:2'], port: 9}}}",
            &[
                "q kafka at `plugins.q.type` (3:21 of the manifest)",
                "  a:1/TCP at `plugins.q.config.brokers` (3:46 of the manifest)",
                "  b:2/TCP at `plugins.q.config.brokers` (3:46 of the manifest)",
            ],
        ),
        (
            "plugins: {c: {type: hive, config: {metastore_host: h, metastore_port: '9083', port: 1}}}",
            &[
                "c hive at `plugins.c.type` (3:21 of the manifest)",
                "  h:9083/TCP at `plugins.c.config.metastore_host` (3:52 of the manifest)",
            ],
        ),
        (
            "plugins: {c: {type: trino, config: {host: h, http_scheme: https}}}",
            &[
                "c trino at `plugins.c.type` (3:21 of the manifest)",
                "  h:443/TCP at `plugins.c.config.host` (3:43 of the manifest)",
            ],
        ),
        (
            "observability: {otlp_endpoint: 'otel:4317', level: debug}",
            &[
                "otlp_endpoint - at `observability.otlp_endpoint` (3:32 of the manifest)",
                "  otel:4317/TCP at `observability.otlp_endpoint` (3:32 of the manifest)",
            ],
        ),
        (
            "x: &x {config: {host: h}}\nplugins: {c: {<<: *x, type: t}}",
            &[
                "c t at `plugins.c.type` (4:29 of the manifest)",
                "  h:-/TCP at `plugins.c.config.host` (4:14 of the manifest)",
            ],
        ),
    ] {
        assert_eq!(plugins(text), expected, "{text}");
    }
}

#[test]
fn passes_over_what_it_does_not_understand() {
    for text in [
        "plugins:",
        "plugins: none",
        "plugins: [1, 2]",
        "plugins: {a: null, b: 1, c: true}",
        "observability: 7",
        "plugins: {a: {enabled: false, type: snowflake}}",
        "observability: {logging: text}",
    ] {
        assert_eq!(plugins(text), [""; 0], "{text}");
    }
    let odd = "plugins: {a: {type: t, x: .nan}, b: {type: [t], config: {port: 70000, host: h}}}";
    assert_eq!(plugins(odd)[0], "b - at `plugins.b` (3:37 of the manifest)", "what cannot be a value is passed over");
    assert_eq!(plugins(odd)[1], "  h:-/TCP at `plugins.b.config.host` (3:77 of the manifest)");
}

#[test]
fn reads_a_data_product() {
    let text = "metadata: {name: customer-360}
platform: {manifest: ../manifest.yaml}
compute: {target: snowflake}
transforms:
- {name: a, compute: duckdb}
- {name: b}
- {name: c, compute: {type: trino, config: {host: trino.data, port: 8080}}}
schedule: {cron: '* * * * *'}
";
    assert_eq!(
        product(text),
        [
            "compute snowflake at `compute.target` (5:19 of the data product)",
            "compute duckdb at `transforms[0].compute` (7:22 of the data product)",
            "compute trino at `transforms[2].compute.type` (9:29 of the data product)",
            "  trino.data:8080/TCP at `transforms[2].compute.config.host` (9:51 of the data product)",
        ]
    );
    assert_eq!(product("compute: bigquery\n"), ["compute bigquery at `compute` (3:10 of the data product)"]);
    assert_eq!(product("transforms: [{name: a}]\n"), [""; 0]);
}

#[test]
fn a_product_adds_to_the_manifest() {
    let text = "apiVersion: floe.dev/v1\nkind: DataProduct\nmetadata: {name: x}\ncompute: {target: snowflake}\n";
    let product = Product::from_tree(&Tree::parse(text).unwrap()).unwrap();
    assert_eq!(product.name.as_deref(), Some("x"));
    let mut config = read(&manifest("plugins: {compute: duckdb}")).unwrap();
    config.add_product(product);
    assert_eq!(config.plugins.iter().filter_map(|it| it.kind.as_deref()).collect::<Vec<_>>(), ["duckdb", "snowflake"]);
}

#[test]
fn other_documents_are_no_data_products() {
    for text in
        ["", "kind: FloeSpec\n", "apiVersion: v1\nkind: FloeSpec\n", "apiVersion: floe.dev/v1\nkind: Manifest\n"]
    {
        let error = Product::from_tree(&Tree::parse(text).unwrap()).unwrap_err();
        assert_eq!(error.kind, ConfigErrorKind::NotAManifest, "{text}");
    }
}

/// A functionConfig is part of the input: lines of the list would be taken for lines of a manifest.
#[test]
fn a_function_config_has_no_lines() {
    let text = manifest("plugins: {compute: snowflake}");
    let tree = Tree::parse(&text).unwrap();
    let config = Config::from_function_config(&tree, tree.root().unwrap()).unwrap();
    assert_eq!(shown(&config.plugins), ["compute snowflake at `plugins.compute`"]);
}

#[test]
fn reads_the_real_platform() {
    let Some(data) = data_dir() else { return };
    #[expect(clippy::disallowed_methods, reason = "a test reads its data")]
    let text = |name: &str| std::fs::read_to_string(data.join("floe").join(name)).unwrap();
    let found = shown(&read(&text("manifest.yaml")).unwrap().plugins).join("\n");
    for service in ["polaris:8181", "minio:9000", "marquez:5000", "otel:4317"] {
        assert!(found.contains(&format!("  floe-platform-{service}/TCP at ")), "{found}");
    }
    for kind in ["compute duckdb", "orchestrator dagster", "catalog polaris", "storage s3", "lineage_backend marquez"] {
        assert!(found.contains(kind), "{found}");
    }
    assert!(Product::from_tree(&Tree::parse(&text("floe.yaml")).unwrap()).unwrap().plugins.is_empty());
}
