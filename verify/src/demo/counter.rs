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
use super::dead::{Dead, HALF_WAY, wait_to_be_killed};
use super::show::{Flags, Scenario, Shown, Stage, Trouble, Way};
use super::stage::{Cast, Event};

/// One who counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Participant {
    counting: Counting,
    /// Where it notes what it has done, if somebody may have to take its place.
    place: Option<usize>,
    is_to_be_killed: bool,
}

impl Participant {
    /// Counts.
    pub(crate) fn run(&self) -> Result<(), Box<dyn Error>> {
        let counters = Region::<Counters>::passed()?;
        let half_way = || {
            if self.is_to_be_killed {
                wait_to_be_killed(self.counting.how);
            }
        };
        let noted = || {
            if let Some(place) = self.place {
                let done = &counters.done[place];
                done.store(done.load() + 1);
            }
        };
        let took = self.counting.run(&counters, half_way, noted)?;
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

    /// How many are killed half-way, with the lock held; another takes the place of each
    #[arg(long, value_name = "N", default_value_t = 0)]
    kills: u16,

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
        let mut cast = Cast::new(self.sizes.sleeps(self.processes), self.kills())?;
        let mut places: Vec<usize> = (0..self.processes.into()).collect();
        for place in &places {
            let one = self.participant(&counting, *place, *place < self.kills().into());
            cast.add_sharing(&counters, Part::Participant(one))?;
        }
        let mut killed = 0;
        stage.watch(cast, |stage, cast, number, event| {
            match event {
                Event::Said(words) if words == HALF_WAY => cast.kill(number)?,
                Event::Killed => {
                    killed += 1;
                    let place = places[number];
                    let done = counters.done[place].load();
                    let rest =
                        Counting { increments: counting.increments - done, ..counting.clone() };
                    places.push(place);
                    let another = self.participant(&rest, place, false);
                    cast.add_sharing(&counters, Part::Participant(another))?;
                }
                Event::Ended | Event::Quiet | Event::Said(_) => {}
            }
            // Whoever asks for the total may be the one who is told of a death.
            let total = if self.kills > 0 { counters.noted() } else { counters.total(how)? };
            stage.progress(total, expected, "increments");
            Ok(())
        })?;
        let told = counters.told(how)?;
        let dead = (self.kills > 0).then_some(Dead { how, killed, told });
        Ok(Counted { dead, ..Counted::new(counters.total(how)?, expected) })
    }

    fn cost(&self) -> Option<Result<Cost, String>> {
        let together = format!("{} processes at once", self.processes);
        let at_once = |how, increments| at_once(self.processes, how, increments);
        (!self.sizes.no_cost).then(|| Cost::measure(self.processes, together, at_once))
    }
}

impl CounterOptions {
    /// Each is killed once at the most.
    fn kills(&self) -> u16 {
        self.kills.min(self.processes)
    }

    fn participant(&self, counting: &Counting, place: usize, is_to_be_killed: bool) -> Participant {
        let place = (self.kills > 0).then_some(place);
        Participant { counting: counting.clone(), place, is_to_be_killed }
    }
}

fn region() -> Result<Region<Counters>, String> {
    Region::memfd("lockproof-counter").map_err(|error| error.to_string())
}

/// How long the slowest takes, if all count at full speed.
fn at_once(processes: u16, how: How, increments: u64) -> Result<Duration, String> {
    let counting = Counting::at_full_speed(how, increments);
    let (counters, mut cast) = (region()?, Cast::new(Duration::ZERO, 0)?);
    for _ in 0..processes {
        let one = Participant { counting: counting.clone(), place: None, is_to_be_killed: false };
        cast.add_sharing(&counters, Part::Participant(one))?;
    }
    cast.begin()?;
    let mut slowest = 0;
    while let Some((_, event)) = cast.next()? {
        if let Event::Said(words) = event {
            slowest = slowest.max(words.parse().map_err(|_| format!("no time: {words}"))?);
        }
    }
    Ok(Duration::from_nanos(slowest))
}
