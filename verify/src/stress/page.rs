//! The page of a stress run: how fast each subject went, how evenly, and how long it took after a death until somebody got on.

use std::time::Duration;

use serde::Serialize;

use super::course::Course;
use super::outcome::Outcome;
use super::soak::{self, Soaked};
use super::table;
use crate::report::html::plot::{PLOTS, Plot, number, time};
use crate::report::html::{Frame, Look, Part, page};
use crate::report::json::VERSION;
use crate::report::numbers::{count, counted, seconds};

const LOOK: Look = Look { body: include_str!("page.html"), style: PLOTS, script: "'use strict';" };

/// What came of the runs, as a page.
pub(super) fn report(outcomes: &[Outcome], seed: u64, took: Duration) -> String {
    let plans: Vec<_> = outcomes.iter().map(|outcome| outcome.plan.clone()).collect();
    let introduction = table::introduction(&plans, seed);
    let frame = Frame {
        verdict: table::conclusion(outcomes),
        good: outcomes.iter().all(Outcome::ok),
        circumstances: format!("lockproof {VERSION}, {}; {introduction}", seconds(took)),
        parts: vec![Part::new("overview", "Overview"), Part::new("runs", "Each run")],
    };
    page(frame, &LOOK, Content { runs: outcomes.iter().map(Entry::of).collect() })
}

/// What came of a soak, as a page.
pub(super) fn soak_report(soaked: &Soaked) -> String {
    let frame = Frame {
        verdict: soak::conclusion(soaked),
        good: soaked.ok(),
        circumstances: format!(
            "lockproof {VERSION}, {}; {}",
            seconds(soaked.took),
            soak::introduction(&soaked.plan)
        ),
        parts: vec![Part::new("overview", "Overview"), Part::new("runs", "The soak")],
    };
    page(frame, &LOOK, Content { runs: vec![Entry::of_soak(soaked)] })
}

#[derive(Serialize)]
struct Content {
    runs: Vec<Entry>,
}

/// What is said of one run.
#[derive(Serialize)]
struct Entry {
    subject: &'static str,
    how: String,
    verdict: &'static str,
    good: bool,
    rate: String,
    least: String,
    recovery: String,
    facts: Vec<(&'static str, String)>,
    remarks: Vec<String>,
    command: String,
    plots: Vec<Figure>,
}

#[derive(Serialize)]
struct Figure {
    title: &'static str,
    drawn: String,
    caption: String,
}

impl Entry {
    fn of(outcome: &Outcome) -> Self {
        let (plan, ledger, course) = (&outcome.plan, &outcome.ledger, &outcome.course);
        let rate = rate(outcome);
        let shares = shares(course);
        let mut times = course.recovery_seconds.clone();
        times.sort_by(f64::total_cmp);
        let mut facts = vec![
            ("Acknowledged", count(ledger.acknowledged)),
            ("Total", count(ledger.total)),
            ("Longest time without progress", time(outcome.longest_stall.as_secs_f64())),
        ];
        if plan.kills > 0 {
            facts.push(("Kills", count(ledger.kills)));
        }
        if plan.kills > 0 && plan.subject.has_holder() {
            facts.push(("Of these, while holding the lock", count(ledger.deaths_while_holding)));
            facts.push(("Reports of these", count(ledger.reports)));
        }
        Self {
            subject: plan.subject.name(),
            how: format!("{}, {}", plan.by.name(), plan.placement()),
            verdict: outcome.verdict().word(),
            good: outcome.ok(),
            rate: if rate > 0.0 { format!("{}/s", number(rate)) } else { String::new() },
            least: least(&shares).map(|least| format!("{least:.2}")).unwrap_or_default(),
            recovery: quantile(&times, 0.5).map(time).unwrap_or_default(),
            facts,
            remarks: table::remarks(outcome),
            command: plan.command(),
            plots: [throughput(course, rate), fairness(&shares), recovery(outcome, &times)]
                .into_iter()
                .flatten()
                .collect(),
        }
    }
}

impl Entry {
    fn of_soak(soaked: &Soaked) -> Self {
        let in_all: f64 = soaked.course.acknowledged.iter().sum::<u64>() as f64;
        let worked = soaked.course.stretch_seconds * soaked.course.acknowledged.len() as f64;
        let rate = if worked > 0.0 { in_all / worked } else { 0.0 };
        let left = soak::compared(soaked).map(|(name, [before, after])| {
            (name, format!("{before} at the beginning, {after} in the end"))
        });
        let accounts = soaked.accounts.iter().map(|account| {
            let total = account.total.map_or_else(|| "?".to_owned(), count);
            (
                account.name,
                format!("{} acknowledged, {total} in total", count(account.acknowledged)),
            )
        });
        Self {
            subject: "soak",
            how: format!("{}, all processors", soaked.plan.by.name()),
            verdict: soaked.verdict().word(),
            good: soaked.ok(),
            rate: if rate > 0.0 { format!("{}/s", number(rate)) } else { String::new() },
            least: String::new(),
            recovery: String::new(),
            facts: left.into_iter().chain(accounts).collect(),
            remarks: soaked.complaints().into_iter().chain(soak::facts(soaked)).collect(),
            command: soaked.plan.command(),
            plots: throughput(&soaked.course, rate).into_iter().collect(),
        }
    }
}

/// Increments in a second.
fn rate(outcome: &Outcome) -> f64 {
    let worked = outcome.worked.as_secs_f64();
    if worked > 0.0 { outcome.ledger.acknowledged as f64 / worked } else { 0.0 }
}

/// What each has done, of what it would have if all had done as much.
fn shares(course: &Course) -> Vec<f64> {
    let all: u64 = course.shares.iter().sum();
    if all == 0 {
        return Vec::new();
    }
    let equal = all as f64 / course.shares.len() as f64;
    course.shares.iter().map(|own| *own as f64 / equal).collect()
}

fn least(shares: &[f64]) -> Option<f64> {
    shares.iter().copied().min_by(f64::total_cmp)
}

/// Below which that part of them lies; they are in order.
fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((part * last as f64).round() as usize).copied()
}

