//! Barriers between processes: all pass together, or all are told why not, whoever dies.

mod common;

use std::time::{Duration, Instant};

use common::child::{Child, fork, is_asleep_on_several, say, supervised, until};
use common::memory::Board;
use common::seed::{Seed, scaled};
use lockproof::{Barrier, BarrierError, Region};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

#[test]
fn nobody_passes_before_all_have_come() {
    supervised(120, || {
        let barrier = Region::<Barrier<4>>::anonymous().unwrap();
        let (board, rounds) = (Board::new(2), scaled(5_000));
        let all: Vec<Child> = (0..4)
            .map(|number| {
                let (barrier, board) = (&barrier, &board);
                fork(move || {
                    // Either way to take part.
                    let party = (number % 2 == 0).then(|| barrier.register().unwrap());
                    for round in 1..=rounds {
                        board.add(0, 1);
                        let met = match &party {
                            Some(party) => party.wait(),
                            None => barrier.wait(),
                        };
                        if met.unwrap().is_leader() {
                            board.add(1, 1);
                        }
                        let came = board.get(0);
                        assert!(came >= 4 * round, "{came} had come in round {round}");
                    }
                })
            })
            .collect();
        all.into_iter().for_each(Child::join);
        assert_eq!((board.get(0), board.get(1)), (4 * rounds, rounds), "one leads each time");
        assert_eq!((barrier.waiting(), barrier.taking_part()), (0, 0));
    });
}

/// Forks one that waits and is told this.
fn told<const N: usize>(barrier: &Barrier<N>, why: BarrierError) -> Child {
    let waits = fork(|| assert_eq!(barrier.wait().unwrap_err(), why));
    until(|| is_asleep_on_several(waits.pid));
    waits
}

#[test]
fn a_death_is_told_at_once_wherever_it_happens() {
    supervised(60, || {
        let barrier = Region::<Barrier<4>>::anonymous().unwrap();
        for round in 0..scaled(20) {
            let board = Board::new(1);
            let busy = fork(|| {
                let party = barrier.register().unwrap();
                board.add(0, 1);
                if round % 2 == 0 {
                    let _ = party.wait();
                }
                loop {
                    std::thread::park();
                }
            });
            if round % 4 < 2 {
                board.until(0, 1);
            }
            let others = [(); 2].map(|()| told(&barrier, BarrierError::PartyDied));
            board.until(0, 1);
            busy.kill();
            others.into_iter().for_each(Child::join);
            assert!(barrier.is_broken());
            assert_eq!(barrier.wait().unwrap_err(), BarrierError::PartyDied, "until it is reset");
            barrier.reset();
            assert!(!barrier.is_broken() && barrier.taking_part() == 0);
        }
    });
}

#[test]
fn nobody_meets_one_that_is_dead_already() {
    supervised(60, || {
        let barrier = Region::<Barrier<2>>::anonymous().unwrap();
        for _ in 0..scaled(20) {
            let came = fork(|| {
                let _ = barrier.wait();
            });
            until(|| barrier.waiting() == 1);
            came.kill();
            // Both have come, and one is gone.
            assert_eq!(barrier.wait().unwrap_err(), BarrierError::PartyDied);
            assert!(barrier.recover() && barrier.taking_part() == 0);
        }
    });
}

#[test]
fn a_wait_that_is_too_long_breaks_it_for_all() {
    supervised(60, || {
        let barrier = Region::<Barrier<3>>::anonymous().unwrap();
        let waits = told(&barrier, BarrierError::Broken);
        let (short, now) = (Duration::from_millis(30), Instant::now());
        assert_eq!(barrier.wait_for(short), Err(BarrierError::TimedOut));
        assert!(now.elapsed() >= short);
        waits.join();
        let table = [
            barrier.wait_for(Duration::ZERO),
            barrier.wait_for(Duration::MAX),
            barrier.wait_until(now),
            barrier.wait(),
        ];
        assert_eq!(table, [Err(BarrierError::Broken); 4]);
        barrier.reset();
        assert_eq!(barrier.wait_until(now), Err(BarrierError::TimedOut), "it is past already");
        barrier.reset();
        assert_eq!(barrier.wait_for(Duration::ZERO), Err(BarrierError::TimedOut));
    });
}

#[test]
fn who_waits_is_told_of_an_abort_and_of_a_reset() {
    supervised(60, || {
        let barrier = Region::<Barrier<3>>::anonymous().unwrap();
        let waits = [(); 2].map(|()| told(&barrier, BarrierError::Broken));
        barrier.abort();
        waits.into_iter().for_each(Child::join);
        assert!(barrier.is_broken() && barrier.waiting() == 0);
        barrier.reset();
        let waits = [(); 2].map(|()| told(&barrier, BarrierError::Broken));
        assert_eq!(barrier.waiting(), 2);
        barrier.reset();
        waits.into_iter().for_each(Child::join);
        let [one, other] = [(); 2].map(|()| fork(|| assert!(barrier.wait().is_ok())));
        barrier.wait().unwrap();
        one.join();
        other.join();
    });
}

