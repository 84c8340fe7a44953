/// A path in a container, in the one spelling by which mounts can be compared: absolute, without empty, `.` and `..`
/// steps. The API server compares mount paths as text, so `/tmp` and `/tmp/` both pass there and collide on the node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MountPath(Vec<String>);

impl MountPath {
    /// Reads the path of a mount that is there; a relative one starts at the root, as for the kubelet.
    pub(super) fn mounted(text: &str) -> Self {
        let mut steps: Vec<String> = Vec::new();
        for step in text.split('/') {
            match step {
                "" | "." => {}
                ".." => {
                    steps.pop();
                }
                step => steps.push(step.to_owned()),
            }
        }
        Self(steps)
    }

    /// Reads a path that somebody wants to be writable. Absent for one that is not absolute, is the root, climbs with
    /// `..`, or holds a colon or a control character, which runtimes do not take in a mount.
    pub(super) fn wanted(text: &str) -> Option<Self> {
        let path = Self::mounted(text);
        let usable = text.starts_with('/')
            && !path.0.is_empty()
            && !text.split('/').any(|step| step == "..")
            && !text.contains(|character: char| character == ':' || character.is_control());
        usable.then_some(path)
    }

    /// Whether `other` is this path or below it.
    pub(super) fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The steps from the root.
    pub(super) fn steps(&self) -> &[String] {
        &self.0
    }
}

impl std::fmt::Display for MountPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}", self.0.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_one_spelling() {
        for text in ["/tmp", "/tmp/", "//tmp", "/./tmp/.", "tmp", "/var/../tmp"] {
            assert_eq!(MountPath::mounted(text).to_string(), "/tmp", "{text}");
        }
        assert_eq!(MountPath::mounted("/..").to_string(), "/");
    }

    #[test]
    fn refuses_what_cannot_be_mounted() {
        assert_eq!(MountPath::wanted("/var//cache/").unwrap().to_string(), "/var/cache");
        for text in ["", "tmp", "/", "/.", "/a/../b", "/a:ro", "/a\nb", "C:\\tmp"] {
            assert_eq!(MountPath::wanted(text), None, "{text}");
        }
    }

    #[test]
    fn covers_what_is_below_and_not_what_begins_alike() {
        let covers = |a: &str, b: &str| MountPath::mounted(a).covers(&MountPath::mounted(b));
        assert!(covers("/tmp", "/tmp/"));
        assert!(covers("/tmp", "/tmp/x/y"));
        assert!(covers("/", "/tmp"));
        assert!(!covers("/tmp", "/tmpfs"));
        assert!(!covers("/tmp/x", "/tmp"));
    }
}
