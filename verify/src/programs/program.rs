//! What several processes do: plain data, and the same as code for people.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

/// What each of several processes does, one step after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Program {
    /// The steps of each process.
    pub processes: Vec<Vec<Step>>,
    /// Who dies on the way, if somebody does.
    pub death: Option<Death>,
}

/// The death of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Death {
    /// Which process, from zero.
    pub process: usize,
    /// Before which of its operations on shared memory, from zero; of a real process, before which of its steps. It lives
    /// if it makes fewer.
    pub before: usize,
}

/// One step of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Holds something during other steps. What it protects is looked at, and added to by those who may, at the beginning
    /// and at the end.
    Hold {
        /// What.
        what: What,
        /// How patiently.
        how: How,
        /// The steps meanwhile: none of them if it is refused.
        steps: Vec<Self>,
    },
    /// With the first mutex held: waits at the condition variable until its number is this large.
    WaitUntil {
        /// How large.
        least: u64,
        /// Whether it waits only until a deadline.
        limited: bool,
    },
    /// Notifies so many that wait at the condition variable.
    Notify(Whom),
    /// Takes a permit by hand.
    Wait(How),
    /// Gives a permit by hand.
    Post,
}

/// What can be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The first mutex, the one of the condition variable.
    First,
    /// The second mutex.
    Second,
    /// The lock for readers and writers, to read.
    Read,
    /// The same, to write.
    Write,
    /// A permit of the semaphore, which has one to begin with and room for two.
    Permit,
}

/// How patiently something is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// As long as it takes.
    Patiently,
    /// Not at all.
    Once,
    /// Until a deadline.
    Limited,
}

/// Who is notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// One of those who wait.
    One,
    /// All of them.
    All,
}

/// What a process has seen of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It got what it wanted.
    Got,
    /// The same, and was told that the last holder died.
    GotFromTheDead,
    /// It did not get it.
    Refused,
    /// This was the number before it added to it, if it may.
    Saw(u64),
    /// The number is as large as it waited for; or the deadline came first.
    Waited(bool),
}

/// What came of a program.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seen {
    /// What each process has seen, in its order.
    pub events: Vec<Vec<Event>>,
    /// Who has died before its last step.
    pub died: Option<usize>,
    /// The numbers at the end: of the first mutex, the second, the lock for readers and writers, the semaphore's.
    pub numbers: [u64; NUMBERS],
    /// How many permits are free at the end.
    pub free: usize,
}

/// How many numbers there are.
pub const NUMBERS: usize = 4;
/// How many permits there are at the beginning.
pub const PERMITS: usize = 1;
/// How many permits there is room for.
pub const MOST_PERMITS: usize = 2;

impl What {
    /// Where its number is among all.
    #[must_use]
    pub const fn number(self) -> usize {
        match self {
            Self::First => 0,
            Self::Second => 1,
            Self::Read | Self::Write => 2,
            Self::Permit => 3,
        }
    }

    const fn taking(self, how: How) -> &'static str {
        match (self, how) {
            (Self::First, How::Patiently) => "first.lock()",
            (Self::First, How::Once) => "first.try_lock()",
            (Self::First, How::Limited) => "first.try_lock_for(SHORT)",
            (Self::Second, How::Patiently) => "second.lock()",
            (Self::Second, How::Once) => "second.try_lock()",
            (Self::Second, How::Limited) => "second.try_lock_for(SHORT)",
            (Self::Read, How::Patiently) => "rwlock.read()",
            (Self::Read, How::Once) => "rwlock.try_read()",
            (Self::Read, How::Limited) => "rwlock.try_read_for(SHORT)",
            (Self::Write, How::Patiently) => "rwlock.write()",
            (Self::Write, How::Once) => "rwlock.try_write()",
            (Self::Write, How::Limited) => "rwlock.try_write_for(SHORT)",
            (Self::Permit, How::Patiently) => "semaphore.acquire()",
            (Self::Permit, How::Once) => "semaphore.try_acquire()",
            (Self::Permit, How::Limited) => "semaphore.try_acquire_for(SHORT)",
        }
    }

    const fn touching(self) -> &'static str {
        match self {
            Self::First => "*in_first += 1;",
            Self::Second => "*in_second += 1;",
            Self::Read => "dbg!(*reads);",
            Self::Write => "*writes += 1;",
            Self::Permit => "inside.increment();",
        }
    }

    const fn guard(self) -> &'static str {
        match self {
            Self::First => "in_first",
            Self::Second => "in_second",
            Self::Read => "reads",
            Self::Write => "writes",
            Self::Permit => "_permit",
        }
    }
}

