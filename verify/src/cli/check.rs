//! `lockproof check`: examines the claims and reports.

use std::collections::BTreeSet;
use std::io::{self, LineWriter, Write};
use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;

use super::memory::share_of_memory;
use super::reports::Reports;
use super::run::{GRACE, Listener, Orders, Place, examine, in_order};
use super::similar::did_you_mean;
use super::{Exit, Failure, Output, duration};
use crate::claim::{Budget, Claim, Examined, Selection};
use crate::progress::{Beside, Board};
use crate::report::numbers::counted;
use crate::report::record::Shard;
use crate::report::target::Target;
use crate::report::text::Layout;
use crate::report::{Report, json};

/// What `check` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Options {
    /// Examine also what takes long: minutes instead of seconds
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    reports: Reports,
    /// Where random choices start: the same seed, the same choices
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Stop after this time: 90s, 20min; a number alone is seconds
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    time_limit: Option<Duration>,
    /// Examine only claims whose id (see `list`) contains SUBSTRING
    #[arg(long, value_name = "SUBSTRING", num_args = 1..)]
    only: Vec<String>,
    /// Examine only the K-th of N parts of the claims; `merge` joins the reports of all N
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Say at the end how long each claim took, slowest first
    #[arg(long)]
    profile: bool,
    /// Examine N models at a time [default: one for each processor]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
}

impl Options {
    /// Where the report for programs goes.
    pub(super) const fn json(&self) -> Option<&Target> {
        self.reports.json()
    }

    fn selection(&self) -> Selection {
        Selection { full: self.full, only: self.only.clone() }
    }
}

/// Examines the claims that are wanted.
pub(super) fn run(
    options: &Options,
    claims: impl Fn(&Selection) -> Vec<Claim>,
    place: Place,
    out: Output,
) -> Result<Exit, Failure> {
    options.reports.probe()?;
    let selection = options.selection();
    let all = in_order(wanted(&selection, &claims));
    if all.is_empty() {
        return Err(Failure::NothingToRun(why_nothing(&selection, &claims)));
    }
    let part = part(all, options.shard)?;
    let report = examine_and_tell(options, part.into(), place, out)?;
    options.reports.write(&json::report(&report, &selection, options.shard))?;
    Ok(exit(&report))
}

fn part(all: Vec<Claim>, shard: Option<Shard>) -> Result<Vec<Claim>, Failure> {
    let Some(shard) = shard else { return Ok(all) };
    let claims = counted(all.len(), "claim");
    match shard.part(all) {
        part if part.is_empty() => {
            let why = format!("nothing to examine in part {shard}: there are only {claims}");
            Err(Failure::NothingToRun(why))
        }
        part => Ok(part),
    }
}

fn wanted(selection: &Selection, claims: impl Fn(&Selection) -> Vec<Claim>) -> Vec<Claim> {
    let mut wanted = claims(selection);
    wanted.retain(|claim| selection.includes(claim));
    wanted
}

fn why_nothing(selection: &Selection, claims: impl Fn(&Selection) -> Vec<Claim>) -> String {
    let all = claims(&Selection::everything());
    let with_full = Selection { full: true, ..selection.clone() };
    let with_full = all.iter().filter(|claim| with_full.includes(claim)).count();
    let only = selection.only.join("' or '");
    match with_full {
        0 if only.is_empty() => "nothing to examine: there are no claims".to_owned(),
        0 => {
            let subjects: BTreeSet<&str> = all.iter().map(|claim| claim.subject).collect();
            let meant = |wanted: &String| did_you_mean(wanted, subjects.iter().copied());
            let meant: Vec<String> = selection.only.iter().filter_map(meant).collect();
            let meant = meant.iter().map(|meant| format!("; {meant}")).collect::<String>();
            format!(
                "nothing to examine: no claim's id contains '{only}'; `list` shows them all{meant}"
            )
        }
        some => format!("nothing to examine: {} only with --full", counted(some, "claim")),
    }
}

fn exit(report: &Report) -> Exit {
    if report.failed().next().is_some() {
        Exit::ClaimFailed
    } else if report.timed_out().next().is_some() {
        Exit::TimeLimit
    } else {
        Exit::AllHold
    }
}

fn examine_and_tell(
    options: &Options,
    claims: Arc<[Claim]>,
    place: Place,
    out: Output,
) -> io::Result<Report> {
    let began = Instant::now();
    // A limit beyond what the clock can tell is none.
    let until = options.time_limit.and_then(|limit| began.checked_add(limit));
    let jobs = options.jobs.or_else(|| std::thread::available_parallelism().ok());
    let jobs = jobs.unwrap_or(NonZero::<usize>::MIN);
    let orders = Orders {
        jobs,
        budget: Budget { until, memory: share_of_memory(jobs), ..Budget::seeded(options.seed) },
        grace: GRACE,
        place,
    };
    let board = Board::new(claims.len());
    let layout = Layout::of(&claims, &out);
    let out = board.beside(out);
    let mut teller = Teller { out, layout, board: Arc::clone(&board), title: None };
    teller.say(&layout.heading())?;
    let examined = examine(&claims, &orders, &board, &mut teller);
    board.end();
    let report = Report { claims: examined?, took: began.elapsed(), seed: options.seed };
    if options.profile {
        teller.say(&layout.profile(&report))?;
    }
    teller.say(&layout.end(&report))?;
    Ok(report)
}

/// Tells people what is found, as it is found.
struct Teller {
    out: LineWriter<Beside<Output>>,
    layout: Layout,
    board: Arc<Board>,
    title: Option<(&'static str, &'static str)>,
}

impl Teller {
    fn say(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

impl Listener for Teller {
    fn examined(&mut self, claim: &Examined) -> io::Result<()> {
        if !claim.ok() {
            self.board.failed(&claim.id);
        }
        let title = Some((claim.subject, claim.property));
        if self.title != title {
            self.title = title;
            self.say(&self.layout.title(claim))?;
        }
        self.say(&self.layout.line(claim))
    }

    fn waiting(&mut self) {
        if let Some(line) = self.board.line() {
            // Nobody needs it: if it cannot be written, it is not.
            let _ = writeln!(io::stderr(), "{line}");
        }
    }
}

#[cfg(test)]
mod tests;
