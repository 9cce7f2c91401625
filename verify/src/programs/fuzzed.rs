//! Programs of a fuzzer's making.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::judge::{Answer, can_get_stuck};
use super::model::{Mistake, ProgramModel, Tally};
use super::program::{Death, How, Program, Step, What, Whom};
use super::strategy::nested;
use crate::claim::{Budget, Silent};
use crate::explore::graph::{self, GraphSearch, Memory};
use crate::verdict::Verdict;

/// How many processes there are.
const PROCESSES: usize = 2;
/// How many steps each of them has at most.
const STEPS: usize = 3;
/// For how long the states of a program are looked at: most take less.
const A_MOMENT: Duration = Duration::from_millis(200);

/// Whatever several processes do with mutexes, a condition variable, a lock for readers and writers, and a semaphore, and wherever one
/// of them dies: in every interleaving they see what the reference allows, and nobody waits in vain.
///
/// The first byte says whether and who may die, and each of the following a step: what it is, how it is done, and how many of those
/// that follow are done within it.
///
/// # Panics
///
/// If that is not so.
pub fn programs(input: &[u8]) {
    if let Some(wrong) = examine(input, Mistake::None) {
        panic!("{wrong}");
    }
}

/// Says what is wrong with the program that the input stands for, with that mistake.
fn examine(input: &[u8], mistake: Mistake) -> Option<String> {
    let program = read(input)?;
    // In others somebody may wait for ever.
    if can_get_stuck(&program) != Answer::No {
        return None;
    }
    let search = GraphSearch {
        memory: Memory::Sc,
        deaths: program.death.is_some().into(),
        threads: Some(1),
        ..GraphSearch::default()
    };
    let budget = Budget { until: Some(Instant::now() + A_MOMENT), ..Budget::seeded(0) };
    let model = Arc::new(ProgramModel::new(program.clone(), mistake, Arc::new(Tally::default())));
    let found = graph::explore(&model, "", search, &budget, &Silent);
    let wrong = (found.verdict == Verdict::Counterexample).then_some(found.counterexample)??;
    Some(format!("{}\n\n{program}", wrong.why))
}

/// The program that the input stands for; `None` if a process would do nothing.
fn read(input: &[u8]) -> Option<Program> {
    let (first, rest) = input.split_first()?;
    let half = rest.len().div_ceil(PROCESSES);
    let rows = rest.chunks(half.max(1)).map(|row| row.iter().take(STEPS).map(|it| step(*it)));
    let steps = |row: Vec<_>| nested(&mut row.into_iter(), usize::MAX, &[]);
    let processes: Vec<_> = rows.map(|row| steps(row.collect())).collect();
    let whole = processes.len() == PROCESSES && processes.iter().all(|steps| !steps.is_empty());
    // The explorer tries each moment.
    let death =
        (first % 2 == 1).then(|| Death { process: usize::from(first >> 1) % PROCESSES, before: 0 });
    whole.then_some(Program { processes, death })
}

/// A step, and how many of those that follow are done within it.
fn step(byte: u8) -> (Step, usize) {
    let (kind, rest) = (byte % 16, byte / 16);
    let how = [How::Patiently, How::Once, How::Limited][usize::from(rest) % 3];
    let whats = [What::First, What::Second, What::Read, What::Write, What::Permit];
    match kind {
        0..=9 => {
            let what = whats[usize::from(kind) % whats.len()];
            (Step::Hold { what, how, steps: Vec::new() }, usize::from(rest) / 3 % 3)
        }
        10 | 11 => (Step::WaitUntil { least: u64::from(rest) % 4 + 1, limited: kind == 11 }, 0),
        12 => (Step::Notify(Whom::One), 0),
        13 => (Step::Notify(Whom::All), 0),
        14 => (Step::Wait(how), 0),
        _ => (Step::Post, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_dead_held_comes_back_one_after_the_other() {
        // The permit of the one that died is had by the other, which is then refused a mutex that is not taken from it yet.
        assert_eq!(examine(&[63, 84, 224, 65, 84, 144, 79], Mistake::None), None);
    }

    #[test]
    fn every_mistake_is_found() {
        let inputs: [(Mistake, &[u8]); 6] = [
            (Mistake::LocksNothing, &[0, 1, 1]),
            (Mistake::WritesAsReader, &[0, 3, 3]),
            (Mistake::KeepsPermit, &[0, 20, 4]),
            (Mistake::NotifiesNobody, &[0, 0x2a, 15, 0, 12]),
            (Mistake::TellsNobody, &[1, 0, 0]),
            (Mistake::TrustsItsWake, &[0, 0x2a, 15, 15, 12, 0, 12]),
        ];
        for (mistake, input) in inputs {
            let program = read(input).expect("a program");
            let found = examine(input, mistake);
            assert!(found.is_some(), "{mistake:?} is not found in\n{program}");
            assert_eq!(examine(input, Mistake::None), None, "without it, all is well");
        }
    }
}
