//! A queue lock of your own, proved: each waits on a word of its own (Mellor-Crummey and Scott, ACM TOCS 9(1), 1991).
//!
//! `cargo run --release --example mcs` shows the report.

use lockproof_verify::prove::Ordering::{AcqRel, Acquire, Relaxed, Release};
use lockproof_verify::prove::{self, Acquired, World};

struct Mcs;

/// As many as take part, and one that looks at the end.
const MOST: usize = 6;

/// The last in the queue, by its number, or 0; and for each number who comes after it, and whether it waits.
struct Queue<W: World> {
    last: W::Word,
    after: [W::Word; MOST],
    waits: [W::Word; MOST],
}

/// Who it is: explorers count their processes from 1.
fn number<W: World>(p: &W) -> usize {
    p.me() as usize
}

impl prove::Mutex for Mcs {
    type On<W: World> = Queue<W>;

    fn new<W: World>(p: &W) -> Queue<W> {
        Queue {
            last: p.new_word("last"),
            after: [(); MOST].map(|()| p.new_word("after")),
            waits: [(); MOST].map(|()| p.new_word("waits")),
        }
    }

    fn lock<W: World>(queue: &Queue<W>, p: &W) -> Acquired {
        let me = number(p);
        p.store(&queue.after[me], 0, Relaxed);
        p.store(&queue.waits[me], 1, Relaxed);
        let before = p.swap(&queue.last, me as u32, AcqRel) as usize;
        if before == 0 {
            return Acquired::Clean;
        }
        p.store(&queue.after[before], me as u32, Release);
        let scope = p.scope();
        while p.load(&queue.waits[me], Acquire) == 1 {
            p.at(scope, ());
            p.pause();
        }
        Acquired::Clean
    }

    fn unlock<W: World>(queue: &Queue<W>, p: &W) {
        let me = number(p);
        let mut after = p.load(&queue.after[me], Acquire) as usize;
        if after == 0 {
            if p.compare_exchange(&queue.last, me as u32, 0, Release, Relaxed).is_ok() {
                return;
            }
            // Somebody is about to say that it comes next.
            let scope = p.scope();
            loop {
                after = p.load(&queue.after[me], Acquire) as usize;
                if after != 0 {
                    break;
                }
                p.at(scope, ());
                p.pause();
            }
        }
        p.store(&queue.waits[after], 0, Release);
    }
}

fn main() {
    println!("{}", prove::mutex::<Mcs>("mcs"));
}

#[test]
fn the_queue_lock_is_right() {
    prove::mutex::<Mcs>("mcs").assert();
}
