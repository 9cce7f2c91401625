//! A barrier: so many wait for each other.

use core::fmt;
use core::mem::offset_of;
use std::thread;
use std::time::{Duration, Instant};

use super::mutex::deadline_at;
use crate::deadline::Deadline;
use crate::diagnosis::Part;
use crate::error::{NotHeld, TooManyHeld, Unsupported};
use crate::platform::{Linux, Platform, RobustWord, Word32, monotonic_now};
use crate::raw::{BarrierFailure, RawBarrier};
use crate::shm::outline::{Role, Told, Words};
use crate::shm::{Outline, Shareable};

/// A point that `PARTIES` processes or threads pass together: std's `Barrier`, Python's `multiprocessing.Barrier`. `PARTIES` is
/// 1 to 128.
///
/// Nobody gets past [`wait`](Self::wait) before all have come. Then all do, see what the others wrote before, and may meet
/// again.
///
/// There are two ways to take part:
///
/// - [`register`](Self::register) makes the thread a [`Party`] until that is dropped. Others are told at once if it dies, also
///   while it is doing something else. The better way wherever there is work between two meetings.
/// - [`wait`](Self::wait) by itself takes part for as long as it waits.
///
/// At most `PARTIES` threads take part at a time; one more is refused ([`BarrierError::Full`]) and does not wait.
///
/// # When it is broken
///
/// A meeting that cannot be makes the barrier *broken*: a party died, a wait's time was up, or somebody called
/// [`abort`](Self::abort). All who wait are told at once, and so is everybody who comes, until somebody
/// [recovers](Self::recover) or [resets](Self::reset) it. A meeting succeeds for all or for nobody.
///
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | nobody gets past before all have come; a meeting succeeds for all or for nobody; one leads | `barrier/*`, `barrier-passing/*`, `barrier-deadline/*`, `barrier/*/stress` |
/// | a place that was left is in no lock's way, whoever dies | `barrier-another/*` |
/// | all who wait for one that is dead are told, whoever else dies | `barrier-lost/*`, `barrier-back/*`, `barrier/*/deaths-*` |
/// | a place belongs to one, and to nobody once that one has left it; one party too many is refused | `barrier-crowd/*` |
/// | whoever waits is told of an abort, and sees what was written before | `barrier-abort/*` |
/// | a barrier that was reset is as good as new | `barrier-reset/*`, `barrier-burial/*` |
/// | nobody meets one that was dead before another of them came, nor both a dead one and whoever came in its place | `barrier-heir/*`, `barrier-gone/*` |
/// | all who were told may recover it, and none of them breaks what the others have begun anew | `barrier-recover/*`, `barrier-relapse/*`, `barrier-untold/*` |
/// | two that meet again and again both get on, and sleep while they wait | `barrier-endless/*` |
///
/// Not promised: that somebody waits for a place: one more than there are parties is refused; that a leader
/// lives to lead.
///
/// # What it costs
///
/// Whoever waits sleeps on the words of all other parties at once, so that a death is noticed, and whoever comes last looks at each of
/// them: the more parties there are, the more a meeting costs each of them. `lockproof bench barrier` measures it beside the C library's,
/// which notices no death, and `docs/bench.md`, in the repository, has the figures.
///
/// # If a holder dies
///
/// A party that dies, by SIGKILL, exit, exec, the end of its thread, breaks the barrier for the
/// others, who are told so: [`BarrierError::PartyDied`]. They see what it had written. A panic that drops a [`Party`] breaks it,
/// too ([`BarrierError::Broken`]). Whoever dies before it takes part is nobody that others could be told of: they wait, or
/// their time runs out. On Linux before 5.16, and where a sandbox refuses `futex_waitv`, waiters may notice a death late, by
/// some milliseconds.
///
/// # Examples
///
/// ```
/// use lockproof::{Barrier, RawArray, Region, Workers, shareable};
///
/// shareable! {
///     struct Shared {
///         halves: RawArray<u64, 2>,
///         both_done: Barrier<2>,
///     }
/// }
///
/// let shared = Region::<Shared>::anonymous()?;
/// let work = |number: usize| -> Result<(), Box<dyn std::error::Error>> {
///     let party = shared.both_done.register()?;
///     shared.halves[number].store(21);
///     party.wait()?;
///     assert_eq!(shared.halves[0].load() + shared.halves[1].load(), 42);
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(2, work) }?;
/// workers.join()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[repr(transparent)]
pub struct Barrier<const PARTIES: usize> {
    raw: RawBarrier<RobustWord, Word32, PARTIES>,
}

// SAFETY: a transparent wrapper of words made of atomics, without pointers that anybody follows and without drop glue.
unsafe impl<const PARTIES: usize> Shareable for Barrier<PARTIES> {
    fn describe(into: &mut String) {
        const { assert!(PARTIES >= 1 && PARTIES <= 128, "a barrier has 1 to 128 parties") };
        into.push_str(&format!("Barrier<{PARTIES}>"));
    }

