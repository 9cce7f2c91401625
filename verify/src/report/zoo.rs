//! What became of the zoo's specimens: for people, for a page of documentation, and for programs.

use std::fmt::Write;
use std::time::Duration;

use anstyle::Style;
use schemars::JsonSchema;
use serde::Serialize;
use textwrap::{Options, wrap};

use super::Output;
use super::json::{VERSION, pretty, seconds as in_seconds};
use super::numbers::{count, counted, seconds};
use super::style::{BAD, FAINT, GOOD, LATE, TITLE};
use crate::diagram::paint;
use crate::zoo::{Cell, Explorer, Fate, HALLS, Specimen, in_short};

/// What a specimen's further lines stand behind.
const INDENT: &str = "      ";
/// A screen narrower than this shows longer lines than it can.
const NARROWEST: usize = 60;
/// How wide an explorer's column is.
const COLUMN: usize = 14;

/// What was found out about a specimen.
pub type Row = (&'static Specimen, Vec<Cell>);

/// What came of a whole visit.
#[derive(Debug)]
pub struct Report {
    /// The specimens that were wanted, in the order of the list.
    pub rows: Vec<Row>,
    /// How long all of it took.
    pub took: Duration,
}

impl Report {
    fn fates(&self) -> impl Iterator<Item = &Fate> {
        self.rows.iter().flat_map(|(_, cells)| cells.iter().map(|cell| &cell.fate))
    }

    fn number(&self, of: impl Fn(&Fate) -> bool) -> usize {
        self.fates().filter(|fate| of(fate)).count()
    }

    /// Whether something is not as it should be, though there was time enough.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.number(|fate| !fate.is_good() && !is_late(fate)) > 0
    }

    /// Whether an explorer came to no verdict.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.number(is_late) > 0
    }

    /// The table as a page of documentation has it.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        let mut reasons = Reasons::default();
        for hall in HALLS {
            let is_in = |(specimen, _): &&Row| {
                hall.specimens.iter().any(|other| other.name == specimen.name)
            };
            let rows: Vec<_> = self.rows.iter().filter(is_in).collect();
            if !rows.is_empty() {
                let _ = writeln!(text, "## {}\n\n{}", hall.title, heading());
                rows.iter().for_each(|row| text += &reasons.row(row));
                text.push('\n');
            }
        }
        text + &reasons.listed()
    }

    /// The report for programs.
    #[must_use]
    pub fn json(&self) -> String {
        pretty(&JsonReport {
            lockproof: VERSION,
            seconds: in_seconds(self.took),
            ok: !self.is_bad() && !self.is_late(),
            specimens: self.rows.iter().map(JsonSpecimen::of).collect(),
        })
    }
}

const fn is_late(fate: &Fate) -> bool {
    matches!(fate, Fate::NoVerdict { .. })
}

fn heading() -> String {
    let names = Explorer::ALL.iter().map(|explorer| explorer.name());
    let names: Vec<_> = ["model", "the mistake", "whose"].into_iter().chain(names).collect();
    format!("| {} |\n|{}", names.join(" | "), "---|".repeat(names.len()))
}

