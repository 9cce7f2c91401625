//! The builder's part: what it writes, and that it gives up if it fails.

use super::claim::Surroundings;
use super::error::RegionError;
use super::header::{Content, Header, Identity};
use super::map::Mapping;
use super::shareable::Shareable;
use crate::deadline::Deadline;
use crate::error::TooManyHeld;
use crate::platform::Linux;

/// A region being built by this thread; given up when dropped.
pub(super) struct Site<'a> {
    header: &'a Header,
    p: &'a Linux,
}

impl<'a> Site<'a> {
    /// For whom [`RawInit::enter`](crate::raw::RawInit::enter) has made the builder.
    pub(super) fn new(header: &'a Header, p: &'a Linux) -> Self {
        Self { header, p }
    }

    /// Writes into the header what the region is.
    pub(super) fn identify(&self, content: &Content, here: &Surroundings) {
        self.header.identify(&Identity::new(content, here));
    }

    /// Says whether it was this thread that built: a child that the filling function forked did not.
    pub(super) fn finish(self) -> bool {
        let site = core::mem::ManuallyDrop::new(self);
        site.header.init.finish(site.p).is_ok()
    }
}

impl Drop for Site<'_> {
    fn drop(&mut self) {
        // Fails where `finish` does, and is then not this thread's to do.
        let _ = self.header.init.give_up(self.p);
    }
}

/// Builds a region in memory that nobody else can see yet.
pub(super) fn build_unseen<T: Shareable>(
    mapping: &Mapping<T>,
    here: &Surroundings,
    content: &Content,
) -> Result<(), RegionError> {
    let p = Linux::current()?;
    let header = mapping.header();
    header.lay_foundation();
    let entered = header.init.enter(p, here.claim(), Deadline::Now);
    if entered.is_err() {
        // Nobody else can be there.
        return Err(RegionError::TooManyHeld(TooManyHeld::new()));
    }
    let site = Site::new(header, p);
    site.identify(content, here);
    mapping.write_behind(content.outline());
    site.finish();
    Ok(())
}
