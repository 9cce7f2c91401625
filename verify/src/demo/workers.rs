//! `lockproof demo workers`: processes that each do something that one at a time may do.

use std::error::Error;
use std::process;
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use lockproof::error::LockError;
use lockproof::{Lock, Region};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Part;
use super::show::{self, Flags, Scenario, Stage, Trouble, Way};
use super::stage::{Cast, Event};

/// One who waits, runs, and is done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Worker {
    /// It runs for a random time below this.
    most: Duration,
    locked: bool,
}

const WAITING: &str = "waiting";
const TOLD: &str = "is told";
const RUNNING: &str = "running";
const DONE: &str = "done";

impl Worker {
    /// Does it.
    pub(crate) fn run(&self) -> Result<(), Box<dyn Error>> {
        let me = process::id();
        let lock = Region::<Lock>::passed()?;
        println!("{me}: {WAITING}");
        if self.locked {
            let (block, timeout) = (true, None);
            match lock.acquire(block, timeout) {
                Ok(_) => {}
                Err(LockError::OwnerDied(_)) => {
                    // All that the lock keeps is whose turn it is: there is nothing to repair.
                    println!("{me}: {TOLD}");
                    lock.make_consistent()?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        println!("{me}: {RUNNING}");
        sleep(self.most.mul_f64(fastrand::f64()));
        println!("{me}: {DONE}");
        if self.locked {
            lock.release()?;
        }
        Ok(())
    }
}

/// What `lockproof demo workers` is to do.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
#[schemars(rename = "Workers")]
pub(super) struct Crew {
    /// How many processes there are
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u16).range(1..=64))]
    processes: u16,

    /// Each runs for a random time below this, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    most: u32,

    /// How many are killed while they run
    #[arg(long, value_name = "N", default_value_t = 0)]
    kills: u16,

    #[command(flatten)]
    #[serde(skip)]
    flags: Flags,
}

/// Who ran when.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(rename = "Ran")]
pub(super) struct Seen {
    processes: u16,
    ran: u16,
    killed: u16,
    /// How many were told that who ran before was killed.
    told: u16,
    /// How many began to run while another did.
    overlaps: u16,
    most_at_once: usize,
}

impl Scenario for Crew {
    const NAME: &'static str = "workers";
    type How = ();
    const WAYS: &'static [Way<()>] = &[
        Way { name: "unlocked", what: "nobody is kept waiting", locked: false, how: () },
        Way { name: "Lock", what: "held while one runs", locked: true, how: () },
    ];
    type Outcome = Seen;

    fn flags(&self) -> &Flags {
        &self.flags
    }

    fn introduction(&self) -> String {
        let Self { processes, most, kills, .. } = self;
        let killed = if *kills > 0 { ", and who is killed (x)" } else { "" };
        format!(
            "{processes} processes say that they are waiting, then that they are running, and after a random \
             time below {most} ms that they are done. Beside it, who waits (.) and who runs (#){killed}."
        )
    }

    fn expected(&self) -> String {
        format!("{} run, one after the other", self.processes)
    }

    fn run(&self, way: &Way<()>, stage: &mut Stage<'_>) -> Result<Seen, Trouble> {
        let lock = Region::<Lock>::memfd("lockproof-workers").map_err(|error| error.to_string())?;
        let sleeps = Duration::from_millis(u64::from(self.most) * u64::from(self.processes));
        let mut cast = Cast::new(sleeps, self.kills)?;
        let most = Duration::from_millis(self.most.into());
        for _ in 0..self.processes {
            cast.add_sharing(&lock, Part::Worker(Worker { most, locked: way.locked }))?;
        }
        let mut seen = Seen { processes: self.processes, ..Seen::default() };
        let mut doing = vec![' '; self.processes.into()];
        stage.watch(cast, |stage, cast, number, event| {
            let words = match event {
                Event::Said(words) => words.as_str(),
                Event::Killed => "killed",
                Event::Ended | Event::Quiet => return Ok(()),
            };
            doing[number] = match words {
                WAITING | TOLD => '.',
                RUNNING => '#',
                _ => ' ',
            };
            match words {
                RUNNING => seen.begins(doing.iter().filter(|what| **what == '#').count()),
                TOLD => seen.told += 1,
                "killed" => seen.killed += 1,
                _ => {}
            }
            if words == RUNNING && cast.kills_left() > 0 {
                // From now on: the next one may say that it runs before its end is noticed.
                doing[number] = 'x';
                cast.kill(number)?;
            }
            let lanes: String = doing.iter().collect();
            let line = format!("  process {:<8} {words:8} {lanes}", cast.process(number));
            stage.write(&format!("{}\n", line.trim_end()))
        })?;
        Ok(seen)
    }
}

impl Seen {
    /// One begins to run, so that so many do.
    fn begins(&mut self, running: usize) {
        self.ran += 1;
        self.overlaps += u16::from(running > 1);
        self.most_at_once = self.most_at_once.max(running);
    }
}

impl show::Outcome for Seen {
    fn in_words(&self) -> String {
        let Self { ran, most_at_once, killed, told, .. } = self;
        let killed = match (killed, told) {
            (0, _) => String::new(),
            (some, 0) => format!(", {some} killed"),
            (some, told) => format!(", {some} killed, {told} told of that"),
        };
        format!("{ran} ran, at most {most_at_once} at once{killed}")
    }

    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.overlaps > 0 {
            wrong.push(format!("{} began while another was running", self.overlaps));
        }
        if self.ran != self.processes {
            wrong.push(format!("{} of {} ran", self.ran, self.processes));
        }
        wrong
    }

    fn done(&self) -> Option<(u64, &'static str)> {
        Some((self.processes.into(), "worker"))
    }
}
