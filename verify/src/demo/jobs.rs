//! `lockproof demo jobs`: two processes add to one shared number, and print it after each step.

use std::error::Error;
use std::process;
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use lockproof::{Lock, RawValue, Region, shareable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Part;
use super::show::{self, Flags, Scenario, Shown, Stage, Trouble, Way};
use super::stage::{Cast, Event};

shareable! {
    /// What the two processes share.
    struct Desk {
        lock: Lock,
        number: RawValue<u64>,
    }
}

/// What one of the two processes does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    add: u32,
    steps: u16,
    pause: Duration,
    locked: bool,
}

impl Job {
    /// Does it.
    pub(crate) fn run(&self) -> Result<(), Box<dyn Error>> {
        let desk = Region::<Desk>::passed()?;
        if self.locked {
            let (block, timeout) = (true, None);
            desk.lock.acquire(block, timeout)?;
        }
        for _ in 0..self.steps {
            sleep(self.pause);
            let number = desk.number.load() + u64::from(self.add);
            desk.number.store(number);
            println!("{}: {number}", process::id());
        }
        if self.locked {
            desk.lock.release()?;
        }
        Ok(())
    }
}

/// What `lockproof demo jobs` is to do.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
#[schemars(rename = "Jobs")]
pub(super) struct JobsOptions {
    /// What the two processes add in each step
    #[arg(long, value_name = "A,B", default_value = "1,3", value_parser = two_numbers)]
    add: (u32, u32),

    /// How many steps each takes
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u16).range(1..=512))]
    steps: u16,

    /// How long each sleeps before a step, in milliseconds; 0 is allowed
    #[arg(long, value_name = "MS", default_value_t = 100)]
    sleep: u32,

    #[command(flatten)]
    #[serde(skip)]
    flags: Flags,
}

fn two_numbers(text: &str) -> Result<(u32, u32), String> {
    let parsed = text.split_once(',').map(|(a, b)| (a.trim().parse(), b.trim().parse()));
    match parsed {
        Some((Ok(a), Ok(b))) => Ok((a, b)),
        _ => Err("two whole numbers with a comma between them are wanted, as in 1,3".into()),
    }
}

/// What was printed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Printed {
    printed: Vec<u64>,
    /// What is printed if one job is done before the other begins.
    allowed: [Vec<u64>; 2],
}

impl Scenario for JobsOptions {
    const NAME: &'static str = "jobs";
    type How = ();
    const WAYS: &'static [Way<()>] = &[
        Way { name: "unlocked", what: "both at once", locked: false, how: () },
        Way { name: "Lock", what: "held around the whole loop", locked: true, how: () },
    ];
    const SHOWN: Shown = Shown::Words;
    type Outcome = Printed;

    fn flags(&self) -> &Flags {
        &self.flags
    }

    fn introduction(&self) -> String {
        let Self { add: (a, b), steps, sleep, .. } = self;
        format!(
            "Two processes add to one number, one {a} and one {b}, {steps} times each. Each sleeps {sleep} ms \
             before every step, and prints the number after it."
        )
    }

    fn expected(&self) -> String {
        let [one, other] = self.allowed();
        format!("{}, or {}", in_a_row(&one), in_a_row(&other))
    }

    fn run(&self, way: &Way<()>, stage: &mut Stage<'_>) -> Result<Printed, Trouble> {
        let desk = Region::<Desk>::memfd("lockproof-jobs").map_err(|error| error.to_string())?;
        let pause = Duration::from_millis(self.sleep.into());
        let mut cast = Cast::new(pause * u32::from(self.steps) * 2, 0)?;
        for add in [self.add.0, self.add.1] {
            let job = Job { add, steps: self.steps, pause, locked: way.locked };
            cast.add_sharing(&desk, Part::Job(job))?;
        }
        let mut printed = Vec::new();
        stage.watch(cast, |stage, _, _, event| {
            let Event::Said(number) = event else { return Ok(()) };
            printed.push(number.parse().map_err(|_| format!("printed {number:?}"))?);
            stage.word(number)
        })?;
        Ok(Printed { printed, allowed: self.allowed() })
    }
}

impl JobsOptions {
    fn allowed(&self) -> [Vec<u64>; 2] {
        let (a, b) = self.add;
        [sequence([a, b], self.steps), sequence([b, a], self.steps)]
    }
}

/// What is printed if the first job is done before the second begins.
fn sequence(added: [u32; 2], steps: u16) -> Vec<u64> {
    let steps = added.into_iter().flat_map(|add| (0..steps).map(move |_| u64::from(add)));
    steps
        .scan(0, |number, add| {
            *number += add;
            Some(*number)
        })
        .collect()
}

fn in_a_row(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

impl show::Outcome for Printed {
    fn in_words(&self) -> String {
        format!("{} numbers", self.printed.len())
    }

    fn wrong(&self) -> Vec<String> {
        if self.allowed.contains(&self.printed) {
            Vec::new()
        } else {
            vec!["as no job after the other prints them".to_owned()]
        }
    }

    fn luck(&self) -> &'static str {
        "as if one job came after the other, by luck"
    }

    fn done(&self) -> Option<(u64, &'static str)> {
        Some((self.printed.len() as u64, "step"))
    }
}
