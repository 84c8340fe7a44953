use std::fmt;

/// A policy version: the rules of a Kubernetes minor release, or the newest the server knows.
///
/// Ordered: `latest` is newer than every numbered version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `v1.N`.
    Minor(u32),
    /// `latest`.
    Latest,
}

impl Version {
    /// Reads a label value: `latest`, or `v1.N` without leading zeros (upstream `api.ParseVersion`).
    pub fn parse(text: &str) -> Option<Self> {
        if text == "latest" {
            return Some(Self::Latest);
        }
        let minor = text.strip_prefix("v1.")?;
        let well_formed = minor == "0" || !minor.starts_with('0');
        (well_formed && minor.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
        minor.parse().ok().map(Self::Minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minor(minor) => write!(f, "v1.{minor}"),
            Self::Latest => f.write_str("latest"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_upstream_accepts() {
        assert_eq!(Version::parse("latest"), Some(Version::Latest));
        assert_eq!(Version::parse("v1.0"), Some(Version::Minor(0)));
        assert_eq!(Version::parse("v1.29"), Some(Version::Minor(29)));
        for bad in ["", "1.29", "v1.01", "v2.0", "v1.", "v1.+1", "v1.2.3"] {
            assert_eq!(Version::parse(bad), None, "{bad}");
        }
    }
}
