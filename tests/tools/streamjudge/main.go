// Streamjudge says what the readers of a stream of manifests would apply of it:
//
//   - kubectl: what `kubectl apply -f` builds of a file (k8s.io/cli-runtime/pkg/resource);
//   - helm3 and helm4: what a release holds after a post-renderer has written the stream, hooks apart, as the Kubernetes
//     client of that Helm builds it;
//   - kyaml: what `kubectl apply` builds of the output of a function or of kpt that has read the stream with kyaml;
//   - kustomize: the same of Kustomize, which takes lists apart.
//
// The protocol is that of floe.dev/tests/tools/streamprotocol, which `cmpserver read` speaks for Argo CD. No reader asks a
// server: every kind exists, and objects without a namespace are in `default`.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"

	"floe.dev/tests/tools/streamprotocol"
)

var readers = map[string]streamprotocol.Reader{
	"kubectl":   kubectl,
	"helm3":     helm3,
	"helm4":     helm4,
	"kyaml":     kyaml,
	"kustomize": kustomize,
}

func main() {
	flag.Parse()
	if flag.NArg() != 0 {
		fmt.Fprintln(os.Stderr, "streamjudge: takes no arguments, questions come on standard input")
		os.Exit(2)
	}
	quiet()
	if err := streamprotocol.Serve(os.Stdin, os.Stdout, readers); err != nil {
		fmt.Fprintln(os.Stderr, "streamjudge:", err)
		os.Exit(1)
	}
}

// quiet drops what both Helms log of each stream.
func quiet() {
	log.SetOutput(io.Discard)
	slog.SetDefault(slog.New(slog.DiscardHandler))
}
