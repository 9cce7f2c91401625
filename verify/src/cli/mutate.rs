//! `lockproof mutate`: what the models notice.

use std::io::{self, LineWriter, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;

use super::memory::Memory;
use super::pool::{News, in_parallel};
use super::{Exit, Failure, Output, duration, panics};
use crate::claim::Budget;
use crate::mutate::{Fate, Mutant, Reference, SUBJECTS, Subject, Tried};
use crate::progress::{Beside, Board};
use crate::report::mutation::{Layout, Mutated, Report};
use crate::report::target::Target;

/// What `mutate` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Options {
    /// Which algorithms [default: all]
    #[arg(value_name = "SUBJECT", value_parser = subject)]
    subjects: Vec<&'static Subject>,
    /// Write what was found as JSON to FILE, whole or not at all; with -, it is all that standard output holds
    #[arg(long, value_name = "FILE|-")]
    json: Option<Target>,
    /// Write what is found to FILE as it is found, and begin with what is there
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Stop after this time: 90s, 20min; a number alone is seconds
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    time_limit: Option<Duration>,
    /// Try N mutants at a time [default: one for each processor]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
}

fn subject(name: &str) -> Result<&'static Subject, String> {
    SUBJECTS.iter().find(|subject| subject.name == name).ok_or_else(|| {
        let names: Vec<&str> = SUBJECTS.iter().map(|subject| subject.name).collect();
        format!("there is no such algorithm; there are {}", names.join(", "))
    })
}

impl Options {
    /// Where the report for programs goes.
    pub(super) const fn json(&self) -> Option<&Target> {
        self.json.as_ref()
    }

    fn subjects(&self) -> Vec<&'static Subject> {
        let wanted = |subject: &&'static Subject| {
            self.subjects.is_empty() || self.subjects.iter().any(|one| one.name == subject.name)
        };
        SUBJECTS.iter().filter(wanted).collect()
    }
}

/// A subject and its mutants, or why there are none to be had.
type Prepared = Result<Arc<Reference>, String>;

/// A run, and what all of its parts need.
struct Run {
    jobs: NonZero<usize>,
    budget: Budget,
    out: LineWriter<Beside<Output>>,
    board: Arc<Board>,
}

/// Tries the mutants of all subjects that are wanted.
pub(super) fn run(options: &Options, out: Output) -> Result<Exit, Failure> {
    if let Some(target) = &options.json {
        target.probe()?;
    }
    let memory = options.resume.as_deref().map(Memory::open).transpose().map_err(Failure::Usage)?;
    let began = Instant::now();
    let jobs = options.jobs.or_else(|| std::thread::available_parallelism().ok());
    let jobs = jobs.unwrap_or(NonZero::<usize>::MIN);
    // A limit beyond what the clock can tell is none.
    let until = options.time_limit.and_then(|limit| began.checked_add(limit));
    let budget = Budget { seed: 1, until };
    let layout = Layout::on(&out);
    let subjects = options.subjects();
    let board = Board::counting(subjects.len(), "algorithm");
    let mut run = Run { jobs, budget, out: board.beside(out), board };
    let references = run.prepare(&subjects)?;
    let tried = run.try_all(&subjects, &references, memory, &layout)?;
    let report = Report { subjects: tried, took: began.elapsed() };
    run.say(&layout.end(&report))?;
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

impl Run {
    fn say(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Explores the models of all subjects with the source as it is shipped.
    fn prepare(&mut self, subjects: &[&'static Subject]) -> io::Result<Vec<Prepared>> {
        let (budget, board) = (self.budget.clone(), Arc::clone(&self.board));
        let wanted = subjects.to_vec();
        let work = move |at: usize| -> Prepared {
            let subject = wanted[at];
            let running = board.begin(&format!("{}, as it is", subject.name));
            let reference = panics::catch(|| Reference::of(subject, &budget, &*running));
            running.end();
            reference.unwrap_or_else(Err).map(Arc::new)
        };
        let board = Arc::clone(&self.board);
        let prepared = in_parallel(self.jobs, subjects.len(), work, |news| {
            say_that_it_takes_a_while(&news, &board);
            Ok(())
        });
        self.board.end();
        prepared
    }

    fn try_all(
        &mut self,
        subjects: &[&'static Subject],
        references: &[Prepared],
        mut memory: Option<Memory<Tried>>,
        layout: &Layout,
    ) -> io::Result<Vec<Mutated>> {
        let good = |(index, reference): (usize, &Prepared)| {
            let reference = Arc::clone(reference.as_ref().ok()?);
            Some((0..reference.mutants.len()).map(move |at| (index, Arc::clone(&reference), at)))
        };
        let all: Arc<Vec<(usize, Arc<Reference>, usize)>> =
            Arc::new(references.iter().enumerate().filter_map(good).flatten().collect());
        let known: Vec<Option<Tried>> = all
            .iter()
            .map(|(_, reference, at)| memory.as_ref()?.get(&reference.mutants[*at].id).cloned())
            .collect();
        self.board = Board::counting(all.len(), "mutant");
        let new: Vec<bool> = known.iter().map(Option::is_none).collect();
        let work = self.worker(Arc::clone(&all), known);
        let mut mutated: Vec<Mutated> = subjects
            .iter()
            .zip(references)
            .map(|(subject, reference)| Mutated::of(subject, reference.as_deref()))
            .collect();
        let (jobs, board) = (self.jobs, Arc::clone(&self.board));
        let mut last = None;
        in_parallel(jobs, all.len(), work, |news| {
            say_that_it_takes_a_while(&news, &board);
            let News::Done(number, tried) = news else { return Ok(()) };
            let (index, reference, at) = &all[number];
            let mutant = &reference.mutants[*at];
            if new[number] && !matches!(tried.fate, Fate::Timeout { .. }) {
                memory.iter_mut().try_for_each(|memory| memory.add(&mutant.id, tried))?;
            }
            if last != Some(*index) {
                last = Some(*index);
                self.say(&layout.title(&mutated[*index]))?;
            }
            mutated[*index].mutants.push((mutant.clone(), tried.clone()));
            self.say(&layout.line(mutant, tried))
        })?;
        self.board.end();
        Ok(mutated)
    }

    /// Tries a mutant, by its number among all.
    fn worker(
        &self,
        all: Arc<Vec<(usize, Arc<Reference>, usize)>>,
        known: Vec<Option<Tried>>,
    ) -> impl Fn(usize) -> Tried + Send + Sync + 'static {
        let (budget, board) = (self.budget.clone(), Arc::clone(&self.board));
        move |number| {
            if let Some(tried) = &known[number] {
                return tried.clone();
            }
            let (_, reference, at) = &all[number];
            let mutant: &Mutant = &reference.mutants[*at];
            let running = board.begin(&mutant.id);
            let began = Instant::now();
            let tried = panics::catch(|| reference.try_mutant(mutant, &budget, &*running));
            running.end();
            // With a mutant, code may come where it never comes otherwise; that is noticed, too.
            tried.unwrap_or_else(|panic| {
                let (by, states) = ("the explorer".to_owned(), 0);
                let fate = Fate::Caught { by, how: format!("a panic: {panic}"), states };
                Tried { fate, took: began.elapsed() }
            })
        }
    }
}

fn say_that_it_takes_a_while<R>(news: &News<'_, R>, board: &Board) {
    if let (News::Waiting, Some(line)) = (news, board.line()) {
        // Nobody needs it: if it cannot be written, it is not.
        let _ = writeln!(io::stderr(), "{line}");
    }
}
