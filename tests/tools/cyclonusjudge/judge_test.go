package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"floe.dev/tests/tools/networkworld"
)

// Pods 0 and 1 are in namespace a, 2 and 3 in b, which has no label. Pod 1 has addresses of both families, pod 3 has none.
const pods = `"namespaces":[{"name":"a","labels":{"team":"x"}},{"name":"b"}],"pods":[` +
	`{"namespace":"a","name":"p0","labels":{"app":"web","empty":""},"ips":["10.0.0.1"],"ports":[` +
	`{"name":"http","protocol":"TCP","port":80},{"name":"web","protocol":"TCP","port":80},{"name":"http","protocol":"UDP","port":81}]},` +
	`{"namespace":"a","name":"p1","labels":{"app":"db"},"ips":["10.0.0.2","fd00::2"],"ports":[{"name":"http","protocol":"TCP","port":8080}]},` +
	`{"namespace":"b","name":"p2","labels":{},"ips":["10.0.1.1","fd00::3"]},` +
	`{"namespace":"b","name":"p3","labels":{"app":"web"}}]`

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

// ingress is a policy for all pods of namespace a.
func ingress(rule string) string {
	return `{"metadata":{"namespace":"a","name":"n"},"spec":{"podSelector":{},"ingress":[` + rule + `]}}`
}

// egress likewise, with ingress open.
func egress(rule string) string {
	return `{"metadata":{"namespace":"a","name":"n"},"spec":{"podSelector":{},"policyTypes":["Egress"],"egress":[` + rule + `]}}`
}

func TestSelectorsAreThoseOfKubernetes(t *testing.T) {
	from := func(peer string) string { return ingress(`{"from":[` + peer + `]}`) }
	everyone := `{"namespaceSelector":{},"podSelector":{`
	for peer, want := range map[string]string{
		// To pod 1 from pods 0, 2 and 3.
		everyone + `"matchExpressions":[{"key":"app","operator":"NotIn","values":["web"]}]}}`: "010",
		everyone + `"matchExpressions":[{"key":"app","operator":"DoesNotExist"}]}}`:           "010",
		everyone + `"matchExpressions":[{"key":"app","operator":"Exists"}]}}`:                 "101",
		everyone + `"matchLabels":{"empty":""}}}`:                                             "100",
		everyone + `"matchLabels":{"app":"nobody"}}}`:                                         "000",
		`{"podSelector":{"matchLabels":{"app":"web"}}}`:                                       "100",
		`{"podSelector":{}}`: "100",
		`{"namespaceSelector":{"matchExpressions":[{"key":"team","operator":"NotIn","values":["x"]}]}}`:                                     "011",
		`{"namespaceSelector":{"matchLabels":{"team":"x"}}}`:                                                                                "100",
		`{"namespaceSelector":{"matchLabels":{"team":""}}}`:                                                                                 "000",
		`{"namespaceSelector":{"matchExpressions":[{"key":"team","operator":"Exists"}]},"podSelector":{}}`:                                  "100",
		`{"namespaceSelector":{"matchExpressions":[{"key":"team","operator":"DoesNotExist"}]},"podSelector":{"matchLabels":{"app":"web"}}}`: "001",
	} {
		if got := judged(t, from(peer), false, "0 1 TCP 1", "2 1 TCP 1", "3 1 TCP 1"); got != want {
			t.Errorf("%s: %s, want %s", peer, got, want)
		}
	}
}

func TestThePodSelectorOfAPolicyIsThatOfKubernetes(t *testing.T) {
	policy := `{"metadata":{"namespace":"a","name":"n"},"spec":{"podSelector":{"matchExpressions":[` +
		`{"key":"app","operator":"NotIn","values":["db"]},{"key":"other","operator":"NotIn","values":["x"]}]}}}`
	if got := judged(t, policy, false, "2 0 TCP 1", "2 1 TCP 1", "0 2 TCP 1"); got != "011" {
		t.Error(got)
	}
}

