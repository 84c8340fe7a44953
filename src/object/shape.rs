/// What stands at a place in an object from which pods are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shape {
    /// A pod template as Kubernetes has it: `metadata` and `spec`, a complete pod spec.
    PodTemplate,
    /// A pod template whose API takes security fields of containers only: none of the pod, and no free choice of
    /// volumes. Knative.
    ReducedTemplate,
    /// The pod spec itself, with `containers` right here, of the same reduced API.
    ReducedSpec,
    /// Part of a pod spec, by the same field names, that a controller completes or merges by name.
    PartialSpec,
    /// A pod's security context.
    PodContext,
    /// A container, or part of one that includes its `securityContext`.
    Container,
    /// A volume of a pod.
    Volume,
    /// Something that a controller makes pods from and that says nothing of their security by itself.
    Opaque,
}

impl Shape {
    /// Whether the shape is known well enough to be hardened. All others are judged by what they say explicitly, as far
    /// as they say anything.
    pub const fn is_hardened(self) -> bool {
        matches!(self, Self::PodTemplate | Self::ReducedTemplate | Self::ReducedSpec)
    }

    /// Whether the fields of the pod itself, security context and volumes, may be filled.
    pub const fn has_pod_fields(self) -> bool {
        matches!(self, Self::PodTemplate)
    }

    /// Whether `metadata` and `spec` stand below the place, rather than the fields of the spec.
    pub const fn is_template(self) -> bool {
        matches!(self, Self::PodTemplate | Self::ReducedTemplate)
    }
}
