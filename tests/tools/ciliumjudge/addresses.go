package main

import (
	"fmt"
	"net/netip"

	"floe.dev/tests/tools/networkworld"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/labels"
	networkingv1 "k8s.io/api/networking/v1"
)

// external knows the identities of addresses that are no pod's. Cilium's agent gives one to each prefix that a policy
// names, and an address has that of the longest prefix that contains it, else that of the world.
type external struct {
	identities identity.IdentityMap
	prefixes   map[netip.Prefix]identity.NumericIdentity
}

// identifyAddresses gives an identity to each cidr and except of the policies.
func identifyAddresses(world *networkworld.World) (*external, error) {
	e := &external{
		identities: identity.IdentityMap{
			identity.ReservedIdentityWorldIPv4: labels.LabelArray{labels.WorldLabelV4},
			identity.ReservedIdentityWorldIPv6: labels.LabelArray{labels.WorldLabelV6},
		},
		prefixes: make(map[netip.Prefix]identity.NumericIdentity),
	}
	for _, policy := range world.Policies {
		var peers []networkingv1.NetworkPolicyPeer
		for _, rule := range policy.Spec.Ingress {
			peers = append(peers, rule.From...)
		}
		for _, rule := range policy.Spec.Egress {
			peers = append(peers, rule.To...)
		}
		for _, peer := range peers {
			if peer.IPBlock == nil {
				continue
			}
			for _, cidr := range append([]string{peer.IPBlock.CIDR}, peer.IPBlock.Except...) {
				if err := e.add(cidr); err != nil {
					return nil, fmt.Errorf("policy %s: %w", policy.Name, err)
				}
			}
		}
	}
	return e, nil
}

func (e *external) add(cidr string) error {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return err
	}
	prefix = prefix.Masked()
	// The prefix of everything is the world, which has an identity.
	if _, known := e.prefixes[prefix]; known || prefix.Bits() == 0 {
		return nil
	}
	id := identity.IdentityScopeLocal + identity.NumericIdentity(1+len(e.prefixes))
	e.prefixes[prefix] = id
	e.identities[id] = labels.GetCIDRLabels(prefix).LabelArray()
	return nil
}

func (e *external) identityOf(address netip.Addr) identity.NumericIdentity {
	for bits := address.BitLen(); bits > 0; bits-- {
		prefix, err := address.Prefix(bits)
		if err != nil {
			break
		}
		if id, known := e.prefixes[prefix]; known {
			return id
		}
	}
	if address.Is4() {
		return identity.ReservedIdentityWorldIPv4
	}
	return identity.ReservedIdentityWorldIPv6
}
