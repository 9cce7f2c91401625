//! A ticket lock of your own, proved: first come, first served.
//!
//! `cargo run --release --example ticket` shows the report.

use lockproof_verify::prove::Ordering::{Acquire, Relaxed, Release};
use lockproof_verify::prove::{self, Acquired, World};

struct Ticket;

/// The next ticket, and the one whose turn it is.
struct Tickets<W: World> {
    next: W::Word,
    serving: W::Word,
}

/// Tickets are counted in the highest bits, so that they come round soon: what goes on for ever has few states then. More than
/// there are processes, or two would have the same.
const ONE: u32 = 1 << 29;

impl prove::Mutex for Ticket {
    type On<W: World> = Tickets<W>;

    fn new<W: World>(p: &W) -> Tickets<W> {
        Tickets { next: p.new_word("next"), serving: p.new_word("serving") }
    }

    fn lock<W: World>(lock: &Tickets<W>, p: &W) -> Acquired {
        let mine = p.fetch_add(&lock.next, ONE, Relaxed);
        let scope = p.scope();
        while p.load(&lock.serving, Acquire) != mine {
            p.at(scope, ());
            p.pause();
        }
        Acquired::Clean
    }

    fn unlock<W: World>(lock: &Tickets<W>, p: &W) {
        p.fetch_add(&lock.serving, ONE, Release);
    }
}

fn main() {
    println!("{}", prove::mutex::<Ticket>("ticket"));
}

#[test]
fn the_ticket_lock_is_right() {
    prove::mutex::<Ticket>("ticket").assert();
}
