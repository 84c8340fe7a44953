//! What jobs and domains need of the platform: its catalog, telemetry and storage (FR-031, FR-041, US7), and which of
//! its pods serve that.
//!
//! A rule for the whole platform namespace would open the port on every pod there, so the flow is narrowed, in this
//! order:
//!
//! 1. to the `pod_labels` of the configuration;
//! 2. to the selectors of the Services in the input that clearly serve it: in the platform namespace, called by one of
//!    the service's names (see [`is_called`]), with a TCP port or target port among the configured ports. The flow's
//!    ports are then the pod ports behind those Service ports, all of them where a name means different ports on
//!    different pods; the configured port itself for a headless Service, whose clients connect to the pods. A
//!    configured port that none of these Services has is opened on their pods as it is;
//! 3. else to the configured ports on the whole namespace, and that is reported.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Config, RoleKind, ServiceConfig};
use crate::finding::{CheckId, Finding, Severity};
use crate::network_policy::{Endpoint, Flows, PortSet, Reason};
use crate::object::{Inventory, Protocol, ServiceFacts};

/// The pods behind a platform service are not known, so its ports are open on every pod of the platform.
pub(in crate::network_policy) const SERVICE_NOT_NARROWED: CheckId = CheckId("service-not-narrowed");

/// A Service leads the opening of a platform service to ports that nobody has configured, or several Services share it.
pub(in crate::network_policy) const SERVICE_STEERS_OPENING: CheckId = CheckId("service-steers-opening");

/// Labels whose value names what a pod runs, as charts set them.
const NAMING_LABELS: [&str; 3] = ["app.kubernetes.io/name", "app.kubernetes.io/component", "app"];

/// A platform service that jobs and domains use.
struct PlatformService {
    /// Its key under `services` in the configuration.
    key: &'static str,
    /// What charts call it.
    aliases: &'static [&'static str],
    /// Why it is needed.
    reason: Reason,
}

/// The services of the platform, in the order of reports.
const SERVICES: &[PlatformService] = &[
    // Jobs and domains read and write tables through it.
    PlatformService { key: "polaris", aliases: &["polaris"], reason: Reason::Catalog },
    // They send telemetry, by gRPC and HTTP. The second is the name of the project's chart, the third a short form.
    PlatformService {
        key: "otel_collector",
        aliases: &["otel-collector", "opentelemetry-collector", "otel"],
        reason: Reason::Telemetry,
    },
    // Jobs store data in it; domains as well, without it their tables are unreadable. Storage in a cloud is reached by
    // external HTTPS instead.
    PlatformService { key: "minio", aliases: &["minio"], reason: Reason::Storage },
];

/// Opens the services to jobs and domains; the platform itself needs no flow of its own (FR-020).
pub(super) fn declare(config: &Config, inventory: &Inventory, flows: &mut Flows) {
    for wanted in SERVICES {
        open(wanted, config, inventory, flows);
    }
}

/// Opens a service to jobs and domains.
fn open(wanted: &PlatformService, config: &Config, inventory: &Inventory, flows: &mut Flows) {
    let Some(service) = config.network.services.iter().find(|service| service.name == wanted.key) else { return };
    let platform = config.platform();
    let destinations = destinations(wanted, service, platform, inventory);
    if destinations.contains_key(&BTreeMap::new()) && !service.ports.is_empty() {
        let ports = PortSet::single_ports(Protocol::Tcp, &service.ports);
        let message = format!(
            "no Service in the input tells which pods serve `{}`: {ports} is open to jobs and domains on every pod of \
             `{platform}`",
            wanted.key
        );
        let finding = Finding::new(Severity::Info, SERVICE_NOT_NARROWED, message);
        let key = format!("security.network_policies.services.{}.pod_labels", wanted.key);
        flows.findings.push(finding.help(format!("set `{key}` to the labels of its pods")));
    }
    flows.findings.extend(steering(wanted, service, platform, inventory, destinations.len()));
    for namespace in &config.namespaces {
        match namespace.role.kind() {
            RoleKind::Platform => continue,
            RoleKind::Jobs | RoleKind::Domain => {}
        }
        for (labels, ports) in &destinations {
            flows.allow(
                Endpoint::namespace(&namespace.name),
                Endpoint::Pods { namespace: platform.to_owned(), labels: labels.clone() },
                ports.clone(),
                wanted.reason.clone(),
            );
        }
    }
}

