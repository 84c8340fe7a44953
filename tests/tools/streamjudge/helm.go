package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	action3 "helm.sh/helm/v3/pkg/action"
	chart3 "helm.sh/helm/v3/pkg/chart"
	kube3 "helm.sh/helm/v3/pkg/kube"
	action4 "helm.sh/helm/v4/pkg/action"
	chart4 "helm.sh/helm/v4/pkg/chart/v2"
	kube4 "helm.sh/helm/v4/pkg/kube"
	release4 "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubectl/pkg/validation"

	"floe.dev/tests/tools/streamprotocol"
)

// postRenderer is one that has written the stream, whatever it was given.
type postRenderer []byte

func (p postRenderer) Run(*bytes.Buffer) (*bytes.Buffer, error) {
	return bytes.NewBuffer(p), nil
}

// helm3 installs a chart as far as that goes without a server. The release is the stream as the post-renderer wrote it;
// hooks never come to the post-renderer, so that none is in it.
func helm3(text []byte) ([]streamprotocol.Object, error) {
	install := action3.NewInstall(&action3.Configuration{Log: func(string, ...any) {}})
	install.ClientOnly, install.DryRun, install.DryRunOption = true, true, "client"
	install.ReleaseName, install.Namespace = "judged", namespace
	install.PostRenderer = postRenderer(text)
	chart := &chart3.Chart{Metadata: &chart3.Metadata{APIVersion: "v2", Name: "judged", Version: "1.0.0"}}
	release, err := install.Run(chart, nil)
	if err != nil {
		return nil, err
	}
	client := &kube3.Client{Factory: factory{}, Namespace: namespace}
	return allOrNone(client.Build(strings.NewReader(release.Manifest), true))
}

// helm4 does the same; there the post-renderer's output is taken apart into files, and these into hooks and the rest.
func helm4(text []byte) ([]streamprotocol.Object, error) {
	install := action4.NewInstall(action4.NewConfiguration())
	install.DryRunStrategy = action4.DryRunClient
	install.ReleaseName, install.Namespace = "judged", namespace
	install.PostRenderer = postRenderer(text)
	chart := &chart4.Chart{Metadata: &chart4.Metadata{APIVersion: "v2", Name: "judged", Version: "1.0.0"}}
	releaser, err := install.Run(chart, nil)
	if err != nil {
		return nil, err
	}
	release, ok := releaser.(*release4.Release)
	if !ok {
		return nil, fmt.Errorf("no release but %T", releaser)
	}
	client := &kube4.Client{Factory: factory{}, Namespace: namespace}
	build := func(reader io.Reader) ([]streamprotocol.Object, error) {
		return allOrNone(client.Build(reader, true))
	}
	found, err := build(strings.NewReader(release.Manifest))
	if err != nil {
		return nil, err
	}
	for _, hook := range release.Hooks {
		made, err := build(strings.NewReader(hook.Manifest))
		if err != nil {
			return nil, err
		}
		events := make([]string, len(hook.Events))
		for i, event := range hook.Events {
			events[i] = event.String()
		}
		for _, object := range made {
			object.Hook = strings.Join(events, ",")
			found = append(found, object)
		}
	}
	return found, nil
}

// allOrNone is what Helm makes of an error.
func allOrNone(infos []*resource.Info, err error) ([]streamprotocol.Object, error) {
	if err != nil {
		return nil, err
	}
	return objects(infos, nil)
}

// factory is all that a client needs to build.
type factory struct{}

func (factory) NewBuilder() *resource.Builder {
	return newBuilder()
}

// Validator leaves fields to the server, as Helm does with every server that is younger than 1.25.
func (factory) Validator(string) (validation.Schema, error) {
	return validation.NullSchema{}, nil
}

func (factory) ToRESTConfig() (*rest.Config, error) {
	return nil, errNoServer
}

func (factory) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return nil
}

func (factory) DynamicClient() (dynamic.Interface, error) {
	return nil, errNoServer
}

func (factory) KubernetesClientSet() (*kubernetes.Clientset, error) {
	return nil, errNoServer
}

var errNoServer = fmt.Errorf("there is no server")
