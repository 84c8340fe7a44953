//! The `DaemonSet` that runs the agent of a plugin: how it is found, and what its containers say.

use serde_json::Value;

use super::Observed;
use super::evidence::{Confidence, Evidence, text};

/// Where the containers of a workload are.
const CONTAINERS: &str = "/spec/template/spec/containers";

/// An agent that was found.
#[derive(Debug, Clone)]
pub(super) struct Agent<'o> {
    /// The `DaemonSet`.
    pub(super) object: &'o Value,
    /// By what it is known.
    pub(super) evidence: Vec<Evidence>,
    /// High if both the name and an image are those of the plugin.
    pub(super) confidence: Confidence,
}

impl Observed {
    /// The `DaemonSet` with one of these names, or with a container of one of these images; one with both comes first.
    pub(super) fn agent(&self, names: &[&str], images: &[&str]) -> Option<Agent<'_>> {
        self.agent_unless(names, images, |_| false)
    }

    /// The same without those that belong to another plugin.
    pub(super) fn agent_unless(
        &self,
        names: &[&str],
        images: &[&str],
        is_foreign: impl Fn(&Value) -> bool,
    ) -> Option<Agent<'_>> {
        let found = self.daemon_sets.iter().filter(|it| !is_foreign(it)).filter_map(|object| {
            let mut evidence = Vec::new();
            let name = text(object, "/metadata/name");
            if names.contains(&name) {
                evidence.push(Evidence::of(object, "DaemonSet", "metadata.name", name));
            }
            let used = containers(object).enumerate().map(|(index, container)| (index, text(container, "/image")));
            let mut known = used.filter(|(_, image)| images.iter().any(|wanted| is_repository(image, wanted)));
            if let Some((index, image)) = known.next() {
                let field = format!("spec.template.spec.containers[{index}].image");
                evidence.push(Evidence::of(object, "DaemonSet", field, image));
            }
            let confidence = if evidence.len() > 1 { Confidence::High } else { Confidence::Medium };
            (!evidence.is_empty()).then_some(Agent { object, evidence, confidence })
        });
        // The first of the best.
        found.reduce(|best, next| if next.confidence > best.confidence { next } else { best })
    }

    /// A Deployment of one of these names.
    pub(super) fn controller(&self, names: &[&str]) -> Option<Evidence> {
        let found = self.deployments.iter().find(|it| names.contains(&text(it, "/metadata/name")))?;
        Some(Evidence::of(found, "Deployment", "metadata.name", text(found, "/metadata/name")))
    }

    /// A `ConfigMap`.
    pub(super) fn config_map(&self, namespace: &str, name: &str) -> Option<&Value> {
        let is_it = |it: &&Value| text(it, "/metadata/namespace") == namespace && text(it, "/metadata/name") == name;
        self.config_maps.iter().find(is_it)
    }

    /// The first node with a label or annotation, and its value. `map` is `labels` or `annotations`.
    pub(super) fn node_with(&self, map: &str, key: &str) -> Option<(&Value, &str)> {
        self.nodes.iter().find_map(|node| Some((node, node.get("metadata")?.get(map)?.get(key)?.as_str()?)))
    }
}

/// An argument of a container's program.
struct Argument<'o> {
    /// The list that it stands in.
    field: String,
    /// The whole of it.
    word: &'o str,
    /// Without dashes and value.
    name: &'o str,
    /// After `=`.
    value: Option<&'o str>,
    /// The word behind it.
    next: Option<&'o str>,
}

