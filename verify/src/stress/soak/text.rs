//! The report of a soak for people, 80 columns wide.

use std::fmt::Write;

use super::figures::{Figures, Own};
use super::outcome::{Soaked, Troubles};
use super::plan::SoakPlan;
use crate::report::numbers::{count, seconds};
use crate::stress::table::wrapped;

/// What is about to be done.
pub(in crate::stress) fn introduction(plan: &SoakPlan) -> String {
    let SoakPlan { processes, lasting, seed, .. } = plan;
    let mut text =
        format!("everything at once, {processes} processes, {}; seed {seed}", seconds(*lasting));
    if let Some(broken) = plan.broken {
        let _ = write!(text, "; with `{}`, which is broken", broken.name());
    }
    text
}

/// What came of it.
pub(in crate::stress) fn table(soaked: &Soaked) -> String {
    let mut text = format!("{:10} {:>16} {:>16}\n", "primitive", "acknowledged", "total");
    for account in &soaked.accounts {
        let total = account.total.map_or_else(|| "?".to_owned(), count);
        let _ =
            writeln!(text, "{:10} {:>16} {total:>16}", account.name, count(account.acknowledged));
    }
    text.push('\n');
    for line in facts(soaked) {
        for line in wrapped(&line, 80) {
            let _ = writeln!(text, "{line}");
        }
    }
    let _ = write!(text, "\n{}", comparison(soaked));
    let again = (!soaked.ok()).then(|| format!("again: {}", soaked.plan.command()));
    for remark in soaked.complaints().into_iter().chain(again) {
        for line in wrapped(&remark, 76) {
            let _ = write!(text, "\n    {line}");
        }
    }
    text
}

/// What happened, a sentence each.
pub(in crate::stress) fn facts(soaked: &Soaked) -> Vec<String> {
    let Troubles { kills, stops, moves, departures, forks, killed_forks, told } = soaked.troubles;
    let [kills, stops, moves, departures, forks, killed_forks, told, audits] =
        [kills, stops, moves, departures, forks, killed_forks, told, soaked.audits].map(count);
    let throughput = soaked.throughput();
    let [first, last] = [throughput.first, throughput.last].map(|rate| count(rate as u64));
    let stall = soaked.longest_stall.as_secs_f64();
    vec![
        format!(
            "{kills} killed, {stops} stopped and continued, {moves} moved to other processors, {departures} told to go; {forks} \
             forked, of which {killed_forks} were killed as well. {told} times somebody was told of a dead holder. {audits} accounts \
             were drawn up on the way."
        ),
        format!(
            "Operations in a second, without those of barriers and events: {first} in the first tenth, {last} in the last. The longest time in which nobody got on with one \
             of them: {stall:.1} s."
        ),
    ]
}

fn comparison(soaked: &Soaked) -> String {
    let mut text = format!("{:46} {:>12} {:>12}", "", "beginning", "end");
    for (name, [before, after]) in compared(soaked) {
        let _ = write!(text, "\n{name:46} {before:>12} {after:>12}");
    }
    text
}

/// What should be in the end as it was at the beginning.
pub(in crate::stress) fn compared(soaked: &Soaked) -> [(&'static str, [String; 2]); 6] {
    let figures = |of: fn(&Figures) -> u64| soaked.left.each_ref().map(|left| count(of(left)));
    let own = |of: fn(&Own) -> u64| soaked.veteran.each_ref().map(|own| count(of(own)));
    [
        ("processes", figures(|left| left.processes)),
        ("regions", figures(|left| left.regions)),
        ("file descriptors of the harness", figures(|left| left.harness.descriptors)),
        ("memory of the harness, KiB", figures(|left| left.harness.memory_kib)),
        ("file descriptors of one that was never killed", own(|own| own.descriptors)),
        ("its memory, KiB", own(|own| own.memory_kib)),
    ]
}

/// The last line.
pub(in crate::stress) fn conclusion(soaked: &Soaked) -> String {
    match (soaked.ok(), soaked.plan.broken) {
        (true, None) => "Everything adds up, and nothing is left behind.".to_owned(),
        (true, Some(broken)) => {
            format!("`{}` was found, as it has to be, and nothing else.", broken.name())
        }
        (false, Some(_)) if soaked.complaints().is_empty() => {
            "What is broken was not found.".to_owned()
        }
        (false, _) => "It did not go as expected.".to_owned(),
    }
}
