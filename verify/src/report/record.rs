//! The report for programs, as it is written and read again: whole, or a shard of a larger one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZero;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::json::pretty;
use crate::trace::Counterexample;
use crate::verdict::Bound;

/// A part of a run: every so many-th claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// Which part, from 1.
    pub number: NonZero<usize>,
    /// How many parts there are.
    pub of: NonZero<usize>,
}

impl Shard {
    /// What of all this belongs to it.
    #[must_use]
    pub fn part<T>(&self, all: Vec<T>) -> Vec<T> {
        all.into_iter().skip(self.number.get() - 1).step_by(self.of.get()).collect()
    }
}

impl FromStr for Shard {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "say which part of how many: 1/4 is the first of four";
        let (number, of) = text.split_once('/').ok_or(FORM)?;
        let parse = |number: &str| number.parse::<NonZero<usize>>().map_err(|_| FORM);
        let (number, of) = (parse(number)?, parse(of)?);
        if number > of {
            Err("there is no such part: the first number is larger than the second")
        } else {
            Ok(Self { number, of })
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// A report of `check`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The version that wrote it.
    pub lockproof: String,
    /// How long it took; of several shards together, the sum.
    pub seconds: f64,
    /// Whether every claim stands.
    pub ok: bool,
    /// Where random choices started.
    pub seed: u64,
    /// Whether claims that take long were wanted, too.
    pub full: bool,
    /// Of which claims, by parts of their ids; of all, if there are none.
    pub only: Vec<String>,
    /// Which part of what was asked for this is; nothing, if it is the whole.
    pub shard: Option<Shard>,
    /// What was found about each claim, in the order of the list.
    pub claims: Vec<Box<RawValue>>,
}

/// What people want to know of one claim of a report.
#[derive(Clone, Debug, Deserialize)]
pub struct Line {
    /// The claim's id.
    pub id: String,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub property: String,
    /// How it was examined.
    pub method: String,
    /// What threads saw of the memory.
    pub memory_model: String,
    /// How many processes there were.
    pub processes: u64,
    /// Where the search was cut short, if it was.
    pub bound: Option<Bound>,
    /// What it should come to: `holds`, or `fails` for what is known to be wrong.
    pub expected: String,
    /// How many executions were run.
    pub executions: u64,
    /// How many distinct states were seen, where the explorer knows states.
    pub states: Option<u64>,
    /// Each result that was reached, and how often.
    pub outcomes: BTreeMap<String, u64>,
    /// Facts worth a line each.
    pub notes: Vec<String>,
    /// The verdict, in a word.
    pub verdict: String,
    /// The verdict in words, where the word alone does not say it all.
    pub why: Option<String>,
    /// Whether it stands.
    pub ok: bool,
    /// How long it took.
    pub seconds: f64,
    /// What breaks it.
    pub counterexample: Option<Counterexample>,
}

impl Line {
    /// Whether there is no verdict, for lack of time.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.verdict == "timeout"
    }

    /// Whether it does not stand, though there was time enough.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        !self.ok && !self.is_late()
    }
}

impl Record {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// Why it is none, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let record: Self = serde_json::from_str(text)
            .map_err(|error| format!("this is no report of `lockproof check --json`: {error}"))?;
        record.lines().map(|_| record)
    }

    /// Whether both were asked for the same.
    fn answers_the_same_as(&self, other: &Self) -> bool {
        let asked = |one: &Self| (one.lockproof.clone(), one.seed, one.full, one.only.clone());
        asked(self) == asked(other)
    }

    /// As it is written.
    #[must_use]
    pub fn text(&self) -> String {
        pretty(self)
    }

    /// Its claims, for people.
    ///
    /// # Errors
    ///
    /// Which of them cannot be read, in words.
    pub fn lines(&self) -> Result<Vec<Line>, String> {
        let lines = self.claims.iter().enumerate().map(|(at, claim)| {
            serde_json::from_str(claim.get())
                .map_err(|error| format!("its claim {} cannot be read: {error}", at + 1))
        });
        lines.collect()
    }

    /// Joins the shards of one run.
    ///
    /// # Errors
    ///
    /// Why they are not all of one run's, in words.
    pub fn merged(mut shards: Vec<Self>) -> Result<Self, String> {
        let of = all_of_one_run(&mut shards)?;
        let total = shards.iter().map(|one| one.claims.len()).sum();
        let mut parts: Vec<_> = shards.iter().map(|one| one.claims.iter()).collect();
        let mut claims = Vec::with_capacity(total);
        for at in 0..total {
            let part = &mut parts[at % of];
            let claim = part.next().ok_or("they are not parts of the same list of claims")?;
            claims.push(claim.clone());
        }
        let merged = Self {
            seconds: shards.iter().map(|one| one.seconds).sum(),
            ok: shards.iter().all(|one| one.ok),
            shard: None,
            claims,
            ..shards.swap_remove(0)
        };
        let ids: BTreeSet<String> = merged.lines()?.into_iter().map(|line| line.id).collect();
        if ids.len() < total {
            return Err("they are not parts of the same list: some claim is in two".to_owned());
        }
        Ok(merged)
    }
}

/// Puts shards in order, and says how many there are.
fn all_of_one_run(shards: &mut [Record]) -> Result<usize, String> {
    let Some(of) = shards.first().and_then(|one| one.shard).map(|shard| shard.of) else {
        return Err("the first is no shard of a run, but the whole".to_owned());
    };
    shards.sort_by_key(|one| one.shard.map(|shard| shard.number));
    for (at, one) in shards.iter().enumerate() {
        let Some(shard) = one.shard else {
            return Err("one is no shard of a run, but the whole".to_owned());
        };
        if shard.of != of {
            return Err(format!("one is shard {shard}, but the first is one of {of}"));
        }
        if !one.answers_the_same_as(&shards[0]) {
            return Err("they were asked for different things: version, seed, --full and --only \
                        have to be the same"
                .to_owned());
        }
        match shard.number.get().cmp(&(at + 1)) {
            std::cmp::Ordering::Less => return Err(format!("shard {shard} is there twice")),
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => return Err(format!("shard {}/{of} is missing", at + 1)),
        }
    }
    match of.get() - shards.len() {
        0 => Ok(of.get()),
        _ => Err(format!("shard {}/{of} is missing", shards.len() + 1)),
    }
}
