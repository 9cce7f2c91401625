//! Whether any bytes at all are the header of the region that this program expects.

use zerocopy::FromBytes;

#[cfg(any(test, fuzzing))]
use super::look::{LookedStage, look};
use super::{BYTE_ORDER, Content, Identity, Image, MAGIC, PAYLOAD_OFFSET, VERSION, fingerprint};
use crate::raw::once::{BUILDING, EMPTY, READY};
use crate::shm::claim::{Foreign, Surroundings, refuse};
use crate::shm::error::RegionError;
use crate::shm::place::Place;

/// What a header is checked against.
#[derive(Clone, Copy)]
pub(in crate::shm) struct Expected<'a> {
    pub(in crate::shm) place: &'a Place,
    pub(in crate::shm) here: &'a Surroundings,
    pub(in crate::shm) content: &'a Content,
}

/// How far a region has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::shm) enum Stage {
    /// All zeroes, as far as read.
    Blank,
    /// A region, of which nobody has begun to build the content.
    Founded,
    /// Somebody builds, or did.
    Building,
    /// Whole, and of the expected type.
    Ready,
}

/// What [`check`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::shm) struct Found {
    pub(in crate::shm) stage: Stage,
    /// Whether it was used under another boot, and is to be taken over first.
    pub(in crate::shm) other_boot: bool,
    pub(in crate::shm) claim: u64,
}

/// Vouches for the region in a file of `file_length` bytes that begins with these, or says what is wrong.
///
/// `bytes` is as much of the first [`PAYLOAD_OFFSET`] as the file has.
pub(in crate::shm) fn check(
    bytes: &[u8],
    file_length: u64,
    expected: &Expected<'_>,
) -> Result<Found, RegionError> {
    if bytes.iter().all(|byte| *byte == 0) {
        return Ok(Found { stage: Stage::Blank, other_boot: false, claim: 0 });
    }
    check_magic(bytes, expected.place)?;
    let Ok((image, _)) = Image::read_from_prefix(bytes) else {
        return Err(expected.truncated(file_length, PAYLOAD_OFFSET as u64));
    };
    let mut other_boot = match claimed_by(&image, expected)? {
        None => false,
        Some(Foreign::Boot) => true,
        Some(foreign) => return Err(refuse(foreign, expected.here, expected.place)),
    };
    let stage = match image.state {
        EMPTY => Stage::Founded,
        BUILDING => Stage::Building,
        READY => Stage::Ready,
        _ => return Err(expected.damaged("its state is none that there is")),
    };
    if stage == Stage::Ready {
        other_boot |= check_origin(&image.identity, other_boot, expected)?;
        check_type(&image.identity, expected)?;
        if file_length < image.identity.total {
            return Err(expected.truncated(file_length, image.identity.total));
        }
    }
    Ok(Found { stage, other_boot, claim: image.claim })
}

fn check_magic(bytes: &[u8], place: &Place) -> Result<(), RegionError> {
    let ours = MAGIC.to_le_bytes();
    let (name, place) = (&ours[..7], place.clone());
    match bytes.first_chunk::<8>() {
        Some(found) if *found == ours => Ok(()),
        Some([found @ .., version]) if found == name => {
            Err(RegionError::WrongVersion { place, found: *version, expected: VERSION })
        }
        Some([_, found @ ..]) if found.iter().eq(name.iter().rev()) => {
            Err(RegionError::WrongByteOrder(place))
        }
        _ => Err(RegionError::NotARegion { place, why: "it does not begin like one" }),
    }
}

/// Whether a file with this beginning is a region, of whatever version and type.
pub(in crate::shm) fn is_region(bytes: &[u8], place: &Place) -> bool {
    !matches!(check_magic(bytes, place), Err(RegionError::NotARegion { .. }))
}

