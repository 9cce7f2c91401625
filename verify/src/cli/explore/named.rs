//! Which model is meant: by its name, or as a scenario of `demo`, with its lock or without.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};

use super::super::Failure;
use super::super::similar::did_you_mean;
use crate::models::registry::{self, Entry};

/// What demonstrations are called, where their model is called otherwise: to a model, threads are what processes are.
const AS_A_MODEL: [(&str, &str); 1] = [("threads", "counter")];
/// How the name of a model ends that does without the lock.
const UNLOCKED: &str = "-unlocked";
/// What there is instead of those that count, in whichever way.
const COUNTED_UNLOCKED: &str = "unlocked";
const COUNTING: [&str; 4] = ["separate-lock", "value-lock", "counter", "atomic"];

/// Any name: which there are is for shells to know, as the list is too long for an error.
#[derive(Clone, Copy, Debug)]
pub(super) struct ModelName;

impl TypedValueParser for ModelName {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let models = registry::models().map(|model| model.name);
        let demos = AS_A_MODEL.iter().map(|(name, _)| *name);
        Some(Box::new(models.chain(demos).map(PossibleValue::new)))
    }
}

/// The model of that name; the same without its lock, where that is wanted.
pub(super) fn find(name: Option<&str>, without_lock: bool) -> Result<&'static Entry, Failure> {
    let Some(asked) = name else {
        let all = format!("which model is to be explored? There are:\n{}", listed());
        return Err(Failure::Usage(all));
    };
    let model =
        AS_A_MODEL.iter().find(|(demo, _)| *demo == asked).map_or(asked, |(_, model)| model);
    let found = registry::find(model).ok_or_else(|| Failure::Usage(unknown(asked)))?;
    if without_lock { unlocked(found) } else { Ok(found) }
}

fn unlocked(model: &'static Entry) -> Result<&'static Entry, Failure> {
    let name = model.name;
    let is_one = name == COUNTED_UNLOCKED || name.ends_with(UNLOCKED);
    if is_one {
        return Ok(model);
    }
    let other = if COUNTING.contains(&name) {
        COUNTED_UNLOCKED.to_owned()
    } else {
        format!("{name}{UNLOCKED}")
    };
    registry::find(&other).ok_or_else(|| {
        let pairs = registry::models().filter_map(|model| model.name.strip_suffix(UNLOCKED));
        let all: Vec<_> = COUNTING.into_iter().chain(pairs).collect();
        let all = all.join(", ");
        Failure::Usage(format!(
            "there is no model of '{name}' without its lock; there are of {all}"
        ))
    })
}

fn unknown(name: &str) -> String {
    match did_you_mean(name, registry::models().map(|model| model.name)) {
        Some(meant) => format!("there is no model '{name}' to explore; {meant}"),
        None => format!("there is no model '{name}' to explore. There are:\n{}", listed()),
    }
}

/// All models, a line each.
fn listed() -> String {
    let width = registry::models().map(|model| model.name.len()).max().unwrap_or(0);
    let lines = registry::models().map(|model| format!("  {:width$}  {}", model.name, model.about));
    lines.collect::<Vec<_>>().join("\n")
}
