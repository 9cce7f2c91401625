//! The processes of a soak: started, killed, stopped, moved, told to go, and replaced.

use std::time::{Duration, Instant};

use fastrand::Rng;
use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, waitpgid};
use rustix::thread::{CpuSet, sched_setaffinity};

use super::ground::Ground;
use super::kind::VETERAN;
use super::outcome::Troubles;
use super::plan::SoakPlan;
use super::worker::Share;
use crate::stress::folder::Folder;
use crate::stress::outcome::Ended;
use crate::stress::plan::By;
use crate::stress::process::{End, Process};
use crate::stress::run::{allowed_processors, failed};
use crate::stress::scratch::Scratch;
use crate::stress::task::Work;

/// The longest time until somebody comes in the place of one that has gone.
const VACANT: Duration = Duration::from_millis(50);
/// How long one is stopped: mostly, now and then, and seldom.
const STOPS: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(300), Duration::from_millis(1500)];

/// All processes, and where they work.
pub(super) struct Herd {
    scratch: Scratch<Ground>,
    folder: Folder,
    broken: Option<super::plan::Broken>,
    places: Vec<Place>,
    processors: Vec<usize>,
    rng: Rng,
    pub(super) troubles: Troubles,
}

enum Place {
    Taken(Process),
    Stopped(Process, Instant),
    Vacant(Instant),
}

impl Herd {
    /// Starts them.
    ///
    /// # Errors
    ///
    /// Why it cannot, in words.
    pub(super) fn new(plan: &SoakPlan) -> Result<Self, String> {
        // Who is forked by one that is killed has to be waited for by somebody.
        set_child_subreaper(Some(getpid())).map_err(|error| error.to_string())?;
        let scratch = match plan.by {
            By::Memfd => Scratch::inherited(),
            By::Name => Scratch::named(),
        };
        let mut herd = Self {
            scratch: scratch.map_err(|error| format!("cannot make a region: {error}"))?,
            folder: Folder::new("lockproof-run-")?,
            broken: plan.broken,
            places: Vec::new(),
            processors: allowed_processors()?,
            rng: Rng::with_seed(plan.seed),
            troubles: Troubles::default(),
        };
        for lane in 0..plan.processes {
            let process = herd.start(lane)?;
            herd.places.push(Place::Taken(process));
        }
        Ok(herd)
    }

    pub(super) fn ground(&self) -> &Ground {
        self.scratch.region()
    }

    pub(super) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    fn start(&self, lane: usize) -> Result<Process, String> {
        let (folder, broken) = (self.folder.path().to_owned(), self.broken);
        let work = Work::Soak(Share { lane, folder, broken });
        let started = self.scratch.start_in(self.folder.group(), work);
        started.map_err(|error| format!("cannot start a process: {error}"))
    }

    /// A time to wait before the next trouble.
    pub(super) fn until_trouble(&mut self) -> Duration {
        Duration::from_micros(self.rng.u64(500..20_000))
    }

