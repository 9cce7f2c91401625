//! A lock with one thing done otherwise: whether the searches notice.

use std::fmt;
use std::path::Path;

use crate::explore::graph::{GraphSearch, is_distrusted};
use crate::models::mutex::FILE;
use crate::mutate::{changes, in_words, is_noticed};
use crate::platform::{Mutation, Op, Sites};
use crate::verdict::Finding;

/// A search of some model of the lock.
pub(super) type Trial = Box<dyn Fn(GraphSearch) -> Finding>;

/// What was found when one thing at a time was done otherwise.
#[derive(Clone, Debug)]
pub struct Mutants {
    all: Vec<Mutant>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Where: `src/lock.rs:27`.
    pub site: String,
    /// What is done there: `swap Acquire`.
    pub operation: String,
    /// What is done otherwise: `Relaxed instead of Acquire`.
    pub change: String,
    /// Whether a search notices.
    pub caught: bool,
}

impl Mutants {
    /// Tries all that can be done otherwise, in every operation that the trials come to but for those of the models.
    pub(super) fn of(trials: &[Trial]) -> Self {
        let sites: &'static Sites = Box::leak(Box::default());
        for trial in trials {
            trial(GraphSearch { sites: Some(sites), ..GraphSearch::default() });
        }
        let models = Path::new(FILE).parent();
        let own = |op: &Op| Path::new(op.site.file()).parent() != models;
        let operations: Vec<Op> = sites.within("").into_iter().filter(own).collect();
        let tried = operations.iter().flat_map(|op| {
            changes(op).into_iter().map(|change| {
                let mutation = Mutation::at(op.site, change);
                let caught = trials.iter().any(|trial| notices(trial, mutation));
                Mutant {
                    site: op.place(),
                    operation: op.in_words(),
                    change: in_words(op, change),
                    caught,
                }
            })
        });
        Self { all: tried.collect() }
    }

    /// All of them, in the order of the source.
    pub fn iter(&self) -> std::slice::Iter<'_, Mutant> {
        self.all.iter()
    }

    /// Those that no search notices. Each is a hole in the searches, or shows that something is stronger than it has to be.
    pub fn missed(&self) -> impl Iterator<Item = &Mutant> {
        self.all.iter().filter(|mutant| !mutant.caught)
    }
}

impl<'a> IntoIterator for &'a Mutants {
    type Item = &'a Mutant;
    type IntoIter = std::slice::Iter<'a, Mutant>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn notices(trial: &Trial, mutation: Mutation) -> bool {
    let search = GraphSearch { mutation: Some(mutation), ..GraphSearch::default() };
    let found = trial(search);
    // A mutant may do what the marks in the source do not reckon with.
    let found =
        if is_distrusted(&found) { trial(GraphSearch { marks: false, ..search }) } else { found };
    is_noticed(&found)
}

impl fmt::Display for Mutants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let caught = self.all.iter().filter(|mutant| mutant.caught).count();
        writeln!(
            f,
            "  done otherwise, one thing at a time: {caught} of {} are noticed",
            self.all.len()
        )?;
        for Mutant { site, operation, change, .. } in self.missed() {
            writeln!(f, "    not noticed: {operation} at {site}: {change}")?;
        }
        Ok(())
    }
}
