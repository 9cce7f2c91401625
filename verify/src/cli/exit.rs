//! Every way the command ends, with its number.

use std::process::ExitCode;

/// How a run of the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every claim holds.
    AllHold = 0,
    /// A claim failed, or was not put to the test.
    ClaimFailed = 1,
    /// The command line, or a file that it names, cannot be used.
    Usage = 2,
    /// There was nothing to run.
    NothingRun = 3,
    /// Time ran out before every claim had a verdict, and none failed.
    TimeLimit = 4,
    /// Whoever read the output went away. The number a shell gives to a command that SIGPIPE ends.
    ReaderGone = 141,
}

/// What `--help` says about them.
pub(super) const HELP: &str = "\
Exit status:
  0  all claims hold
  1  a claim failed, or nothing put it to the test
  2  the command line is wrong, or a file that it names cannot be used
  3  nothing was run
  4  the time limit came before a verdict";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
