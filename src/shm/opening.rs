//! From a file to a region in use, when many processes come at once and any of them may die.
//!
//! # The steps
//!
//! ```text
//! file ──► foundation ──► claim ──► built ──► ready
//!      flock, alone    └──── RawInit, under its mutex ────┘
//! ```
//!
//! Each process takes the steps that it finds not yet taken, and looks again after each.
//!
//! 1. *Foundation*: a file that is empty, or full of zeroes, gets room for a header and the magic word. Nothing
//!    else is ever written to a file that does not begin with that word.
//! 2. *Claim and building*: [`RawInit`](crate::raw::RawInit) elects the builder. It makes the file as long as it
//!    has to be, says in the header what the region holds, and has it filled.
//!
//! # What a death leaves
//!
//! | the process dies | left behind | who goes on |
//! |---|---|---|
//! | having created the file | an empty file | whoever comes next lays the foundation |
//! | laying the foundation | an empty file, or one of zeroes | the same |
//! | later | a region, as [`RawInit`](crate::raw::RawInit) says | whoever comes next |
//!
//! Nobody goes on with a file whose name is gone: it looks for the name anew. So whoever created a file and fails to
//! make it a region removes it again, while it has the file for itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::building::Site;
use super::claim::{Foreign, Surroundings, refuse};
use super::error::RegionError;
use super::file::File;
use super::header::{Content, Expected, Found, Identity, Stage, check};
use super::map::Mapping;
use super::shareable::Shareable;
use crate::deadline::{Deadline, Monotonic};
use crate::error::TooManyHeld;
use crate::platform::{Linux, monotonic_now, sleep_until};
use crate::raw::{InitFailure, LockFailure, Role};

/// How often a lock that somebody has for a moment is tried again.
const MOMENT: Duration = Duration::from_millis(1);

/// How long somebody who must not build waits for a builder to begin.
const GRACE: Duration = Duration::from_secs(1);

/// What a filling function returns once it has been put into a common form.
pub(super) type Filling = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// What fills a new region; called once at most.
pub(super) type Fill<'a, T> = &'a mut dyn FnMut(&T) -> Filling;

/// Who may make a region of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Only others.
    Use,
    /// Anybody, the caller too.
    UseOrBuild,
    /// Only the caller.
    Build,
}

/// One attempt to use a file.
pub(super) struct Opening<'a> {
    pub(super) file: File,
    /// Where it was found, unless it was received.
    pub(super) path: Option<PathBuf>,
    /// Whether this attempt created it, and removes it again if it fails.
    pub(super) created: bool,
    pub(super) purpose: Purpose,
    pub(super) here: &'a Surroundings,
    pub(super) content: &'a Content,
    /// Until when others are waited for.
    pub(super) until: Monotonic,
}

/// What came of an attempt.
pub(super) enum Outcome<T: Shareable> {
    /// The region, and the file under it.
    Ready(Mapping<T>, File),
    /// The file's name is gone or leads elsewhere.
    Vanished,
}

/// What came of one step.
enum Step<T: Shareable> {
    Ready(Mapping<T>),
    LookAgain,
}