/// Why explorers cannot see something, each reason by its number.
#[derive(Default)]
struct Reasons(Vec<&'static str>);

impl Reasons {
    fn row(&mut self, (specimen, cells): &Row) -> String {
        let Specimen { name, mistake, source, link, .. } = specimen;
        let mut text = format!("| `{name}` | {mistake} | [{source}]({link}) |");
        for cell in cells {
            let _ = write!(text, " {} |", self.cell(specimen, &cell.fate));
        }
        text + "\n"
    }

    fn cell(&mut self, specimen: &Specimen, fate: &Fate) -> String {
        match fate {
            Fate::CannotSee { reason } => format!("cannot see ({})", self.number(reason)),
            fate => briefly(specimen, fate),
        }
    }

    fn number(&mut self, reason: &'static str) -> usize {
        let known = self.0.iter().position(|known| *known == reason);
        known.unwrap_or_else(|| {
            self.0.push(reason);
            self.0.len() - 1
        }) + 1
    }

    fn listed(&self) -> String {
        let mut text = String::new();
        for (index, reason) in self.0.iter().enumerate() {
            let _ = writeln!(text, "{}. {reason}", index + 1);
        }
        text
    }
}

fn briefly(specimen: &Specimen, fate: &Fate) -> String {
    let short = |why: &str| in_short(why, specimen.size.deaths);
    match fate {
        Fate::Caught { why } => format!("caught: {}", short(why)),
        Fate::CannotSee { reason } => format!("cannot see: {reason}"),
        Fate::Missed => "missed".to_owned(),
        Fate::SeesIt { reason, why } => format!("sees it ({}), against: {reason}", short(why)),
        Fate::FalseAlarm { why } => format!("false alarm: without the mistake, {}", short(why)),
        Fate::NoVerdict { why } => format!("no verdict: {why}"),
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

    /// What became of a specimen.
    #[must_use]
    pub fn specimen(&self, (specimen, cells): &Row) -> String {
        let Specimen { name, mistake, source, link, .. } = specimen;
        let mut text = format!("{}: {mistake}", self.paint(name, TITLE));
        text = wrap(&text, Options::new(self.width).subsequent_indent(INDENT)).join("\n") + "\n";
        for line in [source, link] {
            text += &format!("{INDENT}{}\n", self.paint(line, FAINT));
        }
        for cell in cells {
            text += &self.cell(specimen, cell);
        }
        text
    }

    fn cell(&self, specimen: &Specimen, cell: &Cell) -> String {
        let (mark, style) = mark(&cell.fate);
        let words = briefly(specimen, &cell.fate);
        let line = format!("{:COLUMN$}  {words} ({})", cell.explorer.name(), seconds(cell.took));
        let indent = format!("{INDENT}{:COLUMN$}  ", "");
        let lines = Options::new(self.width).initial_indent(INDENT).subsequent_indent(&indent);
        let lines = wrap(&line, lines).join("\n");
        format!("{} {}\n", self.paint(&format!(" {mark}"), style), lines.trim_start())
    }

    /// Everything that is said at the end: all in one table, and how many of what.
    #[must_use]
    pub fn end(&self, report: &Report) -> String {
        let names = report.rows.iter().map(|(specimen, _)| specimen.name.len());
        let width = names.max().unwrap_or(0);
        let mut text = format!("\n{:width$}", "");
        for explorer in Explorer::ALL {
            let _ = write!(text, "  {:COLUMN$}", explorer.name());
        }
        text = self.paint(text.trim_end(), FAINT) + "\n";
        for (specimen, cells) in &report.rows {
            let _ = write!(text, "{:width$}", specimen.name);
            for (at, cell) in cells.iter().enumerate() {
                let room = if at + 1 < cells.len() { COLUMN } else { 0 };
                let word = format!("{:room$}", cell.fate.word());
                let (_, style) = mark(&cell.fate);
                let style = if cell.fate.is_good() { Style::new() } else { style };
                let _ = write!(text, "  {}", self.paint(&word, style));
            }
            text.push('\n');
        }
        text + &self.summary(report)
    }

    fn summary(&self, report: &Report) -> String {
        let all = counted(report.rows.len(), "specimen");
        let mut text = format!("\n{all} in {}:", seconds(report.took));
        let words = ["caught", "cannot see", "missed", "sees it", "false alarm", "no verdict"].map(
            |word| {
                let number = report.number(|fate| fate.word() == word);
                (number > 0 || ["caught", "missed"].contains(&word))
                    .then(|| format!(" {} {word}", count(number as u64)))
            },
        );
        text += &words.into_iter().flatten().collect::<Vec<_>>().join(",");
        text + ".\n"
    }

    fn paint(&self, text: &str, style: Style) -> String {
        paint(text, style, self.colour)
    }
}

const fn mark(fate: &Fate) -> (&'static str, Style) {
    match fate {
        Fate::NoVerdict { .. } => ("late", LATE),
        fate if fate.is_good() => ("ok  ", GOOD),
        _ => ("FAIL", BAD),
    }
}

/// What it looks like.
pub(crate) fn schema() -> schemars::Schema {
    crate::report::schema::of::<JsonReport>()
}

#[derive(Serialize, JsonSchema)]
struct JsonReport {
    lockproof: &'static str,
    seconds: f64,
    ok: bool,
    specimens: Vec<JsonSpecimen>,
}

#[derive(Serialize, JsonSchema)]
struct JsonSpecimen {
    model: &'static str,
    mended: Option<&'static str>,
    mistake: &'static str,
    source: &'static str,
    link: &'static str,
    processes: usize,
    increments: usize,
    deaths: u8,
    explorers: Vec<JsonCell>,
}

#[derive(Serialize, JsonSchema)]
struct JsonCell {
    explorer: &'static str,
    fate: &'static str,
    ok: bool,
    /// What went wrong with the specimen, or why that is not seen.
    why: Option<String>,
    seconds: f64,
}

impl JsonSpecimen {
    fn of((specimen, cells): &Row) -> Self {
        let Specimen { name, mended, mistake, source, link, size, .. } = **specimen;
        Self {
            model: name,
            mended,
            mistake,
            source,
            link,
            processes: size.processes,
            increments: size.increments,
            deaths: size.deaths,
            explorers: cells.iter().map(JsonCell::of).collect(),
        }
    }
}

impl JsonCell {
    fn of(cell: &Cell) -> Self {
        let why = match &cell.fate {
            Fate::Caught { why }
            | Fate::SeesIt { why, .. }
            | Fate::FalseAlarm { why }
            | Fate::NoVerdict { why } => Some(why.clone()),
            Fate::CannotSee { reason } => Some((*reason).to_owned()),
            Fate::Missed => None,
        };
        Self {
            explorer: cell.explorer.name(),
            fate: cell.fate.word(),
            ok: cell.fate.is_good(),
            why,
            seconds: in_seconds(cell.took),
        }
    }
}
