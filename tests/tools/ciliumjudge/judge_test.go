package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"floe.dev/tests/tools/networkworld"
	"github.com/cilium/cilium/pkg/identity"
	networkingv1 "k8s.io/api/networking/v1"
)

func TestMain(m *testing.M) {
	configure()
	os.Exit(m.Run())
}

// Pods 0 and 1 are in namespace a, 2 and 3 in b, which has no label; 0 and 1 differ in their ports, 2 and 3 in nothing.
const pods = `"namespaces":[{"name":"a","labels":{"team":"x"}},{"name":"b"}],"pods":[` +
	`{"namespace":"a","name":"p0","labels":{"app":"web"},"ips":["10.0.0.1"],"ports":[` +
	`{"name":"http","protocol":"TCP","port":80},{"name":"http","protocol":"UDP","port":81},{"name":"s","protocol":"SCTP","port":82}]},` +
	`{"namespace":"a","name":"p1","labels":{"app":"web"},"ips":["10.0.0.2"],"ports":[{"name":"http","protocol":"TCP","port":8080}]},` +
	`{"namespace":"b","name":"p2","labels":{"app":"web"}},{"namespace":"b","name":"p3","labels":{"app":"web"}}]`

// query is a connection as `source destination protocol port`, pods by their index.
func query(text string) string {
	fields := strings.Fields(text)
	end := func(field string) string {
		if len(field) == 1 {
			return fmt.Sprintf(`{"pod":%s}`, field)
		}
		return fmt.Sprintf(`{"ip":%q}`, field)
	}
	return fmt.Sprintf(`{"source":%s,"destination":%s,"protocol":%q,"port":%s}`, end(fields[0]), end(fields[1]), fields[2], fields[3])
}

func judged(t *testing.T, policies string, blocksMatchPods bool, queries ...string) string {
	t.Helper()
	var texts []string
	for _, text := range queries {
		texts = append(texts, query(text))
	}
	world := fmt.Sprintf(`{%s,"policies":[%s],"ipblock_matches_pods":%t,"queries":[%s]}`, pods, policies, blocksMatchPods, strings.Join(texts, ","))
	var out bytes.Buffer
	if err := networkworld.Run(strings.NewReader(world), &out, judge); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(out.String()), `{"verdicts":"`), `"}`)
}

// inA is a policy for all pods of namespace a.
func inA(more string) string {
	return `{"metadata":{"namespace":"a","name":"n"},"spec":{"podSelector":{},` + more + `}}`
}

func TestDirectionsThatAreNotListedAreNotEnforced(t *testing.T) {
	queries := []string{"2 0 TCP 1", "0 2 TCP 1", "0 0 TCP 1"}
	for spec, want := range map[string]string{
		`"policyTypes":["Egress"],"ingress":[]`:                              "101",
		`"policyTypes":["Egress"],"ingress":[{"from":[{"podSelector":{}}]}]`: "101",
		`"policyTypes":["Ingress"],"egress":[{"to":[{"podSelector":{}}]}]`:   "011",
		`"egress":[]`:                        "011",
		`"egress":[{"ports":[{"port":2}]}]`:  "001",
		`"policyTypes":["Ingress","Egress"]`: "001",
	} {
		if got := judged(t, inA(spec), false, queries...); got != want {
			t.Errorf("%s: %s, want %s", spec, got, want)
		}
	}
}

func TestNamedPortsAreThoseOfTheDestination(t *testing.T) {
	queries := []string{"2 0 TCP 80", "2 0 UDP 81", "2 0 SCTP 82", "2 1 TCP 8080", "2 1 TCP 80", "0 1 TCP 8080", "1 0 TCP 80", "1 0 TCP 8080", "0 1.2.3.4 TCP 80"}
	for spec, want := range map[string]string{
		`"ingress":[{"ports":[{"port":"http"}]}]`:                                                              "100101101",
		`"ingress":[{"ports":[{"port":"http","protocol":"UDP"}]}]`:                                             "010000001",
		`"ingress":[{"ports":[{"port":"s","protocol":"SCTP"}]}]`:                                               "001000001",
		`"policyTypes":["Egress"],"egress":[{"ports":[{"port":"http"}]}]`:                                      "111111100",
		`"policyTypes":["Egress"],"egress":[{"ports":[{"port":"s","protocol":"SCTP"}]}]`:                       "111110000",
		`"policyTypes":["Egress"],"egress":[{"to":[{"podSelector":{}}],"ports":[{"port":80,"endPort":8080}]}]`: "111111110",
	} {
		if got := judged(t, inA(spec), false, queries...); got != want {
			t.Errorf("%s: %s, want %s", spec, got, want)
		}
	}
}

func TestBlocksCoverAddressesAndNoPods(t *testing.T) {
	queries := []string{"10.0.0.1 0 TCP 1", "10.0.1.1 0 TCP 1", "10.0.1.128 0 TCP 1", "1 0 TCP 1", "fd00::1 0 TCP 1", "11.0.0.1 0 TCP 1"}
	for blocks, want := range map[string]string{
		`{"ipBlock":{"cidr":"10.0.0.0/8"}}`:                                                               "111000",
		`{"ipBlock":{"cidr":"10.0.0.9/8","except":["10.0.1.7/24"]}}`:                                      "100000",
		`{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.0.1.0/24"]}},{"ipBlock":{"cidr":"10.0.1.128/25"}}`: "101000",
		`{"ipBlock":{"cidr":"0.0.0.0/0"}}`:                                                                "111001",
		`{"ipBlock":{"cidr":"0.0.0.0/0","except":["10.0.0.0/8"]}}`:                                        "000001",
		`{"ipBlock":{"cidr":"::/0"}}`:                                                                     "000010",
		`{"ipBlock":{"cidr":"::/0","except":["fd00::/127"]}}`:                                             "000000",
	} {
		if got := judged(t, inA(`"ingress":[{"from":[`+blocks+`]}]`), false, queries...); got != want {
			t.Errorf("%s: %s, want %s", blocks, got, want)
		}
	}
}

func TestAnAddressHasTheIdentityOfTheLongestPrefix(t *testing.T) {
	block := &networkingv1.IPBlock{CIDR: "10.0.0.0/8", Except: []string{"10.1.0.0/16", "10.1.2.0/24"}}
	peers := []networkingv1.NetworkPolicyPeer{{IPBlock: block}}
	policy := networkingv1.NetworkPolicy{Spec: networkingv1.NetworkPolicySpec{Egress: []networkingv1.NetworkPolicyEgressRule{{To: peers}}}}
	external, err := identifyAddresses(&networkworld.World{Policies: []*networkingv1.NetworkPolicy{&policy}})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]identity.NumericIdentity{
		"10.2.0.1": identity.IdentityScopeLocal + 1,
		"10.1.3.1": identity.IdentityScopeLocal + 2,
		"10.1.2.1": identity.IdentityScopeLocal + 3,
		"11.0.0.1": identity.ReservedIdentityWorldIPv4,
		"fd00::1":  identity.ReservedIdentityWorldIPv6,
	} {
		if got := external.identityOf(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s has identity %d, want %d", address, got, want)
		}
	}
}

func TestWhatCiliumCannotJudgeIsAnError(t *testing.T) {
	for policy, blocksMatchPods := range map[string]bool{
		inA(`"ingress":[]`): true,
		inA(`"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0"}}]}]`): false,
	} {
		if got := judged(t, policy, blocksMatchPods, "2 0 TCP 1"); !strings.HasPrefix(got, `{"error":`) {
			t.Errorf("%s: %s", policy, got)
		}
	}
}
