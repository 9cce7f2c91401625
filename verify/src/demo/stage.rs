//! Processes that begin together, what they say, and how they end.
//!
//! Each is this very program, started again with its [`Part`] as an argument, so that a part needs nothing but what it is told. It
//! says what it does on standard output, as programs do: `PID: words`. All write to one pipe, which keeps the order. All wait at
//! a gate, the end of their standard input, until the last is there.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read};
use std::os::unix::process::CommandExt;
use std::process::{self, Command, Stdio};
use std::time::{Duration, Instant};

use lockproof::shm::Shareable;
use lockproof::workers::{End, Worker, WorkerError};
use lockproof::{Region, Workers};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::time::Timespec;
use schemars::JsonSchema;
use serde::Serialize;

use super::Part;
use crate::stress::{MARK, Task, Work};

/// What each process says before it waits at the gate.
const THERE: &str = "is there";
/// How often somebody looks whether a process has ended, for each that there is: a look takes some of their time.
const LOOK: Duration = Duration::from_micros(500);
/// How long processes may take beyond what they sleep before they count as stuck.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// The same, for each that is killed: another has to be started, and do it again.
const PATIENCE_WITH_A_KILL: Duration = Duration::from_secs(1);

/// Something that a process did.
#[derive(Debug)]
pub(super) enum Event {
    /// It said that.
    Said(String),
    /// It ended well.
    Ended,
    /// It was [killed](Cast::kill).
    Killed,
    /// Nobody did anything for a moment.
    Quiet,
}

/// The processes of one run. None outlives this, nor the process that it is in.
#[derive(Debug)]
pub(super) struct Cast {
    workers: Workers,
    gate: (PipeReader, Option<PipeWriter>),
    said: (PipeReader, PipeWriter),
    heard: Vec<u8>,
    events: VecDeque<(usize, Event)>,
    kills_left: u16,
    to_be_killed: BTreeSet<usize>,
    looked: Instant,
    until: Instant,
    began: Instant,
    ended: Instant,
}

/// What is known of a process.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Seen {
    pub(super) who: String,
    pub(super) end: String,
    /// The processors on which it was seen.
    pub(super) cpus: Vec<usize>,
}

/// What every process does before its part: it says that it is there, and waits until all are.
pub(super) fn wait_at_the_gate() -> Result<(), String> {
    println!("{}: {THERE}", process::id());
    io::stdin().read_to_end(&mut Vec::new()).map(drop).map_err(|error| error.to_string())
}

impl Cast {
    /// Nobody yet. All together may sleep so long, and so many are to be [killed](Self::kill).
    pub(super) fn new(sleeps: Duration, kills: u16) -> Result<Self, String> {
        let now = Instant::now();
        let pipe = || io::pipe().map_err(|error| format!("cannot make a pipe: {error}"));
        let (gate, said) = (pipe()?, pipe()?);
        fcntl_setfl(&said.0, OFlags::NONBLOCK).map_err(|error| error.to_string())?;
        Ok(Self {
            workers: Workers::new(),
            gate: (gate.0, Some(gate.1)),
            said,
            heard: Vec::new(),
            events: VecDeque::new(),
            kills_left: kills,
            to_be_killed: BTreeSet::new(),
            looked: now,
            until: now + PATIENCE + PATIENCE_WITH_A_KILL * kills.into() + sleeps,
            began: now,
            ended: now,
        })
    }

    /// One more process. Its number.
    pub(super) fn add(&mut self, part: Part) -> Result<usize, String> {
        let command = self.command(part)?;
        self.workers.spawn_another(command).map_err(|error| error.to_string())
    }

    /// The same, with a region.
    pub(super) fn add_sharing<T: Shareable>(
        &mut self,
        region: &Region<T>,
        part: Part,
    ) -> Result<usize, String> {
        let mut command = self.command(part)?;
        region.pass_to(&mut command).map_err(|error| error.to_string())?;
        self.workers.spawn_another(command).map_err(|error| error.to_string())
    }

    fn command(&self, part: Part) -> Result<Command, String> {
        let failed = |error: io::Error| error.to_string();
        let task = Task { parent: process::id(), region: None, work: Work::Part(part) };
        // Not `current_exe`, which names another program if the file was replaced meanwhile (a rebuild).
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("lockproof-worker")
            .args([MARK, &task.to_argument()])
            .stdin(self.gate.0.try_clone().map_err(failed)?)
            .stdout(self.said.1.try_clone().map_err(failed)?)
            .stderr(Stdio::piped());
        Ok(command)
    }

    /// Waits until all are there, and lets them go.
    pub(super) fn begin(&mut self) -> Result<(), String> {
        let mut missing = self.workers.len();
        while missing > 0 {
            match self.next()? {
                Some((_, Event::Said(words))) if words == THERE => missing -= 1,
                Some((_, Event::Quiet)) => {}
                _ => return Err("a process ended before all were there".to_owned()),
            }
        }
        self.gate.1 = None;
        self.began = Instant::now();
        Ok(())
    }

