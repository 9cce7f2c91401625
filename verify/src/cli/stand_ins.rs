//! Claims that stand in for real ones: each kind of verdict at once, without an exploration.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::claim::{Budget, Claim, Expected, MemoryModel, Method, Progress};
use crate::trace::{Counterexample, Step};
use crate::verdict::{Bound, Finding, Scheduler, Verdict};

/// A claim with a verdict.
pub(super) fn claim(id: &str, verdict: Verdict) -> Claim {
    claim_that(id, move |_, _| Finding { executions: 1_234, ..Finding::of(verdict.clone()) })
}

/// A claim that does something.
pub(super) fn claim_that(
    id: &str,
    run: impl Fn(&Budget, &dyn Progress) -> Finding + Send + Sync + 'static,
) -> Claim {
    Claim {
        id: id.to_owned(),
        subject: "mutex",
        property: "no update is lost",
        method: Method::Loom,
        memory_model: MemoryModel::C11,
        processes: 2,
        increments: 2,
        expected: Expected::Holds,
        full_only: false,
        run: Box::new(run),
    }
}

/// The unlocked counter: fails, and has to.
pub(super) fn unlocked() -> Claim {
    let run = |_: &Budget, _: &dyn Progress| Finding {
        executions: 56,
        outcomes: [("2", 12), ("3", 30), ("4", 14)].map(|(k, n)| (k.to_owned(), n)).into(),
        counterexample: Some(lost_update()),
        ..Finding::of(Verdict::Counterexample)
    };
    let claim = claim_that("unlocked/2x2/loom", run);
    Claim { subject: "unlocked counter", expected: Expected::Fails, ..claim }
}

/// A run of real processes.
pub(super) fn stress(
    id: &str,
    run: impl Fn(&Budget, &dyn Progress) -> Finding + Send + Sync + 'static,
) -> Claim {
    Claim {
        method: Method::Stress,
        memory_model: MemoryModel::Hardware,
        property: "nobody hangs",
        ..claim_that(id, run)
    }
}

/// One claim for each way to hold.
pub(super) fn all_hold() -> Vec<Claim> {
    let preemptions = Bound { preemptions: Some(3), deaths: Some(1), ..Bound::default() };
    let schedules = Bound {
        schedules: Some(10_000),
        scheduler: Some(Scheduler::Random),
        seed: Some(7),
        ..Bound::default()
    };
    let passed = stress("mutex/stress", |_, _| Finding {
        notes: vec!["100 kills, 17 of a holder, 17 reports".to_owned()],
        ..Finding::of(Verdict::Passed)
    });
    let random = claim("mutex/4x10/shuttle", Verdict::Bounded(schedules));
    vec![
        passed,
        claim("mutex/2x2/loom", Verdict::Exhausted),
        unlocked(),
        Claim { method: Method::Crash, ..claim("mutex/3x2/crash", Verdict::Bounded(preemptions)) },
        Claim { method: Method::Shuttle, memory_model: MemoryModel::Sc, ..random },
    ]
}

fn lost_update() -> Counterexample {
    let step = |thread, op: &str, before: &str, after: &str| Step {
        thread,
        op: op.to_owned(),
        word: "total".to_owned(),
        ordering: "Relaxed".to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
        site: "src/raw/value.rs:31".to_owned(),
    };
    Counterexample {
        why: "4 increments, but the total is 2".to_owned(),
        steps: vec![
            step(1, "load", "0", ""),
            step(2, "load", "0", ""),
            step(2, "store", "", "1"),
            step(1, "store", "", "1"),
        ],
        again_from: None,
        replay: "unlocked/2x2/loom#1".to_owned(),
    }
}

/// Keeps what is written to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    /// What was written so far.
    pub(super) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How long a test waits for what must come, before it says that it did not.
pub(super) const WATCHDOG: Duration = Duration::from_secs(60);
