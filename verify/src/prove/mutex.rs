//! A mutex: one at a time is inside.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use lockproof::deadline::Deadline;
use lockproof::error::NotHeld;
use lockproof::raw::{Acquired, LockFailure};

use super::mutants::{Mutants, Trial};
use super::{NOBODY, Otherwise, Part, Proof, World, budget};
use crate::explore::graph::{self, GraphSearch, Liveness};
use crate::model::Model;
use crate::models::endless::EndlessModel;
use crate::models::lock::Lock;
use crate::models::mutex::{FILE, MutexModel};
#[cfg(feature = "shuttle")]
use crate::platform::{Decorated, shuttle::ShuttleWorld};
use crate::verdict::Finding;

/// A mutual exclusion lock of your own, over the words of a [`World`].
pub trait Mutex: Send + Sync + 'static {
    /// Whether it survives the death of whoever holds it: then [`lock`](Self::lock) tells the next one of it.
    const ROBUST: bool = false;

    /// Its words.
    type On<W: World>: 'static;

    /// Makes a free one. A name for each word: counterexamples call it so.
    fn new<W: World>(p: &W) -> Self::On<W>;

    /// Takes it, as long as that takes. [`Acquired::OwnerDied`] if the last holder died, and it knows of that.
    fn lock<W: World>(lock: &Self::On<W>, p: &W) -> Acquired;

    /// Lets go of it. Called by whoever holds it.
    fn unlock<W: World>(lock: &Self::On<W>, p: &W);

    /// Declares what it protects consistent again: called by one that was told of a death.
    fn make_consistent<W: World>(lock: &Self::On<W>, p: &W) {
        let _ = (lock, p);
    }
}

/// The same, as the models see it.
struct Own<L>(PhantomData<L>);

impl<L: Mutex> Lock for Own<L> {
    // A lock may wait in many ways. Where all orders are tried, two want it at once in some.
    const EXCHANGES: bool = false;
    const SLEEPS: bool = false;
    // It may have words for each process.
    const SYMMETRIC: bool = false;

    type On<W: World> = L::On<W>;

    fn make<W: World>(p: &W) -> L::On<W> {
        L::new(p)
    }

    fn lock<W: World>(lock: &L::On<W>, p: &W, _: Deadline) -> Result<Acquired, LockFailure> {
        Ok(L::lock(lock, p))
    }

    fn unlock<W: World>(lock: &L::On<W>, p: &W) -> Result<(), NotHeld> {
        L::unlock(lock, p);
        Ok(())
    }

    fn make_consistent<W: World>(lock: &L::On<W>, p: &W) {
        L::make_consistent(lock, p);
    }
}

const EXCLUDES: &str = "one at a time, all get there";
const SURVIVES: &str = "so it is when one dies at any step";
const GOES_ON: &str = "somebody always gets on";
const IS_FAIR: &str = "nobody is overtaken for ever";
const SLEEPS: &str = "whoever waits sleeps";

