// Cmpserver is Argo CD's plugin server, and the repo server's side of the talk with it.
//
//	cmpserver serve --config-dir-path DIR
//
// is `argocd-cmp-server`, the command that Argo CD starts in a sidecar, with its flags and its environment:
// ARGOCD_PLUGINSOCKFILEPATH is the folder of the socket.
//
//	cmpserver ask [-timeout 30s] -application FILE REPOSITORY
//
// makes of an Application and a checked out repository what the repo server makes of them: it finds the plugin's socket
// in ARGOCD_PLUGINSOCKFILEPATH, asks whether the plugin is for the source, sends all files with the environment, and
// takes the answer apart. It prints one line:
//
//	{"sourceType":"Plugin","manifests":[{"apiVersion":"v1","kind":"Namespace"}]}
//	{"error":"<what Argo CD would show>"}
//
//	cmpserver read
//
// says of any number of streams what Argo CD would apply of each if a plugin had written it, as the reader `argocd` of
// the protocol of floe.dev/tests/tools/streamprotocol.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	"github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/reposerver/apiclient"
	"github.com/argoproj/argo-cd/v3/reposerver/repository"
	"github.com/argoproj/argo-cd/v3/util/git"
	utilio "github.com/argoproj/argo-cd/v3/util/io"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"
)

// revision is the commit of every source; nothing depends on its value.
const revision = "0123456789abcdef0123456789abcdef01234567"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cmpserver:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("wants `serve`, `ask` or `read`")
	}
	switch arguments[0] {
	case "serve":
		server := commands.NewCommand()
		server.SetArgs(arguments[1:])
		return server.Execute()
	case "ask":
		return ask(arguments[1:])
	case "read":
		return serveReader()
	default:
		return fmt.Errorf("wants `serve`, `ask` or `read`, not %q", arguments[0])
	}
}

// answer is what ask prints.
type answer struct {
	SourceType string            `json:"sourceType,omitempty"`
	Manifests  []json.RawMessage `json:"manifests,omitempty"`
	Error      string            `json:"error,omitempty"`
}

func ask(arguments []string) error {
	flags := flag.NewFlagSet("ask", flag.ContinueOnError)
	timeout := flags.Duration("timeout", 30*time.Second, "the request's deadline, from now on")
	file := flags.String("application", "", "the file of the Application")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("ask wants the folder of one repository")
	}
	root, err := filepath.Abs(flags.Arg(0))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(*file)
	if err != nil {
		return err
	}
	var application v1alpha1.Application
	if err := yaml.UnmarshalStrict(text, &application); err != nil {
		return fmt.Errorf("%s: %w", *file, err)
	}
	if application.Spec.Source == nil {
		return fmt.Errorf("%s: no spec.source", *file)
	}
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	return json.NewEncoder(os.Stdout).Encode(generate(ctx, &application, root))
}

// generate does what the repo server does once it has the repository; a refusal is an answer.
func generate(ctx context.Context, application *v1alpha1.Application, root string) answer {
	paths := utilio.NewRandomizedTempPaths(os.TempDir())
	path := filepath.Join(root, application.Spec.Source.Path)
	response, err := repository.GenerateManifests(
		ctx, path, root, revision, request(application), false, git.NoopCredsStore{}, resource.MustParse("10M"), paths)
	if err != nil {
		return answer{Error: err.Error()}
	}
	manifests := make([]json.RawMessage, len(response.Manifests))
	for i, manifest := range response.Manifests {
		manifests[i] = json.RawMessage(manifest)
	}
	return answer{SourceType: response.SourceType, Manifests: manifests}
}

// request is what Argo CD's controller asks of the repo server, with the defaults of an installation.
func request(application *v1alpha1.Application) *apiclient.ManifestRequest {
	return &apiclient.ManifestRequest{
		Repo:              &v1alpha1.Repository{Repo: application.Spec.Source.RepoURL},
		Revision:          revision,
		AppName:           application.Name,
		AppLabelKey:       common.LabelKeyAppInstance,
		TrackingMethod:    string(v1alpha1.TrackingMethodAnnotation),
		Namespace:         application.Spec.Destination.Namespace,
		ApplicationSource: application.Spec.Source,
		ProjectName:       application.Spec.Project,
		KubeVersion:       "1.37",
		ApiVersions:       []string{"v1", "apps/v1", "networking.k8s.io/v1"},
	}
}
