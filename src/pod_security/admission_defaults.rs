use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::checks::app_armor_profile::ANNOTATION_PREFIX;
use super::pod::{Container, ContainerKind, Pod, boolean, integer, items, object, text};

/// The pod spec as Pod Security sees it: with what the API server fills in before admission, so far as a check looks
/// at it. Borrowed where nothing is filled in.
///
/// Templates are judged as the pods that they make, so the steps that only pods go through are made for both:
///
/// 1. A volume without source is an `emptyDir` (`SetDefaults_Volume`). A volume with a source that the API does not
///    know stays as it is, and is forbidden at restricted: it may be one that a newer server knows.
/// 2. With `hostNetwork: true` an absent `hostPort` becomes the `containerPort` (`SetDefaults_Pod`).
/// 3. An AppArmor annotation `unconfined` is copied into the container it names, unless that has a profile or the pod
///    has the same (`applyAppArmorVersionSkew`; not for windows). The other values are allowed as annotation and as
///    field alike, so copying them changes no verdict.
///
/// Violations of the filled in spec may name a field that the pod itself lacks; [`Evaluator::judge`] cuts that back.
///
/// [`Evaluator::judge`]: super::Evaluator::judge
pub(super) fn admission_defaults(pod: Pod<'_>) -> Cow<'_, Value> {
    let volumes: Vec<usize> =
        pod.volumes().filter(|volume| has_no_source(volume.value)).map(|volume| volume.index).collect();
    let containers: Vec<Container<'_>> = pod
        .containers()
        .filter(|container| lacks_host_port(pod, *container) || is_unconfined(pod, *container))
        .collect();
    if volumes.is_empty() && containers.is_empty() {
        return Cow::Borrowed(pod.spec);
    }
    let mut spec = pod.spec.clone();
    for index in volumes {
        if let Some(volume) = item_mut(&mut spec, "volumes", index) {
            volume.insert("emptyDir".to_owned(), json!({}));
        }
    }
    for container in containers {
        let Some(value) = item_mut(&mut spec, container.kind.key(), container.index) else { continue };
        if lacks_host_port(pod, container) {
            fill_host_ports(value);
        }
        if is_unconfined(pod, container) {
            let context = value.entry("securityContext").or_insert(Value::Null);
            if !context.is_object() {
                *context = json!({});
            }
            if let Some(context) = context.as_object_mut() {
                context.insert("appArmorProfile".to_owned(), json!({"type": "Unconfined"}));
            }
        }
    }
    Cow::Owned(spec)
}

fn item_mut<'v>(spec: &'v mut Value, list: &str, index: usize) -> Option<&'v mut Map<String, Value>> {
    spec.get_mut(list)?.get_mut(index)?.as_object_mut()
}

fn has_no_source(volume: &Value) -> bool {
    volume.as_object().is_some_and(|volume| volume.iter().all(|(key, value)| key == "name" || value.is_null()))
}

fn needs_host_port(port: &Value) -> bool {
    matches!(integer(port, &["hostPort"]), None | Some(0)) && integer(port, &["containerPort"]).is_some()
}

/// Ephemeral containers have no ports.
fn lacks_host_port(pod: Pod<'_>, container: Container<'_>) -> bool {
    boolean(pod.spec, &["hostNetwork"]) == Some(true)
        && container.kind != ContainerKind::Ephemeral
        && items(container.value, &["ports"]).any(|(_, port)| needs_host_port(port))
}

fn fill_host_ports(container: &mut Map<String, Value>) {
    for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if needs_host_port(port)
            && let Some(port) = port.as_object_mut()
            && let Some(number) = port.get("containerPort").cloned()
        {
            port.insert("hostPort".to_owned(), number);
        }
    }
}

fn is_unconfined(pod: Pod<'_>, container: Container<'_>) -> bool {
    const PROFILE: [&str; 2] = ["securityContext", "appArmorProfile"];
    // Looked at first because hardly a pod has annotations of this kind: no key is built for the others.
    pod.annotations().any(|(key, value)| {
        value == "unconfined" && key.strip_prefix(ANNOTATION_PREFIX).is_some_and(|name| name == container.name)
    }) && !pod.is_windows()
        && object(container.value, &PROFILE).is_none()
        && object(pod.spec, &PROFILE).and_then(|profile| text(profile, &["type"])) != Some("Unconfined")
}

