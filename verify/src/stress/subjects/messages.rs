//! A queue of messages through which every increment goes, counted when it is received.

use lockproof::{AtomicCounter, MessageQueue, SendError, shareable};

use super::{Counted, Spot, Witness, in_words};
use crate::stress::arena::MOST_WORKERS;

/// The longest message: a number, three times.
const LONGEST: usize = 24;
/// Room for one message of each worker, with its length: it is full only of what the dead have left.
pub(super) const ROOM: usize = MOST_WORKERS * (LONGEST + 8);

shareable! {
    /// `MessageQueue<8192>`.
    pub(crate) struct OnMessages {
        queue: MessageQueue<ROOM>,
        received: AtomicCounter,
    }
}

impl Counted for OnMessages {
    const NAME: &'static str = "messages";

    fn increment(spot: &Spot<'_>, _witness: &impl Witness) -> Result<(), String> {
        let Self { queue, received } = &spot.arena.messages;
        send(queue)?;
        receive(queue)?;
        received.increment();
        Ok(())
    }

    fn total(spot: &Spot<'_>, _witness: &impl Witness) -> Result<u64, String> {
        Ok(spot.arena.messages.received.get())
    }
}

/// Sends some number one to three times, if there is room.
pub(super) fn send(queue: &MessageQueue<ROOM>) -> Result<(), String> {
    let number = fastrand::u64(..).to_ne_bytes();
    let message = &[number; 3].concat()[..number.len() * fastrand::usize(1..=3)];
    match queue.try_send(message) {
        // What the dead have left behind makes room for nobody.
        Ok(()) | Err(SendError::Full) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn receive(queue: &MessageQueue<ROOM>) -> Result<(), String> {
    let message = queue.receive().map_err(in_words)?.ok_or("the queue was shut down")?;
    let parts: Vec<_> = message.chunks(8).collect();
    let whole = (1..=3).contains(&parts.len()) && parts.iter().all(|part| *part == parts[0]);
    if whole { Ok(()) } else { Err(format!("half a message came out: {message:?}")) }
}
