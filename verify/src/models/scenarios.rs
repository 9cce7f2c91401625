//! The programs of `lockproof demo` as models: with the lock they are proved, without it they have to fail.
//!
//! # What stands for what
//!
//! | there | here |
//! |---|---|
//! | a lock in a region | the shipped mutex, [`RawMutex`], step by step |
//! | a lock on a file's path, `flock` | the same mutex: taken and let go by one at a time, and let go by the kernel where its holder dies; as nobody is told of that, the report is dropped at once |
//! | a system call that reads or writes | one step |
//! | `write` to a file that was opened to append | two steps of which the first takes the place, as no two may get the same |
//! | a file that is replaced: written under another name, and renamed | what is written lies where nobody looks; the renaming is *one* step, as it is in the kernel |
//! | a line that is printed | as one that is appended to a file |
//! | sleeping, and whatever else takes time | nothing: any other may come in between any two steps anyway |
//!
//! Not modelled: that a file system fails, or loses power; what a lock file that somebody deletes does. Real processes show that the
//! kernel does as is assumed here: `tests/file_lock.rs`, and the demonstrations themselves.

pub mod append;
pub mod csv;
pub mod jobs;
pub mod tickets;
pub mod workers;

use lockproof::deadline::Deadline;
use lockproof::platform::Ordering::{AcqRel, Acquire, Relaxed, Release};
use lockproof::raw::{Acquired, RawMutex};

use super::mutex::held;
use crate::model::violated;
use crate::platform::World;

/// Takes the lock, and says whether its last holder died. Then it is declared consistent.
fn lock<W: World>(p: &W, lock: &RawMutex<W::RobustWord>) -> bool {
    match lock.lock(p, Deadline::Never) {
        Ok(Acquired::Clean) => false,
        Ok(Acquired::OwnerDied) => {
            held(lock.make_consistent(p));
            true
        }
        Err(failure) => violated(format!("lock failed: {failure:?}")),
    }
}

/// Lets go of it.
fn unlock<W: World>(p: &W, lock: &RawMutex<W::RobustWord>) {
    held(lock.unlock(p));
}

/// Lines, or parts of rows, one after the other: a file, or a terminal. Each is a number above zero; zero is what was begun to be
/// written and never was.
struct Sheet<W: World> {
    end: W::Word,
    entries: Vec<W::Word64>,
}

impl<W: World> Sheet<W> {
    /// Empty, with room for so many.
    fn new(p: &W, room: usize) -> Self {
        let entries = (0..room).map(|_| p.new_word64("entry")).collect();
        Self { end: p.new_word("end"), entries }
    }

    /// Adds one at the end, wherever that is by now.
    fn append(&self, p: &W, what: u64) {
        let place = p.fetch_add(&self.end, 1, AcqRel);
        p.store64(&self.entries[place as usize], what, Release);
    }

    /// How many there are.
    fn len(&self, p: &W) -> u32 {
        p.load(&self.end, Acquire)
    }

    /// Writes behind the end, where nobody looks.
    fn write_behind(&self, p: &W, place: u32, what: u64) {
        p.store64(&self.entries[place as usize], what, Relaxed);
    }

    /// Puts the end there: what is behind it is gone, what was written behind it is there.
    fn end_at(&self, p: &W, place: u32) {
        p.swap(&self.end, place, AcqRel);
    }

    /// All of them.
    fn read(&self, p: &W) -> Vec<u64> {
        let len = self.len(p) as usize;
        self.entries[..len].iter().map(|entry| p.load64(entry, Acquire)).collect()
    }
}

/// For people: `1 1 2 2`.
fn in_a_row(entries: &[u64]) -> String {
    entries.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}
