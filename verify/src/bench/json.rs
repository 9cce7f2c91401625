//! The figures for programs.

use schemars::JsonSchema;
use serde::Serialize;

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
pub(super) fn report(measured: &[Measured], rig: &Rig, rounds: u32) -> String {
    let cases = measured.iter().map(case).collect();
    pretty(&Report { lockproof: VERSION, rounds, processors: rig.processors, cases })
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
        locked: figures.locked(),
        ratio: case.ratio(figures).map(|Interval { median, low, high }| Ratio {
            median,
            low,
            high,
        }),
    }
}
