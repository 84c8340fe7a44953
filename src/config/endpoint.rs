//! Addresses as plugins write them: URLs, `host:port`, bare hosts.

use std::fmt;
use std::net::IpAddr;

use crate::object::Protocol;

/// Who answers at an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointHost {
    /// An address.
    Address(IpAddr),
    /// A DNS name in lower case, without the dot at its end.
    Name(String),
    /// A placeholder, such as `${PGHOST}`, that is filled in only when the plugin runs.
    Placeholder,
}

impl fmt::Display for EndpointHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
            Self::Placeholder => f.write_str("a placeholder"),
        }
    }
}

/// An endpoint as written; user names, passwords, paths and parameters are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) host: EndpointHost,
    /// The port, or the one that the scheme of a URL implies.
    pub(super) port: Option<u16>,
    pub(super) protocol: Protocol,
}

/// How an address has to be written to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A bare host will do.
    Host,
    /// A scheme or a port is needed: other texts under such a key are names of something else.
    Url,
}

/// Schemes that name no host: files, in-process databases, and buckets, whose service is reached at an endpoint of its
/// own.
const HOSTLESS: [&str; 19] = [
    "file", "s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "wasb", "wasbs", "az", "adl", "memory", "duckdb",
    "sqlite", "md", "env", "arn", "data",
];

/// The ports that schemes imply.
const SCHEME_PORTS: [(&str, u16); 14] = [
    ("http", 80),
    ("ws", 80),
    ("https", 443),
    ("wss", 443),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("redshift", 5439),
    ("mysql", 3306),
    ("clickhouse", 9000),
    ("sqlserver", 1433),
    ("redis", 6379),
    ("amqp", 5672),
    ("mongodb", 27017),
    ("ldaps", 636),
];

/// Reads the endpoints in a text, which may list several between commas; what is no address is left out.
pub(super) fn read(text: &str, form: Form) -> Vec<Written> {
    text.split(',').filter_map(|one| read_one(one.trim(), form)).collect()
}

fn read_one(text: &str, form: Form) -> Option<Written> {
    let text = text.strip_prefix("jdbc:").unwrap_or(text);
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
        None => (None, text),
    };
    // SQLAlchemy adds the driver: `postgresql+psycopg2`.
    let scheme = scheme.as_deref().map(|scheme| scheme.split_once('+').map_or(scheme, |(scheme, _)| scheme));
    if scheme.is_some_and(|scheme| HOSTLESS.contains(&scheme)) {
        return None;
    }
    let authority = rest.split(['/', '?', '#', ';']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = host_and_port(authority)?;
    if form == Form::Url && scheme.is_none() && port.is_none() {
        return None;
    }
    let implied = || SCHEME_PORTS.iter().find(|(name, _)| Some(*name) == scheme).map(|(_, port)| *port);
    let protocol = if scheme == Some("udp") { Protocol::Udp } else { Protocol::Tcp };
    Some(Written { host, port: port.or_else(implied), protocol })
}

fn host_and_port(authority: &str) -> Option<(EndpointHost, Option<u16>)> {
    if let Ok(address) = authority.parse::<IpAddr>() {
        return Some((EndpointHost::Address(address.to_canonical()), None));
    }
    if let Some((address, port)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let port = match port.strip_prefix(':') {
            Some(port) => Some(read_port(port)?),
            None => None,
        };
        return Some((EndpointHost::Address(address.parse::<IpAddr>().ok()?.to_canonical()), port));
    }
    let (name, port) = match authority.rsplit_once(':') {
        // `${HOST:-db}` has a colon of its own.
        Some((name, port)) if port.contains('{') || !port.contains('}') => (name, Some(port)),
        _ => (authority, None),
    };
    let is_placeholder = |text: &str| text.contains(['{', '$', '<']);
    let port = match port {
        Some(port) if is_placeholder(port) => None,
        Some(port) => Some(read_port(port)?),
        None => None,
    };
    if is_placeholder(name) {
        return Some((EndpointHost::Placeholder, port));
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        return Some((EndpointHost::Address(address.to_canonical()), port));
    }
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    is_host_name(&name).then_some((EndpointHost::Name(name), port))
}

/// A port of a URL; `host:0` and texts that only look like `host:port` are no addresses.
fn read_port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

/// Labels as resolvers take them, `_` included, and a letter somewhere.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    name.len() <= 253 && name.bytes().any(|byte| byte.is_ascii_alphabetic()) && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, form: Form) -> Vec<String> {
        let port = |port: Option<u16>| port.map_or_else(|| "-".to_owned(), |port| port.to_string());
        read(text, form).iter().map(|it| format!("{} {} {}", it.host, port(it.port), it.protocol)).collect()
    }

    #[test]
    fn reads_urls_and_hosts() {
        for (text, expected) in [
            ("http://floe-platform-polaris:8181/api/catalog", "floe-platform-polaris 8181 TCP"),
            ("https://Warehouse.Example.COM./x?y#z", "warehouse.example.com 443 TCP"),
            ("postgresql+psycopg2://user:p%40ss@db.data.svc:5433/app", "db.data.svc 5433 TCP"),
            ("postgres://user@db/app", "db 5432 TCP"),
            ("jdbc:trino://trino.example.com:8443/hive;SSL=true", "trino.example.com 8443 TCP"),
            ("thrift://hive:9083", "hive 9083 TCP"),
            ("udp://statsd:8125", "statsd 8125 UDP"),
            ("10.1.2.3:5432", "10.1.2.3 5432 TCP"),
            ("http://[2001:DB8::1]:80/", "2001:db8::1 80 TCP"),
            ("http://[::ffff:10.0.0.1]:80/", "10.0.0.1 80 TCP"),
            ("db.example.com", "db.example.com - TCP"),
            ("fe80::1", "fe80::1 - TCP"),
            ("https://${HOST}:8443/", "a placeholder 8443 TCP"),
            ("${HOST:-db}", "a placeholder - TCP"),
            ("{{ env_var('HOST') }}", "a placeholder - TCP"),
            ("db:${PORT}", "db - TCP"),
        ] {
            assert_eq!(shown(text, Form::Host), [expected], "{text}");
        }
        assert_eq!(shown("a:9092, b:9092", Form::Host), ["a 9092 TCP", "b 9092 TCP"]);
    }

    #[test]
    fn leaves_out_what_is_no_address() {
        for text in [
            "",
            " ",
            "/var/lib/db",
            "file:///x",
            "s3://bucket/x",
            "abfss://c@account.dfs.core.windows.net/",
            "a b",
            "a:b:c",
            "host:0",
            "host:70000",
            "12345",
            "http://",
            "http://[x]:1",
            "a..b",
            "ü.example",
            ":80",
            "-:",
        ] {
            assert_eq!(shown(text, Form::Host), [""; 0], "{text}");
        }
        assert_eq!(shown("warehouse", Form::Url), [""; 0], "a name of something else");
        assert_eq!(shown("warehouse:80", Form::Url), ["warehouse 80 TCP"]);
    }
}
