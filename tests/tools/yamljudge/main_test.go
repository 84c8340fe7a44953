package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// prefixed frames documents as main reads them.
func prefixed(documents ...string) *bytes.Buffer {
	var framed bytes.Buffer
	for _, document := range documents {
		fmt.Fprintf(&framed, "%d\n%s", len(document), document)
	}
	return &framed
}

func TestReadsByTheRulesOfKubernetes(t *testing.T) {
	var out bytes.Buffer
	in := prefixed("a: yes\nmode: 0644\n", "a: 1\na: 2\n", "", "a: [", "base: &x {k: v}\nuse: {<<: *x}\n", "a: \x00", "n: 0\n")
	if err := run(in, &out, false); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	want := []string{
		`{"ok":{"a":true,"mode":420}}`,
		`{"ok":{"a":2}}`,
		`{"ok":null}`,
		`{"error":`,
		`{"ok":{"base":{"k":"v"},"use":{"k":"v"}}}`,
		`{"error":`,
		`{"ok":{"false":0}}`,
		``,
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines instead of %d: %q", len(lines), len(want), lines)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("line %d is %s, want %s", i, line, want[i])
		}
	}
}

func TestStrictRefusesDuplicateKeys(t *testing.T) {
	var out bytes.Buffer
	if err := run(prefixed("a: 1\na: 2\n"), &out, true); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `already set`) {
		t.Errorf("duplicate key accepted: %s", out.String())
	}
}

func TestKeepsTheOrderOfTheInput(t *testing.T) {
	var documents []string
	for i := range 20000 {
		documents = append(documents, fmt.Sprintf("i: %d\n", i))
	}
	var out bytes.Buffer
	if err := run(prefixed(documents...), &out, false); err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		if line != fmt.Sprintf(`{"ok":{"i":%d}}`, i) {
			t.Fatalf("line %d is %s", i, line)
		}
	}
}

func TestRefusesABrokenFrame(t *testing.T) {
	for _, input := range []string{"x\n", "5", "9\nab", "-1\n", "99999999999\n"} {
		var out bytes.Buffer
		if err := run(strings.NewReader(input), &out, false); err == nil {
			t.Errorf("%q accepted", input)
		}
	}
}
