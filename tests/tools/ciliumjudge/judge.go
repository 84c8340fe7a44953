package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"

	"floe.dev/tests/tools/networkworld"
	"github.com/cilium/cilium/pkg/endpoint/regeneration"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/k8s"
	k8sConst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	slimnetworkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/types"
	"github.com/cilium/cilium/pkg/u8proto"
	corev1 "k8s.io/api/core/v1"
)

const (
	clusterName = "default"
	// firstPodIdentity is above the identities that Cilium reserves.
	firstPodIdentity = 1000
)

var logger = slog.New(slog.DiscardHandler)

// configure sets what Cilium keeps for the whole process: the agent's defaults, with both address families.
func configure() {
	option.Config.EnableIPv4 = true
	option.Config.EnableIPv6 = true
	policy.SetPolicyEnabled(option.DefaultEnforcement)
}

// prepared is a world with the policy of each pod.
type prepared struct {
	world     *networkworld.World
	endpoints []*endpoint
	external  *external
}

func judge(world *networkworld.World) (func(*networkworld.Query) bool, error) {
	if *world.IPBlockMatchesPods {
		return nil, errors.New("an ipBlock of Cilium never covers a pod: ipblock_matches_pods has to be false")
	}
	external, err := identifyAddresses(world)
	if err != nil {
		return nil, err
	}
	p := &prepared{world: world, external: external}
	identities := make(identity.IdentityMap)
	for id, labels := range external.identities {
		identities[id] = labels
	}
	ports := types.NewNamedPortMultiMap()
	for i := range world.Pods {
		endpoint := newEndpoint(world, i)
		p.endpoints = append(p.endpoints, endpoint)
		identities[endpoint.identity.ID] = endpoint.identity.LabelArray
		for _, ofProtocol := range endpoint.ports {
			// One map holds one port for a name; the multi-map tells protocols apart.
			ports.Update(endpoint.identity.ID, nil, ofProtocol)
		}
	}
	repository := policy.NewPolicyRepository(logger, identities, nil, nil, nil, nil)
	repository.SetNamedPortsGetter(namedPorts{ports})
	// The repository keeps those that policies select apart from the peers.
	repository.UpdateIdentities(identities, nil)
	for i, original := range world.Policies {
		// Cilium has types of its own for the objects of Kubernetes.
		text, err := json.Marshal(original)
		if err != nil {
			return nil, err
		}
		var slim slimnetworkingv1.NetworkPolicy
		if err := json.Unmarshal(text, &slim); err != nil {
			return nil, fmt.Errorf("policy %d: %w", i, err)
		}
		entries, err := k8s.ParseNetworkPolicy(logger, clusterName, &slim)
		if err != nil {
			return nil, fmt.Errorf("policy %d: %w", i, err)
		}
		repository.MustAddPolicyEntries(entries)
	}
	for _, endpoint := range p.endpoints {
		if err := endpoint.distill(repository); err != nil {
			return nil, err
		}
	}
	return p.allows, nil
}

func (p *prepared) allows(query *networkworld.Query) bool {
	protocol := protocols[query.Protocol]
	if source := query.Source.Pod; source != nil {
		key := policy.EgressKey().WithIdentity(p.identityOf(query.Destination)).WithPortProto(protocol, query.Port)
		if entry, _, _ := p.endpoints[*source].policy.Lookup(key); entry.IsDeny() {
			return false
		}
	}
	if destination := query.Destination.Pod; destination != nil {
		key := policy.IngressKey().WithIdentity(p.identityOf(query.Source)).WithPortProto(protocol, query.Port)
		if entry, _, _ := p.endpoints[*destination].policy.Lookup(key); entry.IsDeny() {
			return false
		}
	}
	return true
}

func (p *prepared) identityOf(end networkworld.Endpoint) identity.NumericIdentity {
	if end.Pod != nil {
		return p.endpoints[*end.Pod].identity.ID
	}
	return p.external.identityOf(*end.IP)
}

var protocols = map[corev1.Protocol]u8proto.U8proto{
	corev1.ProtocolTCP:  u8proto.TCP,
	corev1.ProtocolUDP:  u8proto.UDP,
	corev1.ProtocolSCTP: u8proto.SCTP,
}

// namedPorts gives Cilium the ports of all pods.
type namedPorts struct {
	ports types.NamedPortMultiMap
}

// GetNamedPorts is the interface's only method.
func (n namedPorts) GetNamedPorts() types.NamedPortMultiMap {
	return n.ports
}

// endpoint is a pod as Cilium sees it.
type endpoint struct {
	identity *identity.Identity
	// ports are the named ports of each protocol.
	ports  map[u8proto.U8proto]types.NamedPortMap
	policy *policy.EndpointPolicy
}

func newEndpoint(world *networkworld.World, index int) *endpoint {
	pod := &world.Pods[index]
	all := labels.LabelArray{
		labels.NewLabel(k8sConst.PodNamespaceLabel, pod.Namespace, labels.LabelSourceK8s),
		labels.NewLabel(k8sConst.PolicyLabelCluster, clusterName, labels.LabelSourceK8s),
	}
	for key, value := range pod.Labels {
		all = append(all, labels.NewLabel(key, value, labels.LabelSourceK8s))
	}
	for key, value := range world.Namespace(pod.Namespace).Labels {
		key = policy.JoinPath(k8sConst.PodNamespaceMetaLabels, key)
		all = append(all, labels.NewLabel(key, value, labels.LabelSourceK8s))
	}
	id := identity.NumericIdentity(firstPodIdentity + index)
	ports := make(map[u8proto.U8proto]types.NamedPortMap)
	for _, port := range pod.Ports {
		if port.Name == "" {
			continue
		}
		protocol := protocols[port.Protocol]
		if ports[protocol] == nil {
			ports[protocol] = make(types.NamedPortMap)
		}
		ports[protocol][port.Name] = types.PortProto{Proto: protocol, Port: port.Port}
	}
	return &endpoint{identity: identity.NewIdentityFromLabelArray(id, all.Sort()), ports: ports}
}

// distill computes the policy that applies to the endpoint.
func (e *endpoint) distill(repository *policy.Repository) error {
	selected, _, err := repository.ComputeSelectorPolicy(e.identity)
	if err != nil {
		return err
	}
	e.policy = selected.DistillPolicy(logger, e, map[string]uint16{policy.FallbackRedirectID: math.MaxUint16})
	if err := e.policy.Ready(); err != nil {
		return err
	}
	e.policy.Detach(logger)
	selected.Supersede()
	return nil
}

// The rest is what a policy.PolicyOwner has to tell.

// GetID is the endpoint's number.
func (e *endpoint) GetID() uint64 { return uint64(e.identity.ID) }

// GetIngressNamedPort is the number of a port of this pod, 0 if it has none of the name and protocol.
func (e *endpoint) GetIngressNamedPort(name string, protocol u8proto.U8proto) uint16 {
	return e.ports[protocol][name].Port
}

// PolicyDebug logs nothing.
func (e *endpoint) PolicyDebug(string, ...any) {}

// IsHost tells that a pod is not a node.
func (e *endpoint) IsHost() bool { return false }

// PreviousMapStateSizes tells that there was no policy before.
func (e *endpoint) PreviousMapStateSizes() policy.MapStateSizes { return policy.MapStateSizes{} }

// RegenerateIfAlive has nothing to do: a world does not change.
func (e *endpoint) RegenerateIfAlive(*regeneration.ExternalRegenerationMetadata) <-chan bool {
	done := make(chan bool)
	close(done)
	return done
}
