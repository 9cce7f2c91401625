//! Child processes: under a watchdog, forked, killed, and asked whether they sleep.

use core::sync::atomic::{AtomicI32, Ordering};
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::time::{Duration, Instant};

/// Where a supervised process writes what it has to say; -1 in the test harness itself.
static LOG: AtomicI32 = AtomicI32::new(-1);

const FAILED: i32 = 101;

/// Says something to whoever reads the test's output. Shown for failures, or with `--nocapture`.
pub(crate) fn say(what: &str) {
    let log = LOG.load(Ordering::Relaxed);
    if log < 0 {
        println!("{what}");
        return;
    }
    let line = format!("{what}\n");
    // SAFETY: writes from a buffer of that length. A line that is lost is only a line.
    unsafe { libc::write(log, line.as_ptr().cast(), line.len()) };
}

/// Runs `body` in a process of its own, without any other thread. Fails if that fails, or has not ended after
/// `seconds`: then every process that it started is killed, and what each was doing is said.
///
/// With `LOCKPROOF_TEST_IN_PLACE`, in the test's own thread, unwatched: the thread sanitizer does not look at the child of a process
/// that had several.
#[track_caller]
pub(crate) fn supervised(seconds: u64, body: impl FnOnce()) {
    if std::env::var_os("LOCKPROOF_TEST_IN_PLACE").is_some() {
        return body();
    }
    panics_go_to_the_log();
    let (reader, writer) = pipe();
    let child = fork_process(|| {
        set_process_group(0);
        LOG.store(writer, Ordering::Relaxed);
        body();
    });
    set_process_group(child.pid);
    close(writer);
    let mut said = Vec::new();
    let ended = read_until(reader, &mut said, Instant::now() + Duration::from_secs(seconds));
    let left = if ended { String::new() } else { describe_group(child.pid) };
    signal(-child.pid, libc::SIGKILL);
    let how = child.wait();
    close(reader);
    let said = String::from_utf8_lossy(&said);
    print!("{said}");
    assert!(ended, "still not done after {seconds} s; what was left:\n{left}said:\n{said}");
    assert_eq!(how, Ended::Exited(0), "said:\n{said}");
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Exited(i32),
    Killed(i32),
}

/// A forked process.
pub(crate) struct Child {
    pub(crate) pid: libc::pid_t,
}

/// Forks a process that runs `body`, and dies with its parent. If it fails, so does the whole test, at once.
#[track_caller]
pub(crate) fn fork(body: impl FnOnce()) -> Child {
    fork_process(|| {
        // SAFETY: a constant and a signal.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        if catch_unwind(AssertUnwindSafe(body)).is_err() {
            let this_group = 0;
            signal(this_group, libc::SIGKILL);
        }
    })
}

#[track_caller]
fn fork_process(body: impl FnOnce()) -> Child {
    // Held, so that no other thread holds them at the fork, such as one of the test harness: the child could never write.
    let streams = (std::io::stdout().lock(), std::io::stderr().lock());
    // SAFETY: the child goes on as the only thread of a copy; what it uses of the library and of the C library is
    // made for that.
    let pid = unsafe { libc::fork() };
    drop(streams);
    assert!(pid >= 0, "fork: {}", std::io::Error::last_os_error());
    if pid == 0 {
        let code = if catch_unwind(AssertUnwindSafe(body)).is_ok() { 0 } else { FAILED };
        exit_now(code);
    }
    Child { pid }
}

impl Child {
    pub(crate) fn signal(&self, number: i32) {
        signal(self.pid, number);
    }

    pub(crate) fn wait(self) -> Ended {
        let mut status = 0;
        // SAFETY: the kernel writes a status to the place given.
        let waited = unsafe { libc::waitpid(self.pid, &raw mut status, 0) };
        assert_eq!(waited, self.pid, "waitpid: {}", std::io::Error::last_os_error());
        if libc::WIFSIGNALED(status) {
            Ended::Killed(libc::WTERMSIG(status))
        } else {
            Ended::Exited(libc::WEXITSTATUS(status))
        }
    }

    /// Waits for a process that is to succeed.
    #[track_caller]
    pub(crate) fn join(self) {
        assert_eq!(self.wait(), Ended::Exited(0));
    }

    /// Kills a process that has not ended by itself, and waits until the kernel is done with it.
    #[track_caller]
    pub(crate) fn kill(self) {
        self.signal(libc::SIGKILL);
        assert_eq!(self.wait(), Ended::Killed(libc::SIGKILL));
    }

    /// Waits until the process's main thread sleeps on the word at that address.
    pub(crate) fn until_asleep_on(&self, word: usize) {
        until(|| is_asleep_on(self.pid, word));
    }

    /// Waits until the process's main thread sleeps on several words at once.
    pub(crate) fn until_asleep_on_several(&self) {
        until(|| is_asleep_on_several(self.pid));
    }
}

/// Whether the thread sleeps in a futex call on the word at that address (in its own address space).
pub(crate) fn is_asleep_on(thread: libc::pid_t, word: usize) -> bool {
    let Ok(call) = std::fs::read_to_string(format!("/proc/{thread}/syscall")) else { return false };
    let mut parts = call.split_ascii_whitespace();
    parts.next() == Some(&libc::SYS_futex.to_string())
        && parts.next() == Some(&format!("{word:#x}"))
        && state_of(thread) == Some('S')
}

