//! Processes that share memory with this one, each on a core of its own choosing.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Two cores that this process may use; the same one twice on a machine that has no other.
pub(crate) fn two_cores() -> [usize; 2] {
    let allowed = sched_getaffinity(None).expect("the kernel says which cores are allowed");
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
    let first = cores.next().expect("a process that runs has a core");
    [first, cores.next().unwrap_or(first)]
}

/// Keeps the calling thread on one core.
pub(crate) fn pin(core: usize) {
    let mut only = CpuSet::new();
    only.set(core);
    sched_setaffinity(None, &only).expect("the core was allowed a moment ago");
}

/// A forked process. Killed, if still there, when dropped: nothing outlives the benchmark.
pub(crate) struct Worker {
    pid: Pid,
    reaped: bool,
}

impl Worker {
    /// Runs `work` in a process of its own, pinned to `core`.
    pub(crate) fn start(core: usize, work: impl FnOnce()) -> Self {
        // SAFETY: this program has one thread, so the child has all that it needs.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            pin(core);
            let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err();
            // SAFETY: ends the process without the parent's exit handlers.
            unsafe { libc::_exit(i32::from(failed)) };
        }
        let pid = Pid::from_raw(pid).expect("fork: no more processes");
        Self { pid, reaped: false }
    }

    /// Ends it as the out-of-memory killer would.
    pub(crate) fn kill(&self) {
        kill_process(self.pid, Signal::KILL).expect("our own child can be killed");
    }

    /// Waits until it has ended.
    pub(crate) fn reap(&mut self) {
        waitpid(Some(self.pid), WaitOptions::empty()).expect("our own child can be waited for");
        self.reaped = true;
    }

    /// Waits until it has ended by itself, and well.
    pub(crate) fn join(mut self) {
        let ended = waitpid(Some(self.pid), WaitOptions::empty());
        self.reaped = true;
        let well = matches!(ended, Ok(Some((_, status))) if status.exit_status() == Some(0));
        assert!(well, "a worker failed: {ended:?}");
    }

    /// Waits until the kernel says that it sleeps.
    pub(crate) fn wait_asleep(&self) {
        let stat = format!("/proc/{}/stat", self.pid.as_raw_nonzero());
        wait_until("a worker to fall asleep", || {
            let line = std::fs::read_to_string(&stat).unwrap_or_default();
            line.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'))
        });
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            self.reap();
        }
    }
}

/// Waits for something that another process brings about; a benchmark that hangs says on what.
pub(crate) fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(20), "waited 20 s for {what}");
        std::thread::yield_now();
    }
}
