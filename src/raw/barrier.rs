//! A barrier in one word, and a row of robust words that say who takes part.
//!
//! # What is promised
//!
//! Nobody gets past the barrier before as many have arrived as there are parties; then all of them do, and see what the
//! others wrote before they arrived. One of them, the last, is told that it leads. Where that cannot be, the barrier is
//! *broken*: because a party died, a wait's time was up, or somebody said so. Then all who wait are told at once, and so is
//! everybody who arrives, until it is reset. A generation, that is one meeting of all parties, succeeds for everybody or for
//! nobody, and nobody waits in vain, whoever dies at whatever point.
//!
//! # The words
//!
//! **Places**, one for each party, robust words as the semaphore's slots:
//!
//! | | means |
//! |---|---|
//! | 0 | free |
//! | a thread's id | taken |
//! | `OWNER_DIED` | whoever was there died |
//! | `WAITERS` beside it | somebody sleeps there, or did; never taken away |
//!
//! **Announced**, one for each place: the meeting to which whoever had the place has come last, that is the state's `SENSE` and
//! how often it was reset; zero if nobody ever has. Written by the party before it is counted.
//!
//! **The state**, from the lowest bit: how many have arrived (8 bits); `SENSE`, which changes with each generation; how often
//! the barrier was reset (20 bits, wrapping); `SLEEPERS`; `DIED`, `BROKEN`.
//!
//! | from | to | who |
//! |---|---|---|
//! | not broken | one more arrived | a party that arrives, not the last |
//! | all but one arrived, and they are there still | none arrived, the other `SENSE`, no `SLEEPERS` | the last one, which then wakes all |
//! | not broken | + `SLEEPERS` | a party, before it sleeps |
//! | not broken | `BROKEN` | a party whose time is up, which then wakes all |
//! | any | `DIED` | a party that found a dead one, or whose predecessor was one, which then wakes all |
//! | any | `BROKEN`, all sleepers woken in the same step | `abort`; `reset` |
//! | broken | none arrived, not broken, one more reset | `reset`, `recover`, after they have freed the places of the dead |
//!
//! # Why it works
//!
//! *Each party arrives once.* A place belongs to one thread, and there are as many as parties. So while one of those that
//! arrived has not gone on, the next generation cannot be complete: `SENSE` cannot change twice under its eyes. Whoever finds
//! it changed has met the others, whatever else was said since.
//!
//! *A place is counted once.* Somebody may find that a party is dead, and free its place, after others have made the barrier
//! whole and met again, and that dead one among them. So whoever takes a place looks to which meeting its predecessor had come.
//! If that one is still on, the predecessor is dead, as nobody leaves who has come and was not told of the end. It may
//! be counted; so the new one says `DIED` before it can come itself.
//!
//! *None of those who meet was dead before.* The last to come looks at the places of all others first. They have come, and
//! nobody leaves before it was told of the end; so whose place is free, or that of a dead one, has died. Who came instead of a
//! dead one, in whichever place, came after its death: nobody meets both.
//!
//! *A death is seen.* Whoever sleeps does so on the state and all others' places at once, and has marked them, also those
//! that are free. The kernel marks the place of a party that dies, and wakes one sleeper there. That one tells all the
//! others: by `DIED`, and a wake. If it dies before it has, its own place is marked, and somebody else is woken.
//!
//! *The wake may find the wrong one.* Somebody whom a wake at the state has found is a sleeper at the places, too, until it
//! runs. So whoever was woken looks at the places before it goes, also if its own generation is complete.
//!
//! *It may be the second wake.* Whoever says `DIED`, `BROKEN` or that all have come, and then wakes, may die in between. Its
//! place is then marked, and whoever is woken for that wakes all, whatever the state says already. A `reset` and a `recover`
//! wake all before they free that place.
//!
//! *One of those that were told is enough.* If each of them did a `reset`, each would break what the others have begun anew,
//! and on one processor that never ends: whoever is woken resets first. So they `recover`: only who finds it broken does
//! anything, and only one of several at the same time, but for as many more as there were dead.
//!
//! # What a death leaves
//!
//! | who dies | what is left | who goes on |
//! |---|---|---|
//! | a party, anywhere between `enter` and `leave` | its place, marked | whoever sleeps, or the next that is about to |
//! | the last to arrive, before the others are woken | a complete generation, and its place, marked | the others; then the barrier breaks |
//! | who aborts, resets or recovers | the state before, or broken | as in either |
//!
//! # What can go on for ever
//!
//! Two that meet without an end both get on, and whoever waits sleeps. Nobody can be overtaken: the next meeting needs all.
//!
//! # Models
//!
//! `lockproof-verify`, `models/barrier.rs`: generations are complete and seen whole, one leads, nobody waits in vain, with
//! deaths, deadlines, `abort`, `reset` and `recover`; each ordering, mark and wake has a mutant that is caught.
//! `models/again.rs`: without an end.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::mutex_state::{State, WAITERS};
use super::patience::Patience;
use crate::deadline::Deadline;
use crate::error::{NotHeld, TooManyHeld};
use crate::platform::{MOST_WAITED_FOR, Platform, Update, Waited};

