//! The kit that proves the locks of `lockproof`, and yours.

pub mod claim;
pub mod trace;
pub mod verdict;
