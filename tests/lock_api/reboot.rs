//! Locks in a file that outlives the machine's shutdown. How such a region is told from others is tested with `region`.

use lockproof::lock_api::{HolderDied, Mutex, RawReentrantMutex, RwLock};
use lockproof::shm::Shareable;
use lockproof::{Region, shareable};

use crate::common::child::{fork, supervised};
use crate::common::list::listed;
use crate::common::memory::Board;

shareable! {
    struct All {
        mutex: Mutex<u64>,
        written: RwLock<u64, 2>,
        read: RwLock<u64, 2>,
        reentrant: RawReentrantMutex,
    }
}

/// The holder lives here, which no lock can see: what the next boot finds is the same.
#[test]
fn after_a_reboot_every_holder_is_dead() {
    supervised(60, || {
        let (all, board) = (Region::<All>::anonymous().unwrap(), Board::new(1));
        let holder = fork(|| {
            let _held = (all.mutex.lock(), all.written.write(), all.read.read());
            all.reentrant.lock();
            board.set(0, 1);
            loop {
                std::thread::park();
            }
        });
        board.until(0, 1);
        assert!(all.mutex.try_lock().is_none());
        all.after_reboot();
        assert!(all.mutex.try_lock().is_some() && all.mutex.holder_died());
        assert!(all.written.try_read().is_some() && all.written.holder_died());
        assert!(all.read.try_write().is_some() && !all.read.holder_died());
        assert!(all.reentrant.try_lock() && all.reentrant.holder_died());
        // SAFETY: taken above.
        unsafe { all.reentrant.unlock() };
        assert!(listed().is_empty());
        holder.kill();
    });
}
