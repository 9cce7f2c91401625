//! The figures for people: a table of 80 columns for each case.

use std::fmt::Write;

use super::LeftOut;
use super::case::{Death, Unit};
use super::figures::{Figures, Interval, Measured};
use super::measure::Rig;

const LEGEND: &str = "\
median: of the rounds, with the interval in which it lies at a confidence of 95 %
ours / it: the first of ours against it, round by round, with the same interval
lives: whether the others go on when one of them dies
share: of what each would have done if all had done as much, what the last one did
wait: the longest time in which any process got nothing done, in us; the median of the
  rounds, and the longest of all
changes: how often in a second the lock went from one process to another
";

const LEGEND_OF_COUNTS: &str = "\
count: instructions each time, of one process alone; the same from run to run
ours / it: the first of ours against it
locked: how many of them lock a line of memory, which take longest
lives: whether the others go on when one of them dies
";

/// A table for each case.
pub(super) fn tables(measured: &[Measured], rig: &Rig) -> String {
    let mut text = String::new();
    if rig.processors[0] == rig.processors[1] {
        text += "There is one processor only: what is said of several processes says little.\n\n";
    }
    for case in measured {
        text += &table(case);
        text.push('\n');
    }
    text + if rig.counts { LEGEND_OF_COUNTS } else { LEGEND }
}

/// Who was not measured, and how that can be changed.
pub(super) fn missing(left_out: &[LeftOut]) -> String {
    let mut text = String::new();
    for LeftOut { name, lacks } in left_out {
        let _ = writeln!(text, "{name} was left out: there is no {lacks}.");
    }
    if !cfg!(feature = "peers") {
        text += MORE;
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// How to measure more.
const MORE: &str = "\
Other crates, Boost.Interprocess and Python's multiprocessing are measured too by a
lockproof that was built with `--features peers`.
";

fn table(case: &Measured) -> String {
    let better = if case.unit.more_is_better() { "more is better" } else { "less is better" };
    let unit = case.unit.in_words();
    let mut text = format!("{}: {}; {unit}, {better}\n", case.id, case.what);
    let heads = match case.unit {
        Unit::Instructions => ["count", "locked"],
        _ => ["median", ""],
    };
    let _ = writeln!(
        text,
        "  {:27}{:>8} {:11} {:>7} {:8} {:>6} lives",
        "", heads[0], "", "ours/it", "", heads[1]
    );
    let turns = case.figures.iter().filter_map(turns).collect::<Vec<_>>();
    let mut lines: Vec<String> = case.figures.iter().map(|figures| row(case, figures)).collect();
    if !turns.is_empty() {
        lines.push(format!("  {:27}{:>8} {:>11} {:>7} {:>15}", "", "share", "wait", "", "changes"));
        lines.extend(turns);
    }
    for line in lines {
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn row(case: &Measured, figures: &Figures) -> String {
    let interval = figures.interval();
    let (ratio, ratios) = match case.ratio(figures) {
        Some(ratio) if case.unit == Unit::Instructions => {
            (format!("{:.2}", ratio.median), String::new())
        }
        Some(ratio) => {
            (format!("{:.2}", ratio.median), bounds(ratio, |bound| format!("{bound:.2}")))
        }
        None => Default::default(),
    };
    let locked = figures.locked().map(|locked| figure(locked, case.unit));
    let bounds = match case.unit {
        Unit::Instructions => String::new(),
        _ => bounds(interval, |bound| figure(bound, case.unit)),
    };
    format!(
        "  {:27}{:>8} {bounds:11} {ratio:>7} {ratios:9} {:>5} {}",
        figures.name,
        figure(interval.median, case.unit),
        locked.unwrap_or_default(),
        lives(case.unit, figures.death),
    )
}

/// How several got on beside one another, where there were several.
fn turns(figures: &Figures) -> Option<String> {
    let (wait, longest) = (figures.wait()?, figures.longest_wait()?);
    let share = figures.share().map(|share| format!("{share:.2}")).unwrap_or_default();
    let changes = figures.changes().map(many).unwrap_or_default();
    let waits = [wait, longest].map(|wait| figure(wait, Unit::Microseconds));
    let [wait, longest] = waits;
    Some(format!("  {:27}{share:>8} {wait:>11} {longest:>7} {changes:>15}", figures.name))
}

/// A count, of which the first three digits say something.
pub(super) fn many(count: f64) -> String {
    match count {
        count if count >= 1e6 => format!("{} M", figure(count / 1e6, Unit::Millions)),
        count if count >= 1e3 => format!("{} k", figure(count / 1e3, Unit::Millions)),
        count => format!("{count:.0}"),
    }
}

/// Whether the others go on when one of them dies.
pub(super) const fn lives(unit: Unit, death: Death) -> &'static str {
    match death {
        _ if matches!(unit, Unit::Executions) => "",
        Death::Ours | Death::Survived => "yes",
        Death::Hangs => "no",
        Death::Nothing => "",
    }
}

pub(super) fn bounds(interval: Interval, write: impl Fn(f64) -> String) -> String {
    format!("{}-{}", write(interval.low), write(interval.high))
}

/// With three digits that say something.
pub(super) fn figure(figure: f64, unit: Unit) -> String {
    let places = match figure {
        _ if unit == Unit::Instructions => usize::from(figure.fract() != 0.0),
        figure if figure >= 100.0 => 0,
        figure if figure >= 10.0 || unit == Unit::Nanoseconds => 1,
        _ => 2,
    };
    format!("{figure:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::case::{Case, Contender};
    use crate::bench::measure::Sample;

    #[test]
    fn a_table_has_80_columns_and_the_ratio_of_each_round() {
        let run = |_: &Rig| -> Result<Sample, String> { Ok(1.0.into()) };
        let contender = |name, death| Contender::new(name, death, run);
        let case = Case {
            id: "mutex/two",
            what: "two processes lock, add one, unlock",
            unit: Unit::Millions,
            contenders: vec![
                contender("lockproof Mutex", Death::Ours),
                contender("futex mutex (Drepper)", Death::Hangs),
            ],
        };
        let mut measured = Measured::of(&case);
        for (own, theirs) in [(30.0, 10.0), (20.0, 10.0), (100.0, 1000.0)] {
            let told = Sample {
                figure: own,
                share: Some(0.5),
                wait: Some(own),
                changes: Some(own * 1e4),
                ..Sample::default()
            };
            measured.figures[0].add(told);
            measured.figures[1].add(theirs.into());
        }
        let text = table(&measured);
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        let wanted = [
            "mutex/two: two processes lock, add one, unlock; M/s, more is better",
            "                               median             ours/it                 lives",
            "  lockproof Mutex                30.0 20.0-100                            yes",
            "  futex mutex (Drepper)          10.0 10.0-1000      2.00 0.10-3.00       no",
            "                                share        wait                 changes",
            "  lockproof Mutex                0.50        30.0     100           300 k",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), wanted);
    }
}
