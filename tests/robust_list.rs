//! The list of held locks that the kernel reads when a thread dies, shared with the C library's own robust mutexes.

mod common;

use common::child::{Child, fork, kill_myself, say, supervised};
use common::list::{KERNEL_LIMIT, listed};
use common::memory::{Board, shared_bytes, word_address};
use common::outcome::{Attempt, Outcome, acquired};
use common::pthread::{Kind, PthreadMutex};
use common::seed::{Seed, scaled};
use lockproof::{Lock, Mutex, Region};

const OURS: usize = 7;
const THEIRS: usize = 7;

/// Seven locks of ours and seven of the C library's, and which of them the calling thread holds.
struct Mixture {
    ours: Region<[Lock; OURS]>,
    theirs: &'static [PthreadMutex],
    /// Oldest first.
    held: Vec<usize>,
}

impl Mixture {
    fn new(kind: impl Fn(usize) -> Kind) -> Self {
        let theirs = PthreadMutex::some(THEIRS, kind);
        Self { ours: Region::anonymous().unwrap(), theirs, held: Vec::new() }
    }

    /// The same locks, of which a forked child holds none.
    fn of_this_process(&self) -> Self {
        Self { ours: self.ours.clone(), theirs: self.theirs, held: Vec::new() }
    }

    fn lock(&mut self, which: usize) {
        match which.checked_sub(OURS) {
            None => assert_eq!(acquired(self.ours[which].acquire(true, None)), Outcome::Clean),
            Some(which) => assert_eq!(self.theirs[which].lock(), 0),
        }
        self.held.push(which);
    }

    fn unlock(&mut self, which: usize) {
        match which.checked_sub(OURS) {
            None => self.ours[which].release().unwrap(),
            Some(which) => self.theirs[which].unlock(),
        }
        self.held.retain(|held| *held != which);
    }

    fn release_all(&mut self) {
        while let Some(newest) = self.held.last() {
            self.unlock(*newest);
        }
        self.check();
    }

    fn word(&self, which: usize) -> usize {
        match which.checked_sub(OURS) {
            None => word_address(&self.ours[which]),
            Some(which) => self.theirs[which].word_address(),
        }
    }

    /// The list is exactly what is held, newest first.
    fn check(&self) {
        let expected: Vec<usize> = self.held.iter().rev().map(|which| self.word(*which)).collect();
        assert_eq!(listed(), expected, "held, oldest first: {:?}", self.held);
    }

    /// Whether somebody else finds that its holder died while it held it; else that it is free.
    fn is_reported_dead(&self, which: usize) -> bool {
        match which.checked_sub(OURS) {
            None => match acquired(self.ours[which].acquire(false, None)) {
                Outcome::OwnerDied => true,
                Outcome::Clean => false,
                other => panic!("{other:?}"),
            },
            Some(which) => match self.theirs[which].try_lock() {
                libc::EOWNERDEAD => true,
                0 => false,
                error => panic!("error {error}"),
            },
        }
    }
}

/// Takes and releases at random; each of `which` may be taken.
fn churn(mixture: &mut Mixture, which: &[usize], rounds: u64, seed: &mut Seed) {
    for _ in 0..rounds {
        let one = which[seed.below(which.len())];
        if mixture.held.contains(&one) {
            mixture.unlock(one)
        } else {
            mixture.lock(one)
        }
        mixture.check();
    }
}

const MIXED: fn(usize) -> Kind =
    |at| if at % 3 == 2 { Kind::RobustInheriting } else { Kind::Robust };

#[test]
fn ours_alone_come_and_go_in_any_order() {
    supervised(120, || {
        let mut seed = Seed::announced();
        let mut mixture = Mixture::new(MIXED);
        let ours: Vec<usize> = (0..OURS).collect();
        churn(&mut mixture, &ours, scaled(50_000), &mut seed);
        mixture.release_all();
    });
}

#[test]
fn ours_and_the_c_librarys_come_and_go_in_any_order() {
    supervised(120, || {
        let mut seed = Seed::announced();
        let mut mixture = Mixture::new(MIXED);
        let all: Vec<usize> = (0..OURS + THEIRS).collect();
        churn(&mut mixture, &all, scaled(100_000), &mut seed);
        mixture.release_all();
    });
}

