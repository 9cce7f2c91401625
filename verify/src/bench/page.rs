//! The figures as a page: each case with the ratios to its peers drawn, and the table beside.

use serde::Serialize;

use super::LeftOut;
use super::case::{Death, Unit};
use super::figures::{Figures, Interval, Measured};
use super::measure::Rig;
use super::text::{bounds, figure, lives, many, missing};
use crate::report::html::plot::{PLOTS, Scale, Spread, spreads};
use crate::report::html::{Frame, Look, Part, page};
use crate::report::json::VERSION;
use crate::report::numbers::counted;

const LOOK: Look = Look { body: include_str!("page.html"), style: PLOTS, script: "'use strict';" };

/// All of it.
pub(super) fn report(
    measured: &[Measured],
    rig: &Rig,
    rounds: u32,
    left_out: &[LeftOut],
) -> String {
    let advantages = measured.iter().flat_map(advantages);
    let ends: Vec<f64> = advantages.flat_map(|(_, its)| [its.low, its.high]).collect();
    let scale = Scale::around_one(&ends);
    let alone = rig.processors[0] == rig.processors[1];
    let frame = Frame {
        verdict: verdict(measured),
        good: true,
        circumstances: format!(
            "lockproof {VERSION}, {}{}",
            counted(rounds as usize, "round"),
            if alone {
                "; there is one processor only: what is said of several processes says little"
            } else {
                ""
            }
        ),
        parts: vec![Part::new("cases", "Cases"), Part::new("legend", "What the figures mean")],
    };
    let cases = measured.iter().map(|case| Entry::of(case, &scale)).collect();
    page(frame, &LOOK, Content { cases, missing: missing(left_out) })
}

#[derive(Serialize)]
struct Content {
    cases: Vec<Entry>,
    /// Who was not measured.
    missing: String,
}

#[derive(Serialize)]
struct Entry {
    id: &'static str,
    what: &'static str,
    unit: &'static str,
    better: &'static str,
    /// Nothing where there is nobody to compare with.
    plot: Option<String>,
    rows: Vec<Row>,
    /// Whether several worked beside one another, so that there is something to say of that.
    turns: bool,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    ours: bool,
    median: String,
    spread: String,
    ratio: String,
    ratios: String,
    share: String,
    wait: String,
    longest: String,
    changes: String,
    lives: &'static str,
}

/// How many times as good as each peer the first of ours is: of what is better where it is more, the ratio, and of what is
/// better where it is less, its inverse.
fn advantages(case: &Measured) -> impl Iterator<Item = (&Figures, Interval)> {
    let advantage = |ratio: Interval| match case.unit.more_is_better() {
        true => ratio,
        false => {
            Interval { median: 1.0 / ratio.median, low: 1.0 / ratio.high, high: 1.0 / ratio.low }
        }
    };
    case.figures.iter().filter_map(move |figures| Some((figures, advantage(case.ratio(figures)?))))
}

/// In how many of the comparisons ours is better, or worse, with confidence.
fn verdict(measured: &[Measured]) -> String {
    let all: Vec<_> =
        measured.iter().flat_map(advantages).map(|(_, advantage)| advantage).collect();
    let better = all.iter().filter(|advantage| advantage.low > 1.0).count();
    let worse = all.iter().filter(|advantage| advantage.high < 1.0).count();
    format!(
        "{} with peers: faster in {better}, slower in {worse}, within the spread in {}",
        counted(all.len(), "comparison"),
        all.len() - better - worse
    )
}

impl Entry {
    fn of(case: &Measured, scale: &Scale) -> Self {
        let peers: Vec<_> =
            advantages(case).map(|(peer, advantage)| spread(peer, advantage)).collect();
        let label = || {
            let said: Vec<_> =
                peers.iter().map(|peer| format!("{}: {}", peer.name, peer.title)).collect();
            format!("How many times as good as its peers: {}", said.join("; "))
        };
        Self {
            id: case.id,
            what: case.what,
            unit: case.unit.in_words(),
            better: if case.unit.more_is_better() { "more is better" } else { "less is better" },
            plot: (!peers.is_empty()).then(|| spreads(label(), scale, &peers)),
            rows: case.figures.iter().map(|figures| Row::of(case, figures)).collect(),
            turns: case.figures.iter().any(|figures| figures.wait().is_some()),
        }
    }
}

fn spread(peer: &Figures, advantage: Interval) -> Spread {
    let Interval { median, low, high } = advantage;
    Spread {
        name: peer.name.to_owned(),
        median,
        low,
        high,
        title: format!("{median:.2} times as good, {low:.2} to {high:.2}"),
    }
}

impl Row {
    fn of(case: &Measured, figures: &Figures) -> Self {
        let interval = figures.interval();
        let in_unit = |value| figure(value, case.unit);
        let ratio = case.ratio(figures);
        Self {
            name: figures.name,
            ours: figures.death == Death::Ours,
            median: in_unit(interval.median),
            spread: bounds(interval, in_unit),
            ratio: ratio.map(|ratio| format!("{:.2}", ratio.median)).unwrap_or_default(),
            ratios: ratio
                .map(|ratio| bounds(ratio, |bound| format!("{bound:.2}")))
                .unwrap_or_default(),
            share: figures.share().map(|share| format!("{share:.2}")).unwrap_or_default(),
            wait: microseconds(figures.wait()),
            longest: microseconds(figures.longest_wait()),
            changes: figures.changes().map(many).unwrap_or_default(),
            lives: lives(case.unit, figures.death),
        }
    }
}

fn microseconds(wait: Option<f64>) -> String {
    wait.map(|wait| figure(wait, Unit::Microseconds)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
