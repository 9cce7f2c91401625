//! Finding regions: the one that is meant, all of a process, all of the machine; and removing one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::error::InspectError;
use super::mapped::open_regular;
use super::opened::Opened;
use super::process::{self, FileId, Mapped};
use super::users::{Everybody, Users};
use super::{Header, Target};

/// Where named regions are.
const NAMED: &str = "/dev/shm";

/// Regions that were asked for, and what could not be seen.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) regions: Vec<Opened>,
    pub(super) everybody: Everybody,
    pub(super) notes: Vec<String>,
}

/// Finds what is meant.
pub(super) fn open(target: &Target) -> Result<Found, InspectError> {
    let (mut regions, mut notes) = (Vec::new(), Vec::new());
    match (target, target.file()) {
        (_, Some((path, place, follow))) => regions.push(Opened::at(&path, &place, follow)?),
        (Target::Process(process), _) => regions = of_process(*process, &mut notes)?,
        (_, None) => {}
    }
    Ok(Found { regions, everybody: Everybody::look(), notes })
}

fn of_process(process: u32, notes: &mut Vec<String>) -> Result<Vec<Opened>, InspectError> {
    let mapped = process::mapped_by(process)
        .map_err(|error| InspectError::os(&format!("process {process}"), "look into it", error))?;
    let mut regions = Vec::new();
    let mut hidden = 0;
    for opened in of_mappings(process, &mapped, &mut BTreeSet::new()) {
        match opened {
            Ok(region) => regions.push(region),
            Err(InspectError::NotPermitted(_)) => hidden += 1,
            Err(error) => notes.push(error.to_string()),
        }
    }
    if regions.is_empty() && notes.is_empty() {
        return Err(InspectError::NoRegions { process, hidden });
    }
    if hidden > 0 {
        notes.push(format!(
            "{hidden} more shared mappings of process {process} cannot be read; root can, outside of a container"
        ));
    }
    Ok(regions)
}

/// The regions among a process's mappings that are not known yet.
pub(super) fn of_mappings<'a>(
    process: u32,
    mapped: &'a [Mapped],
    known: &'a mut BTreeSet<FileId>,
) -> impl Iterator<Item = Result<Opened, InspectError>> + 'a {
    mapped
        .iter()
        .filter(|mapped| mapped.may_be_region() && known.insert(mapped.file))
        .filter_map(move |mapped| Opened::mapped(process, mapped))
}

/// A region of the machine.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Listed {
    /// What [`Target::guess`] finds it by: its name, its path; nothing where only its processes lead to it.
    pub name: Option<String>,
    /// Where it is, in words.
    pub place: String,
    /// What its header says; or why it cannot be looked at.
    pub header: Result<Header, String>,
    /// Who uses it.
    pub users: Users,
}

/// The regions of the machine.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Listing {
    /// Those that were found.
    pub regions: Vec<Listed>,
    /// How many named files may not be read.
    pub unreadable: usize,
    /// Of how many processes it is not permitted to know what they have.
    pub hidden: usize,
}

/// Finds all regions: named ones, and whatever processes have mapped or, of memory files, open.
#[must_use]
pub fn regions() -> Listing {
    let everybody = Everybody::look();
    let mut search =
        Search { everybody: &everybody, known: BTreeSet::new(), found: Vec::new(), unreadable: 0 };
    search.named();
    search.mapped();
    search.memory_files();
    let Search { found, unreadable, .. } = search;
    Listing { regions: found, unreadable, hidden: everybody.hidden }
}

struct Search<'a> {
    everybody: &'a Everybody,
    known: BTreeSet<FileId>,
    found: Vec<Listed>,
    unreadable: usize,
}

