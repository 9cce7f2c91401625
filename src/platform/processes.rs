//! Starting processes: what cannot be done without `unsafe`, and what the new process does before anything else.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{
    Pid, Signal, getpid, getppid, kill_process, set_parent_process_death_signal,
};

/// Forks a process that runs `work` and ends with its result as exit code, without any destructor or handler. The
/// kernel kills it when the calling thread ends.
///
/// # Safety
///
/// As of a fork: `work` must do nothing that is not sound in a copy of this process with one thread.
pub(crate) unsafe fn fork(work: impl FnOnce() -> i32) -> io::Result<Pid> {
    let parent = getpid();
    // SAFETY: the caller answers for what the child does.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            let code = if end_with(parent).is_ok() { work() } else { 1 };
            // SAFETY: ends the process.
            unsafe { libc::_exit(code) }
        }
        child => Pid::from_raw(child).ok_or_else(io::Error::last_os_error),
    }
}

/// Has the kernel kill the process that the command starts when the thread that starts it ends.
pub(crate) fn end_with_starter(command: &mut Command) {
    let parent = getpid();
    // SAFETY: makes system calls that are allowed in a forked child, and allocates nothing.
    unsafe { command.pre_exec(move || end_with(parent)) };
}

/// Has the process that the command starts inherit the descriptor, under its present number.
pub(crate) fn pass_descriptor(command: &mut Command, descriptor: OwnedFd) {
    let keep = move || Ok(rustix::io::fcntl_setfd(&descriptor, rustix::io::FdFlags::empty())?);
    // SAFETY: makes one system call that is allowed in a forked child, and allocates nothing.
    unsafe { command.pre_exec(keep) };
}

/// A copy of a descriptor that this process has inherited under that number, if it is one.
pub(crate) fn copy_of_inherited(number: RawFd) -> io::Result<OwnedFd> {
    let lowest = 3;
    // SAFETY: looks for a descriptor of that number, and fails if there is none.
    let copy = unsafe { libc::fcntl(number, libc::F_DUPFD_CLOEXEC, lowest) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: new, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// Keeps what this process executes from inheriting the descriptor, of which `copy` is a copy.
pub(crate) fn pass_no_further(number: RawFd, copy: &OwnedFd) {
    debug_assert_ne!(number, copy.as_raw_fd());
    // SAFETY: sets a flag of a descriptor, and fails if there is none.
    unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
}

/// Makes the kernel kill this process when the thread that started it ends.
fn end_with(parent: Pid) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have ended before that call. (Where this process is the first of a PID namespace, it sees no parent.)
    if getppid().is_some_and(|now| now != parent) {
        kill_process(getpid(), Signal::KILL)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rustix::process::{WaitOptions, waitpid};

    use super::*;

    #[test]
    fn a_process_whose_parent_has_ended_before_it_asked_ends_too() {
        let somebody_else = Pid::INIT;
        // SAFETY: the child makes system calls.
        let child = unsafe { fork(|| i32::from(end_with(somebody_else).is_err())) };
        let child = child.expect("forked");
        let (_, status) =
            waitpid(Some(child), WaitOptions::empty()).expect("a child").expect("waited for");
        assert_eq!(status.terminating_signal(), Some(Signal::KILL.as_raw()));
    }

    #[test]
    fn only_what_is_open_can_be_inherited() {
        assert!(copy_of_inherited(RawFd::MAX).is_err());
        assert!(copy_of_inherited(-1).is_err());
    }
}
