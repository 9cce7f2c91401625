//! What an increment costs in each way, measured here and now.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use lockproof::Region;
use schemars::JsonSchema;
use serde::Serialize;

use super::count::{self, Counters, How};

/// How many increments one measurement takes: some milliseconds.
const INCREMENTS: u64 = 100_000;
/// The best of so many measurements counts: whatever else the machine does only makes them longer.
const ROUNDS: usize = 7;
/// The same for all at once.
const ROUNDS_AT_ONCE: usize = 3;
/// How many increments each makes where all count at once.
const AT_ONCE: u64 = 50_000;

/// Nanoseconds for one increment, without sleeps.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Cost {
    processes: u16,
    #[serde(skip)]
    together: String,
    ways: Vec<WayCost>,
    /// The cheapest of those with a lock, for one alone.
    fastest_alone: &'static str,
    /// The cheapest of those with a lock, with all at once.
    fastest_at_once: &'static str,
    /// The dearest of those with a lock, for one alone.
    slowest_alone: &'static str,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
struct WayCost {
    name: &'static str,
    locked: bool,
    /// One alone.
    alone_ns: f64,
    /// All at once: the whole time by all increments.
    at_once_ns: f64,
}

impl Cost {
    /// Measures. `at_once` says how long so many take that make so many increments each, at full speed; they are `together`.
    ///
    /// # Errors
    ///
    /// What went wrong, in words.
    pub(super) fn measure(
        processes: u16,
        together: String,
        at_once: impl Fn(How, u64) -> Result<Duration, String>,
    ) -> Result<Self, String> {
        let counters = Region::<Counters>::anonymous().map_err(|error| error.to_string())?;
        let mut ways = Vec::new();
        for way in count::WAYS {
            let how = way.how;
            let best = (0..ROUNDS_AT_ONCE).map(|_| at_once(how, AT_ONCE));
            let best = best.collect::<Result<Vec<_>, _>>()?.into_iter().min().unwrap_or_default();
            ways.push(WayCost {
                name: way.name,
                locked: way.locked,
                alone_ns: alone(&counters, how)?,
                at_once_ns: best.as_nanos() as f64 / (AT_ONCE * u64::from(processes)) as f64,
            });
        }
        let fastest_alone = fastest(&ways, |way| way.alone_ns);
        let fastest_at_once = fastest(&ways, |way| way.at_once_ns);
        let slowest_alone = fastest(&ways, |way| -way.alone_ns);
        Ok(Self { processes, together, fastest_alone, fastest_at_once, slowest_alone, ways })
    }
}

fn alone(counters: &Counters, how: How) -> Result<f64, String> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..INCREMENTS {
            let counted = black_box(counters).increment(how, || {});
            counted.map_err(|error| error.to_string())?;
        }
        best = best.min(start.elapsed());
    }
    Ok(best.as_nanos() as f64 / INCREMENTS as f64)
}

fn fastest(ways: &[WayCost], cost: impl Fn(&WayCost) -> f64) -> &'static str {
    let locked = ways.iter().filter(|way| way.locked);
    locked.min_by(|a, b| cost(a).total_cmp(&cost(b))).map_or("none", |way| way.name)
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "What one increment costs, without sleeps:\n")?;
        writeln!(f, "  {:14} {:>24} {:>24}", "", "one alone", self.together)?;
        let none = self.ways[0].alone_ns;
        for way in &self.ways {
            let WayCost { name, alone_ns, at_once_ns, .. } = way;
            let times = match way.locked {
                false => String::new(),
                true => format!(" ({:.1} x)", alone_ns / none),
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
