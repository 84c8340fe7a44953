use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Labels of a pod or namespace.
pub type Labels = BTreeMap<String, String>;

/// What a requirement asks of the value of its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// The key is there, with one of these values.
    In(BTreeSet<String>),
    /// The key is absent, or has none of these values.
    NotIn(BTreeSet<String>),
    /// The key is there.
    Exists,
    /// The key is absent.
    DoesNotExist,
}

/// One requirement of a selector.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// The label key.
    pub key: String,
    /// What is asked of it.
    pub operator: Operator,
}

impl Requirement {
    /// Whether labels meet it; as in `k8s.io/apimachinery/pkg/labels`, a negative requirement holds for an absent key.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        match &self.operator {
            Operator::In(values) => value.is_some_and(|value| values.contains(value)),
            Operator::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

/// A label selector as a sorted set of requirements, all of which must hold; empty, it selects everything.
///
/// `matchLabels` are requirements with one value, so selectors that are written differently and ask the same are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LabelSelector(BTreeSet<Requirement>);

impl LabelSelector {
    /// Whether it selects an object with these labels.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|requirement| requirement.matches(labels))
    }

    /// Whether it selects everything.
    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// Its requirements, in order.
    pub fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.0.iter()
    }
}

impl FromIterator<Requirement> for LabelSelector {
    fn from_iter<I: IntoIterator<Item = Requirement>>(requirements: I) -> Self {
        Self(requirements.into_iter().collect())
    }
}

/// As `kubectl get -l` takes it: `app=web,tier in (a,b),!legacy`; `*` for everything.
impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("*");
        }
        for (position, Requirement { key, operator }) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            match operator {
                Operator::Exists => f.write_str(key)?,
                Operator::DoesNotExist => write!(f, "!{key}")?,
                Operator::In(values) => match values.first() {
                    Some(value) if values.len() == 1 => write!(f, "{key}={value}")?,
                    _ => write!(f, "{key} in ({})", list(values))?,
                },
                Operator::NotIn(values) => write!(f, "{key} notin ({})", list(values))?,
            }
        }
        Ok(())
    }
}

fn list(values: &BTreeSet<String>) -> String {
    values.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn requirement(key: &str, operator: Operator) -> LabelSelector {
        [Requirement { key: key.to_owned(), operator }].into_iter().collect()
    }

    fn values(values: &[&str]) -> BTreeSet<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn negative_requirements_hold_for_an_absent_key() {
        let (with, without) = (labels(&[("a", "1")]), labels(&[("b", "1")]));
        for (operator, holds_with, holds_without) in [
            (Operator::In(values(&["1", "2"])), true, false),
            (Operator::NotIn(values(&["1", "2"])), false, true),
            (Operator::NotIn(values(&["2"])), true, true),
            (Operator::Exists, true, false),
            (Operator::DoesNotExist, false, true),
        ] {
            let selector = requirement("a", operator);
            assert_eq!(
                (selector.matches(&with), selector.matches(&without)),
                (holds_with, holds_without),
                "{selector}"
            );
        }
    }

    #[test]
    fn an_empty_value_is_a_value() {
        let empty = requirement("a", Operator::In(values(&[""])));
        assert!(empty.matches(&labels(&[("a", "")])));
        assert!(!empty.matches(&labels(&[])));
    }

    #[test]
    fn the_empty_selector_selects_everything() {
        assert!(LabelSelector::default().matches(&labels(&[])));
        assert_eq!(LabelSelector::default().to_string(), "*");
    }

    #[test]
    fn equal_meaning_is_equal() {
        let one = requirement("a", Operator::In(values(&["1"])));
        assert_eq!(one, requirement("a", Operator::In(values(&["1", "1"]))));
        assert_eq!(one.to_string(), "a=1");
        assert_eq!(requirement("a", Operator::NotIn(values(&["2", "1"]))).to_string(), "a notin (1,2)");
    }
}
