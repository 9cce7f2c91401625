//! How far a run is, on standard error: bars where it is a terminal, now and then a line elsewhere.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::claim::Progress;
use crate::report::numbers::{count, counted, seconds};

/// How often the bars move.
const TICK: Duration = Duration::from_millis(120);

/// What is being examined at the moment, and how far it is.
#[derive(Debug)]
pub struct Board {
    began: Instant,
    all: usize,
    ended: AtomicU64,
    running: Mutex<BTreeMap<String, Arc<Running>>>,
    bars: Option<Bars>,
}

#[derive(Debug)]
struct Bars {
    all: MultiProgress,
    overall: ProgressBar,
}

/// One claim that is being examined.
#[derive(Debug)]
pub struct Running {
    board: Arc<Board>,
    id: String,
    done: Mutex<Done>,
    bar: Option<ProgressBar>,
}

#[derive(Clone, Debug, Default)]
struct Done {
    done: u64,
    total: u64,
    unit: String,
}

impl Board {
    /// For a run of so many claims, shown on standard error.
    #[must_use]
    pub fn new(claims: usize) -> Arc<Self> {
        let bars = stderr().is_terminal().then(|| Bars::new(claims));
        Arc::new(Self {
            began: Instant::now(),
            all: claims,
            ended: AtomicU64::new(0),
            running: Mutex::default(),
            bars,
        })
    }

    /// An examination begins; it ends when what this returns is dropped.
    #[must_use]
    pub fn begin(self: &Arc<Self>, id: &str) -> Arc<Running> {
        let bar = self.bars.as_ref().map(|bars| bars.add(id));
        let running = Arc::new(Running {
            board: Arc::clone(self),
            id: id.to_owned(),
            done: Mutex::default(),
            bar,
        });
        self.running().insert(id.to_owned(), Arc::clone(&running));
        running
    }

    /// Takes the bars away while `work` writes to the screen.
    pub fn while_hidden<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.bars {
            Some(bars) => bars.all.suspend(work),
            None => work(),
        }
    }

    /// The run is over: nothing stays on the screen.
    pub fn end(&self) {
        if let Some(bars) = &self.bars {
            bars.overall.finish_and_clear();
            let _ = bars.all.clear();
        }
    }

    /// What is going on, in a line; nothing where bars show it.
    #[must_use]
    pub fn line(&self) -> Option<String> {
        if self.bars.is_some() {
            return None;
        }
        let running: Vec<String> = self.running().values().map(|one| one.describe()).collect();
        let ended = self.ended.load(Relaxed);
        Some(format!(
            "{}: {} of {} done; running {}",
            seconds(self.began.elapsed()),
            count(ended),
            counted(self.all, "claim"),
            running.join(", ")
        ))
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bars {
    fn new(claims: usize) -> Self {
        let all = MultiProgress::new();
        let overall = all.add(ProgressBar::new(claims as u64));
        let template = "{bar:30.green} {pos} of {len} claims, {elapsed}";
        overall.set_style(style(template).progress_chars("━╸─"));
        overall.enable_steady_tick(TICK);
        Self { all, overall }
    }

    fn add(&self, id: &str) -> ProgressBar {
        let bar = self.all.insert_before(&self.overall, ProgressBar::new_spinner());
        bar.set_style(style("{spinner:.cyan} {prefix}  {wide_msg:.dim}"));
        bar.set_prefix(id.to_owned());
        bar.enable_steady_tick(TICK);
        bar
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|error| unreachable!("a template of ours: {error}"))
}

impl Running {
    /// The examination is over.
    pub fn end(&self) {
        self.board.running().remove(&self.id);
        self.board.ended.fetch_add(1, Relaxed);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if let Some(bars) = &self.board.bars {
            bars.overall.inc(1);
        }
    }

    fn describe(&self) -> String {
        let Done { done, total, unit } = self.done();
        match (done, total) {
            (0, _) => self.id.clone(),
            (done, 0) => format!("{} ({} {unit})", self.id, count(done)),
            (done, total) => format!("{} ({} of {} {unit})", self.id, count(done), count(total)),
        }
    }

    fn done(&self) -> Done {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Progress for Running {
    fn report(&self, done: u64, total: u64, unit: &str) {
        let now = Done { done, total, unit: unit.to_owned() };
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = now;
        if let Some(bar) = &self.bar {
            let of = if total == 0 { String::new() } else { format!("of {} ", count(total)) };
            bar.set_message(format!("{} {of}{unit}", count(done)));
        }
    }
}
