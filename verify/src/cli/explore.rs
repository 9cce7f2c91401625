//! `lockproof explore`: all states of one model, at a size that the user chooses.

mod named;

use std::io::{self, LineWriter, Write};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::{Exit, Failure, Output, duration, panics, svg};
use crate::claim::{Budget, Examined, Expected, Method};
use crate::explore::graph::Automaton;
use crate::explore::graph::{GraphSearch, Liveness, MOST_MESSAGES, Memory};
use crate::models::registry::{By, Entry, Exploration, Explored, Size};
use crate::picture::Picture;
use crate::platform::KernelRule;
use crate::progress::{Beside, Board};
use crate::report::json;
use crate::report::numbers::counted;
use crate::report::target::Target;
use crate::report::text::Layout;
use crate::verdict::{Finding, Verdict};

/// How often a line says how far it is, where there is no bar.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// What `explore` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Options {
    /// Which model, or which scenario of `demo`; without one, they are listed
    #[arg(value_parser = named::ModelName, hide_possible_values = true)]
    model: Option<String>,
    /// Of a scenario, the program without its lock, and all that can come of it
    #[arg(long)]
    without_lock: bool,
    /// How many processes there are [default: 2, or as many as it takes]
    #[arg(long, value_name = "N", visible_alias = "clients")]
    processes: Option<usize>,
    /// How many increments each makes, or how often it takes the lock
    #[arg(long, value_name = "C", visible_alias = "steps", default_value_t = 1)]
    increments: usize,
    /// Of `tickets`, how many there are [default: one less than are wanted]
    #[arg(long, value_name = "N")]
    tickets: Option<usize>,
    /// What processes see of the memory
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Sees::Weak)]
    memory: Sees,
    /// How many of the processes may die, each at any point
    #[arg(long, value_name = "D", default_value_t = 0)]
    deaths: u8,
    /// Whose rule decides if a wake that died with its process is repeated: Linux since 6.2 (also 6.1.y, 5.15.y, 5.10.y of
    /// late 2022), or before
    #[arg(long, value_name = "RULE", value_enum, default_value_t)]
    kernel: KernelRule,
    /// Tell states apart that differ only in which process is which
    #[arg(long)]
    no_symmetry: bool,
    /// Follow N executions chosen at random instead of looking at all states: for what is too large
    #[arg(long, value_name = "N", conflicts_with = "liveness", value_parser = clap::value_parser!(u64).range(1..))]
    at_random: Option<u64>,
    /// Where random choices start: the same seed, the same choices
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Go on after a counterexample, and show a way to each final result
    #[arg(long)]
    outcomes: bool,
    /// Also look for cycles that can be gone round for ever: `progress`, nobody gets on in them; `starvation`, somebody does
    /// not; `busy`, somebody goes round alone who ought to sleep
    #[arg(long, value_name = "WHAT", value_enum, num_args = 0..=1, default_missing_value = "starvation")]
    liveness: Option<Liveness>,
    /// How many values of a word there may be that some process can still see; weak memory alone has more than one
    #[arg(long, value_name = "N", default_value_t = MOST_MESSAGES, value_parser = messages)]
    messages: usize,
    /// Stop when the states take that much memory: 8G, 500M, 2GiB
    #[arg(long, value_name = "SIZE", default_value = "8G", value_parser = memory_size)]
    memory_limit: ByteSize,
    /// Stop after this time: 90s, 20min; a number alone is seconds
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    time_limit: Option<Duration>,
    /// Write what was found as JSON to FILE, whole or not at all; with -, it is all that standard output holds
    #[arg(long, value_name = "FILE|-")]
    json: Option<Target>,
    /// Draw the first process's automaton, as far as the search has asked for it, to FILE, whole or not at all
    #[arg(long, value_name = "FILE.dot|FILE.svg")]
    graph: Option<Picture>,
    /// Draw the counterexample, if there is one, as a picture for browsers to FILE, whole or not at all
    #[arg(long, value_name = "FILE.svg", value_parser = svg::file)]
    svg: Option<Target>,
}

