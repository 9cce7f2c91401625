//! The region of a soak.

use lockproof::{AtomicCounter, RawValue, shareable};

use super::kind::{KINDS, Kind};
use crate::stress::arena::{Arena, MOST_WORKERS};

shareable! {
    /// One of everything, and what the processes tell the harness.
    pub(crate) struct Ground {
        pub(super) arena: Arena,
        /// The lock that stays shut, and what it protects.
        pub(super) mortal: AtomicCounter,
        pub(super) mortal_count: RawValue<u64>,
        /// The time is up.
        pub(super) enough: RawValue<bool>,
        /// How many have died by SIGKILL: counted before anybody comes in their place.
        pub(super) deaths: AtomicCounter,
        /// How many times a worker has forked.
        pub(super) forks: AtomicCounter,
        /// How many of those children have ended by themselves.
        pub(super) returned: AtomicCounter,
        /// How many accounts were drawn up on the way.
        pub(super) audits: AtomicCounter,
        pub(super) veteran: Veteran,
        pub(super) lanes: [Lane; MOST_WORKERS],
    }
}

shareable! {
    /// What a worker, and those that come in its place, tell.
    pub(super) struct Lane {
        /// How often each kind was done: counted after each.
        pub(super) done: [AtomicCounter; KINDS],
        /// How many times it was told that a holder has died.
        pub(super) told: AtomicCounter,
        /// The process, once it has begun.
        pub(super) begun: RawValue<u32>,
        /// The kind that it is doing, plus one.
        pub(super) doing: RawValue<u64>,
        /// It is to go, as it has come.
        pub(super) go: RawValue<bool>,
    }
}

shareable! {
    /// What the veteran has, once it has done a little of everything, and in the end.
    pub(super) struct Veteran {
        pub(super) descriptors: [RawValue<u64>; 2],
        pub(super) memory: [RawValue<u64>; 2],
    }
}

impl Ground {
    /// How often a kind was done, by all.
    pub(super) fn done(&self, kind: Kind) -> u64 {
        self.lanes.iter().map(|lane| lane.done[kind.index()].get()).sum()
    }

    pub(super) fn told(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.told.get()).sum()
    }

    /// How many processes may have died between an increment and saying so.
    pub(super) fn may_have_died(&self) -> u64 {
        // In this order: who forks in between is counted as well.
        let returned = self.returned.get();
        self.deaths.get() + self.forks.get().saturating_sub(returned)
    }
}
