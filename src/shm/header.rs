//! What stands at the beginning of a region, and whether it is what this program expects.
//!
//! # The format, version 2
//!
//! | at | bytes | what | written by |
//! |---|---|---|---|
//! | 0 | 8 | magic: `LOCKPRF` and the format's version | whoever lays the foundation |
//! | 8 | 8 | claim: who may go on ([`claim`](super::claim)) | whoever comes first |
//! | 16 | 40 | the robust mutex under which the region is built | its holders |
//! | 56 | 4 | state: 0 empty, 1 building, 2 ready | the builder |
//! | 64 | 8 | size of the region, header included | the builder, as all that follows |
//! | 72 | 8 | size of the payload | |
//! | 80 | 8 | alignment of the payload | |
//! | 88 | 8 | byte order: `0x0102030405060708` | |
//! | 96 | 8 | distance from list entry to lock word, signed | |
//! | 104 | 8 | PID namespace: its inode number | |
//! | 112 | 16 | boot id | |
//! | 128 | 8 | fingerprint of the type's description: FNV-1a | |
//! | 136 | 8 | bytes of the description that follow | |
//! | 144 | 256 | the description, cut at 256 bytes | |
//! | 400 | 8 | bytes of the outline | |
//! | 408 | 8 | fingerprint of the outline | |
//! | 1024 | | the payload | |
//! | behind it | | the outline: what is where ([`outline`](super::outline)) | |
//!
//! Everything else is zero. From 64 on, all of it is final before the state says ready. Whoever uses the region knows its type,
//! and has no need of the outline; it is for those who look at the region and know nothing: [`inspect`](crate::inspect).
//!
//! Files come from anywhere, so nothing in them is believed before [`check`] has looked at it.

use core::mem::offset_of;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::claim::Surroundings;
use super::outline::Outline;
use super::shareable::Shareable;
use crate::platform::{Linux, Ordering::Relaxed, Platform, RobustWord, Word32, Word64};
use crate::raw::RawInit;

mod check;
mod look;

#[cfg(any(test, fuzzing))]
pub use check::fuzz_header;
#[cfg(any(test, fuzzing))]
pub(super) use check::sound;
pub(super) use check::{Expected, Found, Stage, check, is_region};
pub(crate) use look::{Looked, LookedStage, Misread, look};

/// Where the payload begins: room for more fields, and no payload shares a cache line with the header.
pub(crate) const PAYLOAD_OFFSET: usize = 1024;

/// The format's version.
pub(super) const VERSION: u8 = 2;

/// The first word of every region.
pub(super) const MAGIC: u64 =
    u64::from_le_bytes([b'L', b'O', b'C', b'K', b'P', b'R', b'F', VERSION]);

const BYTE_ORDER: u64 = 0x0102_0304_0506_0708;

/// How much of the description is kept.
const DESCRIPTION_ROOM: usize = 256;

/// The size of a region for a payload of that size.
pub(super) const fn total_size(payload: usize) -> usize {
    PAYLOAD_OFFSET + payload
}

/// The header in place, in shared memory.
#[repr(C)]
pub(super) struct Header {
    magic: Word64,
    pub(super) init: Init,
    identity: [Word64; IDENTITY_WORDS],
}

const IDENTITY_WORDS: usize = size_of::<Identity>() / 8;

type Init = RawInit<RobustWord, Word32, Word64>;

/// The header as it is read from a file.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Clone)]
#[repr(C)]
struct Image {
    magic: u64,
    claim: u64,
    mutex: [u64; 5],
    state: u32,
    reserved: u32,
    identity: Identity,
}

/// What the builder writes.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Clone)]
#[repr(C)]
pub(super) struct Identity {
    total: u64,
    payload_size: u64,
    payload_align: u64,
    byte_order: u64,
    list_offset: i64,
    pid_namespace: u64,
    boot: [u8; 16],
    fingerprint: u64,
    description_length: u64,
    description: [u8; DESCRIPTION_ROOM],
    outline_length: u64,
    outline_fingerprint: u64,
}

const _: () = {
    assert!(offset_of!(Image, claim) == offset_of!(Header, init) + Init::CLAIM_AT);
    assert!(offset_of!(Image, state) == offset_of!(Header, init) + Init::STATE_AT);
    assert!(offset_of!(Image, identity) == offset_of!(Header, identity));
    assert!(size_of::<Header>() == size_of::<Image>() && size_of::<Image>() <= PAYLOAD_OFFSET);
};

/// What a region is to hold.
#[derive(Clone, Debug)]
pub(super) struct Content {
    description: String,
    size: u64,
    align: u64,
    outline: String,
}

impl Content {
    pub(super) fn of<T: Shareable>() -> Self {
        let mut description = String::new();
        T::describe(&mut description);
        let (size, align) = (size_of::<T>() as u64, align_of::<T>() as u64);
        Self { description, size, align, outline: Outline::of::<T>() }
    }

    /// The same with another size and another outline.
    #[cfg(any(test, fuzzing))]
    pub(super) fn outlined(self, size: u64, outline: String) -> Self {
        Self { size, outline, ..self }
    }

    /// Where the payload ends, and the outline begins.
    pub(super) fn payload_end(&self) -> u64 {
        PAYLOAD_OFFSET as u64 + self.size
    }

    /// The size of the region that holds it.
    pub(super) fn total(&self) -> u64 {
        self.payload_end() + self.outline.len() as u64
    }

    /// What stands behind the payload.
    pub(super) fn outline(&self) -> &[u8] {
        self.outline.as_bytes()
    }
}

impl Identity {
    /// The size of the region, by those of its parts; `None` of what cannot be one.
    fn sum(&self) -> Option<u64> {
        self.payload_size.checked_add(PAYLOAD_OFFSET as u64)?.checked_add(self.outline_length)
    }

    pub(super) fn new(content: &Content, here: &Surroundings) -> Self {
        let text = content.description.as_bytes();
        let kept = &text[..text.len().min(DESCRIPTION_ROOM)];
        let mut description = [0; DESCRIPTION_ROOM];
        description[..kept.len()].copy_from_slice(kept);
        Self {
            total: content.total(),
            payload_size: content.size,
            payload_align: content.align,
            byte_order: BYTE_ORDER,
            list_offset: here.list_offset.into(),
            pid_namespace: here.pid_namespace,
            boot: here.boot,
            fingerprint: fingerprint(text),
            description_length: kept.len() as u64,
            description,
            outline_length: content.outline.len() as u64,
            outline_fingerprint: fingerprint(content.outline()),
        }
    }
}

impl Header {
    /// Writes the magic word of memory that no other process can have seen.
    pub(super) fn lay_foundation(&self) {
        // Relaxed: whoever else maps this gets it by a file descriptor or a fork, which order it.
        Linux::lockless().store64(&self.magic, MAGIC, Relaxed);
    }

    /// Writes what the region is. For its builder, or whoever takes it over.
    pub(super) fn identify(&self, identity: &Identity) {
        let p = Linux::lockless();
        let words: [u64; IDENTITY_WORDS] = zerocopy::transmute!(identity.clone());
        for (word, value) in self.identity.iter().zip(words) {
            // Relaxed: `RawInit::finish` or `take_over` publishes it.
            p.store64(word, value, Relaxed);
        }
    }
}

/// FNV-1a over 64 bits: stable for ever, which std's hashers do not promise.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
