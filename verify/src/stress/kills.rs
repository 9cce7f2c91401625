//! Killing a worker so that it is known whether it died as the holder.
//!
//! The word of a lock goes on changing while others run, so what it says after a death does not tell whether
//! the dead one held it. Somebody has to stand still:
//!
//! - *the victim*: it is stopped (SIGSTOP), and the lock's word either names it or does not; then it is killed. The
//!   others run on, and sleep on the lock, all the while.
//! - *the others*: they are stopped, the word is read, the victim is killed as it runs, and the word, read after
//!   reaping it, shows whether it left the lock behind.
//! - *nobody*: a holder that was told to stay inside is killed while all run, or sleep on its lock. Or the subject
//!   has no lock, and there is nothing to be known.
//!
//! In each case, once the dead one is reaped, the word must no longer name it: by then the kernel has walked its
//! robust list.

use std::thread;
use std::time::{Duration, Instant};

use lockproof::raw::mutex_state::State;

use super::arena::{Point, Stage};
use super::course::now;
use super::outcome::Ended;
use super::process::End;
use super::run::{Run, begun, failed};

/// The longest time between two kills.
const BETWEEN_KILLS: Duration = Duration::from_micros(1500);
/// The longest time between two tries to catch a holder.
const BETWEEN_TRIES: Duration = Duration::from_micros(100);
/// How often it is tried before anybody is taken.
const TRIES: usize = 15;
/// Longer than an increment that gets on keeps the lock.
const LONGER_THAN_INSIDE: Duration = Duration::from_micros(10);
/// The longest time that a holder stays inside before it is killed.
const INSIDE: Duration = Duration::from_micros(300);

/// How long holders that cannot be told to stay were hunted: half of the time by looking for one that stands still,
/// which there is where processors are few, half of it by stopping anybody, which is quick where they are many.
#[derive(Debug, Default)]
pub(super) struct Hunt {
    looking: Duration,
    by_chance: Duration,
}

/// Where a holder stays that has counted what it was told of.
const REPORTED: [Point; 3] = [Point::Counted, Point::BeforeStore, Point::AfterStore];

