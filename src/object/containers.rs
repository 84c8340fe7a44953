//! Containers in objects of kinds that floe does not know: pods that nobody has looked at.

use serde_json::Value;

use crate::yaml::{FieldPath, Segment};

/// Where an object holds lists of containers: the paths of the lists. A list counts if it is called `containers` and each
/// of its items has a name and an image, as `core/v1` has it.
pub fn container_lists(object: &Value) -> Vec<FieldPath> {
    let mut found = Vec::new();
    collect(object, &FieldPath::root(), &mut found);
    found
}

/// The path of the pod template that a list of containers belongs to, where it has the form of one: what holds `spec`.
pub fn template_of(list: &FieldPath) -> Option<FieldPath> {
    let (containers, rest) = list.segments().split_last()?;
    let (spec, template) = rest.split_last()?;
    let is_key = |segment: &Segment, name: &str| matches!(segment, Segment::Key(key) if key == name);
    let is_template = is_key(containers, "containers")
        && is_key(spec, "spec")
        && !template.is_empty()
        && template.iter().all(|segment| matches!(segment, Segment::Key(_)));
    is_template.then(|| template.iter().fold(FieldPath::root(), |path, segment| path.child(segment.clone())))
}

fn collect(value: &Value, path: &FieldPath, found: &mut Vec<FieldPath>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = path.child(key.as_str());
                if key == "containers" && is_container_list(value) {
                    found.push(path);
                } else {
                    collect(value, &path, found);
                }
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                collect(item, &path.child(Segment::Index(position)), found);
            }
        }
        _ => {}
    }
}

fn is_container_list(value: &Value) -> bool {
    let is_container = |item: &Value| ["name", "image"].iter().all(|key| item.get(*key).is_some_and(Value::is_string));
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(is_container))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_of_containers_are_found_wherever_they_are() {
        let object = json!({"spec": {
            "worker": {"spec": {"containers": [{"name": "a", "image": "b"}]}},
            "sets": [{"containers": [{"name": "a", "image": "b"}]}],
            "metrics": {"containers": [{"name": "a", "usage": {}}]},
            "schema": {"containers": {"type": "array"}},
            "containers": ["a"],
        }});
        let found = container_lists(&object);
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["spec.worker.spec.containers", "spec.sets[0].containers"]);
        let templates: Vec<_> = found.iter().map(|list| template_of(list).map(|path| path.to_string())).collect();
        assert_eq!(templates, [Some("spec.worker".to_owned()), None]);
    }
}
