//! A group of processes.

use core::marker::PhantomData;
use core::ops::{Index, IndexMut};
use std::io::{self, Write};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::time::Timespec;

use super::error::{Failure, WorkerError};
use super::work::{self, Work};
use super::worker::{Streams, Worker};
use crate::Region;
use crate::deadline::Deadline;
use crate::platform::{Process, end_with_starter, fork, monotonic_now};
use crate::shm::Shareable;
use crate::sync::deadline_at;

/// The longest single sleep: what is longer is slept in several.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long a process may take to end once it has been killed, before a drop no longer waits for it.
const KILL_TAKES: Duration = Duration::from_secs(10);

/// Processes that work together: started, waited for, and never left behind.
///
/// | started from | by | gets a region |
/// |---|---|---|
/// | a function | [`fork`](Self::fork): runs in a copy of this process | as it is, by using it in the function |
/// | a command | [`spawn`](Self::spawn): executes a program | by [`spawn_sharing`](Self::spawn_sharing), and takes it with [`Region::passed`] |
///
/// Workers never outlive who started them: dropping this ends them with SIGKILL, and takes note of their ends, so that
/// neither process nor zombie stays; when this process dies, whatever of, the kernel ends them. It does so already
/// when the *thread* ends that started them, which is why this cannot be sent to another one. (A program that changes
/// its user when executed, set-id, escapes the kernel's rule.) Processes that workers start themselves are theirs to
/// look after.
///
/// Needs Linux 5.4. Other parts of the program must not wait for *any* child, nor ignore SIGCHLD: how a worker ended
/// is then [`End::Unknown`](super::End::Unknown).
///
/// # If a holder dies
///
/// A worker that dies with a lock held is a dead holder like any other: see the lock. Who died, and what of, is
/// told by [`wait_any`](Self::wait_any) and [`join`](Self::join).
///
/// # Examples
///
/// ```
/// use lockproof::{Counter, Region, Workers};
///
/// let counter = Region::<Counter>::anonymous()?;
/// let work = |_number| -> Result<(), Box<dyn std::error::Error>> {
///     for _ in 0..1000 {
///         counter.increment()?;
///     }
///     Ok(())
/// };
/// // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
/// let workers = unsafe { Workers::fork(4, work) }?;
/// workers.join()?;
/// assert_eq!(counter.get()?, 4000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "the workers are killed as soon as this is dropped"]
pub struct Workers {
    workers: Vec<Worker>,
    /// The numbers of those whose end was noticed, and not yet returned by `wait_any`.
    untold: Vec<usize>,
    observation: Option<Duration>,
    starter: Process,
    /// The kernel ends the workers together with this thread.
    unsendable: PhantomData<*const ()>,
}

impl Workers {
    /// No workers yet.
    pub fn new() -> Self {
        Self {
            workers: Vec::new(),
            untold: Vec::new(),
            observation: None,
            starter: Process::current(),
            unsendable: PhantomData,
        }
    }

    /// Starts `count` workers that run the function, each with its number, from 0.
    ///
    /// A worker is a copy of this process as it is now. What the function returns is its exit code: see [`Work`]; a panic is
    /// code 101. Standard output is flushed before and after, but destructors outside of the function and `atexit`
    /// handlers do not run in it.
    ///
    /// # Errors
    ///
    /// [`WorkerError::Start`] if one cannot be started; the others are ended.
    ///
    /// # Safety
    ///
    /// A fork makes a copy of this process with the calling thread alone. So the caller makes sure that
    ///
    /// - the function needs nothing that another thread may have been changing at that moment: a lock that one of them
    ///   held stays held in the copy for ever. POSIX allows no more than signal handlers may do. In practice, glibc and musl
    ///   see to memory, this crate to its own locks, and this method to standard output and error. Best start the
    ///   workers before any thread;
    /// - the function uses nothing that must not exist twice, such as a guard of one of this crate's locks that this
    ///   thread holds (in the copy it still leads to the data, but holds nothing), or somebody else's mapping of memory
    ///   that is shared and meant for one.
    pub unsafe fn fork<W: Work>(
        count: usize,
        work: impl Fn(usize) -> W,
    ) -> Result<Self, WorkerError> {
        let mut workers = Self::new();
        for number in 0..count {
            // SAFETY: the caller answers for it.
            unsafe { workers.fork_another(|| work(number)) }?;
        }
        Ok(workers)
    }

