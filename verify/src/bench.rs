//! How fast the locks are, beside those that people would take instead: `lockproof bench`.
//!
//! The same work for each, in memory that processes share, on the same processors, taking turns in one run: figures of
//! different days or machines cannot be compared, ratios within a run can. Of each contender the report has the median of
//! the rounds and how far they spread, and for each peer the ratio of ours to it, round by round, with the interval in
//! which its median lies with a confidence of 95 %.

mod c;
mod case;
mod cases;
mod compare;
mod events;
mod figures;
mod json;
#[cfg(any(feature = "loom", feature = "shuttle"))]
mod kit;
mod measure;
mod ours;
mod pace;
mod page;
#[cfg(feature = "peers")]
mod peers;
pub(crate) mod shared;
mod steps;
mod text;
mod work;

pub(crate) use json::schema;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::duration;
use crate::cli::similar::did_you_mean;
use crate::interrupt::Found;
use crate::report::target::Target;
use case::{Case, Unit};
use compare::Before;
use figures::Measured;
use measure::Rig;

/// What `bench` is asked for.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Measure only these: a primitive, or one of its cases, as `mutex` or `mutex/two`; everything, if none is named
    #[arg(value_name = "CASE")]
    cases: Vec<String>,

    /// How often each is measured; the peers take turns. Fewer than six tell no confidence
    #[arg(long, value_name = "N", default_value = "11", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// How long each contender works in a round
    #[arg(long, value_name = "DURATION", default_value = "100ms", value_parser = duration::parse)]
    window: Duration,

    /// Measure only against peers whose names contain this; several can be given
    #[arg(long, value_name = "NAME")]
    against: Vec<String>,

    /// Count instructions, and those of them that are locked, instead of measuring time: of what a process does alone, the same
    /// each time
    #[arg(long, conflicts_with_all = ["rounds", "window", "html"])]
    instructions: bool,

    /// Say what is worse than in FILE, which `--json` wrote: ratios to the same peers whose intervals lie apart, or more
    /// instructions; the exit status is then 1
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,

    /// Write the figures as JSON to FILE, whole or not at all; with -, it is all that standard output holds
    #[arg(long, value_name = "FILE|-")]
    json: Option<Target>,

    /// Write the figures as a page to FILE, for a browser: the ratios drawn, and the tables
    #[arg(long, value_name = "FILE", value_parser = Target::file)]
    html: Option<Target>,
}

impl Options {
    /// Where the report for programs goes.
    pub(crate) const fn json(&self) -> Option<&Target> {
        self.json.as_ref()
    }
}

/// Why there are no figures.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The output cannot be written.
    Output(io::Error),
    /// What was asked for cannot be measured, and why.
    Usage(String),
    /// A contender failed: it lost updates, hung, or could not be set up.
    Contender(String),
    /// There are figures, and some are worse than they were; which has been said.
    Worse,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Measures, and writes a table for each case.
pub(crate) fn command(
    options: &Options,
    out: &mut dyn Write,
    mut tell: impl FnMut(&str),
) -> Result<(), Failure> {
    let mut cases = chosen(options)?;
    let before =
        options.compare.as_deref().map(Before::read).transpose().map_err(Failure::Usage)?;
    if let Some(before) = &before {
        before.is_of(&cases).map_err(Failure::Usage)?;
    }
    [&options.json, &options.html].into_iter().flatten().try_for_each(Target::probe)?;
    let left_out = left_out(&mut cases);
    let mut rig = Rig::new(options.window).map_err(Failure::Contender)?;
    rig.counts = options.instructions;
    let rounds = if options.instructions { 1 } else { options.rounds };
    let mut measured: Vec<Measured> = cases.iter().map(Measured::of).collect();
    let found = Found::nothing();
    for round in 1..=rounds {
        tell(&format!("round {round} of {rounds}"));
        for (case, measured) in cases.iter().zip(&mut measured) {
            for (contender, figures) in case.contenders.iter().zip(&mut measured.figures) {
                let sample = (contender.run)(&rig);
                figures.add(sample.map_err(|why| {
                    Failure::Contender(format!("{}, {}: {why}", case.id, contender.name))
                })?);
            }
        }
        let tables = text::tables(&measured, &rig);
        found.is_now(&format_args!("{round} of {rounds} rounds were done:\n\n{tables}"));
    }
    write!(out, "{}{}", text::tables(&measured, &rig), text::missing(&left_out))?;
    out.flush()?;
    if let Some(target) = &options.json {
        target.write(&json::report(&measured, &rig, rounds, &left_out))?;
    }
    if let Some(target) = &options.html {
        target.write(&page::report(&measured, &rig, rounds, &left_out))?;
    }
    match before.map(|before| before.compared(&measured)) {
        Some(compared) => {
            write!(out, "\n{compared}")?;
            out.flush()?;
            if compared.is_worse() { Err(Failure::Worse) } else { Ok(()) }
        }
        None => Ok(()),
    }
}

/// A peer that is not measured, and what the machine lacks for it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
pub(crate) struct LeftOut {
    name: &'static str,
    lacks: &'static str,
}

/// Takes out whom the machine cannot run, and says so.
fn left_out(cases: &mut [Case]) -> Vec<LeftOut> {
    let mut left_out = std::collections::BTreeSet::new();
    for case in cases {
        case.contenders.retain(|contender| match (contender.lacks)() {
            Some(lacks) => {
                left_out.insert(LeftOut { name: contender.name, lacks });
                false
            }
            None => true,
        });
    }
    left_out.into_iter().collect()
}

/// What can be asked for: each case, and all of one primitive.
pub(crate) fn names() -> std::collections::BTreeSet<&'static str> {
    let with_its_kind = |case: Case| [case.id.split('/').next().unwrap_or(case.id), case.id];
    cases::all().into_iter().flat_map(with_its_kind).collect()
}

/// The cases that are asked for, with those of their contenders that are.
fn chosen(options: &Options) -> Result<Vec<Case>, Failure> {
    let all = cases::all();
    let names =
        |case: &Case, wanted: &str| case.id == wanted || case.id.split('/').next() == Some(wanted);
    for wanted in &options.cases {
        if !all.iter().any(|case| names(case, wanted)) {
            let known: Vec<&str> = all.iter().map(|case| case.id).collect();
            let why = did_you_mean(wanted, known.iter().copied())
                .unwrap_or_else(|| format!("there are: {}", known.join(", ")));
            return Err(Failure::Usage(format!("there is no case {wanted}; {why}")));
        }
    }
    let wanted = |case: &Case| {
        options.cases.is_empty() || options.cases.iter().any(|wanted| names(case, wanted))
    };
    let mut chosen: Vec<Case> = all.into_iter().filter(wanted).collect();
    if options.instructions {
        chosen.retain(|case| case.unit == Unit::Nanoseconds);
        for case in &mut chosen {
            case.unit = Unit::Instructions;
            case.contenders.retain(|contender| contender.countable);
        }
        if chosen.is_empty() {
            let why = "instructions are counted of what a process does alone: `mutex/alone`, `rwlock/read` and so on";
            return Err(Failure::Usage(why.to_owned()));
        }
    }
    if !options.against.is_empty() {
        let asked = |name: &str| options.against.iter().any(|part| name.contains(part.as_str()));
        for case in &mut chosen {
            case.contenders.retain(|contender| contender.is_ours() || asked(contender.name));
        }
        chosen.retain(|case| case.contenders.iter().any(|contender| !contender.is_ours()));
    }
    if chosen.is_empty() {
        let against = options.against.join(", ");
        return Err(Failure::Usage(format!("none of the peers there is called {against}")));
    }
    Ok(chosen)
}
