//! Who may use a region: the processes that mean the same by its lock words.
//!
//! A lock word holds a thread id, at a distance from its list entry that the C library chose. Both mean
//! something only within one PID namespace, one boot of the machine and one kind of C library. A process from
//! elsewhere must not even touch the mutex that guards the region's making, so this is settled before, by one
//! number.
//!
//! # The number
//!
//! ```text
//! bits 63..32   hash of the boot id, never 0
//! bits 31..8    PID namespace: the low 24 bits of its inode number
//! bits  7..0    distance from list entry to lock word, signed
//! ```
//!
//! It is no mere hash, as it has to tell what differs while there is nothing else yet to tell it: an
//! older boot can be taken over, another namespace cannot. Once the region is built its header has all of it in full.

use std::io;

use super::error::RegionError;
use super::header::fingerprint;
use super::place::Place;
use crate::platform::{WORD_FROM_LINK, namespace_id};

const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
const PID_NAMESPACE: &str = "/proc/self/ns/pid";

/// What a thread id's meaning depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Surroundings {
    pub(crate) pid_namespace: u64,
    pub(crate) boot: [u8; 16],
    pub(super) list_offset: i8,
}

/// A claim that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// Another boot, of this machine or another; else like us.
    Boot,
    /// Another PID namespace under the same boot.
    PidNamespace,
    /// Another distance from list entry to lock word.
    Libc(i8),
}

impl Surroundings {
    /// Those of the calling process.
    pub(crate) fn here() -> Result<Self, RegionError> {
        let unreadable = |path| move |source| RegionError::ProcUnreadable { path, source };
        let pid_namespace = namespace_id().map_err(unreadable(PID_NAMESPACE))?;
        let boot = boot_id().map_err(unreadable(BOOT_ID))?;
        Ok(Self { pid_namespace, boot, list_offset: LIST_OFFSET })
    }

    /// The number by which processes from the same surroundings know each other; never 0.
    pub(super) fn claim(&self) -> u64 {
        let boot = self.boot_hash().to_le_bytes();
        let space = self.pid_namespace.to_le_bytes();
        let offset = self.list_offset.to_le_bytes();
        u64::from_le_bytes([
            offset[0], space[0], space[1], space[2], boot[0], boot[1], boot[2], boot[3],
        ])
    }

    /// What makes that claim differ from ours; `None` if it is ours.
    pub(super) fn compare(&self, claim: u64) -> Option<Foreign> {
        let [offset, space @ .., _, _, _, _] = claim.to_le_bytes();
        let ours = self.claim().to_le_bytes();
        if offset != ours[0] {
            Some(Foreign::Libc(i8::from_le_bytes([offset])))
        } else if claim >> 32 != self.claim() >> 32 {
            Some(Foreign::Boot)
        } else if space != ours[1..4] {
            Some(Foreign::PidNamespace)
        } else {
            None
        }
    }

    fn boot_hash(&self) -> u32 {
        let hash = fingerprint(&self.boot);
        ((hash >> 32) as u32 ^ hash as u32).max(1)
    }
}

/// This program's distance from list entry to lock word.
const LIST_OFFSET: i8 = {
    assert!(WORD_FROM_LINK >= i8::MIN as i64 && WORD_FROM_LINK <= i8::MAX as i64);
    WORD_FROM_LINK as i8
};

/// The error for a claim that cannot be got over.
pub(super) fn refuse(foreign: Foreign, ours: &Surroundings, place: &Place) -> RegionError {
    let place = place.clone();
    match foreign {
        Foreign::Boot => {
            RegionError::ForeignBoot { place, why: "only opening it by its path can take it over" }
        }
        Foreign::PidNamespace => RegionError::ForeignPidNamespace(place),
        Foreign::Libc(found) => {
            RegionError::ForeignLibc { place, found, expected: ours.list_offset }
        }
    }
}

fn boot_id() -> io::Result<[u8; 16]> {
    let text = std::fs::read_to_string(BOOT_ID)?;
    parse_boot_id(&text)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("it says {text:?}")))
}

/// The 16 bytes of a text like `01234567-89ab-cdef-0123-456789abcdef`.
fn parse_boot_id(text: &str) -> Option<[u8; 16]> {
    let digits = text.trim_end().replace('-', "");
    let number = u128::from_str_radix(&digits, 16).ok()?;
    (digits.len() == 32).then_some(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Surroundings =
        Surroundings { pid_namespace: 0xeffffffc, boot: [7; 16], list_offset: -32 };

    #[test]
    fn what_differs_is_told_from_the_number_alone() {
        let older = Surroundings { boot: [8; 16], ..HERE };
        let container = Surroundings { pid_namespace: 0xf000_0001, ..HERE };
        let musl = Surroundings { list_offset: -28, ..HERE };
        let musl_before = Surroundings { boot: [8; 16], ..musl };
        let container_before = Surroundings { boot: [8; 16], ..container };
        for (whose, foreign) in [
            (HERE, None),
            (older, Some(Foreign::Boot)),
            (container_before, Some(Foreign::Boot)),
            (container, Some(Foreign::PidNamespace)),
            (musl, Some(Foreign::Libc(-28))),
            (musl_before, Some(Foreign::Libc(-28))),
        ] {
            assert_eq!(HERE.compare(whose.claim()), foreign, "{whose:x?}");
        }
    }

    #[test]
    fn no_claim_is_zero() {
        let nothing = Surroundings { pid_namespace: 0, boot: [0; 16], list_offset: 0 };
        assert_ne!(nothing.claim(), 0);
    }

    #[test]
    fn boot_ids_are_read_as_the_kernel_writes_them() {
        let text = "01234567-89ab-cdef-0123-456789abcdef\n";
        let bytes = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes();
        assert_eq!(parse_boot_id(text), Some(bytes));
        for wrong in ["", "01234567", "x1234567-89ab-cdef-0123-456789abcdef", "0123456789abcdef0"] {
            assert_eq!(parse_boot_id(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn this_process_has_surroundings() {
        let here = Surroundings::here().expect("/proc is mounted");
        assert_eq!(here.compare(here.claim()), None);
    }
}
