//! `lockproof replay`: one execution again, as the explorer has found it.

use std::io::Write;
use std::time::Instant;

use clap::Args;

use super::{Exit, Failure, Output, panics};
use crate::claim::{Budget, Examined, Expected, Method, Silent};
use crate::diagram::{draw, draw_witness};
use crate::explore::graph::{GraphSearch, Token};
use crate::models::registry::{By, Entry, Exploration, Size, find};
use crate::report::json;
use crate::report::target::Target;
use crate::verdict::{Finding, Verdict};

/// What `replay` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Options {
    /// What stands behind `This execution:` under a drawing of the explorer's
    #[arg(value_name = "TOKEN")]
    token: String,
    /// Write the execution as JSON to FILE, whole or not at all; with -, it is all that standard output holds
    #[arg(long, value_name = "FILE|-")]
    json: Option<Target>,
}

impl Options {
    /// Where the report for programs goes.
    pub(super) const fn json(&self) -> Option<&Target> {
        self.json.as_ref()
    }
}

/// Shows the execution.
pub(super) fn run(options: &Options, mut out: Output) -> Result<Exit, Failure> {
    let token = parse(&options.token)?;
    let (model, size) = of(&token)?;
    model.accepts(size).map_err(Failure::Usage)?;
    if let Some(target) = &options.json {
        target.probe()?;
    }
    let examined = replay(&token, model, size)?;
    let Examined { property, finding, .. } = &examined;
    let described = format!("{}: {property}\n  {}\n\n", model.name, model.describe(size));
    let drawn = drawn(finding, &out);
    out.write_all((described + &drawn).as_bytes())?;
    out.flush()?;
    if let Some(target) = &options.json {
        target.write(&json::claim(&examined))?;
    }
    Ok(if examined.ok() { Exit::AllHold } else { Exit::ClaimFailed })
}

fn parse(text: &str) -> Result<Token, Failure> {
    text.parse().map_err(|why| {
        let (claim, _) = text.rsplit_once('#').unwrap_or((text, ""));
        let by_another = ["/loom", "/shuttle"].into_iter().any(|other| claim.contains(other));
        Failure::Usage(if by_another {
            format!("only the explorer shows executions again; this finds that one: lockproof check --only {claim}")
        } else {
            why
        })
    })
}

/// The model, and how large.
fn of(token: &Token) -> Result<(&'static Entry, Size), Failure> {
    let mut parts = token.name.split('/');
    let model = parts.next().and_then(find);
    let size = parts.next().and_then(|size| size.split_once('x'));
    let size = size.and_then(|(processes, increments)| {
        let (processes, increments) = (processes.parse().ok()?, increments.parse().ok()?);
        Some(Size { processes, increments, deaths: token.deaths() })
    });
    model.zip(size).ok_or_else(|| {
        Failure::Usage(format!(
            "that is an execution of {}, and there is no such model",
            token.name
        ))
    })
}

fn replay(token: &Token, model: &'static Entry, size: Size) -> Result<Examined, Failure> {
    let began = Instant::now();
    let exploration = Exploration {
        name: &token.name,
        search: GraphSearch::default(),
        by: By::States,
        budget: &Budget::seeded(0),
        progress: &Silent,
        extract: false,
        replay: Some(token),
    };
    let explored = panics::catch(|| model.explore(size, &exploration));
    let explored = explored.map_err(|panic| Failure::Usage(format!("a panic: {panic}")))?;
    let finding = explored.map_err(Failure::Usage)?.finding;
    if let Verdict::Vacuous { what } = finding.verdict {
        return Err(Failure::Usage(what));
    }
    Ok(Examined {
        id: token.name.clone(),
        subject: model.name,
        property: token.liveness().map_or(model.property(size), |liveness| liveness.property()),
        method: Method::Explorer,
        memory_model: token.memory().model(),
        processes: size.processes,
        increments: size.increments,
        expected: Expected::Holds,
        finding,
        took: began.elapsed(),
    })
}

fn drawn(finding: &Finding, out: &Output) -> String {
    let (width, colour) = (out.width(), out.colour());
    let wrong = finding.counterexample.as_ref().map(|wrong| draw(wrong, width, colour));
    let ends =
        |(result, witness)| format!("Result:  {result}\n{}", draw_witness(witness, width, colour));
    wrong.or_else(|| finding.witnesses.iter().next().map(ends)).unwrap_or_default()
}
