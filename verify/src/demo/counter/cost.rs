//! What an increment costs in each way, measured here and now.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use lockproof::Region;
use serde::Serialize;

use super::{WAYS, budget};
use crate::claim::Progress;
use crate::stress::{Arena, Ended, Indifferent, Plan, Spot, Subject, run};

/// How many increments one measurement takes: some milliseconds.
const INCREMENTS: u64 = 100_000;
/// The best of so many measurements counts: whatever else the machine does only makes them longer.
const ROUNDS: usize = 7;
/// The same for all processes at once.
const ROUNDS_AT_ONCE: usize = 3;
/// How many increments each process makes where all count at once.
const AT_ONCE: u64 = 50_000;

/// Nanoseconds for one increment, without sleeps.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cost {
    processes: u16,
    ways: Vec<WayCost>,
    /// The cheapest of those with a lock, for one process alone.
    fastest_alone: &'static str,
    /// The cheapest of those with a lock, with all processes at once.
    fastest_at_once: &'static str,
    /// The dearest of those with a lock, for one process alone.
    slowest_alone: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct WayCost {
    name: &'static str,
    #[serde(skip)]
    subject: Subject,
    /// One process alone.
    alone_ns: f64,
    /// All processes at once: the whole time by all increments.
    at_once_ns: f64,
}

impl Cost {
    /// Measures.
    ///
    /// # Errors
    ///
    /// What went wrong, in words.
    pub(super) fn measure(processes: u16, progress: &dyn Progress) -> Result<Self, String> {
        let arena = Region::<Arena>::anonymous().map_err(|error| error.to_string())?;
        let mut ways = Vec::new();
        for way in &WAYS {
            ways.push(WayCost {
                name: way.name,
                subject: way.subject,
                alone_ns: alone(&arena, way.subject)?,
                at_once_ns: at_once(processes, way.subject, progress)?,
            });
        }
        let fastest_alone = fastest(&ways, |way| way.alone_ns);
        let fastest_at_once = fastest(&ways, |way| way.at_once_ns);
        let slowest_alone = fastest(&ways, |way| -way.alone_ns);
        Ok(Self { processes, fastest_alone, fastest_at_once, slowest_alone, ways })
    }
}

fn alone(arena: &Arena, subject: Subject) -> Result<f64, String> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..INCREMENTS {
            subject.increment(&Spot::alone(black_box(arena)), &Indifferent)?;
        }
        best = best.min(start.elapsed());
    }
    Ok(best.as_nanos() as f64 / INCREMENTS as f64)
}

fn at_once(processes: u16, subject: Subject, progress: &dyn Progress) -> Result<f64, String> {
    let plan = Plan { window: Duration::ZERO, ..Plan::new(subject, processes.into(), AT_ONCE) };
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS_AT_ONCE {
        let outcome = run(&plan, &budget(), progress);
        if outcome.ended != Ended::Finished {
            return Err(outcome.complaints().join("; "));
        }
        best = best.min(outcome.worked);
    }
    Ok(best.as_nanos() as f64 / (AT_ONCE * u64::from(processes)) as f64)
}

fn fastest(ways: &[WayCost], cost: impl Fn(&WayCost) -> f64) -> &'static str {
    let locked = ways.iter().filter(|way| way.subject != Subject::Unlocked);
    locked.min_by(|a, b| cost(a).total_cmp(&cost(b))).map_or("none", |way| way.name)
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let together = format!("{} processes at once", self.processes);
        writeln!(f, "What one increment costs, without sleeps:\n")?;
        writeln!(f, "  {:14} {:>24} {together:>24}", "", "one process alone")?;
        let none = self.ways[0].alone_ns;
        for way in &self.ways {
            let WayCost { name, alone_ns, at_once_ns, .. } = way;
            let times = match way.subject {
                Subject::Unlocked => String::new(),
                _ => format!(" ({:.1} x)", alone_ns / none),
            };
            writeln!(f, "  {name:14} {alone_ns:>12.1} ns{times:9} {at_once_ns:>21.1} ns")?;
        }
        let Self { fastest_alone, fastest_at_once, slowest_alone, .. } = self;
        write!(f, "\nOf the three with a lock, {fastest_alone} was the fastest ")?;
        if fastest_alone == fastest_at_once {
            write!(f, "in both,")?;
        } else {
            write!(f, "alone, {fastest_at_once} at once,")?;
        }
        write!(f, "\nand {slowest_alone} the slowest alone.")
    }
}
