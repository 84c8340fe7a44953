package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

const (
	hostPod = `
apiVersion: v1
kind: Pod
metadata: {name: a, annotations: {container.apparmor.security.beta.kubernetes.io/c: unconfined}}
spec:
  hostNetwork: true
  containers: [{name: c, ports: [{containerPort: 80}]}]
  volumes: [{name: v}]
`
	hostReason = `forbidden AppArmor profiles (container \"c\" and annotation must not set AppArmor profile type to ` +
		`\"Unconfined\", \"container.apparmor.security.beta.kubernetes.io/c=\"unconfined\"\"), ` +
		`host namespaces (hostNetwork=true), hostPort (container \"c\" uses hostPort 80)`
)

func judged(t *testing.T, policy, input string) string {
	t.Helper()
	var out bytes.Buffer
	if err := run(policy, nil, strings.NewReader(input), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestJobsAreJudgedWithTheServersDefaults(t *testing.T) {
	input := fmt.Sprintf("%d baseline:v1.29 privileged:latest\n%s", len(hostPod), hostPod)
	input += "5 baseline:latest\na: [\n" + "12 restricted:v1.0\n{\"spec\": {}}"
	want := `{"verdicts":[{"allowed":false,"message":"violates PodSecurity \"baseline:v1.29\": ` + hostReason +
		`"},{"allowed":true}]}` + "\n"
	got := judged(t, "", input)
	if !strings.HasPrefix(got, want) {
		t.Errorf("got  %swant %s", got, want)
	}
	if lines := strings.Split(got, "\n"); len(lines) != 4 || !strings.Contains(lines[1], `"error"`) || !strings.Contains(lines[2], `"verdicts"`) {
		t.Errorf("got %s", got)
	}
}

func TestAVolumeWithoutSourceIsAnEmptyDir(t *testing.T) {
	pod := `{"spec":{"volumes":[{"name":"v"}]}}`
	got := judged(t, "", fmt.Sprintf("%d restricted:v1.0\n%s", len(pod), pod))
	if strings.Contains(got, "restricted volume types") || !strings.Contains(got, "verdicts") {
		t.Error(got)
	}
}

func TestBrokenInputFails(t *testing.T) {
	for _, input := range []string{"x baseline:latest\n", "3\nabc", "9 baseline:latest\nabc", "1 tight:latest\na", "1 baseline:1.29\na", "3"} {
		if err := run("", nil, strings.NewReader(input), &bytes.Buffer{}); err == nil {
			t.Errorf("%q passed", input)
		}
	}
}

func TestManifestsAreJudgedByKind(t *testing.T) {
	template := "{metadata: {name: t}, spec: {hostPID: true}}"
	var input strings.Builder
	kinds := []string{"v1 ReplicationController", "apps/v1 Deployment", "apps/v1 ReplicaSet", "apps/v1 DaemonSet", "apps/v1 StatefulSet", "batch/v1 Job"}
	for _, kind := range kinds {
		version, kind, _ := strings.Cut(kind, " ")
		fmt.Fprintf(&input, "apiVersion: %s\nkind: %s\nmetadata: {name: w}\nspec: {template: %s}\n---\n", version, kind, template)
	}
	fmt.Fprintf(&input, "apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {spec: {template: %s}}}\n---\n", template)
	fmt.Fprintf(&input, "apiVersion: v1\nkind: PodTemplate\ntemplate: %s\n---\n", template)
	fmt.Fprintf(&input, "# nothing\n---\napiVersion: v1\nkind: Service\n---\napiVersion: example.com/v1\nkind: Deployment\nspec: {template: %s}\n---\n", template)
	input.WriteString("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: x}, spec: {}}]\n")
	lines := strings.Split(strings.TrimSpace(judged(t, "baseline:latest", input.String())), "\n")
	if want := len(kinds) + 3; len(lines) != want {
		t.Fatalf("%d lines, want %d: %q", len(lines), want, lines)
	}
	for i, line := range lines[:len(lines)-1] {
		if !strings.Contains(line, `"message":"violates PodSecurity \"baseline:latest\": host namespaces (hostPID=true)"`) {
			t.Errorf("line %d: %s", i, line)
		}
	}
	if last := lines[len(lines)-1]; last != `{"kind":"Pod","namespace":"x","name":"p","allowed":true}` {
		t.Error(last)
	}
}
