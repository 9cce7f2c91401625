//! A counter: no addition is lost.

use std::marker::PhantomData;

use super::inquiry::{Inquiry, Own, Threads, size};
use super::{Proof, World};
use crate::explore::graph::Memory;
use crate::model::{Log, Sometimes};
use crate::models::any::counter::Counting;
use crate::models::counter::CounterModel;

/// A counter of your own, over the words of a [`World`].
pub trait Counter: Send + Sync + 'static {
    /// Whether it survives the death of one that adds: then that addition is there or not, and others go on.
    const ROBUST: bool = false;

    /// Its words.
    type On<W: World>: 'static;

    /// Makes one that is zero. A name for each word: counterexamples call it so.
    fn new<W: World>(p: &W) -> Self::On<W>;

    /// Adds so much.
    fn add<W: World>(counter: &Self::On<W>, p: &W, n: u64);

    /// How much was added.
    fn get<W: World>(counter: &Self::On<W>, p: &W) -> u64;
}

impl<C: Counter> Counting for Own<C> {
    const TELLS: bool = false;
    // It may have words for each process.
    const SYMMETRIC: bool = false;

    type On<W: World> = C::On<W>;

    fn make<W: World>(&self, p: &W) -> C::On<W> {
        C::new(p)
    }

    fn add<W: World>(&self, p: &W, on: &C::On<W>, _: &Log) {
        C::add(on, p, 1);
    }

    fn total<W: World>(&self, p: &W, on: &C::On<W>, _: &Log) -> u64 {
        C::get(on, p)
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        // It need not wait for others at all.
        Vec::new()
    }
}

const LOSES_NONE: &str = "no addition is lost, all get there";
const STUCK: &str = "one's death keeps all others waiting for ever";

/// Proves a counter. Takes seconds, and for one with many steps some minutes.
pub fn counter<C: Counter>(name: &'static str) -> Proof
where
    C::On<Threads>: Send + Sync,
{
    let model = |processes, increments, deaths| CounterModel {
        way: Own::<C>(PhantomData),
        processes,
        increments,
        deaths,
    };
    let mut inquiry = Inquiry::new(name);
    for (processes, rounds) in [(2, 1), (2, 2), (3, 1)] {
        let model = model(processes, rounds, false);
        inquiry.explore(LOSES_NONE, &size(processes, rounds), model);
    }
    inquiry.ask_loom(LOSES_NONE, &size(2, 1), 3, model(2, 1, false));
    inquiry.ask_shuttle(LOSES_NONE, &size(4, 5), model(4, 5, false));
    inquiry.kill(C::ROBUST, STUCK, &size(2, 1), model(2, 1, true));
    if C::ROBUST {
        inquiry.kill_mutants(Memory::C11, model(3, 1, true));
    }
    inquiry.end()
}
