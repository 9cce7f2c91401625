//! Notices that nothing moves any more, and says who waits for what.

use std::fs;
use std::time::{Duration, Instant};

use super::arena::{Arena, Stage};
use super::plan::Plan;
use super::subject::Subject;

/// Remembers when there was progress last.
#[derive(Debug)]
pub(crate) struct Watch {
    limit: Duration,
    progress: u64,
    since: Instant,
    longest_stall: Duration,
}

impl Watch {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, progress: 0, since: Instant::now(), longest_stall: Duration::ZERO }
    }

    /// Whether it has been too long since `progress` last changed.
    pub(crate) fn is_stuck(&mut self, progress: u64) -> bool {
        let stalled = self.since.elapsed();
        self.longest_stall = self.longest_stall.max(stalled);
        if progress != self.progress {
            (self.progress, self.since) = (progress, Instant::now());
            return false;
        }
        stalled >= self.limit
    }

    /// The longest time without progress, as far as anybody looked.
    pub(crate) const fn longest_stall(&self) -> Duration {
        self.longest_stall
    }
}

/// Who waits for what, in words.
pub(super) fn who_waits_for_what(plan: &Plan, arena: &Arena) -> String {
    let seconds = plan.watchdog.as_secs_f64();
    let mut words = format!("nothing moved for {seconds} s. ");
    if plan.subject.has_holder() || plan.subject == Subject::Threads {
        words.push_str(&the_lock(plan, arena));
    }
    for (stage, doing) in [
        (Stage::Entering, "waiting for it"),
        (Stage::Inside, "inside"),
        (Stage::Staying, "told to stay inside"),
        (Stage::Outside, "outside"),
    ] {
        let there: Vec<String> = (0..plan.processes)
            .filter(|number| arena.slots[*number].stage() == stage)
            .map(|number| worker(arena, number))
            .collect();
        if !there.is_empty() {
            words.push_str(&format!("; {doing}: {}", there.join(", ")));
        }
    }
    words
}

fn the_lock(plan: &Plan, arena: &Arena) -> String {
    let state = plan.subject.status(arena);
    let name = plan.subject.name();
    let mut words = match state.owner() {
        0 if state.is_not_recoverable() => format!("The lock of {name} is lost for good"),
        0 => format!("The lock of {name} is free"),
        owner => {
            let who = (0..plan.processes)
                .find(|number| arena.slots[*number].begun.load() == owner)
                .map_or_else(|| format!("thread {owner}"), |number| worker(arena, number));
            format!("The lock of {name} is held by {who}, which {}", condition(owner))
        }
    };
    if state.owner_died() {
        words.push_str("; a holder before died, and the count was not yet declared consistent");
    }
    words.push_str(if state.has_waiters() {
        "; others sleep on it"
    } else {
        "; nobody sleeps on it"
    });
    words
}

fn worker(arena: &Arena, number: usize) -> String {
    match arena.slots[number].begun.load() {
        0 => format!("worker {} (not begun)", number + 1),
        process => format!("worker {} (process {process})", number + 1),
    }
}

/// What the kernel says a thread is doing.
pub(super) fn condition(thread: u32) -> &'static str {
    let Ok(line) = fs::read_to_string(format!("/proc/{thread}/stat")) else {
        return "does not exist";
    };
    // The name before the state is in parentheses, and may hold anything.
    match line.rsplit(") ").next().and_then(|rest| rest.chars().next()) {
        Some('R') => "is running",
        Some('S' | 'D' | 'I') => "is alive and asleep",
        Some('T' | 't') => "is alive but stopped",
        Some('Z' | 'X') => "is dead",
        _ => "exists",
    }
}
