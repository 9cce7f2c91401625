//! A region that was found, and its words.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::condition;
use super::error::InspectError;
use super::memory::Memory;
use super::outline::{self, Row, Spot, Spots};
use super::process::FileId;
use super::{Built, Header, PrimitiveLook, Since};
use crate::diagnosis::holder::Holder;
use crate::diagnosis::{Diagnosis, Part};
use crate::platform::RobustWord;
use crate::raw::mutex_state::State;
use crate::shm::claim::Surroundings;
use crate::shm::header::{Looked, LookedStage, Misread, PAYLOAD_OFFSET, look};
use crate::shm::outline::Role;

/// The longest outline that is read.
const LONGEST_OUTLINE: u64 = 16 << 20;

/// A region that can be read.
#[derive(Debug)]
pub(super) struct Opened {
    /// Where it is, for people.
    pub(super) place: String,
    /// As `/proc/PID/maps` has it.
    pub(super) path: String,
    pub(super) file: FileId,
    pub(super) owner: Option<u32>,
    pub(super) memory: Memory,
    header: Looked,
    since: Since,
    pub(super) spots: Spots,
    /// Which primitive has the word at that place in the region, and what the word is in it.
    words: BTreeMap<u64, (usize, Role)>,
}

/// What a thread in a robust word means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Threads {
    /// Those of this machine, as we see them.
    Ours,
    /// All dead.
    OfAnotherBoot,
    /// Not known.
    OfAnotherNamespace,
}

impl Opened {
    /// The region in a file at that path, which is followed if it is a link and that is wanted.
    pub(super) fn at(path: &Path, place: &str, follow: bool) -> Result<Self, InspectError> {
        let links = if follow { 0 } else { libc::O_NOFOLLOW };
        // A pipe without a writer would have us wait.
        let flags = libc::O_NONBLOCK | libc::O_NOCTTY | links;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
        let file = file.map_err(|error| match error.raw_os_error() {
            Some(libc::ELOOP) => {
                InspectError::NotARegion { place: place.to_owned(), why: "it is a symbolic link" }
            }
            Some(libc::ENXIO) => not_regular(place),
            _ => InspectError::os(place, "open it", error),
        })?;
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        Self::in_file(file, place, &path.to_string_lossy())
    }

    pub(super) fn in_file(file: File, place: &str, path: &str) -> Result<Self, InspectError> {
        let metadata = file.metadata().map_err(|e| InspectError::os(place, "look at it", e))?;
        if metadata.is_dir() {
            return Err(InspectError::NotARegion {
                place: place.to_owned(),
                why: "it is a directory",
            });
        }
        if !metadata.is_file() {
            return Err(not_regular(place));
        }
        let (id, owner) = (FileId::of(&metadata), Some(metadata.uid()));
        let memory = Memory::new(file, 0);
        Self::in_memory(memory, metadata.len(), place, path, id, owner)
    }

    pub(super) fn known_as(self, file: FileId) -> Self {
        Self { file, ..self }
    }

    /// The region that begins there, in so many bytes.
    pub(super) fn in_memory(
        mut memory: Memory,
        length: u64,
        place: &str,
        path: &str,
        file: FileId,
        owner: Option<u32>,
    ) -> Result<Self, InspectError> {
        let unreadable = |error| InspectError::os(place, "read it", error);
        let beginning = memory.beginning(PAYLOAD_OFFSET).map_err(unreadable)?;
        let header = look(&beginning, length)
            .map_err(|misread| InspectError::misread(place, length, misread))?;
        let spots = Self::spots(&memory, &header, length, place)?;
        if header.stage == LookedStage::Ready {
            memory.open_window(header.total);
        }
        let since = Since::of(&header);
        let (place, path) = (place.to_owned(), path.to_owned());
        let mut opened =
            Self { place, path, file, owner, memory, header, since, spots, words: BTreeMap::new() };
        opened.words = opened.all_words();
        Ok(opened)
    }

    fn spots(
        memory: &Memory,
        header: &Looked,
        length: u64,
        place: &str,
    ) -> Result<Spots, InspectError> {
        let damaged = |what| InspectError::Damaged { place: place.to_owned(), what };
        if header.stage != LookedStage::Ready {
            return Ok(Spots::default());
        }
        if header.outline_length == 0 {
            return Ok(Spots { unknown: true, ..Spots::default() });
        }
        if header.outline_length > LONGEST_OUTLINE {
            return Err(damaged("what it says of its content is longer than anything there is"));
        }
        let mut bytes = vec![0; header.outline_length as usize];
        memory
            .read(header.outline_at(), &mut bytes)
            .map_err(|_| InspectError::misread(place, length, Misread::Truncated(header.total)))?;
        let text = String::from_utf8(bytes).ok().filter(|text| header.is_outline(text.as_bytes()));
        let text = text.ok_or(damaged("what it says of its content was changed"))?;
        outline::read(&text, header.payload_size)
            .ok_or(damaged("what it says of its content makes no sense"))
    }

    fn all_words(&self) -> BTreeMap<u64, (usize, Role)> {
        let spots = self.spots.all.iter().enumerate();
        let words = spots.flat_map(|(number, spot)| {
            let places = |row: Row| row.places().map(move |at| (row.role, at));
            let slept_on = spot.words.iter().filter(|row| !matches!(row.role, Role::Tells(_)));
            slept_on.flat_map(move |row| places(*row)).map(move |it| (number, it))
        });
        words.map(|(number, (role, at))| (self.futex(role, at), (number, role))).collect()
    }

