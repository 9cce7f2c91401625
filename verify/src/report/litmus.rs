//! Which checker shows what: for people, for a page of documentation, and for programs.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::Serialize;

use super::json::{VERSION, pretty};
use crate::models::litmus::asked::{Allowed, Question};
use crate::models::litmus::shown::Shown;
use crate::zoo::Explorer;

/// A question, and what each checker shows, in the order of [`Explorer::ALL`].
pub type Row = (Question, Vec<Shown>);

/// Whether the explorer of states, with weak memory, shows what it should, and nothing else.
#[must_use]
pub fn is_right((question, shown): &Row) -> bool {
    let is_expected = matches!(question.allowed, Allowed::ByC11(true) | Allowed::ByLinux(true));
    let of_ours = Explorer::ALL.iter().zip(shown).filter(|(who, _)| **who == Explorer::Weak);
    of_ours.into_iter().all(|(_, shown)| match shown {
        Shown::Yes => is_expected,
        Shown::No => !is_expected,
        Shown::Refused => true,
    })
}

/// The table for people: as wide as it is.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut lines = vec![heading().map(str::to_owned).to_vec()];
    lines.extend(rows.iter().map(cells));
    let columns = lines[0].len();
    let wide = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<_> = (0..columns).map(|column| wide(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in &lines {
        let padded: Vec<_> =
            line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "{}", padded.join("  ").trim_end());
    }
    text
}

/// The table as a page of documentation has it.
#[must_use]
pub fn markdown(rows: &[Row]) -> String {
    let names = heading();
    let mut text = format!("| {} |\n|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", cells(row).join(" | "));
    }
    text
}

/// How many columns there are.
const COLUMNS: usize = 3 + Explorer::ALL.len();

fn heading() -> [&'static str; COLUMNS] {
    let mut names = [""; COLUMNS];
    names[..3].copy_from_slice(&["program", "what is asked for", "can it be?"]);
    for (name, explorer) in names[3..].iter_mut().zip(Explorer::ALL) {
        *name = explorer.name();
    }
    names
}

fn cells((question, shown): &Row) -> Vec<String> {
    let mut cells = vec![
        question.litmus.name().to_owned(),
        question.means.to_owned(),
        allowed(question.allowed).to_owned(),
    ];
    let can_be = question.allowed.can_be();
    cells.extend(shown.iter().map(|shown| match shown {
        Shown::Yes if !can_be => "shown, wrongly".to_owned(),
        shown => shown.word().to_owned(),
    }));
    cells
}

const fn allowed(allowed: Allowed) -> &'static str {
    match allowed {
        Allowed::ByC11(true) => "C11: yes",
        Allowed::ByC11(false) => "C11: no",
        Allowed::ButByRc11 => "C11: yes, RC11: no",
        Allowed::ByLinux(true) => "Linux: yes",
        Allowed::ByLinux(false) => "Linux: no",
    }
}

/// The report for programs.
#[must_use]
pub fn json(rows: &[Row]) -> String {
    let questions = rows.iter().map(|(question, shown)| JsonQuestion {
        program: question.litmus.name(),
        asked: question.means,
        allowed: allowed(question.allowed),
        explorers: Explorer::ALL
            .iter()
            .zip(shown)
            .map(|(explorer, shown)| JsonShown { explorer: explorer.name(), shown: shown.word() })
            .collect(),
    });
    pretty(&JsonReport {
        lockproof: VERSION,
        ok: rows.iter().all(is_right),
        questions: questions.collect(),
    })
}

/// What it looks like.
pub(crate) fn schema() -> schemars::Schema {
    crate::report::schema::of::<JsonReport>()
}

#[derive(Serialize, JsonSchema)]
struct JsonReport {
    lockproof: &'static str,
    ok: bool,
    questions: Vec<JsonQuestion>,
}

#[derive(Serialize, JsonSchema)]
struct JsonQuestion {
    program: &'static str,
    asked: &'static str,
    allowed: &'static str,
    explorers: Vec<JsonShown>,
}

#[derive(Serialize, JsonSchema)]
struct JsonShown {
    explorer: &'static str,
    shown: &'static str,
}
