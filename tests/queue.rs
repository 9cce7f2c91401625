//! Queues between processes: everything comes out once and in order, whoever dies, and in time.

mod common;

use std::time::{Duration, Instant};

use common::child::{Child, fork, say, supervised};
use common::memory::Board;
use common::seed::{Seed, scaled};
use lockproof::{PutError, Queue, Region, TakeError};

/// Who has put it, its number, and the same once more: half an element would show.
type Element = [u64; 4];

fn element(who: u64, number: u64) -> Element {
    [who, number, who, number]
}

fn whole([who, number, same, again]: Element) -> (usize, u64) {
    assert_eq!((who, number), (same, again), "half an element");
    (who as usize, number)
}

fn queue<const N: usize>() -> Region<Queue<Element, N>> {
    Region::anonymous().unwrap()
}

#[test]
fn everything_comes_out_once_and_in_order() {
    supervised(120, || {
        let (queue, board, each) = (queue::<4>(), Board::new(2), scaled(10_000));
        let producers: Vec<Child> = (0..3)
            .map(|who| {
                let queue = &queue;
                fork(move || {
                    let mut number = 0;
                    while number < each {
                        // One by one, and several at a time.
                        if number % 3 == 0 {
                            queue.put(element(who, number)).unwrap();
                            number += 1;
                        } else {
                            let some: Vec<Element> =
                                (number..each.min(number + 6)).map(|n| element(who, n)).collect();
                            number += queue.put_some(&some).unwrap() as u64;
                        }
                    }
                })
            })
            .collect();
        let consumers: Vec<Child> = (0..2)
            .map(|many| {
                let (queue, board) = (&queue, &board);
                fork(move || {
                    let mut last = [None; 3];
                    let mut some = Vec::new();
                    loop {
                        some.clear();
                        if many == 0 {
                            some.extend(queue.take().unwrap());
                        } else {
                            queue.take_some(5, &mut some).unwrap();
                        }
                        if some.is_empty() {
                            return;
                        }
                        for taken in &some {
                            let (who, number) = whole(*taken);
                            assert!(last[who] < Some(number), "{number} after {last:?}");
                            last[who] = Some(number);
                            board.add(0, 1);
                            board.add(1, number);
                        }
                    }
                })
            })
            .collect();
        producers.into_iter().for_each(Child::join);
        queue.shutdown().unwrap();
        consumers.into_iter().for_each(Child::join);
        assert_eq!(board.get(0), 3 * each);
        assert_eq!(board.get(1), 3 * each * (each - 1) / 2);
    });
}

#[test]
fn full_empty_and_shut_down_are_told() {
    let queue = queue::<2>();
    let one = element(0, 1);
    assert!(matches!(queue.try_take(), Err(TakeError::Empty)));
    queue.try_put(one).unwrap();
    queue.try_put(one).unwrap();
    assert!(matches!(queue.try_put(one), Err(PutError::Full(same)) if same == one));
    assert_eq!((queue.look().unwrap().length, queue.capacity()), (2, 2));
    assert_eq!(
        (queue.put_some(&[]).unwrap(), queue.take_some(0, &mut Vec::new()).unwrap()),
        (0, 0)
    );
    queue.shutdown().unwrap();
    assert!(matches!(queue.put(one), Err(PutError::ShutDown(same)) if same == one));
    assert!(matches!(queue.put_some(&[one]), Err(PutError::ShutDown(()))));
    assert_eq!((queue.take().unwrap(), queue.try_take().unwrap()), (Some(one), Some(one)));
    assert_eq!((queue.take().unwrap(), queue.try_take().unwrap()), (None, None));
    assert!(queue.look().unwrap().closed);
}

/// That another is at the queue does not make it full, or empty.
#[test]
fn there_is_room_for_one_of_each() {
    supervised(60, || {
        let (queue, board, rounds) = (queue::<4>(), Board::new(1), scaled(200_000));
        let all: Vec<Child> = (0..4)
            .map(|who| {
                let (queue, board) = (&queue, &board);
                fork(move || {
                    board.add(0, 1);
                    board.until(0, 4);
                    for number in 0..rounds {
                        queue.try_put(element(who, number)).unwrap();
                        whole(queue.try_take().unwrap().expect("it is not shut down"));
                    }
                })
            })
            .collect();
        all.into_iter().for_each(Child::join);
        assert_eq!(queue.look().unwrap().length, 0);
    });
}