const ARRIVED: u32 = SENSE - 1;
const SENSE: u32 = 1 << 8;
const ONE_RESET: u32 = SENSE << 1;
const RESETS: u32 = SLEEPERS - ONE_RESET;
const SLEEPERS: u32 = 1 << 29;
const DIED: u32 = 1 << 30;
const BROKEN: u32 = 1 << 31;

/// Beside `SENSE` and `RESETS`, in a word of those that say who has come to which meeting: somebody has.
const ANNOUNCED: u32 = 1;

/// Breaks the barrier, and wakes all sleepers in the same step.
const BREAK: Update = Update::Set(31);

const EVERYBODY: u32 = u32::MAX;

/// Why a party did not meet the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BarrierFailure {
    /// The deadline passed: the barrier is broken by that.
    TimedOut,
    /// A party died.
    Died,
    /// Somebody else's deadline passed, or somebody broke or reset the barrier.
    Broken,
    /// The calling thread is no party: it has not this place.
    NotHeld,
}

/// How a party arrived.
enum Arrival {
    Last,
    /// As one of those that wait, and what the state was then.
    AndWaits(u32),
}

/// A barrier over a word `W` and robust words `R` of some platform, for up to `N` parties.
#[repr(C)]
#[derive(Debug)]
pub struct RawBarrier<R, W, const N: usize> {
    places: [R; N],
    announced: [W; N],
    state: W,
}

impl<R, W, const N: usize> RawBarrier<R, W, N> {
    /// Where its parts are, for those who look from outside: the places, the state.
    pub(crate) const PARTS_AT: [usize; 2] =
        [core::mem::offset_of!(Self, places), core::mem::offset_of!(Self, state)];

    /// A barrier that nobody takes part in, over words that hold zero. How many parties there are is said at each operation,
    /// and is always the same, 1 to `N`.
    ///
    /// # Panics
    ///
    /// If there are more places than anybody can wait for at once.
    pub fn new(places: [R; N], announced: [W; N], state: W) -> Self {
        assert!(N > 0 && N <= MOST_WAITED_FOR, "a barrier has 1 to {MOST_WAITED_FOR} parties");
        Self { places, announced, state }
    }

    /// Places and state, to look at, and for the platform.
    pub(crate) const fn parts(&self) -> (&[R; N], &W) {
        (&self.places, &self.state)
    }

