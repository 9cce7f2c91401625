//! A look at regions from outside, by whoever may read them: for the moment when everything hangs.
//!
//! What `lockproof inspect` shows. It needs to know nothing of the program whose region it is: what is where, the region says
//! itself, behind its payload. No lock is taken and nothing is written, nor could it be: all is opened for reading only. How many
//! sleep on a word, the kernel is asked, who they are, `/proc`; where it is not permitted to know that, the look
//! [says so](Look::notes).
//!
//! As with [`diagnosis`](crate::diagnosis), it is no look at one moment. Who waits for whom is read twice, and only what was the
//! same both times counts for a [`Deadlock`].
//!
//! Whoever may write to a region may have written anything. A region that is damaged, cut short or meant to do harm is refused in
//! words, or shown wrongly; it neither crashes the one who looks nor keeps it busy for ever.

use std::path::{Path, PathBuf};

mod condition;
mod deadlock;
mod error;
mod find;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod mapped;
mod memory;
mod opened;
mod outline;
mod process;
mod users;
mod waits;

pub use condition::{Condition, Progress};
pub use error::InspectError;
pub use find::{Listed, Listing, regions, remove};
pub use process::Who;
pub use users::{User, Users};
pub use waits::{Deadlock, Link};

use crate::diagnosis::Diagnosis;

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The region of that name, in `/dev/shm`.
    Name(String),
    /// The region in that file.
    Path(PathBuf),
    /// All regions that this process has mapped.
    Process(u32),
}

impl Target {
    /// What somebody means by that on a command line: the number of a process that is there, a path if there is a slash in it,
    /// and a name otherwise.
    #[must_use]
    pub fn guess(text: &str) -> Self {
        let number = text.parse().ok().filter(|number: &u32| *number > 0);
        let process = number.filter(|number| Path::new(&format!("/proc/{number}")).exists());
        match process {
            Some(process) => Self::Process(process),
            None if text.contains('/') => Self::Path(text.into()),
            None => Self::Name(text.to_owned()),
        }
    }

    /// The file, its name for people, and whether it may be a link.
    fn file(&self) -> Option<(PathBuf, String, bool)> {
        match self {
            Self::Name(name) => {
                let path = Path::new("/dev/shm").join(name);
                Some((path, format!("region {name:?}"), false))
            }
            Self::Path(path) => Some((path.clone(), format!("region in {path:?}"), true)),
            Self::Process(_) => None,
        }
    }
}

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Look {
    /// The regions that were asked for.
    pub regions: Vec<RegionLook>,
    /// Threads that wait for each other, also in other regions of the same processes.
    pub deadlocks: Vec<Deadlock>,
    /// What could not be seen, and why.
    pub notes: Vec<String>,
}

/// One region.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RegionLook {
    /// Where it is, in words.
    pub place: String,
    /// What its header says.
    pub header: Header,
    /// All that is in it, in the order in which it is there.
    pub primitives: Vec<PrimitiveLook>,
    /// Whether there is more than that, of which nothing is known, or which is too much to be shown.
    pub more: Option<&'static str>,
    /// Who uses it.
    pub users: Users,
}

/// What a region's header says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// The description of its type, cut at 256 bytes.
    pub holds: String,
    /// Whether it is whole.
    pub built: Built,
    /// How many bytes it has.
    pub size: u64,
    /// Where and when it was made.
    pub since: Since,
    /// The user whose file it is.
    pub owner: Option<u32>,
}

/// How far a region has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Built {
    /// Nobody has begun to build it.
    NotYet,
    /// Somebody builds it, or has died over that.
    Unfinished,
    /// It can be used.
    Ready,
}

/// Where and when a region was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Since the machine was booted.
    ThisBoot,
    /// Before that: whoever held something is dead.
    EarlierBoot,
    /// In another PID namespace, where thread ids mean other threads.
    OtherPidNamespace,
}

/// One primitive.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PrimitiveLook {
    /// The field: `jobs`, `slots[17]`, `inner.lock`; nothing where the region is the primitive.
    pub name: String,
    /// Its type, as the region's description has it.
    pub kind: String,
    /// Where it begins in the payload.
    pub at: u64,
    /// What it is like, where there is more to say than who holds it.
    pub condition: Option<Condition>,
    /// Who holds it and how many wait.
    pub diagnosis: Diagnosis,
    /// Whether there is anything in it to hold or to wait for.
    pub locks: bool,
    /// Whether it could be read.
    pub readable: bool,
    /// Who waits, as far as it is permitted to know.
    pub waiters: Vec<Who>,
}

impl PrimitiveLook {
    /// Whether nobody holds it or waits for it, and nothing is wrong with it.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let Diagnosis { holders, waiting, owner_died, not_recoverable } = &self.diagnosis;
        let quiet = holders.is_empty() && waiting.unwrap_or(0) == 0 && self.waiters.is_empty();
        self.readable && quiet && !owner_died && !not_recoverable
    }
}

/// Looks at a region, or at all that a process has mapped.
///
/// # Errors
///
/// See [`InspectError`].
pub fn inspect(target: &Target) -> Result<Look, InspectError> {
    waits::look(&find::open(target)?)
}
