//! What has changed from one report to another: of `check`, or of `mutate`.
//!
//! What is worse is what a proof has lost: a claim that no longer stands or is no longer examined, a search that was whole and
//! is cut short now, or sooner, a mutant that nobody notices any more. How long anything took is not compared.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::json::pretty;
use super::record::{Line, Record};
use crate::verdict::Bound;

/// What has changed.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Difference {
    /// What was compared: `claim` or `mutant`.
    pub of: &'static str,
    /// What has become worse.
    pub worse: Vec<Change>,
    /// What has become better.
    pub better: Vec<Change>,
    /// What was not there, and is as it should be.
    pub new: Vec<Change>,
    /// How many are as they were.
    pub same: usize,
    /// What makes the comparison lame, in words.
    pub remarks: Vec<String>,
}

/// What has changed about one claim or mutant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Change {
    /// Its id.
    pub id: String,
    /// What was said of it; nothing, if it was not there.
    pub before: Option<String>,
    /// What is said of it now; nothing, if it is gone.
    pub after: Option<String>,
}

impl Difference {
    /// Compares two reports.
    ///
    /// # Errors
    ///
    /// Why they cannot be compared, in words.
    pub fn between(old: &str, new: &str) -> Result<Self, String> {
        let old = Facts::parse(old).map_err(|why| format!("the old one: {why}"))?;
        let new = Facts::parse(new).map_err(|why| format!("the new one: {why}"))?;
        if old.kind != new.kind {
            return Err(format!("the old one is of {}s, the new one of {}s", old.kind, new.kind));
        }
        if !old.standings.keys().any(|id| new.standings.contains_key(id)) {
            return Err("they have nothing in common".to_owned());
        }
        let remarks = remarks(&old.asked, &new.asked);
        let mut difference = Self { of: new.kind, remarks, ..Self::default() };
        difference.note(&old.standings, &new.standings);
        Ok(difference)
    }

    fn note(&mut self, old: &Standings, new: &Standings) {
        for (id, before) in old {
            match new.get(id) {
                None => self.worse.push(change(id, Some(before), None)),
                Some(after) => self.compare(id, before, after),
            }
        }
        for (id, after) in new.iter().filter(|(id, _)| !old.contains_key(*id)) {
            let change = change(id, None, Some(after));
            if after.stands() { self.new.push(change) } else { self.worse.push(change) }
        }
    }

    fn compare(&mut self, id: &str, before: &Standing, after: &Standing) {
        let change = change(id, Some(before), Some(after));
        if after.is_less_than(before) {
            self.worse.push(change);
        } else if before.is_less_than(after) {
            self.better.push(change);
        } else {
            self.same += 1;
        }
    }

    /// The report for programs.
    #[must_use]
    pub fn json(&self) -> String {
        pretty(self)
    }
}

fn change(id: &str, before: Option<&Standing>, after: Option<&Standing>) -> Change {
    let words = |standing: Option<&Standing>| standing.map(|standing| standing.words.clone());
    Change { id: id.to_owned(), before: words(before), after: words(after) }
}

type Standings = BTreeMap<String, Standing>;

/// What a report says, as far as it can be compared.
struct Facts {
    kind: &'static str,
    asked: Vec<(&'static str, String)>,
    standings: Standings,
}

/// How one claim or mutant stands.
struct Standing {
    rank: Rank,
    bound: Option<Bound>,
    words: String,
}

/// From the worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Failed,
    Late,
    /// Nobody can notice this mutant, for a reason that was written down.
    Excused,
    /// It went well in the runs there were.
    Passed,
    Bounded,
    Whole,
}

impl Standing {
    fn stands(&self) -> bool {
        self.rank > Rank::Late
    }

    fn is_less_than(&self, other: &Self) -> bool {
        if self.rank != other.rank {
            return self.rank < other.rank;
        }
        let bounds = self.bound.as_ref().zip(other.bound.as_ref());
        bounds.is_some_and(|(one, another)| is_tighter(one, another))
    }
}