/// The Services that decide more about an opening than which pods of the configured ports it is for: anybody who may add a
/// Service of that name to the platform's namespace could.
fn steering(
    wanted: &PlatformService,
    service: &ServiceConfig,
    platform: &str,
    inventory: &Inventory,
    destinations: usize,
) -> Vec<Finding> {
    if !service.pod_labels.is_empty() {
        return Vec::new();
    }
    let configured = PortSet::single_ports(Protocol::Tcp, &service.ports);
    let finding = |candidate: &ServiceFacts| {
        let opened = opened_by(candidate, service, inventory);
        let ports =
            PortSet::single_ports(Protocol::Tcp, &opened.into_iter().map(|(_, target)| target).collect::<Vec<_>>());
        let beyond = ports.difference(&configured);
        if ports.is_empty() || (beyond.is_empty() && destinations < 2) {
            return None;
        }
        let why = if beyond.is_empty() {
            format!("it is one of several Services for `{}`", wanted.key)
        } else {
            format!("its pods listen on {beyond}, not on the {configured} of `{}`", wanted.key)
        };
        let message = format!("this Service decides that {ports} of its pods is open to jobs and domains: {why}");
        let key = format!("security.network_policies.services.{}", wanted.key);
        let help = format!("if it is not the one, set `{key}.pod_labels` and `{key}.ports`");
        let finding = Finding::new(Severity::Info, SERVICE_STEERS_OPENING, message).help(help);
        Some(match &candidate.location {
            Some(location) => finding.at(&candidate.id, location.clone()),
            None => Finding { object: Some(candidate.id.clone()), ..finding },
        })
    };
    candidates(wanted, platform, inventory).filter_map(finding).collect()
}

/// The Services that serve it by their names.
fn candidates<'i>(
    wanted: &'i PlatformService,
    platform: &'i str,
    inventory: &'i Inventory,
) -> impl Iterator<Item = &'i ServiceFacts> {
    inventory.services.iter().filter(move |candidate| {
        candidate.namespace.as_deref() == Some(platform)
            && candidate.chooses_pods()
            && is_called(candidate, wanted.aliases)
    })
}

/// The configured ports that a Service has, each with the ports of its pods that are opened for it.
fn opened_by(candidate: &ServiceFacts, service: &ServiceConfig, inventory: &Inventory) -> Vec<(u16, u16)> {
    let mut opened = Vec::new();
    for &port in &service.ports {
        for offered in candidate.ports.iter().filter(|offered| offered.protocol == Protocol::Tcp) {
            let targets = candidate.target_ports(offered, &inventory.pods);
            if offered.port != port && !targets.contains(&port) {
                continue;
            }
            // Without translation, or with a name that no pod in the input resolves, the port is that of the pods.
            let targets =
                if candidate.headless || targets.is_empty() { vec![port] } else { targets.into_iter().collect() };
            opened.extend(targets.into_iter().map(|target| (port, target)));
        }
    }
    opened
}

/// Pod ports by the labels of the pods.
fn destinations(
    wanted: &PlatformService,
    service: &ServiceConfig,
    platform: &str,
    inventory: &Inventory,
) -> BTreeMap<BTreeMap<String, String>, PortSet> {
    let configured = PortSet::single_ports(Protocol::Tcp, &service.ports);
    if !service.pod_labels.is_empty() {
        return BTreeMap::from([(service.pod_labels.clone(), configured)]);
    }

    let mut found: BTreeMap<_, PortSet> = BTreeMap::new();
    let mut served = BTreeSet::new();
    for candidate in candidates(wanted, platform, inventory) {
        for (port, target) in opened_by(candidate, service, inventory) {
            served.insert(port);
            let total = found.entry(candidate.selector.clone()).or_default();
            *total = total.union(&PortSet::single_ports(Protocol::Tcp, &[target]));
        }
    }

    let unserved: Vec<u16> = service.ports.iter().copied().filter(|port| !served.contains(port)).collect();
    for ports in found.values_mut() {
        *ports = ports.union(&PortSet::single_ports(Protocol::Tcp, &unserved));
    }
    if found.is_empty() {
        found.insert(BTreeMap::new(), configured);
    }
    found
}

/// Whether a Service goes by one of these names: its own name is one, or a naming label of its selector.
fn is_called(service: &ServiceFacts, aliases: &[&str]) -> bool {
    let labelled =
        |alias: &&str| NAMING_LABELS.iter().any(|&key| service.selector.get(key).is_some_and(|value| value == alias));
    is_named(&service.id.name, aliases) || aliases.iter().any(labelled)
}

/// Whether a name is one of the aliases, or ends with `-alias`, as `release-alias` does.
fn is_named(name: &str, aliases: &[&str]) -> bool {
    let is_alias = |alias: &&str| name.strip_suffix(alias).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'));
    aliases.iter().any(is_alias)
}

