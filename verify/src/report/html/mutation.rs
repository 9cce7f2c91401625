//! The page of mutants: a score for each algorithm, and its source, with what became of the mutants of each line.
//!
//! The source is the one that was compiled, which the library carries with it: the command needs no tree beside it, and
//! the lines cannot be others than those that the mutants are of.

mod operations;

use std::collections::BTreeMap;

use lockproof::raw::source;
use operations::operations;
use serde::Serialize;

use super::{Frame, Look, Part, page};
use crate::mutate::{Fate, Mutant, NoReference};
use crate::report::json::VERSION;
use crate::report::mutation::{Mutated, Report};
use crate::report::numbers::{count, counted, seconds};

const LOOK: Look = Look {
    body: include_str!("mutation.html"),
    style: include_str!("mutation.css"),
    script: include_str!("mutation.js"),
};

/// What can become of a mutant, and what that means: what asks for somebody's care first.
const KINDS: [(&str, &str); 6] = [
    ("missed", "no model notices: a hole in the models, or an ordering stronger than it has to be"),
    (
        "not equivalent",
        "a model notices what is said to be as good as the original: the list is wrong",
    ),
    ("timeout", "some model came to no end, and the others notice nothing"),
    ("out of reach", "no model notices, and it is known what it would take"),
    (
        "equivalent",
        "known to be as good as the original, for the reason given; no model notices, which is tried, too",
    ),
    ("caught", "a model fails, or what it waits for never happens"),
];

/// What became of mutants, as a page.
#[must_use]
pub fn mutation(report: &Report) -> String {
    let subjects: Vec<_> = report.subjects.iter().map(Algorithm::of).collect();
    let all = number(report.subjects.iter().flat_map(fates));
    let mut parts = vec![Part::new("scores", "Scores")];
    let open: Vec<_> = subjects.iter().flat_map(Algorithm::open).collect();
    if !open.is_empty() {
        parts.push(Part::new("open", "What asks for care"));
    }
    parts.push(Part::new("sources", "Sources"));
    let frame = Frame {
        verdict: verdict(report, &all),
        good: !report.is_bad() && !report.is_late(),
        circumstances: format!("lockproof {VERSION}, {}", seconds(report.took)),
        parts,
    };
    page(frame, &LOOK, Content { kinds: kinds(&all), open, subjects })
}

#[derive(Serialize)]
struct Content {
    kinds: Vec<Kind>,
    open: Vec<Open>,
    subjects: Vec<Algorithm>,
}

/// How many mutants came to which end.
#[derive(Clone, Serialize)]
struct Kind {
    word: &'static str,
    /// The same for style sheets.
    class: String,
    number: usize,
    meaning: &'static str,
}

/// A mutant that is not as it should be, and where.
#[derive(Clone, Serialize)]
struct Open {
    place: String,
    site: String,
    what: String,
    word: &'static str,
    class: String,
}

/// An algorithm, its score and its source.
#[derive(Serialize)]
struct Algorithm {
    name: &'static str,
    file: &'static str,
    /// The claims that hold it.
    held_by: Vec<String>,
    /// Why nothing could be tried.
    why: Option<String>,
    mutants: usize,
    kinds: Vec<Kind>,
    /// How many were caught, and of how many that a model could show.
    caught: usize,
    of: usize,
    percent: f64,
    /// How many lines could be otherwise, and are reached by no exploration.
    unreached: usize,
    lines: Vec<Line>,
}

/// A line of source.
#[derive(Serialize)]
struct Line {
    number: usize,
    text: &'static str,
    comment: bool,
    /// Something could be done otherwise here, and no exploration comes here.
    unreached: bool,
    kinds: Vec<Kind>,
    mutants: Vec<Row>,
}

/// A mutant, and what became of it.
#[derive(Serialize)]
struct Row {
    what: String,
    word: &'static str,
    class: String,
    /// The claim that notices it, or that came to no end.
    by: Option<String>,
    after: Option<String>,
    why: String,
}

type Numbers = BTreeMap<&'static str, usize>;

fn fates(of: &Mutated) -> impl Iterator<Item = &Fate> {
    of.mutants.iter().map(|(_, tried)| &tried.fate)
}

fn number<'a>(fates: impl Iterator<Item = &'a Fate>) -> Numbers {
    let mut numbers = Numbers::new();
    for fate in fates {
        *numbers.entry(fate.word()).or_default() += 1;
    }
    numbers
}

fn kinds(numbers: &Numbers) -> Vec<Kind> {
    let kind = |(word, meaning): &(&'static str, &'static str)| {
        let number = *numbers.get(word)?;
        Some(Kind { word, class: class(word), number, meaning })
    };
    KINDS.iter().filter_map(kind).collect()
}