/// Whether the thread sleeps in that system call.
pub(crate) fn is_in_call(thread: libc::pid_t, call: libc::c_long) -> bool {
    system_call_of(thread) == Some(call) && state_of(thread) == Some('S')
}

/// The number of the system call that the thread is in.
pub(crate) fn system_call_of(thread: libc::pid_t) -> Option<libc::c_long> {
    let call = std::fs::read_to_string(format!("/proc/{thread}/syscall")).ok()?;
    call.split_ascii_whitespace().next()?.parse().ok()
}

/// Whether the thread sleeps on one word or several.
pub(crate) fn waits_for_others(thread: libc::pid_t) -> bool {
    let call = system_call_of(thread);
    [Some(libc::SYS_futex), Some(libc::SYS_futex_waitv)].contains(&call)
        && state_of(thread) == Some('S')
}

/// The system call that the thread is in, with its arguments. `None` also while it runs.
pub(crate) fn system_call_with_arguments(thread: libc::pid_t) -> Option<(libc::c_long, [u64; 6])> {
    let line = std::fs::read_to_string(format!("/proc/{thread}/syscall")).ok()?;
    let mut words = line.split_ascii_whitespace();
    let call = words.next()?.parse().ok()?;
    let mut arguments = [0; 6];
    for argument in &mut arguments {
        *argument = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
    }
    Some((call, arguments))
}

/// Whether the thread sleeps on several words at once.
pub(crate) fn is_asleep_on_several(thread: libc::pid_t) -> bool {
    is_in_call(thread, libc::SYS_futex_waitv)
}

/// The letter for a thread's state in `/proc`; `None` if there is no such thread.
pub(crate) fn state_of(thread: libc::pid_t) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{thread}/stat")).ok()?;
    stat[stat.rfind(')')? + 1..].trim_start().chars().next()
}

/// Whether the process has ended, and waits only for its parent to take note.
pub(crate) fn has_ended(process: libc::pid_t) -> bool {
    matches!(state_of(process), None | Some('Z' | 'X'))
}

/// How often the thread went to sleep so far.
pub(crate) fn switches(thread: libc::pid_t) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

/// Waits until the condition holds. The watchdog ends it if that never comes.
pub(crate) fn until(condition: impl Fn() -> bool) {
    while !condition() {
        std::thread::yield_now();
    }
}

/// Ends the process at once: no destructors, no handlers.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: ends the process, which is always allowed.
    unsafe { libc::_exit(code) }
}

pub(crate) fn signal(process: libc::pid_t, number: i32) {
    // SAFETY: a signal to a process, or a process group, that this test started.
    unsafe { libc::kill(process, number) };
}

pub(crate) fn kill_myself() -> ! {
    signal(std::process::id() as libc::pid_t, libc::SIGKILL);
    unreachable!("SIGKILL is not survived")
}

/// The calling thread's id.
pub(crate) fn thread_id() -> libc::pid_t {
    // SAFETY: no arguments, and cannot fail.
    unsafe { libc::gettid() }
}

/// What each process of the group does, one a line.
fn describe_group(group: libc::pid_t) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // SAFETY: asks for a number.
        if unsafe { libc::getpgid(pid) } == group {
            let read =
                |what| std::fs::read_to_string(format!("/proc/{pid}/{what}")).unwrap_or_default();
            let _ = writeln!(
                text,
                "  {} | in system call {}",
                read("stat").trim(),
                read("syscall").trim()
            );
        }
    }
    text
}

/// In a supervised process a panic's message goes to the log: no lock of the harness is needed for that, which another
/// thread may have held at the fork.
fn panics_go_to_the_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if LOG.load(Ordering::Relaxed) < 0 { usual(panic) } else { say(&panic.to_string()) }
        }));
    });
}

fn pipe() -> (i32, i32) {
    let mut ends = [-1; 2];
    // SAFETY: the kernel writes two numbers to the place given.
    let failed = unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) };
    assert_eq!(failed, 0, "pipe: {}", std::io::Error::last_os_error());
    (ends[0], ends[1])
}

fn close(file: i32) {
    // SAFETY: a descriptor of this module's own.
    unsafe { libc::close(file) };
}

fn set_process_group(process: libc::pid_t) {
    // SAFETY: concerns only this process and its child.
    unsafe { libc::setpgid(process, 0) };
}

/// Reads to the end, which comes when the last writer has gone; false if that takes too long.
fn read_until(file: i32, into: &mut Vec<u8>, deadline: Instant) -> bool {
    let mut buffer = [0_u8; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut waiting = libc::pollfd { fd: file, events: libc::POLLIN, revents: 0 };
        let milliseconds = i32::try_from(left.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: one entry, and its number.
        if unsafe { libc::poll(&raw mut waiting, 1, milliseconds) } == 0 {
            return false;
        }
        // SAFETY: reads into a buffer of that length.
        let count = unsafe { libc::read(file, buffer.as_mut_ptr().cast(), buffer.len()) };
        match usize::try_from(count) {
            Ok(0) => return true,
            Ok(count) => into.extend_from_slice(&buffer[..count]),
            Err(_) => {}
        }
    }
}