    /// Starts one more worker that runs a function, and returns its number.
    ///
    /// # Errors
    ///
    /// [`WorkerError::Start`] if it cannot be started; the others go on.
    ///
    /// # Safety
    ///
    /// As of [`fork`](Self::fork).
    pub unsafe fn fork_another<W: Work>(
        &mut self,
        work: impl FnOnce() -> W,
    ) -> Result<usize, WorkerError> {
        self.check_own()?;
        let number = self.workers.len();
        // Held, so that no other thread holds them at the fork: the copies would stay held for ever. And flushed, so that
        // what is written already is not written twice.
        let (mut output, errors) = (io::stdout().lock(), io::stderr().lock());
        let _ = output.flush();
        // SAFETY: the caller answers for it.
        let child = unsafe { fork(|| work::run(number, work)) };
        drop((output, errors));
        self.take_charge(child, Streams::default())
    }

    /// Starts `count` workers that execute the commands which the function makes, each for its number, from 0.
    ///
    /// # Errors
    ///
    /// [`WorkerError::Start`] if one cannot be started; the others are ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::process::Command;
    /// use lockproof::{Workers, workers::{End, WorkerError}};
    ///
    /// let workers = Workers::spawn(3, |number| {
    ///     let mut shell = Command::new("sh");
    ///     shell.args(["-c", if number == 1 { "kill -KILL $$" } else { "exit 0" }]);
    ///     shell
    /// })?;
    /// let Err(WorkerError::Failed(failures)) = workers.join() else { panic!("one died") };
    /// assert_eq!(failures[0].number, 1);
    /// assert_eq!(failures[0].end.to_string(), "killed by SIGKILL");
    /// # Ok::<(), WorkerError>(())
    /// ```
    pub fn spawn(
        count: usize,
        mut command: impl FnMut(usize) -> Command,
    ) -> Result<Self, WorkerError> {
        let mut workers = Self::new();
        for number in 0..count {
            workers.spawn_another(command(number))?;
        }
        Ok(workers)
    }

    /// As [`spawn`](Self::spawn), and passes the region to each: there, [`Region::passed`] opens it.
    ///
    /// # Errors
    ///
    /// [`WorkerError::Region`] if the region is in no file; else as [`spawn`](Self::spawn).
    pub fn spawn_sharing<T: Shareable>(
        region: &Region<T>,
        count: usize,
        mut command: impl FnMut(usize) -> Command,
    ) -> Result<Self, WorkerError> {
        let mut workers = Self::new();
        for number in 0..count {
            let mut command = command(number);
            region.pass_to(&mut command)?;
            workers.spawn_another(command)?;
        }
        Ok(workers)
    }

    /// Starts one more worker that executes a command, and returns its number.
    ///
    /// # Errors
    ///
    /// [`WorkerError::Start`] if it cannot be started; the others go on.
    pub fn spawn_another(&mut self, mut command: Command) -> Result<usize, WorkerError> {
        self.check_own()?;
        end_with_starter(&mut command);
        match command.spawn() {
            Ok(mut child) => {
                let streams = Streams::of(&mut child);
                self.take_charge(Ok(Pid::from_child(&child)), streams)
            }
            Err(error) => self.take_charge(Err(error), Streams::default()),
        }
    }

    /// How many there are, ended ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.workers.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    /// All of them, by number.
    pub fn iter(&self) -> core::slice::Iter<'_, Worker> {
        self.workers.iter()
    }

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

    /// Sends SIGKILL to all that have not ended. They may take a moment to end.
    ///
    /// # Errors
    ///
    /// As of [`Worker::kill`]: the first one's, after all have been tried.
    pub fn kill_all(&self) -> Result<(), WorkerError> {
        self.iter().map(Worker::kill).fold(Ok(()), Result::and)
    }

    fn take_charge(
        &mut self,
        child: io::Result<Pid>,
        streams: Streams,
    ) -> Result<usize, WorkerError> {
        let number = self.workers.len();
        let worker = child
            .and_then(|child| Worker::new(number, child, streams))
            .map_err(|source| WorkerError::Start { number, source })?;
        self.workers.push(worker);
        Ok(number)
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

    fn check_own(&self) -> Result<(), WorkerError> {
        if self.starter == Process::current() { Ok(()) } else { Err(WorkerError::Inherited) }
    }
}

fn failure(worker: &Worker) -> Option<Failure> {
    let end = worker.end().filter(|end| !end.is_success())?;
    Some(Failure { number: worker.number(), id: worker.id(), end })
}

impl Default for Workers {
    fn default() -> Self {
        Self::new()
    }
}

impl Index<usize> for Workers {
    type Output = Worker;

    fn index(&self, number: usize) -> &Worker {
        &self.workers[number]
    }
}

impl IndexMut<usize> for Workers {
    fn index_mut(&mut self, number: usize) -> &mut Worker {
        &mut self.workers[number]
    }
}

impl<'a> IntoIterator for &'a Workers {
    type Item = &'a Worker;
    type IntoIter = core::slice::Iter<'a, Worker>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // Nothing in a forked child, whose parent's workers they are. Nothing more can be done about a process that
        // SIGKILL does not end.
        let _ = self.kill_all().and_then(|()| self.wait_all_for(KILL_TAKES));
    }
}
