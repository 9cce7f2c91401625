//! Sets of events, and relations between them.

use std::ops::BitOr;

/// At most so many events.
pub(super) const MOST: usize = 32;

/// A set of events: a bit for each.
pub(super) type Set = u32;

/// The events of a set.
pub(super) fn members(mut set: Set) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let first = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (first < MOST).then_some(first)
    })
}

/// A binary relation: for each event, those it leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Relation([Set; MOST]);

impl Relation {
    /// `[set]`: each event of it leads to itself.
    pub(super) fn identity(set: Set) -> Self {
        let mut all = Self::default();
        all.add_each(set, |event| 1 << event);
        all
    }

    /// Each of these leads to each of those.
    pub(super) fn product(these: Set, those: Set) -> Self {
        let mut all = Self::default();
        all.add_each(these, |_| those);
        all
    }

    fn add_each(&mut self, set: Set, to: impl Fn(usize) -> Set) {
        members(set).for_each(|event| self.0[event] |= to(event));
    }

    pub(super) fn add(&mut self, from: usize, to: usize) {
        self.0[from] |= 1 << to;
    }

    pub(super) fn after(&self, event: usize) -> Set {
        self.0[event]
    }

    /// `self ; next`
    pub(super) fn then(&self, next: &Self) -> Self {
        Self(self.0.map(|row| members(row).fold(0, |all, through| all | next.0[through])))
    }

    /// `self?`
    pub(super) fn or_not(&self) -> Self {
        *self | Self::identity(Set::MAX)
    }

    /// `self⁻¹`
    pub(super) fn inverse(&self) -> Self {
        let mut inverse = Self::default();
        for (from, row) in self.0.iter().enumerate() {
            inverse.add_each(*row, |_| 1 << from);
        }
        inverse
    }

    /// `self⁺`
    pub(super) fn closure(mut self) -> Self {
        for through in 0..MOST {
            let next = self.0[through];
            if next != 0 {
                self.0
                    .iter_mut()
                    .filter(|row| **row >> through & 1 == 1)
                    .for_each(|row| *row |= next);
            }
        }
        self
    }

    /// `[from] ; self ; [to]`
    pub(super) fn between(&self, from: Set, to: Set) -> Self {
        let mut some = Self::default();
        some.add_each(from, |event| self.0[event] & to);
        some
    }

    pub(super) fn is_irreflexive(&self) -> bool {
        self.0.iter().enumerate().all(|(event, row)| row >> event & 1 == 0)
    }

    pub(super) fn is_acyclic(&self) -> bool {
        self.closure().is_irreflexive()
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(row, other)| row & other != 0)
    }
}

impl BitOr for Relation {
    type Output = Self;

    fn bitor(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(row, other)| *row |= other);
        self
    }
}
