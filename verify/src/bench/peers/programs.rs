//! Peers of other languages: programs that do the same work, and print what came of it.
//!
//! Boost's is compiled when it is measured for the first time, with the C++ compiler and the headers that the machine has, and
//! leaves no file behind. Python's is handed to `python3`.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::bench::case::{Contender, Death};
use crate::bench::measure::{PATIENCE, Rig, Sample};
use crate::report::trouble::in_words;

const PYTHON: &str = include_str!("python.py");
const BOOST: &str = include_str!("boost.cpp");

/// A program that does the work.
pub(super) trait Program {
    const NAME: &'static str;

    /// What the machine lacks without which it cannot run.
    fn lacks() -> Option<&'static str>;

    /// With what it is started.
    fn command(work: &Work) -> Result<Command, String>;
}

/// What it is to do.
pub(super) struct Work {
    processes: usize,
    inside: u64,
    bytes: usize,
    places: usize,
    window: u64,
    row: u64,
    processors: [usize; 2],
}

impl Work {
    const fn of(rig: &Rig, processes: usize) -> Self {
        let window = rig.window.as_nanos() as u64;
        let (row, processors) = (rig.row, rig.processors);
        Self { processes, inside: 0, bytes: 0, places: 0, window, row, processors }
    }
}

/// A lock that a program takes: so many processes of it, each so long inside.
pub(super) const fn program<P: Program, const NANOSECONDS: u64, const PROCESSES: usize>()
-> Contender {
    let run = |rig: &Rig| {
        let work = Work { inside: NANOSECONDS, ..Work::of(rig, PROCESSES) };
        let did = Did::by::<P>(&work)?;
        Ok(match PROCESSES {
            1 => (did.processor as f64 / did.all().max(1) as f64).into(),
            _ => Sample::of_several(&did.done, did.took, did.longest, Some(did.changes)),
        })
    };
    outside::<P>(run)
}

/// Messages that a program sends.
pub(super) const fn sends<P: Program, const BYTES: usize, const PLACES: usize>() -> Contender {
    let run = |rig: &Rig| {
        let work = Work { bytes: BYTES, places: PLACES, ..Work::of(rig, 2) };
        let did = Did::by::<P>(&work)?;
        let figure = did.all() as f64 * 1e3 / did.took as f64;
        Ok(Sample { figure, wait: Some(did.longest as f64 / 1e3), ..Sample::default() })
    };
    outside::<P>(run)
}

const fn outside<P: Program>(run: fn(&Rig) -> Result<Sample, String>) -> Contender {
    Contender { lacks: P::lacks, countable: false, ..Contender::new(P::NAME, Death::Hangs, run) }
}

/// What a program says that it did.
#[derive(Debug, PartialEq)]
struct Did {
    took: u64,
    processor: u64,
    longest: u64,
    changes: u64,
    done: Vec<u64>,
}

impl Did {
    fn by<P: Program>(work: &Work) -> Result<Self, String> {
        let mut command = P::command(work)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|error| in_words(&error))?;
        let patience = PATIENCE + Duration::from_nanos(work.window) * 10;
        let Output { status, stdout, stderr } = ended(child, patience)?;
        let said = String::from_utf8_lossy(&stdout);
        match Self::read(&said) {
            Some(did) if status.success() => did,
            _ => Err(format!("{status}: {said}{}", String::from_utf8_lossy(&stderr))),
        }
    }

    /// Nothing, of what is no such line; and an error, of one that does not add up.
    fn read(said: &str) -> Option<Result<Self, String>> {
        let numbers: Result<Vec<u64>, _> = said.split_whitespace().map(str::parse).collect();
        let numbers = numbers.ok()?;
        let [took, processor, longest, changes, total, done @ ..] = &numbers[..] else {
            return None;
        };
        let [took, processor, longest, changes] = [*took, *processor, *longest, *changes];
        let did = Self { took, processor, longest, changes, done: done.to_vec() };
        Some(match did.all() {
            all if all == *total && took > 0 => Ok(did),
            all => Err(format!("{all} were done, and it came to {total}: updates were lost")),
        })
    }

    fn all(&self) -> u64 {
        self.done.iter().sum()
    }
}