impl Opening<'_> {
    /// Takes all steps.
    pub(super) fn run<T: Shareable>(
        mut self,
        fill: Fill<'_, T>,
    ) -> Result<Outcome<T>, RegionError> {
        let abandoned = Abandoned(&mut self);
        let result = abandoned.0.steps(fill);
        if result.is_ok() {
            abandoned.0.created = false;
        }
        drop(abandoned);
        Ok(match result? {
            Some(mapping) => Outcome::Ready(mapping, self.file),
            None => Outcome::Vanished,
        })
    }

    fn steps<T: Shareable>(
        &mut self,
        fill: Fill<'_, T>,
    ) -> Result<Option<Mapping<T>>, RegionError> {
        let begin_until = self.until.min(monotonic_now() + GRACE);
        loop {
            self.share()?;
            if self.has_vanished()? {
                return Ok(None);
            }
            let found = self.look()?;
            let may_build = self.purpose != Purpose::Use;
            match found.stage {
                _ if found.other_boot => self.take_over::<T>()?,
                Stage::Blank if may_build => self.lay_foundation()?,
                Stage::Blank | Stage::Founded if !may_build => self.await_builder(begin_until)?,
                _ => {
                    if let Step::Ready(mapping) = self.enter(found, fill)? {
                        return Ok(Some(mapping));
                    }
                }
            }
        }
    }

    /// From here on nobody takes the region over, and nobody removes it as abandoned.
    fn share(&self) -> Result<(), RegionError> {
        while !self.file.try_share()? {
            self.pause(self.until, || RegionError::StillBeingBuilt(self.file.place().clone()))?;
        }
        Ok(())
    }

    /// How far the region is, or why it is none.
    fn look(&self) -> Result<Found, RegionError> {
        let found = self.read()?;
        if found.stage != Stage::Blank || self.could_be_region()? {
            return Ok(found);
        }
        // It may have become one meanwhile.
        let found = self.read()?;
        if found.stage != Stage::Blank {
            return Ok(found);
        }
        let (place, why) = (self.file.place().clone(), "it does not begin like one");
        Err(RegionError::NotARegion { place, why })
    }

    fn read(&self) -> Result<Found, RegionError> {
        let (bytes, length) = (self.file.beginning()?, self.file.length()?);
        let (place, here, content) = (self.file.place(), self.here, self.content);
        check(&bytes, length, &Expected { place, here, content })
    }

    /// Whether nothing is lost by making a region of a file that begins with zeroes.
    fn could_be_region(&self) -> Result<bool, RegionError> {
        Ok(self.file.length()? <= self.content.total() && self.file.is_all_zeroes()?)
    }

    fn lay_foundation(&self) -> Result<(), RegionError> {
        while !self.file.try_exclude()? {
            if self.read()?.stage != Stage::Blank {
                return Ok(());
            }
            self.pause(self.until, || RegionError::StillBeingBuilt(self.file.place().clone()))?;
        }
        if self.has_vanished()? || self.look()?.stage != Stage::Blank {
            return Ok(());
        }
        self.file.lay_foundation()
    }

    fn await_builder(&self, until: Monotonic) -> Result<(), RegionError> {
        self.file.let_go()?;
        self.pause(until, || RegionError::Unfinished(self.file.place().clone()))
    }

    /// Everybody who used the region under another boot is dead, if nobody uses it now.
    fn take_over<T: Shareable>(&self) -> Result<(), RegionError> {
        if self.path.is_none() {
            // Somebody who passed the file on shares its `flock` with us, so that we could not see him.
            return Err(refuse(Foreign::Boot, self.here, self.file.place()));
        }
        while !self.file.try_exclude()? {
            if !self.read()?.other_boot {
                return Ok(());
            }
            self.pause(self.until, || RegionError::ForeignBoot {
                place: self.file.place().clone(),
                why: "in use at this moment, so from a container with a boot id of its own; let all its \
                      users run under one boot id",
            })?;
        }
        let found = self.look()?;
        if self.has_vanished()? || !found.other_boot {
            return Ok(());
        }
        let p = Linux::current()?;
        let mapping = self.map::<T>()?;
        if found.stage == Stage::Ready {
            mapping.payload().after_reboot();
            // That of another version of this library may have been another one.
            self.file.reserve(self.content.total())?;
            self.write_outline()?;
            mapping.header().identify(&Identity::new(self.content, self.here));
        }
        // An error would mean that somebody without our lock was quicker: the next look tells.
        let _ = mapping.header().init.take_over(p, found.claim, self.here.claim());
        Ok(())
    }

    /// Uses the region, or builds it.
    fn enter<T: Shareable>(&self, found: Found, fill: Fill<'_, T>) -> Result<Step<T>, RegionError> {
        let p = Linux::current()?;
        let mapping = self.map::<T>()?;
        let until = Deadline::At(self.until);
        match mapping.header().init.enter(p, self.here.claim(), until) {
            Ok(Role::User) if self.purpose == Purpose::Build => {
                Err(RegionError::AlreadyExists(self.file.place().clone()))
            }
            Ok(Role::User) if found.stage == Stage::Ready => Ok(Step::Ready(mapping)),
            // Built since, or claimed by others: both want another look at the header.
            Ok(Role::User) | Err(InitFailure::Claimed(_)) => Ok(Step::LookAgain),
            Ok(Role::Builder { afresh }) => {
                if self.build(&mapping, p, afresh, fill)? {
                    Ok(Step::Ready(mapping))
                } else {
                    Ok(Step::LookAgain)
                }
            }
            Err(InitFailure::Lock(failure)) => Err(self.locked_out(failure)),
        }
    }

    /// Builds the region, and says whether it did: its name may be gone.
    fn build<T: Shareable>(
        &self,
        mapping: &Mapping<T>,
        p: &Linux,
        afresh: bool,
        fill: Fill<'_, T>,
    ) -> Result<bool, RegionError> {
        let site = Site::new(mapping.header(), p);
        if self.purpose == Purpose::Use {
            return Err(RegionError::Unfinished(self.file.place().clone()));
        }
        if self.has_vanished()? {
            return Ok(false);
        }
        let total = self.content.total();
        self.file.reserve(total)?;
        if afresh {
            self.file.zero_payload(total)?;
        }
        site.identify(self.content, self.here);
        self.write_outline()?;
        fill(mapping.payload())
            .map_err(|source| RegionError::Init { place: self.file.place().clone(), source })?;
        Ok(site.finish())
    }

    fn write_outline(&self) -> Result<(), RegionError> {
        self.file.write(self.content.outline(), self.content.payload_end())
    }

    fn locked_out(&self, failure: LockFailure) -> RegionError {
        let place = self.file.place().clone();
        match failure {
            LockFailure::TimedOut => RegionError::StillBeingBuilt(place),
            LockFailure::AlreadyHeld => RegionError::BeingBuiltHere(place),
            LockFailure::TooManyHeld => RegionError::TooManyHeld(TooManyHeld::new()),
            LockFailure::NotRecoverable => {
                RegionError::Damaged { place, what: "the mutex in its header is lost" }
            }
        }
    }

    fn map<T: Shareable>(&self) -> Result<Mapping<T>, RegionError> {
        Mapping::of_file(&self.file).map_err(|errno| self.file.error("map it", errno))
    }

    fn has_vanished(&self) -> Result<bool, RegionError> {
        self.path.as_deref().map_or(Ok(false), |path| Ok(!self.file.is_at(path)?))
    }

    fn pause(
        &self,
        until: Monotonic,
        too_late: impl FnOnce() -> RegionError,
    ) -> Result<(), RegionError> {
        if monotonic_now() >= until {
            return Err(too_late());
        }
        sleep_until(monotonic_now() + MOMENT);
        Ok(())
    }

    /// Removes a file that this attempt created and failed to make a region, unless others are at it.
    fn abandon(&self, path: &Path) -> Result<(), RegionError> {
        if self.file.try_exclude()?
            && self.read()?.stage != Stage::Ready
            && self.file.is_at(path)?
        {
            // Nothing more to do about a failure: the caller has an error to tell already.
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }
}

