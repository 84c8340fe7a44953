//! From a Service and one of its ports to the pods behind it: policy sees the ports of pods, never those of Services.

use crate::network_policy::PortSet;
use crate::object::{Inventory, Protocol, RoutePort, ServiceFacts};

/// The pod ports that clients reach who connect to `port` of a Service.
///
/// The same port for a headless Service, whose clients get the addresses of pods, and where the Service does not have
/// the port or no pod in the input tells what its target is.
pub(super) fn client_ports(service: &ServiceFacts, protocol: Protocol, port: u16, inventory: &Inventory) -> PortSet {
    let offered = service.ports.iter().find(|offered| offered.protocol == protocol && offered.port == port);
    let targets = match offered {
        Some(offered) if !service.headless => service.target_ports(offered, &inventory.pods).into_iter().collect(),
        _ => Vec::new(),
    };
    let targets = if targets.is_empty() { vec![port] } else { targets };
    PortSet::single_ports(protocol, &targets)
}

/// The pod ports that a route leads to. Empty where that is not known: also for a port of the pods by its number, if
/// the input does not have the Service.
pub(super) fn route_ports(service: Option<&ServiceFacts>, wanted: &RoutePort, inventory: &Inventory) -> PortSet {
    let routed = service.map(|service| service.routed_ports(wanted, &inventory.pods));
    routed.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_policy::tests::world::{pod, service};
    use crate::object::TargetPort;

    fn http() -> TargetPort {
        TargetPort::Name("http".to_owned())
    }

    fn inventory() -> Inventory {
        let ports = |number| [("http", number)];
        Inventory {
            pods: vec![
                pod("floe-platform", &[("app", "a"), ("v", "1")], &ports(8080)),
                pod("floe-platform", &[("app", "a"), ("v", "2")], &ports(9090)),
                pod("floe-platform", &[("app", "b")], &ports(1)),
                pod("elsewhere", &[("app", "a")], &ports(2)),
            ],
            ..Inventory::default()
        }
    }

    #[test]
    fn a_name_means_what_each_pod_says() {
        let service = service("a", &[("app", "a")], 80, http());
        assert_eq!(client_ports(&service, Protocol::Tcp, 80, &inventory()).to_string(), "TCP 8080, TCP 9090");
        assert_eq!(route_ports(Some(&service), &RoutePort::Any, &inventory()).to_string(), "TCP 8080, TCP 9090");
    }

    #[test]
    fn clients_of_a_headless_service_connect_to_the_port_itself() {
        let mut service = service("a", &[("app", "a")], 80, http());
        service.headless = true;
        assert_eq!(client_ports(&service, Protocol::Tcp, 80, &inventory()).to_string(), "TCP 80");
        assert_eq!(route_ports(Some(&service), &RoutePort::Number(80), &inventory()).to_string(), "TCP 8080, TCP 9090");
    }

    #[test]
    fn an_unknown_port_is_taken_as_it_is() {
        let service = service("a", &[("app", "z")], 80, http());
        for port in [80, 81] {
            let ports = client_ports(&service, Protocol::Tcp, port, &inventory());
            assert_eq!(ports.to_string(), format!("TCP {port}"), "no pod has the name, no port has the number");
        }
        assert_eq!(client_ports(&service, Protocol::Udp, 80, &inventory()).to_string(), "UDP 80");
        assert!(route_ports(Some(&service), &RoutePort::Number(80), &inventory()).is_empty());
    }

    #[test]
    fn routes_name_ports_in_three_ways() {
        let mut service = service("a", &[("app", "a")], 80, TargetPort::Number(3000));
        service.ports[0].name = Some("web".to_owned());
        let ports = |wanted| route_ports(Some(&service), &wanted, &inventory()).to_string();
        assert_eq!(ports(RoutePort::Name("web".to_owned())), "TCP 3000");
        assert_eq!(ports(RoutePort::Number(80)), "TCP 3000");
        assert_eq!(ports(RoutePort::Target(3000)), "TCP 3000");
        assert_eq!(ports(RoutePort::Number(3000)), "", "a number is that of the Service");
        assert_eq!(ports(RoutePort::Target(80)), "", "a number is that of the pods");
        for wanted in [RoutePort::Any, RoutePort::Number(80), RoutePort::Target(3000)] {
            assert_eq!(route_ports(None, &wanted, &inventory()), PortSet::default(), "{wanted:?}");
        }
    }
}
