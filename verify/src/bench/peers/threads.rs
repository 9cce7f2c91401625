//! Mutexes of threads within a process, as a reference: what a lock costs that need not outlive anybody.

use std::sync::{Mutex, PoisonError};

use super::crates::Made;
use crate::bench::shared::Zeroes;
use crate::bench::work::{Section, Told};

/// The standard library's.
#[repr(transparent)]
pub(super) struct StdMutex(Made<Mutex<u64>>);

// SAFETY: used only after `set_up`.
unsafe impl Zeroes for StdMutex {}

impl Section for StdMutex {
    fn set_up(&self) -> Result<(), String> {
        self.0.make(Mutex::new(0));
        Ok(())
    }

    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        let mut number = self.0.get().lock().unwrap_or_else(PoisonError::into_inner);
        work(Told::Nothing, &mut number)
    }
}

/// The one of the crate `parking_lot`.
#[repr(transparent)]
pub(super) struct ParkingLot(Made<parking_lot::Mutex<u64>>);

// SAFETY: used only after `set_up`.
unsafe impl Zeroes for ParkingLot {}

impl Section for ParkingLot {
    fn set_up(&self) -> Result<(), String> {
        self.0.make(parking_lot::Mutex::new(0));
        Ok(())
    }

    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        work(Told::Nothing, &mut self.0.get().lock())
    }
}