impl Program {
    /// Whether somebody waits until a deadline.
    #[must_use]
    pub fn has_deadlines(&self) -> bool {
        fn within(steps: &[Step]) -> bool {
            steps.iter().any(|step| match step {
                Step::Hold { how, steps, .. } => *how == How::Limited || within(steps),
                Step::WaitUntil { limited, .. } => *limited,
                Step::Wait(how) => *how == How::Limited,
                Step::Notify(_) | Step::Post => false,
            })
        }
        self.processes.iter().any(|steps| within(steps))
    }

    /// How many steps there are in all.
    #[must_use]
    pub fn steps(&self) -> usize {
        fn within(steps: &[Step]) -> usize {
            let inner = |step: &Step| match step {
                Step::Hold { steps, .. } => within(steps),
                _ => 0,
            };
            steps.iter().map(|step| 1 + inner(step)).sum()
        }
        self.processes.iter().map(|steps| within(steps)).sum()
    }
}

/// As code that uses the library, one block for each process.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, steps) in self.processes.iter().enumerate() {
            let dies = self.death.is_some_and(|death| death.process == index);
            let how = if dies { ", killed on the way" } else { "" };
            writeln!(f, "// process {}{how}", index + 1)?;
            write_steps(f, steps, 0)?;
        }
        Ok(())
    }
}

fn write_steps(f: &mut fmt::Formatter<'_>, steps: &[Step], depth: usize) -> fmt::Result {
    let indent = "    ".repeat(depth);
    for step in steps {
        match step {
            Step::Hold { what, how, steps } => write_hold(f, *what, *how, steps, depth)?,
            Step::WaitUntil { least, limited: false } => writeln!(
                f,
                "{indent}in_first = condvar.wait_while(in_first, |number| *number < {least}).unwrap();"
            )?,
            Step::WaitUntil { least, limited: true } => writeln!(
                f,
                "{indent}in_first = condvar.wait_timeout_while(in_first, SHORT, |number| *number < {least}).unwrap().0;"
            )?,
            Step::Notify(Whom::One) => writeln!(f, "{indent}condvar.notify_one();")?,
            Step::Notify(Whom::All) => writeln!(f, "{indent}condvar.notify_all();")?,
            Step::Wait(How::Patiently) => writeln!(f, "{indent}semaphore.wait().unwrap();")?,
            Step::Wait(How::Once) => writeln!(f, "{indent}let _ = semaphore.try_wait();")?,
            Step::Wait(How::Limited) => {
                writeln!(f, "{indent}let _ = semaphore.try_wait_for(SHORT);")?;
            }
            Step::Post => writeln!(f, "{indent}let _ = semaphore.post();")?,
        }
    }
    Ok(())
}

fn write_hold(
    f: &mut fmt::Formatter<'_>,
    what: What,
    how: How,
    steps: &[Step],
    depth: usize,
) -> fmt::Result {
    let indent = "    ".repeat(depth);
    let (taking, guard, touching) = (what.taking(how), what.guard(), what.touching());
    let mutable = if matches!(what, What::Read | What::Permit) { "" } else { "mut " };
    match how {
        How::Patiently => {
            writeln!(f, "{indent}{{\n{indent}    let {mutable}{guard} = {taking}.unwrap();")?;
        }
        How::Once | How::Limited => {
            writeln!(f, "{indent}if let Ok({mutable}{guard}) = {taking} {{")?;
        }
    }
    writeln!(f, "{indent}    {touching}")?;
    write_steps(f, steps, depth + 1)?;
    let last = if what == What::Permit { "inside.add(u64::MAX);" } else { touching };
    writeln!(f, "{indent}    {last}\n{indent}}}")
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Got => f.write_str("got it"),
            Self::GotFromTheDead => f.write_str("got it from a dead one"),
            Self::Refused => f.write_str("refused"),
            Self::Saw(number) => write!(f, "saw {number}"),
            Self::Waited(true) => f.write_str("waited, and it was so"),
            Self::Waited(false) => f.write_str("waited too long"),
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, events) in self.events.iter().enumerate() {
            let mut words = String::new();
            for event in events {
                write!(words, "{}{event}", if words.is_empty() { "" } else { ", " })?;
            }
            if self.died == Some(index) {
                words.push_str(if words.is_empty() { "died" } else { ", died" });
            }
            if words.is_empty() {
                words.push_str("nothing to see");
            }
            write!(f, "process {}: {words}; ", index + 1)?;
        }
        let [first, second, rwlock, inside] = self.numbers;
        let free = self.free;
        write!(
            f,
            "at the end: first {first}, second {second}, rwlock {rwlock}, inside {inside}, {free} free"
        )
    }
}
