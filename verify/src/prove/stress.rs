//! Real processes under a lock that nobody can look into: one for the crate `lock_api`, or one of C.
//!
//! Several processes add to a number in shared memory that only the lock protects. Then one that holds it is killed, again and
//! again. That proves nothing, and finds what is badly wrong; a lock over a [`World`](super::World) is better proved.
//!
//! # What the lock must be like
//!
//! It lies in `MAP_SHARED` memory, and has to be made for several processes: nothing of it may be elsewhere, as with locks that keep
//! those that wait in a table of their process (`parking_lot`). Such a lock is found to be stuck, or to lose additions.
//!
//! The processes are forked, from whatever thread calls [`Stress::run`], also where there are others, as in a test: they use the
//! shared memory, the lock and nothing else. So the lock's functions must be fit for a forked process: no memory of
//! the heap that another thread might be changing, no thread-local state that only the parent has. All are killed and reaped before
//! the run returns or panics, and die with the thread that calls it.

use std::fmt;
use std::time::{Duration, Instant};

use crate::report::numbers::{count, seconds};

mod board;
mod run;
mod table;

pub use table::CLock;

/// How long nothing may move.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How often a holder is killed.
const KILLS: usize = 10;

/// A lock, and what is done with it.
#[derive(Clone, Copy, Debug)]
#[must_use = "`run` runs it"]
pub struct Stress {
    name: &'static str,
    lock: CLock,
    robust: bool,
    processes: usize,
    lasting: Duration,
}

/// Real processes under a lock that implements `lock_api::RawMutex`: four, for a second.
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// struct Spin(AtomicBool);
///
/// // SAFETY: one at a time exchanges `false` for `true`.
/// unsafe impl lock_api::RawMutex for Spin {
///     const INIT: Self = Self(AtomicBool::new(false));
///     type GuardMarker = lock_api::GuardSend;
///
///     fn lock(&self) {
///         while !self.try_lock() {
///             std::thread::yield_now();
///         }
///     }
///
///     fn try_lock(&self) -> bool {
///         !self.0.swap(true, Ordering::Acquire)
///     }
///
///     unsafe fn unlock(&self) {
///         self.0.store(false, Ordering::Release);
///     }
/// }
///
/// // In your test, with a second or more:
/// use std::time::Duration;
/// let stress = lockproof_verify::prove::stress::<Spin>("spin");
/// stress.lasting(Duration::from_millis(100)).run().assert();
/// ```
pub const fn stress<R: lock_api::RawMutex>(name: &'static str) -> Stress {
    stress_c(name, CLock::of::<R>())
}

/// The same with a lock of C, behind a table of its functions.
pub const fn stress_c(name: &'static str, lock: CLock) -> Stress {
    Stress { name, lock, robust: false, processes: 4, lasting: Duration::from_secs(1) }
}

impl Stress {
    /// The lock says that it survives the death of whoever holds it: if it does not, it is wrong.
    pub const fn robust(self) -> Self {
        Self { robust: true, ..self }
    }

    /// So many processes.
    ///
    /// # Panics
    ///
    /// If that is more than 16, or less than two.
    pub const fn processes(self, processes: usize) -> Self {
        assert!(processes >= 2 && processes <= board::MOST, "2 to 16 processes");
        Self { processes, ..self }
    }

    /// So long, as long as all goes well.
    pub const fn lasting(self, lasting: Duration) -> Self {
        Self { lasting, ..self }
    }

    /// Runs it: first with all alive, then with holders that are killed.
    ///
    /// # Panics
    ///
    /// If the system gives no memory or no processes.
    pub fn run(&self) -> Stressed {
        let began = Instant::now();
        let (inside, alive) = run::alive(self);
        let dying = (alive == Came::Well).then(|| run::dying(self, KILLS));
        let Self { name, robust, processes, .. } = *self;
        Stressed { name, robust, processes, inside, alive, dying, took: began.elapsed() }
    }
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Came {
    /// All that was added is there.
    Well,
    /// So many of the additions are not.
    Lost(u64),
    /// Nobody gets in any more.
    Stuck,
    /// It says so itself, or a process that used it ended.
    Failed(String),
}

/// What was seen of a lock.
#[derive(Clone, Debug)]
#[must_use = "`assert` fails the test if the lock is not right"]
pub struct Stressed {
    name: &'static str,
    robust: bool,
    processes: usize,
    inside: u64,
    alive: Came,
    dying: Option<(usize, Came)>,
    took: Duration,
}

impl Stressed {
    /// Whether no addition was lost and nobody stuck. That all others are after a death counts if the lock says that it is
    /// [robust](Stress::robust).
    #[must_use]
    pub fn holds(&self) -> bool {
        let dying = match &self.dying {
            Some((_, Came::Stuck)) => !self.robust,
            Some((_, came)) => *came == Came::Well,
            None => true,
        };
        self.alive == Came::Well && dying
    }

    /// Whether the death of a holder was seen to leave all others waiting; `None` if the lock is wrong without.
    #[must_use]
    pub fn dies_with_its_holder(&self) -> Option<bool> {
        self.dying.as_ref().map(|(_, came)| *came == Came::Stuck)
    }

    /// Shows the report, and fails unless [`holds`](Self::holds).
    ///
    /// # Panics
    ///
    /// If the lock is not right.
    #[track_caller]
    pub fn assert(&self) {
        println!("{self}");
        assert!(self.holds(), "{} is not right: the report above says why", self.name);
    }
}

impl fmt::Display for Stressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds() { "right, as far as was seen" } else { "NOT right" };
        writeln!(f, "{}: {verdict} ({})", self.name, seconds(self.took))?;
        let how = format!("{} processes, {} times", self.processes, count(self.inside));
        let found = |came: &Came| match came {
            Came::Well => "yes".to_owned(),
            Came::Lost(lost) => format!("WRONG: {} additions were lost", count(*lost)),
            Came::Stuck => format!("WRONG: nobody got in for {}", seconds(PATIENCE)),
            Came::Failed(words) => format!("WRONG: {words}"),
        };
        writeln!(f, "  {:34} {how:33} {}", "one at a time, all get there", found(&self.alive))?;
        let Some((kills, dying)) = &self.dying else { return Ok(()) };
        let s = if *kills == 1 { "" } else { "s" };
        let how = format!("{} processes, {kills} kill{s}", self.processes);
        let found = match dying {
            Came::Stuck if !self.robust => {
                "no: a holder's death keeps all others waiting for ever".to_owned()
            }
            came => found(came),
        };
        writeln!(f, "  {:34} {how:33} {found}", "so it is when holders are killed")
    }
}
