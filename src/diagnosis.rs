//! Who holds a lock, and how many wait for it: a look from outside, for the moment when everything hangs.
//!
//! Nothing of it costs anything where locks are taken. Who holds a lock, its word says. How many wait, the kernel is asked:
//! moving all sleepers of a word to that same word changes nothing, and says how many there are
//! (`FUTEX_CMP_REQUEUE`, as of Linux 2.6.7). Since when, is known where somebody waits: whoever begins to wait for a holder
//! notes the time beside the word, for others to read.
//!
//! A look takes no lock, waits for nobody and changes nothing that anybody relies on. It is no look at one moment: by the time
//! its result is read, somebody else may hold the lock.

use core::fmt;

use crate::platform::{Linux, Platform, RobustWord, Word32};

pub(crate) mod holder;
pub(crate) mod primitives;

pub use holder::{Holder, Part};

/// What can be looked at from outside: every primitive, and the locks of the feature `lock_api`.
///
/// # Examples
///
/// ```
/// use lockproof::diagnosis::Diagnose;
/// use lockproof::{Mutex, Region, Workers};
///
/// let region = Region::<Mutex<u64>>::anonymous()?;
/// let guard = region.lock().expect("nobody has died");
/// let look = |_| -> Result<(), Box<dyn std::error::Error>> {
///     let diagnosis = region.diagnosis();
///     assert_eq!(diagnosis.holders.len(), 1);
///     assert_eq!(diagnosis.holders[0].process, Some(std::os::unix::process::parent_id()));
///     println!("{diagnosis}");
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// unsafe { Workers::fork(1, look) }?.join()?;
/// drop(guard);
/// assert!(region.diagnosis().holders.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Diagnose {
    /// Who holds it and how many wait, as far as that is known.
    fn diagnosis(&self) -> Diagnosis;
}

/// Who holds a primitive, and how many wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// All that hold something of it: the lock, a permit, a place, a task.
    pub holders: Vec<Holder>,
    /// How many threads sleep on it; `None` where the kernel or a sandbox does not say.
    pub waiting: Option<usize>,
    /// Whether a holder died, and nobody has put right what it left.
    pub owner_died: bool,
    /// Whether it can never be taken again.
    pub not_recoverable: bool,
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.not_recoverable {
            f.write_str("not recoverable, ")?;
        } else if self.owner_died {
            f.write_str("left by a dead holder, ")?;
        }
        match self.waiting {
            Some(0) => f.write_str("nobody waits")?,
            Some(1) => f.write_str("1 thread waits")?,
            Some(some) => write!(f, "{some} threads wait")?,
            None => f.write_str("how many wait is not known")?,
        }
        if self.holders.is_empty() {
            return f.write_str("; nobody holds it");
        }
        self.holders.iter().try_for_each(|holder| write!(f, "; {holder}"))
    }
}

impl Diagnosis {
    /// Nobody holds it, nobody waits.
    pub(crate) fn nothing() -> Self {
        Self { waiting: Some(0), ..Self::default() }
    }

    /// Adds whoever is in a robust word, and those who sleep on it.
    pub(crate) fn with_seat(self, part: Part, robust: &RobustWord) -> Self {
        self.with_holder(part, robust).with_sleepers(Linux::word(robust))
    }

    /// Adds whoever is in a robust word.
    pub(crate) fn with_holder(mut self, part: Part, robust: &RobustWord) -> Self {
        self.holders.extend(Holder::of(part, robust));
        self
    }

    /// Adds those who sleep on a word.
    pub(crate) fn with_sleepers(self, word: &Word32) -> Self {
        self.with_waiting(Linux::sleepers(word))
    }

    /// Adds so many that wait.
    pub(crate) fn with_waiting(mut self, more: Option<usize>) -> Self {
        self.waiting = self.waiting.zip(more).map(|(some, more)| some + more);
        self
    }

    /// Adds what another diagnosis says.
    pub(crate) fn with(mut self, other: Self) -> Self {
        self.holders.extend(other.holders);
        self.owner_died |= other.owner_died;
        self.not_recoverable |= other.not_recoverable;
        self.with_waiting(other.waiting)
    }
}
