//! `lockproof demo threads`: the same counter between the threads of one process.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread::{self, ScopedJoinHandle, sleep};
use std::time::{Duration, Instant};

use clap::Args;
use lockproof::Region;
use rustix::thread::sched_getcpu;
use schemars::JsonSchema;
use serde::Serialize;

use super::cost::Cost;
use super::count::{self, Counted, Counters, Counting, How, Sizes};
use super::show::{Flags, Scenario, Shown, Stage, Trouble, Way};
use super::stage::{PATIENCE, Seen};

/// How often somebody looks how far they are.
const LOOK: Duration = Duration::from_millis(2);

/// What `lockproof demo threads` is to do.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
#[schemars(rename = "Threads")]
pub(super) struct ThreadOptions {
    /// How many threads count
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,

    #[command(flatten)]
    #[serde(flatten)]
    sizes: Sizes,

    #[command(flatten)]
    #[serde(skip)]
    flags: Flags,
}

impl Scenario for ThreadOptions {
    const NAME: &'static str = "threads";
    type How = How;
    const WAYS: &'static [Way<How>] = count::WAYS;
    const SHOWN: Shown = Shown::Result;
    type Outcome = Counted;

    fn flags(&self) -> &Flags {
        &self.flags
    }

    fn introduction(&self) -> String {
        self.sizes.introduction(&format!("{} threads of one process", self.threads))
    }

    fn expected(&self) -> String {
        self.sizes.expected(self.threads).to_string()
    }

    fn run(&self, way: &Way<How>, stage: &mut Stage<'_>) -> Result<Counted, Trouble> {
        let counting = self.sizes.counting(way.how);
        let (how, expected) = (way.how, self.sizes.expected(self.threads));
        let counters = region()?;
        let began = Instant::now();
        let seen = together(
            self.threads,
            self.sizes.sleeps(self.threads),
            &|number| {
                let mut cpus = BTreeSet::new();
                let counted = counting.run(
                    &counters,
                    || {},
                    || {
                        cpus.insert(sched_getcpu());
                    },
                );
                counted.map_err(|error| error.to_string())?;
                let who = format!("thread {}", number + 1);
                Ok(Seen { who, end: "ended".to_owned(), cpus: cpus.into_iter().collect() })
            },
            || {
                // Nobody needs it: if the lock of one of them is broken, that shows in the end.
                let total = counters.total(how).unwrap_or_default();
                stage.progress(total, expected, "increments");
            },
        )?;
        stage.note(began.elapsed(), seen);
        Ok(Counted::new(counters.total(how)?, expected))
    }

    fn cost(&self) -> Option<Result<Cost, String>> {
        let together = format!("{} threads at once", self.threads);
        let at_once = |how, increments| at_once(self.threads, how, increments);
        (!self.sizes.no_cost).then(|| Cost::measure(self.threads, together, at_once))
    }
}

fn region() -> Result<Region<Counters>, String> {
    Region::anonymous().map_err(|error| error.to_string())
}

/// How long the slowest takes, if all count at full speed.
fn at_once(threads: u16, how: How, increments: u64) -> Result<Duration, String> {
    let (counters, gate) = (region()?, Barrier::new(threads.into()));
    let counting = Counting::at_full_speed(how, increments);
    let count = |_| {
        gate.wait();
        counting.run(&counters, || {}, || {}).map_err(|error| error.to_string())
    };
    let times = together(threads, Duration::ZERO, &count, || {})?;
    Ok(times.into_iter().max().unwrap_or_default())
}

/// What all threads return, each given its number. They may sleep that long; meanwhile, `look` is called now and then.
fn together<T: Send>(
    threads: u16,
    sleeps: Duration,
    work: &(impl Fn(u16) -> Result<T, String> + Sync),
    mut look: impl FnMut(),
) -> Result<Vec<T>, String> {
    let until = Instant::now() + PATIENCE + sleeps;
    thread::scope(|scope| {
        let start = |number| scope.spawn(move || work(number));
        let threads: Vec<ScopedJoinHandle<'_, _>> = (0..threads).map(start).collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            if Instant::now() > until {
                // Nothing else ends a thread that hangs.
                eprintln!("lockproof: the threads do not end, {PATIENCE:?} beyond all sleeps");
                std::process::exit(1);
            }
            look();
            sleep(LOOK);
        }
        let joined = |thread: ScopedJoinHandle<'_, Result<T, String>>| {
            thread.join().map_err(|_| "a thread panicked".to_owned())?
        };
        threads.into_iter().map(joined).collect()
    })
}
