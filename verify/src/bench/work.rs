//! What contenders have to be able to do, and the work made of it.

use core::cell::UnsafeCell;
use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use super::shared::Zeroes;

/// Work that processes do at the same memory.
pub(super) trait Work: Zeroes + Sized + 'static {
    /// Whether one at a time does it, so that it can be told whose turn it was.
    const TAKES_TURNS: bool = false;

    /// Makes zeroes something to work at.
    fn set_up(&self) -> Result<(), String> {
        Ok(())
    }

    /// What each process does before it begins.
    fn enter(&self) -> Result<(), String> {
        Ok(())
    }

    /// Gives back what is not memory.
    fn tear_down(&self) {}

    /// Does it once, as the process of this number. Inlined into the loop that measures it, as far as it can be: the C
    /// library's are calls.
    fn once(&self, who: usize) -> Turn;

    /// Does it so often in a row, and says how often another had been there last.
    #[inline(always)]
    fn many(&self, who: usize, times: u64) -> u64 {
        let mut taken_over = 0;
        for _ in 0..times {
            taken_over += u64::from(self.once(who) == Turn::TakenOver);
        }
        taken_over
    }

    /// How often it was done, where it can be told.
    fn total(&self) -> Option<u64> {
        None
    }
}

/// Whose turn it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The same process's, or nobody can tell.
    Own,
    /// Another's: the lock has changed its owner.
    TakenOver,
}

/// Whether the lock said that its last holder died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    OwnerDied,
}

/// A number that one process at a time can change.
pub(super) trait Section: Zeroes + Sized + 'static {
    fn set_up(&self) -> Result<(), String> {
        Ok(())
    }

    /// What each process does before it takes the lock for the first time.
    fn enter(&self) -> Result<(), String> {
        Ok(())
    }

    /// Gives back what is not memory.
    fn tear_down(&self) {}

    /// Does something with the number, with nobody else there.
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T;
}

/// A number that several processes can read together.
pub(super) trait Readable: Section {
    fn read(&self) -> u64;
}

/// Takes turns: one waits until another says so.
pub(super) trait Signal: Zeroes + Sized + 'static {
    fn set_up(&self) -> Result<(), String> {
        Ok(())
    }

    /// Gives back what is not memory.
    fn tear_down(&self) {}

    fn send(&self);
    fn await_it(&self);
}

/// From one process to another.
pub(super) trait Channel: Zeroes + Sized + 'static {
    fn set_up(&self) -> Result<(), String> {
        Ok(())
    }

    /// Gives back what is not memory.
    fn tear_down(&self) {}

    fn put(&self);
    fn take(&self);
}

/// A lock that cannot be used stops the process, and with it the measurement.
#[cold]
#[inline(never)]
pub(super) fn unusable(error: &dyn core::fmt::Display) -> ! {
    panic!("it cannot be used: {error}");
}

/// Adds one, and stays inside for so many nanoseconds.
#[repr(transparent)]
pub(super) struct Adds<S, const NANOSECONDS: u64>(S);

impl<S, const NANOSECONDS: u64> Adds<S, NANOSECONDS> {
    pub(super) const fn section(&self) -> &S {
        &self.0
    }
}

// SAFETY: nothing but what is inside.
unsafe impl<S: Section, const NANOSECONDS: u64> Zeroes for Adds<S, NANOSECONDS> {}

impl<S: Section, const NANOSECONDS: u64> Work for Adds<S, NANOSECONDS> {
    const TAKES_TURNS: bool = true;

    fn set_up(&self) -> Result<(), String> {
        self.0.set_up()
    }

    fn enter(&self) -> Result<(), String> {
        self.0.enter()
    }

    fn tear_down(&self) {
        self.0.tear_down();
    }

    #[inline(always)]
    fn once(&self, who: usize) -> Turn {
        self.0.within(|_, number| {
            let turn = take_turn(number, who);
            stay::<NANOSECONDS>();
            turn
        })
    }

    fn total(&self) -> Option<u64> {
        Some(self.0.within(|_, number| turns(*number)))
    }
}

/// The lowest bits of a number say who had it last, the others how many turns there were. One word for both: a second one could
/// lie in another cache line, which is one more to fetch for some locks and not for others.
const WHO: u64 = 0xff;

/// Adds a turn.
#[inline(always)]
pub(super) const fn take_turn(number: &mut u64, who: usize) -> Turn {
    let who = who as u64;
    let turn = if *number & WHO == who { Turn::Own } else { Turn::TakenOver };
    *number = ((*number | WHO) + 1) | who;
    turn
}

