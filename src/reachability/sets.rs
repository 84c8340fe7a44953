use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::PortSet;

/// A set of connections, by number: the same set has the same number within one [`ConnectionSets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SetId(u32);

impl SetId {
    /// Nothing passes.
    pub const NOTHING: Self = Self(0);
    /// Everything passes.
    pub(super) const EVERYTHING: Self = Self(1);
}

/// All sets of connections that occur, each kept once: a cluster has millions of pairs and few different sets.
#[derive(Debug)]
pub(super) struct ConnectionSets(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    sets: Vec<PortSet>,
    numbers: HashMap<PortSet, u32>,
    unions: HashMap<(SetId, SetId), SetId>,
    intersections: HashMap<(SetId, SetId), SetId>,
}

impl Known {
    fn intern(&mut self, set: PortSet) -> SetId {
        if let Some(&number) = self.numbers.get(&set) {
            return SetId(number);
        }
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.sets.push(set.clone());
        self.numbers.insert(set, number);
        SetId(number)
    }

    fn get(&self, id: SetId) -> PortSet {
        self.sets.get(id.0 as usize).cloned().unwrap_or_default()
    }
}

impl ConnectionSets {
    pub(super) fn new() -> Self {
        let mut known = Known::default();
        known.intern(PortSet::default());
        known.intern(PortSet::everything());
        Self(Mutex::new(known))
    }

    /// The tables are whole between two statements, so a panic elsewhere leaves them usable.
    fn with<R>(&self, work: impl FnOnce(&mut Known) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn intern(&self, set: PortSet) -> SetId {
        self.with(|known| known.intern(set))
    }

    pub(super) fn get(&self, id: SetId) -> PortSet {
        self.with(|known| known.get(id))
    }
}

/// Set arithmetic by number, with a memory of its own, so that threads seldom wait for each other.
#[derive(Debug)]
pub(super) struct Arithmetic<'s> {
    sets: &'s ConnectionSets,
    unions: HashMap<(SetId, SetId), SetId>,
    intersections: HashMap<(SetId, SetId), SetId>,
    last: (SetId, SetId, SetId),
}

impl<'s> Arithmetic<'s> {
    pub(super) fn new(sets: &'s ConnectionSets) -> Self {
        let last = (SetId::NOTHING, SetId::NOTHING, SetId::NOTHING);
        Self { sets, unions: HashMap::new(), intersections: HashMap::new(), last }
    }

    pub(super) fn union(&mut self, left: SetId, right: SetId) -> SetId {
        if left == right || right == SetId::NOTHING {
            return left;
        }
        if left == SetId::NOTHING {
            return right;
        }
        if left == SetId::EVERYTHING || right == SetId::EVERYTHING {
            return SetId::EVERYTHING;
        }
        let pair = (left.min(right), left.max(right));
        *self.unions.entry(pair).or_insert_with(|| {
            self.sets.with(|known| {
                known.unions.get(&pair).copied().unwrap_or_else(|| {
                    let id = known.intern(known.get(pair.0).union(&known.get(pair.1)));
                    known.unions.insert(pair, id);
                    id
                })
            })
        })
    }

    pub(super) fn intersection(&mut self, left: SetId, right: SetId) -> SetId {
        if left == right || right == SetId::EVERYTHING {
            return left;
        }
        if left == SetId::EVERYTHING {
            return right;
        }
        if left == SetId::NOTHING || right == SetId::NOTHING {
            return SetId::NOTHING;
        }
        if (left, right) == (self.last.0, self.last.1) {
            return self.last.2;
        }
        let pair = (left.min(right), left.max(right));
        let common = *self.intersections.entry(pair).or_insert_with(|| {
            self.sets.with(|known| {
                known.intersections.get(&pair).copied().unwrap_or_else(|| {
                    let id = known.intern(known.get(pair.0).intersection(&known.get(pair.1)));
                    known.intersections.insert(pair, id);
                    id
                })
            })
        });
        self.last = (left, right, common);
        common
    }
}
