//! `lockproof bench`: how fast the locks are, beside others.

use std::io::{Write, stderr};

use super::{Exit, Failure, people};
pub(super) use crate::bench::Options;
use crate::bench::{Failure as NoFigures, command};

/// Measures.
pub(super) fn run(options: &Options) -> Result<Exit, Failure> {
    let mut out = people(options.json());
    // No bars: whoever draws them takes time from what is measured.
    let tell = |line: &str| drop(writeln!(stderr(), "{line}"));
    match command(options, &mut out, tell) {
        Ok(()) => Ok(Exit::AllHold),
        Err(NoFigures::Output(error)) => Err(error.into()),
        Err(NoFigures::Worse) => Ok(Exit::ClaimFailed),
        Err(NoFigures::Usage(words)) => Err(Failure::Usage(words)),
        Err(NoFigures::Contender(words)) => {
            let _ = writeln!(stderr(), "lockproof: {words}");
            Ok(Exit::ClaimFailed)
        }
    }
}
