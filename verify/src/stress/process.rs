//! A worker process: started by running this very program again, stopped, killed and reaped; never left
//! behind.

use std::io::{self, Read};
use std::os::fd::BorrowedFd;
use std::os::unix::process::CommandExt;
use std::process::{ChildStderr, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitStatus, kill_process, waitid};

use super::task::{MARK, Task};

/// How long the kernel may take to carry out a signal before that counts as a failure.
const SIGNAL_TAKES: Duration = Duration::from_secs(10);

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By SIGKILL.
    Killed,
    /// By itself, having done its work.
    Done,
    /// Otherwise: how, and what it wrote to its standard error.
    Failed(String),
}

/// A worker process.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    errors: Option<ChildStderr>,
    end: Option<End>,
}

impl Process {
    /// Starts one, in that process group if one is named. With `region`, that file is its standard input.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    pub(crate) fn start(
        group: Option<u32>,
        task: &Task,
        region: Option<BorrowedFd<'_>>,
    ) -> io::Result<Self> {
        let input = match region {
            Some(file) => Stdio::from(file.try_clone_to_owned()?),
            None => Stdio::null(),
        };
        // Not `current_exe`, which names another program if the file was replaced meanwhile (a rebuild).
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("lockproof-worker")
            .args([MARK, &task.to_argument()])
            .stdin(input)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Some(group) = group {
            command.process_group(group.cast_signed());
        }
        let mut child = command.spawn()?;
        Ok(Self { pid: Pid::from_child(&child), errors: child.stderr.take(), end: None })
    }

    /// Its id, which is also that of its only thread as long as it does not start others.
    pub(crate) fn id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    ///
    /// If it is no child of this process: somebody else has reaped it.
    pub(crate) fn end(&mut self) -> io::Result<Option<&End>> {
        if self.end.is_none() {
            self.reap(WaitIdOptions::EXITED)?;
        }
        Ok(self.end.as_ref())
    }

    /// Kills it, and waits until it has ended. It may have ended otherwise before.
    ///
    /// # Errors
    ///
    /// If it does not end, or was reaped by somebody else.
    pub(crate) fn kill(&mut self) -> io::Result<&End> {
        self.signal(Signal::KILL)?;
        self.until("end after SIGKILL", |this| {
            this.reap(WaitIdOptions::EXITED)?;
            Ok(this.end.is_some())
        })?;
        self.end.as_ref().ok_or_else(|| io::Error::other("ended, but not how"))
    }

    /// Stops it, and waits until it stands still. Says false if it has ended instead.
    ///
    /// # Errors
    ///
    /// As [`kill`](Self::kill).
    pub(crate) fn stop(&mut self) -> io::Result<bool> {
        self.begin_stop()?;
        self.finish_stop()
    }

    /// The first half of [`stop`](Self::stop).
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    pub(crate) fn begin_stop(&mut self) -> io::Result<()> {
        self.signal(Signal::STOP)
    }

    /// The second half of [`stop`](Self::stop).
    ///
    /// # Errors
    ///
    /// As [`kill`](Self::kill).
    pub(crate) fn finish_stop(&mut self) -> io::Result<bool> {
        self.until("stop after SIGSTOP", |this| {
            Ok(this.end.is_some() || this.reap(WaitIdOptions::STOPPED | WaitIdOptions::EXITED)?)
        })?;
        Ok(self.end.is_none())
    }

    /// Lets it go on after a stop.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    pub(crate) fn resume(&self) -> io::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        if self.end.is_some() {
            return Ok(());
        }
        // The id is still its own: nobody but this object reaps it.
        Ok(kill_process(self.pid, signal)?)
    }

    /// Looks for a change of state, and says whether there was one.
    fn reap(&mut self, changes: WaitIdOptions) -> io::Result<bool> {
        let Some(status) = waitid(WaitId::Pid(self.pid), changes | WaitIdOptions::NOHANG)? else {
            return Ok(false);
        };
        if status.stopped() {
            return Ok(true);
        }
        self.note_end(status.terminating_signal(), status.exit_status());
        Ok(true)
    }

    /// Takes note of an end that somebody else was told of.
    pub(crate) fn has_ended(&mut self, status: WaitStatus) {
        self.note_end(status.terminating_signal(), status.exit_status());
    }

    fn note_end(&mut self, signal: Option<i32>, code: Option<i32>) {
        self.end = Some(match (signal, code) {
            (Some(signal), _) if signal == Signal::KILL.as_raw() => End::Killed,
            (None, Some(0)) => End::Done,
            (Some(signal), _) => End::Failed(self.with_errors(format!("ended by signal {signal}"))),
            (None, code) => {
                let code = code.unwrap_or_default();
                End::Failed(self.with_errors(format!("ended with exit code {code}")))
            }
        });
    }

    fn with_errors(&mut self, how: String) -> String {
        let mut written = String::new();
        if let Some(mut errors) = self.errors.take() {
            // Whatever can be read of it is better than nothing.
            let _ = errors.read_to_string(&mut written);
        }
        let written = written.trim();
        if written.is_empty() { how } else { format!("{how}: {written}") }
    }

    fn until(
        &mut self,
        what: &str,
        mut there: impl FnMut(&mut Self) -> io::Result<bool>,
    ) -> io::Result<()> {
        let start = Instant::now();
        for round in 0.. {
            if there(self)? {
                return Ok(());
            }
            if start.elapsed() > SIGNAL_TAKES {
                let (id, seconds) = (self.id(), SIGNAL_TAKES.as_secs());
                let words = format!("process {id} did not {what} within {seconds} s");
                return Err(io::Error::new(io::ErrorKind::TimedOut, words));
            }
            if round < 20 {
                thread::yield_now();
            } else {
                thread::sleep(Duration::from_micros(50));
            }
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing more can be done about a process that SIGKILL does not end.
        let _ = self.kill();
    }
}