/// How many turns there were.
pub(super) const fn turns(number: u64) -> u64 {
    number / (WHO + 1)
}

#[inline(always)]
fn stay<const NANOSECONDS: u64>() {
    if NANOSECONDS > 0 {
        let (came, stays) = (Instant::now(), Duration::from_nanos(NANOSECONDS));
        while came.elapsed() < stays {}
    }
}

/// Everybody reads.
#[repr(transparent)]
pub(super) struct Reads<L>(L);

// SAFETY: nothing but what is inside.
unsafe impl<L: Readable> Zeroes for Reads<L> {}

impl<L: Readable> Work for Reads<L> {
    fn set_up(&self) -> Result<(), String> {
        self.0.set_up()
    }

    #[inline(always)]
    fn once(&self, _: usize) -> Turn {
        black_box(self.0.read());
        Turn::Own
    }
}

/// The first writes, the others read.
#[repr(transparent)]
pub(super) struct Roles<L>(L);

// SAFETY: nothing but what is inside.
unsafe impl<L: Readable> Zeroes for Roles<L> {}

impl<L: Readable> Work for Roles<L> {
    fn set_up(&self) -> Result<(), String> {
        self.0.set_up()
    }

    #[inline(always)]
    fn once(&self, who: usize) -> Turn {
        if who == 0 {
            self.0.within(|_, number| *number += 1);
        } else {
            black_box(self.0.read());
        }
        Turn::Own
    }
}

/// There and back.
#[repr(C)]
pub(super) struct PingPong<S> {
    there: S,
    back: S,
}

// SAFETY: nothing but what is inside.
unsafe impl<S: Signal> Zeroes for PingPong<S> {}

impl<S: Signal> Work for PingPong<S> {
    fn set_up(&self) -> Result<(), String> {
        self.there.set_up()?;
        self.back.set_up()
    }

    fn tear_down(&self) {
        self.there.tear_down();
        self.back.tear_down();
    }

    fn once(&self, who: usize) -> Turn {
        if who == 0 {
            self.there.send();
            self.back.await_it();
        } else {
            self.there.await_it();
            self.back.send();
        }
        Turn::Own
    }
}

/// The first sends, the second receives.
#[repr(transparent)]
pub(super) struct Transfers<C>(C);

// SAFETY: nothing but what is inside.
unsafe impl<C: Channel> Zeroes for Transfers<C> {}

impl<C: Channel> Work for Transfers<C> {
    fn set_up(&self) -> Result<(), String> {
        self.0.set_up()
    }

    fn tear_down(&self) {
        self.0.tear_down();
    }

    #[inline(always)]
    fn once(&self, who: usize) -> Turn {
        if who == 0 {
            self.0.put()
        } else {
            self.0.take()
        }
        Turn::Own
    }
}

/// One atomic instruction: no lock, and the least that any of them can cost.
#[repr(transparent)]
pub(super) struct FetchAdd(AtomicU64);

// SAFETY: an atomic.
unsafe impl Zeroes for FetchAdd {}

impl Work for FetchAdd {
    #[inline(always)]
    fn once(&self, _: usize) -> Turn {
        self.0.fetch_add(1, Relaxed);
        Turn::Own
    }

    fn total(&self) -> Option<u64> {
        Some(self.0.load(Relaxed))
    }
}

/// A number beside the lock that protects it.
#[repr(transparent)]
pub(super) struct Number(UnsafeCell<u64>);

// SAFETY: reached only by those whom its lock lets in: several to read, or one to write.
unsafe impl Sync for Number {}

impl Number {
    /// For whoever has it alone.
    #[inline(always)]
    #[allow(clippy::mut_from_ref, reason = "the lock beside it sees to that")]
    pub(super) fn alone(&self) -> &mut u64 {
        // SAFETY: the caller holds the lock, for writing.
        unsafe { &mut *self.0.get() }
    }

    /// For whoever reads it beside others.
    #[inline(always)]
    pub(super) fn read(&self) -> u64 {
        // SAFETY: the caller holds the lock, at least for reading.
        unsafe { *self.0.get() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_tells_turns_and_whether_another_had_the_last() {
        let mut number = 0;
        for (turn, (who, wanted)) in
            [(0, Turn::Own), (3, Turn::TakenOver), (3, Turn::Own), (1, Turn::TakenOver)]
                .into_iter()
                .enumerate()
        {
            assert_eq!(take_turn(&mut number, who), wanted, "turn {turn}");
            assert_eq!(turns(number), turn as u64 + 1);
        }
    }
}
