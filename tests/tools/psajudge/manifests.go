package main

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"sigs.k8s.io/yaml"
)

// readManifests submits each document of a YAML stream.
func readManifests(in io.Reader, by api.LevelVersion, submit func(judgement)) error {
	documents := utilyaml.NewYAMLReader(bufio.NewReaderSize(in, 1<<20))
	for {
		document, err := documents.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		submit(func() []byte {
			value, err := yaml.YAMLToJSON(document)
			if err != nil {
				return line(failure{err.Error()})
			}
			return judgeObject(value, by)
		})
	}
}

type objectVerdict struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	verdict
}

// judgeObject returns a line for each pod or pod template of an object, none for one without.
func judgeObject(value []byte, by api.LevelVersion) []byte {
	var object struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        metav1.ObjectMeta `json:"metadata"`
		Items           []json.RawMessage `json:"items"`
	}
	if err := decode(value, &object); err != nil {
		return line(failure{err.Error()})
	}
	if object.APIVersion == "v1" && object.Kind == "List" {
		var lines []byte
		for _, item := range object.Items {
			lines = append(lines, judgeObject(item, by)...)
		}
		return lines
	}
	pod, err := podOf(object.TypeMeta, value)
	if err != nil {
		return line(failure{err.Error()})
	}
	if pod == nil {
		return nil
	}
	setDefaults(pod)
	meta := object.Metadata
	return line(objectVerdict{object.Kind, meta.Namespace, meta.Name, judge(pod, by)})
}

// podOf is the pod that an object is or makes, nil for a kind without a pod template.
func podOf(kind metav1.TypeMeta, value []byte) (*corev1.Pod, error) {
	group, _, found := strings.Cut(kind.APIVersion, "/")
	if !found {
		group = ""
	}
	switch group + "/" + kind.Kind {
	case "/Pod":
		var pod corev1.Pod
		err := decode(value, &pod)
		return &pod, err
	case "/PodTemplate":
		var object corev1.PodTemplate
		err := decode(value, &object)
		return made(object.Template), err
	case "/ReplicationController":
		var object corev1.ReplicationController
		if err := decode(value, &object); err != nil || object.Spec.Template == nil {
			return nil, err
		}
		return made(*object.Spec.Template), nil
	case "apps/Deployment", "extensions/Deployment":
		var object appsv1.Deployment
		err := decode(value, &object)
		return made(object.Spec.Template), err
	case "apps/ReplicaSet", "extensions/ReplicaSet":
		var object appsv1.ReplicaSet
		err := decode(value, &object)
		return made(object.Spec.Template), err
	case "apps/DaemonSet", "extensions/DaemonSet":
		var object appsv1.DaemonSet
		err := decode(value, &object)
		return made(object.Spec.Template), err
	case "apps/StatefulSet":
		var object appsv1.StatefulSet
		err := decode(value, &object)
		return made(object.Spec.Template), err
	case "batch/Job":
		var object batchv1.Job
		err := decode(value, &object)
		return made(object.Spec.Template), err
	case "batch/CronJob":
		var object batchv1.CronJob
		err := decode(value, &object)
		return made(object.Spec.JobTemplate.Spec.Template), err
	default:
		return nil, nil
	}
}

func made(template corev1.PodTemplateSpec) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
}