#[test]
fn also_in_many_threads_one_after_the_other() {
    supervised(120, || {
        let mut seed = Seed::announced();
        for _ in 0..scaled(50) {
            let mut mine = seed.branch();
            // Every second thread ends while it holds something.
            let leave = mine.coin();
            std::thread::spawn(move || {
                let mut mixture = Mixture::new(MIXED);
                let all: Vec<usize> = (0..OURS + THEIRS).collect();
                churn(&mut mixture, &all, 200, &mut mine);
                if !leave {
                    mixture.release_all();
                }
                core::mem::forget(mixture);
            })
            .join()
            .unwrap();
        }
    });
}

#[test]
fn a_death_reports_exactly_what_was_held() {
    supervised(120, || {
        let mut seed = Seed::announced();
        for _ in 0..scaled(300) {
            let mixture = Mixture::new(MIXED);
            let (board, mut mine) = (Board::new(OURS + THEIRS), seed.branch());
            let all: Vec<usize> = (0..OURS + THEIRS).collect();
            let rounds = 20 + mine.below(40) as u64;
            let dying = fork(|| {
                let mut mixture = mixture.of_this_process();
                churn(&mut mixture, &all, rounds, &mut mine);
                mixture.held.iter().for_each(|which| board.set(*which, 1));
                kill_myself();
            });
            dying.wait();
            let held: Vec<usize> = all.iter().copied().filter(|at| board.get(*at) == 1).collect();
            let check = fork(|| {
                let reported = all.iter().copied().filter(|which| mixture.is_reported_dead(*which));
                assert_eq!(reported.collect::<Vec<_>>(), held);
            });
            check.join();
        }
    });
}

/// More locks than the kernel looks after.
type Many = Region<[Lock; KERNEL_LIMIT + 8]>;

#[test]
fn no_more_locks_are_taken_than_the_kernel_looks_after() {
    // How many of the C library's are held too, and whether they are taken before ours, or when that many of ours
    // are held.
    for (theirs, after) in
        [(0, 0), (1, 0), (5, 0), (2048, 0), (8, 100), (8, 2039), (8, 2040), (1, 2047), (5, 2043)]
    {
        supervised(60, || {
            say(&format!("{theirs} of the C library's, after {after} of ours"));
            let locks = Many::anonymous().unwrap();
            let mutexes = PthreadMutex::some(theirs, |_| Kind::Robust);
            let board = Board::new(1);
            let holder = fork(|| hold_as_many_as_possible(&locks, mutexes, after, &board));
            board.until(0, 1);
            holder.kill();
            let ours = KERNEL_LIMIT - theirs;
            let fresh = || fork(|| all_reported(&locks, mutexes, ours));
            fresh().join();
        });
    }
}

fn hold_as_many_as_possible(locks: &Many, mutexes: &[PthreadMutex], after: usize, board: &Board) {
    let most = KERNEL_LIMIT - mutexes.len();
    for (at, lock) in locks[..most].iter().enumerate() {
        if at == after {
            mutexes.iter().for_each(|mutex| assert_eq!(mutex.lock(), 0));
        }
        assert_eq!(acquired(lock.acquire(true, None)), Outcome::Clean, "lock {at}");
    }
    if after >= most {
        mutexes.iter().for_each(|mutex| assert_eq!(mutex.lock(), 0));
    }
    let one_more = || locks[most].acquire(true, None);
    let refused = one_more().expect_err("one too many");
    assert!(refused.to_string().contains("2048 locks"), "says so: {refused}");
    assert_eq!(acquired(one_more()), Outcome::TooManyHeld, "and again");
    assert_eq!(listed().len(), KERNEL_LIMIT);
    if most > 0 {
        locks[most / 2].release().unwrap();
        assert_eq!(acquired(one_more()), Outcome::Clean, "there was room again");
        assert_eq!(acquired(locks[most / 2].acquire(true, None)), Outcome::TooManyHeld);
        locks[most].release().unwrap();
        assert_eq!(acquired(locks[most / 2].acquire(true, None)), Outcome::Clean);
    }
    board.set(0, 1);
    loop {
        std::thread::park();
    }
}

