//! Events between processes: everybody is released, whoever dies, and in time.

mod common;

use std::time::{Duration, Instant};

use common::child::{Child, fork, say, supervised};
use common::memory::Board;
use common::seed::{Seed, scaled};
use lockproof::{Event, RawValue, Region, shareable};

shareable! {
    struct Shared {
        event: Event,
        written: RawValue<u64>,
    }
}

/// An event is its word.
fn word_address(event: &Event) -> usize {
    (&raw const *event).expose_provenance()
}

/// Processes that are asleep on an event.
fn sleepers(event: &Event, count: usize) -> Vec<Child> {
    let all: Vec<Child> = (0..count).map(|_| fork(|| event.wait())).collect();
    all.iter().for_each(|sleeper| sleeper.until_asleep_on(word_address(event)));
    all
}

#[test]
fn one_set_releases_all_that_sleep() {
    supervised(60, || {
        let event = Region::<Event>::anonymous().unwrap();
        for _ in 0..scaled(20) {
            let all = sleepers(&event, 4);
            event.set();
            all.into_iter().for_each(Child::join);
            assert!(event.is_set());
            fork(|| event.wait()).join();
            event.clear();
            assert!(!event.is_set());
        }
    });
}

#[test]
fn cleared_at_once_it_has_released_them_all_the_same() {
    supervised(60, || {
        let event = Region::<Event>::anonymous().unwrap();
        for _ in 0..scaled(20) {
            let all = sleepers(&event, 4);
            event.set();
            event.clear();
            all.into_iter().for_each(Child::join);
            assert!(!event.is_set());
        }
    });
}

#[test]
fn what_was_written_before_is_there() {
    supervised(60, || {
        let shared = Region::<Shared>::anonymous().unwrap();
        let rounds = scaled(20_000);
        let reader = fork(|| {
            let mut last = 0;
            while last < rounds {
                shared.event.wait();
                shared.event.clear();
                let now = shared.written.load();
                assert!(now >= last, "{now} after {last}");
                last = now;
            }
        });
        for round in 1..=rounds {
            shared.written.store(round);
            shared.event.set();
        }
        reader.join();
    });
}

/// Setters and waiters are killed at any point: the last to set it releases all that are left.
#[test]
fn a_death_blocks_nobody() {
    supervised(120, || {
        let mut seed = Seed::announced();
        let (event, rounds) = (Region::<Event>::anonymous().unwrap(), Board::new(1));
        let toggle = || {
            fork(|| {
                loop {
                    event.set();
                    event.clear();
                    rounds.add(0, 1);
                }
            })
        };
        let wait = || {
            fork(|| {
                loop {
                    event.wait();
                }
            })
        };
        for _ in 0..scaled(50) {
            let mut all: Vec<Child> = (0..3).map(|_| wait()).collect();
            let togglers: Vec<Child> = (0..2).map(|_| toggle()).collect();
            rounds.until(0, rounds.get(0) + seed.below(2000) as u64);
            all.swap_remove(seed.below(3)).kill();
            togglers.into_iter().for_each(Child::kill);
            all.into_iter().for_each(Child::kill);
            // Whatever they left behind, this one works.
            event.clear();
            let last = sleepers(&event, 2);
            event.set();
            last.into_iter().for_each(Child::join);
            event.clear();
        }
        say(&format!("{} rounds", rounds.get(0)));
    });
}

#[test]
fn a_wait_ends_in_time() {
    supervised(30, || {
        let event = Region::<Event>::anonymous().unwrap();
        let now = Instant::now();
        let short = Duration::from_millis(30);
        assert!(!event.wait_for(Duration::ZERO) && !event.wait_until(now));
        assert!(!event.wait_for(short) && now.elapsed() >= short);
        assert!(!event.wait_until(now + 3 * short) && now.elapsed() >= 3 * short);
        event.set();
        assert!(event.wait_for(Duration::ZERO) && event.wait_until(now), "it is set");
        assert!(event.wait_for(Duration::MAX));
        event.clear();
        let waits = fork(|| assert!(event.wait_for(Duration::MAX)));
        waits.until_asleep_on(word_address(&event));
        event.set();
        waits.join();
    });
}