/// What keeps us apart from those who claimed it.
fn claimed_by(image: &Image, expected: &Expected<'_>) -> Result<Option<Foreign>, RegionError> {
    match image.claim {
        0 if image.state == EMPTY => Ok(None),
        0 => Err(expected.damaged("somebody began to build it, and nobody claimed it")),
        claim => Ok(expected.here.compare(claim)),
    }
}

/// The details behind the claim. Returns whether they, after all, are of another boot: one whose hash is the
/// same.
fn check_origin(
    identity: &Identity,
    other_boot: bool,
    expected: &Expected<'_>,
) -> Result<bool, RegionError> {
    let here = expected.here;
    if identity.byte_order != BYTE_ORDER {
        return Err(expected.damaged("its byte order is none that there is"));
    }
    if identity.list_offset != i64::from(here.list_offset) {
        return Err(expected.damaged("its header names two C libraries"));
    }
    // While one process takes it over, the details are newer than the claim.
    if other_boot || identity.boot != here.boot {
        return Ok(true);
    }
    if identity.pid_namespace != here.pid_namespace {
        return Err(refuse(Foreign::PidNamespace, here, expected.place));
    }
    Ok(false)
}

fn check_type(identity: &Identity, expected: &Expected<'_>) -> Result<(), RegionError> {
    let content = expected.content;
    let Some(described) = usize::try_from(identity.description_length)
        .ok()
        .and_then(|length| identity.description.get(..length))
    else {
        return Err(expected.damaged("its description is longer than there is room for"));
    };
    if Some(identity.total) != identity.sum() {
        return Err(expected.damaged("its sizes do not add up"));
    }
    if identity.fingerprint != fingerprint(content.description.as_bytes()) {
        return Err(RegionError::WrongType {
            place: expected.place.clone(),
            found: printable(described),
            expected: content.description.clone(),
        });
    }
    if (identity.payload_size, identity.payload_align) != (content.size, content.align) {
        return Err(RegionError::WrongSize {
            place: expected.place.clone(),
            found: identity.total,
            expected: content.total(),
        });
    }
    Ok(())
}

/// Text that somebody else wrote, so that it can neither break a line nor command a terminal.
pub(super) fn printable(text: &[u8]) -> String {
    String::from_utf8_lossy(text).escape_debug().to_string()
}

impl Expected<'_> {
    fn damaged(&self, what: &'static str) -> RegionError {
        RegionError::Damaged { place: self.place.clone(), what }
    }

    fn truncated(&self, found: u64, needed: u64) -> RegionError {
        RegionError::Truncated { place: self.place.clone(), found, needed }
    }
}

/// What a fuzzer drives: whatever the bytes, the check neither panics nor vouches for what it should not.
///
/// With an even first byte the rest is a file's beginning; with an odd one it is a list of changes to a sound
/// header, three bytes each: where (16 bits) and what. The next two bytes are the file's length.
///
/// # Panics
///
/// If that is not so.
#[cfg(any(test, fuzzing))]
pub fn fuzz_header(input: &[u8]) {
    let Some(([mode, length @ ..], rest)) = input.split_first_chunk::<3>() else { return };
    let sound = sample::header();
    let bytes = match mode % 2 {
        0 => rest[..rest.len().min(PAYLOAD_OFFSET)].to_vec(),
        _ => sample::changed(sound, rest),
    };
    let length = u16::from_le_bytes(*length).into();
    sample::with_expected(|expected| sample::check_holds(&bytes, length, expected));
    // Whoever expects nothing is not led beyond the end either.
    if let Ok(looked) = look(&bytes, length) {
        assert!(looked.stage != LookedStage::Ready || looked.total <= length);
    }
}

/// The header of a sound region that holds this.
#[cfg(any(test, fuzzing))]
pub(in crate::shm) fn sound(content: &Content, here: &Surroundings) -> [u8; PAYLOAD_OFFSET] {
    use zerocopy::IntoBytes;

    let image = Image {
        magic: MAGIC,
        claim: here.claim(),
        mutex: [0; 5],
        state: READY,
        reserved: 0,
        identity: Identity::new(content, here),
    };
    let mut bytes = [0; PAYLOAD_OFFSET];
    bytes[..size_of::<Image>()].copy_from_slice(image.as_bytes());
    bytes
}

