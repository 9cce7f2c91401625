//! What can go wrong with a region: what is wrong, where, and what to do.

use core::fmt;
use std::io;

use rustix::io::Errno;

use super::place::Place;
use crate::error::{TooManyHeld, Unsupported};

/// Why there is no region.
#[derive(Debug)]
#[non_exhaustive]
pub enum RegionError {
    /// The name cannot be that of a region.
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is no region there.
    NotFound(Place),
    /// There is one already, or another process was quicker to build it.
    AlreadyExists(Place),
    /// This process may not read and write it, or not make or remove it.
    PermissionDenied(Place),
    /// It belongs to a user who is not trusted.
    ForeignOwner {
        /// Where the region is.
        place: Place,
        /// The user it belongs to.
        owner: u32,
    },
    /// The device is full, or the quota is used up.
    OutOfSpace {
        /// Where the region was to be.
        place: Place,
        /// How many bytes it needs.
        needed: u64,
    },
    /// What is there is something else than a region.
    NotARegion {
        /// Where it is.
        place: Place,
        /// What tells.
        why: &'static str,
    },
    /// The region has the format of another version of this library.
    WrongVersion {
        /// Where it is.
        place: Place,
        /// The format it has.
        found: u8,
        /// The format this version knows.
        expected: u8,
    },
    /// The region was made by a machine with another byte order.
    WrongByteOrder(Place),
    /// The region holds another type.
    WrongType {
        /// Where it is.
        place: Place,
        /// What it holds, as far as there is room to say so.
        found: String,
        /// What this program wants.
        expected: String,
    },
    /// The region holds a type of the same description, of another size.
    WrongSize {
        /// Where it is.
        place: Place,
        /// Bytes for the region, as it says itself.
        found: u64,
        /// Bytes for the region, as this program has it.
        expected: u64,
    },
    /// The file is shorter than the region in it.
    Truncated {
        /// Where it is.
        place: Place,
        /// Bytes in the file.
        found: u64,
        /// Bytes that the region needs.
        needed: u64,
    },
    /// The region's header contradicts itself.
    Damaged {
        /// Where it is.
        place: Place,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The region belongs to another PID namespace, where thread ids mean other threads.
    ForeignPidNamespace(Place),
    /// The region was made with a C library that keeps its robust list differently.
    ForeignLibc {
        /// Where it is.
        place: Place,
        /// The region's distance from list entry to lock word, in bytes.
        found: i8,
        /// The distance of this program.
        expected: i8,
    },
    /// The region was made under another boot of the machine, and cannot be taken over.
    ForeignBoot {
        /// Where it is.
        place: Place,
        /// Why not.
        why: &'static str,
    },
    /// Somebody alive is building the region, and had not finished when patience ran out.
    StillBeingBuilt(Place),
    /// The calling thread is building the region: it was opened in the function that fills it.
    BeingBuiltHere(Place),
    /// Whoever began to build the region died or gave up.
    Unfinished(Place),
    /// The name led to another file at each look.
    Unsteady(Place),
    /// The function that was to fill the new region failed.
    Init {
        /// Where the region was to be.
        place: Place,
        /// The function's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The memory file may be cut short by whoever has it, which would end its users by SIGBUS.
    NotSealed(Place),
    /// The region is in no file, so only forked children can have it.
    NoFile(Place),
    /// No region was passed to this process.
    NotPassed,
    /// What `/proc` tells about this process is needed, and cannot be read.
    ProcUnreadable {
        /// The file.
        path: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// This process cannot use locks, and so no regions.
    Unsupported(Unsupported),
    /// The calling thread holds too many locks to open a region, which takes one for a moment.
    TooManyHeld(TooManyHeld),
    /// The operating system refused something.
    Os {
        /// Where the region is, or was to be.
        place: Place,
        /// What was attempted.
        attempt: &'static str,
        /// Its error.
        source: io::Error,
    },
}

impl RegionError {
    /// The error for a system call that failed.
    pub(super) fn os(place: &Place, attempt: &'static str, errno: Errno) -> Self {
        let place = place.clone();
        match errno {
            Errno::ACCESS | Errno::PERM | Errno::ROFS => Self::PermissionDenied(place),
            Errno::NOENT => Self::NotFound(place),
            Errno::EXIST => Self::AlreadyExists(place),
            errno => Self::Os { place, attempt, source: errno.into() },
        }
    }
}

impl fmt::Display for RegionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadName { name, why } => write!(f, "{name:?} cannot name a region: {why}",),
            Self::NotFound(place) => write!(
                f,
                "{place}: no such file or directory; create it first, or use open_or_create",
            ),
            Self::AlreadyExists(place) => write!(
                f,
                "{place}: exists already; open it, or unlink it first if nobody needs it any more",
            ),
            Self::PermissionDenied(place) => write!(
                f,
                "{place}: permission denied, or only reading is possible there; regions are for their owner alone unless made \
                 with another mode, and must be both readable and writable",
            ),
            Self::ForeignOwner { place, owner } => write!(
                f,
                "{place}: belongs to user {owner}, who could cut it short under those who use it; if that one is to be \
                 trusted, say so with owned_by({owner}), or where users have no numbers of their own (user namespaces) with \
                 owned_by_anybody()",
            ),
            Self::OutOfSpace { place, needed } => write!(
                f,
                "{place}: no space left for its {needed} bytes; make room, or mount a larger file system \
                 there (containers often have a small /dev/shm)",
            ),
            Self::NotARegion { place, why } => {
                write!(f, "{place}: not a region, as {why}; was another file meant?")
            }
            Self::WrongVersion { place, found, expected } => write!(
                f,
                "{place}: has format {found}, and this program knows format {expected}; build all programs \
                 with the same version of lockproof, or unlink the region and create it anew",
            ),
            Self::WrongByteOrder(place) => write!(
                f,
                "{place}: made on a machine with another byte order; create it anew on this one",
            ),
            Self::WrongType { place, found, expected } => write!(
                f,
                "{place}: holds {found}, and this program wants {expected}; use one type in all programs, \
                 or unlink the region and create it anew",
            ),
            Self::WrongSize { place, found, expected } => write!(
                f,
                "{place}: takes {found} bytes, and in this program {expected}, though the types have the \
                 same description; build all programs from the same source",
            ),
            Self::Truncated { place, found, needed } => write!(
                f,
                "{place}: the file has {found} bytes, and the region needs {needed}: it was cut short, or \
                 not copied completely; unlink it and create it anew",
            ),
            Self::Damaged { place, what } => write!(
                f,
                "{place}: damaged, {what}; something else has written to it: unlink it and create it anew",
            ),
            Self::ForeignPidNamespace(place) => write!(
                f,
                "{place}: belongs to another PID namespace, where thread ids mean other threads, so that \
                 locks could be taken from living holders; let all its users run in one PID namespace \
                 (docker: --pid=container:NAME or --pid=host)",
            ),
            Self::ForeignLibc { place, found, expected } => write!(
                f,
                "{place}: its programs keep their robust lists at offset {found}, and this one at \
                 {expected}; build all of them for the same C library (glibc or musl)",
            ),
            Self::ForeignBoot { place, why } => {
                write!(f, "{place}: made under another boot of the machine, and {why}")
            }
            Self::StillBeingBuilt(place) => write!(
                f,
                "{place}: another process is still building it; try again later, or look why it takes so \
                 long",
            ),
            Self::BeingBuiltHere(place) => write!(
                f,
                "{place}: this very thread is building it; use what the filling function is given, instead \
                 of opening the region in it",
            ),
            Self::Unfinished(place) => write!(
                f,
                "{place}: whoever began to build it died or gave up; use open_or_create to build it anew, \
                 or unlink it",
            ),
            Self::Unsteady(place) => write!(
                f,
                "{place}: its name leads to another file at each look, or to none; is it a link to nowhere, \
                 or does something remove it all the time?",
            ),
            Self::Init { place, source } => write!(f, "{place}: filling it failed: {source}"),
            Self::NotSealed(place) => write!(
                f,
                "{place}: not sealed against shrinking, so that whoever has it could end this process by \
                 SIGBUS; make it with Region::memfd, or seal it (F_SEAL_SHRINK)",
            ),
            Self::NoFile(place) => {
                write!(f, "{place}: in no file, so it cannot be passed on; make it with Region::memfd")
            }
            Self::NotPassed => f.write_str(
                "no region was passed to this process; have it started by Workers::spawn_sharing, or with a \
                 command that Region::pass_to prepared",
            ),
            Self::ProcUnreadable { path, source } => {
                write!(
                    f,
                    "cannot read {path}, which tells whether thread ids in a region can be trusted: {source}",
                )?;
                let is_mounted = source.kind() != io::ErrorKind::NotFound;
                f.write_str(if is_mounted { "" } else { "; mount /proc" })
            }
            Self::Unsupported(error) => error.fmt(f),
            Self::TooManyHeld(error) => error.fmt(f),
            Self::Os { place, attempt, source } => write!(f, "{place}: cannot {attempt}: {source}"),
        }
    }
}

// No `source`: where there is one, the sentence above contains it.
impl std::error::Error for RegionError {}

impl From<Unsupported> for RegionError {
    fn from(error: Unsupported) -> Self {
        Self::Unsupported(error)
    }
}
