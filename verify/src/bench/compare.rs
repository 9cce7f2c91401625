//! What is worse than it was, and what is better: this run beside an earlier one.
//!
//! Times of two days cannot be compared; ratios to the same peer can. One is worse if the intervals of the two lie apart.
//! Instructions can be compared as they are; how many there are is the compiler's affair, too, so that a few more are not worse.

use core::cmp::Ordering;
use core::fmt;
use std::path::Path;

use serde::Deserialize;

use super::case::{Case, Death, Unit};
use super::figures::{Figures, Interval, Measured};
use crate::report::trouble::in_words;

/// So many times as many instructions are as good as the same: what is inlined differs by an eighth between two builds of the same
/// source in two folders.
const ALIKE: f64 = 1.25;

/// An earlier report, as far as it is compared.
#[derive(Debug, Deserialize)]
pub(super) struct Before {
    cases: Vec<OldCase>,
}

#[derive(Debug, Deserialize)]
struct OldCase {
    id: String,
    unit: String,
    contenders: Vec<OldContender>,
}

#[derive(Debug, Deserialize)]
struct OldContender {
    name: String,
    ours: bool,
    median: f64,
    locked: Option<f64>,
    ratio: Option<OldRatio>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct OldRatio {
    median: f64,
    low: f64,
    high: f64,
}

/// What has become of the figures.
#[derive(Debug, Default)]
pub(super) struct Compared {
    worse: Vec<String>,
    better: Vec<String>,
    all: usize,
}

impl Compared {
    pub(super) fn is_worse(&self) -> bool {
        !self.worse.is_empty()
    }

    fn add(&mut self, how: Ordering, said: impl FnOnce() -> String) {
        self.all += 1;
        match how {
            Ordering::Greater => self.worse.push(said()),
            Ordering::Less => self.better.push(said()),
            Ordering::Equal => {}
        }
    }
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { worse, better, all } = self;
        for (word, lines) in [("worse", worse), ("better", better)] {
            for line in lines {
                writeln!(f, "{word}: {line}")?;
            }
        }
        writeln!(f, "{all} figures compared: {} worse, {} better.", worse.len(), better.len())
    }
}

impl Before {
    /// Reads a report.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let at = path.display();
        let text =
            std::fs::read_to_string(path).map_err(|error| format!("{at}: {}", in_words(&error)))?;
        serde_json::from_str(&text)
            .map_err(|error| format!("{at} is no report of `bench --json`: {error}"))
    }

    /// Whether there will be anything to compare.
    pub(super) fn is_of(&self, cases: &[Case]) -> Result<(), String> {
        let mut common =
            cases.iter().filter_map(|case| Some((case, self.case(case.id)?))).peekable();
        if common.peek().is_none() {
            return Err("nothing can be compared: the report has none of these cases".to_owned());
        }
        match common.find(|(case, old)| old.unit != case.unit.in_words()) {
            Some((case, old)) => Err(format!(
                "{} was measured in {}, and would be now in {}: these cannot be compared",
                case.id,
                old.unit,
                case.unit.in_words(),
            )),
            None => Ok(()),
        }
    }

    fn case(&self, id: &str) -> Option<&OldCase> {
        self.cases.iter().find(|old| old.id == id)
    }

    /// Compares what is in both.
    pub(super) fn compared(&self, now: &[Measured]) -> Compared {
        let mut compared = Compared::default();
        for (case, old) in now.iter().filter_map(|case| Some((case, self.case(case.id)?))) {
            for figures in &case.figures {
                let same = |old: &&OldContender| old.name == figures.name;
                if let Some(old) = old.contenders.iter().find(same) {
                    compare(&mut compared, case, figures, old);
                }
            }
        }
        compared
    }
}

fn compare(compared: &mut Compared, case: &Measured, now: &Figures, old: &OldContender) {
    let is_ours = now.death == Death::Ours && old.ours;
    match (case.unit, is_ours) {
        (Unit::Instructions, true) => counts(compared, case, now, old),
        (Unit::Instructions, false) | (_, true) => {}
        (_, false) => {
            if let Some((now, was)) = case.ratio(now).zip(old.ratio) {
                let how = apart(now, was, case.unit.more_is_better());
                compared.add(how, || {
                    let OldRatio { median, low, high } = was;
                    format!(
                        "{} against {}: {:.2} ({:.2}-{:.2}), was {median:.2} ({low:.2}-{high:.2})",
                        case.id, old.name, now.median, now.low, now.high
                    )
                });
            }
        }
    }
}

/// On which side of the other an interval lies as a whole: greater is worse.
fn apart(now: Interval, was: OldRatio, more_is_better: bool) -> Ordering {
    let above = if now.low > was.high { Ordering::Greater } else { Ordering::Equal };
    let how = if now.high < was.low { Ordering::Less } else { above };
    if more_is_better { how.reverse() } else { how }
}

fn counts(compared: &mut Compared, case: &Measured, now: &Figures, old: &OldContender) {
    let count = now.interval().median;
    let locked = now.locked().zip(old.locked);
    let how = match locked.and_then(|(now, was)| now.partial_cmp(&was)) {
        Some(how) if how != Ordering::Equal => how,
        _ if count > old.median * ALIKE => Ordering::Greater,
        _ if count * ALIKE < old.median => Ordering::Less,
        _ => Ordering::Equal,
    };
    let of = |locked: Option<f64>| {
        locked.map(|locked| format!(", of which {locked} locked")).unwrap_or_default()
    };
    compared.add(how, || {
        let (was, id, name) = (old.median, case.id, now.name);
        format!(
            "{id}, {name}: {count}{} instructions, were {was}{}",
            of(now.locked()),
            of(old.locked)
        )
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn was(low: f64, high: f64) -> OldRatio {
        OldRatio { median: f64::midpoint(low, high), low, high }
    }

    #[test]
    fn only_intervals_that_lie_apart_are_different() {
        let now = Interval { median: 2.0, low: 1.5, high: 2.5 };
        let table = [
            (was(1.0, 1.4), false, Ordering::Greater),
            (was(1.0, 1.5), false, Ordering::Equal),
            (was(2.6, 3.0), false, Ordering::Less),
            (was(1.0, 1.4), true, Ordering::Less),
            (was(2.6, 3.0), true, Ordering::Greater),
            (was(1.0, 3.0), true, Ordering::Equal),
        ];
        for (was, more_is_better, wanted) in table {
            assert_eq!(apart(now, was, more_is_better), wanted, "{was:?}, {more_is_better}");
        }
    }
}
