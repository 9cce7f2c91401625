//! Directories that clean up after themselves, and processes that hold a lock until they are told otherwise.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use lockproof::FileLock;
use lockproof::file::FileError;

use crate::common::child::{Child, fork, until};
use crate::common::memory::Board;

/// A directory that no other test and no other run has. To be made outside of the supervised process, which may be killed.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// On a disk.
    pub(crate) fn new() -> Self {
        Self::within(Path::new(env!("CARGO_TARGET_TMPDIR")))
    }

    pub(crate) fn within(folder: &Path) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Relaxed);
        let path = folder.join(format!("lockproof-test-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).expect("a new directory");
        Self(path.canonicalize().expect("just made"))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names of all files in it, sorted.
    pub(crate) fn names(&self) -> Vec<OsString> {
        let entries = std::fs::read_dir(&self.0).expect("it is there");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("readable").file_name()).collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process that does something, and says so, and then waits until it may go on.
pub(crate) struct Holder {
    pub(crate) child: Child,
    board: Board,
}

const THERE: usize = 0;
const GO: usize = 1;

impl Holder {
    /// A process that has what `take` returns, until it is released or killed.
    pub(crate) fn of<G>(take: impl FnOnce() -> G) -> Self {
        let holder = Self::beginning(take);
        holder.board.until(THERE, 1);
        holder
    }

    /// The same, which may not have it yet.
    pub(crate) fn beginning<G>(take: impl FnOnce() -> G) -> Self {
        let board = Board::new(2);
        let child = fork(|| {
            let held = take();
            board.set(THERE, 1);
            board.until(GO, 1);
            drop(held);
        });
        Self { child, board }
    }

    pub(crate) fn is_there(&self) -> bool {
        self.board.get(THERE) == 1
    }

    pub(crate) fn until_there(&self) {
        self.board.until(THERE, 1);
    }

    /// Waits until it sleeps in the kernel's queue for that lock.
    pub(crate) fn until_waiting_for(&self, lock: &FileLock) {
        until(|| lock.status().unwrap().waiting.contains(&(self.child.pid as u32)));
    }

    /// Has it release what it has, as soon as it has it.
    pub(crate) fn let_go(&self) {
        self.board.set(GO, 1);
    }

    pub(crate) fn release(self) {
        self.let_go();
        self.child.join();
    }
}

/// Waits until the kernel says that these hold the lock. At first its table may show less: it is not of one moment.
pub(crate) fn until_held_by(lock: &FileLock, processes: &[u32], shared: bool) {
    let mut processes = processes.to_vec();
    processes.sort_unstable();
    until(|| {
        let status = lock.status().unwrap();
        (&status.holders, status.is_shared) == (&processes, shared)
    });
}

/// Waits until the error says who has the lock, for the same reason.
pub(crate) fn says_who(holder: i32, error: impl Fn() -> FileError) {
    until(|| {
        let error = error();
        assert!(error.is_would_block(), "{error}");
        error.to_string().ends_with(&format!("somebody else holds the lock: process {holder}"))
    });
}