/// What processes see of the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sees {
    /// The latest value, always
    Sc,
    /// Whatever C11 lets them see: stale values, writes in different orders
    Weak,
}

impl ValueEnum for KernelRule {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Since62, Self::Before62]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Since62 => ("since-6.2", "It wakes a sleeper if nobody owns the announced word"),
            Self::Before62 => ("before-6.2", "It does so only if that word is 0"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

impl ValueEnum for Liveness {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Progress, Self::NoStarvation, Self::NoBusyWaiting]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Progress => "That nobody gets on",
            Self::NoStarvation => "That somebody does not get on, though the scheduler is fair",
            Self::NoBusyWaiting => "That somebody goes round and round alone, instead of sleeping",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

fn messages(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if (2..=MOST_MESSAGES).contains(&number) => Ok(number),
        _ => Err(format!("a number from 2 to {MOST_MESSAGES} is wanted")),
    }
}

fn memory_size(text: &str) -> Result<ByteSize, String> {
    match text.parse() {
        Ok(ByteSize(0)) | Err(_) => Err("a size is wanted, such as 8G, 500M, or 2GiB".to_owned()),
        Ok(size) => Ok(size),
    }
}

impl Options {
    /// Where the report for programs goes.
    pub(super) const fn json(&self) -> Option<&Target> {
        self.json.as_ref()
    }

    fn model(&self) -> Result<&'static Entry, Failure> {
        named::find(self.model.as_deref(), self.without_lock)
    }

    /// How large it is to be.
    ///
    /// # Errors
    ///
    /// Why it cannot be, in words.
    fn size(&self, model: &Entry) -> Result<Size, Failure> {
        let processes = self.processes.unwrap_or_else(|| model.least().max(2));
        let size = Size::new(processes, self.increments, self.deaths);
        model.accepts(size).map_err(Failure::Usage)?;
        model.with_tickets(self.tickets, size).map_err(Failure::Usage)
    }

    fn search(&self) -> GraphSearch {
        GraphSearch {
            memory: if self.memory == Sees::Sc { Memory::Sc } else { Memory::C11 },
            kernel: self.kernel,
            symmetry: !self.no_symmetry,
            // Of what is done without a lock, all that can come of it is of interest.
            all_outcomes: self.outcomes || self.without_lock,
            liveness: self.liveness,
            at_random: self.at_random,
            messages: self.messages,
            memory_limit: usize::try_from(self.memory_limit.as_u64()).ok(),
            ..GraphSearch::default()
        }
    }

    fn id(&self, model: &Entry, size: Size) -> String {
        size.explorer_id(model.name) + &self.search().suffix()
    }

    /// Says what is explored.
    fn heading(&self, model: &Entry, size: Size) -> String {
        let property = model.property(size);
        let memory = match self.memory {
            Sees::Sc => "sequentially consistent memory",
            Sees::Weak => "weak memory",
        };
        let deaths = match self.deaths {
            0 => "nobody dies".to_owned(),
            some => format!("up to {}", counted(some.into(), "death")),
        };
        let size = model.describe(size);
        let property = match self.liveness {
            Some(liveness) => format!("{property}; {}", liveness.property()),
            None => property.to_owned(),
        };
        format!("{}: {property}\n  {size}, {memory}, {deaths}\n\n", model.name)
    }
}

/// Explores a model, and says what was found.
pub(super) fn run(options: &Options, out: Output) -> Result<Exit, Failure> {
    let model = options.model()?;
    let size = options.size(model)?;
    for target in [&options.json, &options.svg].into_iter().flatten() {
        target.probe()?;
    }
    if let Some(picture) = &options.graph {
        picture.probe()?;
    }
    let layout = Layout::alone(&out);
    let board = Board::new(1);
    let mut out = board.beside(out);
    say(&mut out, &options.heading(model, size))?;
    let (examined, automaton) = explore(options, model, size, &board);
    board.end();
    say(&mut out, &layout.exploration(&examined))?;
    say(&mut out, svg::write(options.svg.as_ref(), &examined.finding)?)?;
    if let Some(target) = &options.json {
        target.write(&json::claim(&examined))?;
    }
    if let (Some(picture), Some(automaton)) = (&options.graph, automaton) {
        let title = format!("{}: process 1, as the explorer sees it", examined.id);
        picture.write(&automaton, &title)?;
    }
    Ok(exit(&examined))
}

