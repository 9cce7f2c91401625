//! What a trace tells: each step with its effect, and how everybody is meanwhile.

use std::collections::BTreeSet;

use super::effect::{Effect, is_failed_exchange, value_after};
use super::kind::Kind;
use super::notes::{LostWrite, describe_old_value, lost_writes};
use crate::trace::{Step, op};

/// How a process is, between two of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Running,
    /// It has read a value, and will write; another process writes in between.
    HoldsOldValue,
    Asleep,
    Dead,
}

impl Lane {
    pub(super) const fn line(self) -> &'static str {
        match self {
            Self::Running => "│",
            Self::HoldsOldValue => "┃",
            Self::Asleep => "┊",
            Self::Dead => " ",
        }
    }
}

/// One step, and how everybody is at that time (its own process: right after it).
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) step: &'a Step,
    pub(super) kind: Kind,
    /// The operation, and for whom it is done.
    pub(super) operation: String,
    /// On which word.
    pub(super) word: &'a str,
    /// What the word held and holds.
    pub(super) change: String,
    /// Whose step it is; nobody's, when all have ended.
    pub(super) lane: Option<usize>,
    pub(super) lanes: Vec<Lane>,
    /// What a person should notice here.
    pub(super) note: Option<String>,
}

/// Stands above what is read when nobody is left to change it.
const ALL_ENDED: &str = "── all have ended ──";

/// Stands above what is done without end.
const AGAIN: &str = "── from here on, again and again ──";

/// Stands before the value that a word gets.
pub(super) const NEW_VALUE: &str = "→";

/// A trace, ready to be drawn.
#[derive(Debug)]
pub(super) struct Story<'a> {
    /// The threads that occur, one lane each.
    pub(super) threads: Vec<usize>,
    pub(super) rows: Vec<Row<'a>>,
    /// How many steps are left out.
    pub(super) folded: usize,
    /// Threads that sleep when the trace ends.
    pub(super) asleep: Vec<usize>,
    /// The row from which all is done again and again.
    again_from: Option<usize>,
}

impl<'a> Story<'a> {
    pub(super) fn of(steps: &'a [Step], again_from: Option<usize>) -> Self {
        let threads = threads(steps);
        let somebody_dies = steps.iter().any(|step| step.op == op::DIES);
        let is_shown = |step: &&Step| somebody_dies || Kind::of(step) != Kind::Bookkeeping;
        let shown: Vec<&Step> = steps.iter().filter(is_shown).collect();
        let again_from = again_from.map(|from| steps[..from].iter().filter(is_shown).count());
        let rows = rows(&shown, &threads);
        let asleep = rows.last().map_or_else(Vec::new, |last| {
            let is_asleep = |lane: &usize| last.lanes[*lane] == Lane::Asleep;
            (0..threads.len()).filter(is_asleep).map(|lane| threads[lane]).collect()
        });
        Self { folded: steps.len() - shown.len(), threads, rows, asleep, again_from }
    }

    /// What stands above this row.
    pub(super) fn above(&self, row: usize) -> Option<&'static str> {
        let nobodys = |row: usize| self.rows[row].lane.is_none();
        if nobodys(row) && (row == 0 || !nobodys(row - 1)) {
            Some(ALL_ENDED)
        } else if self.again_from == Some(row) {
            Some(AGAIN)
        } else {
            None
        }
    }
}

/// Who occurs, in order, but for 0, who looks at the result when all have ended.
fn threads(steps: &[Step]) -> Vec<usize> {
    let occurring: BTreeSet<usize> = steps.iter().map(|step| step.thread).collect();
    occurring.into_iter().filter(|thread| *thread != 0).collect()
}

fn rows<'a>(steps: &[&'a Step], threads: &[usize]) -> Vec<Row<'a>> {
    let lost = lost_writes(steps);
    let mut lanes = vec![Lane::Running; threads.len()];
    let mut rows = Vec::new();
    for (index, &step) in steps.iter().enumerate() {
        let lane = threads.iter().position(|thread| *thread == step.thread);
        let was_dead = lane.is_some_and(|lane| lanes[lane] == Lane::Dead);
        let kind = if was_dead { Kind::Kernel } else { Kind::of(step) };
        if let Some(lane) = lane {
            lanes[lane] = match kind {
                Kind::Dies | Kind::Kernel => Lane::Dead,
                Kind::Sleeps => Lane::Asleep,
                _ if holds_old_value(&lost, steps, index) => Lane::HoldsOldValue,
                _ => Lane::Running,
            };
        }
        let note = lost
            .iter()
            .find(|lost| lost.overwritten == index)
            .map(|lost| lost.describe(steps))
            .or_else(|| describe_old_value(&steps[..index], step));
        let operation = if was_dead { format!("kernel: {}", step.op) } else { step.op.clone() };
        let word = if step.site.is_empty() { "" } else { step.word.as_str() };
        let change = change(&steps[..index], step);
        rows.push(Row { step, kind, operation, word, change, lane, lanes: lanes.clone(), note });
    }
    rows
}

fn holds_old_value(lost: &[LostWrite], steps: &[&Step], index: usize) -> bool {
    lost.iter().any(|lost| {
        steps[lost.read].thread == steps[index].thread
            && (lost.read..lost.overwritten).contains(&index)
    })
}

/// What the word held and holds, in words.
fn change(earlier: &[&Step], step: &Step) -> String {
    match (step.op.as_str(), Effect::of(step)) {
        (op::FUTEX_WAKE | op::FUTEX_UPDATE_WAKE_ALL, _) if step.after == "0" => {
            "nobody to wake".to_owned()
        }
        (op::FUTEX_WAKE | op::FUTEX_UPDATE_WAKE_ALL, _) if !step.after.is_empty() => {
            format!("{} woken", step.after)
        }
        (op::FUTEX_REQUEUE, _) if step.after.is_empty() => format!("{} (has changed)", step.before),
        (op::FUTEX_REQUEUE, _) => format!("{} woken or moved", step.after),
        (op::FUTEX_WAIT | op::FUTEX_WAIT_ANY, _) => step.before.clone(),
        (_, Effect::None | Effect::ChangesSomehow) => String::new(),
        (_, Effect::Reads(seen)) if is_failed_exchange(step) => format!("{seen} (fails)"),
        (_, Effect::Reads(seen)) => seen.to_owned(),
        (_, Effect::Exchanges(seen, left)) => format!("{seen} {NEW_VALUE} {left}"),
        (_, Effect::Writes(left)) => match value_after(earlier, &step.word) {
            Some(held) => format!("{held} {NEW_VALUE} {left}"),
            None => format!("{NEW_VALUE} {left}"),
        },
    }
}
