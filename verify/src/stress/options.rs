//! The flags of `lockproof stress`.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{ArgPredicate, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::arena::MOST_WORKERS;
use super::plan::{By, Plan, WATCHDOG, WINDOW};
use super::soak::{Broken, SoakPlan};
use super::subject::Subject;
use crate::cli::duration;
use crate::report::target::Target;

/// What `lockproof stress` is to do.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// What to count on; several times, or separated by commas
    #[arg(long = "subject", value_name = "NAME", value_delimiter = ',', default_value = "all",
          value_parser = subject_parser())]
    subjects: Vec<Choice>,

    /// How many processes count at a time; with --for, 24 if nothing else is said
    #[arg(long, value_name = "N", default_value_t = 8, default_value_if("lasting", ArgPredicate::IsPresent, "24"),
          value_parser = clap::value_parser!(u16).range(1..=MOST_WORKERS as i64))]
    processes: u16,

    /// How many increments each makes; with kills, at least so many [default: 50000, `file` 500]
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// How many processes to kill, and replace, for each subject
    #[arg(long, value_name = "K", default_value_t = 100)]
    kills: u64,

    /// Kill only processes that hold the lock
    #[arg(long)]
    kill_holders: bool,

    /// Do everything at once, in one region, for this time (90s, 8h; a number alone is seconds): processes come and go, are
    /// killed, stopped, moved to other processors, and fork; what is left in the end is compared with what was at the beginning
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse,
          conflicts_with_all = ["subjects", "count", "kills", "kill_holders", "pinned", "unpinned", "window", "histories"])]
    lasting: Option<Duration>,

    /// With --for: add one that is known to be broken, and has to be found: `unlocked`, a count without a lock, or `mortal`, a
    /// lock that stays shut when its holder is killed
    #[arg(long, value_name = "NAME", requires = "lasting", hide_possible_values = true)]
    broken: Option<Broken>,

    /// Keep each process on one processor, in turn; with --unpinned, do both
    #[arg(long)]
    pinned: bool,

    /// Let processes run on any processor (the default)
    #[arg(long)]
    unpinned: bool,

    /// How the processes get at the shared region
    #[arg(long, value_name = "HOW", default_value = "memfd")]
    by: Sources,

    /// How long `unlocked` waits between its read and its write, in microseconds
    #[arg(long, value_name = "US", default_value_t = WINDOW.as_micros() as u64)]
    window: u64,

    /// How many short histories of `rwlock` and `queue` to record, call by call, and to check for linearizability: each of
    /// three processes with sixteen calls; with kills, one dies in every second history
    #[arg(long, value_name = "N", default_value_t = HISTORIES)]
    histories: usize,

    /// Where random choices start; drawn and printed if not given
    #[arg(long, value_name = "S")]
    seed: Option<u64>,

    /// After how many seconds without progress everybody counts as stuck
    #[arg(long, value_name = "SECS", default_value_t = WATCHDOG.as_secs(),
          value_parser = clap::value_parser!(u64).range(1..))]
    watchdog: u64,

    /// Write the report as JSON to this file; `-` writes it to standard output, and nothing else there
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write the report as a page to FILE, for a browser: throughput, fairness, and recovery after kills
    #[arg(long, value_name = "FILE", value_parser = Target::file)]
    html: Option<Target>,
}

/// What takes a second or two.
const HISTORIES: usize = 200;

/// A subject, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    All,
    One(Subject),
}

/// A source of regions, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sources {
    Memfd,
    Name,
    Both,
}

fn subject_parser() -> impl TypedValueParser<Value = Choice> {
    let names = Subject::ALL.map(Subject::name);
    PossibleValuesParser::new(["all"].into_iter().chain(names)).map(|name| {
        let one = Subject::ALL.into_iter().find(|subject| subject.name() == name);
        one.map_or(Choice::All, Choice::One)
    })
}

impl Options {
    /// The runs that these flags ask for, from `seed`.
    ///
    /// # Errors
    ///
    /// If they cannot be, in words.
    pub(super) fn plans(&self, seed: u64) -> Result<Vec<Plan>, String> {
        let mut plans = Vec::new();
        for subject in self.subjects()? {
            for by in self.sources() {
                for pinned in self.placements() {
                    plans.push(self.plan(subject, by, pinned, seed));
                }
            }
        }
        Ok(plans)
    }

    /// The soak that these flags ask for, if they do, from `seed`.
    ///
    /// # Errors
    ///
    /// If it cannot be, in words.
    pub(super) fn soak_plan(&self, seed: u64) -> Result<Option<SoakPlan>, String> {
        let Some(lasting) = self.lasting else { return Ok(None) };
        let by = match self.by {
            Sources::Memfd => By::Memfd,
            Sources::Name => By::Name,
            Sources::Both => return Err("--for: a soak has one region, and not both".to_owned()),
        };
        let processes = self.processes.into();
        let watchdog = Duration::from_secs(self.watchdog);
        let plan = SoakPlan { processes, lasting, by, seed, watchdog, broken: self.broken };
        plan.complaint().map_or(Ok(Some(plan)), Err)
    }

    fn plan(&self, subject: Subject, by: By, pinned: bool, seed: u64) -> Plan {
        Plan {
            kills: if subject.takes_kills() { self.kills } else { 0 },
            kill_holders: self.kill_holders,
            pinned,
            by,
            seed,
            histories: self.histories,
            window: Duration::from_micros(self.window),
            watchdog: Duration::from_secs(self.watchdog),
            ..Plan::new(subject, self.processes.into(), self.count.unwrap_or(subject.count()))
        }
    }

    fn subjects(&self) -> Result<Vec<Subject>, String> {
        let all = self.subjects.contains(&Choice::All);
        let chosen = |subject: &Subject| all || self.subjects.contains(&Choice::One(*subject));
        let mut subjects: Vec<_> = Subject::ALL.into_iter().filter(chosen).collect();
        if !self.kill_holders {
            return Ok(subjects);
        }
        if !all && let Some(subject) = subjects.iter().find(|subject| !subject.has_holder()) {
            let name = subject.name();
            let held = Subject::ALL.into_iter().filter(|subject| subject.has_holder());
            let held: Vec<_> = held.map(Subject::name).collect();
            return Err(format!(
                "--kill-holders: in `{name}` it is not known who holds it; choose among {}",
                held.join(", ")
            ));
        }
        subjects.retain(|subject| subject.has_holder());
        Ok(subjects)
    }

    fn sources(&self) -> Vec<By> {
        match self.by {
            Sources::Memfd => vec![By::Memfd],
            Sources::Name => vec![By::Name],
            Sources::Both => vec![By::Memfd, By::Name],
        }
    }

    fn placements(&self) -> Vec<bool> {
        match (self.pinned, self.unpinned) {
            (true, true) => vec![false, true],
            (pinned, _) => vec![pinned],
        }
    }

    pub(super) fn seed(&self) -> u64 {
        // Short enough to be typed.
        self.seed.unwrap_or_else(|| fastrand::u64(..1 << 32))
    }

    pub(super) fn json(&self) -> Option<&std::path::Path> {
        self.json.as_deref()
    }

    pub(super) const fn html(&self) -> Option<&Target> {
        self.html.as_ref()
    }
}
