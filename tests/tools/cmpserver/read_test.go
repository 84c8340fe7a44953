package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestReadsWhatThePluginServerWouldApply(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: "
	hooked := func(hook string) string {
		return pod + "a\n  annotations:\n    argocd.argoproj.io/hook: " + hook + "\n"
	}
	for name, it := range map[string]struct{ text, want string }{
		"documents":            {pod + "a\n---\n" + pod + "b\n", "Pod/a Pod/b"},
		"list of any kind":     {"apiVersion: v1\nkind: ConfigMap\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n", "Pod/a"},
		"null list":            {"apiVersion: v1\nkind: ConfigMapList\nitems: null\n", ""},
		"nested list":          {"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items: [{apiVersion: v1, kind: Pod}]\n", "List/"},
		"JSON back to back":    {`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"}}`, "Pod/a Pod/b"},
		"NEL":                  {"# x\u0085kind: Pod\napiVersion: v1\nmetadata: {name: a}\n", "Pod/a"},
		"binary":               {"apiVersion: v1\nkind: !!binary UG9k\nmetadata: {name: a}\n", "Pod/a"},
		"comments":             {"# nothing\n---\n# here\n", ""},
		"hook":                 {hooked("PreSync"), "Pod/a"},
		"skipped":              {hooked("Skip"), ""},
		"skipped and a hook":   {hooked("Skip,Sync"), "Pod/a"},
		"Helm hook":            {pod + "a\n  annotations: {helm.sh/hook: pre-install}\n", "Pod/a"},
		"an error is the end":  {pod + "a\n---\na: [\n", "error"},
		"text after separator": {pod + "a\n--- x\n" + pod + "b\n", "error"},
	} {
		objects, err := argocd([]byte(it.text))
		var found []string
		for _, object := range objects {
			found = append(found, fmt.Sprintf("%s/%s", object.Kind, object.Name))
		}
		got := strings.Join(found, " ")
		if err != nil {
			got = "error"
		}
		if got != it.want {
			t.Errorf("%s: %q, want %q (%v)", name, got, it.want, err)
		}
	}
}
