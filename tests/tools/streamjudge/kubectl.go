package main

import (
	"bytes"
	"io"
	"sync"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/restmapper"

	"floe.dev/tests/tools/streamprotocol"
)

// namespace is where objects go that name none.
const namespace = "default"

// kubectl builds what `kubectl apply -f` builds of a file. It goes on after an error, and applies what it has.
func kubectl(text []byte) ([]streamprotocol.Object, error) {
	// As resource.FileVisitor opens files and standard input.
	reader := transform.NewReader(bytes.NewReader(text), unicode.BOMOverride(unicode.UTF8.NewDecoder()))
	return objects(infos(reader))
}

// infos is ApplyOptions.GetObjects of kubectl; a server validates fields, and not the client.
func infos(reader io.Reader) ([]*resource.Info, error) {
	return newBuilder().
		Unstructured().
		ContinueOnError().
		NamespaceParam(namespace).DefaultNamespace().
		Stream(reader, "STDIN").
		Flatten().
		Do().
		Infos()
}

// objects keeps the error beside what was built before it.
func objects(infos []*resource.Info, err error) ([]streamprotocol.Object, error) {
	found := make([]streamprotocol.Object, 0, len(infos))
	for _, info := range infos {
		object := streamprotocol.Of(info.Object.(*unstructured.Unstructured).Object)
		object.Namespace, object.Name = info.Namespace, info.Name
		found = append(found, object)
	}
	return found, err
}

func newBuilder() *resource.Builder {
	return resource.NewFakeBuilder(
		func(schema.GroupVersion) (resource.RESTClient, error) { return nil, nil },
		func() (meta.RESTMapper, error) { return everyKind{}, nil },
		func() (restmapper.CategoryExpander, error) { return resource.FakeCategoryExpander, nil },
	)
}

// everyKind maps every kind as a server that has it would. Builders ask nothing else of a mapper.
type everyKind struct{ meta.RESTMapper }

// mappings has the answers, because a stream asks for the same few kinds again and again.
var mappings sync.Map

func (everyKind) RESTMapping(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	version := ""
	if len(versions) > 0 {
		version = versions[0]
	}
	key := kind.WithVersion(version)
	if known, ok := mappings.Load(key); ok {
		return known.(*meta.RESTMapping), nil
	}
	plural, _ := meta.UnsafeGuessKindToResource(key)
	mapping := &meta.RESTMapping{Resource: plural, GroupVersionKind: key, Scope: meta.RESTScopeNamespace}
	if clusterScoped[kind] {
		mapping.Scope = meta.RESTScopeRoot
	}
	mappings.Store(key, mapping)
	return mapping, nil
}

// clusterScoped has the kinds of Kubernetes without a namespace that charts bring.
var clusterScoped = map[schema.GroupKind]bool{
	{Kind: "Namespace"}:        true,
	{Kind: "Node"}:             true,
	{Kind: "PersistentVolume"}: true,
	{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"}:     true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}:        true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}: true,
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"}:   true,
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}:                 true,
	{Group: "apiregistration.k8s.io", Kind: "APIService"}:                             true,
	{Group: "networking.k8s.io", Kind: "IngressClass"}:                                true,
	{Group: "node.k8s.io", Kind: "RuntimeClass"}:                                      true,
	{Group: "policy.networking.k8s.io", Kind: "AdminNetworkPolicy"}:                   true,
	{Group: "policy.networking.k8s.io", Kind: "BaselineAdminNetworkPolicy"}:           true,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}:                         true,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}:                  true,
	{Group: "scheduling.k8s.io", Kind: "PriorityClass"}:                               true,
	{Group: "storage.k8s.io", Kind: "CSIDriver"}:                                      true,
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                                   true,
}
