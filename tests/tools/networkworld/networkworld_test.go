package networkworld

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
)

// spec reads the policy that has a spec.
func spec(t *testing.T, text string) *networkingv1.NetworkPolicy {
	t.Helper()
	var policy networkingv1.NetworkPolicy
	if err := json.Unmarshal([]byte(`{"spec":`+text+`}`), &policy); err != nil {
		t.Fatal(err)
	}
	return &policy
}

func TestPoliciesGetTheServersDefaultsAndLoseWhatTheirTypesDoNotList(t *testing.T) {
	for given, want := range map[string]string{
		`{}`:                                `{"podSelector":{},"policyTypes":["Ingress"]}`,
		`{"egress":[]}`:                     `{"podSelector":{},"policyTypes":["Ingress"]}`,
		`{"egress":[{}]}`:                   `{"podSelector":{},"egress":[{}],"policyTypes":["Ingress","Egress"]}`,
		`{"policyTypes":[],"ingress":[{}]}`: `{"podSelector":{},"ingress":[{}],"policyTypes":["Ingress"]}`,
		`{"policyTypes":["Egress"],"ingress":[{}],"egress":[{}]}`:  `{"podSelector":{},"egress":[{}],"policyTypes":["Egress"]}`,
		`{"policyTypes":["Ingress"],"ingress":[{}],"egress":[{}]}`: `{"podSelector":{},"ingress":[{}],"policyTypes":["Ingress"]}`,
		`{"policyTypes":["Ingress","Ingress"]}`:                    `{"podSelector":{},"policyTypes":["Ingress","Ingress"]}`,
		`{"ingress":[{"ports":[{"port":1},{"protocol":"UDP"},{}]}]}`: `{"podSelector":{},"ingress":[{"ports":[` +
			`{"protocol":"TCP","port":1},{"protocol":"UDP"},{"protocol":"TCP"}]}],"policyTypes":["Ingress"]}`,
		`{"egress":[{"ports":[{"port":"a"}]}]}`: `{"podSelector":{},"egress":[{"ports":[` +
			`{"protocol":"TCP","port":"a"}]}],"policyTypes":["Ingress","Egress"]}`,
	} {
		policy := spec(t, given)
		setDefaults(policy)
		dropUnlisted(policy)
		if !reflect.DeepEqual(policy, spec(t, want)) {
			t.Errorf("%s: got %+v", given, policy.Spec)
		}
	}
}

// world is a world of two pods with a query from each of them to the other and to itself.
func world(more string) string {
	return `{"namespaces":[{"name":"n"}],"pods":[{"namespace":"n","name":"a"},{"namespace":"n","name":"b"}],"queries":[` +
		`{"source":{"pod":0},"destination":{"pod":0},"protocol":"TCP","port":1},` +
		`{"source":{"pod":0},"destination":{"pod":1},"protocol":"UDP","port":2},` +
		`{"source":{"pod":1},"destination":{"ip":"::1"},"protocol":"SCTP","port":65535}]` + more + "}\n"
}

func run(t *testing.T, input string, judge Judge) []string {
	t.Helper()
	var out bytes.Buffer
	if err := Run(strings.NewReader(input), &out, judge); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n")
}

func nothing(*World) (func(*Query) bool, error) {
	return func(*Query) bool { return false }, nil
}

func TestAPodReachesItselfWithoutAsking(t *testing.T) {
	got := run(t, world(`,"ipblock_matches_pods":false`), nothing)
	if want := []string{`{"verdicts":"100"}`}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %s", got)
	}
}

func TestAWorldThatCannotBeJudgedIsAnError(t *testing.T) {
	complete := `,"ipblock_matches_pods":true`
	for input, want := range map[string]string{
		"x":       "invalid character",
		world(""): "ipblock_matches_pods is missing",
		strings.Replace(world(complete), `"pod":1`, `"pod":2`, 1):                     "no pod 2",
		strings.Replace(world(complete), `"pod":1`, `"pod":-1`, 1):                    "no pod -1",
		strings.Replace(world(complete), `"pod":1`, `"pod":1,"ip":"1.2.3.4"`, 1):      "an end is either",
		strings.Replace(world(complete), `"pod":1`, `"Pod":1`, 1):                     "an end is either",
		strings.Replace(world(complete), `"::1"`, `"1.2.3"`, 1):                       "IPv4 address too short",
		strings.Replace(world(complete), `UDP`, `ICMP`, 1):                            `no protocol "ICMP"`,
		strings.Replace(world(complete), `"port":2`, `"port":0`, 1):                   "no port 0",
		strings.Replace(world(complete), `"port":2`, `"port":65536`, 1):               "cannot unmarshal number 65536",
		strings.Replace(world(complete), `"namespace":"n"`, `"namespace":"m"`, 1):     `no namespace "m"`,
		strings.Replace(world(complete), `"ip":"::1"`, `"ip":null`, 1):                "an end is either",
		world(complete + `,"policies":[null]`):                                        "policy 0 is null",
		world(complete + `,"policies":[{"spec":{"podSelector":{"matchLabels":[]}}}]`): "cannot unmarshal array",
	} {
		got := run(t, strings.TrimSpace(input)+"\n"+world(complete), nothing)
		if len(got) != 2 || !strings.HasPrefix(got[0], `{"error":`) || !strings.Contains(strings.ReplaceAll(got[0], `\"`, `"`), want) {
			t.Errorf("%s\ngot %s, want %s", input, got, want)
		}
		if got[len(got)-1] != `{"verdicts":"100"}` {
			t.Errorf("%s: the next world got %s", input, got[len(got)-1])
		}
	}
}

func TestAPanicIsAnErrorOfItsWorld(t *testing.T) {
	got := run(t, world(`,"ipblock_matches_pods":false`), func(world *World) (func(*Query) bool, error) {
		return func(query *Query) bool { panic(query.Port) }, nil
	})
	if want := []string{`{"error":"panic: 2"}`}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %s", got)
	}
}

func TestAnswersKeepTheOrderOfTheWorlds(t *testing.T) {
	var input strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&input, `{"namespaces":[{"name":"n%d"}],"ipblock_matches_pods":false}`+"\n", i)
	}
	got := run(t, input.String(), func(world *World) (func(*Query) bool, error) {
		return nil, fmt.Errorf("%s", world.Namespaces[0].Name)
	})
	for i, line := range got {
		if line != fmt.Sprintf(`{"error":"n%d"}`, i) {
			t.Fatalf("line %d is %s", i, line)
		}
	}
	if len(got) != 5000 {
		t.Errorf("%d lines", len(got))
	}
}
