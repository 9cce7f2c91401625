//! The page of claims. With scripts, they can be filtered, and each counterexample can be gone through step by step, with
//! what the memory holds and where each process is.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::{Frame, Look, Part, page};
use crate::diagram;
use crate::report::markdown::{by_subject, circumstances, verdict};
use crate::report::numbers::{count, seconds};
use crate::report::record::{Line, Record};
use crate::report::words::{bound_in_words, kinds};
use crate::trace::{Counterexample, Step};

const LOOK: Look = Look {
    body: include_str!("check.html"),
    style: include_str!("check.css"),
    script: include_str!("check.js"),
};
/// How wide drawings are.
const WIDTH: usize = 110;

/// What came of a run, as a page.
#[must_use]
pub fn report(record: &Record, lines: &[Line]) -> String {
    let content = Page::of(lines);
    let mut parts = vec![Part::new("looked", "How far was looked"), Part::new("claims", "Claims")];
    if !content.counterexamples.is_empty() {
        parts.push(Part::new("counterexamples", "Counterexamples"));
    }
    let frame = Frame {
        verdict: verdict(lines),
        good: lines.iter().all(|line| line.ok),
        circumstances: circumstances(record),
        parts,
    };
    page(frame, &LOOK, content)
}

#[derive(Serialize)]
struct Page {
    kinds: Vec<Kind>,
    bounds: BTreeMap<String, usize>,
    subjects: Vec<String>,
    methods: Vec<String>,
    verdicts: Vec<String>,
    claims: Vec<Row>,
    counterexamples: Vec<Drawing>,
}

/// How many claims came to which end.
#[derive(Serialize)]
struct Kind {
    word: &'static str,
    number: usize,
    meaning: &'static str,
}

/// What is said of a claim.
#[derive(Serialize)]
struct Row {
    id: String,
    subject: String,
    property: String,
    method: String,
    memory: String,
    processes: u64,
    word: String,
    good: bool,
    why: String,
    amount: String,
    time: String,
    outcomes: Vec<Bar>,
    notes: Vec<String>,
    /// The number of its drawing.
    drawing: Option<usize>,
}

/// A result, and its share of the ends that were reached.
#[derive(Serialize)]
struct Bar {
    result: String,
    number: String,
    percent: f64,
}

/// A counterexample.
#[derive(Serialize)]
struct Drawing {
    number: usize,
    id: String,
    property: String,
    expected: bool,
    why: String,
    replay: String,
    /// For those who print it, or have no scripts.
    drawn: String,
    processes: Vec<usize>,
    /// For each step, the lane of its process.
    lanes: Vec<usize>,
    steps: Vec<Step>,
    again_from: Option<usize>,
}

impl Page {
    fn of(lines: &[Line]) -> Self {
        let words: Vec<_> = lines.iter().map(|line| (line.verdict.as_str(), line.ok)).collect();
        let kinds = kinds(&words).into_iter();
        let mut drawings = Vec::new();
        let claims: Vec<_> = lines.iter().map(|line| Row::of(line, &mut drawings)).collect();
        // What should not be there comes first.
        drawings.sort_by_key(|drawing| drawing.expected);
        let subjects = by_subject(lines).into_iter().map(|(subject, _)| subject.to_owned());
        Self {
            kinds: kinds.map(|(word, number, meaning)| Kind { word, number, meaning }).collect(),
            bounds: bounds(lines),
            subjects: subjects.collect(),
            methods: different(claims.iter().map(|claim| &claim.method)),
            verdicts: different(claims.iter().map(|claim| &claim.word)),
            claims,
            counterexamples: drawings,
        }
    }
}

/// How many claims were cut short by what.
fn bounds(lines: &[Line]) -> BTreeMap<String, usize> {
    let mut bounds = BTreeMap::new();
    for bound in lines.iter().filter_map(|line| line.bound.as_ref()) {
        *bounds.entry(bound_in_words(bound)).or_default() += 1;
    }
    bounds
}

fn different<'a>(words: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut words: Vec<_> = words.cloned().collect();
    words.sort_unstable();
    words.dedup();
    words
}

impl Row {
    fn of(line: &Line, drawings: &mut Vec<Drawing>) -> Self {
        let drawing = line.counterexample.as_ref().map(|wrong| {
            drawings.push(Drawing::of(drawings.len() + 1, line, wrong));
            drawings.len()
        });
        let word = match line.verdict.as_str() {
            _ if line.is_late() => "late",
            _ if line.has_failed() => "failed",
            "counterexample" => "refuted",
            word => word,
        };
        let amount = match line.states {
            Some(states) => format!("{} states", count(states)),
            None => format!("{} runs", count(line.executions)),
        };
        Self {
            id: line.id.clone(),
            subject: line.subject.clone(),
            property: line.property.clone(),
            method: line.method.clone(),
            memory: line.memory_model.clone(),
            processes: line.processes,
            word: word.to_owned(),
            good: line.ok,
            why: why(line, word),
            amount,
            time: seconds(Duration::try_from_secs_f64(line.seconds).unwrap_or_default()),
            outcomes: bars(&line.outcomes),
            notes: line.notes.clone(),
            drawing,
        }
    }
}

/// The verdict in words, but for the word that stands before them.
fn why(line: &Line, word: &str) -> String {
    let why = line.why.as_deref().unwrap_or(word);
    why.strip_prefix(word).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(why).to_owned()
}

fn bars(outcomes: &BTreeMap<String, u64>) -> Vec<Bar> {
    let all = outcomes.values().map(|number| *number as f64).sum::<f64>().max(1.0);
    let bar = |(result, number): (&String, &u64)| Bar {
        result: result.clone(),
        number: count(*number),
        percent: *number as f64 / all * 100.0,
    };
    outcomes.iter().map(bar).collect()
}

impl Drawing {
    fn of(number: usize, line: &Line, wrong: &Counterexample) -> Self {
        let mut processes: Vec<_> = wrong.steps.iter().map(|step| step.thread).collect();
        processes.sort_unstable();
        processes.dedup();
        let lane = |step: &Step| processes.iter().position(|process| *process == step.thread);
        let lanes = wrong.steps.iter().map(|step| lane(step).unwrap_or(0)).collect();
        Self {
            number,
            id: line.id.clone(),
            property: line.property.clone(),
            expected: line.ok,
            why: wrong.why.clone(),
            replay: wrong.replay.clone(),
            drawn: diagram::draw(wrong, WIDTH, false),
            lanes,
            processes,
            steps: wrong.steps.clone(),
            again_from: wrong.again_from,
        }
    }
}

#[cfg(test)]
mod tests;
