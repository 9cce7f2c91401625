//! What only Linux has; and `lockproof stress` and `lockproof demo`: real processes, with bars beside what they write.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use clap::Args;

pub(super) use super::bench::{Options as Bench, run as bench};
pub(super) use super::inspect::{
    HELP as REGIONS_HELP, Ls, Options as Inspect, Rm, ls, rm, run as inspect,
};
use super::{Exit, Failure, Output, duration};
use crate::claim::Progress;
pub(super) use crate::demo::Options as Demo;
use crate::progress::Board;
use crate::stress::Status;
pub(super) use crate::stress::worker_main;
use crate::{demo, stress};

/// What `stress` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Stress {
    #[command(flatten)]
    options: stress::Options,

    /// Stop after this time: 90s, 20min; a number alone is seconds
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    time_limit: Option<Duration>,
}

/// Lets real processes count together, and kills some.
pub(super) fn stress(command: &Stress, out: Output) -> Result<Exit, Failure> {
    let until = command.time_limit.and_then(|limit| Instant::now().checked_add(limit));
    with_progress("stress", out, |out, progress| {
        stress::command(&command.options, out, progress, until)
    })
}

/// Shows a scenario.
pub(super) fn demo(options: &Demo, out: Output) -> Result<Exit, Failure> {
    with_progress("demo", out, |out, progress| demo::command(options, out, progress))
}

fn with_progress(
    name: &str,
    out: Output,
    work: impl FnOnce(&mut dyn Write, &dyn Progress) -> io::Result<Status>,
) -> Result<Exit, Failure> {
    let board = Board::new(1);
    let running = board.expect(name);
    let mut out = board.beside(out);
    let status = work(&mut out, &*running).and_then(|status| out.flush().map(|()| status));
    running.end();
    board.end();
    match status? {
        Status::Good => Ok(Exit::AllHold),
        Status::Bad => Ok(Exit::ClaimFailed),
        Status::TimeLimit => Ok(Exit::TimeLimit),
        Status::Usage(words) => Err(Failure::Usage(words)),
    }
}
