// Yamljudge says what Kubernetes makes of a YAML document.
//
// It reads documents from standard input, each as its length in bytes in decimal, a newline, and the bytes themselves;
// any bytes are allowed. For each it prints one line, in the order of the input:
//
//	{"ok":<the JSON value that kubectl and Helm would send>}
//	{"error":"<why sigs.k8s.io/yaml refuses the document>"}
//
// With -strict a duplicate mapping key is an error, as it is for `kubectl apply --validate=strict`; without it the last
// value wins. One process judges any number of documents on all cores, and answers a caller that sends one document
// and waits for its line.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"

	"sigs.k8s.io/yaml"
)

// job is one document on its way through a worker; done holds exactly one line.
type job struct {
	document []byte
	done     chan []byte
}

func main() {
	strict := flag.Bool("strict", false, "refuse duplicate mapping keys")
	flag.Parse()
	if flag.NArg() != 0 {
		fmt.Fprintln(os.Stderr, "yamljudge: takes no arguments, documents come on standard input")
		os.Exit(2)
	}
	if err := run(os.Stdin, os.Stdout, *strict); err != nil {
		fmt.Fprintln(os.Stderr, "yamljudge:", err)
		os.Exit(1)
	}
}

// run judges every document of in. The queue keeps the order of the input while workers finish in any order.
func run(in io.Reader, out io.Writer, strict bool) error {
	work := make(chan *job)
	queue := make(chan *job, 1024)
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for j := range work {
				j.done <- judge(j.document, strict)
			}
		}()
	}
	readError := make(chan error, 1)
	go func() {
		readError <- read(in, work, queue)
		close(work)
		close(queue)
	}()
	// The loop drains the queue even when writing fails, so that the reader can end.
	writer := bufio.NewWriterSize(out, 1<<20)
	var writeError error
	for j := range queue {
		line := <-j.done
		if writeError != nil {
			continue
		}
		if _, writeError = writer.Write(line); writeError == nil && len(queue) == 0 {
			writeError = writer.Flush()
		}
	}
	if writeError == nil {
		writeError = writer.Flush()
	}
	if err := <-readError; err != nil {
		return err
	}
	return writeError
}

// read hands each length-prefixed document to a worker and to the queue.
func read(in io.Reader, work, queue chan<- *job) error {
	reader := bufio.NewReaderSize(in, 1<<20)
	for {
		prefix, err := reader.ReadString('\n')
		if err == io.EOF && prefix == "" {
			return nil
		}
		if err != nil {
			return fmt.Errorf("length prefix %q: %w", prefix, err)
		}
		length, err := strconv.ParseUint(prefix[:len(prefix)-1], 10, 31)
		if err != nil {
			return fmt.Errorf("length prefix %q: %w", prefix, err)
		}
		document := make([]byte, length)
		if _, err := io.ReadFull(reader, document); err != nil {
			return fmt.Errorf("document of %d bytes: %w", length, err)
		}
		j := &job{document: document, done: make(chan []byte, 1)}
		queue <- j
		work <- j
	}
}

// judge returns the line for one document. A panic of the parser is an answer too, not the end of the run.
func judge(document []byte, strict bool) (line []byte) {
	defer func() {
		if cause := recover(); cause != nil {
			line = failure(fmt.Errorf("panic: %v", cause))
		}
	}()
	convert := yaml.YAMLToJSON
	if strict {
		convert = yaml.YAMLToJSONStrict
	}
	value, err := convert(document)
	if err != nil {
		return failure(err)
	}
	return bytes.Join([][]byte{[]byte(`{"ok":`), value, []byte("}\n")}, nil)
}

func failure(err error) []byte {
	// Marshalling a map of strings cannot fail.
	line, _ := json.Marshal(map[string]string{"error": err.Error()})
	return append(line, '\n')
}
