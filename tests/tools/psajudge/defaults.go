package main

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

const (
	appArmorPrefix    = "container.apparmor.security.beta.kubernetes.io/"
	appArmorLocalhost = "localhost/"
)

// setDefaults fills in what the API server fills in before Pod Security Admission, so far as a check looks at it. The
// functions that it follows belong to the server, not to a library.
func setDefaults(pod *corev1.Pod) {
	// pkg/apis/core/v1/defaults.go, SetDefaults_Volume.
	for i := range pod.Spec.Volumes {
		if source := &pod.Spec.Volumes[i].VolumeSource; *source == (corev1.VolumeSource{}) {
			source.EmptyDir = &corev1.EmptyDirVolumeSource{}
		}
	}
	// The same file, SetDefaults_Pod and defaultHostNetworkPorts.
	if pod.Spec.HostNetwork {
		defaultHostPorts(pod.Spec.Containers)
		defaultHostPorts(pod.Spec.InitContainers)
	}
	// pkg/registry/core/pod/strategy.go, applyAppArmorVersionSkew.
	if pod.Spec.OS != nil && pod.Spec.OS.Name == corev1.Windows {
		return
	}
	for i := range pod.Spec.InitContainers {
		container := &pod.Spec.InitContainers[i]
		copyAppArmor(pod, container.Name, &container.SecurityContext)
	}
	for i := range pod.Spec.Containers {
		container := &pod.Spec.Containers[i]
		copyAppArmor(pod, container.Name, &container.SecurityContext)
	}
	for i := range pod.Spec.EphemeralContainers {
		container := &pod.Spec.EphemeralContainers[i]
		copyAppArmor(pod, container.Name, &container.SecurityContext)
	}
}

func defaultHostPorts(containers []corev1.Container) {
	for i := range containers {
		for j := range containers[i].Ports {
			if port := &containers[i].Ports[j]; port.HostPort == 0 {
				port.HostPort = port.ContainerPort
			}
		}
	}
}

// copyAppArmor copies the annotation for a container into its field, where that is absent.
func copyAppArmor(pod *corev1.Pod, name string, context **corev1.SecurityContext) {
	profile := appArmorProfile(pod.Annotations[appArmorPrefix+name])
	if profile == nil || (*context != nil && (*context).AppArmorProfile != nil) {
		return
	}
	if pod.Spec.SecurityContext != nil && equal(profile, pod.Spec.SecurityContext.AppArmorProfile) {
		return
	}
	if *context == nil {
		*context = &corev1.SecurityContext{}
	}
	(*context).AppArmorProfile = profile
}

// appArmorProfile is the field for an annotation, nil for a value that the server does not copy (ApparmorFieldForAnnotation).
func appArmorProfile(annotation string) *corev1.AppArmorProfile {
	switch {
	case annotation == "unconfined":
		return &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeUnconfined}
	case annotation == "runtime/default":
		return &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeRuntimeDefault}
	case strings.HasPrefix(annotation, appArmorLocalhost) && len(annotation) > len(appArmorLocalhost):
		file := strings.TrimPrefix(annotation, appArmorLocalhost)
		return &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeLocalhost, LocalhostProfile: &file}
	default:
		return nil
	}
}

func equal(a, b *corev1.AppArmorProfile) bool {
	if b == nil || a.Type != b.Type || (a.LocalhostProfile == nil) != (b.LocalhostProfile == nil) {
		return false
	}
	return a.LocalhostProfile == nil || *a.LocalhostProfile == *b.LocalhostProfile
}
