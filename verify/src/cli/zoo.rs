//! `lockproof zoo`: which explorer catches which known-broken algorithm.

use std::io::{self, Write};
use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;

use super::memory::share_of_memory;
use super::pool::{News, in_parallel};
use super::{Exit, Failure, Output, duration, panics};
use crate::claim::Budget;
use crate::progress::Board;
use crate::report::target::Target;
use crate::report::zoo::{Layout, Report};
use crate::zoo::{Cell, Explorer, Fate, HALLS, Specimen};

/// What `zoo` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Options {
    /// Only those whose name contains SUBSTRING
    #[arg(long, value_name = "SUBSTRING", num_args = 1..)]
    only: Vec<String>,
    /// Print the table for a page of documentation; it is all that standard output holds
    #[arg(long)]
    markdown: bool,
    /// Write what was found as JSON to FILE, whole or not at all; with -, it is all that standard output holds
    #[arg(long, value_name = "FILE|-")]
    json: Option<Target>,
    /// Stop after this time: 90s, 20min; a number alone is seconds
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    time_limit: Option<Duration>,
    /// Look at N of them at a time [default: one for each processor]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
}

impl Options {
    fn wanted(&self) -> Vec<&'static Specimen> {
        let wanted = |specimen: &&'static Specimen| {
            self.only.is_empty() || self.only.iter().any(|part| specimen.name.contains(part))
        };
        HALLS.iter().flat_map(|hall| hall.specimens).filter(wanted).collect()
    }

    /// Where people read.
    fn people(&self) -> Output {
        let is_taken = self.markdown || self.json == Some(Target::Stdout);
        if is_taken { Output::stderr() } else { Output::stdout() }
    }
}

/// Puts the specimens that are wanted to all explorers.
pub(super) fn run(options: &Options) -> Result<Exit, Failure> {
    if options.markdown && options.json == Some(Target::Stdout) {
        let why = "standard output can hold the page or the JSON: name a file for one of them";
        return Err(Failure::Usage(why.to_owned()));
    }
    if let Some(target) = &options.json {
        target.probe()?;
    }
    let specimens: Arc<[&Specimen]> = options.wanted().into();
    if specimens.is_empty() {
        let only = options.only.join("' or '");
        let why = format!("nothing in the zoo has a name that contains '{only}'");
        return Err(Failure::NothingToRun(why));
    }
    let report = visit(options, &specimens)?;
    if options.markdown {
        Target::Stdout.write(&report.markdown())?;
    }
    if let Some(target) = &options.json {
        target.write(&report.json())?;
    }
    Ok(exit(&report))
}

fn exit(report: &Report) -> Exit {
    if report.is_bad() {
        Exit::ClaimFailed
    } else if report.is_late() {
        Exit::TimeLimit
    } else {
        Exit::AllHold
    }
}

fn visit(options: &Options, specimens: &Arc<[&'static Specimen]>) -> io::Result<Report> {
    let began = Instant::now();
    let jobs = options.jobs.or_else(|| std::thread::available_parallelism().ok());
    let jobs = jobs.unwrap_or(NonZero::<usize>::MIN);
    // A limit beyond what the clock can tell is none.
    let until = options.time_limit.and_then(|limit| began.checked_add(limit));
    let budget = Budget { until, memory: share_of_memory(jobs), ..Budget::seeded(1) };
    let board = Board::counting(specimens.len() * Explorer::ALL.len(), "trial");
    let (all, running) = (Arc::clone(specimens), Arc::clone(&board));
    let work = move |at: usize| (all[at], looked_at(all[at], &budget, &running));
    let out = options.people();
    let layout = Layout::on(&out);
    let mut out = board.beside(out);
    let rows = in_parallel(jobs, specimens.len(), work, |news| match news {
        News::Done(_, row) => {
            out.write_all(layout.specimen(row).as_bytes())?;
            out.flush()
        }
        News::Waiting => {
            if let Some(line) = board.line() {
                // Nobody needs it: if it cannot be written, it is not.
                let _ = writeln!(io::stderr(), "{line}");
            }
            Ok(())
        }
    })?;
    board.end();
    let report = Report { rows, took: began.elapsed() };
    out.write_all(layout.end(&report).as_bytes())?;
    out.flush()?;
    Ok(report)
}

fn looked_at(specimen: &Specimen, budget: &Budget, board: &Arc<Board>) -> Vec<Cell> {
    let cell = |explorer: Explorer| {
        let running = board.expect(&format!("{}, {}", specimen.name, explorer.name()));
        let began = Instant::now();
        let cell = panics::catch(|| specimen.put_to(explorer, budget, &*running));
        running.end();
        cell.unwrap_or_else(|panic| {
            let fate = Fate::NoVerdict { why: format!("a panic: {panic}") };
            Cell { explorer, fate, took: began.elapsed() }
        })
    };
    Explorer::ALL.iter().copied().map(cell).collect()
}
