//! Shared memory: regions that several processes map, and what may be put in them.

mod building;
pub(crate) mod claim;
mod error;
mod file;
pub(crate) mod header;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod map;
mod memfd;
mod opening;
pub(crate) mod outline;
mod passing;
pub(crate) mod place;
mod region;
mod shareable;
mod source;

pub use error::RegionError;
pub use outline::Outline;
pub use place::Place;
pub use region::Region;
pub use shareable::{Plain, Shareable};
pub use source::{Filled, Source};
