package networkworld

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
)

// Judge prepares a world, and returns what answers its queries. Worlds are judged concurrently, the queries of a world
// one after the other. A panic of either is the world's error.
type Judge func(*World) (func(*Query) bool, error)

// Main judges the worlds of standard input and ends the process.
func Main(name string, judge Judge) {
	if len(os.Args) != 1 {
		fmt.Fprintf(os.Stderr, "%s: takes no arguments, worlds come on standard input\n", name)
		os.Exit(2)
	}
	if err := Run(os.Stdin, os.Stdout, judge); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Run judges every world of in. The queue keeps the order of the input while workers finish in any order.
func Run(in io.Reader, out io.Writer, judge Judge) error {
	type job struct {
		world []byte
		done  chan []byte
	}
	work := make(chan *job)
	// Worlds are large: a short queue keeps the workers busy.
	queue := make(chan *job, 4*runtime.GOMAXPROCS(0))
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for j := range work {
				j.done <- answer(j.world, judge)
			}
		}()
	}
	readError := make(chan error, 1)
	go func() {
		readError <- read(in, func(world []byte) {
			j := &job{world: world, done: make(chan []byte, 1)}
			queue <- j
			work <- j
		})
		close(work)
		close(queue)
	}()
	// The loop drains the queue even when writing fails, so that the reader can end.
	writer := bufio.NewWriterSize(out, 1<<16)
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

// read submits each line of in.
func read(in io.Reader, submit func([]byte)) error {
	reader := bufio.NewReaderSize(in, 1<<20)
	for {
		world, err := reader.ReadBytes('\n')
		if len(bytes.TrimSpace(world)) > 0 {
			submit(world)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// answer returns the line for one world.
func answer(text []byte, judge Judge) (answered []byte) {
	defer func() {
		if cause := recover(); cause != nil {
			answered = failure(fmt.Errorf("panic: %v", cause))
		}
	}()
	world, err := parse(text)
	if err != nil {
		return failure(err)
	}
	allows, err := judge(world)
	if err != nil {
		return failure(err)
	}
	verdicts := make([]byte, len(world.Queries))
	for i := range world.Queries {
		query := &world.Queries[i]
		verdicts[i] = '0'
		if query.isLoop() || allows(query) {
			verdicts[i] = '1'
		}
	}
	return line(map[string]string{"verdicts": string(verdicts)})
}

func failure(err error) []byte {
	return line(map[string]string{"error": err.Error()})
}
