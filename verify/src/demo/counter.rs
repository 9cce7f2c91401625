//! `lockproof demo counter`: processes that count on one counter, in four ways.

use std::error::Error;
use std::process;
use std::time::Duration;

use clap::Args;
use lockproof::Region;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Part;
use super::cost::Cost;
use super::count::{self, Counted, Counters, Counting, How, Sizes};
use super::show::{Flags, Scenario, Shown, Stage, Trouble, Way};
use super::stage::{Cast, Event};

/// One who counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Participant {
    counting: Counting,
}

impl Participant {
    /// Counts.
    pub(crate) fn run(&self) -> Result<(), Box<dyn Error>> {
        let counters = Region::<Counters>::passed()?;
        let took = self.counting.run(&counters, || {})?;
        println!("{}: {}", process::id(), took.as_nanos());
        Ok(())
    }
}

/// What `lockproof demo counter` is to do.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
#[schemars(rename = "Counter")]
pub(super) struct CounterOptions {
    /// How many processes count
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    processes: u16,

    #[command(flatten)]
    #[serde(flatten)]
    sizes: Sizes,

    #[command(flatten)]
    #[serde(skip)]
    flags: Flags,
}

impl Scenario for CounterOptions {
    const NAME: &'static str = "counter";
    type How = How;
    const WAYS: &'static [Way<How>] = count::WAYS;
    const SHOWN: Shown = Shown::Result;
    type Outcome = Counted;

    fn flags(&self) -> &Flags {
        &self.flags
    }

    fn introduction(&self) -> String {
        self.sizes.introduction(&format!("{} processes", self.processes))
    }

    fn expected(&self) -> String {
        self.sizes.expected(self.processes).to_string()
    }

    fn run(&self, way: &Way<How>, stage: &mut Stage<'_>) -> Result<Counted, Trouble> {
        let counting = self.sizes.counting(way.how);
        let (how, expected) = (way.how, self.sizes.expected(self.processes));
        let counters = region()?;
        let cast = cast(&counters, self.processes, &counting, self.sizes.sleeps(self.processes))?;
        stage.watch(cast, |stage, _, _, _| {
            stage.progress(counters.total(how)?, expected, "increments");
            Ok(())
        })?;
        Ok(Counted::new(counters.total(how)?, expected))
    }

    fn cost(&self) -> Option<Result<Cost, String>> {
        let together = format!("{} processes at once", self.processes);
        let at_once = |how, increments| at_once(self.processes, how, increments);
        (!self.sizes.no_cost).then(|| Cost::measure(self.processes, together, at_once))
    }
}

fn region() -> Result<Region<Counters>, String> {
    Region::memfd("lockproof-counter").map_err(|error| error.to_string())
}

fn cast(
    counters: &Region<Counters>,
    processes: u16,
    counting: &Counting,
    sleeps: Duration,
) -> Result<Cast, String> {
    let mut cast = Cast::new(sleeps, 0)?;
    for _ in 0..processes {
        let participant = Participant { counting: counting.clone() };
        cast.add_sharing(counters, Part::Participant(participant))?;
    }
    Ok(cast)
}

/// How long the slowest takes, if all count at full speed.
fn at_once(processes: u16, how: How, increments: u64) -> Result<Duration, String> {
    let counting = Counting::at_full_speed(how, increments);
    let mut cast = cast(&region()?, processes, &counting, Duration::ZERO)?;
    cast.begin()?;
    let mut slowest = 0;
    while let Some((_, event)) = cast.next()? {
        if let Event::Said(words) = event {
            slowest = slowest.max(words.parse().map_err(|_| format!("no time: {words}"))?);
        }
    }
    Ok(Duration::from_nanos(slowest))
}
