package main

import (
	"fmt"
	"net/netip"

	"floe.dev/tests/tools/networkworld"
	"github.com/mattfenwick/cyclonus/pkg/matcher"
)

// prepared is a world whose policies cyclonus has read.
type prepared struct {
	world *networkworld.World
	// pods decides between pods if ipBlocks do not cover them.
	pods *matcher.Policy
	// addresses decides where ipBlocks count.
	addresses *matcher.Policy
	// peers are the pods, without addresses.
	peers []*matcher.InternalPeer
}

func judge(world *networkworld.World) (func(*networkworld.Query) bool, error) {
	selected, err := identify(world)
	if err != nil {
		return nil, err
	}
	p := &prepared{
		world: world,
		// Not simplified: that is a step for people who read the policies, and one more that can be wrong.
		pods:      matcher.BuildNetworkPolicies(false, withoutBlocks(selected)),
		addresses: matcher.BuildNetworkPolicies(false, selected),
	}
	for i := range world.Pods {
		pod := &world.Pods[i]
		p.peers = append(p.peers, &matcher.InternalPeer{
			Namespace:       pod.Namespace,
			NamespaceLabels: map[string]string{identity: namespaceIdentity(pod.Namespace)},
			PodLabels:       map[string]string{identity: podIdentity(i)},
		})
	}
	return p.allows, nil
}

func (p *prepared) allows(query *networkworld.Query) bool {
	if query.Source.IP != nil || query.Destination.IP != nil {
		return p.allowsWith(p.addresses, query, address(query.Source.IP), address(query.Destination.IP))
	}
	if !*p.world.IPBlockMatchesPods {
		return p.allowsWith(p.pods, query, anyAddress, anyAddress)
	}
	tried := false
	for _, source := range p.world.PodOf(query.Source).IPs {
		for _, destination := range p.world.PodOf(query.Destination).IPs {
			if source.Is4() != destination.Is4() {
				continue
			}
			tried = true
			if p.allowsWith(p.addresses, query, source.String(), destination.String()) {
				return true
			}
		}
	}
	return !tried && p.allowsWith(p.pods, query, anyAddress, anyAddress)
}

// anyAddress stands for the address of a pod that no ipBlock is compared with.
const anyAddress = "0.0.0.0"

func address(ip *netip.Addr) string {
	if ip == nil {
		return anyAddress
	}
	return ip.String()
}

// allowsWith judges one connection by the given policies and addresses.
func (p *prepared) allowsWith(policy *matcher.Policy, query *networkworld.Query, source, destination string) bool {
	traffic := matcher.Traffic{
		Source:       p.peer(query.Source, source),
		Destination:  p.peer(query.Destination, destination),
		ResolvedPort: int(query.Port),
		Protocol:     query.Protocol,
	}
	names := p.portNames(query)
	for _, isIngress := range []bool{false, true} {
		allowed := false
		for _, name := range names {
			traffic.ResolvedPortName = name
			allowed = allowed || policy.IsIngressOrEgressAllowed(&traffic, isIngress).IsAllowed()
		}
		if !allowed {
			return false
		}
	}
	return true
}

func (p *prepared) peer(endpoint networkworld.Endpoint, ip string) *matcher.TrafficPeer {
	peer := &matcher.TrafficPeer{IP: ip}
	if endpoint.Pod != nil {
		peer.Internal = p.peers[*endpoint.Pod]
	}
	return peer
}

// portNames are the names by which the destination knows the port: one that no policy can have if there is none.
func (p *prepared) portNames(query *networkworld.Query) []string {
	var names []string
	if pod := p.world.PodOf(query.Destination); pod != nil {
		for _, port := range pod.Ports {
			if port.Name != "" && port.Port == query.Port && port.Protocol == query.Protocol {
				names = append(names, port.Name)
			}
		}
	}
	if len(names) == 0 {
		return []string{""}
	}
	return names
}

func podIdentity(index int) string {
	return fmt.Sprintf("pod-%d", index)
}

func namespaceIdentity(name string) string {
	return name
}
