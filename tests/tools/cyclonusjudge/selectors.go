package main

import (
	"fmt"

	"floe.dev/tests/tools/networkworld"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const (
	// identity is the only label that pods and namespaces have for cyclonus.
	identity = "identity"
	// nobody is the identity of no pod and no namespace: upper case is not for names.
	nobody = "NOBODY"
)

// identify returns the policies with each selector in the form of a list of what it selects. An empty one, and the
// absence of one, stay: cyclonus reads them right.
func identify(world *networkworld.World) ([]*networkingv1.NetworkPolicy, error) {
	pods := make([]identified, 0, len(world.Pods))
	for i := range world.Pods {
		pods = append(pods, identified{podIdentity(i), world.Pods[i].Labels})
	}
	namespaces := make([]identified, 0, len(world.Namespaces))
	for i := range world.Namespaces {
		namespace := &world.Namespaces[i]
		namespaces = append(namespaces, identified{namespaceIdentity(namespace.Name), namespace.Labels})
	}
	identifiedPolicies := make([]*networkingv1.NetworkPolicy, 0, len(world.Policies))
	for _, original := range world.Policies {
		policy := original.DeepCopy()
		if err := selectFrom(&policy.Spec.PodSelector, pods); err != nil {
			return nil, fmt.Errorf("policy %s: %w", policy.Name, err)
		}
		for _, peers := range peerLists(policy) {
			for i := range *peers {
				peer := &(*peers)[i]
				if err := selectFrom(peer.PodSelector, pods); err != nil {
					return nil, fmt.Errorf("policy %s: %w", policy.Name, err)
				}
				if err := selectFrom(peer.NamespaceSelector, namespaces); err != nil {
					return nil, fmt.Errorf("policy %s: %w", policy.Name, err)
				}
			}
		}
		identifiedPolicies = append(identifiedPolicies, policy)
	}
	return identifiedPolicies, nil
}

// identified is a pod or namespace.
type identified struct {
	identity string
	labels   map[string]string
}

// selectFrom replaces a selector that says something by the list of the objects that it selects.
func selectFrom(selector *metav1.LabelSelector, objects []identified) error {
	if selector == nil || len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
		return nil
	}
	matches, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return err
	}
	var found []string
	for _, object := range objects {
		if matches.Matches(labels.Set(object.labels)) {
			found = append(found, object.identity)
		}
	}
	*selector = listOf(found)
	return nil
}

func listOf(identities []string) metav1.LabelSelector {
	if len(identities) == 0 {
		identities = []string{nobody}
	}
	in := metav1.LabelSelectorRequirement{Key: identity, Operator: metav1.LabelSelectorOpIn, Values: identities}
	return metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{in}}
}

// withoutBlocks returns the policies with a selector of nothing for each ipBlock. The rule must keep a peer, because one
// without peers is for all.
func withoutBlocks(policies []*networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy {
	without := make([]*networkingv1.NetworkPolicy, 0, len(policies))
	for _, original := range policies {
		policy := original.DeepCopy()
		for _, peers := range peerLists(policy) {
			for i := range *peers {
				peer := &(*peers)[i]
				if peer.IPBlock != nil {
					nothing := listOf(nil)
					*peer = networkingv1.NetworkPolicyPeer{PodSelector: &nothing}
				}
			}
		}
		without = append(without, policy)
	}
	return without
}

// peerLists are the peers of each rule of a policy.
func peerLists(policy *networkingv1.NetworkPolicy) []*[]networkingv1.NetworkPolicyPeer {
	var lists []*[]networkingv1.NetworkPolicyPeer
	for i := range policy.Spec.Ingress {
		lists = append(lists, &policy.Spec.Ingress[i].From)
	}
	for i := range policy.Spec.Egress {
		lists = append(lists, &policy.Spec.Egress[i].To)
	}
	return lists
}
