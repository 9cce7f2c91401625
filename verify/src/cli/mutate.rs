//! `lockproof mutate`: what the models notice.

mod weakest;

use std::io::{self, Write};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;

use super::memory::share_of_memory;
use super::notebook::Notebook;
use super::pool::{News, in_parallel};
use super::similar::did_you_mean;
use super::{Exit, Failure, Output, duration, panics};
use crate::claim::Budget;
use crate::mutate::{self, Fate, Mutant, NoReference, Passed, Reference, SUBJECTS, Subject, Tried};
use crate::progress::Board;
use crate::report::html;
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
    /// Write what was found as a page to FILE, for a browser: the source, and beside each line what became of its mutants
    #[arg(long, value_name = "FILE", value_parser = Target::file)]
    html: Option<Target>,
    /// Write what is found to FILE as it is found, and begin with what is there
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Look for the weakest orderings with which all models hold, from the strongest downwards, and say where shipped ones are
    /// stronger than they have to be
    #[arg(long, conflicts_with_all = ["resume", "html"])]
    weakest: bool,
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
        let meant = did_you_mean(name, names.iter().copied());
        let meant = meant.map(|meant| format!("{meant} ")).unwrap_or_default();
        format!("there is no such algorithm; {meant}there are {}", names.join(", "))
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
    out: Output,
}

/// Tries the mutants of all subjects that are wanted.
pub(super) fn run(options: &Options, out: Output) -> Result<Exit, Failure> {
    [&options.json, &options.html].into_iter().flatten().try_for_each(Target::probe)?;
    let notebook =
        options.resume.as_deref().map(Notebook::open).transpose().map_err(Failure::Usage)?;
    let began = Instant::now();
    let jobs = options.jobs.or_else(|| std::thread::available_parallelism().ok());
    let jobs = jobs.unwrap_or(NonZero::<usize>::MIN);
    // A limit beyond what the clock can tell is none.
    let until = options.time_limit.and_then(|limit| began.checked_add(limit));
    let budget = Budget { until, memory: share_of_memory(jobs), ..Budget::seeded(1) };
    let layout = Layout::on(&out);
    let mut run = Run { jobs, budget, out };
    if options.weakest {
        return weakest::run(options, run, began);
    }
    let subjects = options.subjects();
    let references = run.prepare(&subjects)?;
    let tried = run.try_all(&subjects, &references, notebook, &layout)?;
    let report = Report { subjects: tried, took: began.elapsed() };
    run.out.write_all(layout.end(&report).as_bytes())?;
    run.out.flush()?;
    if let Some(target) = &options.json {
        target.write(&report.json())?;
    }
    if let Some(target) = &options.html {
        target.write(&html::mutation(&report))?;
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
    /// Explores the models of all subjects with the source as it is shipped.
    fn prepare(&self, subjects: &[&'static Subject]) -> io::Result<Vec<Prepared>> {
        let of = |&subject: &&'static Subject| subject.trials().map(move |trial| (subject, trial));
        let trials: Arc<[(&Subject, mutate::Trial)]> = subjects.iter().flat_map(of).collect();
        let board = Board::counting(trials.len(), "model");
        let (budget, wanted, running) =
            (self.budget.clone(), Arc::clone(&trials), Arc::clone(&board));
        let work = move |at: usize| {
            let (subject, trial) = wanted[at];
            let running = running.begin(&trial.id());
            let passed = panics::catch(|| Passed::of(subject, trial, &budget, &*running));
            running.end();
            passed.unwrap_or_else(|panic| Err(NoReference::Wrong(panic)))
        };
        let passed = in_parallel(self.jobs, trials.len(), work, |news| {
            say_that_it_takes_a_while(&news, &board);
            Ok(())
        })?;
        board.end();
        let mut passed = passed.into_iter();
        let prepared = subjects.iter().map(|&subject| {
            let its: Vec<_> = passed.by_ref().take(subject.trials().count()).collect();
            let its = its.into_iter().collect::<Result<Vec<_>, _>>()?;
            Ok(Arc::new(Reference::of(subject, its.into_iter().flatten().collect())))
        });
        Ok(prepared.collect())
    }

    fn try_all(
        &mut self,
        subjects: &[&'static Subject],
        references: &[Prepared],
        mut notebook: Option<Notebook<Tried>>,
        layout: &Layout,
    ) -> io::Result<Vec<Mutated>> {
        let trials = trials(references, notebook.as_ref());
        let board = Board::counting(trials.len(), "mutant");
        let work = self.worker(&trials, Arc::clone(&board));
        let mut out = board.beside(&mut self.out);
        let mut say = |text: &str| out.write_all(text.as_bytes()).and_then(|()| out.flush());
        let mut mutated: Vec<Mutated> = subjects
            .iter()
            .zip(references)
            .map(|(subject, reference)| Mutated::of(subject, reference.as_deref()))
            .collect();
        in_parallel(self.jobs, trials.len(), work, |news| {
            say_that_it_takes_a_while(&news, &board);
            let News::Done(number, tried) = news else { return Ok(()) };
            let Trial { subject, known, .. } = &trials[number];
            let (mutant, of) = (trials[number].mutant(), &mut mutated[*subject]);
            if known.is_none() && !matches!(tried.fate, Fate::Timeout { .. }) {
                notebook.iter_mut().try_for_each(|notebook| notebook.add(&mutant.id, tried))?;
            }
            if of.mutants.is_empty() {
                say(&layout.title(of))?;
            }
            of.mutants.push((mutant.clone(), tried.clone()));
            say(&layout.line(mutant, tried))
        })?;
        board.end();
        Ok(mutated)
    }

    /// Tries a mutant, by its number among all.
    fn worker(
        &self,
        trials: &Arc<[Trial]>,
        board: Arc<Board>,
    ) -> impl Fn(usize) -> Tried + Send + Sync + use<> {
        let (budget, trials) = (self.budget.clone(), Arc::clone(trials));
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
