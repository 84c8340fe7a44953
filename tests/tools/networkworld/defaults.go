package networkworld

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// setDefaults fills in what the API server fills in when it reads a policy (pkg/apis/networking/v1/defaults.go, which
// belongs to the server and not to a library).
func setDefaults(policy *networkingv1.NetworkPolicy) {
	spec := &policy.Spec
	for i := range spec.Ingress {
		defaultProtocols(spec.Ingress[i].Ports)
	}
	for i := range spec.Egress {
		defaultProtocols(spec.Egress[i].Ports)
	}
	if len(spec.PolicyTypes) == 0 {
		spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		if len(spec.Egress) != 0 {
			spec.PolicyTypes = append(spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		}
	}
}

func defaultProtocols(ports []networkingv1.NetworkPolicyPort) {
	for i := range ports {
		if ports[i].Protocol == nil {
			protocol := corev1.ProtocolTCP
			ports[i].Protocol = &protocol
		}
	}
}

// dropUnlisted removes the rules of a direction that policyTypes does not list. Cilium would enforce them.
func dropUnlisted(policy *networkingv1.NetworkPolicy) {
	spec := &policy.Spec
	if !slices.Contains(spec.PolicyTypes, networkingv1.PolicyTypeIngress) {
		spec.Ingress = nil
	}
	if !slices.Contains(spec.PolicyTypes, networkingv1.PolicyTypeEgress) {
		spec.Egress = nil
	}
}
