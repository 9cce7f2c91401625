//! The queue of iceoryx2, from one to one. It does not wait: who finds it full, or empty, looks again at once.

use core::hint::{black_box, spin_loop};

use iceoryx2_bb_lock_free::spsc::queue::Queue;

use super::crates::Made;
use crate::bench::shared::Zeroes;
use crate::bench::work::Channel;

#[repr(transparent)]
pub(super) struct Iceoryx2<const BYTES: usize, const PLACES: usize>(
    Made<Queue<[u8; BYTES], PLACES>>,
);

// SAFETY: used only after `set_up`.
unsafe impl<const BYTES: usize, const PLACES: usize> Zeroes for Iceoryx2<BYTES, PLACES> {}

impl<const BYTES: usize, const PLACES: usize> Channel for Iceoryx2<BYTES, PLACES> {
    fn set_up(&self) -> Result<(), String> {
        self.0.make(Queue::new());
        Ok(())
    }

    #[inline(always)]
    fn put(&self) {
        // SAFETY: one process puts, and nobody else.
        while !unsafe { self.0.get().push(&[1; BYTES]) } {
            spin_loop();
        }
    }

    #[inline(always)]
    fn take(&self) {
        loop {
            // SAFETY: one process takes, and nobody else.
            match unsafe { self.0.get().pop() } {
                Some(message) => {
                    black_box(message);
                    break;
                }
                None => spin_loop(),
            }
        }
    }
}
