//! What became of mutants: for people and for programs.

use std::fmt::Write;
use std::time::Duration;

use anstyle::Style;
use schemars::JsonSchema;
use serde::Serialize;
use textwrap::{Options, wrap};

use super::Output;
use super::json::{VERSION, pretty, seconds as in_seconds};
use super::numbers::{count, counted, seconds};
use super::style::{BAD, GOOD, LATE, TITLE};
use crate::diagram::paint;
use crate::mutate::{Fate, Mutant, NoReference, Passed, Reference, Subject, Tried};

/// What a mutant's second line stands behind.
const INDENT: &str = "      ";
/// A screen narrower than this shows longer lines than it can.
const NARROWEST: usize = 60;

/// What became of one subject's mutants.
#[derive(Debug)]
pub struct Mutated {
    /// Which algorithm.
    pub subject: &'static Subject,
    /// The models that hold it; or why nothing could be tried.
    pub trials: Result<Vec<String>, NoReference>,
    /// Its mutants.
    pub mutants: Vec<(Mutant, Tried)>,
}

impl Mutated {
    /// Of a subject whose mutants are yet to be tried.
    #[must_use]
    pub fn of(subject: &'static Subject, reference: Result<&Reference, &NoReference>) -> Self {
        let ids = |reference: &Reference| reference.passed.iter().map(Passed::id).collect();
        Self { subject, trials: reference.map(ids).map_err(Clone::clone), mutants: Vec::new() }
    }
}

/// What came of a whole run.
#[derive(Debug)]
pub struct Report {
    /// Each subject that was wanted.
    pub subjects: Vec<Mutated>,
    /// How long all of it took.
    pub took: Duration,
}

impl Report {
    fn fates(&self) -> impl Iterator<Item = &Fate> {
        self.subjects.iter().flat_map(|one| one.mutants.iter().map(|(_, tried)| &tried.fate))
    }

    fn number(&self, of: impl Fn(&Fate) -> bool) -> usize {
        self.fates().filter(|fate| of(fate)).count()
    }

    /// Whether something is not as it should be, though there was time enough.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.subjects.iter().any(|one| matches!(one.trials, Err(NoReference::Wrong(_))))
            || self.number(|fate| matches!(fate, Fate::Missed | Fate::NotEquivalent { .. })) > 0
    }

    /// Whether some mutant has no verdict, for lack of time.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.subjects.iter().any(|one| matches!(one.trials, Err(NoReference::Late(_))))
            || self.number(|fate| matches!(fate, Fate::Timeout { .. })) > 0
    }

    /// The report for programs.
    #[must_use]
    pub fn json(&self) -> String {
        pretty(&JsonReport {
            lockproof: VERSION,
            seconds: in_seconds(self.took),
            ok: !self.is_bad() && !self.is_late(),
            subjects: self.subjects.iter().map(JsonSubject::of).collect(),
        })
    }
}

/// How the lines are laid out.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    width: usize,
    colour: bool,
}

impl Layout {
    /// For this output.
    #[must_use]
    pub fn on(out: &Output) -> Self {
        Self { width: out.width().max(NARROWEST), colour: out.colour() }
    }

    /// Stands above the mutants of a subject.
    #[must_use]
    pub fn title(&self, of: &Mutated) -> String {
        let Subject { name, file, .. } = of.subject;
        let held = match &of.trials {
            Ok(trials) => format!(", held by {}", counted(trials.len(), "exploration")),
            Err(_) => String::new(),
        };
        self.paint(&format!("{name}: {file}{held}"), TITLE) + "\n"
    }

    /// What became of a mutant: a line for what it is, and one for what became of it.
    #[must_use]
    pub fn line(&self, mutant: &Mutant, tried: &Tried) -> String {
        let (mark, style) = match &tried.fate {
            fate if fate.is_good() => ("ok  ", GOOD),
            Fate::Timeout { .. } => ("late", LATE),
            _ => ("FAIL", BAD),
        };
        let Mutant { site, operation, change, .. } = mutant;
        let what = format!("{site}: {operation}, {change}");
        let became = format!("{} ({})", became(mutant, &tried.fate), seconds(tried.took));
        let mark = self.paint(&format!(" {mark}"), style);
        format!("{mark} {}\n{}\n", self.indented(&what).trim_start(), self.indented(&became))
    }

    fn indented(&self, text: &str) -> String {
        let options = Options::new(self.width).initial_indent(INDENT).subsequent_indent(INDENT);
        wrap(text, options).join("\n")
    }

