/// The candidate that whoever wrote `word` most likely meant; absent if none comes close.
///
/// Case and the separators `_` and `-` do not count, so `podSecurity` is `pod_security`; a third of the characters may
/// differ. Of equally near candidates the first wins.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word = plain(word);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &plain(candidate)), candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= word.chars().count().max(candidate.len()).max(3) / 3)
        .map(|(_, candidate)| candidate)
}

/// Edit distance; words beyond 256 bytes are no typing errors, and the distance is quadratic in their length.
fn distance(left: &str, right: &str) -> usize {
    if left.len() > 256 || right.len() > 256 { usize::MAX } else { strsim::osa_distance(left, right) }
}

fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let keys = ["jobs_level", "platform_level", "version", "run_as_user", "run_as_group"];
        for (word, expected) in [
            ("job_level", Some("jobs_level")),
            ("runAsUser", Some("run_as_user")),
            ("verison", Some("version")),
            ("plattform-level", Some("platform_level")),
            ("replicas", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), keys), None);
        assert_eq!(nearest("x", []), None);
    }
}
