//! One process of a group.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, pidfd_open,
    pidfd_send_signal, waitid, waitpid,
};

use super::end::End;
use super::error::WorkerError;
use super::processors;
use crate::platform::Process;

/// A process that was started by [`Workers`](super::Workers).
#[derive(Debug)]
pub struct Worker {
    number: usize,
    id: u32,
    handle: OwnedFd,
    end: Option<End>,
    processors: BTreeSet<usize>,
    starter: Process,
    streams: Streams,
}

/// The ends of pipes to a command.
#[derive(Debug, Default)]
pub(super) struct Streams {
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    errors: Option<ChildStderr>,
}

impl Streams {
    pub(super) fn of(child: &mut Child) -> Self {
        let Child { stdin, stdout, stderr, .. } = child;
        Self { input: stdin.take(), output: stdout.take(), errors: stderr.take() }
    }
}

impl Worker {
    /// Takes charge of a child of this process.
    pub(super) fn new(number: usize, child: Pid, streams: Streams) -> io::Result<Self> {
        let handle = pidfd_open(child, PidfdFlags::empty())
            .and_then(|handle| check_support(&handle).map(|()| handle))
            .inspect_err(|_| abandon(child))?;
        let mut worker = Self {
            number,
            id: child.as_raw_nonzero().get().unsigned_abs(),
            handle,
            end: None,
            processors: BTreeSet::new(),
            starter: Process::current(),
            streams,
        };
        worker.note_processors();
        Ok(worker)
    }

    /// Its number within its group, from 0.
    #[must_use]
    pub const fn number(&self) -> usize {
        self.number
    }

    /// Its process id. Once it has [ended](Self::end), another process may get the same.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// How it ended, if that was noticed: by one of the methods of [`Workers`](super::Workers) that wait.
    #[must_use]
    pub const fn end(&self) -> Option<End> {
        self.end
    }

    /// The processors on which it was *seen*: right after its start, by each method of [`Workers`](super::Workers) that waits,
    /// and by [`Workers::observe_every`](super::Workers::observe_every); and the one on which it ended. One that it used between
    /// two looks is not among them.
    #[must_use]
    pub const fn processors(&self) -> &BTreeSet<usize> {
        &self.processors
    }

    /// Sends it SIGKILL, if it has not ended. It may take a moment to end.
    ///
    /// # Errors
    ///
    /// [`WorkerError::Inherited`] in a forked child; whatever the operating system says.
    pub fn kill(&self) -> Result<(), WorkerError> {
        self.signal(libc::SIGKILL)
    }

    /// Sends it a signal, if it has not ended: `15` is SIGTERM.
    ///
    /// # Errors
    ///
    /// [`WorkerError::Inherited`] in a forked child; whatever the operating system says, and
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if there is no signal of that number with a name.
    pub fn signal(&self, signal: i32) -> Result<(), WorkerError> {
        self.check_own()?;
        let failed = |source| WorkerError::Os { attempt: "send a signal", source };
        let signal = Signal::from_named_raw(signal).ok_or_else(|| failed(Errno::INVAL.into()))?;
        match self.end.map_or_else(|| pidfd_send_signal(&self.handle, signal), |_| Ok(())) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(errno) => Err(failed(errno.into())),
        }
    }

    /// The pipe to its standard input, if the command asked for one.
    pub const fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.streams.input.take()
    }

    /// The pipe from its standard output, if the command asked for one.
    pub const fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.streams.output.take()
    }

    /// The pipe from its standard error, if the command asked for one.
    pub const fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.streams.errors.take()
    }

    pub(super) fn check_own(&self) -> Result<(), WorkerError> {
        if self.starter == Process::current() { Ok(()) } else { Err(WorkerError::Inherited) }
    }

    /// What becomes readable when it ends; none if it is known to have ended.
    pub(super) fn handle(&self) -> Option<BorrowedFd<'_>> {
        self.end.is_none().then(|| self.handle.as_fd())
    }

    pub(super) fn note_processors(&mut self) {
        if self.end.is_none() {
            processors::note(self.id, &mut self.processors);
        }
    }

    /// Takes note of its end, and says whether it has just done so.
    pub(super) fn reap(&mut self) -> Result<bool, WorkerError> {
        if self.end.is_some() {
            return Ok(false);
        }
        // Not yet to be forgotten by the kernel: that still tells on which processor it ended.
        if !self.look_for_end(WaitIdOptions::NOWAIT)? {
            return Ok(false);
        }
        let end = self.end.take();
        self.note_processors();
        if self.look_for_end(WaitIdOptions::empty())? {
            return Ok(true);
        }
        self.end = end;
        Ok(true)
    }

    fn look_for_end(&mut self, options: WaitIdOptions) -> Result<bool, WorkerError> {
        let options = options | WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        self.end = match waitid(WaitId::PidFd(self.handle.as_fd()), options) {
            Ok(status) => status.as_ref().map(End::of),
            Err(Errno::CHILD) => Some(End::Unknown),
            Err(Errno::INTR) => None,
            Err(errno) => {
                let attempt = "ask how a worker ended";
                return Err(WorkerError::Os { attempt, source: errno.into() });
            }
        };
        Ok(self.end.is_some())
    }

    /// Closes what the worker might wait for the end of.
    pub(super) fn close_input(&mut self) {
        self.streams.input = None;
    }
}

/// Whether the kernel can wait for such a handle: since Linux 5.4.
fn check_support(handle: &OwnedFd) -> Result<(), Errno> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(WaitId::PidFd(handle.as_fd()), options) {
        Err(Errno::INVAL) => Err(Errno::NOSYS),
        _ => Ok(()),
    }
}

/// Ends a process for which there is no handle.
fn abandon(child: Pid) {
    let _ = kill_process(child, Signal::KILL);
    let _ = waitpid(Some(child), WaitOptions::empty());
}
