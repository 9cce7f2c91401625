//! `lockproof demo append`: processes that each append a block of lines to one file.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process;
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use lockproof::error::LockError;
use lockproof::{Mutex, MutexGuard, Region};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::show::{self, Flags, Scenario, Shown, Stage, Trouble, Way};
use super::stage::{Cast, Event};
use super::{FOLDERS, Part};
use crate::report::numbers::counted;
use crate::stress::Folder;

/// What is locked: how long the file is up to the end of its last whole block.
type Whole = Mutex<u64>;

/// How a writer keeps the lock.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum How {
    Unlocked,
    /// In a guard, which releases it at the end of its scope.
    Guard,
    /// Acquire, try, finally release; so many writes fail first.
    ByHand {
        failures: u16,
    },
}

/// One who appends a block of lines.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Writer {
    file: PathBuf,
    number: u16,
    lines: u16,
    pause: Duration,
    how: How,
    /// Whether it takes the place of one that was killed, and looks what that has done.
    again: bool,
}

const WRITES: &str = "writes line";
const FAILED: &str = "could not write, and released the lock";
const TOLD: &str = "was told that the last holder died, and removed what it left";

impl Writer {
    /// Appends its block.
    pub(crate) fn run(&self) -> Result<(), Box<dyn Error>> {
        match self.how {
            How::Unlocked => self.write_lines(&self.file).map(drop),
            How::Guard => self.in_a_scope(&*Region::passed()?),
            How::ByHand { failures } => {
                let whole = Region::passed()?;
                for _ in 0..failures {
                    // Every write to this device fails: it is full.
                    if let Err(error) = self.by_hand(&whole, Path::new("/dev/full")) {
                        println!("{}: {FAILED}: {error}", process::id());
                    }
                }
                self.by_hand(&whole, &self.file)
            }
        }
    }

    fn in_a_scope(&self, whole: &Whole) -> Result<(), Box<dyn Error>> {
        let mut whole = self.lock(whole)?;
        if self.is_to_be_done()? {
            *whole = self.write_lines(&self.file)?;
        }
        Ok(())
    }

    fn by_hand(&self, whole: &Whole, file: &Path) -> Result<(), Box<dyn Error>> {
        let mut whole = self.lock(whole)?;
        let written = if self.is_to_be_done()? { self.write_lines(file) } else { Ok(*whole) };
        if let Ok(length) = written {
            *whole = length;
        }
        whole.unlock()?;
        written.map(drop)
    }

    /// Takes the lock, and removes what is no whole block: a dead one's lines.
    fn lock<'a>(&self, whole: &'a Whole) -> Result<MutexGuard<'a, u64>, Box<dyn Error>> {
        match whole.lock() {
            Ok(whole) => Ok(whole),
            Err(LockError::OwnerDied(died)) => {
                let mut whole = died.into_guard();
                File::options().write(true).open(&self.file)?.set_len(*whole)?;
                whole.make_consistent();
                println!("{}: {TOLD}", process::id());
                Ok(whole)
            }
            Err(error) => Err(error.to_string().into()),
        }
    }

    /// How long the file is afterwards.
    fn write_lines(&self, file: &Path) -> Result<u64, Box<dyn Error>> {
        let mut file = File::options().append(true).open(file)?;
        for line in 1..=self.lines {
            println!("{}: {WRITES} {line}", process::id());
            file.write_all(format!("{}, line {line}\n", self.number).as_bytes())?;
            sleep(self.pause);
        }
        Ok(file.metadata()?.len())
    }

    fn is_to_be_done(&self) -> Result<bool, Box<dyn Error>> {
        let mine = |(writer, _): (u16, u16)| writer == self.number;
        Ok(!self.again || !fs::read_to_string(&self.file)?.lines().filter_map(read).any(mine))
    }
}

/// Whose line it is, and which.
fn read(line: &str) -> Option<(u16, u16)> {
    let (writer, line) = line.split_once(", line ")?;
    Some((writer.parse().ok()?, line.parse().ok()?))
}

/// What `lockproof demo append` is to do.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub(super) struct Append {
    /// How many processes append: every other one with a guard, the others by hand
    #[arg(long, value_name = "N", default_value_t = 2,
          value_parser = clap::value_parser!(u16).range(1..=64))]
    processes: u16,

    /// How many lines each appends
    #[arg(long, value_name = "N", default_value_t = 10,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    lines: u16,

    /// How long each sleeps after a line, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 10)]
    sleep: u32,

    /// How many writes fail for those that lock by hand, before one succeeds
    #[arg(long, value_name = "N", default_value_t = 1)]
    failures: u16,

    /// How many writers are killed at a line, and started again
    #[arg(long, value_name = "N", default_value_t = 0)]
    kills: u16,

    #[command(flatten)]
    #[serde(skip)]
    flags: Flags,
}

/// What is in the file.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(rename = "Appended")]
pub(super) struct Found {
    processes: u16,
    lines_each: u16,
    /// Whose lines they are, in the order of the file.
    order: Vec<u16>,
    /// Blocks that are contiguous, complete, and in order.
    whole: u16,
    failed_writes: u16,
    killed: u16,
    told: u16,
}

