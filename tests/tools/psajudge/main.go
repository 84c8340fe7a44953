// Psajudge says what Pod Security Admission makes of a pod, by upstream's own checks.
//
// It reads jobs from standard input, each as a line with the length of the pod in bytes and one or more policies, and
// the pod itself, as YAML or, where it starts with a brace, JSON:
//
//	57 baseline:v1.29 restricted:latest
//
// For each it prints one line, in the order of the input:
//
//	{"verdicts":[{"allowed":true},{"allowed":false,"message":"violates PodSecurity \"restricted:latest\": ..."}]}
//	{"error":"<why the API server would not read the pod>"}
//
// A pod is judged as the API server sees it: with the defaults that it fills in before admission. A pod template is
// judged as the pod that it makes; its kind need not be written.
//
// With -policy it reads manifests instead, the files that are named or standard input, and prints one line for each pod
// and pod template of the kinds of Kubernetes:
//
//	{"kind":"Deployment","namespace":"x","name":"y","allowed":false,"message":"violates PodSecurity ..."}
//
// One process judges any number of pods on all cores, and answers a caller that sends one job and waits for its line.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	kjson "sigs.k8s.io/json"
)

func main() {
	only := flag.String("policy", "", "judge manifests by this policy, such as restricted:v1.37")
	flag.Parse()
	if err := run(*only, flag.Args(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "psajudge:", err)
		os.Exit(1)
	}
}

func run(only string, files []string, in io.Reader, out io.Writer) error {
	if only == "" {
		if len(files) != 0 {
			return fmt.Errorf("files need -policy; jobs come on standard input")
		}
		return judgeAll(out, func(submit func(judgement)) error { return readJobs(in, submit) })
	}
	by, err := parsePolicy(only)
	if err != nil {
		return err
	}
	return judgeAll(out, func(submit func(judgement)) error {
		if len(files) == 0 {
			return readManifests(in, by, submit)
		}
		for _, name := range files {
			if err := readManifestFile(name, by, submit); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
}

func readManifestFile(name string, by api.LevelVersion, submit func(judgement)) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return readManifests(file, by, submit)
}

// judgement is one unit of work; it returns the lines to print.
type judgement func() []byte

// judgeAll runs what read submits on all cores and prints the results in the order of submission.
func judgeAll(out io.Writer, read func(submit func(judgement)) error) error {
	type job struct {
		judge judgement
		done  chan []byte
	}
	work := make(chan *job)
	queue := make(chan *job, 1024)
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for j := range work {
				j.done <- protected(j.judge)
			}
		}()
	}
	readError := make(chan error, 1)
	go func() {
		readError <- read(func(judge judgement) {
			j := &job{judge: judge, done: make(chan []byte, 1)}
			queue <- j
			work <- j
		})
		close(work)
		close(queue)
	}()
	// The loop drains the queue even when writing fails, so that the reader can end.
	writer := bufio.NewWriterSize(out, 1<<20)
	var writeError error
	for j := range queue {
		lines := <-j.done
		if writeError != nil {
			continue
		}
		if _, writeError = writer.Write(lines); writeError == nil && len(queue) == 0 {
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

// protected makes a panic of a parser or check an answer too, not the end of the run.
func protected(judge judgement) (lines []byte) {
	defer func() {
		if cause := recover(); cause != nil {
			lines = line(failure{fmt.Sprintf("panic: %v", cause)})
		}
	}()
	return judge()
}

// readJobs submits each job of in.
func readJobs(in io.Reader, submit func(judgement)) error {
	reader := bufio.NewReaderSize(in, 1<<20)
	for {
		head, err := reader.ReadString('\n')
		if err == io.EOF && head == "" {
			return nil
		}
		if err != nil {
			return fmt.Errorf("head of a job %q: %w", head, err)
		}
		fields := strings.Fields(head)
		if len(fields) < 2 {
			return fmt.Errorf("head of a job %q: want a length and policies", head)
		}
		length, err := strconv.ParseUint(fields[0], 10, 31)
		if err != nil {
			return fmt.Errorf("head of a job %q: %w", head, err)
		}
		policies := make([]api.LevelVersion, 0, len(fields)-1)
		for _, text := range fields[1:] {
			by, err := parsePolicy(text)
			if err != nil {
				return fmt.Errorf("head of a job %q: %w", head, err)
			}
			policies = append(policies, by)
		}
		pod := make([]byte, length)
		if _, err := io.ReadFull(reader, pod); err != nil {
			return fmt.Errorf("pod of %d bytes: %w", length, err)
		}
		submit(func() []byte { return judgeJob(pod, policies) })
	}
}

func parsePolicy(text string) (api.LevelVersion, error) {
	level, version, _ := strings.Cut(text, ":")
	l, err := api.ParseLevel(level)
	if err != nil {
		return api.LevelVersion{}, fmt.Errorf("policy %q: %w", text, err)
	}
	v, err := api.ParseVersion(version)
	if err != nil {
		return api.LevelVersion{}, fmt.Errorf("policy %q: %w", text, err)
	}
	return api.LevelVersion{Level: l, Version: v}, nil
}

type verdict struct {
	Allowed bool   `json:"allowed"`
	Message string `json:"message,omitempty"`
}

type failure struct {
	Error string `json:"error"`
}

// judgeJob returns the line for one pod.
func judgeJob(document []byte, policies []api.LevelVersion) []byte {
	value, err := utilyaml.ToJSON(document)
	if err != nil {
		return line(failure{err.Error()})
	}
	var pod corev1.Pod
	if err := decode(value, &pod); err != nil {
		return line(failure{err.Error()})
	}
	setDefaults(&pod)
	verdicts := make([]verdict, 0, len(policies))
	for _, by := range policies {
		verdicts = append(verdicts, judge(&pod, by))
	}
	return line(map[string][]verdict{"verdicts": verdicts})
}

// decode reads an object by the rules of the API server: case-sensitive keys, unknown ones ignored.
func decode(value []byte, into any) error {
	return kjson.UnmarshalCaseSensitivePreserveInts(value, into)
}

// evaluator holds upstream's checks; like that of an API server which emulates no older version.
var evaluator = func() policy.Evaluator {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(err)
	}
	return evaluator
}()

// judge gives the text that follows `is forbidden: ` (upstream admission.EvaluatePod, mode enforce).
func judge(pod *corev1.Pod, by api.LevelVersion) verdict {
	result := policy.AggregateCheckResults(evaluator.EvaluatePod(by, &pod.ObjectMeta, &pod.Spec))
	if result.Allowed {
		return verdict{Allowed: true}
	}
	return verdict{Message: fmt.Sprintf("violates PodSecurity %q: %s", by.String(), result.ForbiddenDetail())}
}

// line is one JSON value as a line; a message keeps its < and >.
func line(value any) []byte {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		// Strings and booleans always have a JSON form.
		panic(err)
	}
	return []byte(text.String())
}
