//! Why there is nothing to see.

use core::fmt;
use std::io;

use super::users::Users;
use crate::shm::header::Misread;

/// Why a region cannot be looked at, or removed: in words.
#[derive(Debug)]
#[non_exhaustive]
pub enum InspectError {
    /// There is no region of that name, no such file and no such process.
    NotFound(String),
    /// This process may not look at it.
    NotPermitted(String),
    /// What is there is something else than a region.
    NotARegion {
        /// Where it is.
        place: String,
        /// What tells.
        why: &'static str,
    },
    /// The region has the format of another version of this library.
    WrongVersion {
        /// Where it is.
        place: String,
        /// The format it has.
        found: u8,
        /// The format that this version knows.
        known: u8,
    },
    /// The region contradicts itself.
    Damaged {
        /// Where it is.
        place: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The file is shorter than the region in it.
    Truncated {
        /// Where it is.
        place: String,
        /// Bytes in the file.
        found: u64,
        /// Bytes that the region needs.
        needed: u64,
    },
    /// The process has no region mapped.
    NoRegions {
        /// The process.
        process: u32,
        /// How many may have been overlooked, for lack of permission.
        hidden: usize,
    },
    /// The region is not to be removed, as it is used.
    InUse {
        /// Where it is.
        place: String,
        /// By whom.
        users: Users,
    },
    /// The operating system refused something.
    Os {
        /// Where the region is.
        place: String,
        /// What was attempted.
        attempt: &'static str,
        /// Its error.
        source: io::Error,
    },
}

impl InspectError {
    pub(super) fn os(place: &str, attempt: &'static str, source: io::Error) -> Self {
        let place = place.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound(place),
            io::ErrorKind::PermissionDenied => Self::NotPermitted(place),
            _ => Self::Os { place, attempt, source },
        }
    }

    pub(super) fn misread(place: &str, found: u64, misread: Misread) -> Self {
        let place = place.to_owned();
        match misread {
            Misread::NotARegion => Self::NotARegion { place, why: "it does not begin like one" },
            Misread::WrongByteOrder => {
                Self::Damaged { place, what: "it was made by a machine with another byte order" }
            }
            Misread::WrongVersion(found, known) => Self::WrongVersion { place, found, known },
            Misread::Damaged(what) => Self::Damaged { place, what },
            Misread::Truncated(needed) => Self::Truncated { place, found, needed },
        }
    }
}

impl fmt::Display for InspectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(what) => {
                write!(
                    f,
                    "{what}: there is no region of that name, no such file, and no such process"
                )
            }
            Self::NotPermitted(place) => {
                write!(f, "{place}: permission denied; its owner may look at it, and root")
            }
            Self::NotARegion { place, why } => write!(f, "{place}: not a region, as {why}"),
            Self::WrongVersion { place, found, known } => write!(
                f,
                "{place}: has format {found}, and this program knows format {known}; use the `lockproof` of the \
                 version that made it",
            ),
            Self::Damaged { place, what } => write!(f, "{place}: damaged, as {what}"),
            Self::Truncated { place, found, needed } => write!(
                f,
                "{place}: the file has {found} bytes, and the region in it needs {needed}: it was cut short",
            ),
            Self::NoRegions { process, hidden: 0 } => {
                write!(f, "process {process} has no region mapped")
            }
            Self::NoRegions { process, hidden } => write!(
                f,
                "process {process} has no region mapped, as far as is permitted to see: {hidden} of its shared \
                 mappings cannot be read; root can, outside of a container",
            ),
            Self::InUse { place, users } => {
                write!(
                    f,
                    "{place}: in use, and not removed: {users}; --force removes its name all the same"
                )
            }
            Self::Os { place, attempt, source } => write!(f, "{place}: cannot {attempt}: {source}"),
        }
    }
}

impl std::error::Error for InspectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Os { source, .. } => Some(source),
            _ => None,
        }
    }
}