impl Scenario for Append {
    const NAME: &'static str = "append";
    type How = ();
    const WAYS: &'static [Way<()>] = &[
        Way {
            name: "unlocked",
            what: "everybody writes at once; whose lines:",
            locked: false,
            how: (),
        },
        Way { name: "Mutex", what: "held for a whole block; whose lines:", locked: true, how: () },
    ];
    const SHOWN: Shown = Shown::Words;
    type Outcome = Found;

    fn flags(&self) -> &Flags {
        &self.flags
    }

    fn introduction(&self) -> String {
        let Self { processes, lines, sleep, failures, .. } = self;
        format!(
            "{processes} processes append {lines} lines each to one file, and sleep {sleep} ms after each. \
             With the lock, every other one holds it in a guard, the others release it by hand, also when \
             a write fails; writes that fail: {failures}."
        )
    }

    fn expected(&self) -> String {
        format!(
            "{} blocks, each of {} in a row",
            self.processes,
            counted(self.lines.into(), "line")
        )
    }

    fn run(&self, way: &Way<()>, stage: &mut Stage<'_>) -> Result<Found, Trouble> {
        let folder = Folder::new(FOLDERS)?;
        let file = folder.file("lines.txt");
        let in_words = |error: std::io::Error| error.to_string();
        fs::write(&file, "").map_err(in_words)?;
        let whole = Region::<Whole>::memfd("lockproof-append").map_err(|e| e.to_string())?;
        let each = u64::from(self.sleep) * u64::from(self.lines);
        let sleeps = Duration::from_millis(each * u64::from(self.processes));
        let mut cast = Cast::new(sleeps, self.kills)?;
        let mut numbers: Vec<u16> = (1..=self.processes).collect();
        for number in &numbers {
            let writer = self.writer(&file, *number, way.locked, false);
            cast.add_sharing(&whole, Part::Writer(writer))?;
        }
        let mut found = Found::default();
        stage.watch(cast, |stage, cast, number, event| {
            let writer = numbers[number];
            match event {
                Event::Said(words) if words.starts_with(WRITES) => {
                    // In the middle of its block.
                    if words.ends_with(&format!(" {}", 1 + self.lines / 2)) {
                        cast.kill(number)?;
                    }
                    stage.word(&writer.to_string())
                }
                Event::Said(words) if words.starts_with(FAILED) => {
                    found.failed_writes += 1;
                    stage.word(&format!("(fails: {writer})"))
                }
                Event::Said(words) if words == TOLD => {
                    found.told += 1;
                    stage.word(&format!("(told: {writer})"))
                }
                Event::Killed => {
                    found.killed += 1;
                    let again = self.writer(&file, writer, way.locked, true);
                    numbers.push(writer);
                    cast.add_sharing(&whole, Part::Writer(again))?;
                    stage.word(&format!("(killed: {writer})"))
                }
                _ => Ok(()),
            }
        })?;
        let text = fs::read_to_string(&file).map_err(in_words)?;
        let lines: Vec<_> = text.lines().filter_map(read).collect();
        Ok(Found {
            processes: self.processes,
            lines_each: self.lines,
            whole: whole_blocks(&lines, self.lines),
            order: lines.iter().map(|(writer, _)| *writer).collect(),
            ..found
        })
    }
}

/// How many writers have all their lines in one row, and no others.
fn whole_blocks(lines: &[(u16, u16)], wanted: u16) -> u16 {
    let blocks: Vec<_> = lines.chunk_by(|one, next| one.0 == next.0).collect();
    let is_whole = |block: &&[(u16, u16)]| {
        let in_order = block.iter().map(|(_, line)| *line).eq(1..=wanted);
        in_order && blocks.iter().filter(|other| other[0].0 == block[0].0).count() == 1
    };
    u16::try_from(blocks.iter().copied().filter(is_whole).count()).unwrap_or(u16::MAX)
}

impl Append {
    fn writer(&self, file: &Path, number: u16, locked: bool, again: bool) -> Writer {
        let how = match (locked, number % 2) {
            (false, _) => How::Unlocked,
            (true, 1) => How::Guard,
            (true, _) => How::ByHand { failures: if again { 0 } else { self.failures } },
        };
        let pause = Duration::from_millis(self.sleep.into());
        Writer { file: file.to_owned(), number, lines: self.lines, pause, how, again }
    }
}

impl show::Outcome for Found {
    fn in_words(&self) -> String {
        let Self { processes, whole, failed_writes, killed, told, .. } = self;
        let mut text = format!("{whole} of {processes} blocks whole");
        for (number, what) in
            [(failed_writes, "writes failed"), (killed, "killed"), (told, "told of that")]
        {
            if *number > 0 {
                text.push_str(&format!(", {what}: {number}"));
            }
        }
        text
    }

    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let (lines, wanted) =
            (self.order.len(), usize::from(self.processes) * usize::from(self.lines_each));
        if self.whole < self.processes {
            wrong.push(format!("{} blocks mixed or broken", self.processes - self.whole));
        }
        if lines != wanted {
            wrong.push(format!("{lines} lines instead of {wanted}"));
        }
        wrong
    }

    fn done(&self) -> Option<(u64, &'static str)> {
        Some((u64::from(self.processes) * u64::from(self.lines_each), "line"))
    }
}
