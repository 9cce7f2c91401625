//! Guards that are forgotten, which is safe Rust, in regions that are dropped all the same.

use lockproof::shm::Shareable;
use lockproof::{Lock, Region};

use crate::common::child::{Ended, fork, kill_myself, say, supervised, thread_id};
use crate::common::list::listed;
use crate::common::memory::holder;
use crate::common::outcome::{Outcome, acquired};

/// Has a guard forgotten, and fails if its memory is unmapped with the region, or if the kernel no longer finds what else its
/// thread holds.
#[track_caller]
pub(crate) fn memory_stays_mapped<T: Shareable>(name: &str, forget_guard: fn(&T)) {
    let forgotten = || forget_guard(&Region::<T>::anonymous().unwrap());
    supervised(60, || {
        say(name);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                forgotten();
                let words = listed();
                assert!(!words.is_empty(), "nothing for the kernel to walk");
                words.iter().for_each(|word| assert_eq!(holder(*word), thread_id() as u32));
            });
        });
        // The kernel walks from what was taken last to what was taken first.
        let first = Region::<Lock>::anonymous().unwrap();
        let dies = fork(|| {
            assert_eq!(acquired(first.acquire(true, None)), Outcome::Clean);
            forgotten();
            kill_myself();
        });
        assert_eq!(dies.wait(), Ended::Killed(libc::SIGKILL));
        assert_eq!(acquired(first.acquire(false, None)), Outcome::OwnerDied);
    });
}