#[test]
fn a_wait_ends_in_time() {
    supervised(60, || {
        let (queue, short, now) = (queue::<1>(), Duration::from_millis(30), Instant::now());
        assert!(matches!(queue.try_take_for(Duration::ZERO), Err(TakeError::Empty)));
        assert!(matches!(queue.try_take_until(now), Err(TakeError::Empty)));
        assert!(matches!(queue.try_take_for(short), Err(TakeError::Empty)));
        assert!(now.elapsed() >= short);
        let waits = fork(|| assert!(queue.try_take_for(Duration::MAX).unwrap().is_some()));
        queue.put(element(0, 0)).unwrap();
        waits.join();
        queue.put(element(0, 1)).unwrap();
        let now = Instant::now();
        assert!(matches!(queue.try_put_for(element(0, 2), short), Err(PutError::Full(_))));
        assert!(matches!(queue.try_put_until(element(0, 2), now), Err(PutError::Full(_))));
        assert!(now.elapsed() >= short);
    });
}

#[test]
fn shutting_it_down_releases_everybody_who_waits() {
    supervised(60, || {
        for _ in 0..scaled(20) {
            let (empty, full) = (queue::<1>(), queue::<1>());
            full.put(element(0, 0)).unwrap();
            let all: Vec<Child> = (0..4)
                .map(|number| {
                    let (empty, full) = (&empty, &full);
                    fork(move || match number % 2 {
                        0 => assert!(empty.take().unwrap().is_none()),
                        _ => assert!(matches!(full.put(element(0, 1)), Err(PutError::ShutDown(_)))),
                    })
                })
                .collect();
            empty.shutdown().unwrap();
            full.shutdown().unwrap();
            all.into_iter().for_each(Child::join);
        }
    });
}

/// Producers and consumers are killed at any point. What the living have put comes out, but for one for each dead
/// consumer; nothing comes out twice or in halves, and nobody waits in vain.
#[test]
fn the_dead_lose_no_more_than_what_they_had_in_hand() {
    supervised(180, || {
        let mut seed = Seed::announced();
        let (queue, board) = (queue::<3>(), Board::new(3));
        let [put, taken, consumers_died] = [0, 1, 2];
        let produce = || {
            fork(|| {
                loop {
                    queue.put(element(0, board.get(put))).unwrap();
                    board.add(put, 1);
                }
            })
        };
        let consume = || {
            fork(|| {
                while let Some(element) = queue.take().unwrap() {
                    whole(element);
                    board.add(taken, 1);
                }
            })
        };
        let (mut producers, mut consumers) = ([produce(), produce()], [consume(), consume()]);
        let kills = scaled(300);
        for _ in 0..kills {
            board.until(taken, board.get(taken) + 1 + seed.below(200) as u64);
            let which = seed.below(2);
            if seed.coin() {
                std::mem::replace(&mut producers[which], produce()).kill();
            } else {
                std::mem::replace(&mut consumers[which], consume()).kill();
                board.add(consumers_died, 1);
            }
        }
        producers.into_iter().for_each(Child::kill);
        queue.shutdown().unwrap();
        consumers.into_iter().for_each(Child::join);
        let (put, taken) = (board.get(put), board.get(taken));
        let look = queue.look().unwrap();
        say(&format!("{put} put, {taken} taken, {look:?}"));
        assert_eq!((look.length, look.closed), (0, true));
        // A producer may have died between the putting and the counting; a consumer between the taking and the counting.
        assert!(taken <= put + kills + 2, "more than was put");
        assert!(
            taken + board.get(consumers_died) >= put,
            "more was lost than the dead had in hand"
        );
        assert!(look.lost_by_producers + look.lost_by_consumers <= kills + 2);
    });
}
