//! A group of processes.

use core::marker::PhantomData;
use core::ops::{Index, IndexMut};
use std::io::{self, Write};
use std::process::Command;
use std::time::Duration;

use rustix::process::Pid;

use super::error::WorkerError;
use super::work::{self, Work};
use super::worker::{Streams, Worker};
use crate::Region;
use crate::platform::{Process, end_with_starter, fork};
use crate::shm::Shareable;

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
/// # What is promised
///
/// | | shown by |
/// |---|---|
/// | none outlives who started it, whatever that one dies of, and no zombie stays | `tests/workers/leaving.rs` |
/// | if one cannot be started, those before it are ended | `tests/workers/starting.rs` |
/// | how each ended is told, once: exit code, signal, panic | `tests/workers/ends.rs`, `tests/workers/waiting.rs` |
/// | a wait ends when one has ended or its time is up, whatever signals come | `tests/workers/waiting.rs` |
/// | a command gets the region that it is passed, and is refused one of another type | `tests/workers/passed.rs` |
/// | a worker did run on the processors that are named | `tests/workers/observed.rs` |
///
/// No model explores this: workers share no word and take no lock of ours; starting, ending and waiting are the kernel's.
///
/// Not promised: an end to processes that workers start themselves; that every processor is named on which a worker ever ran.
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
    pub(super) workers: Vec<Worker>,
    /// The numbers of those whose end was noticed, and not yet returned by `wait_any`.
    pub(super) untold: Vec<usize>,
    pub(super) observation: Option<Duration>,
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

    /// Starts one more worker that runs a function, as [`fork`](Self::fork) does, and returns its number.
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
    /// # Panics
    ///
    /// If `command` does; the workers that were started are ended.
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
    ///
    /// # Panics
    ///
    /// As [`spawn`](Self::spawn).
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

    pub(super) fn check_own(&self) -> Result<(), WorkerError> {
        if self.starter == Process::current() { Ok(()) } else { Err(WorkerError::Inherited) }
    }
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