fn class(word: &str) -> String {
    word.replace(' ', "-")
}

fn verdict(report: &Report, all: &Numbers) -> String {
    let of = |word: &str| all.get(word).copied().unwrap_or(0);
    let mutants = counted(all.values().sum(), "mutant");
    let untried = report.subjects.iter().filter(|one| one.trials.is_err()).count();
    let wrong = [
        ("missed", "MISSED"),
        ("not equivalent", "NOT EQUIVALENT"),
        ("timeout", "without a verdict"),
    ];
    let mut parts: Vec<_> = wrong
        .into_iter()
        .filter(|(word, _)| of(word) > 0)
        .map(|(word, said)| format!("{} {said}", of(word)))
        .collect();
    if untried > 0 {
        parts.push(format!("{} could not be tried", counted(untried, "algorithm")));
    }
    match (parts.is_empty(), of("equivalent") + of("out of reach")) {
        (true, 0) => format!("{mutants}: every one is caught"),
        (true, known) => {
            format!(
                "{mutants}: every one is caught, but for {} of which the reason is known",
                count(known as u64)
            )
        }
        (false, _) => format!("{mutants}: {}", parts.join(", ")),
    }
}

impl Algorithm {
    fn of(one: &Mutated) -> Self {
        let numbers = number(fates(one));
        let equivalent = numbers.get("equivalent").copied().unwrap_or(0);
        let (caught, of) =
            (numbers.get("caught").copied().unwrap_or(0), one.mutants.len() - equivalent);
        let lines = lines(one);
        Self {
            name: one.subject.name,
            file: one.subject.file,
            held_by: one.trials.as_deref().unwrap_or_default().to_vec(),
            why: one.trials.as_ref().err().map(|none| match none {
                NoReference::Wrong(why) | NoReference::Late(why) => why.clone(),
            }),
            mutants: one.mutants.len(),
            kinds: kinds(&numbers),
            caught,
            of,
            percent: if of == 0 { 100.0 } else { caught as f64 / of as f64 * 100.0 },
            unreached: lines.iter().filter(|line| line.unreached).count(),
            lines,
        }
    }

    fn open(&self) -> impl Iterator<Item = Open> {
        let care = |row: &&Row| ["missed", "not equivalent", "timeout"].contains(&row.word);
        self.lines.iter().flat_map(move |line| {
            line.mutants.iter().filter(care).map(move |row| Open {
                place: format!("{}-{}", self.name, line.number),
                site: format!("{}:{}", self.file, line.number),
                what: row.what.clone(),
                word: row.word,
                class: row.class.clone(),
            })
        })
    }
}

/// The source, and beside each line its mutants.
fn lines(one: &Mutated) -> Vec<Line> {
    let text = source::of(one.subject.file).unwrap_or_default();
    let at = |number: usize| {
        let its = one.mutants.iter().filter(move |(mutant, _)| line_of(mutant) == Some(number));
        its.map(|(mutant, tried)| (mutant, &tried.fate))
    };
    let could_be_otherwise = if one.trials.is_ok() { operations(text) } else { Vec::new() };
    let line = |(before, text): (usize, &'static str)| Line {
        number: before + 1,
        text,
        comment: text.trim_start().starts_with("//"),
        unreached: could_be_otherwise.contains(&(before + 1)) && at(before + 1).next().is_none(),
        kinds: kinds(&number(at(before + 1).map(|(_, fate)| fate))),
        mutants: at(before + 1).map(|(mutant, fate)| Row::of(mutant, fate)).collect(),
    };
    text.lines().enumerate().map(line).collect()
}

fn line_of(mutant: &Mutant) -> Option<usize> {
    mutant.site.rsplit(':').next()?.parse().ok()
}

impl Row {
    fn of(mutant: &Mutant, fate: &Fate) -> Self {
        let known = mutant.equivalent.or(mutant.out_of_reach).unwrap_or_default();
        let (by, after, why) = match fate {
            Fate::Caught { by, how, states } => {
                (Some(by), Some(counted(*states as usize, "state")), how.as_str())
            }
            Fate::NotEquivalent { by } => (Some(by), None, known),
            Fate::Timeout { by } => (Some(by), None, "it has not come to an end"),
            Fate::Missed => (None, None, "no model notices"),
            Fate::Equivalent | Fate::OutOfReach => (None, None, known),
        };
        Self {
            what: format!("{}: {}", mutant.operation, mutant.change),
            word: fate.word(),
            class: class(fate.word()),
            by: by.cloned(),
            after,
            why: why.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
