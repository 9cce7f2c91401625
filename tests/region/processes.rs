//! Forked children with a watchdog, names that clean up after themselves, and seeds that are printed.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use lockproof::Region;
use lockproof::shm::{Shareable, Source};

/// How long anything may take before it counts as hanging.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(60);

/// The code of a child that could not do what it should, for want of rights.
pub(crate) const SKIPPED: i32 = 77;

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Exited(i32),
    Killed(i32),
}

/// A forked child; killed and reaped when dropped.
#[derive(Debug)]
pub(crate) struct Child {
    pid: libc::pid_t,
    reaped: bool,
}

/// Runs `work` in a forked child. A panic there ends it with code 101, its message on standard error.
pub(crate) fn fork(work: impl FnOnce() -> i32) -> Child {
    // SAFETY: the child calls nothing that a fork forbids but what the C library makes safe after it (memory,
    // standard streams), and leaves by `_exit`.
    match unsafe { libc::fork() } {
        0 => leave(work),
        pid => {
            assert!(pid > 0, "fork: {}", std::io::Error::last_os_error());
            Child { pid, reaped: false }
        }
    }
}

/// A child with that id, which sleeps until it is killed.
pub(crate) fn sleeper_with_id(id: i32) -> std::io::Result<Child> {
    // SAFETY: numbers and addresses, of which zero means none.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.exit_signal = libc::SIGCHLD as u64;
    arguments.set_tid = (&raw const id).expose_provenance() as u64;
    arguments.set_tid_size = 1;
    let size = size_of_val(&arguments);
    // SAFETY: like a fork; the child calls nothing but the kernel.
    match unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, size) } {
        -1 => Err(std::io::Error::last_os_error()),
        0 => sleep_for_ever(),
        pid => Ok(Child { pid: pid as i32, reaped: false }),
    }
}

fn sleep_for_ever() -> ! {
    // SAFETY: a constant and a signal.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    loop {
        // SAFETY: waits for a signal.
        unsafe { libc::pause() };
    }
}

fn leave(work: impl FnOnce() -> i32) -> ! {
    let code = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        // The harness has caught the message, and its locks may be held for ever by threads that were not forked.
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        let _ = rustix::io::write(std::io::stderr(), format!("a child: {said}\n").as_bytes());
        101
    });
    // SAFETY: ends this process.
    unsafe { libc::_exit(code) }
}

/// Where children wait, asleep, until all may go at once.
pub(crate) struct Gate {
    reader: PipeReader,
    writer: PipeWriter,
}

impl Gate {
    pub(crate) fn new() -> Self {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        Self { reader, writer }
    }

    pub(crate) fn pass(&self) {
        (&self.reader).read_exact(&mut [0]).expect("a byte for each");
    }

    pub(crate) fn open_for(&self, children: usize) {
        (&self.writer).write_all(&vec![0; children]).expect("room for a few bytes");
    }
}

/// Checks how a child ended that needs rights which not everybody has.
pub(crate) fn passed_or_skipped(end: End, right: &str) {
    match end {
        End::Exited(SKIPPED) => println!("skipped: this process may not {right}"),
        end => assert_eq!(end, End::Exited(0)),
    }
}

/// Waits until it is so, and panics if that does not come.
pub(crate) fn wait_until(it_is_so: impl Fn() -> bool) {
    look_until(it_is_so, || std::thread::sleep(Duration::from_micros(100)));
}

/// The same for moments that are short and must not be missed.
pub(crate) fn spin_until(it_is_so: impl Fn() -> bool) {
    look_until(it_is_so, std::hint::spin_loop);
}

fn look_until(it_is_so: impl Fn() -> bool, pause: impl Fn()) {
    let until = Instant::now() + WATCHDOG;
    while !it_is_so() {
        assert!(Instant::now() < until, "waited in vain");
        pause();
    }
}

impl Child {
    pub(crate) fn kill(&self) {
        // SAFETY: an unreaped child's id is not reused.
        unsafe { libc::kill(self.pid, libc::SIGKILL) };
    }

    /// Waits for the end, and panics if it does not come.
    pub(crate) fn wait(mut self) -> End {
        let until = Instant::now() + WATCHDOG;
        while Instant::now() < until {
            if let Some(end) = self.reap(libc::WNOHANG) {
                return end;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        panic!("child {} hangs", self.pid);
    }

    fn reap(&mut self, flags: i32) -> Option<End> {
        let mut status = 0;
        // SAFETY: writes to `status` alone.
        if unsafe { libc::waitpid(self.pid, &raw mut status, flags) } != self.pid {
            return None;
        }
        self.reaped = true;
        Some(if libc::WIFSIGNALED(status) {
            End::Killed(libc::WTERMSIG(status))
        } else {
            End::Exited(libc::WEXITSTATUS(status))
        })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            self.reap(0);
        }
    }
}

/// A name that no other test and no other run has, removed when dropped.
pub(crate) struct Name(pub(crate) String);

impl Name {
    pub(crate) fn new(what: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (pid, number) = (std::process::id(), NEXT.fetch_add(1, Relaxed));
        Self(format!("lockproof-test-{what}-{pid}-{number}"))
    }

    pub(crate) fn source<T: Shareable>(&self) -> Source<T> {
        Region::named(&self.0)
    }

    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from("/dev/shm").join(&self.0)
    }

    /// The path of a file of this name on a disk.
    pub(crate) fn on_disk(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(&self.0)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        for path in [self.path(), self.on_disk()] {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Random numbers from a seed: the one in `LOCKPROOF_SEED`, or a new one. Printed, which shows where a test fails.
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) fn new() -> Self {
        let given = std::env::var("LOCKPROOF_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_or(1, |now| now.as_nanos() as u64)
        });
        println!("repeat with LOCKPROOF_SEED={seed}");
        Self(seed)
    }

    /// A number below `limit` (SplitMix64).
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % limit
    }
}