    /// Makes trouble for somebody.
    pub(super) fn make_trouble(&mut self) -> Result<(), Ended> {
        let lane = self.rng.usize(..self.places.len());
        match self.rng.u8(..10) {
            0..4 if lane != VETERAN => self.kill(lane),
            4..7 => self.stop(lane),
            7..9 => {
                self.move_to_others(lane);
                Ok(())
            }
            9 if lane != VETERAN => {
                self.tell_to_go(lane);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn kill(&mut self, lane: usize) -> Result<(), Ended> {
        let (Place::Taken(process) | Place::Stopped(process, _)) = &mut self.places[lane] else {
            return Ok(());
        };
        match process.kill().map_err(failed)?.clone() {
            End::Killed => {
                self.troubles.kills += 1;
                self.ground().deaths.increment();
            }
            // Told to go before, and quicker.
            End::Done => {}
            End::Failed(how) => return Err(self.badly_ended(lane, &how)),
        }
        self.vacate(lane);
        Ok(())
    }

    fn vacate(&mut self, lane: usize) {
        // Those that wait for certain others wait for who comes in their place.
        let longest = if lane < VETERAN { Duration::ZERO } else { VACANT };
        let delay = longest.mul_f64(self.rng.f64());
        self.places[lane] = Place::Vacant(Instant::now() + delay);
    }

    fn stop(&mut self, lane: usize) -> Result<(), Ended> {
        let how_long = match self.rng.u8(..100) {
            0 => STOPS[2],
            1..10 => STOPS[1],
            _ => STOPS[0],
        };
        let until = Instant::now() + how_long.mul_f64(self.rng.f64());
        let place = std::mem::replace(&mut self.places[lane], Place::Vacant(until));
        self.places[lane] = match place {
            Place::Taken(mut process) => {
                if process.stop().map_err(failed)? {
                    self.troubles.stops += 1;
                    Place::Stopped(process, until)
                } else {
                    Place::Taken(process)
                }
            }
            other => other,
        };
        Ok(())
    }

    /// To one other processor, or to all.
    fn move_to_others(&mut self, lane: usize) {
        let (Place::Taken(process) | Place::Stopped(process, _)) = &self.places[lane] else {
            return;
        };
        let one = self.rng.usize(..self.processors.len());
        let all = self.rng.bool();
        let mut allowed = CpuSet::new();
        for (at, processor) in self.processors.iter().enumerate() {
            if all || at == one {
                allowed.set(*processor);
            }
        }
        // It may have ended by itself.
        let id = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
        if id.is_some_and(|id| sched_setaffinity(Some(id), &allowed).is_ok()) {
            self.troubles.moves += 1;
        }
    }

    fn tell_to_go(&mut self, lane: usize) {
        if matches!(self.places[lane], Place::Taken(_)) {
            self.ground().lanes[lane].go.store(true);
        }
    }

    /// Lets those go on that were stopped for long enough, and others come in the place of those that are gone.
    ///
    /// # Errors
    ///
    /// If one has ended that nobody has ended.
    pub(super) fn look_after(&mut self, now: Instant) -> Result<(), Ended> {
        self.bury();
        for lane in 0..self.places.len() {
            match &mut self.places[lane] {
                Place::Taken(process) => match process.end().map_err(failed)?.cloned() {
                    None => {}
                    Some(End::Done) if self.has_to_go(lane) => {
                        self.troubles.departures += 1;
                        self.vacate(lane);
                    }
                    Some(End::Done) => return Err(self.badly_ended(lane, "has gone by itself")),
                    Some(End::Killed) => {
                        return Err(self.badly_ended(lane, "was killed by somebody else"));
                    }
                    Some(End::Failed(how)) => return Err(self.badly_ended(lane, &how)),
                },
                Place::Stopped(_, until) if *until <= now => self.resume(lane)?,
                Place::Vacant(until) if *until <= now => self.fill(lane)?,
                Place::Stopped(..) | Place::Vacant(_) => {}
            }
        }
        Ok(())
    }

    fn has_to_go(&self, lane: usize) -> bool {
        self.ground().lanes[lane].go.load()
    }

    fn resume(&mut self, lane: usize) -> Result<(), Ended> {
        let place = std::mem::replace(&mut self.places[lane], Place::Vacant(Instant::now()));
        if let Place::Stopped(process, _) = place {
            process.resume().map_err(failed)?;
            self.places[lane] = Place::Taken(process);
        }
        Ok(())
    }

    fn fill(&mut self, lane: usize) -> Result<(), Ended> {
        let told = &self.ground().lanes[lane];
        told.go.store(false);
        told.doing.store(0);
        told.begun.store(0);
        self.places[lane] = Place::Taken(self.start(lane).map_err(Ended::Failed)?);
        Ok(())
    }

    /// Everybody is there, and goes on.
    ///
    /// # Errors
    ///
    /// As [`look_after`](Self::look_after).
    pub(super) fn gather(&mut self) -> Result<(), Ended> {
        for lane in 0..self.places.len() {
            match &self.places[lane] {
                Place::Stopped(..) => self.resume(lane)?,
                Place::Vacant(_) => self.fill(lane)?,
                Place::Taken(_) => {}
            }
        }
        Ok(())
    }

    /// Whether all have ended, well.
    ///
    /// # Errors
    ///
    /// If one has ended otherwise.
    pub(super) fn have_ended(&mut self) -> Result<bool, Ended> {
        for lane in 0..self.places.len() {
            let Place::Taken(process) = &mut self.places[lane] else { continue };
            match process.end().map_err(failed)?.cloned() {
                None => return Ok(false),
                Some(End::Done) => {}
                Some(End::Killed) => {
                    return Err(self.badly_ended(lane, "was killed by somebody else"));
                }
                Some(End::Failed(how)) => return Err(self.badly_ended(lane, &how)),
            }
        }
        Ok(true)
    }

    fn badly_ended(&self, lane: usize, how: &str) -> Ended {
        Ended::Failed(format!("process {} {how}", lane + 1))
    }

    /// Takes note of the ends of those whose parent was killed before it could, and of all others that have ended.
    fn bury(&mut self) {
        let group = i32::try_from(self.folder.group()).ok().and_then(Pid::from_raw);
        let Some(group) = group else { return };
        while let Ok(Some((id, status))) = waitpgid(group, WaitOptions::NOHANG) {
            let id = id.as_raw_nonzero().get().unsigned_abs();
            let known = self.places.iter_mut().find_map(|place| match place {
                Place::Taken(process) | Place::Stopped(process, _) => {
                    Some(process).filter(|process| process.id() == id)
                }
                Place::Vacant(_) => None,
            });
            if let Some(process) = known {
                process.has_ended(status);
            }
        }
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        self.places.clear();
        // Those that were forked end with who forked them.
        self.bury();
        let _ = set_child_subreaper(None);
    }
}
