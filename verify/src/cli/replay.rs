//! `lockproof replay`: one execution again, as it was found: by the explorer, by loom, or by shuttle.

use std::io::Write;
use std::time::Instant;

use clap::Args;

use super::{Exit, Failure, Output, panics, svg};
use crate::claim::{Budget, Claim, Examined, Expected, Method, Selection, Silent};
use crate::diagram::{draw, draw_witness};
use crate::explore::Named;
use crate::explore::graph::{GraphSearch, Token};
use crate::models::registry::{By, Entry, Exploration, Size};
use crate::report::json;
use crate::report::target::Target;
use crate::verdict::{Finding, Verdict};

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;

/// What `replay` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Options {
    /// What stands behind `This execution:` under a drawing of a model
    #[arg(value_name = "TOKEN")]
    token: String,
    /// Write the execution as JSON to FILE, whole or not at all; with -, it is all that standard output holds
    #[arg(long, value_name = "FILE|-")]
    json: Option<Target>,
    /// Draw it as a picture for browsers to FILE, whole or not at all
    #[arg(long, value_name = "FILE.svg", value_parser = svg::file)]
    svg: Option<Target>,
}

impl Options {
    /// Where the report for programs goes.
    pub(super) const fn json(&self) -> Option<&Target> {
        self.json.as_ref()
    }
}

/// Shows the execution.
pub(super) fn run(
    options: &Options,
    claims: impl Fn(&Selection) -> Vec<Claim>,
    mut out: Output,
) -> Result<Exit, Failure> {
    let wanted = Wanted::read(&options.token, claims)?;
    for target in [&options.json, &options.svg].into_iter().flatten() {
        target.probe()?;
    }
    let (examined, heading) = match &wanted {
        Wanted::OfStates(token, model, size) => {
            let about = model.describe(*size);
            (replay(token, model, *size, &Budget::seeded(0))?, about)
        }
        Wanted::OfClaim(named, claim) => (again(named, claim)?, claim.id.clone()),
    };
    let Examined { subject, property, finding, .. } = &examined;
    let drawn = drawn(finding, &out);
    out.write_all(format!("{subject}: {property}\n  {heading}\n\n{drawn}").as_bytes())?;
    out.write_all(svg::write(options.svg.as_ref(), finding)?.as_bytes())?;
    out.flush()?;
    if let Some(target) = &options.json {
        target.write(&json::claim(&examined))?;
    }
    // Also where a claim says that this has to be found: it is shown, and it is wrong.
    let is_wrong = finding.verdict == Verdict::Counterexample;
    Ok(if is_wrong { Exit::ClaimFailed } else { Exit::AllHold })
}

/// The execution that is to be shown, and of what it is one.
enum Wanted {
    /// The explorer's.
    OfStates(Token, &'static Entry, Size),
    /// loom's or shuttle's, in which they looked at a claim.
    OfClaim(Named, Claim),
}

impl Wanted {
    fn read(text: &str, claims: impl Fn(&Selection) -> Vec<Claim>) -> Result<Self, Failure> {
        // The explorer's say in one part more how it searched.
        let (_, rest) = text.rsplit_once('#').unwrap_or(("", ""));
        if rest.matches(':').count() == 1 {
            let named: Named = text.parse().map_err(Failure::Usage)?;
            let claim = claim_of(&named, claims(&Selection::everything()))?;
            return Ok(Self::OfClaim(named, claim));
        }
        let token: Token = text.parse().map_err(Failure::Usage)?;
        let (model, size) = of(&token)?;
        model.accepts(size).map_err(Failure::Usage)?;
        Ok(Self::OfStates(token, model, size))
    }
}

/// The claim whose id the name begins with: the longest, as ids begin with others.
fn claim_of(named: &Named, claims: Vec<Claim>) -> Result<Claim, Failure> {
    let is_its = |claim: &Claim| {
        let rest = named.name.strip_prefix(&claim.id);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let its = claims.into_iter().filter(is_its).max_by_key(|claim| claim.id.len());
    its.ok_or_else(|| {
        let name = &named.name;
        Failure::Usage(format!("that is an execution of {name}, and there is no such claim here"))
    })
}

/// The execution of a claim.
fn again(named: &Named, claim: &Claim) -> Result<Examined, Failure> {
    let began = Instant::now();
    let budget = Budget { only: Some(named.clone()), ..Budget::seeded(0) };
    let finding = panics::catch(|| (claim.run)(&budget, &Silent));
    let finding = finding.map_err(|panic| Failure::Usage(format!("a panic: {panic}")))?;
    refused(&finding)?;
    Ok(claim.examined(finding, began.elapsed()))
}

/// Says so where it could not be shown.
fn refused(finding: &Finding) -> Result<(), Failure> {
    match &finding.verdict {
        Verdict::Vacuous { what } => Err(Failure::Usage(what.clone())),
        _ => Ok(()),
    }
}

/// The model, and how large.
fn of(token: &Token) -> Result<(&'static Entry, Size), Failure> {
    let Some((model, size)) = Size::called(&token.name) else {
        let name = &token.name;
        let why = format!("that is an execution of {name}, and there is no such model");
        return Err(Failure::Usage(why));
    };
    Ok((model, Size { deaths: token.deaths(), ..size }))
}

fn replay(
    token: &Token,
    model: &'static Entry,
    size: Size,
    budget: &Budget,
) -> Result<Examined, Failure> {
    let began = Instant::now();
    let exploration = Exploration {
        name: &token.name,
        search: GraphSearch::default(),
        by: By::States,
        budget,
        progress: &Silent,
        extract: false,
        replay: Some(token),
    };
    let explored = panics::catch(|| model.explore(size, &exploration));
    let explored = explored.map_err(|panic| Failure::Usage(format!("a panic: {panic}")))?;
    let finding = explored.map_err(Failure::Usage)?.finding;
    refused(&finding)?;
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
