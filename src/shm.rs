//! Shared memory: regions that several processes map, and what may be put in them.

mod shareable;

pub use shareable::{Plain, Shareable};

/// Placeholder.
#[derive(Debug)]
pub struct Region;