/// Proves a mutex. Takes seconds, and for a lock with many steps some minutes.
#[cfg(feature = "shuttle")]
pub fn mutex<L: Mutex>(name: &'static str) -> Proof
where
    L::On<Decorated<ShuttleWorld>>: Send + Sync,
{
    proof::<L>(name, |parts| parts.extend(by_shuttle::<L>(name)))
}

/// Proves a mutex. Takes seconds, and for a lock with many steps some minutes.
#[cfg(not(feature = "shuttle"))]
pub fn mutex<L: Mutex>(name: &'static str) -> Proof {
    proof::<L>(name, |_| ())
}

fn proof<L: Mutex>(name: &'static str, more: impl FnOnce(&mut Vec<Part>)) -> Proof {
    let began = Instant::now();
    let mut parts = Vec::new();
    for (processes, rounds) in [(2, 1), (2, 2), (3, 1)] {
        if parts.iter().all(Part::is_right) {
            parts.push(explored::<L>(name, processes, rounds));
        }
    }
    if parts.iter().all(Part::is_right) {
        #[cfg(feature = "loom")]
        parts.push(by_loom::<L>(name));
        more(&mut parts);
        parts.push(dying::<L>(name));
        parts.extend(lasting::<L>(name));
    }
    // Of what is wrong as it is, mutants would say nothing.
    let is_right = parts.iter().all(Part::is_right);
    let mutants = is_right.then(|| Mutants::of(&trials::<L>(name), FILE));
    Proof { name, parts, mutants, took: began.elapsed() }
}

fn explore<M: Model>(model: M, name: &str, search: GraphSearch) -> Finding {
    let mut found = graph::explore(&Arc::new(model), name, search, &budget(), NOBODY);
    if let Some(wrong) = &mut found.counterexample {
        // The command does not know the lock, and could not show it again.
        wrong.replay.clear();
    }
    found
}

fn explored<L: Mutex>(name: &str, processes: usize, rounds: usize) -> Part {
    let model = MutexModel::<Own<L>>::new(processes, rounds);
    let finding = explore(model, name, GraphSearch::default());
    let how = format!("explorer, {processes} processes x {rounds}");
    Part { what: EXCLUDES, how, otherwise: Otherwise::Wrong, finding }
}

fn dying<L: Mutex>(name: &str) -> Part {
    let search = GraphSearch { deaths: 1, ..GraphSearch::default() };
    let model = MutexModel::<Own<L>>::new(2, 1).with_deaths();
    let known = "a holder's death keeps all others waiting for ever";
    let otherwise = if L::ROBUST { Otherwise::Wrong } else { Otherwise::Known(known) };
    let finding = explore(model, name, search);
    Part { what: SURVIVES, how: "explorer, 2 processes x 1".to_owned(), otherwise, finding }
}

fn lasting<L: Mutex>(name: &str) -> [Part; 3] {
    let part = |what, wanted, otherwise| {
        // Who waits without an end may be any number of values behind.
        let search = GraphSearch { liveness: Some(wanted), messages: 4, ..GraphSearch::default() };
        let finding = explore(EndlessModel::<Own<L>>::new(2), name, search);
        Part { what, how: "explorer, 2 processes for ever".to_owned(), otherwise, finding }
    };
    [
        part(GOES_ON, Liveness::Progress, Otherwise::Wrong),
        part(IS_FAIR, Liveness::NoStarvation, Otherwise::Known("one may starve")),
        part(SLEEPS, Liveness::NoBusyWaiting, Otherwise::Known("it spins")),
    ]
}

#[cfg(feature = "loom")]
fn by_loom<L: Mutex>(name: &str) -> Part {
    use crate::explore::SPINS;
    use crate::explore::loom::{LoomSearch, explore};

    // A spinning process is preempted as often as one likes: without a bound there would be no end.
    let search = LoomSearch { preemptions: Some(3), ..LoomSearch::default() };
    let model = Arc::new(MutexModel::<Own<L>>::new(2, 1));
    let finding = explore(&model, name, search, &budget(), NOBODY);
    let spins = finding.counterexample.as_ref().is_some_and(|wrong| wrong.why == SPINS);
    let otherwise =
        if spins { Otherwise::Known("loom lets one spin for ever") } else { Otherwise::Wrong };
    let how = "loom, 2 processes x 1".to_owned();
    Part { what: EXCLUDES, how, otherwise, finding }
}

#[cfg(feature = "shuttle")]
fn by_shuttle<L: Mutex>(name: &str) -> [Part; 2]
where
    L::On<Decorated<ShuttleWorld>>: Send + Sync,
{
    use crate::explore::shuttle::{Drawn, ShuttleSearch, explore};
    use crate::platform::Plan;

    let part = |drawn, how: &str| {
        let search = ShuttleSearch { drawn, schedules: 1000, plan: Plan::default() };
        let model = Arc::new(MutexModel::<Own<L>>::new(4, 5));
        let finding = explore(&model, name, search, &budget(), NOBODY);
        let how = format!("shuttle, 4 processes x 5, {how}");
        Part { what: EXCLUDES, how, otherwise: Otherwise::Wrong, finding }
    };
    [part(Drawn::Random, "random"), part(Drawn::Pct(3), "PCT")]
}

/// What mutants are tried with: the smallest first.
fn trials<L: Mutex>(name: &'static str) -> Vec<Trial> {
    let alive = move |processes, rounds| -> Trial {
        Box::new(move |search| explore(MutexModel::<Own<L>>::new(processes, rounds), name, search))
    };
    let mut all = vec![alive(2, 1), alive(2, 2), alive(3, 1)];
    if L::ROBUST {
        all.push(Box::new(move |search| {
            let search = GraphSearch { deaths: 1, ..search };
            explore(MutexModel::<Own<L>>::new(3, 1).with_deaths(), name, search)
        }));
    }
    all
}