fn all_reported(locks: &Many, mutexes: &[PthreadMutex], ours: usize) {
    for (at, lock) in locks.iter().enumerate() {
        let outcome = acquired(lock.acquire(false, None));
        assert_eq!(
            outcome,
            if at < ours { Outcome::OwnerDied } else { Outcome::Clean },
            "lock {at}"
        );
        lock.make_consistent().unwrap();
        lock.release().unwrap();
    }
    for mutex in mutexes {
        assert_eq!(mutex.try_lock(), libc::EOWNERDEAD);
        mutex.make_consistent();
        mutex.unlock();
    }
}

#[test]
fn as_many_as_possible_are_released_in_any_order() {
    supervised(120, || {
        let mut seed = Seed::announced();
        let locks = Region::<[Lock; KERNEL_LIMIT]>::anonymous().unwrap();
        let mut order: Vec<usize> = (0..KERNEL_LIMIT).collect();
        for round in 0..3 {
            for lock in locks.iter() {
                assert_eq!(acquired(lock.acquire(true, None)), Outcome::Clean);
            }
            match round {
                0 => {}
                1 => order.reverse(),
                _ => seed.shuffle(&mut order),
            }
            order.iter().for_each(|at| locks[*at].release().unwrap());
            assert_eq!(listed(), []);
        }
    });
}

/// What a hostile or broken process may write over the links of a held lock.
fn scribbles(canary: usize, own: usize) -> [usize; 8] {
    [0, 1, 8, usize::MAX, 1 << 46, canary, canary | 1, own]
}

#[test]
fn overwritten_links_of_held_locks_lead_nobody_astray() {
    supervised(60, || {
        let mut seed = Seed::announced();
        let canary = shared_bytes(4096);
        for _ in 0..scaled(200) {
            let locks = Region::<[Mutex<u64>; OURS]>::anonymous().unwrap();
            let mut order: Vec<usize> = (0..OURS).collect();
            seed.shuffle(&mut order);
            let mut guards: Vec<_> =
                order.iter().map(|at| Some(locks[*at].lock().unwrap())).collect();
            seed.shuffle(&mut order);
            for at in order {
                overwrite_links(&locks, canary, &mut seed);
                guards[at] = None;
            }
            assert_eq!(listed(), [], "nothing is held");
            let guard = locks[0].lock().unwrap();
            assert_eq!(listed(), [word_address(&locks[0])]);
            drop(guard);
            assert!(canary_lives(canary), "memory that is no lock was written to");
        }
    });
}

/// Has another process overwrite each lock's links.
fn overwrite_links(locks: &Region<[Mutex<u64>; OURS]>, canary: *mut u8, seed: &mut Seed) {
    let mut theirs = seed.branch();
    let vandal = fork(|| {
        for lock in locks.iter() {
            let start = (&raw const *lock).expose_provenance();
            let values = scribbles(canary.addr(), start + 32);
            for offset in [24, 32] {
                let value = values[theirs.below(values.len())];
                let link = core::ptr::with_exposed_provenance_mut::<usize>(start + offset);
                // SAFETY: a lock's links, in shared memory; nothing in this process reads them.
                unsafe { link.write_volatile(value) };
            }
        }
    });
    vandal.join();
}

fn canary_lives(canary: *mut u8) -> bool {
    // SAFETY: a page of this test's own, which nobody should have written to.
    let bytes = unsafe { core::slice::from_raw_parts(canary, 4096) };
    bytes.iter().all(|byte| *byte == 0)
}

#[test]
fn a_death_with_overwritten_links_is_still_found() {
    supervised(60, || {
        let mut seed = Seed::announced();
        let canary = shared_bytes(4096);
        for _ in 0..scaled(3) {
            let locks = Region::<[Mutex<u64>; OURS]>::anonymous().unwrap();
            let board = Board::new(1);
            let holder = fork(|| {
                let _guards: Vec<_> = locks.iter().map(|lock| lock.lock().unwrap()).collect();
                board.set(0, 1);
                loop {
                    std::thread::park();
                }
            });
            board.until(0, 1);
            overwrite_links(&locks, canary, &mut seed);
            holder.kill();
            // Those that the kernel did not come to are found by whoever waits.
            let waiters: Vec<Child> = locks
                .iter()
                .map(|lock| fork(|| assert_eq!(lock.lock().taken().0, Outcome::OwnerDied)))
                .collect();
            waiters.into_iter().for_each(Child::join);
        }
    });
}