impl Agent<'_> {
    pub(super) fn namespace(&self) -> &str {
        text(self.object, "/metadata/namespace")
    }

    /// The container of a name.
    pub(super) fn container(&self, name: &str) -> Option<&Value> {
        containers(self.object).find(|it| text(it, "/name") == name)
    }

    /// The value of a flag of any container; a switch without a value is `true`. The last one counts.
    pub(super) fn flag(&self, flag: &str) -> Option<(String, Evidence)> {
        let found = self.arguments().filter(|it| it.name == flag).last()?;
        let value = found.value.unwrap_or("true").to_owned();
        Some((value, Evidence::of(self.object, "DaemonSet", found.field, found.word)))
    }

    /// The value of an option of any container that has one, after `=` or as the next word. The last one counts.
    pub(super) fn option(&self, option: &str) -> Option<(String, Evidence)> {
        let found = self.arguments().filter(|it| it.name == option).last()?;
        let value = found.value.or(found.next).unwrap_or_default();
        let field = format!("{}[--{option}]", found.field);
        Some((value.to_owned(), Evidence::of(self.object, "DaemonSet", field, value)))
    }

    /// What begins with a dash on the command lines of all containers.
    fn arguments(&self) -> impl Iterator<Item = Argument<'_>> {
        let lists = containers(self.object)
            .enumerate()
            .flat_map(|(index, container)| ["command", "args"].map(|field| (index, container, field)));
        lists.flat_map(|(index, container, list)| {
            let nexts = strings(container, list).skip(1).map(Some).chain([None]);
            strings(container, list).zip(nexts).filter_map(move |(word, next)| {
                let rest = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
                let (name, value) = rest.split_once('=').map_or((rest, None), |(name, value)| (name, Some(value)));
                let field = format!("spec.template.spec.containers[{index}].{list}");
                Some(Argument { field, word, name, value, next })
            })
        })
    }

    /// The first container that is started by a program.
    pub(super) fn program(&self, program: &str) -> Option<Evidence> {
        containers(self.object).enumerate().find_map(|(index, container)| {
            let word = strings(container, "command").chain(strings(container, "args")).next()?;
            let field = format!("spec.template.spec.containers[{index}].command");
            (word == program).then(|| Evidence::of(self.object, "DaemonSet", field, word))
        })
    }

    /// The value of a variable of any container.
    pub(super) fn variable(&self, name: &str) -> Option<(String, Evidence)> {
        containers(self.object).enumerate().find_map(|(index, container)| {
            let variables = container.get("env").and_then(Value::as_array)?;
            let value = variables.iter().find(|it| text(it, "/name") == name).map(|it| text(it, "/value"))?;
            let field = format!("spec.template.spec.containers[{index}].env[{name}]");
            Some((value.to_owned(), Evidence::of(self.object, "DaemonSet", field, value)))
        })
    }

    /// The tags of the images, with their places.
    pub(super) fn tags(&self) -> impl Iterator<Item = (&str, Evidence)> {
        containers(self.object).enumerate().filter_map(|(index, container)| {
            let image = text(container, "/image");
            let (_, tag) = image.split('@').next()?.rsplit_once(':')?;
            let field = format!("spec.template.spec.containers[{index}].image");
            Some((tag, Evidence::of(self.object, "DaemonSet", field, image)))
        })
    }

    /// The field that says that no pod of it is ready; the controller writes a generation beside it when it has looked.
    pub(super) fn idle(&self) -> Option<Evidence> {
        let status = |field: &str| self.object.pointer(&format!("/status/{field}")).and_then(Value::as_u64);
        let was_looked_at = status("observedGeneration").is_some_and(|generation| generation > 0);
        let is_idle = was_looked_at && status("numberReady").unwrap_or_default() == 0;
        is_idle.then(|| Evidence::of(self.object, "DaemonSet", "status.numberReady", "0"))
    }
}

/// Whether a workload has a container of a name.
pub(super) fn has_container(object: &Value, name: &str) -> bool {
    containers(object).any(|it| text(it, "/name") == name)
}

fn containers(object: &Value) -> impl Iterator<Item = &Value> {
    object.pointer(CONTAINERS).and_then(Value::as_array).into_iter().flatten()
}

fn strings<'v>(container: &'v Value, field: &str) -> impl Iterator<Item = &'v str> {
    container.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// Whether an image is of a repository, from whatever registry: whole path segments are compared.
fn is_repository(image: &str, repository: &str) -> bool {
    let path = image.split('@').next().unwrap_or_default();
    // A colon before the last slash is that of a registry's port.
    let path = match path.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => path,
        _ => path,
    };
    path.strip_suffix(repository).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::is_repository;

    #[test]
    fn images_are_compared_by_whole_segments() {
        for image in ["calico/node", "docker.io/calico/node:v3.29", "mirror:5000/x/calico/node@sha256:00"] {
            assert!(is_repository(image, "calico/node"), "{image}");
        }
        for image in ["notcalico/node", "calico/node-driver-registrar:v3", "calico/node/x", ""] {
            assert!(!is_repository(image, "calico/node"), "{image}");
        }
    }
}
