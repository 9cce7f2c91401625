//! What loom can exhaust comes to the same results on loom and in the explorer.
//!
//! Not because loom is right: `tests/litmus/limits.rs` has what it gets wrong. But none of that concerns these models.
//! They change lock words by read-modify-writes alone, so that its false alarms on words that are both stored to and
//! updated do not arise, and they have no SeqCst access. What it is blind to (stale compare-exchanges, as they fail;
//! data between fences; more than one early return, more than one death) may hide executions from it, but no result
//! that others do not come to as well: that is what is compared here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{self, GraphSearch};
use lockproof_verify::explore::loom::{self, LoomSearch};
use lockproof_verify::model::Model;
use lockproof_verify::models::any::event::Shipped as ShippedEvent;
use lockproof_verify::models::broken::others::{Drepper, GlibcRobust};
use lockproof_verify::models::counter::{CounterModel, Way};
use lockproof_verify::models::event::{EventModel, Use};
use lockproof_verify::models::init::InitModel;
use lockproof_verify::models::lock::{Lock, Shipped};
use lockproof_verify::models::mutex::{DeadlineModel, MutexModel, NotRecoverableModel};
use lockproof_verify::verdict::{Finding, Verdict};

/// Nothing here takes longer than half a minute.
const WATCHDOG: Duration = Duration::from_secs(300);

/// Explores a model both ways, where up to one process may die or none; it has to come to so many results.
fn compare<M: Model>(what: &str, model: M, dies: bool, results: usize) {
    let model = Arc::new(model);
    let budget = Budget { until: Some(Instant::now() + WATCHDOG), ..Budget::seeded(1) };
    let search = LoomSearch { deaths: dies, all_outcomes: true, ..LoomSearch::default() };
    let by_loom = loom::explore(&model, what, search, &budget, &Silent);
    let search = GraphSearch { deaths: dies.into(), all_outcomes: true, ..GraphSearch::default() };
    let by_states = graph::explore(&model, what, search, &budget, &Silent);
    for found in [&by_loom, &by_states] {
        assert!(!matches!(found.verdict, Verdict::Timeout { .. }), "{what}: {found:?}");
    }
    let keys = |found: &Finding| found.outcomes.keys().cloned().collect::<Vec<_>>();
    println!("{what}, {dies}: {} executions: {:?}", by_loom.executions, keys(&by_loom));
    assert_eq!(keys(&by_loom), keys(&by_states), "{what}");
    assert_eq!(keys(&by_loom).len(), results, "{what}");
    let wrong = [&by_loom, &by_states].map(|found| found.verdict == Verdict::Counterexample);
    assert_eq!(wrong[0], wrong[1], "{what}: {:?}, {:?}", by_loom.verdict, by_states.verdict);
}

fn mutexes<L: Lock>(what: &str, dies: bool) {
    for increments in [1, 2] {
        compare(what, MutexModel::<L>::new(2, increments), false, 1);
    }
    if dies {
        compare(what, MutexModel::<L>::new(2, 1).with_deaths(), true, 2);
    }
}

#[test]
fn of_mutexes() {
    mutexes::<Shipped>("mutex", true);
    mutexes::<Drepper<true>>("drepper", false);
    mutexes::<Drepper<false>>("drepper-forgets", false);
    mutexes::<GlibcRobust>("glibc-robust", true);
}

#[test]
fn of_what_else_a_mutex_does() {
    compare("mutex-panic", MutexModel::new(2, 1).with_panics(), false, 1);
    compare("mutex-deadline", DeadlineModel { processes: 2 }, false, 2);
    let given_up = |deaths| NotRecoverableModel { processes: 2, deaths };
    compare("mutex-given-up", given_up(false), false, 1);
    compare("mutex-given-up", given_up(true), true, 2);
}

#[test]
fn of_counters() {
    let counter = |way, increments, deaths| CounterModel { way, processes: 2, increments, deaths };
    for way in [Way::SeparateLock, Way::ValueLock, Way::Counter, Way::Atomic] {
        compare(way.name(), counter(way, 1, false), false, 1);
        compare(way.name(), counter(way, 1, true), true, 2);
    }
    compare("atomic", counter(Way::Atomic, 3, false), false, 1);
    for (increments, results) in [(1, 2), (2, 3), (3, 5)] {
        compare("unlocked", counter(Way::Unlocked, increments, false), false, results);
    }
    let three = CounterModel { way: Way::Unlocked, processes: 3, increments: 1, deaths: false };
    compare("unlocked", three, false, 3);
}

#[test]
fn of_what_is_made_once() {
    compare("init", InitModel { processes: 2, deaths: false, rivals: false }, false, 1);
    compare("init", InitModel { processes: 2, deaths: true, rivals: false }, true, 2);
}

#[test]
fn of_an_event() {
    let again = EventModel::<ShippedEvent>::new(Use::Again, 2, 1);
    compare("event-again", again, false, 1);
}
