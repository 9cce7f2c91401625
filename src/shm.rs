//! Shared memory: regions that several processes map, and what may be put in them.

mod building;
mod claim;
mod error;
mod file;
mod header;
mod map;
mod memfd;
mod opening;
mod passing;
mod place;
mod region;
mod shareable;
mod source;

pub use error::RegionError;
#[doc(hidden)]
pub use header::fuzz_header;
pub use place::Place;
pub use region::Region;
pub use shareable::{Plain, Shareable};
pub use source::{Filled, Source};