/// Whether these ports of a Service in the platform namespace are among those of a platform service, which has a reason
/// of its own. `found` is the Service, where the input has it.
pub(super) fn is_platform_service(name: &str, found: Option<&ServiceFacts>, ports: &PortSet, config: &Config) -> bool {
    SERVICES.iter().any(|wanted| {
        let configured = config.network.services.iter().filter(|service| service.name == wanted.key);
        let is_it = found.map_or_else(|| is_named(name, wanted.aliases), |found| is_called(found, wanted.aliases));
        is_it && configured.into_iter().any(|it| PortSet::single_ports(Protocol::Tcp, &it.ports).covers(ports))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_policy::tests::world::{config, declared, labels, pod, service};
    use crate::object::{PodFacts, TargetPort};

    const POLARIS: &PlatformService = &SERVICES[0];
    const OTEL: &PlatformService = &SERVICES[1];

    fn found(wanted: &PlatformService, config: &Config, inventory: &Inventory) -> (Vec<String>, usize) {
        let mut flows = Flows::default();
        open(wanted, config, inventory, &mut flows);
        let from_jobs = flows.flows.iter().map(ToString::to_string).filter(|flow| flow.starts_with("floe-jobs"));
        (from_jobs.map(|flow| flow.replace("floe-jobs -> floe-platform", "")).collect(), flows.findings.len())
    }

    fn with(services: Vec<ServiceFacts>, pods: Vec<PodFacts>) -> Inventory {
        Inventory { pods, services, ..Inventory::default() }
    }

    fn flows_of(reason: &str, config: &Config) -> Vec<String> {
        declared(declare, config).into_iter().filter(|flow| flow.ends_with(reason)).collect()
    }

    #[test]
    fn a_service_that_decides_more_than_which_pods_is_named() {
        let steered = |services: Vec<ServiceFacts>, change: &dyn Fn(&mut Config)| {
            let mut config = config();
            change(&mut config);
            let mut flows = Flows::default();
            declare(&config, &with(services, Vec::new()), &mut flows);
            let steers = flows.findings.into_iter().filter(|it| it.check == SERVICE_STEERS_OPENING);
            steers.map(|it| (it.object.map(|id| id.name).unwrap_or_default(), it.message)).collect::<Vec<_>>()
        };
        let number = TargetPort::Number;
        let as_configured = || service("minio", &[("app", "minio")], 9000, number(9000));
        let elsewhere = || service("chart-minio", &[("app", "theirs")], 9000, number(22));
        assert!(steered(vec![as_configured()], &|_| ()).is_empty());
        let one = steered(vec![elsewhere()], &|_| ());
        assert_eq!((one.len(), one[0].0.as_str()), (1, "chart-minio"));
        assert!(one[0].1.contains("its pods listen on TCP 22, not on the TCP 9000 of `minio`"), "{one:?}");
        let same_port = service("chart-minio", &[("app", "theirs")], 9000, number(9000));
        let two = steered(vec![as_configured(), same_port], &|_| ());
        assert_eq!(two.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), ["minio", "chart-minio"]);
        let named = |config: &mut Config| {
            for service in &mut config.network.services {
                service.pod_labels = labels(&[("app", "minio")]);
            }
        };
        assert!(steered(vec![elsewhere(), as_configured()], &named).is_empty());
    }

    #[test]
    fn jobs_and_domains_reach_the_catalog_of_the_platform() {
        let expected = ["floe-jobs", "floe-sales-domain", "floe-marketing-domain"]
            .map(|from| format!("{from} -> floe-platform: TCP 8181 (catalog)"));
        assert_eq!(flows_of("(catalog)", &config()), expected);
    }

    #[test]
    fn both_ports_of_telemetry_are_open() {
        let flows = flows_of("(telemetry)", &config());
        assert_eq!(flows[0], "floe-jobs -> floe-platform: TCP 4317-4318 (telemetry)");
        assert_eq!(flows.len(), 3);
    }

    #[test]
    fn domains_reach_storage_too() {
        let expected = "floe-sales-domain -> floe-platform: TCP 9000 (storage)".to_owned();
        assert!(flows_of("(storage)", &config()).contains(&expected));
    }

    #[test]
    fn a_platform_without_storage_has_no_such_flow() {
        let mut config = config();
        config.network.services.retain(|service| service.name != "minio");
        assert!(flows_of("(storage)", &config).is_empty());
    }

    #[test]
    fn configured_labels_win() {
        let mut config = config();
        config.network.services[0].pod_labels = labels(&[("app", "mine")]);
        let inventory = with(vec![service("polaris", &[("app", "other")], 8181, TargetPort::Number(8181))], vec![]);
        assert_eq!(found(POLARIS, &config, &inventory), (vec![" (app=mine): TCP 8181 (catalog)".to_owned()], 0));
    }

    #[test]
    fn a_service_in_the_input_narrows() {
        let inventory =
            with(vec![service("rel-polaris", &[("app", "catalog")], 8181, TargetPort::Number(18181))], vec![]);
        let expected = vec![" (app=catalog): TCP 18181 (catalog)".to_owned()];
        assert_eq!(found(POLARIS, &config(), &inventory), (expected, 0));
    }

    #[test]
    fn the_target_port_counts_as_well() {
        let inventory = with(vec![service("polaris", &[("app", "p")], 80, TargetPort::Number(8181))], vec![]);
        let expected = vec![" (app=p): TCP 8181 (catalog)".to_owned()];
        assert_eq!(found(POLARIS, &config(), &inventory), (expected, 0));
    }

    #[test]
    fn a_named_target_port_is_looked_up_on_the_pods() {
        let polaris = service("x-polaris", &[("app", "p")], 8181, TargetPort::Name("http".to_owned()));
        let inventory = with(
            vec![polaris.clone()],
            vec![
                pod("floe-platform", &[("app", "p"), ("v", "1")], &[("http", 9999)]),
                pod("floe-platform", &[("app", "q")], &[("http", 7777)]),
                pod("elsewhere", &[("app", "p")], &[("http", 6666)]),
            ],
        );
        let expected = vec![" (app=p): TCP 9999 (catalog)".to_owned()];
        assert_eq!(found(POLARIS, &config(), &inventory), (expected, 0));

        let expected = vec![" (app=p): TCP 8181 (catalog)".to_owned()];
        assert_eq!(found(POLARIS, &config(), &with(vec![polaris], vec![])), (expected, 0));
    }

    #[test]
    fn a_name_that_differs_among_pods_opens_each_port() {
        let inventory = with(
            vec![service("x-polaris", &[("app", "p")], 8181, TargetPort::Name("http".to_owned()))],
            vec![
                pod("floe-platform", &[("app", "p"), ("v", "1")], &[("http", 9999)]),
                pod("floe-platform", &[("app", "p"), ("v", "2")], &[("http", 7777)]),
            ],
        );
        let expected = vec![" (app=p): TCP 7777, TCP 9999 (catalog)".to_owned()];
        assert_eq!(found(POLARIS, &config(), &inventory), (expected, 0));
    }

    #[test]
    fn a_headless_service_does_not_translate() {
        for (port, target) in [(8181, 18181), (80, 8181)] {
            let mut headless = service("polaris", &[("app", "p")], port, TargetPort::Number(target));
            headless.headless = true;
            let expected = vec![" (app=p): TCP 8181 (catalog)".to_owned()];
            assert_eq!(found(POLARIS, &config(), &with(vec![headless], vec![])), (expected, 0), "{port}");
        }
    }

    #[test]
    fn several_services_of_the_same_pods_add_up() {
        let mut headless = service("polaris-headless", &[("app", "polaris")], 8181, TargetPort::Number(8181));
        headless.headless = true;
        let plain = service("polaris", &[("app", "polaris")], 8181, TargetPort::Number(9000));
        let expected = vec![" (app=polaris): TCP 8181, TCP 9000 (catalog)".to_owned()];
        for services in [vec![headless.clone(), plain.clone()], vec![plain, headless]] {
            assert_eq!(found(POLARIS, &config(), &with(services, vec![])), (expected.clone(), 0));
        }
    }

    #[test]
    fn labels_of_the_selector_name_it_too() {
        let selector = [("app.kubernetes.io/name", "floe-platform"), ("app.kubernetes.io/component", "polaris")];
        let inventory = with(vec![service("catalog", &selector, 8181, TargetPort::Number(8181))], vec![]);
        assert_eq!(found(POLARIS, &config(), &inventory).1, 0);
    }

    #[test]
    fn a_port_that_no_service_has_is_opened_on_the_same_pods() {
        let inventory = with(vec![service("floe-otel", &[("app", "o")], 4317, TargetPort::Number(4317))], vec![]);
        let expected = vec![" (app=o): TCP 4317-4318 (telemetry)".to_owned()];
        assert_eq!(found(OTEL, &config(), &inventory), (expected, 0));
    }

    #[test]
    fn others_do_not_count() {
        let mut elsewhere = service("polaris", &[("app", "p")], 8181, TargetPort::Number(8181));
        elsewhere.namespace = Some("other".to_owned());
        let mut unknown = elsewhere.clone();
        unknown.namespace = None;
        let mut udp = service("polaris", &[("app", "p")], 8181, TargetPort::Number(8181));
        udp.ports[0].protocol = Protocol::Udp;
        for (case, unfit) in [
            ("namespace", elsewhere),
            ("unknown namespace", unknown),
            ("protocol", udp),
            ("port", service("polaris", &[("app", "p")], 8182, TargetPort::Number(8182))),
            ("no selector", service("polaris", &[], 8181, TargetPort::Number(8181))),
            ("name", service("notpolaris", &[("app", "p")], 8181, TargetPort::Number(8181))),
        ] {
            let expected = vec![": TCP 8181 (catalog)".to_owned()];
            assert_eq!(found(POLARIS, &config(), &with(vec![unfit], vec![])), (expected, 1), "{case}");
        }
    }
}
