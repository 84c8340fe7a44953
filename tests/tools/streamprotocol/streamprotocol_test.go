package streamprotocol

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

var readers = map[string]Reader{
	"one": func(text []byte) ([]Object, error) {
		return []Object{Of(map[string]any{"kind": "Pod", "metadata": map[string]any{"name": string(text)}})}, nil
	},
	"none":     func([]byte) ([]Object, error) { return nil, errors.New("no") },
	"broken":   func([]byte) ([]Object, error) { panic("at the disco") },
	"infinite": func([]byte) ([]Object, error) { return []Object{{Kind: "A", Value: math.Inf(1)}}, nil },
}

func serve(t *testing.T, in string) []string {
	t.Helper()
	var out bytes.Buffer
	if err := Serve(strings.NewReader(in), &out, readers); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

func TestAnswersForEachReader(t *testing.T) {
	for in, want := range map[string]string{
		"2 one\na\n":          `{"one":{"objects":[{"apiVersion":"","kind":"Pod","namespace":"","name":"a\n"}]}}`,
		"0 none\n":            `{"none":{"objects":[],"error":"no"}}`,
		"0 broken none\n":     `{"broken":{"objects":[],"panic":"at the disco"},"none":{"objects":[],"error":"no"}}`,
		"1 one values\na":     `{"one":{"objects":[{"apiVersion":"","kind":"Pod","namespace":"","name":"a","value":{"kind":"Pod","metadata":{"name":"a"}}}]}}`,
		"0 infinite values\n": `{"infinite":{"objects":[{"apiVersion":"","kind":"A","namespace":"","name":""}],"error":"no JSON: json: unsupported value: +Inf"}}`,
	} {
		if lines := serve(t, in); len(lines) != 1 || lines[0] != want {
			t.Errorf("%q: %q, want %q", in, lines, want)
		}
	}
}

func TestKeepsTheOrderOfTheInput(t *testing.T) {
	var in strings.Builder
	for i := range 20000 {
		name := fmt.Sprint(i)
		fmt.Fprintf(&in, "%d one\n%s", len(name), name)
	}
	for i, line := range serve(t, in.String()) {
		if !strings.Contains(line, fmt.Sprintf(`"name":"%d"`, i)) {
			t.Fatalf("answer %d is %s", i, line)
		}
	}
}

func TestRefusesWhatIsNoQuestion(t *testing.T) {
	for _, in := range []string{"1 one\n", "one\n", "x one\n", "1\na", "0 nobody\n", "0 one"} {
		if err := Serve(strings.NewReader(in), &bytes.Buffer{}, readers); err == nil {
			t.Errorf("%q is taken for a question", in)
		}
	}
}