    /// Takes part, if there is a place: one of those of `parties`. That with the number `first`, modulo theirs, is tried
    /// before others. Says which it is.
    ///
    /// # Errors
    ///
    /// [`TooManyHeld`], and nothing changes.
    pub fn enter<P>(
        &self,
        p: &P,
        parties: usize,
        first: usize,
    ) -> Result<Option<usize>, TooManyHeld>
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        for at in (0..parties).map(|at| (first % parties + at) % parties) {
            // Relaxed: a guess for the compare-exchange.
            let seen = p.load(self.place::<P>(at), Relaxed);
            if seen & !WAITERS == 0 && self.take(p, at, seen)? {
                return Ok(Some(at));
            }
        }
        self.look_closely(p, parties)
    }

    /// Takes any place, after none was found: what was seen may have been old, and somebody may have gone from one place to
    /// another meanwhile. There is none if all were taken by the same threads before and after.
    #[cold]
    fn look_closely<P>(&self, p: &P, parties: usize) -> Result<Option<usize>, TooManyHeld>
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        let scope = p.scope();
        let mut before = [0; N];
        loop {
            p.at(scope, before);
            let mut now = [0; N];
            for (at, now) in now.iter_mut().enumerate().take(parties) {
                // Relaxed: a read-modify-write finds the last value there is.
                let seen = p.fetch_or(self.place::<P>(at), 0, Relaxed);
                if seen & !WAITERS == 0 && self.take(p, at, seen)? {
                    return Ok(Some(at));
                }
                *now = seen & !WAITERS;
            }
            if now == before {
                return Ok(None);
            }
            before = now;
        }
    }

    fn take<P>(&self, p: &P, at: usize, mut seen: u32) -> Result<bool, TooManyHeld>
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        let scope = p.scope();
        let place = &self.places[at];
        while seen & !WAITERS == 0 {
            p.at(scope, seen);
            p.robust_begin(place)?;
            // Acquire: sees what the dead predecessor wrote, if there was one; matches the kernel's compare-exchange on its
            // behalf, through that of whoever freed the place.
            let taken = p.compare_exchange(P::word(place), seen, p.me() | seen, Acquire, Relaxed);
            if taken.is_ok() {
                p.robust_insert(place);
            }
            p.robust_end();
            match taken {
                Ok(_) => {
                    self.tell_of_predecessor(p, at);
                    return Ok(true);
                }
                Err(now) => seen = now,
            }
        }
        Ok(false)
    }

    /// If whoever had this place before has come to the meeting that still is on, it is dead, and may be counted: says so, as
    /// the meeting must not count the calling thread as well.
    fn tell_of_predecessor<P>(&self, p: &P, at: usize)
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        let scope = p.scope();
        // Relaxed, both: what the dead one did was seen when its place was taken.
        let came_to = p.load(&self.announced[at], Relaxed);
        loop {
            let seen = p.load(&self.state, Relaxed);
            p.at(scope, (came_to, seen));
            if came_to != meeting(seen) || why_broken(seen).is_some() || self.says_died(p, seen) {
                return;
            }
        }
    }

    /// Whether the calling thread has this place.
    pub fn is_mine<P>(&self, p: &P, at: usize) -> bool
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        p.robust_holds(&self.places[at])
    }

    /// Takes part no longer. Nobody is told.
    ///
    /// # Errors
    ///
    /// [`NotHeld`], and nothing changes, if the calling thread has not this place.
    pub fn leave<P>(&self, p: &P, at: usize) -> Result<(), NotHeld>
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        if !p.robust_remove(&self.places[at]) {
            return Err(NotHeld::new());
        }
        // Relaxed: as it was taken. A subtraction leaves the mark, whoever sets it meanwhile.
        p.fetch_add(self.place::<P>(at), p.me().wrapping_neg(), Relaxed);
        p.robust_end();
        Ok(())
    }

    /// Arrives, and waits for the others until `deadline`. Says whether this was the last: one of all.
    ///
    /// # Errors
    ///
    /// See [`BarrierFailure`].
    pub fn wait<P>(
        &self,
        p: &P,
        parties: usize,
        at: usize,
        deadline: Deadline,
    ) -> Result<bool, BarrierFailure>
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        if !self.is_mine(p, at) {
            return Err(BarrierFailure::NotHeld);
        }
        match self.arrive(p, parties, at)? {
            Arrival::Last => Ok(true),
            Arrival::AndWaits(arrived) => {
                self.wait_for_others(p, (parties, at), arrived, deadline).map(|()| false)
            }
        }
    }

    fn arrive<P>(&self, p: &P, parties: usize, mine: usize) -> Result<Arrival, BarrierFailure>
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        let scope = p.scope();
        loop {
            // Acquire: the last one sees what the others wrote before they arrived, and whoever is told that it is broken what
            // was written before it was.
            let seen = p.load(&self.state, Acquire);
            p.at(scope, seen);
            if let Some(failure) = why_broken(seen) {
                return Err(failure);
            }
            let is_last = seen & ARRIVED == parties as u32 - 1;
            // All others have come, and whoever has not its place any more is dead.
            if is_last && self.is_any(p, (parties, mine), |place| place.owner() == 0) {
                if self.says_died(p, seen) {
                    return Err(BarrierFailure::Died);
                }
                continue;
            }
            // Relaxed: of use only once this party is dead, and then the kernel publishes it. Before it is counted.
            p.store(&self.announced[mine], meeting(seen), Relaxed);
            let next = if is_last { (seen ^ SENSE) & !(ARRIVED | SLEEPERS) } else { seen + 1 };
            // Release: publishes what this party wrote to all who find the generation complete; matches their Acquire,
            // through all arrivals in between.
            if p.compare_exchange(&self.state, seen, next, Release, Relaxed).is_ok() {
                if !is_last {
                    return Ok(Arrival::AndWaits(next));
                }
                if seen & SLEEPERS != 0 {
                    p.futex_wake(&self.state, EVERYBODY);
                }
                return Ok(Arrival::Last);
            }
        }
    }

    fn wait_for_others<P>(
        &self,
        p: &P,
        (parties, mine): (usize, usize),
        arrived: u32,
        deadline: Deadline,
    ) -> Result<(), BarrierFailure>
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        let scope = p.scope();
        let (mut round, mut late) = (0, deadline == Deadline::Now);
        let mut patience = Patience::new();
        loop {
            // Acquire: sees what the others wrote before they arrived, or before the barrier was broken.
            let seen = p.load(&self.state, Acquire);
            p.at(scope, (seen, round, late));
            if let Some(end) = end_of_generation(arrived, seen) {
                return end;
            }
            if late {
                // Relaxed: what this party wrote it published when it arrived.
                let broken = seen | BROKEN;
                if p.compare_exchange(&self.state, seen, broken, Relaxed, Relaxed).is_ok() {
                    p.futex_wake(&self.state, EVERYBODY);
                    return Err(BarrierFailure::TimedOut);
                }
                continue;
            }
            if p.spin(round) {
                round += 1;
                continue;
            }
            round = 0;
            late = self.sleep(p, (parties, mine), seen, deadline, &mut patience);
        }
    }

    /// Sleeps once, if the state still is `seen` and nobody has died. Says whether the deadline has passed.
    #[cold]
    fn sleep<P>(
        &self,
        p: &P,
        (parties, mine): (usize, usize),
        seen: u32,
        deadline: Deadline,
        patience: &mut Patience,
    ) -> bool
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        let asleep = seen | SLEEPERS;
        // Relaxed: the mark carries no data; whoever ends the generation changes this very word.
        if asleep != seen
            && p.compare_exchange(&self.state, seen, asleep, Relaxed, Relaxed).is_err()
        {
            return false;
        }
        // The state, and after it the places of all others.
        let mut known = [(&self.state, asleep); N];
        for (known, at) in known[1..].iter_mut().zip((0..parties).filter(|at| *at != mine)) {
            let word = self.place::<P>(at);
            // Relaxed, both: of a death, `tell_of_deaths` makes sure.
            let mut seen = p.load(word, Relaxed);
            if seen & WAITERS == 0 {
                seen = p.fetch_or(word, WAITERS, Relaxed) | WAITERS;
            }
            if State(seen).owner_died() {
                self.tell_of_deaths(p, (parties, mine));
                return false;
            }
            *known = (word, seen);
        }
        let until = patience.until(p, deadline);
        match p.futex_wait_any(&known[..parties], until) {
            Waited::Changed => false,
            Waited::Woken => {
                self.tell_of_deaths(p, (parties, mine));
                false
            }
            Waited::TimedOut => {
                patience.has_run_out(p, &known[1..parties]);
                until == deadline
            }
        }
    }

    /// If somebody has died, sees to it that all others hear of it.
    fn tell_of_deaths<P>(&self, p: &P, (parties, mine): (usize, usize))
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        let scope = p.scope();
        loop {
            // Acquire: whoever finds the barrier reset finds the places of the dead free; matches the Release of `reset`.
            let seen = p.load(&self.state, Acquire);
            p.at(scope, seen);
            if !self.is_any(p, (parties, mine), State::owner_died) || self.says_died(p, seen) {
                return;
            }
        }
    }

    /// Whether this is so of the place of any other party.
    fn is_any<P>(&self, p: &P, (parties, mine): (usize, usize), so: fn(State) -> bool) -> bool
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        // Acquire: whoever is told of a death sees what the dead one wrote; matches the kernel's compare-exchange on its
        // behalf.
        let place = |at: usize| State(p.load(self.place::<P>(at), Acquire));
        (0..parties).any(|at| at != mine && so(place(at)))
    }

    /// Tells all of a death, if the state still is `seen`.
    fn says_died<P>(&self, p: &P, seen: u32) -> bool
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        // Release: publishes what the dead one wrote to those who are told.
        let told = p.compare_exchange(&self.state, seen, seen | DIED, Release, Relaxed).is_ok();
        if told {
            // Also where it was said already: whoever did may have died before it woke anybody.
            p.futex_wake(&self.state, EVERYBODY);
        }
        told
    }

    /// Breaks the barrier: all who wait or arrive are told, until it is [reset](Self::reset).
    pub fn abort<P>(&self, p: &P)
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        // Release: the update orders nothing by itself; with it, this publishes what was written before.
        p.fence(Release);
        p.futex_update_wake_all(&self.state, BREAK);
    }

    /// Makes the barrier whole again: nobody has arrived, and the places of the dead are free. All who wait are told that it
    /// was broken.
    pub fn reset<P>(&self, p: &P, parties: usize)
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        let scope = p.scope();
        loop {
            p.at(scope, ());
            self.abort(p);
            for at in 0..parties {
                self.free_if_dead(p, at);
            }
            // Relaxed: a guess for the compare-exchange. If it is not broken, somebody else has reset it, and perhaps used
            // it since: those have to be told as well, as one that they wait for may have been dead a moment ago.
            let seen = p.load(&self.state, Relaxed);
            if why_broken(seen).is_some() && self.make_whole(p, seen).is_ok() {
                return;
            }
        }
    }

    /// Makes the barrier whole again if it is broken, as [`reset`](Self::reset); does nothing if it is not. Says whether it was
    /// the caller who did it: one of all who were told of the same.
    pub fn recover<P>(&self, p: &P, parties: usize) -> bool
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        let scope = p.scope();
        // Relaxed: whoever arrives next looks again.
        let mut seen = p.load(&self.state, Relaxed);
        while why_broken(seen).is_some() {
            p.at(scope, seen);
            // Whoever broke it may have died before it woke anybody, and of that its place tells only until it is free.
            p.futex_wake(&self.state, EVERYBODY);
            let freed = (0..parties).filter(|at| self.free_if_dead(p, *at)).count();
            match self.make_whole(p, seen) {
                Ok(()) => return true,
                // Somebody else was first. Whoever was dead here perhaps died only afterwards, and those that wait for it
                // would not find it any more.
                Err(now) if (now ^ seen) & RESETS != 0 && freed > 0 => {
                    self.reset(p, parties);
                    return true;
                }
                Err(now) => seen = now,
            }
        }
        false
    }

    /// Nobody has arrived, if the state still is `seen`. Otherwise says what it is.
    fn make_whole<P>(&self, p: &P, seen: u32) -> Result<(), u32>
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        let whole = seen & SENSE | seen.wrapping_add(ONE_RESET) & RESETS;
        // Release: see `tell_of_deaths`.
        p.compare_exchange(&self.state, seen, whole, Release, Relaxed).map(drop)
    }

    /// Says whether somebody dead was there.
    fn free_if_dead<P>(&self, p: &P, at: usize) -> bool
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        let scope = p.scope();
        let word = self.place::<P>(at);
        // Relaxed, both: a place protects nothing.
        let mut seen = p.load(word, Relaxed);
        while State(seen).owner_died() {
            p.at(scope, seen);
            match p.compare_exchange(word, seen, seen & WAITERS, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    /// What it is like: a moment's look.
    pub fn look<P>(&self, p: &P, parties: usize) -> BarrierLook
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        // Acquire: whoever finds it broken sees what was written before.
        let seen = p.load(&self.state, Acquire);
        let broken = why_broken(seen);
        // Relaxed: for people.
        let taken = |at: &usize| State(p.load(self.place::<P>(*at), Relaxed)).owner() != 0;
        BarrierLook {
            waiting: arrived(seen),
            taking_part: (0..parties).filter(taken).count(),
            broken,
        }
    }

    /// Makes it whole, and takes back the places of another boot of the machine. Nobody else uses the barrier meanwhile.
    pub(crate) fn forget_holders<P>(&self, p: &P)
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        // Relaxed, all: the caller has it for itself.
        for at in 0..N {
            p.swap(self.place::<P>(at), 0, Relaxed);
            p.swap(&self.announced[at], 0, Relaxed);
        }
        p.swap(&self.state, 0, Relaxed);
    }

    fn place<P>(&self, at: usize) -> &W
    where
        P: Platform<RobustWord = R, Word = W>,
    {
        P::word(&self.places[at])
    }
}

