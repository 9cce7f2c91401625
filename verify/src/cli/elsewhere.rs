//! `lockproof stress` and `lockproof demo` elsewhere than on Linux: they say why they cannot be run.

use std::ffi::OsString;

use clap::Args;

use super::{Exit, Failure, Output};

/// Whatever they are asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Stress {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    flags: Vec<OsString>,
}

pub(super) use Stress as Demo;

pub(super) fn stress(_: &Stress, _: Output) -> Result<Exit, Failure> {
    Err(Failure::Usage(
        "real processes need Linux, whose kernel releases a dead one's locks; here `check` can be run, for the models"
            .to_owned(),
    ))
}

pub(super) use stress as demo;

/// There are no workers.
pub(super) fn worker_main() {}
