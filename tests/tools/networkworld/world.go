// Package networkworld is what the judges of network policy have in common: how a world is written, how it is read, and
// what the API server makes of a policy before anyone enforces it.
//
// A judge reads worlds from standard input, each as one line of JSON:
//
//	{"namespaces":[{"name":"a","labels":{}}],
//	 "pods":[{"namespace":"a","name":"p","labels":{},"ips":["10.0.0.1"],
//	          "ports":[{"name":"http","protocol":"TCP","port":80}]}],
//	 "policies":[<NetworkPolicy objects of networking.k8s.io/v1>],
//	 "ipblock_matches_pods":true,
//	 "queries":[{"source":{"pod":0},"destination":{"ip":"1.2.3.4"},"protocol":"TCP","port":80}]}
//
// For each it prints one line, in the order of the input:
//
//	{"verdicts":"10"}  a digit for each query, 1 for allowed
//	{"error":"<why the world cannot be judged>"}
//
// Labels are those that the objects have in the cluster: a namespace carries kubernetes.io/metadata.name only if it is
// written. Every pod is in a namespace of the list. Policies have to be valid, because judges are made for what the API
// server has accepted; their defaults are filled in here. One process judges any number of worlds on all cores, and
// answers a caller that sends one world and waits for its line.
//
// The verdict is that of the Kubernetes documentation, where judges are known to differ from it:
//   - A pod always reaches itself.
//   - An `ingress` or `egress` that policyTypes does not list has no effect.
//   - A named port is one of the destination pod, by name and protocol; an address that is no pod's has none.
//   - A connection between pods uses addresses of one family. It is allowed if there is a pair of addresses of the two
//     pods with which egress and ingress allow it. That matters with ipblock_matches_pods only.
//   - With ipblock_matches_pods false, an ipBlock never covers a pod, only addresses of no pod.
package networkworld

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	kjson "sigs.k8s.io/json"
)

// Namespace is a namespace of a world.
type Namespace struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
}

// Port is a port of a pod that has a name.
type Port struct {
	Name     string          `json:"name"`
	Protocol corev1.Protocol `json:"protocol"`
	Port     uint16          `json:"port"`
}

// Pod is a pod of a world. It is no hostNetwork pod, it runs, and its node is not among the peers.
type Pod struct {
	Namespace string            `json:"namespace"`
	Name      string            `json:"name"`
	Labels    map[string]string `json:"labels"`
	IPs       []netip.Addr      `json:"ips"`
	Ports     []Port            `json:"ports"`
}

// Endpoint is one side of a connection: a pod, by its index, or an address of no pod.
type Endpoint struct {
	Pod *int        `json:"pod"`
	IP  *netip.Addr `json:"ip"`
}

// Query asks whether a connection is allowed.
type Query struct {
	Source      Endpoint        `json:"source"`
	Destination Endpoint        `json:"destination"`
	Protocol    corev1.Protocol `json:"protocol"`
	Port        uint16          `json:"port"`
}

// World is pods and the policies over them, with what is to be known about it.
type World struct {
	Namespaces         []Namespace                   `json:"namespaces"`
	Pods               []Pod                         `json:"pods"`
	Policies           []*networkingv1.NetworkPolicy `json:"policies"`
	IPBlockMatchesPods *bool                         `json:"ipblock_matches_pods"`
	Queries            []Query                       `json:"queries"`
}

// parse reads a world, fills in the defaults of its policies, and refuses what no judge could answer.
func parse(line []byte) (*World, error) {
	var world World
	// Keys are case-sensitive and unknown ones are ignored, as by the API server.
	if err := kjson.UnmarshalCaseSensitivePreserveInts(line, &world); err != nil {
		return nil, err
	}
	if world.IPBlockMatchesPods == nil {
		return nil, errors.New("ipblock_matches_pods is missing")
	}
	for i := range world.Pods {
		if pod := &world.Pods[i]; world.Namespace(pod.Namespace) == nil {
			return nil, fmt.Errorf("pod %s: no namespace %q", pod.Name, pod.Namespace)
		}
	}
	for i := range world.Queries {
		if err := world.check(&world.Queries[i]); err != nil {
			return nil, fmt.Errorf("query %d: %w", i, err)
		}
	}
	for i, policy := range world.Policies {
		if policy == nil {
			return nil, fmt.Errorf("policy %d is null", i)
		}
		setDefaults(policy)
		dropUnlisted(policy)
	}
	return &world, nil
}

// Namespace is the namespace with a name, nil if there is none.
func (w *World) Namespace(name string) *Namespace {
	for i := range w.Namespaces {
		if w.Namespaces[i].Name == name {
			return &w.Namespaces[i]
		}
	}
	return nil
}

// PodOf is the pod at one end, nil for an address.
func (w *World) PodOf(endpoint Endpoint) *Pod {
	if endpoint.Pod == nil {
		return nil
	}
	return &w.Pods[*endpoint.Pod]
}

func (w *World) check(query *Query) error {
	for _, endpoint := range []Endpoint{query.Source, query.Destination} {
		if (endpoint.Pod == nil) == (endpoint.IP == nil) {
			return errors.New("an end is either a pod or an address")
		}
		if pod := endpoint.Pod; pod != nil && (*pod < 0 || *pod >= len(w.Pods)) {
			return fmt.Errorf("no pod %d", *pod)
		}
	}
	switch query.Protocol {
	case corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP:
	default:
		return fmt.Errorf("no protocol %q", query.Protocol)
	}
	if query.Port == 0 {
		return errors.New("no port 0")
	}
	return nil
}

// isLoop tells a connection of a pod to itself.
func (q *Query) isLoop() bool {
	return q.Source.Pod != nil && q.Destination.Pod != nil && *q.Source.Pod == *q.Destination.Pod
}

// line is one JSON value as a line.
func line(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		// Strings always have a JSON form.
		panic(err)
	}
	return append(text, '\n')
}
