/// A set of numbers as sorted, disjoint, non-adjacent inclusive intervals; equal sets are equal values.
///
/// Ports and addresses of either family fit into the same arithmetic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct IntervalSet(Vec<(u128, u128)>);

impl IntervalSet {
    /// All numbers from `first` to `last`; empty if `first` is greater.
    pub(super) fn of(first: u128, last: u128) -> Self {
        if first > last { Self::default() } else { Self(vec![(first, last)]) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many intervals it takes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, u128)> + '_ {
        self.0.iter().copied()
    }

    pub(super) fn contains(&self, number: u128) -> bool {
        self.contains_all(number, number)
    }

    /// Whether every number from `first` to `last` is in the set.
    pub(super) fn contains_all(&self, first: u128, last: u128) -> bool {
        let after = self.0.partition_point(|&(start, _)| start <= first);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|&(_, end)| last <= end)
    }

    /// Whether some number from `first` to `last` is in the set.
    pub(super) fn intersects(&self, first: u128, last: u128) -> bool {
        let after = self.0.partition_point(|&(start, _)| start <= last);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|&(_, end)| first <= end)
    }

    /// Whether it has a number of the other.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().any(|&(start, end)| other.intersects(start, end))
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        self.0.iter().chain(&other.0).copied().collect()
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = Vec::new();
        while let (Some(&&(start, end)), Some(&&(other_start, other_end))) = (left.peek(), right.peek()) {
            let (first, last) = (start.max(other_start), end.min(other_end));
            if first <= last {
                common.push((first, last));
            }
            // The one that ends first cannot meet what follows in the other.
            if end < other_end {
                left.next()
            } else {
                right.next()
            };
        }
        Self(common)
    }

    pub(super) fn difference(&self, other: &Self) -> Self {
        self.intersection(&other.complement())
    }

    fn complement(&self) -> Self {
        let mut gaps = Vec::new();
        let mut next = Some(0);
        for &(start, end) in &self.0 {
            if let Some(gap) = next
                && gap < start
            {
                gaps.push((gap, start - 1));
            }
            next = end.checked_add(1);
        }
        gaps.extend(next.map(|gap| (gap, u128::MAX)));
        Self(gaps)
    }
}

impl FromIterator<(u128, u128)> for IntervalSet {
    /// Takes intervals in any order, overlapping or not; each must not end before it starts.
    fn from_iter<I: IntoIterator<Item = (u128, u128)>>(intervals: I) -> Self {
        let mut sorted: Vec<_> = intervals.into_iter().collect();
        sorted.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::with_capacity(sorted.len());
        for (start, end) in sorted {
            match merged.last_mut() {
                Some(last) if start <= last.1.saturating_add(1) => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        Self(merged)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn joins_neighbours() {
        let set: IntervalSet = [(5, 9), (1, 4), (20, 30), (25, 26)].into_iter().collect();
        assert_eq!(set, IntervalSet(vec![(1, 9), (20, 30)]));
    }

    #[test]
    fn keeps_the_ends_of_the_number_range() {
        let everything = IntervalSet::of(0, u128::MAX);
        assert!(everything.complement().is_empty());
        assert_eq!(IntervalSet::default().complement(), everything);
        assert_eq!(everything.difference(&IntervalSet::of(0, 0)), IntervalSet::of(1, u128::MAX));
    }

    fn set() -> impl Strategy<Value = IntervalSet> {
        prop::collection::vec((0_u128..40, 0_u128..6), 0..6)
            .prop_map(|pairs| pairs.into_iter().map(|(start, len)| (start, start + len)).collect())
    }

    proptest! {
        #[test]
        fn is_set_arithmetic(a in set(), b in set()) {
            for number in 0..50 {
                let (in_a, in_b) = (a.contains(number), b.contains(number));
                prop_assert_eq!(a.union(&b).contains(number), in_a || in_b);
                prop_assert_eq!(a.intersection(&b).contains(number), in_a && in_b);
                prop_assert_eq!(a.difference(&b).contains(number), in_a && !in_b);
            }
            prop_assert_eq!(a.union(&b), b.union(&a));
            prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a);
        }
    }
}