    /// How many are still to be killed.
    pub(super) const fn kills_left(&self) -> u16 {
        self.kills_left
    }

    /// Kills the process, unless enough were killed. If it ends before that, another one is to be killed.
    pub(super) fn kill(&mut self, number: usize) -> Result<(), String> {
        if self.kills_left > 0 && self.to_be_killed.insert(number) {
            self.kills_left -= 1;
            self.workers[number].kill().map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Waits until somebody says something or ends. None once everybody has ended.
    ///
    /// # Errors
    ///
    /// If one ends badly, or nothing comes for too long.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Event)>, String> {
        loop {
            match self.events.pop_front() {
                // One that was started later.
                Some((_, Event::Said(words))) if words == THERE && self.gate.1.is_none() => {}
                Some(event) => return Ok(Some(event)),
                None if self.workers.iter().all(|worker| worker.end().is_some()) => {
                    return Ok(None);
                }
                None => self.look()?,
            }
        }
    }

    fn look(&mut self) -> Result<(), String> {
        if Instant::now() >= self.until {
            return Err(self.who_is_left());
        }
        let look_every = LOOK * u32::try_from(self.workers.len()).unwrap_or(u32::MAX);
        let pause = look_every.saturating_sub(self.looked.elapsed());
        let pause = Timespec::try_from(pause).map_err(|error| error.to_string())?;
        let mut said = [PollFd::new(&self.said.0, PollFlags::IN)];
        let is_quiet = matches!(poll(&mut said, Some(&pause)), Ok(0));
        let ended = if is_quiet { self.look_who_ended()? } else { Vec::new() };
        // After that, so that their last words come before their ends.
        self.listen()?;
        self.events.extend(ended);
        if self.events.is_empty() && is_quiet {
            self.events.push_back((0, Event::Quiet));
        }
        Ok(())
    }

    fn look_who_ended(&mut self) -> Result<Vec<(usize, Event)>, String> {
        self.looked = Instant::now();
        let mut ended = Vec::new();
        loop {
            let (number, end) = match self.workers.wait_any_for(Duration::ZERO) {
                Ok(Some(worker)) => (worker.number(), worker.end()),
                Ok(None) | Err(WorkerError::StillRunning(_)) => return Ok(ended),
                Err(error) => return Err(error.to_string()),
            };
            let event = match end {
                Some(end) if end.is_success() => {
                    self.kills_left += u16::from(self.to_be_killed.remove(&number));
                    Event::Ended
                }
                Some(End::Killed { signal: libc::SIGKILL, .. })
                    if self.to_be_killed.contains(&number) =>
                {
                    Event::Killed
                }
                _ => return Err(last_words(&mut self.workers[number])),
            };
            self.ended = Instant::now();
            ended.push((number, event));
        }
    }

    fn listen(&mut self) -> Result<(), String> {
        let mut buffer = [0; 4096];
        loop {
            match self.said.0.read(&mut buffer) {
                Ok(length) => self.heard.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        while let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.heard.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let (who, words) = self.said_by(line.trim_end()).ok_or_else(|| {
                format!("a line that nobody of ours has said: {:?}", line.trim_end())
            })?;
            self.events.push_back((who, Event::Said(words)));
        }
        Ok(())
    }

    fn said_by(&self, line: &str) -> Option<(usize, String)> {
        let (process, words) = line.split_once(": ")?;
        let process: u32 = process.parse().ok()?;
        // The latest: an id may have been given to another one since.
        let worker = self.workers.iter().rev().find(|worker| worker.id() == process)?;
        Some((worker.number(), words.to_owned()))
    }

    fn who_is_left(&self) -> String {
        let left = self.workers.iter().filter(|worker| worker.end().is_none());
        let left: Vec<String> = left.map(|worker| worker.id().to_string()).collect();
        format!(
            "it takes too long: more than {:.0?} beyond all sleeps; still there: {}",
            PATIENCE,
            left.join(", ")
        )
    }

    /// Its process id.
    pub(super) fn process(&self, number: usize) -> u32 {
        self.workers[number].id()
    }

    /// From when all were let go until the last had ended.
    pub(super) fn took(&self) -> Duration {
        self.ended.saturating_duration_since(self.began)
    }

    /// What is known of each.
    pub(super) fn seen(&self) -> Vec<Seen> {
        let seen = |worker: &Worker| Seen {
            who: format!("process {}", worker.id()),
            end: worker.end().map_or_else(|| "has not ended".to_owned(), |end| end.to_string()),
            cpus: worker.processors().iter().copied().collect(),
        };
        self.workers.iter().map(seen).collect()
    }
}

/// How it ended, and why, as far as it said so.
fn last_words(worker: &mut Worker) -> String {
    let mut words = String::new();
    if let Some(mut errors) = worker.take_stderr() {
        // Whatever can be read of it is better than nothing.
        let _ = errors.read_to_string(&mut words);
    }
    let end = worker.end().map_or_else(String::new, |end| end.to_string());
    let words = words.trim();
    let colon = if words.is_empty() { "" } else { ": " };
    format!("process {} {end}{colon}{words}", worker.id())
}
