//! A pipe with two ends: every increment is a message from one of them to the other, counted when it is received.

use lockproof::{AtomicCounter, Pipe, shareable};

use super::messages::{ROOM, receive, send};
use super::{Counted, Spot, Witness};

shareable! {
    /// `Pipe<8192>`.
    pub(crate) struct OnPipe {
        pipe: Pipe<ROOM>,
        received: AtomicCounter,
    }
}

impl Counted for OnPipe {
    const NAME: &'static str = "pipe";

    fn increment(spot: &Spot<'_>, _witness: &impl Witness) -> Result<(), String> {
        let Self { pipe, received } = &spot.arena.pipe;
        let (left, right) = pipe.ends();
        let (from, to) = if fastrand::bool() { (left, right) } else { (right, left) };
        send(from.outgoing())?;
        receive(to.incoming())?;
        received.increment();
        Ok(())
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        Ok(spot.arena.pipe.received.get())
    }
}
