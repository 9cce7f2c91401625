//! On loom: every execution, and again with each wait that returns early.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use loom::cell::Cell;
use loom::sync::atomic::AtomicU32;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::explore::loom::{LoomSearch, explore};

by_hand!(loom::thread, AtomicU32, Cell<u64>, latest);

/// No word ever holds this.
const NEVER: u32 = u32::MAX;

/// As a load may not be in loom, a compare-exchange is of the latest value.
fn latest(word: &AtomicU32) -> u32 {
    word.compare_exchange(NEVER, NEVER, Relaxed, Relaxed).unwrap_or_else(|value| value)
}

/// The kit's way.
pub(super) fn by_the_kit() -> Result<u64, String> {
    super::looked_at(|model, budget, silent| {
        explore(model, "kit", LoomSearch::default(), budget, silent)
    })
}

/// By hand.
pub(super) fn by_hand() -> Result<u64, String> {
    let executions = Arc::new(AtomicU64::new(0));
    let waits = explored(None, &executions);
    for wait in 0..waits {
        explored(Some(wait), &executions);
    }
    Ok(executions.load(Relaxed))
}

/// Explores it once, and says how many waits the first process began at most.
fn explored(early: Option<usize>, executions: &Arc<AtomicU64>) -> usize {
    let most = Arc::new(AtomicUsize::new(0));
    let (executions, most_waits) = (Arc::clone(executions), Arc::clone(&most));
    let mut checker = loom::model::Builder::new();
    checker.max_branches = 5000;
    checker.check(move || {
        executions.fetch_add(1, Relaxed);
        most_waits.fetch_max(execution(early), Relaxed);
    });
    most.load(Relaxed)
}

fn execution(early: Option<usize>) -> usize {
    let (lock, number) = (AtomicU32::new(0), Cell::new(0));
    let locked = Rc::new(Locked { lock, number, futex: Futex::new(early) });
    let (ended, waiting) = (Arc::new(AtomicUsize::new(0)), thread::current());
    for who in 0..super::PROCESSES {
        let (locked, ended) = (Rc::clone(&locked), Arc::clone(&ended));
        let waiting = waiting.clone();
        thread::spawn(move || {
            locked.take(who);
            locked.number.set(locked.number.get() + 1);
            locked.let_go();
            ended.fetch_add(1, Relaxed);
            waiting.unpark();
        });
    }
    // Not `join`, which loom would explore the order of.
    while ended.load(Relaxed) < super::PROCESSES {
        thread::park();
    }
    assert_eq!(locked.number.get(), super::PROCESSES as u64, "an addition was lost");
    locked.futex.waits[0].load(Relaxed)
}
