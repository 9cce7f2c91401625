//! How weak orderings may be: for people and for programs.

use std::time::Duration;

use lockproof::platform::Ordering::{self, AcqRel, Relaxed};
use schemars::JsonSchema;
use serde::Serialize;
use textwrap::{Options, wrap};

use super::Output;
use super::json::{VERSION, pretty, seconds as in_seconds};
use super::numbers::{counted, seconds};
use super::style::{BAD, GOOD, LATE, TITLE};
use crate::diagram::paint;
use crate::mutate::{Compared, Found, NoReference, Subject, Weakest};

/// What was found for one algorithm, or why nothing could be tried.
#[derive(Debug)]
pub struct Sought {
    /// Which.
    pub subject: &'static Subject,
    /// What was found.
    pub found: Result<Weakest, NoReference>,
}

/// What came of a whole run.
#[derive(Debug)]
pub struct Report {
    /// Each algorithm that was wanted.
    pub subjects: Vec<Sought>,
    /// How long all of it took.
    pub took: Duration,
}

impl Report {
    /// Whether some ordering is stronger than it has to be.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        let found = self.subjects.iter().filter_map(|one| one.found.as_ref().ok());
        found.into_iter().any(|found| found.compared() == Compared::Weaker)
            || self.subjects.iter().any(|one| matches!(one.found, Err(NoReference::Wrong(_))))
    }

    /// Whether something is not known, for lack of time.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.subjects.iter().any(|one| match &one.found {
            Ok(found) => found.late,
            Err(why) => matches!(why, NoReference::Late(_)),
        })
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

    /// The report for people.
    #[must_use]
    pub fn text(&self, out: &Output) -> String {
        let (width, colour) = (out.width(), out.colour());
        let mut text = String::new();
        for one in &self.subjects {
            let Subject { name, file, .. } = one.subject;
            text += &(paint(&format!("{name}: {file}"), TITLE, colour) + "\n");
            let (verdict, style) = verdict(one);
            let options = Options::new(width).initial_indent("  ").subsequent_indent("  ");
            text += &(paint(&wrap(&verdict, options).join("\n"), style, colour) + "\n");
            let found = one.found.iter().flat_map(|found| &found.all);
            text.extend(found.filter(|one| is_told(one)).map(line));
        }
        text + &format!(
            "\n{} in {}.\n",
            counted(self.subjects.len(), "algorithm"),
            seconds(self.took)
        )
    }
}

fn verdict(one: &Sought) -> (String, anstyle::Style) {
    let found = match &one.found {
        Ok(found) => found,
        Err(NoReference::Wrong(why) | NoReference::Late(why)) => {
            return (format!("nothing could be tried: {why}"), BAD);
        }
    };
    let (all, sets) = (counted(found.all.len(), "ordering"), counted(found.explored, "set"));
    let took = seconds(found.took);
    let (words, style) = match found.compared() {
        Compared::Same => ("none can be weaker than shipped, down from the strongest", GOOD),
        Compared::Weaker => ("shipped stronger than they have to be", BAD),
        Compared::Another => ("another set holds as well, weaker here and stronger there", GOOD),
    };
    let late = if found.late {
        "; for some there was no time or memory, which counts as wrong"
    } else {
        ""
    };
    let style = if found.late { LATE } else { style };
    (format!("{all}: {words} ({sets} explored, {took}){late}"), style)
}

fn is_told(one: &Found) -> bool {
    one.weakest != one.knob.shipped || one.not_tried.is_some()
}

fn line(Found { knob, weakest, not_tried }: &Found) -> String {
    let fails = if knob.fails { ", where it fails" } else { "" };
    let (place, kind, shipped) = (knob.op.place(), knob.op.kind.name(), knob.shipped);
    let why = match not_tried {
        Some(why) if *weakest == shipped => format!("no weaker one was tried: {why}"),
        _ => format!("{weakest:?} is enough"),
    };
    let why = if is_stronger(*weakest, shipped) { format!("{weakest:?} for that") } else { why };
    format!("    {place}: {kind}{fails}: shipped {shipped:?}; {why}\n")
}

/// Whether the first does more than the second.
fn is_stronger(one: Ordering, other: Ordering) -> bool {
    one != other && (one == AcqRel || other == Relaxed)
}

#[derive(Serialize, JsonSchema)]
struct JsonReport {
    lockproof: &'static str,
    seconds: f64,
    ok: bool,
    subjects: Vec<JsonSubject>,
}

#[derive(Serialize, JsonSchema)]
struct JsonSubject {
    subject: &'static str,
    file: &'static str,
    /// `as shipped`, `weaker`, `another`; or why nothing could be tried.
    verdict: String,
    explored: usize,
    late: bool,
    orderings: Vec<JsonOrdering>,
}

#[derive(Serialize, JsonSchema)]
struct JsonOrdering {
    site: String,
    operation: &'static str,
    /// Of a compare-exchange that fails.
    fails: bool,
    shipped: String,
    weakest: String,
    not_tried: Option<&'static str>,
}

impl JsonSubject {
    fn of(one: &Sought) -> Self {
        let (verdict, found) = match &one.found {
            Err(NoReference::Wrong(why) | NoReference::Late(why)) => (why.clone(), None),
            Ok(found) => {
                let word = match found.compared() {
                    Compared::Same => "as shipped",
                    Compared::Weaker => "weaker",
                    Compared::Another => "another",
                };
                (word.to_owned(), Some(found))
            }
        };
        Self {
            subject: one.subject.name,
            file: one.subject.file,
            verdict,
            explored: found.map_or(0, |found| found.explored),
            late: found.is_none_or(|found| found.late),
            orderings: found
                .map_or_else(Vec::new, |found| found.all.iter().map(JsonOrdering::of).collect()),
        }
    }
}

impl JsonOrdering {
    fn of(Found { knob, weakest, not_tried }: &Found) -> Self {
        Self {
            site: knob.op.place(),
            operation: knob.op.kind.name(),
            fails: knob.fails,
            shipped: format!("{:?}", knob.shipped),
            weakest: format!("{weakest:?}"),
            not_tried: *not_tried,
        }
    }
}

/// What it looks like.
pub(crate) fn schema() -> schemars::Schema {
    crate::report::schema::of::<JsonReport>()
}