    /// Everything that is said at the end.
    #[must_use]
    pub fn end(&self, report: &Report) -> String {
        let mut text = String::new();
        for one in &report.subjects {
            if let Err(NoReference::Wrong(why) | NoReference::Late(why)) = &one.trials {
                let line = format!("{}: nothing could be tried: {why}", one.subject.name);
                text += &self.paint(&(wrap(&line, self.width).join("\n") + "\n"), BAD);
            }
        }
        let of = |word: &str| report.number(|fate| fate.word() == word);
        let all = report.number(|_| true);
        let took = seconds(report.took);
        let _ = write!(text, "\n{} in {took}:", counted(all, "mutant"));
        let words = ["caught", "equivalent", "out of reach", "missed", "not equivalent", "timeout"];
        let parts = words.map(|word| (of(word), word));
        let said =
            |(number, word): &(usize, &str)| *number > 0 || ["caught", "missed"].contains(word);
        let parts = parts.iter().filter(|part| said(part));
        let parts = parts.map(|(number, word)| format!(" {} {word}", count(*number as u64)));
        text + &parts.collect::<Vec<_>>().join(",") + ".\n"
    }

    fn paint(&self, text: &str, style: Style) -> String {
        paint(text, style, self.colour)
    }
}

fn became(mutant: &Mutant, fate: &Fate) -> String {
    let why = mutant.equivalent.or(mutant.out_of_reach).unwrap_or_default();
    match fate {
        Fate::Caught { by, how, states } => {
            format!("caught by {by} after {}: {how}", counted(*states as usize, "state"))
        }
        Fate::Missed => "missed: no model notices".to_owned(),
        Fate::Equivalent => format!("equivalent: {why}"),
        Fate::OutOfReach => format!("out of reach: {why}"),
        Fate::NotEquivalent { by } => format!("caught by {by}, though this is said of it: {why}"),
        Fate::Timeout { by } => format!("no verdict: {by} has not come to an end"),
    }
}

/// What it looks like.
pub(crate) fn schema() -> schemars::Schema {
    crate::report::schema::of::<JsonReport<'_>>()
}

#[derive(Serialize, JsonSchema)]
struct JsonReport<'a> {
    lockproof: &'static str,
    seconds: f64,
    ok: bool,
    subjects: Vec<JsonSubject<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct JsonSubject<'a> {
    subject: &'static str,
    file: &'static str,
    trials: &'a [String],
    /// Why nothing could be tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a String>,
    mutants: Vec<JsonMutant<'a>>,
}

#[derive(Serialize, JsonSchema)]
struct JsonMutant<'a> {
    id: &'a str,
    site: &'a str,
    operation: &'a str,
    change: &'a str,
    fate: &'static str,
    ok: bool,
    /// The model that noticed, or that did not come to an end.
    by: Option<&'a str>,
    why: Option<&'a str>,
    states: Option<u64>,
    seconds: f64,
}

impl<'a> JsonSubject<'a> {
    fn of(one: &'a Mutated) -> Self {
        Self {
            subject: one.subject.name,
            file: one.subject.file,
            trials: one.trials.as_deref().unwrap_or_default(),
            why: one.trials.as_ref().err().map(|none| match none {
                NoReference::Wrong(why) | NoReference::Late(why) => why,
            }),
            mutants: one
                .mutants
                .iter()
                .map(|(mutant, tried)| JsonMutant::of(mutant, tried))
                .collect(),
        }
    }
}

impl<'a> JsonMutant<'a> {
    fn of(mutant: &'a Mutant, tried: &'a Tried) -> Self {
        let (by, how, states) = match &tried.fate {
            Fate::Caught { by, how, states } => (Some(by), Some(how), Some(*states)),
            Fate::NotEquivalent { by } | Fate::Timeout { by } => (Some(by), None, None),
            Fate::Missed | Fate::Equivalent | Fate::OutOfReach => (None, None, None),
        };
        Self {
            id: &mutant.id,
            site: &mutant.site,
            operation: &mutant.operation,
            change: &mutant.change,
            fate: tried.fate.word(),
            ok: tried.fate.is_good(),
            by: by.map(String::as_str),
            why: how.map(String::as_str).or(mutant.equivalent).or(mutant.out_of_reach),
            states,
            seconds: in_seconds(tried.took),
        }
    }
}
