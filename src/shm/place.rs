//! Where a region is, for opening it and for saying so in errors.

use core::fmt;
use std::path::{Path, PathBuf};

use super::error::RegionError;

/// Where named regions live: where `shm_open` puts its own.
const NAMED: &str = "/dev/shm";

/// The longest file name that Linux takes.
const LONGEST_NAME: usize = 255;

/// Where a region is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// In no file.
    Anonymous,
    /// In a memory file with this label.
    Memfd(String),
    /// In a file that was received as this descriptor.
    Descriptor(i32),
    /// In `/dev/shm`, under this name.
    Named(String),
    /// In this file.
    File(PathBuf),
}

impl Place {
    /// The path to open.
    pub(super) fn path(&self) -> Result<PathBuf, RegionError> {
        match self {
            Self::Named(name) => {
                check_name(name)?;
                Ok(Path::new(NAMED).join(name))
            }
            Self::File(path) => {
                check_path(path)?;
                Ok(path.clone())
            }
            Self::Anonymous | Self::Memfd(_) | Self::Descriptor(_) => {
                unreachable!("only sources with a path are opened by it")
            }
        }
    }

    /// Whether anybody on the machine may put something there: what is found may be a trap set by another user.
    pub(super) const fn is_for_everybody(&self) -> bool {
        matches!(self, Self::Named(_))
    }

    pub(super) const fn follows_links(&self) -> bool {
        !self.is_for_everybody()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous region"),
            Self::Memfd(label) => write!(f, "region in memory file {label:?}"),
            Self::Descriptor(number) => write!(f, "region in file descriptor {number}"),
            Self::Named(name) => write!(f, "region {name:?} ({NAMED}/{})", name.escape_debug()),
            Self::File(path) => write!(f, "region in file {path:?}"),
        }
    }
}

fn check_name(name: &str) -> Result<(), RegionError> {
    let why = match name {
        "" => "it is empty; give it at least one character",
        "." | ".." => "it means a directory; choose another",
        _ if name.contains('/') => {
            "it contains a slash; give it without, or use Region::file for a path"
        }
        _ if name.contains('\0') => {
            "it contains a NUL character, where the system ends names; leave that out"
        }
        _ if name.len() > LONGEST_NAME => "it is longer than 255 bytes; shorten it",
        _ => return Ok(()),
    };
    Err(RegionError::BadName { name: name.to_owned(), why })
}

fn check_path(path: &Path) -> Result<(), RegionError> {
    let name = path.as_os_str();
    let why = if name.is_empty() {
        "it is empty; give the path of a file"
    } else if name.as_encoded_bytes().contains(&0) {
        "it contains a NUL character, where the system ends names; leave that out"
    } else {
        return Ok(());
    };
    Err(RegionError::BadName { name: name.to_string_lossy().into_owned(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_component_of_a_path() {
        let longest = "x".repeat(LONGEST_NAME);
        for good in ["a", "..a", "jobs.1", "spaces and ünïcode", longest.as_str()] {
            assert!(Place::Named(good.to_owned()).path().is_ok(), "{good:?}");
        }
    }

    #[test]
    fn errors_cannot_draw_on_the_terminal() {
        let said = Place::Named("\u{1b}[31mred".to_owned()).to_string();
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
}