/// Cleans up after an attempt that failed, also by a panic in the filling function.
struct Abandoned<'a, 'b>(&'a mut Opening<'b>);

impl Drop for Abandoned<'_, '_> {
    fn drop(&mut self) {
        if let (true, Some(path)) = (self.0.created, &self.0.path) {
            let _ = self.0.abandon(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lock;
    use crate::shm::place::Place;

    #[test]
    fn no_foundation_is_laid_under_a_name_that_is_gone() {
        let path = std::env::temp_dir().join(format!("lockproof-gone-{}", std::process::id()));
        let place = Place::File(path.clone());
        let file = File::create(&path, None, &place).expect("a new file");
        let kept = rustix::io::dup(&file).expect("another descriptor");
        std::fs::remove_file(&path).expect("just created");
        let (here, content) = (Surroundings::here().expect("/proc"), Content::of::<Lock>());
        let opening = Opening {
            file,
            path: Some(path),
            created: false,
            purpose: Purpose::UseOrBuild,
            here: &here,
            content: &content,
            until: monotonic_now(),
        };
        let outcome = opening.run::<Lock>(&mut |_| Ok(())).expect("no error");
        assert!(matches!(outcome, Outcome::Vanished));
        assert_eq!(rustix::fs::fstat(&kept).expect("open").st_size, 0);
    }

    #[test]
    fn taking_over_what_others_claimed_changes_nothing() {
        let mapping = Mapping::<Lock>::anonymous(0).expect("memory");
        let p = Linux::current().expect("locks work here");
        let (ours, somebody, theirs) = (1, 2, 3);
        let init = &mapping.header().init;
        let role = init.enter(p, ours, Deadline::Now);
        assert_eq!(role, Ok(Role::Builder { afresh: false }));
        assert_eq!(init.take_over(p, somebody, theirs), Err(ours));
        init.finish(p).expect("still the builder");
        assert_eq!(init.enter(p, ours, Deadline::Now), Ok(Role::User));
    }
}
