//! `lockproof ls`: the regions of this machine, and who uses them.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::Args;
use lockproof::inspect::{Listing, regions};

use super::super::{Exit, Failure, people};
use super::{json, text};
use crate::report::target::Target;

/// What `ls` is asked for.
#[derive(Args, Clone, Debug)]
pub(in crate::cli) struct Options {
    /// Write the list as JSON to FILE, whole or not at all; with -, it is all that standard output holds
    #[arg(long, value_name = "FILE|-")]
    json: Option<Target>,
}

/// Lists all regions.
pub(in crate::cli) fn run(options: &Options) -> Result<Exit, Failure> {
    let mut out = people(options.json.as_ref());
    let listing = regions();
    if let Some(target) = &options.json {
        target.write(&json::listing(&listing))?;
    }
    if options.json != Some(Target::Stdout) {
        out.write_all(in_words(&listing).as_bytes())?;
        out.flush()?;
    }
    Ok(Exit::AllHold)
}

fn in_words(listing: &Listing) -> String {
    let mut words = String::new();
    for region in &listing.regions {
        let name = region.name.as_deref().map(|name| name.escape_debug().to_string());
        let name = name.unwrap_or_else(|| format!("({})", region.place));
        let _ = match &region.header {
            Ok(header) => writeln!(
                words,
                "{name}: {}\n  holds {}\n  {}",
                text::header(header),
                header.holds,
                region.users
            ),
            Err(error) => writeln!(words, "{error}"),
        };
    }
    if listing.regions.is_empty() {
        words.push_str("no regions were found\n");
    }
    if listing.unreadable > 0 {
        let _ = writeln!(
            words,
            "note: {} more files or mappings may not be read, and may be regions; root can, outside of a container",
            listing.unreadable
        );
    }
    if listing.hidden > 0 {
        let _ = writeln!(
            words,
            "note: it is not permitted to know what all have mapped: {} cannot be looked into; root can, outside of a container",
            match listing.hidden {
                1 => "1 process".to_owned(),
                some => format!("{some} processes"),
            }
        );
    }
    words
}
