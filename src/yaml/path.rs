use std::fmt;

use compact_str::CompactString;

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A mapping key; the usual ones of Kubernetes take no allocation, because paths are made and copied all the time.
    Key(CompactString),
    /// A position in a sequence, from 0.
    Index(usize),
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Self::Key(key.into())
    }
}

impl From<String> for Segment {
    fn from(key: String) -> Self {
        Self::Key(key.into())
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// The path of a field inside an object, written the way the Kubernetes API server writes it:
/// `spec.template.spec.containers[0].image`, `metadata.annotations[floe.dev/harden]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FieldPath(Vec<Segment>);

impl FieldPath {
    /// The path of the object itself.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// Makes a path of mapping keys.
    pub fn of_keys<K: AsRef<str>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self(keys.into_iter().map(|key| Segment::from(key.as_ref())).collect())
    }

    /// The path of a child.
    #[must_use]
    pub fn child(&self, segment: impl Into<Segment>) -> Self {
        let mut path = self.clone();
        path.0.push(segment.into());
        path
    }

    /// `self` followed by `rest`.
    #[must_use]
    pub fn join(&self, rest: &Self) -> Self {
        Self(self.0.iter().chain(&rest.0).cloned().collect())
    }

    /// The steps, outermost first.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether this is the object itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The same path as an RFC 6901 JSON Pointer.
    pub fn to_pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in &self.0 {
            pointer.push('/');
            match segment {
                Segment::Key(key) if key.contains(['~', '/']) => {
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                }
                Segment::Key(key) => pointer.push_str(key),
                Segment::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }
}

impl<S: Into<Segment>> FromIterator<S> for FieldPath {
    fn from_iter<I: IntoIterator<Item = S>>(segments: I) -> Self {
        Self(segments.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if key.is_empty() || key.contains(['.', '/', '[', ' ']) => write!(f, "[{key}]")?,
                Segment::Key(key) if position == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_the_api_server() {
        let path: FieldPath =
            [Segment::from("spec"), "containers".into(), 0.into(), "image".into()].into_iter().collect();
        assert_eq!(path.to_string(), "spec.containers[0].image");
        assert_eq!(path.to_pointer(), "/spec/containers/0/image");
    }

    #[test]
    fn brackets_and_escapes_odd_keys() {
        let path = FieldPath::of_keys(["metadata", "annotations", "a.b/c~d"]);
        assert_eq!(path.to_string(), "metadata.annotations[a.b/c~d]");
        assert_eq!(path.to_pointer(), "/metadata/annotations/a.b~1c~0d");
    }
}
