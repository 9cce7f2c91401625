//! What only Linux has, elsewhere: `lockproof stress`, `demo`, `bench`, `inspect`, `ls` and `rm`, which say why they cannot be run, and examiners, of
//! which there are none.

use std::ffi::OsString;
use std::io;

use clap::Args;

use super::run::Place;
use super::{Exit, Failure, Output};
use crate::claim::{Budget, Claim, Progress, Selection};
use crate::verdict::Finding;

/// Whatever they are asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Stress {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    flags: Vec<OsString>,
}

pub(super) use Stress as Demo;
pub(super) use Stress as Bench;
pub(super) use Stress as Inspect;
pub(super) use Stress as Ls;
pub(super) use Stress as Rm;

/// What `--help` says of how `inspect` ends.
pub(super) const REGIONS_HELP: &str = super::exit::HELP;

pub(super) fn stress(_: &Stress, _: Output) -> Result<Exit, Failure> {
    Err(Failure::Usage(
        "real processes need Linux, whose kernel releases a dead one's locks; here `check` can be run, for the models"
            .to_owned(),
    ))
}

pub(super) use stress as demo;

pub(super) fn bench(options: &Bench) -> Result<Exit, Failure> {
    stress(options, Output::stdout())
}

pub(super) use self::bench as inspect;
pub(super) use self::bench as ls;
pub(super) use self::bench as rm;

/// There are no workers.
pub(super) fn worker_main() {}

/// Where models run.
pub(super) const PLACE: Place = Place::Here;

/// There are none.
#[derive(Debug)]
pub(super) enum Examiner {}

impl Examiner {
    pub(super) fn start() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn examine(
        &mut self,
        _: &Claim,
        _: &Budget,
        _: &dyn Progress,
    ) -> Result<Finding, String> {
        match *self {}
    }
}

pub(super) fn examiner_main(_: impl Fn(&Selection) -> Vec<Claim>) {}
