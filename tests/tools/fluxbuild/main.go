// Fluxbuild builds a folder of a repository as Flux's kustomize-controller does, with the controller's own packages.
//
//	fluxbuild FILE REPOSITORY
//
// FILE holds a Kustomization of Flux, among other objects perhaps; its spec.path is the folder. What the controller would
// apply comes as a stream of YAML. As in the controller, the folder's kustomization.yaml is written anew, or made.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/fluxcd/pkg/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "fluxbuild: wants the file of a Kustomization and the folder of a repository")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fluxbuild:", err)
		os.Exit(1)
	}
}

func run(file, repository string, out io.Writer) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	kustomization, err := find(text)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		return err
	}
	path, _, err := unstructured.NestedString(kustomization.Object, "spec", "path")
	if err != nil {
		return err
	}
	folder := filepath.Join(root, path)
	if _, err := kustomize.NewGenerator(root, kustomization).WriteFile(folder); err != nil {
		return err
	}
	resources, err := kustomize.SecureBuild(root, folder, false)
	if err != nil {
		return err
	}
	manifests, err := resources.AsYaml()
	if err != nil {
		return err
	}
	_, err = out.Write(manifests)
	return err
}

// find returns the first Kustomization of Flux.
func find(text []byte) (unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		var object unstructured.Unstructured
		switch err := decoder.Decode(&object); {
		case errors.Is(err, io.EOF):
			return object, errors.New("holds no Kustomization of Flux")
		case err != nil:
			return object, err
		}
		kind := object.GroupVersionKind()
		if kind.Group == "kustomize.toolkit.fluxcd.io" && kind.Kind == "Kustomization" {
			return object, nil
		}
	}
}