#[cfg(test)]
mod tests {
    use super::super::{Evaluator, message};
    use super::*;
    use crate::object::{Level, Version};

    fn defaulted(template: &Value) -> Option<Value> {
        match admission_defaults(Pod::new(template).unwrap()) {
            Cow::Borrowed(_) => None,
            Cow::Owned(spec) => Some(spec),
        }
    }

    #[test]
    fn nothing_is_cloned_where_nothing_is_filled_in() {
        assert_eq!(
            defaulted(&json!({"metadata": {"annotations": {"a": "unconfined"}}, "spec": {
                "hostNetwork": true,
                "containers": [{"name": "a", "ports": [{"containerPort": 80, "hostPort": 8080}]}],
                "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "newVolume": {}}],
            }})),
            None
        );
        assert_eq!(defaulted(&json!({"spec": {"containers": [{"ports": [{"containerPort": 80}]}]}})), None);
    }

    #[test]
    fn a_volume_without_source_is_an_empty_dir() {
        let spec = json!({"volumes": [{"name": "v"}, {"name": "w", "hostPath": null}, {"name": "x", "hostPath": {}}]});
        assert_eq!(
            defaulted(&json!({"spec": spec})).unwrap()["volumes"],
            json!([
                {"name": "v", "emptyDir": {}},
                {"name": "w", "hostPath": null, "emptyDir": {}},
                {"name": "x", "hostPath": {}},
            ])
        );
    }

    #[test]
    fn host_network_turns_container_ports_into_host_ports() {
        let ports =
            json!([{"containerPort": 80}, {"containerPort": 81, "hostPort": 0}, {"hostPort": 82}, {"name": "x"}]);
        let list = json!([{"name": "a", "ports": ports}]);
        let template = json!({"spec": {
            "hostNetwork": true, "containers": list, "initContainers": list, "ephemeralContainers": list,
        }});
        let spec = defaulted(&template).unwrap();
        let filled = json!([
            {"containerPort": 80, "hostPort": 80},
            {"containerPort": 81, "hostPort": 81},
            {"hostPort": 82},
            {"name": "x"},
        ]);
        assert_eq!(spec["containers"][0]["ports"], filled);
        assert_eq!(spec["initContainers"][0]["ports"], filled);
        assert_eq!(spec["ephemeralContainers"], list);
    }

    #[test]
    fn an_unconfined_annotation_is_copied_into_its_container() {
        let annotations = json!({format!("{ANNOTATION_PREFIX}a"): "unconfined", format!("{ANNOTATION_PREFIX}b"): "x"});
        let template = |spec: Value| json!({"metadata": {"annotations": annotations}, "spec": spec});
        let unconfined = json!({"type": "Unconfined"});

        let spec = defaulted(&template(json!({"initContainers": [{"name": "a"}], "containers": [{"name": "b"}]})));
        assert_eq!(
            spec.unwrap(),
            json!({
                "initContainers": [{"name": "a", "securityContext": {"appArmorProfile": unconfined}}],
                "containers": [{"name": "b"}],
            })
        );
        for untouched in [
            json!({"os": {"name": "windows"}, "containers": [{"name": "a"}]}),
            json!({"securityContext": {"appArmorProfile": unconfined}, "containers": [{"name": "a"}]}),
            json!({"containers": [{"name": "a", "securityContext": {"appArmorProfile": {"type": "Localhost"}}}]}),
        ] {
            assert_eq!(defaulted(&template(untouched)), None);
        }
    }

    #[test]
    fn messages_name_what_the_server_filled_in() {
        let key = format!("{ANNOTATION_PREFIX}a");
        let template = json!({"metadata": {"annotations": {&key: "unconfined"}}, "spec": {
            "hostNetwork": true, "containers": [{"name": "a", "ports": [{"containerPort": 80}]}],
        }});
        let pod = Pod::new(&template).unwrap();
        let spec = admission_defaults(pod);
        let violations = Evaluator::default().evaluate(pod.with_spec(&spec), Level::Baseline, Version::Latest);
        assert_eq!(
            message(Level::Baseline, Version::Latest, &violations),
            format!(
                r#"violates PodSecurity "baseline:latest": forbidden AppArmor profiles (container "a" and annotation must not set AppArmor profile type to "Unconfined", "{key}="unconfined""), host namespaces (hostNetwork=true), hostPort (container "a" uses hostPort 80)"#
            )
        );
    }
}
