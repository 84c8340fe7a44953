// Package streamprotocol is how a test asks what a reader of manifests would apply of a stream.
//
// A question is a line and the bytes of the stream behind it, whatever they are:
//
//	<length of the stream in bytes> <reader>... [values]
//
// The answer to each is one line, in the order of the questions, with an entry for every reader that was named:
//
//	{"kubectl":{"objects":[{"apiVersion":"v1","kind":"Pod","namespace":"default","name":"a"}]},
//	 "helm4":{"objects":[],"error":"<why the reader refuses the stream>"}}
//
// A reader that applies what stands before an error gives objects and the error. With `values` each object has its whole
// content as `value`. A reader that panics answers `{"objects":[],"panic":"..."}`.
package streamprotocol

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
)

// Object is what a reader would hand to the API server.
type Object struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	// Hook has the events at which a host creates the object apart from the others; empty for most.
	Hook string `json:"hook,omitempty"`
	// Value is the whole object.
	Value any `json:"value,omitempty"`
}

// Of describes an object by its content; what is no text where text belongs is empty.
func Of(content map[string]any) Object {
	text := func(from map[string]any, key string) string {
		value, _ := from[key].(string)
		return value
	}
	metadata, _ := content["metadata"].(map[string]any)
	return Object{
		APIVersion: text(content, "apiVersion"),
		Kind:       text(content, "kind"),
		Namespace:  text(metadata, "namespace"),
		Name:       text(metadata, "name"),
		Value:      content,
	}
}

// Reader says what it would apply of a stream. It is called from several goroutines at once.
type Reader func(text []byte) ([]Object, error)

// answer is what one reader says of one stream.
type answer struct {
	Objects []Object `json:"objects"`
	Error   string   `json:"error,omitempty"`
	Panic   string   `json:"panic,omitempty"`
}

// question is one stream on its way through a worker; done holds exactly one line.
type question struct {
	text    []byte
	readers []string
	values  bool
	done    chan []byte
}

// Serve answers every question of in. The queue keeps their order while workers finish in any order.
func Serve(in io.Reader, out io.Writer, readers map[string]Reader) error {
	work := make(chan *question)
	queue := make(chan *question, 1024)
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for q := range work {
				q.done <- q.answer(readers)
			}
		}()
	}
	readError := make(chan error, 1)
	go func() {
		readError <- read(in, readers, work, queue)
		close(work)
		close(queue)
	}()
	// The loop drains the queue even when writing fails, so that the reader can end.
	writer := bufio.NewWriterSize(out, 1<<20)
	var writeError error
	for q := range queue {
		line := <-q.done
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

// read hands each question to a worker and to the queue.
func read(in io.Reader, readers map[string]Reader, work, queue chan<- *question) error {
	reader := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := reader.ReadString('\n')
		if err == io.EOF && line == "" {
			return nil
		}
		if err != nil {
			return fmt.Errorf("question %q: %w", line, err)
		}
		q, err := parse(strings.Fields(line), readers)
		if err != nil {
			return fmt.Errorf("question %q: %w", line, err)
		}
		if _, err := io.ReadFull(reader, q.text); err != nil {
			return fmt.Errorf("stream of %d bytes: %w", len(q.text), err)
		}
		queue <- q
		work <- q
	}
}

func parse(words []string, readers map[string]Reader) (*question, error) {
	if len(words) < 2 {
		return nil, errors.New("wants a length and readers")
	}
	length, err := strconv.ParseUint(words[0], 10, 31)
	if err != nil {
		return nil, err
	}
	q := &question{text: make([]byte, length), done: make(chan []byte, 1)}
	for _, word := range words[1:] {
		if word == "values" {
			q.values = true
		} else if readers[word] == nil {
			return nil, fmt.Errorf("no reader is called %s", word)
		} else {
			q.readers = append(q.readers, word)
		}
	}
	return q, nil
}

func (q *question) answer(readers map[string]Reader) []byte {
	answers := make(map[string]answer, len(q.readers))
	for _, name := range q.readers {
		answers[name] = ask(readers[name], q.text, q.values)
	}
	line, err := json.Marshal(answers)
	if err != nil {
		// JSON has no infinity, which YAML has; the other fields are text.
		for name, it := range answers {
			for i := range it.Objects {
				it.Objects[i].Value = nil
			}
			it.Error = strings.TrimPrefix(it.Error+"; no JSON: "+err.Error(), "; ")
			answers[name] = it
		}
		line, _ = json.Marshal(answers)
	}
	return append(line, '\n')
}

// ask asks one reader. A panic is an answer too, not the end of the run.
func ask(reader Reader, text []byte, values bool) (said answer) {
	defer func() {
		if cause := recover(); cause != nil {
			said = answer{Objects: []Object{}, Panic: fmt.Sprint(cause)}
		}
	}()
	objects, err := reader(text)
	said.Objects = make([]Object, len(objects))
	for i, object := range objects {
		if !values {
			object.Value = nil
		}
		said.Objects[i] = object
	}
	if err != nil {
		said.Error = err.Error()
	}
	return said
}