func TestNamedPortsAreThoseOfTheDestination(t *testing.T) {
	queries := []string{
		"2 0 TCP 80", "2 0 UDP 81", "2 0 TCP 81", "2 1 TCP 8080", "2 1 TCP 80", "0 2 TCP 80", "0 1 TCP 8080", "1 0 TCP 80", "0 1.2.3.4 TCP 80",
	}
	for policy, want := range map[string]string{
		ingress(`{"ports":[{"port":"http"}]}`):                  "100101111",
		ingress(`{"ports":[{"port":"web"}]}`):                   "100001011",
		ingress(`{"ports":[{"port":"http","protocol":"UDP"}]}`): "010001001",
		egress(`{"ports":[{"port":"http"}]}`):                   "111110110",
		egress(`{"ports":[{"port":"web"}]}`):                    "111110010",
	} {
		if got := judged(t, policy, false, queries...); got != want {
			t.Errorf("%s: %s, want %s", policy, got, want)
		}
	}
}

func TestBlocksCoverPodsOnRequestOnly(t *testing.T) {
	from := func(block string) string { return ingress(`{"from":[{"ipBlock":` + block + `}]}`) }
	queries := []string{"0 1 TCP 1", "2 1 TCP 1", "3 1 TCP 1", "10.0.0.77 1 TCP 1", "10.0.1.77 1 TCP 1", "fd00::9 1 TCP 1"}
	for block, want := range map[string][2]string{
		`{"cidr":"10.0.0.0/16"}`:                          {"000110", "110110"},
		`{"cidr":"10.0.0.0/16","except":["10.0.1.0/24"]}`: {"000100", "100100"},
		`{"cidr":"fd00::/64"}`:                            {"000001", "010001"},
		`{"cidr":"0.0.0.0/0"}`:                            {"000110", "110110"},
		`{"cidr":"::/0","except":["fd00::8/125"]}`:        {"000000", "010000"},
	} {
		for i, matches := range []bool{false, true} {
			if got := judged(t, from(block), matches, queries...); got != want[i] {
				t.Errorf("%s, %t: %s, want %s", block, matches, got, want[i])
			}
		}
	}
}

func TestARuleOfBlocksIsNotForAllPodsWithoutThem(t *testing.T) {
	to := egress(`{"to":[{"ipBlock":{"cidr":"10.0.0.0/8"}}]}`)
	if got := judged(t, to, false, "0 1 TCP 1", "0 3 TCP 1", "0 10.0.0.2 TCP 1", "0 11.0.0.2 TCP 1"); got != "0010" {
		t.Error(got)
	}
}

func TestBothDirectionsUseTheSameFamily(t *testing.T) {
	out := egress(`{"to":[{"ipBlock":{"cidr":"10.0.0.0/8"}}]}`)
	into := func(cidr string) string {
		return `{"metadata":{"namespace":"b","name":"n"},"spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"` + cidr + `"}}]}]}}`
	}
	for cidr, want := range map[string]string{"10.0.0.0/8": "1", "fd00::/64": "0"} {
		if got := judged(t, out+","+into(cidr), true, "1 2 TCP 1"); got != want {
			t.Errorf("%s: %s", cidr, got)
		}
	}
}

func TestAnInvalidPolicyIsAnError(t *testing.T) {
	for _, policy := range []string{
		ingress(`{"ports":[{"endPort":5}]}`),
		ingress(`{"from":[{"podSelector":{"matchExpressions":[{"key":"app","operator":"In"}]}}]}`),
		ingress(`{"from":[{"ipBlock":{"cidr":"10.0.0.0"}}]}`),
	} {
		if got := judged(t, policy, false, "10.0.0.9 1 TCP 1"); !strings.HasPrefix(got, `{"error":`) {
			t.Errorf("%s: %s", policy, got)
		}
	}
}
