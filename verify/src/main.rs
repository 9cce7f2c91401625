//! The command.
use std::sync::Arc;
use std::time::Instant;
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::{loom, shuttle};
use lockproof_verify::models::{counter::*, init::*, lock::*, mutex::*};
fn show(name: &str, f: impl FnOnce() -> lockproof_verify::verdict::Finding) {
    let t = Instant::now();
    let f = f();
    println!("{name}: {:?} {} ex {:.2}s {:?} {:?}", f.verdict, f.executions, t.elapsed().as_secs_f64(), f.outcomes, f.notes);
    if let Some(c) = f.counterexample {
        println!("   {} [{}]", c.why, c.replay);
        for s in c.steps { println!("   {}{:40} {} {} {} -> {}  {}", "                    ".repeat(s.thread.saturating_sub(1)), s.op, s.word, s.ordering, s.before, s.after, s.site); }
    }
}
fn main() {
    let b = Budget { seed: 1, until: Some(Instant::now() + std::time::Duration::from_secs(60)) };
    let arg = std::env::args().nth(1).unwrap_or_default();
    let l = loom::LoomSearch::default();
    if arg == "quick" {
    show("unlocked 2x2", || loom::explore(&Arc::new(CounterModel{way: Way::Unlocked, processes:2, increments:2, deaths:false}), "u", loom::LoomSearch{all_outcomes:true, ..l}, &b, &Silent));
    for w in [Way::SeparateLock, Way::Counter, Way::ValueLock, Way::Atomic] {
    show(w.name(), || loom::explore(&Arc::new(CounterModel{way: w, processes:2, increments:1, deaths:false}), "u", l, &b, &Silent));
    show(w.name(), || loom::explore(&Arc::new(CounterModel{way: w, processes:2, increments:2, deaths:false}), "u", l, &b, &Silent));
    }
    show("mutex 2x1", || loom::explore(&Arc::new(MutexModel::<Shipped>::new(2,1)), "m", l, &b, &Silent));
    show("mutex 2x2", || loom::explore(&Arc::new(MutexModel::<Shipped>::new(2,2)), "m", l, &b, &Silent));
    show("mutex 2x1 crash", || loom::explore(&Arc::new(MutexModel::<Shipped>::new(2,1).with_deaths()), "m", loom::LoomSearch{deaths:true, ..l}, &b, &Silent));
    show("init 2", || loom::explore(&Arc::new(InitModel{processes:2,deaths:false}), "m", l, &b, &Silent));
    show("init 2 crash", || loom::explore(&Arc::new(InitModel{processes:2,deaths:true}), "m", loom::LoomSearch{deaths:true, ..l}, &b, &Silent));
    show("deadline 2", || loom::explore(&Arc::new(DeadlineModel{processes:2}), "m", l, &b, &Silent));
    show("nr 2", || loom::explore(&Arc::new(NotRecoverableModel{processes:2,deaths:false}), "m", l, &b, &Silent));
    show("nr 3 b2", || loom::explore(&Arc::new(NotRecoverableModel{processes:3,deaths:false}), "m", loom::LoomSearch{preemptions:Some(2), ..l}, &b, &Silent));
    }
    if arg == "bound" {
    show("mutex 3x1 crash b3", || loom::explore(&Arc::new(MutexModel::<Shipped>::new(3,1).with_deaths()), "m", loom::LoomSearch{deaths:true, preemptions:Some(3), ..l}, &b, &Silent));
    show("mutex 3x1 crash b2", || loom::explore(&Arc::new(MutexModel::<Shipped>::new(3,1).with_deaths()), "m", loom::LoomSearch{deaths:true, preemptions:Some(2), ..l}, &b, &Silent));
    show("mutex 3x2 b3", || loom::explore(&Arc::new(MutexModel::<Shipped>::new(3,2)), "m", loom::LoomSearch{preemptions:Some(3), ..l}, &b, &Silent));
    show("mutex 4x1 b3", || loom::explore(&Arc::new(MutexModel::<Shipped>::new(4,1)), "m", loom::LoomSearch{preemptions:Some(3), ..l}, &b, &Silent));
    }
    if arg == "crash4" {
    show("mutex 4x1 crash b2", || loom::explore(&Arc::new(MutexModel::<Shipped>::new(4,1).with_deaths()), "m", loom::LoomSearch{deaths:true, preemptions:Some(2), ..l}, &b, &Silent));
    }
    if arg == "big" {
    show("mutex 3x1", || loom::explore(&Arc::new(MutexModel::<Shipped>::new(3,1)), "m", l, &b, &Silent));
    }
    if arg == "shuttle" {
    for (n,c) in [(2,2),(4,10),(8,5)] { for d in [shuttle::Drawn::Random, shuttle::Drawn::Pct(3)] {
    show("shuttle", || shuttle::explore(&Arc::new(MutexModel::<Shipped>::new(n,c)), "m", shuttle::ShuttleSearch{drawn:d, schedules:2000, plan: Default::default()}, &b, &Silent));
    }}
    show("shuttle", || shuttle::explore(&Arc::new(CounterModel{way: Way::Unlocked, processes:2, increments:2, deaths:false}), "m", shuttle::ShuttleSearch{drawn:shuttle::Drawn::Random, schedules:2000, plan: Default::default()}, &b, &Silent));
    }
}