    fn outline(into: &mut Outline) {
        let raw = offset_of!(Self, raw);
        let [places, state] =
            RawBarrier::<RobustWord, Word32, PARTIES>::PARTS_AT.map(|at| raw + at);
        into.primitive::<Self>(&[
            Words::row(Role::Hold(Part::Place), places, PARTIES),
            Words::one(Role::Sleep, state),
            Words::one(Role::Tells(Told::Meeting), state),
        ]);
    }

    fn after_reboot(&self) {
        if let Ok(p) = Linux::current() {
            self.raw.forget_holders(p);
        }
    }
}

/// Why a party did not get past a [`Barrier`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BarrierError {
    /// The time ran out before all had come, which broke the barrier for the others, too. (POSIX: `ETIMEDOUT`.)
    TimedOut,
    /// A party died. (POSIX, for mutexes: `EOWNERDEAD`.)
    PartyDied,
    /// Another party's time ran out or it panicked, or somebody aborted or reset the barrier. (Python: `BrokenBarrierError`.)
    Broken,
    /// As many threads as there are parties take part already.
    Full,
    /// The party is another thread's: in a forked child, with its parent's [`Party`].
    NotHeld(NotHeld),
    /// This thread holds too many locks.
    TooManyHeld(TooManyHeld),
    /// This thread cannot use locks.
    Unsupported(Unsupported),
}

impl From<BarrierFailure> for BarrierError {
    fn from(failure: BarrierFailure) -> Self {
        match failure {
            BarrierFailure::TimedOut => Self::TimedOut,
            BarrierFailure::Died => Self::PartyDied,
            BarrierFailure::Broken => Self::Broken,
            BarrierFailure::NotHeld => Self::NotHeld(NotHeld),
        }
    }
}

impl From<TooManyHeld> for BarrierError {
    fn from(error: TooManyHeld) -> Self {
        Self::TooManyHeld(error)
    }
}

impl From<Unsupported> for BarrierError {
    fn from(error: Unsupported) -> Self {
        Self::Unsupported(error)
    }
}

impl fmt::Display for BarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str(
                "the time ran out before all parties had come to the barrier, which is broken now: recover \
                 it to use it again",
            ),
            Self::PartyDied => f.write_str(
                "a party of the barrier died, so not all will come; it is broken: recover it to use it again",
            ),
            Self::Broken => f.write_str(
                "the barrier is broken: a party's time ran out, or it was aborted or reset; recover it to \
                 use it again",
            ),
            Self::Full => f.write_str(
                "as many threads as the barrier has parties take part in it already: there must be as many \
                 parties as threads that use it",
            ),
            Self::NotHeld(_) => f.write_str(
                "this party of the barrier is another thread's; a forked process has to register itself",
            ),
            Self::TooManyHeld(error) => error.fmt(f),
            Self::Unsupported(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for BarrierError {}

/// What a [`Barrier`]'s wait came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether this is the one party of all that leads: the last that came.
    #[must_use]
    pub const fn is_leader(&self) -> bool {
        self.0
    }
}

impl<const PARTIES: usize> Barrier<PARTIES> {
    /// Takes part until the [`Party`] is dropped: from now on, the others are told if the calling thread dies.
    ///
    /// # Errors
    ///
    /// [`BarrierError::Full`], `TooManyHeld` or `Unsupported`; nothing has changed.
    pub fn register(&self) -> Result<Party<'_, PARTIES>, BarrierError> {
        let p = Linux::current()?;
        match self.raw.enter(p, PARTIES, p.me() as usize)? {
            Some(place) => {
                p.lends_nothing(&self.raw.parts().0[place]);
                Ok(Party { barrier: self, p, place, panicking: thread::panicking() })
            }
            None => Err(BarrierError::Full),
        }
    }

    /// Takes part, waits until all have come, as long as it takes, and takes part no longer.
    ///
    /// # Errors
    ///
    /// See [`BarrierError`].
    pub fn wait(&self) -> Result<BarrierWaitResult, BarrierError> {
        self.register()?.wait()
    }

    /// Takes part, and waits until all have come, no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// See [`BarrierError`]. If the time runs out, the barrier is broken.
    pub fn wait_for(&self, timeout: Duration) -> Result<BarrierWaitResult, BarrierError> {
        self.register()?.wait_for(timeout)
    }

    /// Takes part, and waits until all have come, no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// See [`BarrierError`]. If the time runs out, the barrier is broken.
    pub fn wait_until(&self, moment: Instant) -> Result<BarrierWaitResult, BarrierError> {
        self.register()?.wait_until(moment)
    }

    /// Breaks the barrier: all who wait are told at once, and whoever comes, until somebody [recovers](Self::recover) it.
    pub fn abort(&self) {
        self.raw.abort(Linux::lockless());
    }

    /// Makes the barrier whole again if it is broken: nobody has come, and the dead no longer count as parties. If it is not,
    /// nothing happens. Says whether it was the caller who did it.
    ///
    /// What a party does that was told and wants to go on. All who were told may: one of them does it, and the others
    /// find it done. Whoever waits and had not noticed yet that it was broken is told.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockproof::{Barrier, BarrierError, Region};
    ///
    /// let barrier = Region::<Barrier<2>>::anonymous()?;
    /// let meets = || -> Result<(), BarrierError> {
    ///     let party = barrier.register()?;
    ///     loop {
    ///         match party.wait() {
    ///             // Whoever takes the place of the dead one comes, and all meet.
    ///             Err(BarrierError::PartyDied | BarrierError::Broken) => {
    ///                 barrier.recover();
    ///             }
    ///             met => return met.map(drop),
    ///         }
    ///     }
    /// };
    /// barrier.abort();
    /// std::thread::scope(|scope| {
    ///     let other = scope.spawn(meets);
    ///     meets()?;
    ///     other.join().expect("the other meets")
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recover(&self) -> bool {
        self.raw.recover(Linux::lockless(), PARTIES)
    }

    /// Makes the barrier whole again, broken or not: nobody has come, and the dead no longer count as parties. All who wait are
    /// told that it was broken, and so may be whoever comes at this very moment.
    ///
    /// For somebody who starts anew, alone. Where each party does this as soon as it is told, each breaks what the others
    /// have begun, and that may go on for ever: they [`recover`](Self::recover).
    pub fn reset(&self) {
        self.raw.reset(Linux::lockless(), PARTIES);
    }

    /// Whether whoever comes is refused. What was written before it broke is seen by who finds it broken.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.raw.look(Linux::lockless(), PARTIES).broken.is_some()
    }

    /// How many have come and wait for the others at this moment.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.raw.look(Linux::lockless(), PARTIES).waiting as usize
    }

    /// How many take part at this moment.
    #[must_use]
    pub fn taking_part(&self) -> usize {
        self.raw.look(Linux::lockless(), PARTIES).taking_part
    }

    /// How many have to come.
    #[must_use]
    pub const fn parties(&self) -> usize {
        PARTIES
    }
}

