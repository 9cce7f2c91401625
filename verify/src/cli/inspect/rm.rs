//! `lockproof rm`: removes a region that nobody uses any more.

use std::io::Write;

use clap::Args;
use lockproof::inspect::{Target, remove};

use super::super::{Exit, Failure, Output};
use super::hinted;

/// What `rm` is asked for.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct Options {
    /// A region's name, or the path of its file, with a slash in it
    #[arg(value_name = "NAME|PATH")]
    region: String,
    /// Also if somebody uses it, who keeps it: whoever comes later gets another one
    #[arg(long)]
    force: bool,
}

/// Removes it.
pub(in crate::cli) fn run(options: &Options) -> Result<Exit, Failure> {
    let region = options.region.as_str();
    let target = match region {
        path if path.contains('/') => Target::Path(path.into()),
        name => Target::Name(name.to_owned()),
    };
    let removed = remove(&target, options.force).map_err(|error| hinted(error, region))?;
    let mut out = Output::stdout();
    writeln!(out, "removed {}", removed.display().to_string().escape_debug())?;
    out.flush()?;
    Ok(Exit::AllHold)
}
