//! What one process does in a soak.

use std::path::PathBuf;
use std::sync::atomic::{Ordering, fence};
use std::thread;
use std::time::Duration;

use lockproof::Workers;
use lockproof::error::LockError;
use lockproof::workers::End;
use rustix::process::getpid;
use serde::{Deserialize, Serialize};

use super::figures::Own;
use super::ground::{Ground, Lane};
use super::kind::{Kind, VETERAN};
use super::plan::{Broken, MOST_PROCESSES};
use crate::stress::arena::MOST_WORKERS;
use crate::stress::subjects::Witness;

/// After how many operations, on average, one draws up an account.
const AUDITS: u32 = 5_000;
/// After how many, on average, one forks.
const FORKS: u32 = 3_000;
/// How many operations a forked child does at the most.
const CHILDS_PART: u32 = 200;
/// After how many the veteran has done a little of everything, forks and accounts as well.
const SETTLED: u64 = 2_000;
/// How long somebody now and then lingers in the middle.
const LINGERS: Duration = Duration::from_micros(50);

/// The part of one process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Share {
    pub(super) lane: usize,
    pub(super) folder: PathBuf,
    pub(super) broken: Option<Broken>,
}

/// Takes part until the time is up, or it is told to go.
///
/// # Errors
///
/// What is wrong, in words.
pub(crate) fn take_part(ground: &Ground, share: &Share) -> Result<(), String> {
    let worker = Worker::new(ground, share, share.lane);
    worker.lane.begun.store(getpid().as_raw_nonzero().get().unsigned_abs());
    worker.kinds.iter().for_each(|kind| kind.arrive(ground, share.lane, &share.folder));
    worker.work()?;
    if ground.enough.load() {
        worker.kinds.iter().for_each(|kind| kind.leave(ground, share.lane, &share.folder));
    }
    Ok(())
}

struct Worker<'a> {
    ground: &'a Ground,
    share: &'a Share,
    number: usize,
    lane: &'a Lane,
    kinds: Vec<Kind>,
}

impl<'a> Worker<'a> {
    fn new(ground: &'a Ground, share: &'a Share, number: usize) -> Self {
        let kinds = Kind::of_lane(number, share.broken);
        Self { ground, share, number, lane: &ground.lanes[number], kinds }
    }

    fn goes_on(&self) -> bool {
        !self.ground.enough.load() && !self.lane.go.load()
    }

    fn work(&self) -> Result<(), String> {
        let (mut child, mut steps) = (None, 0);
        let forks = self.number >= VETERAN;
        while self.goes_on() {
            self.step()?;
            steps += 1;
            if forks && fastrand::u32(..FORKS) == 0 {
                self.end_of(child.take())?;
                child = Some(self.fork()?);
            }
            if fastrand::u32(..AUDITS) == 0 {
                self.audit()?;
            }
            if self.number == VETERAN && steps == SETTLED {
                self.end_of(child.take())?;
                self.say_what_it_has(0);
            }
        }
        self.end_of(child.take())?;
        if self.number == VETERAN {
            self.say_what_it_has(1);
        }
        Ok(())
    }

    fn step(&self) -> Result<(), String> {
        let kind = loop {
            let kind = self.kinds[fastrand::usize(..self.kinds.len())];
            if fastrand::u32(..=kind.passed_over()) == 0 {
                break kind;
            }
        };
        self.lane.doing.store(kind.index() as u64 + 1);
        kind.step(self.ground, self.number, &self.share.folder, self)
            .map_err(|words| format!("`{}`: {words}", kind.name()))?;
        self.lane.doing.store(0);
        // Whoever sees that it was done sees it done.
        fence(Ordering::SeqCst);
        self.lane.done[kind.index()].increment();
        Ok(())
    }

    /// Compares how often something was done with how often somebody said so.
    fn audit(&self) -> Result<(), String> {
        let kind = self.kinds[fastrand::usize(..self.kinds.len())];
        if !kind.can_be_audited() {
            return Ok(());
        }
        let least = self.ground.done(kind);
        fence(Ordering::SeqCst);
        let name = kind.name();
        let total = kind
            .total(self.ground, &self.share.folder, self)
            .map_err(|words| format!("`{name}`: {words}"))?;
        fence(Ordering::SeqCst);
        let in_the_middle = MOST_WORKERS as u64;
        let most = self.ground.may_have_died() + in_the_middle + self.ground.done(kind);
        self.ground.audits.increment();
        if (least..=most).contains(&total) {
            return Ok(());
        }
        Err(format!(
            "`{name}`: its total is {total}, where at least {least} and at most {most} should be"
        ))
    }

    /// Forks a child that does some of the same, half of the time with a lock held.
    fn fork(&self) -> Result<Workers, String> {
        let number = self.number + MOST_PROCESSES;
        let held = if fastrand::bool() { Some(self.hold()?) } else { None };
        self.ground.forks.increment();
        let work = |_| {
            let child = Worker::new(self.ground, self.share, number);
            // A copy would draw what its original draws.
            fastrand::seed(u64::from(std::process::id()));
            for _ in 0..fastrand::u32(..CHILDS_PART) {
                child.step()?;
            }
            self.ground.returned.increment();
            Ok::<(), String>(())
        };
        // SAFETY: this process has one thread, and the function does not use the guard, which here holds nothing.
        let forked = unsafe { Workers::fork(1, work) };
        drop(held);
        forked.map_err(|error| format!("cannot fork: {error}"))
    }

    fn hold(&self) -> Result<lockproof::MutexGuard<'_, u64>, String> {
        match self.ground.arena.mutex.lock() {
            Ok(guard) => Ok(guard),
            Err(LockError::OwnerDied(died)) => {
                self.told();
                let mut guard = died.into_guard();
                guard.make_consistent();
                Ok(guard)
            }
            Err(error) => Err(format!("`mutex`: {error}")),
        }
    }

    /// Waits for a child, or kills it.
    fn end_of(&self, child: Option<Workers>) -> Result<(), String> {
        let Some(mut child) = child else { return Ok(()) };
        let kills = fastrand::u8(..4) == 0;
        if kills {
            child.kill_all().map_err(|error| error.to_string())?;
        }
        child.wait_all().map_err(|error| error.to_string())?;
        match child[0].end() {
            Some(End::Exited(0)) => Ok(()),
            Some(End::Killed { signal: libc::SIGKILL, .. }) if kills => Ok(()),
            how => Err(format!("a forked child ended badly: {how:?}")),
        }
    }

    fn say_what_it_has(&self, when: usize) {
        let Own { descriptors, memory_kib } = Own::now();
        self.ground.veteran.descriptors[when].store(descriptors);
        self.ground.veteran.memory[when].store(memory_kib);
    }
}

impl Witness for Worker<'_> {
    fn told(&self) {
        self.lane.told.increment();
    }

    fn before_store(&self) {
        self.gap();
    }

    fn gap(&self) {
        match fastrand::u32(..256) {
            0..4 => thread::sleep(LINGERS),
            4..16 => thread::yield_now(),
            _ => {}
        }
    }
}