impl<const PARTIES: usize> Barrier<PARTIES> {
    /// What it is made of, to look at.
    pub(crate) const fn raw(&self) -> &RawBarrier<RobustWord, Word32, PARTIES> {
        &self.raw
    }
}

impl<const PARTIES: usize> fmt::Debug for Barrier<PARTIES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let look = self.raw.look(Linux::lockless(), PARTIES);
        f.debug_struct("Barrier")
            .field("parties", &PARTIES)
            .field("taking_part", &look.taking_part)
            .field("waiting", &look.waiting)
            .field("broken", &look.broken.is_some())
            .finish()
    }
}

/// A thread that takes part in a [`Barrier`], until this is dropped.
///
/// Dropping it tells nobody: somebody else may take the place. Dropping it in a panic breaks the barrier.
///
/// Belongs to the thread that registered, and cannot be sent to another one:
///
/// ```compile_fail,E0277
/// let region = lockproof::Region::<lockproof::Barrier<2>>::anonymous().unwrap();
/// let party = region.register().unwrap();
/// std::thread::scope(|scope| {
///     scope.spawn(move || drop(party));
/// });
/// ```
///
/// # If a holder dies
///
/// The barrier is broken for the others: see [`Barrier`]. In a forked child, this is no party.
#[must_use = "the thread takes part only until this is dropped"]
pub struct Party<'a, const PARTIES: usize> {
    barrier: &'a Barrier<PARTIES>,
    /// The thread's platform, which cannot be sent: the kernel knows the party by its thread.
    p: &'static Linux,
    place: usize,
    panicking: bool,
}

impl<const PARTIES: usize> Party<'_, PARTIES> {
    /// Waits until all have come, as long as it takes.
    ///
    /// # Errors
    ///
    /// See [`BarrierError`].
    pub fn wait(&self) -> Result<BarrierWaitResult, BarrierError> {
        self.wait_before(Deadline::Never)
    }

    /// Waits until all have come, no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// See [`BarrierError`]. If the time runs out, the barrier is broken.
    pub fn wait_for(&self, timeout: Duration) -> Result<BarrierWaitResult, BarrierError> {
        self.wait_before(Deadline::after(monotonic_now(), timeout))
    }

    /// Waits until all have come, no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// See [`BarrierError`]. If the time runs out, the barrier is broken.
    pub fn wait_until(&self, moment: Instant) -> Result<BarrierWaitResult, BarrierError> {
        self.wait_before(deadline_at(moment))
    }

    fn wait_before(&self, deadline: Deadline) -> Result<BarrierWaitResult, BarrierError> {
        let led = self.barrier.raw.wait(self.p, PARTIES, self.place, deadline)?;
        Ok(BarrierWaitResult(led))
    }
}

impl<const PARTIES: usize> Drop for Party<'_, PARTIES> {
    fn drop(&mut self) {
        // In a forked child it is its parent's, and stays so.
        if !self.panicking && thread::panicking() && self.barrier.raw.is_mine(self.p, self.place) {
            self.barrier.abort();
        }
        let _ = self.barrier.raw.leave(self.p, self.place);
    }
}

impl<const PARTIES: usize> fmt::Debug for Party<'_, PARTIES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Party").field("barrier", self.barrier).finish()
    }
}
