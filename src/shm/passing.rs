//! Regions that are passed to the programs that a process executes.
//!
//! The file's descriptor is inherited, under a number that an environment variable tells, together with the file's
//! identity: a program that was started otherwise, with the variable and without the descriptor, is not misled.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::process::Command;

use rustix::fs::fstat;

use super::error::RegionError;
use super::region::Region;
use super::shareable::Shareable;
use crate::platform::{copy_of_inherited, pass_descriptor, pass_no_further};

const VARIABLE: &str = "LOCKPROOF_REGION";

impl<T: Shareable> Region<T> {
    /// Passes the region to the process that the command starts: [`passed`](Self::passed) opens it there. One region for each
    /// command: put several things into one.
    ///
    /// # Errors
    ///
    /// [`RegionError::NoFile`] if the region is [`anonymous`](Self::anonymous).
    pub fn pass_to(&self, command: &mut Command) -> Result<(), RegionError> {
        let place = || self.place().clone();
        let file = self.as_fd().ok_or_else(|| RegionError::NoFile(place()))?;
        let failed = |source| RegionError::Os { place: place(), attempt: "pass it on", source };
        let copy = file.try_clone_to_owned().map_err(failed)?;
        let name = Name::of(&copy).map_err(failed)?;
        command.env(VARIABLE, name.to_string());
        pass_descriptor(command, copy);
        Ok(())
    }

    /// The region that was [passed](Self::pass_to) to this process by the one that started it. Programs that this one executes do
    /// not inherit it.
    ///
    /// # Errors
    ///
    /// [`RegionError::NotPassed`] if there is none; else as [`from_fd`](Self::from_fd).
    pub fn passed() -> Result<Self, RegionError> {
        let name = std::env::var(VARIABLE).ok();
        let name = name.as_deref().and_then(Name::parse).ok_or(RegionError::NotPassed)?;
        let copy = copy_of_inherited(name.descriptor).map_err(|_| RegionError::NotPassed)?;
        if Name::of(&copy).ok().map(|copy| copy.file) != Some(name.file) {
            return Err(RegionError::NotPassed);
        }
        pass_no_further(name.descriptor, &copy);
        Self::from_fd(copy)
    }
}

/// A descriptor's number, and what it is of: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name {
    descriptor: RawFd,
    file: (u64, u64),
}

impl Name {
    fn of(descriptor: &OwnedFd) -> std::io::Result<Self> {
        let stat = fstat(descriptor)?;
        Ok(Self { descriptor: descriptor.as_raw_fd(), file: (stat.st_dev, stat.st_ino) })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let descriptor = parts.next()?.parse().ok()?;
        let file = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        parts.next().is_none().then_some(Self { descriptor, file })
    }
}

impl core::fmt::Display for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { descriptor, file: (device, inode) } = self;
        write!(f, "{descriptor}:{device}:{inode}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written() {
        let name = Name { descriptor: 7, file: (u64::MAX, 0) };
        assert_eq!(Name::parse(&name.to_string()), Some(name));
        for nonsense in ["", "7", "7:1", "7:1:2:3", "a:1:2", "7:-1:2"] {
            assert_eq!(Name::parse(nonsense), None, "{nonsense}");
        }
    }
}
