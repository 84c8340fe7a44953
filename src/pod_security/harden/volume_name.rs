use sha2::{Digest, Sha256};

use super::mount_path::MountPath;

/// The longest name of a volume, which is a DNS label (RFC 1123).
const MAX_LENGTH: usize = 63;

/// The names that a volume for a path may have, best first: `floe-home-floe`, then the same with a hash of the path,
/// then numbered ones. All are DNS labels; the same path always gives the same names. The plain name is left out where
/// the path is too long for it.
pub(super) fn candidates(path: &MountPath) -> impl Iterator<Item = String> {
    let mut plain = String::from("floe");
    for step in path.steps() {
        plain.push('-');
        plain.extend(step.chars().map(|it| if it.is_ascii_alphanumeric() { it.to_ascii_lowercase() } else { '-' }));
    }
    while plain.contains("--") {
        plain = plain.replace("--", "-");
    }
    let plain = plain.trim_end_matches('-').to_owned();
    let digest = Sha256::digest(path.to_string());
    let hash = format!("{:08x}", digest.iter().take(4).fold(0_u32, |hash, &byte| (hash << 8) | u32::from(byte)));
    let hashed = with_suffix(&plain, &hash);
    let numbered = (2_u64..).map({
        let plain = plain.clone();
        move |number| with_suffix(&plain, &format!("{hash}-{number}"))
    });
    std::iter::once(plain).filter(|name| name.len() <= MAX_LENGTH).chain(std::iter::once(hashed)).chain(numbered)
}

fn with_suffix(name: &str, suffix: &str) -> String {
    let room = MAX_LENGTH.saturating_sub(suffix.len() + 1);
    let head: String = name.chars().take(room).collect();
    format!("{}-{suffix}", head.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str) -> Vec<String> {
        candidates(&MountPath::wanted(path).unwrap()).take(3).collect()
    }

    #[test]
    fn reads_like_the_path() {
        assert_eq!(names("/tmp")[0], "floe-tmp");
        assert_eq!(names("/home/floe")[0], "floe-home-floe");
        assert_eq!(names("/home/.cache/My_App.d/")[0], "floe-home-cache-my-app-d");
        assert_eq!(names("/日本")[0], "floe");
    }

    #[test]
    fn falls_back_to_a_hash_of_the_path() {
        let [dashed, nested] = [names("/a-b"), names("/a/b")];
        assert_eq!(dashed[0], nested[0]);
        assert_ne!(dashed[1], nested[1]);
        assert!(dashed[1].starts_with("floe-a-b-"));
        assert_eq!(dashed[2], format!("{}-2", dashed[1]));
    }

    #[test]
    fn is_always_a_dns_label() {
        let long = format!("/{}", "x".repeat(53) + "-y");
        for path in ["/tmp", "/-", "/...a", "/A B", long.as_str(), &format!("/{}", "long".repeat(40))] {
            for name in names(path) {
                assert!(name.len() <= 63, "{name}");
                assert!(name.starts_with("floe") && !name.ends_with('-'), "{name}");
                assert!(name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-'), "{name}");
            }
        }
    }
}