/// What a barrier is like at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BarrierLook {
    /// How many have arrived and wait for the others.
    pub waiting: u32,
    /// How many take part.
    pub taking_part: usize,
    /// Why whoever arrives is refused, if that is so.
    pub broken: Option<BarrierFailure>,
}

/// Which meeting this is, for [`announced`](RawBarrier#structfield.announced). Never zero.
const fn meeting(state: u32) -> u32 {
    state & (SENSE | RESETS) | ANNOUNCED
}

/// How many have come to the meeting that is on, if the barrier is whole.
pub(crate) const fn arrived(state: u32) -> u32 {
    if why_broken(state).is_some() { 0 } else { state & ARRIVED }
}

pub(crate) const fn why_broken(state: u32) -> Option<BarrierFailure> {
    if state & DIED != 0 {
        Some(BarrierFailure::Died)
    } else if state & BROKEN != 0 {
        Some(BarrierFailure::Broken)
    } else {
        None
    }
}

/// What came of the generation in which somebody arrived, if it is over.
const fn end_of_generation(arrived: u32, now: u32) -> Option<Result<(), BarrierFailure>> {
    if (arrived ^ now) & SENSE != 0 {
        Some(Ok(()))
    } else if let Some(failure) = why_broken(now) {
        Some(Err(failure))
    } else if (arrived ^ now) & RESETS != 0 {
        Some(Err(BarrierFailure::Broken))
    } else {
        None
    }
}
