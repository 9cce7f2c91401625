//! `lockproof mutate`: what the models notice.

use std::io::{self, LineWriter, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;

use super::notebook::Notebook;
use super::pool::{News, in_parallel};
use super::{Exit, Failure, Output, duration, panics};
use crate::claim::Budget;
use crate::mutate::{Fate, Mutant, NoReference, Reference, SUBJECTS, Subject, Tried};
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
type Prepared = Result<Arc<Reference>, NoReference>;

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
    let notebook =
        options.resume.as_deref().map(Notebook::open).transpose().map_err(Failure::Usage)?;
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
    let tried = run.try_all(&subjects, &references, notebook, &layout)?;
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
            reference.unwrap_or_else(|panic| Err(NoReference::Wrong(panic))).map(Arc::new)
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
        mut notebook: Option<Notebook<Tried>>,
        layout: &Layout,
    ) -> io::Result<Vec<Mutated>> {
        let trials = trials(references, notebook.as_ref());
        self.board = Board::counting(trials.len(), "mutant");
        let mut mutated: Vec<Mutated> = subjects
            .iter()
            .zip(references)
            .map(|(subject, reference)| Mutated::of(subject, reference.as_deref()))
            .collect();
        let (jobs, board, work) = (self.jobs, Arc::clone(&self.board), self.worker(&trials));
        in_parallel(jobs, trials.len(), work, |news| {
            say_that_it_takes_a_while(&news, &board);
            let News::Done(number, tried) = news else { return Ok(()) };
            let Trial { subject, known, .. } = &trials[number];
            let (mutant, of) = (trials[number].mutant(), &mut mutated[*subject]);
            if known.is_none() && !matches!(tried.fate, Fate::Timeout { .. }) {
                notebook.iter_mut().try_for_each(|notebook| notebook.add(&mutant.id, tried))?;
            }
            if of.mutants.is_empty() {
                self.say(&layout.title(of))?;
            }
            of.mutants.push((mutant.clone(), tried.clone()));
            self.say(&layout.line(mutant, tried))
        })?;
        self.board.end();
        Ok(mutated)
    }

    /// Tries a mutant, by its number among all.
    fn worker(&self, trials: &Arc<[Trial]>) -> impl Fn(usize) -> Tried + Send + Sync + use<> {
        let (budget, board, trials) =
            (self.budget.clone(), Arc::clone(&self.board), Arc::clone(trials));
        move |number| {
            let trial = &trials[number];
            if let Some(tried) = &trial.known {
                return tried.clone();
            }
            let mutant = trial.mutant();
            let running = board.begin(&mutant.id);
            let began = Instant::now();
            let tried = panics::catch(|| trial.reference.try_mutant(mutant, &budget, &*running));
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

/// A mutant that is to be tried, unless it is known what becomes of it.
struct Trial {
    /// The subject's number.
    subject: usize,
    reference: Arc<Reference>,
    /// The mutant's number.
    at: usize,
    known: Option<Tried>,
}

impl Trial {
    fn mutant(&self) -> &Mutant {
        &self.reference.mutants[self.at]
    }
}

fn trials(references: &[Prepared], notebook: Option<&Notebook<Tried>>) -> Arc<[Trial]> {
    let mut all = Vec::new();
    for (subject, reference) in references.iter().enumerate() {
        let Ok(reference) = reference else { continue };
        all.extend(reference.mutants.iter().enumerate().map(|(at, mutant)| Trial {
            subject,
            reference: Arc::clone(reference),
            at,
            known: notebook.and_then(|notebook| notebook.get(&mutant.id)).cloned(),
        }));
    }
    all.into()
}

fn say_that_it_takes_a_while<R>(news: &News<'_, R>, board: &Board) {
    if let (News::Waiting, Some(line)) = (news, board.line()) {
        // Nobody needs it: if it cannot be written, it is not.
        let _ = writeln!(io::stderr(), "{line}");
    }
}
