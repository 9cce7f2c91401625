//! An event: one says that something has happened, any number wait for it.

use core::fmt;
use std::time::{Duration, Instant};

use super::mutex::deadline_at;
use crate::deadline::Deadline;
use crate::platform::{Linux, Word32, monotonic_now};
use crate::raw::RawEvent;
use crate::shm::outline::{Role, Told, Words};
use crate::shm::{Outline, Shareable};

/// Something that happens, and that others wait for: Python's `multiprocessing.Event`.
///
/// It is not set at first. Once it is, waits return at once, until it is [`clear`](Self::clear)ed. One
/// [`set`](Self::set) releases everybody who waits at that time, also if it is cleared right after. Whoever finds it set
/// sees what was written before.
///
/// To use it again and again: wait, `clear`, and only then look at what it announces. What is announced between the
/// clearing and the look is then seen by the look, and what comes later sets the event once more.
///
/// A wait ends for no other reason than that the event was set, or the time is up.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | whoever waits is released, and sees what was written before; whoever dies | `event/*`, `event/*/stress` |
/// | set and cleared at once, it releases everybody who waits | `event-pulse/*` |
/// | set again, it releases everybody who waits, also if several clear it in between | `event-cleared/*` |
/// | whoever clears it and then looks misses nothing | `event-again/*` |
/// | one that gives up in time keeps nobody else from being released | `event-deadline/*` |
/// | two that wait for each other again and again both get on, and sleep while they wait | `event-endless/*` |
///
/// Not promised: that each `set` is seen on its own: several before a look are one.
///
/// # If a holder dies
///
/// Nobody holds an event. Whoever dies has set it and released everybody, or has not set it; who waits for something that
/// only the dead would have done waits until its time is up.
///
/// # Examples
///
/// ```
/// use lockproof::{Event, RawValue, Region, Workers, shareable};
///
/// shareable! {
///     struct Shared {
///         answer: RawValue<u32>,
///         answered: Event,
///     }
/// }
///
/// let shared = Region::<Shared>::anonymous()?;
/// let work = |_number| {
///     shared.answered.wait();
///     assert_eq!(shared.answer.load(), 42);
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// shared.answer.store(42);
/// shared.answered.set();
/// workers.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct Event {
    raw: RawEvent<Word32>,
}

// SAFETY: a transparent wrapper of one atomic.
unsafe impl Shareable for Event {
    fn describe(into: &mut String) {
        into.push_str("Event");
    }

    fn outline(into: &mut Outline) {
        into.primitive::<Self>(
            &[Role::Sleep, Role::Tells(Told::Set)].map(|role| Words::one(role, 0)),
        );
    }

    fn after_reboot(&self) {}
}

impl Event {
    /// Sets it, and releases everybody who waits. Does nothing if it is set.
    ///
    /// May be called in a signal's handler, as [`clear`](Self::clear) and [`is_set`](Self::is_set).
    pub fn set(&self) {
        self.raw.set(Linux::lockless());
    }

    /// Makes it not set: whoever waits from now on waits for the next [`set`](Self::set). Does nothing if it is not.
    pub fn clear(&self) {
        self.raw.clear(Linux::lockless());
    }

    /// Whether it is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.raw.is_set(Linux::lockless())
    }

    /// Waits until it is set, as long as it takes.
    pub fn wait(&self) {
        self.raw.wait(Linux::lockless(), Deadline::Never);
    }

    /// Waits until it is set, no longer than `timeout`. Says whether it was set.
    #[must_use = "it says whether the event was set, or the time was up"]
    pub fn wait_for(&self, timeout: Duration) -> bool {
        self.raw.wait(Linux::lockless(), Deadline::after(monotonic_now(), timeout))
    }

    /// Waits until it is set, no longer than until `moment`. Says whether it was set.
    #[must_use = "it says whether the event was set, or the time was up"]
    pub fn wait_until(&self, moment: Instant) -> bool {
        self.raw.wait(Linux::lockless(), deadline_at(moment))
    }
}

impl Event {
    /// What it is made of, to look at.
    pub(crate) const fn raw(&self) -> &RawEvent<Word32> {
        &self.raw
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("set", &self.is_set()).finish()
    }
}
