use serde_json::Value;

use crate::yaml::{FieldPath, Segment};

/// One step of a [`PathPattern`].
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    /// `[*]`: each item of a list.
    EachItem,
    /// `{*}`: each value of a map.
    EachValue,
}

/// Where something stands in the objects of a kind: keys joined by dots, with `[*]` for every item of a list and `{*}`
/// for every value of a map, as in `spec.tasks[*].template` and `spec.mpiReplicaSpecs{*}.template`. The empty pattern
/// is the object itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathPattern(Vec<Step>);

impl PathPattern {
    /// Reads a pattern. Anything but the two wildcards, at the end of a key or alone, is part of a key.
    pub(super) fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        for written in text.split('.').filter(|step| !step.is_empty()) {
            let mut key = written;
            let mut wildcards = Vec::new();
            loop {
                if let Some(rest) = key.strip_suffix("[*]") {
                    wildcards.push(Step::EachItem);
                    key = rest;
                } else if let Some(rest) = key.strip_suffix("{*}") {
                    wildcards.push(Step::EachValue);
                    key = rest;
                } else {
                    break;
                }
            }
            steps.extend((!key.is_empty()).then(|| Step::Key(key.to_owned())));
            steps.extend(wildcards.into_iter().rev());
        }
        Self(steps)
    }

    /// The paths in one object that match, in the order of the object. What is null counts as absent.
    pub(super) fn expand(&self, object: &Value) -> Vec<FieldPath> {
        let mut found = vec![(FieldPath::root(), object)];
        for step in &self.0 {
            found = found.into_iter().flat_map(|(path, value)| step.children(&path, value)).collect();
        }
        found.into_iter().filter(|(_, value)| !value.is_null()).map(|(path, _)| path).collect()
    }
}

impl Step {
    fn children<'v>(&self, path: &FieldPath, value: &'v Value) -> Vec<(FieldPath, &'v Value)> {
        let below = |segment: Segment, child: &'v Value| (path.child(segment), child);
        match (self, value) {
            (Self::Key(key), Value::Object(map)) => {
                map.get(key).map(|child| below(key.as_str().into(), child)).into_iter().collect()
            }
            (Self::EachItem, Value::Array(items)) => {
                items.iter().enumerate().map(|(index, child)| below(index.into(), child)).collect()
            }
            (Self::EachValue, Value::Object(map)) => {
                map.iter().map(|(key, child)| below(key.as_str().into(), child)).collect()
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expand(pattern: &str, object: &Value) -> Vec<String> {
        PathPattern::parse(pattern).expand(object).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn expands_lists_and_maps_in_the_order_of_the_object() {
        let object = json!({"spec": {
            "tasks": [{"template": {"a": 1}}, {"name": "none"}, {"template": null}, {"template": {}}],
            "replicas": {"Worker": {"template": {}}, "Launcher.v2": {"template": {}}, "Odd": 3},
            "steps": [[{"x": 1}], []],
        }});
        assert_eq!(expand("spec.tasks[*].template", &object), ["spec.tasks[0].template", "spec.tasks[3].template"]);
        assert_eq!(
            expand("spec.replicas{*}.template", &object),
            ["spec.replicas.Worker.template", "spec.replicas[Launcher.v2].template"]
        );
        assert_eq!(expand("spec.steps[*][*]", &object), ["spec.steps[0][0]"]);
        assert_eq!(expand("", &object), [""]);
    }

    #[test]
    fn finds_nothing_where_the_shape_differs() {
        let object = json!({"spec": {"map": {"a": {}}, "list": [1], "text": "x"}});
        for pattern in ["spec.map[*]", "spec.list{*}", "spec.text.a", "spec.none", "spec.list.a", "spec.text[*]"] {
            assert_eq!(expand(pattern, &object), [] as [&str; 0], "{pattern}");
        }
        assert_eq!(expand("spec", &json!([])), [] as [&str; 0]);
        assert_eq!(expand("", &Value::Null), [] as [&str; 0]);
    }
}