impl Run<'_> {
    /// Kills one worker, or tries to.
    pub(super) fn strike(&mut self) -> Result<(), Ended> {
        let subject = self.plan.subject;
        match (self.plan.kill_holders, subject.holder_can_stay()) {
            (true, true) => return self.kill_staying_holder(),
            (true, false) => return self.kill_caught_holder(),
            (false, _) if self.ordered_to_stay() => return self.kill_staying_holder(),
            (false, _) => {}
        }
        self.pause(BETWEEN_KILLS);
        self.look_after()?;
        let Some(victim) = self.victim() else { return Ok(()) };
        if !subject.has_holder() {
            self.kill(victim, true)
        } else if self.rng.bool() {
            self.kill_stopped(victim)
        } else {
            self.kill_among_stopped(victim)
        }
    }

    /// Half of the time whoever holds the lock, if anybody is found who does; otherwise anybody.
    fn victim(&mut self) -> Option<usize> {
        if self.rng.bool() { self.likely_holder() } else { self.any_worker() }
    }

    /// Whoever holds the lock and stands still, if one is soon found. Otherwise anybody: where there are processors
    /// enough, nobody stands still, but whoever is stopped may be inside.
    fn likely_holder(&mut self) -> Option<usize> {
        (0..TRIES).find_map(|_| self.glimpsed_holder()).or_else(|| self.any_worker())
    }

    /// Who holds the lock without getting on: it is not running, and if it is stopped now, then inside.
    fn holder(&self) -> Option<usize> {
        let owner = self.word().owner();
        let holder = self.workers.iter().position(|worker| worker.id() == owner)?;
        let start = Instant::now();
        while start.elapsed() < LONGER_THAN_INSIDE {
            if self.word().owner() != owner {
                return None;
            }
        }
        Some(holder)
    }

    /// Stops the victim, looks, and kills it.
    fn kill_stopped(&mut self, victim: usize) -> Result<(), Ended> {
        let mut held = false;
        if self.workers[victim].stop().map_err(failed)? {
            let word = self.word();
            held = word.owner() == self.workers[victim].id();
            if held {
                self.deaths.holder_died(self.reports(), word.owner_died());
                self.sometimes_order_to_stay(&[Point::Told]);
            }
        }
        self.kill(victim, held)
    }

    /// Stops all others, looks, kills the victim, and looks again.
    fn kill_among_stopped(&mut self, victim: usize) -> Result<(), Ended> {
        self.stop_all_but(victim)?;
        let before = self.word();
        // A death before this one of which nobody has been told yet: the word could not show this one's.
        if !(before.owner_died() && before.is_free()) {
            let id = self.workers[victim].id();
            self.note_recovery();
            self.kill_and_reap(victim)?;
            let after = self.word();
            let held = after.owner_died() && after.is_free();
            if held {
                let was_told = before.owner() == id && before.owner_died();
                self.deaths.holder_died(self.reports(), was_told);
            }
            self.check_reaped(id)?;
            self.replace(victim)?;
            // Nobody could get on before.
            self.await_recovery(held);
        }
        self.workers.iter().try_for_each(|worker| worker.resume().map_err(failed))
    }

    fn stop_all_but(&mut self, victim: usize) -> Result<(), Ended> {
        let mut others: Vec<_> = self.workers.iter_mut().enumerate().collect();
        others.retain(|(number, _)| *number != victim);
        for (_, worker) in &mut others {
            worker.begin_stop().map_err(failed)?;
        }
        for (_, worker) in &mut others {
            worker.finish_stop().map_err(failed)?;
        }
        Ok(())
    }

    /// Has the next holder stay inside, and kills it there.
    fn kill_staying_holder(&mut self) -> Result<(), Ended> {
        if !self.ordered_to_stay() {
            self.order_to_stay(&REPORTED);
        }
        let mut victim = 0;
        self.wait_until(|run| {
            let staying = run.staying();
            victim = staying.unwrap_or_default();
            staying.is_some_and(|number| run.word().owner() == run.workers[number].id())
        })?;
        self.pause(INSIDE);
        self.deaths.holder_died(self.reports(), self.word().owner_died());
        self.sometimes_order_to_stay(if self.plan.kill_holders {
            &REPORTED
        } else {
            &[Point::Told]
        });
        self.kill(victim, true)
    }

    fn ordered_to_stay(&self) -> bool {
        self.arena().orders.stay.load() != 0 || self.staying().is_some()
    }

    /// Now and then has the one that will be told of the coming death stay, to die as well. Not at the last death: it
    /// would stay for ever.
    fn sometimes_order_to_stay(&mut self, points: &[Point]) {
        let another = self.kills + 1 < self.plan.kills;
        if another && self.plan.subject.holder_can_stay() && self.rng.u8(..4) == 0 {
            self.order_to_stay(points);
        }
    }

    fn order_to_stay(&mut self, points: &[Point]) {
        let point = points[self.rng.usize(..points.len())];
        self.arena().orders.stay.store(point as u64);
    }

    fn staying(&self) -> Option<usize> {
        let slots = &self.arena().slots[..self.plan.processes];
        slots.iter().position(|slot| slot.stage() == Stage::Staying)
    }

    /// Stops whoever seems to hold the lock, and kills it if it does. One that has just been told of a dead holder is
    /// let go: it may not have counted that yet, and each kill is to give one report here.
    fn kill_caught_holder(&mut self) -> Result<(), Ended> {
        self.look_after()?;
        let start = Instant::now();
        let by_chance = self.hunt.by_chance < self.hunt.looking;
        let found = if by_chance { self.any_worker() } else { self.glimpsed_holder() };
        if let Some(victim) = found {
            self.kill_if_caught(victim)?;
        }
        *if by_chance { &mut self.hunt.by_chance } else { &mut self.hunt.looking } +=
            start.elapsed();
        Ok(())
    }

    fn glimpsed_holder(&mut self) -> Option<usize> {
        self.pause(BETWEEN_TRIES);
        self.holder()
    }

    fn kill_if_caught(&mut self, victim: usize) -> Result<(), Ended> {
        if !self.workers[victim].stop().map_err(failed)? {
            return Ok(());
        }
        let word = self.word();
        if word.owner() != self.workers[victim].id() || word.owner_died() {
            return self.workers[victim].resume().map_err(failed);
        }
        self.deaths.holder_died(self.reports(), word.owner_died());
        self.kill(victim, true)
    }

    /// Kills the victim, and starts another in its place. Others have something to recover from if it held the lock, or if
    /// nobody knows whether it did.
    fn kill(&mut self, victim: usize, may_have_held: bool) -> Result<(), Ended> {
        let id = self.workers[victim].id();
        self.note_recovery();
        self.await_recovery(may_have_held);
        self.kill_and_reap(victim)?;
        self.check_reaped(id)?;
        self.replace(victim)
    }

    /// From now on, whoever gets on says when, if anybody has to recover.
    fn await_recovery(&self, from_something: bool) {
        self.arena().orders.killed.store(if from_something { now() } else { 0 });
    }

    /// Writes down when the first one got on after the last kill, if anybody did.
    pub(super) fn note_recovery(&mut self) {
        let killed = self.arena().orders.killed.load();
        let slots = &self.arena().slots[..self.plan.processes];
        let times = slots.iter().map(|slot| slot.got_on.load());
        let first = times.filter(|time| killed != 0 && *time >= killed).min();
        self.arena().orders.killed.store(0);
        if let Some(first) = first {
            self.chart.recovered(Duration::from_nanos(first - killed));
        }
    }

    /// A worker that had ended before does not count as killed.
    fn kill_and_reap(&mut self, victim: usize) -> Result<(), Ended> {
        if *self.workers[victim].kill().map_err(failed)? == End::Killed {
            self.kills += 1;
        }
        Ok(())
    }

    fn check_reaped(&self, id: u32) -> Result<(), Ended> {
        if self.word().owner() != id {
            return Ok(());
        }
        let name = self.plan.subject.name();
        Err(Ended::Failed(format!(
            "process {id} was killed and reaped, and the lock of {name} still names it as its holder"
        )))
    }

    /// One that has begun to work.
    fn any_worker(&mut self) -> Option<usize> {
        let slots = &self.arena().slots[..self.plan.processes];
        let at_work: Vec<usize> =
            (0..slots.len()).filter(|number| begun(&slots[*number])).collect();
        (!at_work.is_empty()).then(|| at_work[self.rng.usize(..at_work.len())])
    }

    pub(super) fn word(&self) -> State {
        self.plan.subject.status(self.arena())
    }

    fn pause(&mut self, longest: Duration) {
        let longest = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        thread::sleep(Duration::from_nanos(self.rng.u64(..=longest)));
    }
}
