package main

import (
	"errors"
	"os"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync/hook"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/utils/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"floe.dev/tests/tools/streamprotocol"
)

func serveReader() error {
	return streamprotocol.Serve(os.Stdin, os.Stdout, map[string]streamprotocol.Reader{"argocd": argocd})
}

// argocd makes of a plugin's output what the plugin server, the repo server and the controller make of it one after the
// other; an error of any of them leaves nothing. Objects that name no namespace get the application's when they are
// applied, and have none here.
func argocd(text []byte) ([]streamprotocol.Object, error) {
	// Plugin server: cmpserver/plugin/plugin.go.
	manifests, err := kube.SplitYAMLToString(text)
	if err != nil {
		return nil, err
	}
	found := []streamprotocol.Object{}
	for _, manifest := range manifests {
		// Repo server: runConfigManagementPluginSidecars in reposerver/repository/repository.go.
		split, err := kube.SplitYAML([]byte(manifest))
		if err != nil {
			return nil, err
		}
		for _, object := range split {
			targets, err := targets(object)
			if err != nil {
				return nil, err
			}
			for _, target := range targets {
				// Controller: what has this hook is never applied.
				if !hook.Skip(target) {
					found = append(found, streamprotocol.Of(target.Object))
				}
			}
		}
	}
	return found, nil
}

// targets is the end of generateManifests in reposerver/repository/repository.go.
func targets(object *unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	switch {
	case object.IsList():
		var items []*unstructured.Unstructured
		err := object.EachListItem(func(item runtime.Object) error {
			target, ok := item.(*unstructured.Unstructured)
			if !ok {
				return errors.New("resource list item has unexpected type")
			}
			items = append(items, target)
			return nil
		})
		return items, err
	case isNullList(object):
		return nil, nil
	default:
		return []*unstructured.Unstructured{object}, nil
	}
}

// isNullList is the repo server's function of that name.
func isNullList(object *unstructured.Unstructured) bool {
	for _, key := range []string{"spec", "status"} {
		if _, ok := object.Object[key]; ok {
			return false
		}
	}
	field, ok := object.Object["items"]
	return ok && field == nil
}
