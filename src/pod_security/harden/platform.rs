use serde_json::Value;

use crate::yaml::FieldPath;

use super::template::{Context, Template};

/// Node labels that name an operating system.
const OS_LABELS: [&str; 2] = ["kubernetes.io/os", "beta.kubernetes.io/os"];

/// What the pods run on, which decides which fields the API server and the kubelet accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Platform {
    /// Linux, or nothing else is known.
    Linux,
    /// `spec.os.name: windows`: of the fields that floe fills, the API server accepts only `runAsNonRoot`.
    Windows,
    /// Windows, as `nodeSelector`, node affinity or `windowsOptions` say, but `spec.os` does not; holds the path that
    /// says so. The API server would accept Linux fields, a Windows node would not run them.
    UndeclaredWindows(FieldPath),
    /// A `HostProcess` pod, which runs as a user of the Windows host: no field of floe fits it.
    HostProcess,
}

impl Platform {
    /// Finds out what a pod runs on. `spec.os.name: linux` wins over every other sign.
    pub(super) fn of(template: &Template<'_>) -> Self {
        let declared = template.spec.get("os").and_then(|os| os.get("name")).and_then(Value::as_str);
        if declared == Some("linux") {
            return Self::Linux;
        }
        let contexts = || std::iter::once(&template.context).chain(template.containers.iter().map(|it| &it.context));
        if contexts().any(is_host_process) {
            return Self::HostProcess;
        }
        if declared == Some("windows") {
            return Self::Windows;
        }
        let sign = node_selector(template).or_else(|| node_affinity(template)).or_else(|| {
            contexts().find(|it| it.get("windowsOptions").is_some()).map(|it| it.path_of("windowsOptions"))
        });
        sign.map_or(Self::Linux, Self::UndeclaredWindows)
    }
}

fn is_host_process(context: &Context<'_>) -> bool {
    context.get("windowsOptions").and_then(|options| options.get("hostProcess")) == Some(&Value::Bool(true))
}

fn node_selector(template: &Template<'_>) -> Option<FieldPath> {
    let selector = template.spec.get("nodeSelector")?;
    let label = OS_LABELS.iter().find(|label| selector.get(**label).and_then(Value::as_str) == Some("windows"))?;
    Some(template.spec_path.child("nodeSelector").child(*label))
}

/// Required node affinity of which every alternative asks for Windows.
fn node_affinity(template: &Template<'_>) -> Option<FieldPath> {
    let keys = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
    let (first, rest) = keys.split_first()?;
    let terms = rest.iter().try_fold(template.spec.get(*first)?, |value, key| value.get(*key))?.as_array()?;
    let windows = |term: &Value| {
        let expressions = term.get("matchExpressions").and_then(Value::as_array);
        expressions.into_iter().flatten().any(|expression| {
            let text = |key| expression.get(key).and_then(Value::as_str).unwrap_or_default();
            let values = expression.get("values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            OS_LABELS.contains(&text("key"))
                && text("operator") == "In"
                && !values.is_empty()
                && values.iter().all(|value| value == "windows")
        })
    };
    (!terms.is_empty() && terms.iter().all(windows))
        .then(|| keys.iter().fold(template.spec_path.clone(), |path, key| path.child(*key)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::Shape;

    fn platform(spec: &Value) -> Platform {
        let object = json!({"spec": spec});
        Platform::of(&Template::of(&object, &FieldPath::root(), Shape::PodTemplate).unwrap().unwrap())
    }

    fn sign(spec: &Value) -> String {
        match platform(spec) {
            Platform::UndeclaredWindows(path) => path.to_string(),
            other => format!("{other:?}"),
        }
    }

    fn affinity(terms: &Value) -> Value {
        let required = json!({"nodeSelectorTerms": terms});
        json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}})
    }

    #[test]
    fn reads_the_declared_system() {
        assert_eq!(platform(&json!({})), Platform::Linux);
        assert_eq!(platform(&json!({"os": {"name": "windows"}})), Platform::Windows);
        assert_eq!(platform(&json!({"os": null, "nodeSelector": null})), Platform::Linux);
        let contradiction = json!({"os": {"name": "linux"}, "nodeSelector": {"kubernetes.io/os": "windows"}});
        assert_eq!(platform(&contradiction), Platform::Linux);
    }

    #[test]
    fn a_node_selection_or_windows_options_are_a_sign() {
        let label = "spec.nodeSelector[kubernetes.io/os]";
        assert_eq!(sign(&json!({"nodeSelector": {"kubernetes.io/os": "windows"}})), label);
        assert_eq!(sign(&json!({"nodeSelector": {"kubernetes.io/os": "linux"}})), "Linux");
        let options = json!({"containers": [{"securityContext": {"windowsOptions": {"runAsUserName": "x"}}}]});
        assert_eq!(sign(&options), "spec.containers[0].securityContext.windowsOptions");
    }

    #[test]
    fn affinity_counts_where_every_alternative_is_windows() {
        let expression = |values: Value| {
            json!({"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In",
                "values": values}]})
        };
        let windows = expression(json!(["windows"]));
        assert!(sign(&affinity(&json!([windows]))).ends_with("nodeSelectorTerms"));
        assert_eq!(sign(&affinity(&json!([windows, {"matchExpressions": []}]))), "Linux");
        assert_eq!(sign(&affinity(&json!([expression(json!(["windows", "linux"]))]))), "Linux");
        assert_eq!(sign(&affinity(&json!([]))), "Linux");
    }

    #[test]
    fn host_process_is_recognised_on_pod_and_container() {
        let options = json!({"windowsOptions": {"hostProcess": true}});
        assert_eq!(platform(&json!({"securityContext": options})), Platform::HostProcess);
        let container = json!({"os": {"name": "windows"}, "initContainers": [{"securityContext": options}]});
        assert_eq!(platform(&container), Platform::HostProcess);
    }
}