impl Search<'_> {
    fn named(&mut self) {
        let entries = fs::read_dir(NAMED).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        names.sort();
        for name in names {
            let path = Path::new(NAMED).join(&name);
            let is_file = |metadata: &fs::Metadata| metadata.is_file();
            let Some(metadata) = fs::symlink_metadata(&path).ok().filter(is_file) else { continue };
            self.known.insert(FileId::of(&metadata));
            let name = name.to_string_lossy().into_owned();
            let place = format!("region {name:?}");
            self.add(Some(name), place.clone(), Opened::at(&path, &place, false));
        }
    }

    fn mapped(&mut self) {
        for (process, mapped) in &self.everybody.mapped {
            let opened: Vec<_> = of_mappings(*process, mapped, &mut self.known).collect();
            for opened in opened {
                let path = opened.as_ref().ok().map(|opened| opened.path.clone());
                let is_there = |path: &String| path.starts_with('/') && Path::new(path).is_file();
                let place = opened.as_ref().map_or_else(ToString::to_string, |it| it.place.clone());
                self.add(path.filter(is_there), place, opened);
            }
        }
    }

    fn memory_files(&mut self) {
        for (_, path, target) in &self.everybody.memory_files {
            let Ok(file) = open_regular(path) else { continue };
            let Ok(metadata) = file.metadata() else { continue };
            if self.known.insert(FileId::of(&metadata)) {
                let place = format!("region in {}", target.escape_debug());
                let opened = Opened::in_file(file, &place, target);
                self.add(None, place, opened);
            }
        }
    }

    fn add(&mut self, name: Option<String>, place: String, opened: Result<Opened, InspectError>) {
        let (header, users) = match opened {
            Ok(opened) => {
                let users = self.everybody.users_of(opened.file, &opened.path);
                (Ok(opened.header()), users)
            }
            Err(InspectError::NotPermitted(_)) => return self.unreadable += 1,
            Err(
                error @ (InspectError::Damaged { .. }
                | InspectError::Truncated { .. }
                | InspectError::WrongVersion { .. }),
            ) => (Err(error.to_string()), Users::default()),
            Err(_) => return,
        };
        self.found.push(Listed { name, place, header, users });
    }
}

/// Removes the name of a region that nobody uses; with `force` also of one that somebody uses, who keeps it.
///
/// That nobody uses it is certain, also of those who cannot be seen: all users hold a lock of its file.
///
/// # Errors
///
/// See [`InspectError`]. What is no region is left alone, whatever is asked for; one that is damaged, or of another version, is
/// removed.
pub fn remove(target: &Target, force: bool) -> Result<PathBuf, InspectError> {
    let Some((path, place, _)) = target.file() else {
        return Err(InspectError::NotARegion {
            place: "a process".to_owned(),
            why: "only names and paths can be removed",
        });
    };
    // Of a link it would not be clear what is to be removed.
    let users = match Opened::at(&path, &place, false) {
        Ok(opened) => Everybody::look().users_of(opened.file, &opened.path),
        Err(
            InspectError::Damaged { .. }
            | InspectError::Truncated { .. }
            | InspectError::WrongVersion { .. },
        ) => Users::default(),
        Err(error) => return Err(error),
    };
    let file = open_regular(&path).map_err(|error| InspectError::os(&place, "open it", error))?;
    // Held until it is removed: nobody begins to use it meanwhile.
    let locked = match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => false,
        Err(Errno::WOULDBLOCK) => true,
        Err(errno) => return Err(InspectError::os(&place, "lock it", errno.into())),
    };
    let users = Users { locked, ..users };
    if !force && !users.is_empty() {
        return Err(InspectError::InUse { place, users });
    }
    let same = |there: &fs::Metadata, ours: &fs::Metadata| FileId::of(there) == FileId::of(ours);
    match (fs::symlink_metadata(&path), file.metadata()) {
        (Ok(there), Ok(ours)) if same(&there, &ours) => {}
        _ => return Err(InspectError::NotFound(place)),
    }
    fs::remove_file(&path).map_err(|error| InspectError::os(&place, "remove it", error))?;
    Ok(path)
}
