//! A shared value without a lock.
//!
//! # What is promised
//!
//! A load returns some value that was stored; neither a load nor a store is ever torn. Nothing more: a load
//! and a later store are two steps, and what others store in between is overwritten. That is how a shared
//! counter loses updates, and why this type has no operation that would hide it.
//!
//! # What a death leaves
//!
//! The value before or after a store.
//!
//! # Models
//!
//! `lockproof-verify`, `models/counter.rs`, the way `unlocked`: expected to lose updates, and found to.

use core::sync::atomic::Ordering::Relaxed;

use crate::platform::Platform;

/// A value of 64 bits over a word `L` of some platform.
#[repr(transparent)]
#[derive(Debug)]
pub struct RawCell<L> {
    word: L,
}

impl<L> RawCell<L> {
    /// A value over a word.
    pub const fn new(word: L) -> Self {
        Self { word }
    }

    /// Reads the value. Relaxed: it orders nothing, as it promises nothing.
    #[inline]
    pub fn load<P>(&self, p: &P) -> u64
    where
        P: Platform<Word64 = L>,
    {
        p.load64(&self.word, Relaxed)
    }

    /// Writes the value. Relaxed, as in `load`.
    #[inline]
    pub fn store<P>(&self, p: &P, value: u64)
    where
        P: Platform<Word64 = L>,
    {
        p.store64(&self.word, value, Relaxed);
    }
}
