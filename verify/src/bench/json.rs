//! The figures for programs.

use schemars::JsonSchema;
use serde::Serialize;

use super::LeftOut;
use super::case::Death;
use super::figures::{Figures, Interval, Measured};
use super::measure::Rig;
use crate::report::json::{VERSION, pretty};

#[derive(Serialize, JsonSchema)]
struct Report {
    lockproof: &'static str,
    rounds: u32,
    processors: [usize; 2],
    cases: Vec<Case>,
    /// Peers that were not measured, and what the machine lacks for them.
    left_out: Vec<LeftOut>,
}

#[derive(Serialize, JsonSchema)]
struct Case {
    id: &'static str,
    what: &'static str,
    unit: &'static str,
    more_is_better: bool,
    contenders: Vec<Contender>,
}

#[derive(Serialize, JsonSchema)]
struct Contender {
    name: &'static str,
    ours: bool,
    on_death: &'static str,
    median: f64,
    low: f64,
    high: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    smallest_share: Option<f64>,
    /// The longest time in which any process got nothing done, in microseconds: the median of the rounds' longest, and the longest of
    /// all.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_us: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    longest_wait_us: Option<f64>,
    /// How often in a second the lock went from one process to another.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_changes_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<Ratio>,
}

/// Ours against it.
#[derive(Serialize, JsonSchema)]
struct Ratio {
    median: f64,
    low: f64,
    high: f64,
}

/// What it looks like.
pub(crate) fn schema() -> schemars::Schema {
    crate::report::schema::of::<Report>()
}

/// All of it.
pub(super) fn report(
    measured: &[Measured],
    rig: &Rig,
    rounds: u32,
    left_out: &[LeftOut],
) -> String {
    let cases = measured.iter().map(case).collect();
    let (processors, left_out) = (rig.processors, left_out.to_vec());
    pretty(&Report { lockproof: VERSION, rounds, processors, cases, left_out })
}

fn case(case: &Measured) -> Case {
    Case {
        id: case.id,
        what: case.what,
        unit: case.unit.in_words(),
        more_is_better: case.unit.more_is_better(),
        contenders: case.figures.iter().map(|figures| contender(case, figures)).collect(),
    }
}

fn contender(case: &Measured, figures: &Figures) -> Contender {
    let Interval { median, low, high } = figures.interval();
    Contender {
        name: figures.name,
        ours: figures.death == Death::Ours,
        on_death: figures.death.in_words(),
        median,
        low,
        high,
        smallest_share: figures.share(),
        wait_us: figures.wait(),
        longest_wait_us: figures.longest_wait(),
        owner_changes_per_second: figures.changes(),
        locked: figures.locked(),
        ratio: case.ratio(figures).map(|Interval { median, low, high }| Ratio {
            median,
            low,
            high,
        }),
    }
}
