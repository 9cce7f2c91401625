//! What a region's header says to somebody who expects nothing of it.
//!
//! Other than [`check`](super::check), which vouches for the region that a program means, this reads what any region says of
//! itself, and believes no more of it than what cannot do harm: sizes that fit into the file.

use zerocopy::FromBytes;

use super::check::printable;
use super::{BYTE_ORDER, Image, MAGIC, PAYLOAD_OFFSET, VERSION, fingerprint};
use crate::raw::once::{BUILDING, EMPTY, READY};

/// A header, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Looked {
    /// Empty, building or ready: the state in words.
    pub(crate) stage: LookedStage,
    /// Size of the region.
    pub(crate) total: u64,
    pub(crate) payload_size: u64,
    pub(crate) pid_namespace: u64,
    pub(crate) boot: [u8; 16],
    /// From where a robust word begins to its lock word.
    pub(crate) word_at: u64,
    /// What it holds, printable.
    pub(crate) description: String,
    pub(crate) outline_length: u64,
    outline_fingerprint: u64,
}

/// How far a region has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookedStage {
    Begun,
    Building,
    Ready,
}

/// Why it is no header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misread {
    /// It does not begin like a region.
    NotARegion,
    /// It has another format.
    WrongVersion(u8, u8),
    /// It is of a machine with another byte order.
    WrongByteOrder,
    /// It contradicts itself.
    Damaged(&'static str),
    /// The file is shorter than that.
    Truncated(u64),
}

/// Reads the header of a region in a file of that length that begins with these bytes.
pub(crate) fn look(bytes: &[u8], file_length: u64) -> Result<Looked, Misread> {
    check_magic(bytes)?;
    let whole = bytes.len() >= PAYLOAD_OFFSET;
    let (true, Ok((image, _))) = (whole, Image::read_from_prefix(bytes)) else {
        return Err(Misread::Truncated(PAYLOAD_OFFSET as u64));
    };
    let identity = &image.identity;
    let looked = |stage| {
        let described = usize::try_from(identity.description_length).ok();
        let described = described.and_then(|length| identity.description.get(..length));
        Looked {
            stage,
            total: identity.total,
            payload_size: identity.payload_size,
            pid_namespace: identity.pid_namespace,
            boot: identity.boot,
            word_at: if identity.list_offset == MUSL { 4 } else { 0 },
            description: described.map_or_else(String::new, printable),
            outline_length: identity.outline_length,
            outline_fingerprint: identity.outline_fingerprint,
        }
    };
    match image.state {
        // What is to be there is not, or not all of it.
        EMPTY => return Ok(looked(LookedStage::Begun)),
        BUILDING => return Ok(looked(LookedStage::Building)),
        READY => {}
        _ => return Err(Misread::Damaged("its state is none that there is")),
    }
    if identity.byte_order != BYTE_ORDER {
        return Err(Misread::Damaged("its byte order is none that there is"));
    }
    if ![GLIBC, MUSL].contains(&identity.list_offset) {
        return Err(Misread::Damaged(
            "its distance from list entry to lock word is none that there is",
        ));
    }
    if Some(identity.total) != identity.sum() {
        return Err(Misread::Damaged("its sizes do not add up"));
    }
    if file_length < identity.total {
        return Err(Misread::Truncated(identity.total));
    }
    Ok(looked(LookedStage::Ready))
}

/// Distances from list entry to lock word.
const GLIBC: i64 = -32;
const MUSL: i64 = -28;

fn check_magic(bytes: &[u8]) -> Result<(), Misread> {
    let ours = MAGIC.to_le_bytes();
    let name = &ours[..7];
    match bytes.first_chunk::<8>() {
        Some(found) if *found == ours => Ok(()),
        Some([found @ .., version]) if found == name => {
            Err(Misread::WrongVersion(*version, VERSION))
        }
        Some([_, found @ ..]) if found.iter().eq(name.iter().rev()) => Err(Misread::WrongByteOrder),
        _ => Err(Misread::NotARegion),
    }
}

impl Looked {
    /// Where the outline begins.
    pub(crate) fn outline_at(&self) -> u64 {
        PAYLOAD_OFFSET as u64 + self.payload_size
    }

    /// Whether that is the outline that the builder wrote.
    pub(crate) fn is_outline(&self, bytes: &[u8]) -> bool {
        fingerprint(bytes) == self.outline_fingerprint
    }
}
