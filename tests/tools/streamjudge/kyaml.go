package main

import (
	"bytes"
	"strings"

	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"floe.dev/tests/tools/streamprotocol"
)

// kyaml passes the stream through kio, which unwraps a List or ResourceList that stands alone. What comes out is applied.
func kyaml(text []byte) ([]streamprotocol.Object, error) {
	nodes, err := (&kio.ByteReader{Reader: bytes.NewReader(text)}).Read()
	return applied(nodes, err)
}

var resources = provider.NewDefaultDepProvider().GetResourceFactory()

// kustomize reads the stream as Kustomize reads a file of `resources`, and a generator's or transformer's output.
func kustomize(text []byte) ([]streamprotocol.Object, error) {
	nodes, err := resources.RNodesFromBytes(text)
	return applied(nodes, err)
}

func applied(nodes []*yaml.RNode, err error) ([]streamprotocol.Object, error) {
	if err != nil {
		return nil, err
	}
	text, err := kio.StringAll(nodes)
	if err != nil {
		return nil, err
	}
	return objects(infos(strings.NewReader(text)))
}
