//! The kernel's side of a thread's death: which robust words it held, and what becomes of them.

use lockproof::platform::{Ordering, ThreadId};
use lockproof::raw::mutex_state::{KERNEL_OWNER, OWNER_DIED, WAITERS};

use super::World;
use super::control::KernelRule;

/// What one thread has told the kernel.
pub(super) struct RobustList<R> {
    held: Vec<R>,
    pending: Option<R>,
    /// What it says after its next operation, and whether that is yet to come: only a mutant holds something back.
    late: Option<(Told<R>, bool)>,
}

/// One thing that the kernel is told.
pub(super) enum Told<R> {
    Announces(R),
    Holds(R),
    LetsGo { robust: R, announced: bool },
    IsDone,
}

impl<R> Default for RobustList<R> {
    fn default() -> Self {
        Self { held: Vec::new(), pending: None, late: None }
    }
}

impl<R: Clone> RobustList<R> {
    /// Writes down what the thread says. Returns whether a lock that is let go of was held.
    pub(super) fn note(&mut self, told: Told<R>, is_same: impl Fn(&R, &R) -> bool) -> bool {
        match told {
            Told::Announces(robust) => self.pending = Some(robust),
            Told::Holds(robust) => self.held.push(robust),
            Told::IsDone => self.pending = None,
            Told::LetsGo { robust, announced } => {
                let Some(at) = self.held.iter().rposition(|held| is_same(held, &robust)) else {
                    return false;
                };
                self.held.remove(at);
                if announced {
                    self.pending = Some(robust);
                }
            }
        }
        true
    }

    /// It will be said after the next operation.
    pub(super) fn hold_back(&mut self, told: Told<R>) {
        self.late = Some((told, true));
    }

    /// The thread has lived to the next operation, or to its end. Returns what was held back until the one before.
    pub(super) fn lives_on(&mut self, is_over: bool) -> Option<Told<R>> {
        match self.late.take() {
            Some((told, true)) if !is_over => {
                self.late = Some((told, false));
                None
            }
            late => late.map(|(told, _)| told),
        }
    }

    pub(super) fn holds(&self, is_it: impl Fn(&R) -> bool) -> bool {
        self.held.iter().any(is_it)
    }

    /// What `exit_robust_list` in `kernel/futex/core.c` does, in its order. Returns how many words the
    /// thread died holding.
    pub(super) fn walk<W>(&mut self, p: &W, me: ThreadId, rule: KernelRule) -> usize
    where
        W: World<RobustWord = R>,
    {
        let pending = self.pending.take();
        let id = |robust: &R| W::id_of(W::word(robust));
        let mut died_holding = 0;
        while let Some(held) = self.held.pop() {
            if pending.as_ref().is_none_or(|pending| id(pending) != id(&held)) {
                died_holding += usize::from(mark(p, W::word(&held), me, None));
            }
        }
        if let Some(pending) = pending {
            died_holding += usize::from(mark(p, W::word(&pending), me, Some(rule)));
        }
        died_holding
    }
}

/// What `handle_futex_death` does with one word; `pending` is the rule for an announced one. Returns whether
/// the thread owned it.
fn mark<W: World>(p: &W, word: &W::Word, me: ThreadId, pending: Option<KernelRule>) -> bool {
    // A compare-exchange of a value with itself: the kernel, too, ends up with the latest value, as its own
    // compare-exchange repeats on a change.
    let mut seen = p.fetch_or(word, 0, Ordering::Relaxed);
    loop {
        let nobodys = match pending {
            Some(KernelRule::Since62) => seen & KERNEL_OWNER == 0,
            Some(KernelRule::Before62) => seen == 0,
            None => false,
        };
        if nobodys {
            p.futex_wake(word, 1);
            return false;
        }
        if seen & KERNEL_OWNER != me {
            return false;
        }
        let marked = seen & WAITERS | OWNER_DIED;
        // The kernel's own is a full barrier (x86: a locked instruction; arm64: with `dmb ish`); what the dead
        // thread wrote is published by it.
        match p.compare_exchange(word, seen, marked, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => break,
            Err(now) => seen = now,
        }
    }
    if seen & WAITERS != 0 {
        p.futex_wake(word, 1);
    }
    true
}
