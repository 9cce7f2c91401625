//! `lockproof inspect`: who holds what in a region, who waits, and who waits for ever.

use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use clap::Args;
use lockproof::inspect::{InspectError, Look, Target as Region, inspect};

use super::{Exit, Failure, Output, duration, people};
use crate::report::target::Target;

mod json;
mod ls;
mod rm;
mod text;

pub(crate) use json::{listing_schema, look_schema};
pub(super) use ls::{Options as Ls, run as ls};
pub(super) use rm::{Options as Rm, run as rm};

/// What `--help` says of how these commands end: there are no claims to fail.
pub(super) const HELP: &str = "\
Exit status:
  0  it was done; inspect: and no deadlock was seen
  1  inspect: a deadlock was seen
  2  the command line is wrong, or the region cannot be looked at or removed
  3  inspect: the process has no region mapped";

/// What `inspect` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Options {
    /// A region's name, the path of its file, or the number of a process, of which all regions are shown
    #[arg(value_name = "NAME|PATH|PID")]
    region: String,
    /// Also show each element of an array that nobody holds and nobody waits for
    #[arg(long)]
    all: bool,
    /// Look again and again, every second or every DURATION (500ms), until interrupted
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true,
        default_missing_value = "1s", value_parser = duration::parse, conflicts_with = "json")]
    watch: Option<Duration>,
    /// Write what was seen as JSON to FILE, whole or not at all; with -, it is all that standard output holds
    #[arg(long, value_name = "FILE|-")]
    json: Option<Target>,
}

/// Looks, and shows what there was to see.
pub(super) fn run(options: &Options) -> Result<Exit, Failure> {
    let region = Region::guess(&options.region);
    let mut out = people(options.json.as_ref());
    if let Some(target) = &options.json {
        target.probe()?;
    }
    if let Some(pause) = options.watch {
        // What is not there at first need not be looked for again and again.
        inspect(&region).map_err(|error| hinted(error, &options.region))?;
        return watch(&region, options.all, pause, &mut out);
    }
    let look = inspect(&region).map_err(|error| hinted(error, &options.region))?;
    if let Some(target) = &options.json {
        target.write(&json::look(&look))?;
    }
    if options.json != Some(Target::Stdout) {
        show(&look, options.all, &mut out)?;
    }
    Ok(ended(&look))
}

fn show(look: &Look, all: bool, out: &mut Output) -> io::Result<()> {
    out.write_all(text::look(look, all).as_bytes())?;
    out.flush()
}

fn ended(look: &Look) -> Exit {
    if look.deadlocks.is_empty() { Exit::AllHold } else { Exit::ClaimFailed }
}

/// Until somebody interrupts it, or there is nothing to look at any more.
fn watch(region: &Region, all: bool, pause: Duration, out: &mut Output) -> Result<Exit, Failure> {
    // To the beginning of the screen, and nothing on it.
    let clear = if out.is_terminal() { "\u{1b}[H\u{1b}[2J" } else { "" };
    loop {
        let look = inspect(region)?;
        out.write_all(clear.as_bytes())?;
        show(&look, all, out)?;
        if clear.is_empty() {
            out.write_all(b"\n")?;
            out.flush()?;
        }
        thread::sleep(pause);
    }
}

/// The same, with what can be done about it.
fn hinted(error: InspectError, asked: &str) -> Failure {
    let hint = match &error {
        InspectError::NotFound(_) if !asked.contains('/') && Path::new(asked).exists() => {
            format!("; there is a file that is called so: ./{asked} is the path of that")
        }
        InspectError::NotFound(_) => "; `lockproof ls` lists the regions that there are".to_owned(),
        _ => return error.into(),
    };
    Failure::Usage(format!("{error}{hint}"))
}

impl From<InspectError> for Failure {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::NoRegions { .. } => Self::NothingToRun(error.to_string()),
            _ => Self::Usage(error.to_string()),
        }
    }
}
