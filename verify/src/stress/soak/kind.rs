//! What is done in a soak, and who does what.

use std::path::Path;
use std::sync::atomic::{Ordering, fence};
use std::thread;
use std::time::Duration;

use super::ground::Ground;
use super::plan::Broken;
use crate::stress::arena::MOST_WORKERS;
use crate::stress::subject::Subject;
use crate::stress::subjects::{Spot, Witness};

/// How many workers meet at a barrier, and do nothing else.
const MEETING: usize = 4;
/// How many ring for each other, and do nothing else.
const RINGING: usize = 3;
/// The first worker that does everything else. It is never killed.
pub(super) const VETERAN: usize = MEETING + RINGING;
/// With fewer, nobody would compete for what all others do.
pub(super) const FEWEST: usize = VETERAN + 3;
/// How many kinds there can be.
pub(super) const KINDS: usize = Subject::ALL.len() + 1;
/// How long the holder of the lock that stays shut sleeps with it.
const ASLEEP: Duration = Duration::from_micros(100);

/// Something that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Of(Subject),
    /// A count under a lock that stays shut if its holder dies.
    Mortal,
}

impl Kind {
    /// Everything that is done in a soak.
    pub(super) fn all(broken: Option<Broken>) -> impl Iterator<Item = Self> {
        let sound = |subject: &Subject| !matches!(subject, Subject::Unlocked | Subject::Threads);
        let broken = broken.map(|broken| match broken {
            Broken::Unlocked => Self::Of(Subject::Unlocked),
            Broken::Mortal => Self::Mortal,
        });
        Subject::ALL.into_iter().filter(sound).map(Self::Of).chain(broken)
    }

    /// What the worker in this lane does, or a forked child of one.
    pub(super) fn of_lane(lane: usize, broken: Option<Broken>) -> Vec<Self> {
        match lane {
            0..MEETING => vec![Self::Of(Subject::Barrier)],
            MEETING..VETERAN => vec![Self::Of(Subject::Event)],
            _ => Self::all(broken).filter(|kind| !kind.is_apart()).collect(),
        }
    }

    /// Whether those who do it do nothing else.
    pub(super) fn is_apart(self) -> bool {
        matches!(self, Self::Of(Subject::Barrier | Subject::Event))
    }

    /// One after the other, without gaps.
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Of(subject) => subject as usize,
            Self::Mortal => KINDS - 1,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Of(subject) => subject.name(),
            Self::Mortal => Broken::Mortal.name(),
        }
    }

    /// Whether its account can be drawn up while others are at work, and soon: not where that waits for all that was begun, or for
    /// all permits at once.
    pub(super) const fn can_be_audited(self) -> bool {
        !matches!(self, Self::Of(Subject::Tasks | Subject::Permits) | Self::Mortal)
    }

    /// How many times it is passed over, on average, before it is done: what takes long would take all the time.
    pub(super) const fn passed_over(self) -> u32 {
        if matches!(self, Self::Of(Subject::File)) { 16 } else { 0 }
    }

    pub(super) fn arrive(self, ground: &Ground, lane: usize, folder: &Path) {
        if let Self::Of(subject) = self {
            subject.arrive(&spot(ground, lane, folder));
        }
    }

    pub(super) fn leave(self, ground: &Ground, lane: usize, folder: &Path) {
        if let Self::Of(subject) = self {
            subject.leave(&spot(ground, lane, folder));
        }
    }

    /// Does it once.
    ///
    /// # Errors
    ///
    /// What is wrong, in words.
    pub(super) fn step(
        self,
        ground: &Ground,
        lane: usize,
        folder: &Path,
        witness: &impl Witness,
    ) -> Result<(), String> {
        match self {
            Self::Of(subject) => subject.increment(&spot(ground, lane, folder), witness),
            Self::Mortal => {
                ground.mortal_step();
                Ok(())
            }
        }
    }

    /// How often it was done.
    ///
    /// # Errors
    ///
    /// Why that cannot be told, in words.
    pub(super) fn total(
        self,
        ground: &Ground,
        folder: &Path,
        witness: &impl Witness,
    ) -> Result<u64, String> {
        match self {
            Self::Of(subject) => {
                subject.total(&Spot { folder, ..Spot::alone(&ground.arena) }, witness)
            }
            Self::Mortal => Ok(ground.mortal_count.load()),
        }
    }
}

/// Where the worker of this lane counts, among those who do the same.
fn spot<'a>(ground: &'a Ground, lane: usize, folder: &'a Path) -> Spot<'a> {
    let (number, workers) = match lane {
        0..MEETING => (lane, MEETING),
        MEETING..VETERAN => (lane - MEETING, RINGING),
        _ => (lane, MOST_WORKERS),
    };
    Spot { arena: &ground.arena, number, workers, folder }
}

impl Ground {
    /// Test and set, which nobody undoes for the dead.
    fn mortal_step(&self) {
        while self.mortal.set(1) != 0 {
            thread::sleep(ASLEEP);
        }
        fence(Ordering::Acquire);
        let before = self.mortal_count.load();
        thread::sleep(ASLEEP);
        self.mortal_count.store(before + 1);
        fence(Ordering::Release);
        self.mortal.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_done_by_somebody() {
        for broken in [None, Some(Broken::Unlocked), Some(Broken::Mortal)] {
            let done: Vec<Kind> =
                (0..FEWEST).flat_map(|lane| Kind::of_lane(lane, broken)).collect();
            for kind in Kind::all(broken) {
                assert!(done.contains(&kind), "{kind:?}");
                assert!(kind.index() < KINDS);
            }
        }
    }
}
