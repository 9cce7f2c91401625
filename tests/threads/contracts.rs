//! What each primitive promises, kept between threads alone.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

use lockproof::{
    Barrier, BoundedSemaphore, Condvar, Event, JoinableQueue, MessageQueue, Mutex, Once, OnceValue,
    Pipe, Queue, RawArray, RawValue, Region, RwLock, Semaphore, shareable,
};

use crate::common::child::supervised;
use crate::common::seed::scaled;

const THREADS: usize = 4;

/// Runs it in so many threads at once, each with its number, and returns what they return, in that order.
fn in_threads<R: Send>(count: usize, body: impl Fn(usize) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let body = &body;
        let all: Vec<_> = (0..count).map(|number| scope.spawn(move || body(number))).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// How many are inside of something.
#[derive(Default)]
struct Inside(AtomicU64);

impl Inside {
    /// So many come in; says how many are inside then.
    fn enter(&self, count: u64) -> u64 {
        self.0.fetch_add(count, SeqCst) + count
    }

    fn leave(&self, count: u64) {
        self.0.fetch_sub(count, SeqCst);
    }

    fn now(&self) -> u64 {
        self.0.load(SeqCst)
    }
}

#[test]
fn readers_are_together_and_a_writer_is_alone() {
    supervised(120, || {
        let lock = Region::<RwLock<[u64; 4], 3>>::anonymous().unwrap();
        let (reading, writing, rounds) = (Inside::default(), Inside::default(), scaled(5_000));
        in_threads(THREADS, |_| {
            let mut last = 0;
            for _ in 0..rounds {
                let mut words = lock.write().unwrap();
                assert_eq!((writing.enter(1), reading.now()), (1, 0));
                words.iter_mut().for_each(|word| *word += 1);
                writing.leave(1);
                drop(words);
                let words = lock.read().unwrap();
                reading.enter(1);
                assert_eq!(writing.now(), 0);
                assert!(words.iter().all(|word| *word == words[0]) && words[0] > last, "{words:?}");
                last = words[0];
                reading.leave(1);
            }
        });
        assert_eq!(*lock.read().unwrap(), [THREADS as u64 * rounds; 4]);
        let all_inside = std::sync::Barrier::new(3);
        in_threads(3, |_| {
            let _reads = lock.read().unwrap();
            all_inside.wait();
        });
    });
}

#[test]
fn no_more_are_inside_than_there_are_permits() {
    supervised(120, || {
        let semaphore = Region::<BoundedSemaphore<3>>::anonymous().unwrap();
        let (inside, rounds) = (Inside::default(), scaled(5_000));
        in_threads(THREADS, |number| {
            for round in 0..rounds {
                let wanted = if (round + number as u64).is_multiple_of(8) { 2 } else { 1 };
                let permit = semaphore.acquire_many(wanted as usize).unwrap();
                let now = inside.enter(wanted);
                assert!(now <= 3, "{now} are inside");
                inside.leave(wanted);
                drop(permit);
            }
        });
        assert_eq!(semaphore.available(), 3);
    });
}

#[test]
fn every_signal_is_taken_once() {
    supervised(120, || {
        let signals = Region::<Semaphore<0, 8>>::anonymous().unwrap();
        let (taken, rounds) = (AtomicU64::new(0), scaled(3_000));
        in_threads(THREADS, |number| {
            for _ in 0..rounds {
                if number % 2 == 0 {
                    while signals.post().is_err() {
                        thread::yield_now();
                    }
                } else {
                    signals.wait().unwrap();
                    taken.fetch_add(1, SeqCst);
                }
            }
        });
        assert_eq!((taken.into_inner(), signals.available()), (THREADS as u64 / 2 * rounds, 0));
    });
}

#[test]
fn all_that_is_made_is_taken() {
    shareable! {
        struct Shop {
            things: Mutex<u64>,
            changed: Condvar,
        }
    }
    /// So few that makers wait, too.
    const ROOM: u64 = 2;
    supervised(120, || {
        let (shop, rounds) = (Region::<Shop>::anonymous().unwrap(), scaled(3_000));
        in_threads(THREADS, |number| {
            for round in 0..rounds {
                let things = shop.things.lock().unwrap();
                let makes = number % 2 == 0;
                let blocked = |things: &mut u64| *things == if makes { ROOM } else { 0 };
                let mut things = shop.changed.wait_while(things, blocked).unwrap();
                *things = if makes { *things + 1 } else { *things - 1 };
                drop(things);
                if round % 2 == 0 { shop.changed.notify_one() } else { shop.changed.notify_all() }
            }
        });
        assert_eq!(*shop.things.lock().unwrap(), 0);
    });
}

#[test]
fn one_set_releases_all_and_shows_what_was_written() {
    shareable! {
        struct Shared {
            written: RawValue<u64>,
            announced: Event,
            seen: Semaphore<0, THREADS>,
            again: Event,
        }
    }
    supervised(120, || {
        let (shared, rounds) = (Region::<Shared>::anonymous().unwrap(), scaled(1_000));
        in_threads(THREADS + 1, |number| {
            for round in 1..=rounds {
                if number < THREADS {
                    shared.announced.wait();
                    assert_eq!(shared.written.load(), round);
                    shared.seen.post().unwrap();
                    shared.again.wait();
                    shared.seen.post().unwrap();
                    continue;
                }
                let all_have = || (0..THREADS).for_each(|_| shared.seen.wait().unwrap());
                shared.again.clear();
                shared.written.store(round);
                shared.announced.set();
                all_have();
                shared.announced.clear();
                shared.again.set();
                all_have();
            }
        });
    });
}

#[test]
fn one_of_all_does_it_and_the_others_see_it() {
    shareable! {
        struct Shared {
            once: Once,
            halves: RawArray<u64, 2>,
            value: OnceValue<[u64; 32]>,
        }
    }
    supervised(120, || {
        for round in 1..=scaled(200) {
            let shared = Region::<Shared>::anonymous().unwrap();
            let (done, computed) = (AtomicU64::new(0), AtomicU64::new(0));
            let start = std::sync::Barrier::new(THREADS);
            let values = in_threads(THREADS, |number| {
                start.wait();
                let make = || {
                    done.fetch_add(1, SeqCst);
                    shared.halves.iter().for_each(|half| half.store(round));
                };
                shared.once.call_once(make).unwrap();
                assert!(shared.halves.iter().all(|half| half.load() == round));
                let compute = || {
                    computed.fetch_add(1, SeqCst);
                    [number as u64; 32]
                };
                *shared.value.get_or_init(compute).unwrap()
            });
            assert_eq!((done.into_inner(), computed.into_inner()), (1, 1));
            assert_eq!(values, [[values[0][0]; 32]; THREADS], "one value, whole, for all");
        }
    });
}

#[test]
fn nobody_passes_a_barrier_before_all_have_come_and_one_leads() {
    supervised(120, || {
        let barrier = Region::<Barrier<THREADS>>::anonymous().unwrap();
        let (came, rounds) = (AtomicU64::new(0), scaled(2_000));
        let led = in_threads(THREADS, |number| {
            let party = (number % 2 == 0).then(|| barrier.register().unwrap());
            let mut led = 0;
            for round in 1..=rounds {
                came.fetch_add(1, SeqCst);
                let met = match &party {
                    Some(party) => party.wait(),
                    None => barrier.wait(),
                };
                led += u64::from(met.unwrap().is_leader());
                let came = came.load(SeqCst);
                assert!(came >= THREADS as u64 * round, "{came} had come in round {round}");
            }
            led
        });
        assert_eq!(led.into_iter().sum::<u64>(), rounds);
    });
}

/// What two consumers took from two producers, each of which put the numbers from 0 on: all of it once, and in the order of
/// each producer.
fn nothing_is_lost_or_reordered(taken: &[Vec<[u64; 2]>], each: u64) {
    for producer in 0..2 {
        let of = |taken: &[[u64; 2]]| -> Vec<u64> {
            taken.iter().filter(|[who, _]| *who == producer).map(|[_, number]| *number).collect()
        };
        let mut all = Vec::new();
        for consumer in taken {
            let numbers = of(consumer);
            assert!(numbers.is_sorted(), "not in the order of producer {producer}");
            all.extend(numbers);
        }
        all.sort_unstable();
        assert!(all.into_iter().eq(0..each), "lost or doubled, of producer {producer}");
    }
}

/// Two threads that produce, and two that consume until there is nothing more. The last producer to be done says so.
fn produce_and_consume(
    each: u64,
    put: impl Fn([u64; 2]) + Sync,
    take: impl Fn() -> Option<[u64; 2]> + Sync,
    close: impl Fn() + Sync,
) {
    let is_other_done = AtomicBool::new(false);
    let taken = in_threads(4, |number| {
        if number >= 2 {
            return std::iter::from_fn(&take).collect();
        }
        (0..each).for_each(|count| put([number as u64, count]));
        if is_other_done.swap(true, SeqCst) {
            close();
        }
        Vec::new()
    });
    nothing_is_lost_or_reordered(&taken, each);
}

#[test]
fn what_is_put_comes_out_once_and_in_order() {
    supervised(120, || {
        let queue = Region::<Queue<[u64; 2], 3>>::anonymous().unwrap();
        produce_and_consume(
            scaled(10_000),
            |element| queue.put(element).unwrap(),
            || queue.take().unwrap(),
            || queue.shutdown().unwrap(),
        );
        assert_eq!(queue.look().unwrap().length, 0);
    });
}

#[test]
fn what_is_sent_comes_out_once_in_order_and_whole() {
    /// Both numbers, once or several times.
    fn message([who, number]: [u64; 2]) -> Vec<u8> {
        let words = [who, number].repeat(1 + (number % 5) as usize);
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }
    fn read(bytes: &[u8]) -> [u64; 2] {
        let words: Vec<u64> =
            bytes.chunks(8).map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect();
        let both = [words[0], words[1]];
        assert_eq!(bytes, message(both), "not whole");
        both
    }
    supervised(120, || {
        let queue = Region::<MessageQueue<200>>::anonymous().unwrap();
        produce_and_consume(
            scaled(10_000),
            |both| queue.send(&message(both)).unwrap(),
            || queue.receive().unwrap().as_deref().map(read),
            || queue.shutdown().unwrap(),
        );
    });
}

#[test]
fn both_ends_of_a_pipe_talk_at_once() {
    supervised(120, || {
        let (pipe, rounds) = (Region::<Pipe<64>>::anonymous().unwrap(), scaled(5_000));
        let (one, other) = pipe.ends();
        in_threads(4, |number| {
            let end = if number < 2 { one } else { other };
            for round in 0..rounds {
                let bytes = round.to_le_bytes();
                if number % 2 == 0 {
                    end.send(&bytes).unwrap();
                } else {
                    assert_eq!(end.receive().unwrap().unwrap(), bytes);
                }
            }
        });
    });
}

#[test]
fn whoever_joins_finds_every_task_done_once() {
    supervised(120, || {
        let tasks = Region::<JoinableQueue<u64, 4, THREADS>>::anonymous().unwrap();
        let rounds = scaled(500);
        let done: Vec<AtomicU64> = (0..rounds * 8).map(|_| AtomicU64::new(0)).collect();
        in_threads(THREADS, |number| {
            if number > 0 {
                while let Some(task) = tasks.take().unwrap() {
                    done[*task as usize].fetch_add(1, SeqCst);
                }
                return;
            }
            for round in 0..rounds {
                (round * 8..round * 8 + 8).for_each(|task| tasks.put(task).unwrap());
                tasks.join().unwrap();
                let mut so_far = done[..round as usize * 8 + 8].iter();
                assert!(so_far.all(|times| times.load(SeqCst) == 1), "in round {round}");
            }
            tasks.shutdown().unwrap();
        });
        let look = tasks.look().unwrap();
        assert_eq!((look.done, look.lost, look.in_hand), (rounds * 8, 0, 0));
    });
}
