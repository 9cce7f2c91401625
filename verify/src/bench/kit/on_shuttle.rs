//! On shuttle: so many schedules drawn at random.

use std::sync::Arc;

use shuttle::scheduler::RandomScheduler;
use shuttle::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use shuttle::sync::atomic::{AtomicU32, AtomicU64};
use shuttle::{Config, Runner};

use crate::explore::shuttle::{Drawn, ShuttleSearch, explore};
use crate::platform::Plan;

by_hand!(shuttle::thread, AtomicU32, AtomicU64, latest);

/// How many are drawn at a time.
pub(super) const SCHEDULES: u64 = 1000;

fn latest(word: &AtomicU32) -> u32 {
    word.load(SeqCst)
}

/// The kit's way.
pub(super) fn by_the_kit() -> Result<u64, String> {
    let search =
        ShuttleSearch { drawn: Drawn::Random, schedules: SCHEDULES, plan: Plan::default() };
    super::looked_at(|model, budget, silent| explore(model, "kit", search, budget, silent))
}

/// By hand.
pub(super) fn by_hand() -> Result<u64, String> {
    let mut config = Config::new();
    config.silence_warnings = true;
    let scheduler = RandomScheduler::new_from_seed(1, SCHEDULES as usize);
    Ok(Runner::new(scheduler, config).run(execution) as u64)
}

fn execution() {
    let (lock, number) = (AtomicU32::new(0), AtomicU64::new(0));
    let locked = Arc::new(Locked { lock, number, futex: Futex::new(None) });
    let threads: Vec<_> = (0..super::PROCESSES)
        .map(|who| {
            let locked = Arc::clone(&locked);
            thread::spawn(move || {
                locked.take(who);
                locked.number.store(locked.number.load(SeqCst) + 1, SeqCst);
                locked.let_go();
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("nothing panics");
    }
    let number = locked.number.load(SeqCst);
    assert_eq!(number, super::PROCESSES as u64, "an addition was lost");
}
