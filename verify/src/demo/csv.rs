//! `lockproof demo csv`: several processes add rows to one CSV file, each longer than a page.

use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process;
use std::thread::sleep;
use std::time::Duration;

use ::csv::WriterBuilder;
use clap::Args;
use lockproof::{FileLock, update_file};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::show::{self, Flags, Scenario, Stage, Trouble, Way};
use super::stage::{Cast, Event};
use super::{FOLDERS, Part};
use crate::stress::Folder;

/// A row: what one client has learned in one round.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    client: u16,
    round: u16,
    weights: String,
}

/// How rows are added.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum How {
    Unlocked,
    FileLock,
    UpdateFile,
}

/// One who adds rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Client {
    file: PathBuf,
    number: u16,
    rounds: u16,
    length: usize,
    pause: Duration,
    how: How,
    /// Whether it takes the place of one that was killed, and looks what that has done.
    again: bool,
}

const WRITES: &str = "writes row";

impl Client {
    /// Adds its rows.
    pub(crate) fn run(&self) -> Result<(), Box<dyn Error>> {
        for round in 0..self.rounds {
            let row = Row::of(self.number, round, self.length);
            match self.how {
                How::Unlocked => self.append(&row)?,
                How::FileLock => {
                    let _held = FileLock::beside(&self.file).lock()?;
                    self.remove_half_a_row()?;
                    self.append(&row)?;
                }
                How::UpdateFile => self.update(&row)?,
            }
            sleep(self.pause);
        }
        Ok(())
    }

    /// Adds a row at the end of the file, and a header if there is nothing yet.
    fn append(&self, row: &Row) -> Result<(), Box<dyn Error>> {
        if self.again && row.is_in(&fs::read(&self.file)?) {
            return Ok(());
        }
        println!("{}: {WRITES} {}", process::id(), row.round);
        let file = File::options().create(true).append(true).open(&self.file)?;
        let is_new = file.metadata()?.len() == 0;
        let mut rows = WriterBuilder::new().has_headers(is_new).from_writer(file);
        rows.serialize(row)?;
        Ok(rows.flush()?)
    }

    /// Makes a new file of the old one and the row: nobody ever sees, or leaves, half a row.
    fn update(&self, row: &Row) -> Result<(), Box<dyn Error>> {
        update_file(&self.file, |old| -> Result<_, Box<dyn Error + Send + Sync>> {
            if self.again && row.is_in(old) {
                return Ok(None);
            }
            println!("{}: {WRITES} {}", process::id(), row.round);
            let mut rows =
                WriterBuilder::new().has_headers(old.is_empty()).from_writer(old.to_vec());
            rows.serialize(row)?;
            Ok(Some(rows.into_inner()?))
        })?;
        Ok(())
    }

    /// One who was killed may have left that; nobody else can, under the lock.
    fn remove_half_a_row(&self) -> Result<(), Box<dyn Error>> {
        let file = File::options().create(true).append(true).read(true).open(&self.file)?;
        let content = fs::read(&self.file)?;
        Ok(file.set_len(whole_rows(&content).len() as u64)?)
    }
}

/// What comes before the half of a row that may be at the end.
fn whole_rows(content: &[u8]) -> &[u8] {
    let end = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    &content[..end]
}

/// What a fuzzer drives: whatever a file has in it, what is found in it adds up, and is no less without half a row at its end. And
/// a row that is added to what is whole is found.
#[cfg(any(test, fuzzing))]
pub(super) fn fuzzed(input: &[u8]) {
    use clap::Parser;

    #[derive(Parser)]
    struct CommandLine {
        #[command(flatten)]
        csv: Csv,
    }
    let asked_for = ["csv", "--processes", "2", "--rows", "3", "--length", "10"];
    let csv = CommandLine::parse_from(asked_for).csv;
    let found = csv.read(input);
    assert!(found.twice <= found.whole && found.whole <= found.wanted, "{found:?}");
    let _ = (show::Outcome::in_words(&found), show::Outcome::wrong(&found));
    let whole = whole_rows(input);
    let mut rows = WriterBuilder::new().has_headers(whole.is_empty()).from_writer(whole.to_vec());
    rows.serialize(Row::of(1, 2, 10)).expect("it goes to memory");
    let more = rows.into_inner().expect("it goes to memory");
    assert!(Row::of(1, 2, 10).is_in(&more));
    // What somebody has quoted and not ended may have all that follows in it.
    assert!(whole.contains(&b'"') || csv.read(&more[..]).whole >= csv.read(whole).whole.max(1));
}

impl Row {
    fn of(client: u16, round: u16, length: usize) -> Self {
        let weights = format!("{client}.{round:03} ").repeat(1 + length / 6);
        Self { client, round, weights: weights[..length].to_owned() }
    }

    fn is_in(&self, content: &[u8]) -> bool {
        let begins = format!("{},{},", self.client, self.round);
        content.split(|byte| *byte == b'\n').any(|line| line.starts_with(begins.as_bytes()))
    }
}

/// Which row it is about to write.
fn round(words: &str) -> Option<u16> {
    words.strip_prefix(WRITES)?.trim().parse().ok()
}