    /// Where in the region the word is that threads sleep on.
    pub(super) fn futex(&self, role: Role, at: u64) -> u64 {
        let is_plain = match role {
            Role::Sleep => true,
            Role::Tells(told) => told.size().is_some(),
            _ => false,
        };
        let within = if is_plain { 0 } else { self.header.word_at };
        PAYLOAD_OFFSET as u64 + at + within
    }

    /// Which primitive has the word at that place in the region, and what the word is in it.
    pub(super) fn word_at(&self, at: u64) -> Option<(usize, Role)> {
        self.words.get(&at).copied()
    }

    /// Where in the region the words of that role are that a primitive has.
    pub(super) fn words_of(&self, spot: usize, role: Role) -> impl Iterator<Item = u64> {
        let rows = self.spots.all[spot].words.iter().filter(move |row| row.role == role);
        rows.flat_map(|row| row.places()).map(move |at| self.futex(role, at))
    }

    /// The thread in the word at that place in the region, if there can be one.
    pub(super) fn owner_of(&self, at: u64) -> Option<u32> {
        let state = State(self.memory.word(at).ok()?);
        (self.threads() == Threads::Ours && state.owner() != 0).then(|| state.owner())
    }

    pub(super) fn header(&self) -> Header {
        Header {
            holds: self.header.description.clone(),
            built: match self.header.stage {
                LookedStage::Begun => Built::NotYet,
                LookedStage::Building => Built::Unfinished,
                LookedStage::Ready => Built::Ready,
            },
            size: self.header.total,
            since: self.since,
            owner: self.owner,
        }
    }

    fn threads(&self) -> Threads {
        match self.since {
            Since::ThisBoot => Threads::Ours,
            Since::EarlierBoot => Threads::OfAnotherBoot,
            Since::OtherPidNamespace => Threads::OfAnotherNamespace,
        }
    }

    /// A primitive, as it is at this moment.
    pub(super) fn primitive(&self, spot: &Spot) -> PrimitiveLook {
        let mut diagnosis = Diagnosis::nothing();
        let (condition, mut readable) = match condition::read(self, spot) {
            Ok(condition) => (condition, true),
            Err(_) => (None, false),
        };
        let is_locks = |row: &&Row| !matches!(row.role, Role::Tells(_));
        for row in spot.words.iter().filter(is_locks) {
            match self.row(diagnosis.clone(), *row) {
                Some(more) => diagnosis = more,
                None => readable = false,
            }
        }
        if !readable {
            // Cut short since its header was read.
            diagnosis.waiting = None;
        }
        let (name, kind, at) = (spot.name.clone(), spot.kind.to_string(), spot.at);
        let locks = spot.words.iter().any(|row| is_locks(&row));
        PrimitiveLook { name, kind, at, condition, diagnosis, locks, readable, waiters: Vec::new() }
    }

    /// What such words add to a diagnosis; `None` if they cannot be read.
    fn row(&self, mut diagnosis: Diagnosis, row: Row) -> Option<Diagnosis> {
        let mut asleep = Some(0);
        for at in row.places() {
            let word = self.futex(row.role, at);
            let sleepers = || self.memory.sleepers(word);
            match row.role {
                Role::Mutex(part) => {
                    diagnosis = self.mutex(diagnosis, part, at)?.with_waiting(sleepers());
                }
                Role::Seat(part) => {
                    diagnosis = self.holder(diagnosis, part, at)?.with_waiting(sleepers());
                }
                Role::Hold(part) => diagnosis = self.holder(diagnosis, part, at)?,
                Role::Any(part) => {
                    diagnosis = self.holder(diagnosis, part, at)?;
                    asleep = asleep.zip(sleepers()).map(|(some, others)| some.max(others));
                }
                Role::Turn | Role::Sleep => diagnosis = diagnosis.with_waiting(sleepers()),
                Role::Tells(_) => {}
            }
        }
        Some(diagnosis.with_waiting(asleep))
    }

    fn mutex(&self, diagnosis: Diagnosis, part: Part, at: u64) -> Option<Diagnosis> {
        let state = self.state(at)?;
        if state.is_not_recoverable() {
            return Some(Diagnosis { not_recoverable: true, ..diagnosis });
        }
        let owner_died = diagnosis.owner_died || (state.owner_died() && part != Part::Inside);
        self.holder(Diagnosis { owner_died, ..diagnosis }, part, at)
    }

    fn holder(&self, mut diagnosis: Diagnosis, part: Part, at: u64) -> Option<Diagnosis> {
        let state = self.state(at)?;
        let note =
            self.memory.word64(PAYLOAD_OFFSET as u64 + at + RobustWord::NOTE_AT as u64).ok()?;
        diagnosis.holders.extend(match self.threads() {
            Threads::Ours => Holder::seen(part, state, note),
            Threads::OfAnotherBoot => Holder::unknown(part, state, false),
            Threads::OfAnotherNamespace => Holder::unknown(part, state, true),
        });
        Some(diagnosis)
    }

    fn state(&self, at: u64) -> Option<State> {
        self.memory.word(PAYLOAD_OFFSET as u64 + at + self.header.word_at).ok().map(State)
    }
}

impl Since {
    fn of(header: &Looked) -> Self {
        let Ok(here) = Surroundings::here() else { return Self::ThisBoot };
        if header.stage == LookedStage::Ready && header.boot != here.boot {
            return Self::EarlierBoot;
        }
        if header.stage == LookedStage::Ready && header.pid_namespace != here.pid_namespace {
            return Self::OtherPidNamespace;
        }
        Self::ThisBoot
    }
}

fn not_regular(place: &str) -> InspectError {
    InspectError::NotARegion { place: place.to_owned(), why: "it is not a regular file" }
}
