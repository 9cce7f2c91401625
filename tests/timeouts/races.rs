//! Waits whose time runs out just when what they wait for comes, again and again, while some are killed: nobody else waits in
//! vain, and nothing is lost.

use std::time::Duration;

use lockproof::error::{LockError, TryLockError};
use lockproof::{
    BoundedSemaphore, Event, PutError, Queue, Region, RwLock, Semaphore, TakeError, shareable,
};

use crate::common::child::{
    Child, fork, has_ended, say, supervised, switches, until, waits_for_others,
};
use crate::common::memory::Board;
use crate::common::seed::{Seed, scaled};

shareable! {
    struct All {
        rwlock: RwLock<u64, 2>,
        permits: BoundedSemaphore<2>,
        signals: Semaphore<0, 1>,
        event: Event,
        queue: Queue<u64, 1>,
    }
}

/// What is waited for, by some in time and by one as long as it takes.
struct Race {
    name: &'static str,
    /// Keeps everybody waiting, until what is returned is called.
    block: for<'a> fn(&'a All) -> Box<dyn FnOnce() + 'a>,
    /// Waits so long, and says whether it came. The number, 0 or 1, chooses where there are two ways.
    wait: fn(&All, Duration, usize) -> bool,
    /// Waits as long as it takes.
    wait_patiently: fn(&All),
    /// Whether this process, the only one left, has nothing to wait for.
    is_there: fn(&All, u32) -> bool,
    /// Gives one more of what is gone when it has come to somebody.
    give: Option<fn(&All)>,
}

const RACES: [Race; 8] = [
    Race {
        name: "to write",
        block: |all| until_dropped(all.rwlock.write().unwrap()),
        wait: read_or_write,
        wait_patiently: |all| match all.rwlock.write() {
            Err(LockError::OwnerDied(died)) => died.into_guard().make_consistent(),
            taken => drop(taken.unwrap()),
        },
        is_there: is_unlocked,
        give: None,
    },
    Race {
        name: "to read",
        block: |all| until_dropped(all.rwlock.write().unwrap()),
        wait: read_or_write,
        wait_patiently: |all| match all.rwlock.read() {
            Err(LockError::OwnerDied(died)) => died.into_guard().make_consistent(),
            taken => drop(taken.unwrap()),
        },
        is_there: is_unlocked,
        give: None,
    },
    Race {
        name: "a permit",
        block: |all| until_dropped(all.permits.acquire_many(2).unwrap()),
        wait: |all, limit, what| in_time(all.permits.try_acquire_many_for(1 + what, limit)),
        wait_patiently: |all| drop(all.permits.acquire().unwrap()),
        is_there: |all, _| all.permits.available() > 0,
        give: None,
    },
    Race {
        name: "both permits",
        block: |all| until_dropped(all.permits.acquire().unwrap()),
        wait: |all, limit, what| in_time(all.permits.try_acquire_many_for(1 + what, limit)),
        wait_patiently: |all| drop(all.permits.acquire_many(2).unwrap()),
        // It may have the other one already.
        is_there: |all, _| all.permits.available() > 0,
        give: None,
    },
    Race {
        name: "a signal",
        block: |all| Box::new(|| all.signals.post().unwrap()),
        wait: |all, limit, _| in_time(all.signals.try_wait_for(limit)),
        wait_patiently: |all| all.signals.wait().unwrap(),
        is_there: |all, _| all.signals.available() > 0,
        give: Some(|all| all.signals.post().unwrap()),
    },
    Race {
        name: "an event that is cleared at once",
        block: |all| {
            Box::new(|| {
                all.event.set();
                all.event.clear();
            })
        },
        wait: |all, limit, _| all.event.wait_for(limit),
        wait_patiently: |all| all.event.wait(),
        is_there: |_, _| true,
        give: None,
    },
    Race {
        name: "an element",
        block: |all| Box::new(|| all.queue.put(1).unwrap()),
        wait: |all, limit, _| match all.queue.try_take_for(limit) {
            Err(TakeError::Empty) => false,
            taken => taken.unwrap().is_some(),
        },
        wait_patiently: |all| assert_eq!(all.queue.take().unwrap(), Some(1)),
        is_there: |all, _| all.queue.look().unwrap().length > 0,
        give: Some(|all| all.queue.put(1).unwrap()),
    },
    Race {
        name: "room for an element",
        block: |all| {
            all.queue.put(1).unwrap();
            Box::new(|| assert_eq!(all.queue.take().unwrap(), Some(1)))
        },
        wait: |all, limit, _| match all.queue.try_put_for(1, limit) {
            Err(PutError::Full(_)) => false,
            put => {
                put.unwrap();
                true
            }
        },
        wait_patiently: |all| all.queue.put(1).unwrap(),
        is_there: |all, _| all.queue.look().unwrap().length == 0,
        give: Some(|all| assert_eq!(all.queue.take().unwrap(), Some(1))),
    },
];