#[test]
fn one_more_than_there_are_parties_is_refused() {
    supervised(60, || {
        let barrier = Region::<Barrier<2>>::anonymous().unwrap();
        let one = barrier.register().unwrap();
        let other = barrier.register().unwrap();
        let refused = barrier.wait().unwrap_err();
        assert_eq!(refused, BarrierError::Full);
        assert!(refused.to_string().contains("as many parties as threads"), "{refused}");
        drop(other);
        let child = fork(|| {
            let inherited = one.wait().unwrap_err();
            assert!(matches!(inherited, BarrierError::NotHeld(_)), "{inherited}");
            // SAFETY: in a child that does not return, the original is never used again.
            drop(unsafe { std::ptr::read(&one) });
            assert_eq!(barrier.taking_part(), 1, "its parent's place");
            barrier.wait().unwrap();
        });
        one.wait().unwrap();
        child.join();
    });
}

fn pin_to_one_processor() {
    let may = sched_getaffinity(None).unwrap();
    let first = (0..CpuSet::MAX_CPU).find(|cpu| may.is_set(*cpu)).expect("one to run on");
    let mut only = CpuSet::new();
    only.set(first);
    sched_setaffinity(None, &only).unwrap();
}

/// All who are told recover it, also on one processor, where whoever is woken finds the others asleep again.
#[test]
fn of_all_who_are_told_one_recovers_it() {
    supervised(120, || {
        let barrier = Region::<Barrier<4>>::anonymous().unwrap();
        let (board, rounds, breaks) = (Board::new(3), scaled(500), scaled(200));
        let all: Vec<Child> = (0..4)
            .map(|_| {
                let (barrier, board) = (&barrier, &board);
                fork(move || {
                    pin_to_one_processor();
                    let party = barrier.register().unwrap();
                    let mut met = 0;
                    while met < rounds {
                        match party.wait() {
                            Ok(_) => met += 1,
                            Err(BarrierError::Broken) => {
                                board.add(0, 1);
                                board.add(1, u64::from(barrier.recover()));
                            }
                            Err(error) => panic!("{error}"),
                        }
                        board.add(2, 1);
                    }
                })
            })
            .collect();
        for breaks in 0..breaks {
            board.until(2, breaks);
            barrier.abort();
        }
        all.into_iter().for_each(Child::join);
        let (told, recovered) = (board.get(0), board.get(1));
        say(&format!("{breaks} times broken, {recovered} times recovered, {told} were told"));
        assert!(recovered <= breaks && told <= 4 * breaks);
        assert!(recovered > 0, "it was never broken while they met");
        // The last time perhaps nobody was there any more.
        barrier.recover();
        assert!(!barrier.is_broken() && !barrier.recover());
    });
}

#[test]
fn a_panic_of_a_party_breaks_it() {
    supervised(60, || {
        let barrier = Region::<Barrier<2>>::anonymous().unwrap();
        let waits = told(&barrier, BarrierError::Broken);
        let panicked = std::thread::scope(|scope| {
            let panics = || {
                let _party = barrier.register().unwrap();
                std::panic::resume_unwind(Box::new("on purpose"));
            };
            scope.spawn(panics).join()
        });
        assert!(panicked.is_err());
        waits.join();
    });
}

/// Parties are killed at any point: the others are told, or have met, all of them; nobody waits in vain.
#[test]
fn a_death_at_any_point_leaves_nobody_waiting() {
    supervised(240, || {
        let mut seed = Seed::announced();
        let mut meetings = 0;
        for _ in 0..scaled(150) {
            let barrier = Region::<Barrier<3>>::anonymous().unwrap();
            let board = Board::new(4);
            let others: Vec<Child> = (0..2)
                .map(|number| {
                    let (barrier, board) = (&barrier, &board);
                    fork(move || {
                        let party = barrier.register().unwrap();
                        board.add(3, 1);
                        let told = loop {
                            match party.wait() {
                                Ok(_) => board.add(number, 1),
                                Err(error) => break error,
                            };
                        };
                        assert_eq!(told, BarrierError::PartyDied);
                    })
                })
                .collect();
            let dies = fork(|| {
                let party = barrier.register().unwrap();
                board.add(3, 1);
                loop {
                    party.wait().unwrap();
                    board.add(2, 1);
                }
            });
            board.until(3, 3);
            board.until(2, seed.below(50) as u64);
            for _ in 0..seed.below(3_000) {
                std::hint::spin_loop();
            }
            dies.kill();
            others.into_iter().for_each(Child::join);
            assert_eq!(board.get(0), board.get(1), "a meeting succeeds for all or for nobody");
            meetings += board.get(0);
        }
        say(&format!("{meetings} meetings"));
    });
}
