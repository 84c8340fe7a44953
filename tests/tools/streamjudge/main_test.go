package main

import (
	"fmt"
	"strings"
	"testing"
)

const (
	pod  = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: "
	json = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`
)

// all is what every reader sees; other entries are those that see something else. `error` stands for one behind what
// is applied in spite of it.
type want map[string]string

var cases = map[string]struct {
	text string
	want want
}{
	"documents":  {pod + "a\n---\n" + pod + "b\n", want{"all": "Pod default/a, Pod default/b"}},
	"comments":   {"# nothing\n---\n# here\n", want{"all": ""}},
	"nothing":    {"", want{"all": ""}},
	"CRLF":       {strings.ReplaceAll(pod+"a\n---\n"+pod+"b\n", "\n", "\r\n"), want{"all": "Pod default/a, Pod default/b"}},
	"byte order": {"\ufeff" + pod + "a\n", want{"all": "Pod default/a"}},
	"UTF-16": {"\xff\xfek\x00i\x00n\x00d\x00:\x00P\x00o\x00d\x00", want{
		"all": "error",
	}},
	"of other namespaces": {
		pod + "a\n  namespace: ns\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ns}\n",
		want{
			"all": "Pod ns/a, Namespace /ns",
			// In the order of installation.
			"helm4": "Namespace /ns, Pod ns/a",
		},
	},

	"separator with blanks":      {pod + "a\n---  \t\n" + pod + "b\n", want{"all": "Pod default/a, Pod default/b"}},
	"separator with NBSP":        {pod + "a\n---\u00a0\n" + pod + "b\n", want{"all": "Pod default/a, Pod default/b"}},
	"separator with a comment":   {pod + "a\n--- # b\n" + pod + "b\n", want{"all": "Pod default/a, Pod default/b"}},
	"separator with text":        {pod + "a\n--- b\n" + pod + "b\n", want{"all": "error"}},
	"separator with a mapping":   {pod + "a\n--- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n", want{"all": "error"}},
	"separator without an end":   {pod + "a\n---", want{"all": "Pod default/a"}},
	"separator with more dashes": {pod + "a\n----\n" + pod + "b\n", want{"all": "error"}},

	"list of any kind": {
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n",
		want{"all": "Pod default/a"},
	},
	"nested list": {
		"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: PodList\n  items:\n  - {apiVersion: v1, kind: Pod, metadata: {name: a}}\n",
		// The builder refuses a list in a list; kyaml has taken the outer one away before.
		want{"all": "Pod default/a", "kubectl": "error", "helm3": "error"},
	},
	"items without a kind": {
		"apiVersion: v1\nkind: PodList\nitems:\n- {metadata: {name: a}}\n",
		want{"all": "Pod default/a", "kustomize": "error"},
	},
	"ResourceList": {
		"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n",
		want{"all": "Pod default/a"},
	},
	"ResourceList with a function's configuration": {
		"apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig: {apiVersion: v1, kind: Pod, metadata: {name: b}}\nitems: []\n",
		want{"all": ""},
	},

	"JSON": {json, want{"all": "Pod default/a"}},
	"JSON back to back": {json + json, want{
		"all": "Pod default/a, Pod default/a", "kyaml": "Pod default/a", "kustomize": "Pod default/a", "helm4": "Pod default/a",
	}},
	"JSON by lines": {json + "\n" + json + "\n", want{
		"all": "Pod default/a, Pod default/a", "kyaml": "Pod default/a", "kustomize": "Pod default/a", "helm4": "Pod default/a",
	}},
	"JSON, then YAML": {json + "\n---\n" + pod + "b\n", want{"all": "Pod default/a, Pod default/b"}},

	"binary kind":      {"apiVersion: v1\nkind: !!binary UG9k\nmetadata: {name: a}\n", want{"all": "Pod default/a"}},
	"escaped key":      {"apiVersion: v1\n\"k\\x69nd\": Pod\nmetadata: {name: a}\n", want{"all": "Pod default/a"}},
	"anchored kind":    {"apiVersion: v1\nkind: &k Pod\nmetadata: {name: a, labels: {k: *k}}\n", want{"all": "Pod default/a"}},
	"merged kind":      {"<<: {kind: Pod}\napiVersion: v1\nmetadata: {name: a}\n", want{"all": "Pod default/a"}},
	"indented mapping": {"  apiVersion: v1\n  kind: Pod\n  metadata: {name: a, annotations: {x: \"\nkind: ConfigMap\n\"}}\n", want{"all": "Pod default/a"}},
	"behind NEL":       {"# x\u0085kind: Pod\napiVersion: v1\nmetadata: {name: a}\n", want{"all": "Pod default/a"}},
	"behind U+2028":    {"# x\u2028kind: Pod\napiVersion: v1\nmetadata: {name: a}\n", want{"all": "Pod default/a"}},
	"duplicate key":    {"apiVersion: v1\nkind: ConfigMap\nkind: Pod\nmetadata: {name: a}\n", want{"all": "Pod default/a"}},

	"no kind":               {"apiVersion: v1\n", want{"all": "error"}},
	"an error behind a pod": {pod + "a\n---\na: [\n", want{"all": "error", "kubectl": "Pod default/a, error"}},
	"hook": {
		pod + "a\n  annotations: {helm.sh/hook: \"pre-install,test\"}\n",
		want{"all": "Pod default/a", "helm4": "Pod default/a at pre-install,test"},
	},
	"unknown hook": {
		pod + "a\n  annotations: {helm.sh/hook: never}\n",
		want{"all": "Pod default/a", "helm4": ""},
	},
}

func TestReadsWhatWouldBeApplied(t *testing.T) {
	quiet()
	for name, it := range cases {
		for reader, read := range readers {
			objects, err := read([]byte(it.text))
			var seen []string
			for _, object := range objects {
				line := fmt.Sprintf("%s %s/%s", object.Kind, object.Namespace, object.Name)
				if object.Hook != "" {
					line += " at " + object.Hook
				}
				seen = append(seen, line)
			}
			if err != nil {
				seen = append(seen, "error")
			}
			expected, special := it.want[reader]
			if !special {
				expected = it.want["all"]
			}
			if got := strings.Join(seen, ", "); got != expected {
				t.Errorf("%s: %s sees %q, want %q (%v)", name, reader, got, expected, err)
			}
		}
	}
}

func BenchmarkReaders(b *testing.B) {
	quiet()
	text := []byte(strings.Repeat(pod+"a\nspec:\n  containers:\n  - {name: a, image: b}\n---\n", 5))
	for name, read := range readers {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := read(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