/// Waits until it has ended; what takes too long is ended.
fn ended(mut child: Child, patience: Duration) -> Result<Output, String> {
    let began = Instant::now();
    while child.try_wait().map_err(|error| in_words(&error))?.is_none() {
        if began.elapsed() > patience {
            // Its processes end with it.
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("waited {patience:?} for it to end"));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.wait_with_output().map_err(|error| in_words(&error))
}

/// `boost::interprocess::interprocess_mutex`.
pub(super) struct Boost;

impl Program for Boost {
    const NAME: &'static str = "Boost.Interprocess";

    fn lacks() -> Option<&'static str> {
        compiled().is_none().then_some("C++ compiler (c++, or CXX) that finds Boost's headers")
    }

    fn command(work: &Work) -> Result<Command, String> {
        let program = compiled().ok_or("it was not compiled")?;
        let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
        let numbers = [work.processes as u64, work.inside, work.window, work.row];
        command.args(numbers.map(|number| number.to_string()));
        command.args(work.processors.map(|processor| processor.to_string()));
        Ok(command)
    }
}

/// The program, which has no name any more, if it could be compiled.
fn compiled() -> Option<&'static File> {
    static PROGRAM: OnceLock<Option<File>> = OnceLock::new();
    PROGRAM.get_or_init(compile).as_ref()
}

fn compile() -> Option<File> {
    let folder = tempfile::tempdir().ok()?;
    let program = folder.path().join("boost");
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let mut compiler = Command::new(compiler)
        .args(["-std=c++14", "-O2", "-pthread", "-x", "c++", "-", "-o"])
        .arg(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let written = compiler.stdin.take().map(|mut source| source.write_all(BOOST.as_bytes()));
    let compiled = compiler.wait().ok()?;
    (compiled.success() && matches!(written, Some(Ok(())))).then(|| File::open(program).ok())?
}

/// Whether there is a Python whose processes can share locks.
fn lacks_python() -> Option<&'static str> {
    static THERE: OnceLock<bool> = OnceLock::new();
    let there = THERE.get_or_init(|| {
        let asks = ["-c", "import multiprocessing.synchronize, multiprocessing.sharedctypes"];
        let mut python = Command::new("python3");
        let status = python.args(asks).stdin(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    });
    (!there).then_some("python3, with multiprocessing")
}

fn python(what: &str, work: &Work) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", PYTHON, what]);
    let places = [work.bytes as u64, work.places as u64];
    command.args([work.processes as u64, work.window].map(|number| number.to_string()));
    command.args(places.map(|number| number.to_string()));
    command.args(work.processors.map(|processor| processor.to_string()));
    command
}

macro_rules! python_programs {
    ($($(#[$doc:meta])* $program:ident, $name:literal, $what:literal;)+) => {$(
        $(#[$doc])*
        pub(super) struct $program;

        impl Program for $program {
            const NAME: &'static str = $name;

            fn lacks() -> Option<&'static str> {
                lacks_python()
            }

            fn command(work: &Work) -> Result<Command, String> {
                Ok(python($what, work))
            }
        }
    )+};
}

python_programs! {
    /// `multiprocessing.Lock`, beside a number.
    PythonLock, "Python's Lock", "lock";
    /// `multiprocessing.Value`, under its lock.
    PythonValue, "Python's Value", "value";
    /// `multiprocessing.Queue`.
    PythonQueue, "Python's Queue", "queue";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_says_is_read_and_has_to_add_up() {
        let read = |said| Did::read(said);
        let did = Did { took: 9, processor: 8, longest: 7, changes: 6, done: vec![2, 3] };
        assert_eq!(read("9 8 7 6 5 2 3\n"), Some(Ok(did)));
        let lost = read("9 8 7 6 4 2 3\n").expect("a line").expect_err("one is missing");
        assert!(lost.contains("updates were lost"), "{lost}");
        for said in ["", "9 8 7 6", "9 8 7 6 five 2 3", "Traceback"] {
            assert_eq!(read(said), None, "{said}");
        }
    }

    #[test]
    fn what_takes_too_long_is_ended() {
        let child = Command::new("sleep").arg("1000").stdout(Stdio::piped()).spawn();
        let why = ended(child.expect("sleep"), Duration::from_millis(1)).expect_err("endless");
        assert!(why.contains("for it to end"), "{why}");
    }
}
