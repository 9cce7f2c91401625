//! An event: whoever waits for it goes on once it is set, and sees what it announces.

use lockproof::deadline::Deadline;

use super::inquiry::{Inquiry, Own, Threads, size};
use super::{Proof, World};
use crate::explore::graph::Memory;
use crate::models::any::event::Event as Modelled;
use crate::models::event::{EventModel, Use};

/// An event of your own, over the words of a [`World`].
pub trait Event: Send + Sync + 'static {
    /// Whether it survives the death of one that sets it or waits for it.
    const ROBUST: bool = false;
    /// Whether [`clear`](Self::clear) makes it not set again.
    const CLEARS: bool = false;

    /// Its words.
    type On<W: World>: 'static;

    /// Makes one that is not set. A name for each word: counterexamples call it so.
    fn new<W: World>(p: &W) -> Self::On<W>;

    /// Sets it; others may do that as well.
    fn set<W: World>(event: &Self::On<W>, p: &W);

    /// Waits until it is set, as long as that takes.
    fn wait<W: World>(event: &Self::On<W>, p: &W);

    /// Whether it is set, if it can be asked.
    fn is_set<W: World>(event: &Self::On<W>, p: &W) -> Option<bool> {
        let _ = (event, p);
        None
    }

    /// Makes it not set. Whoever then looks for what was announced, finds all that came before any
    /// [`set`](Self::set) that is undone.
    fn clear<W: World>(event: &Self::On<W>, p: &W) {
        let _ = (event, p);
    }
}

impl<E: Event> Modelled for Own<E> {
    // It may wait in many ways. Where all orders are tried, one comes before it is set in some.
    const SLEEPS: bool = false;

    type On<W: World> = E::On<W>;
    type Moment = ();

    fn make<W: World>(p: &W) -> E::On<W> {
        E::new(p)
    }

    fn set<W: World>(on: &E::On<W>, p: &W) {
        E::set(on, p);
    }

    fn clear<W: World>(on: &E::On<W>, p: &W) {
        E::clear(on, p);
    }

    fn is_set<W: World>(on: &E::On<W>, p: &W) -> Option<bool> {
        E::is_set(on, p)
    }

    fn now<W: World>(_: &E::On<W>, _: &W) {}

    fn wait<W: World>(on: &E::On<W>, p: &W, _: Deadline) -> bool {
        E::wait(on, p);
        true
    }

    fn wait_since<W: World>(on: &E::On<W>, p: &W, (): ()) {
        E::wait(on, p);
    }
}

const ANNOUNCES: &str = "what it announces is seen by all";
const GOES_OFF: &str = "cleared, it is not set";
const STAYS_SET: &str = "cleared and set again, it is set";
const LOSES_NONE: &str = "who clears it misses nothing";
const STUCK: &str = "one's death keeps others waiting for ever";

/// Proves an event. Takes seconds.
pub fn event<E: Event>(name: &'static str) -> Proof
where
    E::On<Threads>: Send + Sync,
{
    let model = EventModel::<Own<E>>::new;
    let mut inquiry = Inquiry::new(name);
    inquiry.explore(ANNOUNCES, "2 set, 1 waits", model(Use::Announce, 3, 1));
    inquiry.explore(ANNOUNCES, "1 sets, 2 wait", model(Use::Alone, 3, 1));
    if E::CLEARS {
        inquiry.explore(GOES_OFF, &size(2, 1), model(Use::Off, 2, 1));
        inquiry.explore(STAYS_SET, "2 clear, 1 waits", model(Use::Cleared, 3, 1));
        for rounds in [1, 2] {
            inquiry.explore(LOSES_NONE, &size(2, rounds), model(Use::Again, 2, rounds));
        }
    }
    inquiry.ask_loom(ANNOUNCES, "2 set, 1 waits", 2, model(Use::Announce, 3, 1));
    inquiry.ask_shuttle(ANNOUNCES, "2 set, 4 wait", model(Use::Announce, 6, 1));
    inquiry.kill(E::ROBUST, STUCK, "2 set, 1 waits", model(Use::Announce, 3, 1).with_deaths(true));
    if E::ROBUST {
        inquiry.kill_mutants(Memory::C11, model(Use::Announce, 3, 1).with_deaths(true));
    }
    inquiry.end()
}
