//! What can go wrong with workers.

use core::fmt;
use std::io;

use super::end::End;
use crate::RegionError;

/// What is wrong with workers.
#[derive(Debug)]
#[non_exhaustive]
pub enum WorkerError {
    /// A worker could not be started.
    Start {
        /// Its number.
        number: usize,
        /// The operating system's error.
        source: io::Error,
    },
    /// The region cannot be passed on.
    Region(RegionError),
    /// The time is up, and these have not ended.
    StillRunning(Vec<usize>),
    /// These did not end well.
    Failed(Vec<Failure>),
    /// The workers are another process's: this one was forked from it.
    Inherited,
    /// The operating system refused something.
    Os {
        /// What was attempted.
        attempt: &'static str,
        /// Its error.
        source: io::Error,
    },
}

/// A worker that did not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// Its number.
    pub number: usize,
    /// The id that the process had.
    pub id: u32,
    /// How it ended.
    pub end: End,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {} (process {}) {}", self.number, self.id, self.end)
    }
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { number, source } => {
                write!(f, "cannot start worker {number}: {source}")?;
                match source.kind() {
                    io::ErrorKind::NotFound => f.write_str("; is the program's path right?"),
                    io::ErrorKind::Unsupported => f.write_str("; Linux 5.4 or newer is needed"),
                    io::ErrorKind::WouldBlock => {
                        f.write_str("; this user or container has as many processes as it may")
                    }
                    _ => Ok(()),
                }
            }
            Self::Region(error) => error.fmt(f),
            Self::StillRunning(numbers) => write!(
                f,
                "the time is up, and {} not ended; wait longer, or kill what hangs",
                Numbers(numbers),
            ),
            Self::Failed(failures) => {
                for (nth, failure) in failures.iter().enumerate() {
                    f.write_str(if nth == 0 { "" } else { "; " })?;
                    failure.fmt(f)?;
                }
                Ok(())
            }
            Self::Inherited => f.write_str(
                "these workers were started by the process that forked this one; only that can wait for \
                 them or end them",
            ),
            Self::Os { attempt, source } => write!(f, "cannot {attempt}: {source}"),
        }
    }
}

struct Numbers<'a>(&'a [usize]);

impl fmt::Display for Numbers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [one] => write!(f, "worker {one} has"),
            more => write!(f, "workers {more:?} have"),
        }
    }
}

// No `source`: where there is one, the sentence above contains it.
impl std::error::Error for WorkerError {}

impl From<RegionError> for WorkerError {
    fn from(error: RegionError) -> Self {
        Self::Region(error)
    }
}