fn until_dropped<'a, G: 'a>(held: G) -> Box<dyn FnOnce() + 'a> {
    Box::new(move || drop(held))
}

fn in_time<G, H>(waited: Result<G, TryLockError<H>>) -> bool {
    match waited {
        Ok(_) => true,
        Err(TryLockError::WouldBlock(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

fn read_or_write(all: &All, limit: Duration, which: usize) -> bool {
    let died = if which == 0 {
        match all.rwlock.try_read_for(limit) {
            Err(TryLockError::Lock(LockError::OwnerDied(died))) => died,
            waited => return in_time(waited),
        }
    } else {
        match all.rwlock.try_write_for(limit) {
            Err(TryLockError::Lock(LockError::OwnerDied(died))) => died,
            waited => return in_time(waited),
        }
    };
    died.into_guard().make_consistent();
    true
}

/// Whoever is to write next has the lock's mutex while it waits for readers.
fn is_unlocked(all: &All, waiter: u32) -> bool {
    [0, waiter].contains(&all.rwlock.status().owner()) && all.rwlock.readers() == 0
}

/// Whether it sleeps while something holds. Exact, as [`all_sleep_while`](crate::common::memory::all_sleep_while).
fn sleeps_while(child: &Child, holds: impl Fn() -> bool) -> bool {
    let asleep = || waits_for_others(child.pid).then(|| switches(child.pid));
    let before = asleep();
    before.is_some() && holds() && asleep() == before
}

const STOP: usize = 0;
const TOOK: usize = 1;
const LATE: usize = 2;

/// Short enough to run out often.
const LONGEST_WAIT_IN_MICROSECONDS: usize = 200;

impl Race {
    fn impatient(&self, all: &All, board: &Board, mut seed: Seed) -> Child {
        fork(move || {
            while board.get(STOP) == 0 {
                let limit = seed.below(LONGEST_WAIT_IN_MICROSECONDS) as u64;
                let came = (self.wait)(all, Duration::from_micros(limit), seed.below(2));
                board.add(if came { TOOK } else { LATE }, 1);
            }
        })
    }

    fn run(&self, seed: &mut Seed, board: &Board) {
        let all = &Region::<All>::anonymous().unwrap();
        let end = (self.block)(all);
        [STOP, TOOK].into_iter().for_each(|what| board.set(what, 0));
        let mut others: Vec<Child> =
            (0..3).map(|_| self.impatient(all, board, seed.branch())).collect();
        let patient = fork(|| (self.wait_patiently)(all));
        until(|| waits_for_others(patient.pid));
        let mut spin = || (0..seed.below(20_000)).for_each(|_| std::hint::spin_loop());
        spin();
        end();
        spin();
        others.swap_remove(0).kill();
        spin();
        board.set(STOP, 1);
        others.into_iter().for_each(Child::join);
        let mut given = 1;
        let is_there = || (self.is_there)(all, patient.pid as u32);
        while !has_ended(patient.pid) {
            assert!(
                !sleeps_while(&patient, is_there),
                "it is there, and one sleeps: {}",
                self.name
            );
            if let (Some(give), false) = (self.give, is_there()) {
                give(all);
                given += 1;
            }
        }
        patient.join();
        if self.give.is_some() {
            let (left, by_the_dead) = (u64::from((self.is_there)(all, 0)), 1);
            let found = board.get(TOOK) + 1 + left;
            assert!((found..=found + by_the_dead).contains(&given), "{found} of {given} are found");
        }
    }
}

#[test]
fn who_is_late_or_killed_takes_nothing_from_those_who_wait() {
    for race in RACES {
        supervised(120, || {
            let (mut seed, board) = (Seed::announced(), Board::new(3));
            (0..scaled(40)).for_each(|_| race.run(&mut seed, &board));
            say(&format!("{}: {} times late", race.name, board.get(LATE)));
            assert!(board.get(LATE) > 0, "nobody was late for {}", race.name);
        });
    }
}