/// Whether somewhere one was cut short where the other was not, or was later.
fn is_tighter(one: &Bound, other: &Bound) -> bool {
    let limits = [
        (one.preemptions.map(|most| most as u64), other.preemptions.map(|most| most as u64)),
        (one.states, other.states),
        (one.messages, other.messages),
    ];
    let of = |limit: Option<u64>| limit.unwrap_or(u64::MAX);
    let amounts = [
        (one.deaths.unwrap_or(0) as u64, other.deaths.unwrap_or(0) as u64),
        (one.schedules.unwrap_or(0), other.schedules.unwrap_or(0)),
    ];
    limits.into_iter().any(|(one, other)| of(one) < of(other))
        || amounts.into_iter().any(|(one, other)| one < other)
}

/// What both were asked for, where that was not the same.
fn remarks(old: &[(&'static str, String)], new: &[(&'static str, String)]) -> Vec<String> {
    old.iter()
        .zip(new)
        .filter(|(old, new)| old != new)
        .map(|((what, old), (_, new))| {
            format!("not asked for the same: {what} was {old}, and is {new}")
        })
        .collect()
}

impl Facts {
    fn parse(text: &str) -> Result<Self, String> {
        let of_check = Record::parse(text);
        let of_mutate = serde_json::from_str::<Mutations>(text);
        match (of_check, of_mutate) {
            (Ok(record), _) => Self::of_claims(&record),
            (_, Ok(mutations)) => Ok(Self::of_mutants(mutations)),
            (Err(why), Err(_)) => Err(format!("{why}; nor is it one of `lockproof mutate --json`")),
        }
    }

    fn of_claims(record: &Record) -> Result<Self, String> {
        let shard = record.shard.map_or("the whole".to_owned(), |shard| shard.to_string());
        let only = match record.only.join(", ") {
            all if all.is_empty() => "everything".to_owned(),
            some => some,
        };
        let asked = vec![
            ("version", record.lockproof.clone()),
            ("--full", record.full.to_string()),
            ("--only", only),
            ("--shard", shard),
        ];
        let standings = record.lines()?.into_iter().map(|line| (line.id.clone(), of_claim(line)));
        Ok(Self { kind: "claim", asked, standings: standings.collect() })
    }

    fn of_mutants(mutations: Mutations) -> Self {
        let mutants = mutations.subjects.into_iter().flat_map(|subject| subject.mutants);
        let standings = mutants.map(|mutant| (mutant.id.clone(), of_mutant(&mutant)));
        let asked = vec![("version", mutations.lockproof)];
        Self { kind: "mutant", asked, standings: standings.collect() }
    }
}

fn of_claim(line: Line) -> Standing {
    let rank = match line.verdict.as_str() {
        _ if line.is_late() => Rank::Late,
        _ if line.has_failed() => Rank::Failed,
        "passed" => Rank::Passed,
        "bounded" => Rank::Bounded,
        _ => Rank::Whole,
    };
    let mark = if rank == Rank::Failed { "FAILED, " } else { "" };
    let words = line.why.unwrap_or(line.verdict);
    Standing { rank, bound: line.bound, words: format!("{mark}{words}") }
}

#[derive(Deserialize)]
struct Mutations {
    lockproof: String,
    subjects: Vec<MutatedSubject>,
}

#[derive(Deserialize)]
struct MutatedSubject {
    mutants: Vec<MutantLine>,
}

#[derive(Deserialize)]
struct MutantLine {
    id: String,
    fate: String,
    ok: bool,
}

fn of_mutant(mutant: &MutantLine) -> Standing {
    let rank = match mutant.fate.as_str() {
        "timeout" => Rank::Late,
        _ if !mutant.ok => Rank::Failed,
        "caught" => Rank::Whole,
        _ => Rank::Excused,
    };
    Standing { rank, bound: None, words: mutant.fate.clone() }
}

#[cfg(test)]
mod tests;
