//! Waiting for workers, and taking note of how they ended.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::time::Timespec;

use super::error::{Failure, WorkerError};
use super::group::Workers;
use super::worker::Worker;
use crate::deadline::Deadline;
use crate::platform::monotonic_now;
use crate::sync::deadline_at;

/// The longest single sleep: what is longer is slept in several.
const LONGEST: Duration = Duration::from_secs(3600);

impl Workers {
    /// While waiting, looks so often on which [processors](Worker::processors) the workers run. Without this, waiting takes
    /// no processor's time.
    pub fn observe_every(&mut self, interval: Duration) {
        self.observation = Some(interval);
    }

    /// Waits until a worker has ended, as long as it takes, and returns one whose end was not yet returned, in the order
    /// in which the ends were noticed. None if all were.
    ///
    /// # Errors
    ///
    /// [`WorkerError::Inherited`] in a forked child; whatever the operating system says.
    pub fn wait_any(&mut self) -> Result<Option<&Worker>, WorkerError> {
        self.any_until(Deadline::Never)
    }

    /// As [`wait_any`](Self::wait_any), no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`WorkerError::StillRunning`] if no worker has ended when the time is up; else as [`wait_any`](Self::wait_any).
    pub fn wait_any_for(&mut self, timeout: Duration) -> Result<Option<&Worker>, WorkerError> {
        self.any_until(Deadline::after(monotonic_now(), timeout))
    }

    /// As [`wait_any`](Self::wait_any), no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`wait_any_for`](Self::wait_any_for).
    pub fn wait_any_until(&mut self, moment: Instant) -> Result<Option<&Worker>, WorkerError> {
        self.any_until(deadline_at(moment))
    }

    /// Waits until all workers have ended, as long as it takes. Pipes to their standard inputs are closed first.
    ///
    /// # Errors
    ///
    /// [`WorkerError::Inherited`] in a forked child; whatever the operating system says.
    pub fn wait_all(&mut self) -> Result<(), WorkerError> {
        self.all_until(Deadline::Never)
    }

    /// As [`wait_all`](Self::wait_all), no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// [`WorkerError::StillRunning`] if not all have ended when the time is up; else as [`wait_all`](Self::wait_all).
    pub fn wait_all_for(&mut self, timeout: Duration) -> Result<(), WorkerError> {
        self.all_until(Deadline::after(monotonic_now(), timeout))
    }

    /// As [`wait_all`](Self::wait_all), no longer than until `moment`.
    ///
    /// # Errors
    ///
    /// As [`wait_all_for`](Self::wait_all_for).
    pub fn wait_all_until(&mut self, moment: Instant) -> Result<(), WorkerError> {
        self.all_until(deadline_at(moment))
    }

    /// Waits until all workers have ended, and says whether they ended well.
    ///
    /// # Errors
    ///
    /// [`WorkerError::Failed`] if not all exited with code 0: which, and how; else as [`wait_all`](Self::wait_all).
    pub fn join(mut self) -> Result<(), WorkerError> {
        self.wait_all()?;
        let failures: Vec<_> = self.iter().filter_map(failure).collect();
        if failures.is_empty() { Ok(()) } else { Err(WorkerError::Failed(failures)) }
    }

    fn any_until(&mut self, deadline: Deadline) -> Result<Option<&Worker>, WorkerError> {
        self.wait(deadline, |this| !this.untold.is_empty() || this.running().next().is_none())?;
        if self.untold.is_empty() {
            return Ok(None);
        }
        let number = self.untold.remove(0);
        Ok(Some(&self.workers[number]))
    }

    fn all_until(&mut self, deadline: Deadline) -> Result<(), WorkerError> {
        self.workers.iter_mut().for_each(Worker::close_input);
        self.wait(deadline, |this| this.running().next().is_none())
    }

    fn running(&self) -> impl Iterator<Item = &Worker> {
        self.iter().filter(|worker| worker.end().is_none())
    }

    fn wait(
        &mut self,
        deadline: Deadline,
        enough: impl Fn(&Self) -> bool,
    ) -> Result<(), WorkerError> {
        self.check_own()?;
        loop {
            for worker in &mut self.workers {
                if worker.reap()? {
                    self.untold.push(worker.number());
                } else {
                    worker.note_processors();
                }
            }
            if enough(self) {
                return Ok(());
            }
            let Some(pause) = self.pause(deadline) else {
                let numbers = self.running().map(Worker::number).collect();
                return Err(WorkerError::StillRunning(numbers));
            };
            self.sleep_until_one_ends(pause)?;
        }
    }

    /// How long to sleep at most before looking again; none if the time is up.
    fn pause(&self, deadline: Deadline) -> Option<Duration> {
        let left = match deadline {
            Deadline::Now => return None,
            Deadline::At(moment) => {
                moment.checked_sub(monotonic_now()).filter(|left| !left.is_zero())?
            }
            Deadline::Never => LONGEST,
        };
        Some(left.min(LONGEST).min(self.observation.unwrap_or(LONGEST)))
    }

    fn sleep_until_one_ends(&self, pause: Duration) -> Result<(), WorkerError> {
        let mut handles: Vec<_> = self
            .iter()
            .filter_map(Worker::handle)
            .map(|handle| PollFd::from_borrowed_fd(handle, PollFlags::IN))
            .collect();
        let pause = Timespec::try_from(pause).ok();
        match poll(&mut handles, pause.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(errno) => {
                Err(WorkerError::Os { attempt: "wait for workers", source: errno.into() })
            }
        }
    }
}

fn failure(worker: &Worker) -> Option<Failure> {
    let end = worker.end().filter(|end| !end.is_success())?;
    Some(Failure { number: worker.number(), id: worker.id(), end })
}
