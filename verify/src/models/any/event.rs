//! An event as the models see it.

use lockproof::deadline::Deadline;
use lockproof::raw::{Moment, RawEvent};

use crate::platform::World;

/// An event over a [`World`]: what [`EventModel`](crate::models::event::EventModel) checks.
pub trait Event: Send + Sync + 'static {
    /// Whether those that wait sleep.
    const SLEEPS: bool = true;

    /// Its words.
    type On<W: World>: 'static;
    /// A moment in its life, where it knows of that.
    type Moment;

    /// Makes one that is not set.
    fn make<W: World>(p: &W) -> Self::On<W>;

    /// Sets it.
    fn set<W: World>(on: &Self::On<W>, p: &W);

    /// Makes it not set.
    fn clear<W: World>(on: &Self::On<W>, p: &W);

    /// Whether it is set, if that can be asked.
    fn is_set<W: World>(on: &Self::On<W>, p: &W) -> Option<bool>;

    /// This moment.
    fn now<W: World>(on: &Self::On<W>, p: &W) -> Self::Moment;

    /// Waits until it is set, or the deadline passes. Says whether it was set.
    fn wait<W: World>(on: &Self::On<W>, p: &W, until: Deadline) -> bool;

    /// Waits until it is set, or has been since that moment.
    fn wait_since<W: World>(on: &Self::On<W>, p: &W, moment: Self::Moment);
}

/// The shipped event.
#[derive(Clone, Copy, Debug)]
pub struct Shipped;

impl Event for Shipped {
    type On<W: World> = RawEvent<W::Word>;
    type Moment = Moment;

    fn make<W: World>(p: &W) -> Self::On<W> {
        RawEvent::new(p.new_word("event"))
    }

    fn set<W: World>(on: &Self::On<W>, p: &W) {
        on.set(p);
    }

    fn clear<W: World>(on: &Self::On<W>, p: &W) {
        on.clear(p);
    }

    fn is_set<W: World>(on: &Self::On<W>, p: &W) -> Option<bool> {
        Some(on.is_set(p))
    }

    fn now<W: World>(on: &Self::On<W>, p: &W) -> Moment {
        on.now(p)
    }

    fn wait<W: World>(on: &Self::On<W>, p: &W, until: Deadline) -> bool {
        on.wait(p, until)
    }

    fn wait_since<W: World>(on: &Self::On<W>, p: &W, moment: Moment) {
        on.wait_since(p, moment, Deadline::Never);
    }
}