/// A sound header, and what must be true of any.
#[cfg(any(test, fuzzing))]
mod sample {
    use super::*;

    const HERE: Surroundings =
        Surroundings { pid_namespace: 4_026_531_836, boot: [7; 16], list_offset: -32 };

    pub(super) fn content() -> Content {
        Content {
            description: "Sample".to_owned(),
            size: 24,
            align: 8,
            outline: "\"Sample\"()".to_owned(),
        }
    }

    pub(super) fn header() -> [u8; PAYLOAD_OFFSET] {
        sound(&content(), &HERE)
    }

    pub(super) fn changed(mut header: [u8; PAYLOAD_OFFSET], changes: &[u8]) -> Vec<u8> {
        for change in changes.chunks_exact(3) {
            let at = usize::from(u16::from_le_bytes([change[0], change[1]]));
            header[at % size_of::<Image>()] = change[2];
        }
        header.to_vec()
    }

    pub(super) fn with_expected<R>(work: impl FnOnce(&Expected<'_>) -> R) -> R {
        let (place, content) = (Place::Named("fuzzed".to_owned()), content());
        work(&Expected { place: &place, here: &HERE, content: &content })
    }

    pub(super) fn check_holds(bytes: &[u8], file_length: u64, expected: &Expected<'_>) {
        match check(bytes, file_length, expected) {
            Ok(Found { stage: Stage::Blank, .. }) => assert!(bytes.iter().all(|byte| *byte == 0)),
            Ok(found) => {
                assert!(bytes.starts_with(&MAGIC.to_le_bytes()));
                assert!(bytes.len() >= size_of::<Image>());
                let ours = found.claim == 0 || found.claim == HERE.claim();
                assert!(ours || found.other_boot, "never used beside strangers");
                let whole = file_length >= expected.content.payload_end();
                assert!(whole || found.stage != Stage::Ready, "never used beyond its end");
            }
            Err(error) => {
                let said = error.to_string();
                assert!(said.contains("fuzzed"), "says where: {said}");
                assert!(!said.contains(char::is_control), "says so in one line: {said:?}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(header: &[u8], file_length: u64) -> Result<Found, RegionError> {
        sample::with_expected(|expected| check(header, file_length, expected))
    }

    #[test]
    fn a_sound_header_is_vouched_for() {
        let found = checked(&sample::header(), sample::content().total());
        let found = found.expect("nothing is wrong with it");
        assert_eq!((found.stage, found.other_boot), (Stage::Ready, false));
    }

    #[test]
    fn no_single_changed_byte_goes_unexplained() {
        let sound = sample::header();
        for at in 0..PAYLOAD_OFFSET {
            for change in [1, 0x20, 0x80, 0xff] {
                let mut bytes = sound;
                bytes[at] ^= change;
                for length in [0, 1023, 1024, 1047, 1048, 1057, 1058, 5000] {
                    sample::with_expected(|expected| {
                        sample::check_holds(&bytes, length, expected);
                    });
                }
            }
        }
    }

    #[test]
    fn no_shortened_header_goes_unexplained() {
        let sound = sample::header();
        for length in 1..size_of::<Image>() {
            let error = checked(&sound[..length], length as u64).expect_err("it is not whole");
            match error {
                RegionError::NotARegion { .. } if length < 8 => {}
                RegionError::Truncated { .. } if length >= 8 => {}
                other => panic!("{length} bytes: {other}"),
            }
        }
    }

    #[test]
    fn what_the_fuzzer_does_is_done_at_least_once() {
        for input in [&[][..], &[0, 0, 0], &[0, 0, 8, 1, 2, 3], &[1, 0, 8, 56, 0, 9, 128, 0, 1]] {
            fuzz_header(input);
        }
    }
}
