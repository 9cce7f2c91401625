//! A thread that holds something.

use core::fmt;
use core::time::Duration;
use std::fs;

use crate::platform::{Linux, Ordering, Platform, RobustWord, ThreadId};
use crate::raw::mutex_state::State;

/// What a thread holds of a primitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The lock.
    Lock,
    /// The right to read, beside others.
    Read,
    /// A permit.
    Permit,
    /// A party's place.
    Place,
    /// A task.
    Task,
    /// What keeps its inside in order, for a moment. One that takes long is dead, stopped or starved.
    Inside,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lock => "held",
            Self::Read => "read",
            Self::Permit => "a permit held",
            Self::Place => "a place taken",
            Self::Task => "a task in hand",
            Self::Inside => "its inside used",
        })
    }
}

/// A thread that holds something, as far as `/proc` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// What it holds.
    pub part: Part,
    /// The thread: the kernel's id. If a thread has ended and had [leaked](crate::Mutex#if-a-guard-is-leaked) a guard, its
    /// process's main thread.
    pub thread: ThreadId,
    /// Whether there is such a thread. (Ids are used again: only a `false` is certain.)
    pub exists: bool,
    /// Whether it is stopped, by a signal or a debugger.
    pub stopped: bool,
    /// Its process.
    pub process: Option<u32>,
    /// That process's command line.
    pub command: Option<String>,
    /// For how long somebody has waited that found this holder each time it looked; `None` while nobody waits. It may have
    /// let go, and taken it again, in between. Always `None` of a [`Part::Place`]: whoever waits at a barrier waits for those
    /// that have not come yet, and a place does not tell who has.
    pub waited_for: Option<Duration>,
}

impl Holder {
    /// Whoever is in the word.
    pub(super) fn of(part: Part, robust: &RobustWord) -> Option<Self> {
        let state = State(Linux::lockless().load(Linux::word(robust), Ordering::Relaxed));
        Self::seen(part, state, Linux::noted_wait(robust))
    }

    /// Whoever is in a word that holds this, beside which that is noted of a wait.
    pub(crate) fn seen(part: Part, seen: State, noted: u64) -> Option<Self> {
        let p = Linux::lockless();
        let thread = seen.owner();
        if thread == 0 {
            return None;
        }
        let status = fs::read_to_string(format!("/proc/{thread}/status")).unwrap_or_default();
        let field = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .map(str::trim)
        };
        let process = field("Tgid").and_then(|id| id.parse().ok());
        Some(Self {
            part,
            thread,
            exists: p.exists(thread),
            stopped: field("State").is_some_and(|state| state.starts_with(['T', 't'])),
            process,
            command: process.and_then(command_of),
            waited_for: seen.has_waiters().then(|| p.waited_for(noted, thread)).flatten(),
        })
    }
}

impl Holder {
    /// Whoever is in a word that holds this, where no more than the id can be known.
    pub(crate) fn unknown(part: Part, seen: State, exists: bool) -> Option<Self> {
        let (process, command, waited_for) = (None, None, None);
        let thread = seen.owner();
        let holder = Self { part, thread, exists, stopped: false, process, command, waited_for };
        (thread != 0).then_some(holder)
    }
}

/// A process's command line, or its name where it has none.
pub(crate) fn command_of(process: u32) -> Option<String> {
    let line = fs::read(format!("/proc/{process}/cmdline")).ok()?;
    let words = line.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    let line: Vec<_> = words.map(printable).collect();
    if line.is_empty() {
        let name = fs::read(format!("/proc/{process}/comm")).ok()?;
        return Some(format!("[{}]", printable(name.trim_ascii_end())));
    }
    Some(line.join(" "))
}

/// A process chooses its command line, and must not command a terminal by it.
fn printable(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by thread {}", self.part, self.thread)?;
        match (self.process, &self.command) {
            (Some(process), Some(command)) => write!(f, " of process {process} ({command})")?,
            (Some(process), None) => write!(f, " of process {process}")?,
            _ => {}
        }
        if !self.exists {
            f.write_str(", which does not exist any more")?;
        } else if self.stopped {
            f.write_str(", which is stopped")?;
        }
        match self.waited_for {
            Some(long) => write!(f, ", waited for since {:.1} s", long.as_secs_f64()),
            None => Ok(()),
        }
    }
}
