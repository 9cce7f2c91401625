//! `lockproof list`: what there is to check, to explore, and to look at.

use std::io::{self, Write};

use clap::Args;

use super::run::in_order;
use super::{Exit, Failure, Output};
use crate::claim::{Claim, Expected, Selection};
use crate::models::registry;
use crate::report::json;
use crate::report::target::Target;

/// What `list` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Options {
    /// Write the list as JSON to FILE, whole or not at all; with -, it is all that standard output holds
    #[arg(long, value_name = "FILE|-")]
    json: Option<Target>,
}

/// A demo's name, and what it shows.
type Demo = (String, String);

/// Lists all claims, the models, and the demos.
pub(super) fn run(
    options: &Options,
    claims: impl Fn(&Selection) -> Vec<Claim>,
    demos: &[Demo],
    out: &mut Output,
) -> Result<Exit, Failure> {
    let claims = in_order(claims(&Selection::everything()));
    if let Some(target) = &options.json {
        target.write(&json::list(&claims, demos))?;
    }
    if options.json != Some(Target::Stdout) {
        tell(&claims, demos, out)?;
    }
    Ok(Exit::AllHold)
}

fn tell(claims: &[Claim], demos: &[Demo], out: &mut Output) -> io::Result<()> {
    let id = claims.iter().map(|claim| claim.id.chars().count()).max().unwrap_or(0);
    let mut title = None;
    for claim in claims {
        if title != Some((claim.subject, claim.property)) {
            title = Some((claim.subject, claim.property));
            writeln!(out, "{}: {}", claim.subject, claim.property)?;
        }
        let Claim { processes, increments, .. } = claim;
        let size = format!("{processes}x{increments}");
        let mut line = format!("  {:id$}  {:8}  {size:8}", claim.id, method(claim));
        line += if claim.full_only { "  --full" } else { "  quick" };
        if claim.expected == Expected::Fails {
            line += ", has to fail";
        }
        writeln!(out, "{line}")?;
    }
    let models = registry::models().map(|model| (model.name, model.about));
    tell_named("models (lockproof explore MODEL)", models, out)?;
    let demos = demos.iter().map(|(name, about)| (name.as_str(), about.as_str()));
    tell_named("demos (lockproof demo NAME)", demos, out)?;
    out.flush()
}

fn tell_named<'a>(
    title: &str,
    all: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    out: &mut Output,
) -> io::Result<()> {
    let width = all.clone().map(|(name, _)| name.chars().count()).max();
    let Some(width) = width else { return Ok(()) };
    writeln!(out, "{title}")?;
    for (name, about) in all {
        writeln!(out, "  {name:width$}  {about}")?;
    }
    Ok(())
}

fn method(claim: &Claim) -> String {
    format!("{:?}", claim.method).to_lowercase()
}