fn say(out: &mut LineWriter<Beside<Output>>, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn exit(examined: &Examined) -> Exit {
    match examined.finding.verdict {
        Verdict::Timeout { .. } => Exit::TimeLimit,
        _ if examined.ok() => Exit::AllHold,
        _ => Exit::ClaimFailed,
    }
}

fn explore(
    options: &Options,
    model: &Entry,
    size: Size,
    board: &Arc<Board>,
) -> (Examined, Option<Automaton>) {
    let began = Instant::now();
    let id = options.id(model, size);
    // A limit beyond what the clock can tell is none.
    let until = options.time_limit.and_then(|limit| began.checked_add(limit));
    let budget = Budget { until, ..Budget::seeded(options.seed) };
    let running = board.begin(&id);
    let exploration = Exploration {
        name: &id,
        search: options.search(),
        by: By::States,
        budget: &budget,
        progress: &*running,
        extract: options.graph.is_some(),
        replay: None,
    };
    let lines = || board.line();
    let explored = telling(LINE_EVERY, lines, io::stderr(), || {
        panics::catch(|| model.explore(size, &exploration))
    });
    running.end();
    let explored = explored.map_err(|panic| format!("which panicked: {panic}"));
    let Explored { mut finding, extracted } =
        explored.and_then(|explored| explored).unwrap_or_else(|why| {
            let what = format!("an end to the exploration, {why}");
            Explored { finding: Finding::of(Verdict::Vacuous { what }), extracted: None }
        });
    if !options.outcomes {
        finding.witnesses.clear();
    }
    let examined = Examined {
        id,
        subject: model.name,
        property: model.property(size),
        method: Method::Explorer,
        memory_model: options.search().memory.model(),
        processes: size.processes,
        increments: options.increments,
        expected: Expected::Holds,
        finding,
        took: began.elapsed(),
    };
    (examined, extracted.map(|extracted| extracted.automaton))
}

/// Does the work, and meanwhile now and then says a line.
fn telling<T>(
    every: Duration,
    line: impl Fn() -> Option<String> + Send,
    mut out: impl Write + Send,
    work: impl FnOnce() -> T,
) -> T {
    let (ends, ended) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                if let Some(line) = line() {
                    // Nobody needs it: if it cannot be written, it is not.
                    let _ = writeln!(out, "{line}");
                }
            }
        });
        let done = work();
        drop(ends);
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::stand_ins::{Paper, WATCHDOG};

    #[test]
    fn whoever_waits_is_told_how_far_it_is() {
        let paper = Paper::default();
        let seen = paper.clone();
        let line = || Some("half of it".to_owned());
        telling(Duration::from_millis(1), line, paper, || {
            let began = Instant::now();
            while !seen.text().contains("half of it\nhalf of it\n") {
                assert!(began.elapsed() < WATCHDOG, "nothing is said: {}", seen.text());
                thread::yield_now();
            }
        });
    }

    #[test]
    fn sizes_of_memory_are_read_with_a_unit() {
        let table = [
            ("8G", Some(8_000_000_000)),
            ("500 MB", Some(500_000_000)),
            ("2GiB", Some(2 << 30)),
            ("1.5k", Some(1_500)),
            ("4096", Some(4_096)),
            ("0", None),
            ("0G", None),
            ("-1", None),
            ("much", None),
            ("", None),
        ];
        for (text, size) in table {
            assert_eq!(memory_size(text).ok().map(|size| size.as_u64()), size, "{text:?}");
        }
    }
}
