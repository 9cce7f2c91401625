//! Queues of messages and pipes between processes: each message whole and once, whoever dies.

mod common;

use std::time::Duration;

use common::child::{Child, fork, say, supervised};
use common::memory::Board;
use common::seed::{Seed, scaled};
use lockproof::{MessageQueue, Pipe, ReceiveError, Region, SendError};

/// A message whose bytes all say how long it is.
fn message(length: usize) -> Vec<u8> {
    vec![length as u8; length]
}

fn whole(message: &[u8]) {
    assert!(message.iter().all(|byte| usize::from(*byte) == message.len()), "{message:?}");
}

#[test]
fn every_message_comes_out_whole() {
    supervised(120, || {
        let mut seed = Seed::announced();
        let (queue, board) = (Region::<MessageQueue<61>>::anonymous().unwrap(), Board::new(2));
        let each = scaled(10_000);
        let senders: Vec<Child> = (0..3)
            .map(|_| {
                let mut seed = seed.branch();
                let (queue, board) = (&queue, &board);
                fork(move || {
                    for _ in 0..each {
                        let length = seed.below(58);
                        queue.send(&message(length)).unwrap();
                        board.add(0, length as u64);
                    }
                })
            })
            .collect();
        let receivers: Vec<Child> = (0..2)
            .map(|_| {
                fork(|| {
                    while let Some(message) = queue.receive().unwrap() {
                        whole(&message);
                        board.add(1, message.len() as u64);
                    }
                })
            })
            .collect();
        senders.into_iter().for_each(Child::join);
        queue.shutdown().unwrap();
        receivers.into_iter().for_each(Child::join);
        assert_eq!(board.get(0), board.get(1));
    });
}

#[test]
fn what_does_not_fit_is_told() {
    let queue = Region::<MessageQueue<16>>::anonymous().unwrap();
    assert_eq!(MessageQueue::<16>::LONGEST, 12);
    let too_long = queue.send(&message(13)).unwrap_err();
    assert!(matches!(too_long, SendError::TooLong { length: 13, most: 12 }), "{too_long}");
    assert!(matches!(queue.try_receive(), Err(ReceiveError::Empty)));
    queue.send(&message(12)).unwrap();
    assert!(matches!(queue.try_send(b""), Err(SendError::Full)));
    assert!(matches!(queue.try_send_for(b"", Duration::from_millis(1)), Err(SendError::Full)));
    assert_eq!(queue.try_receive().unwrap(), Some(message(12)));
    queue.send(b"").unwrap();
    queue.shutdown().unwrap();
    assert!(matches!(queue.send(b""), Err(SendError::ShutDown)));
    assert_eq!((queue.receive().unwrap(), queue.receive().unwrap()), (Some(Vec::new()), None));
    let wait = queue.try_receive_for(Duration::from_millis(1));
    assert_eq!(wait.unwrap(), None);
}

#[test]
fn the_dead_lose_no_more_than_one_message() {
    supervised(180, || {
        let mut seed = Seed::announced();
        let (queue, board) = (Region::<MessageQueue<50>>::anonymous().unwrap(), Board::new(1));
        let send = |mut seed: Seed| {
            let queue = &queue;
            fork(move || {
                loop {
                    queue.send(&message(seed.below(47))).unwrap();
                }
            })
        };
        let receive = || {
            fork(|| {
                while let Some(message) = queue.receive().unwrap() {
                    whole(&message);
                    board.add(0, 1);
                }
            })
        };
        let mut senders = [send(seed.branch()), send(seed.branch())];
        let mut receivers = [receive(), receive()];
        for _ in 0..scaled(200) {
            board.until(0, board.get(0) + 1 + seed.below(200) as u64);
            let which = seed.below(2);
            if seed.coin() {
                let next = send(seed.branch());
                std::mem::replace(&mut senders[which], next).kill();
            } else {
                std::mem::replace(&mut receivers[which], receive()).kill();
            }
        }
        senders.into_iter().for_each(Child::kill);
        queue.shutdown().unwrap();
        receivers.into_iter().for_each(Child::join);
        say(&format!("{} received, {:?}", board.get(0), queue.look().unwrap()));
    });
}

#[test]
fn a_pipe_has_two_ends() {
    supervised(60, || {
        let pipe = Region::<Pipe<256>>::anonymous().unwrap();
        let rounds = scaled(2_000);
        let answers = fork(|| {
            let (_, end) = pipe.ends();
            while let Some(mut message) = end.receive().unwrap() {
                message.reverse();
                end.send(&message).unwrap();
            }
        });
        let (end, _) = pipe.ends();
        for round in 0..rounds {
            let [a, b] = [round as u8, (round >> 8) as u8];
            end.send(&[a, b]).unwrap();
            assert_eq!(end.receive().unwrap(), Some(vec![b, a]));
        }
        assert!(matches!(end.incoming().try_receive(), Err(ReceiveError::Empty)));
        assert_eq!(end.outgoing().look().unwrap().length, 0);
        end.shutdown().unwrap();
        answers.join();
    });
}