fn throughput(course: &Course, rate: f64) -> Option<Figure> {
    if course.acknowledged.len() < 2 {
        return None;
    }
    let stretch = course.stretch_seconds;
    let rates: Vec<f64> =
        course.acknowledged.iter().map(|number| *number as f64 / stretch).collect();
    let [low, high] =
        [f64::min, f64::max].map(|of| rates.iter().copied().reduce(of).unwrap_or(0.0));
    let caption = format!(
        "{} a second altogether; between {} and {} in stretches of {}.",
        number(rate),
        number(low),
        number(high),
        time(stretch)
    );
    let plot = Plot::course(
        format!("Throughput over time. {caption}"),
        "increments a second",
        stretch,
        &rates,
    );
    Some(Figure { title: "Throughput", drawn: plot.draw(), caption })
}

fn fairness(shares: &[f64]) -> Option<Figure> {
    let (least, most) = (least(shares)?, shares.iter().copied().max_by(f64::total_cmp)?);
    let caption = format!(
        "What each has done while all were at work, of what it would have if all had done as much: {least:.2} to {most:.2}. Who \
         is killed does nothing until its successor has started."
    );
    let plot = Plot::shares(format!("Shares of the workers. {caption}"), "worker", shares);
    Some(Figure { title: "Fairness", drawn: plot.draw(), caption })
}

fn recovery(outcome: &Outcome, times: &[f64]) -> Option<Figure> {
    let (median, most) = (quantile(times, 0.5)?, quantile(times, 1.0)?);
    let of = if outcome.plan.subject.has_holder() { "a holder" } else { "somebody" };
    let caption = format!(
        "From the kill of {of} until one of the others had got on: half of {} within {}, nine of ten within {}, all within {}.",
        counted(times.len(), "time"),
        time(median),
        time(quantile(times, 0.9).unwrap_or(most)),
        time(most),
    );
    let plot = Plot::times(format!("Recovery times. {caption}"), "kills", times);
    Some(Figure { title: "Recovery", drawn: plot.draw(), caption })
}

#[cfg(test)]
mod tests;