/// What `lockproof demo csv` is to do.
#[derive(Clone, Debug, Args, Serialize, JsonSchema)]
pub(super) struct Csv {
    /// How many processes add rows
    #[arg(long, value_name = "N", default_value_t = 4,
          value_parser = clap::value_parser!(u16).range(1..=64))]
    processes: u16,

    /// How many rows each adds
    #[arg(long, value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u16).range(1..=1000))]
    rows: u16,

    /// How long a row is, in bytes; what is longer than 8192 is written in several parts
    #[arg(long, value_name = "BYTES", default_value_t = 20_000,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    length: u32,

    /// How long each sleeps between rows, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 1)]
    sleep: u32,

    /// How many are killed as they begin to write one of the later rows, and started again
    #[arg(long, value_name = "N", default_value_t = 0)]
    kills: u16,

    #[command(flatten)]
    #[serde(skip)]
    flags: Flags,
}

/// What is in the file.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(rename = "Rows")]
pub(super) struct Found {
    wanted: u64,
    whole: u64,
    twice: u64,
    broken: u64,
    headers: u64,
    killed: u16,
}

impl Scenario for Csv {
    const NAME: &'static str = "csv";
    type How = How;
    const WAYS: &'static [Way<How>] = &[
        Way {
            name: "unlocked",
            what: "open the file, add a row",
            locked: false,
            how: How::Unlocked,
        },
        Way {
            name: "FileLock",
            what: "the same, with the lock beside the file",
            locked: true,
            how: How::FileLock,
        },
        Way {
            name: "update_file",
            what: "the file is replaced whole",
            locked: true,
            how: How::UpdateFile,
        },
    ];
    type Outcome = Found;

    fn flags(&self) -> &Flags {
        &self.flags
    }

    fn introduction(&self) -> String {
        let Self { processes, rows, length, sleep, .. } = self;
        format!(
            "{processes} processes add {rows} rows each to one CSV file, {length} bytes a row, and sleep \
             {sleep} ms between. Who finds no file, begins it with a header."
        )
    }

    fn expected(&self) -> String {
        format!("one header, and {} rows, each whole and once", self.all())
    }

    fn run(&self, way: &Way<How>, stage: &mut Stage<'_>) -> Result<Found, Trouble> {
        let folder = Folder::new(FOLDERS)?;
        let file = folder.file("results.csv");
        let sleeps = u64::from(self.sleep) * self.all();
        let mut cast = Cast::new(Duration::from_millis(sleeps), self.kills)?;
        let mut numbers = Vec::new();
        for number in 0..self.processes {
            cast.add(Part::Client(self.client(&file, number, way.how, false)))?;
            numbers.push(number);
        }
        let mut killed = 0;
        stage.watch(cast, |stage, cast, number, event| match event {
            // There has to be something to be broken.
            Event::Said(words) if round(words) >= Some(self.rows / 2) => Ok(cast.kill(number)?),
            Event::Killed => {
                killed += 1;
                let process = cast.process(number);
                let client = numbers[number];
                cast.add(Part::Client(self.client(&file, client, way.how, true)))?;
                numbers.push(client);
                stage.write(&format!("  {process} was killed, and is started again\n"))
            }
            _ => Ok(()),
        })?;
        Ok(Found { killed, ..self.look(&file)? })
    }
}

impl Csv {
    fn all(&self) -> u64 {
        u64::from(self.processes) * u64::from(self.rows)
    }

    fn client(&self, file: &Path, number: u16, how: How, again: bool) -> Client {
        Client {
            file: file.to_owned(),
            number,
            rounds: self.rows,
            length: self.length as usize,
            pause: Duration::from_millis(self.sleep.into()),
            how,
            again,
        }
    }

    /// Compares the file with what should be in it.
    fn look(&self, file: &Path) -> Result<Found, String> {
        Ok(self.read(File::open(file).map_err(|error| error.to_string())?))
    }

    fn read(&self, rows: impl Read) -> Found {
        let mut options = ::csv::ReaderBuilder::new();
        let mut reader = options.has_headers(false).flexible(true).from_reader(rows);
        let mut found = Found { wanted: self.all(), ..Found::default() };
        let mut seen = vec![0_u64; usize::from(self.processes) * usize::from(self.rows)];
        for record in reader.records() {
            let row = record.as_ref().ok().and_then(|record| record.deserialize::<Row>(None).ok());
            match row {
                Some(row) if self.is_whole(&row) => seen[self.place(&row)] += 1,
                _ if record.is_ok_and(|record| record == vec!["client", "round", "weights"]) => {
                    found.headers += 1;
                }
                _ => found.broken += 1,
            }
        }
        found.whole = seen.iter().filter(|times| **times > 0).count() as u64;
        found.twice = seen.iter().filter(|times| **times > 1).count() as u64;
        found
    }

    fn is_whole(&self, row: &Row) -> bool {
        row.client < self.processes
            && row.round < self.rows
            && *row == Row::of(row.client, row.round, self.length as usize)
    }

    fn place(&self, row: &Row) -> usize {
        usize::from(row.client) * usize::from(self.rows) + usize::from(row.round)
    }
}

impl show::Outcome for Found {
    fn in_words(&self) -> String {
        let Self { wanted, whole, headers, killed, .. } = self;
        let killed = if *killed > 0 { format!(", {killed} killed") } else { String::new() };
        format!("{whole} of {wanted} rows whole, headers: {headers}{killed}")
    }

    fn wrong(&self) -> Vec<String> {
        let missing = self.wanted - self.whole;
        let more_headers = self.headers.abs_diff(1);
        [
            (missing, "missing"),
            (self.broken, "broken"),
            (self.twice, "twice"),
            (more_headers, if self.headers == 0 { "header missing" } else { "headers too many" }),
        ]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect()
    }

    fn done(&self) -> Option<(u64, &'static str)> {
        Some((self.wanted, "row"))
    }
}
