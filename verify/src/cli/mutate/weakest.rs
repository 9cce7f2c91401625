//! `lockproof mutate --weakest`: how weak orderings may be.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use super::{Options, Prepared, Run, say_that_it_takes_a_while};
use crate::cli::pool::in_parallel;
use crate::cli::{Exit, Failure, panics};
use crate::mutate::{self, NoReference, Subject};
use crate::progress::Board;
use crate::report::weakest::{Report, Sought};

/// Looks for a set of weakest orderings of each algorithm.
pub(super) fn run(options: &Options, mut run: Run, began: Instant) -> Result<Exit, Failure> {
    let subjects = options.subjects();
    let references = run.prepare(&subjects)?;
    let subjects = run.seek(subjects, references)?;
    let report = Report { subjects, took: began.elapsed() };
    let text = report.text(&run.out);
    run.out.write_all(text.as_bytes())?;
    run.out.flush()?;
    if let Some(target) = options.json() {
        target.write(&report.json())?;
    }
    Ok(if report.is_bad() {
        Exit::ClaimFailed
    } else if report.is_late() {
        Exit::TimeLimit
    } else {
        Exit::AllHold
    })
}

impl Run {
    fn seek(
        &self,
        subjects: Vec<&'static Subject>,
        references: Vec<Prepared>,
    ) -> io::Result<Vec<Sought>> {
        let all: Arc<[_]> = subjects.into_iter().zip(references).collect();
        let board = Board::counting(all.len(), "algorithm");
        let (budget, wanted, running) = (self.budget.clone(), Arc::clone(&all), Arc::clone(&board));
        let work = move |at: usize| {
            let (subject, reference) = &wanted[at];
            let reference = reference.as_ref().map_err(Clone::clone)?;
            let running = running.begin(subject.name);
            let found = panics::catch(|| mutate::weakest(subject, reference, &budget, &*running));
            running.end();
            found.map_err(NoReference::Wrong)
        };
        let found = in_parallel(self.jobs, all.len(), work, |news| {
            say_that_it_takes_a_while(&news, &board);
            Ok(())
        })?;
        board.end();
        let sought = all.iter().zip(found).map(|((subject, _), found)| Sought { subject, found });
        Ok(sought.collect())
    }
}
