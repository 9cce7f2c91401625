//! How far a run is, on standard error: bars where it is a terminal, now and then a line elsewhere.

mod pace;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, IsTerminal, LineWriter, Write, stderr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use pace::{left, pace};

use crate::claim::Progress;
use crate::interrupt::{self, UnderWay};
use crate::report::numbers::{count, counted, seconds};

/// How often the bars move.
const TICK: Duration = Duration::from_millis(120);

/// What is being examined at the moment, and how far it is.
#[derive(Debug)]
pub struct Board {
    began: Instant,
    all: usize,
    /// What it is so many of.
    what: &'static str,
    ended: AtomicU64,
    running: Mutex<BTreeMap<String, Arc<Running>>>,
    failed: Mutex<Vec<String>>,
    bars: Option<Bars>,
}

#[derive(Debug)]
struct Bars {
    all: MultiProgress,
    /// How many of all are done; none where there is but one thing to do.
    overall: Option<ProgressBar>,
}

/// One claim that is being examined.
#[derive(Debug)]
pub struct Running {
    board: Arc<Board>,
    id: String,
    done: Mutex<Done>,
    bar: OnceLock<ProgressBar>,
}

#[derive(Clone, Debug, Default)]
struct Done {
    done: u64,
    total: u64,
    unit: String,
    /// When it began to count, from the start or anew.
    since: Option<Instant>,
}

impl Board {
    /// For a run of so many claims, shown on standard error.
    #[must_use]
    pub fn new(claims: usize) -> Arc<Self> {
        Self::counting(claims, "claim")
    }

    /// For a run of so many of something.
    #[must_use]
    pub fn counting(all: usize, what: &'static str) -> Arc<Self> {
        let bars = stderr().is_terminal().then(|| Bars::new(all, what));
        let board = Arc::new(Self {
            began: Instant::now(),
            all,
            what,
            ended: AtomicU64::new(0),
            running: Mutex::default(),
            failed: Mutex::default(),
            bars,
        });
        interrupt::tells_of(&board);
        board
    }

    /// Something is not as it should be.
    pub fn failed(&self, id: &str) {
        self.failures().push(id.to_owned());
    }

    /// An examination begins.
    #[must_use]
    pub fn begin(self: &Arc<Self>, id: &str) -> Arc<Running> {
        let running = self.expect(id);
        running.show();
        running
    }

    /// The same, for what is worth a bar only once it reports how far it is.
    #[must_use]
    pub fn expect(self: &Arc<Self>, id: &str) -> Arc<Running> {
        let (done, bar) = (Mutex::default(), OnceLock::new());
        let (board, id) = (Arc::clone(self), id.to_owned());
        let running = Running { board, id, done, bar };
        let running = Arc::new(running);
        self.running().insert(running.id.clone(), Arc::clone(&running));
        running
    }

    /// A stream whose lines the bars make room for.
    pub fn beside<W: Write>(self: &Arc<Self>, stream: W) -> LineWriter<Beside<W>> {
        LineWriter::new(Beside { board: Arc::clone(self), stream })
    }

    /// The run is over: nothing stays on the screen.
    pub fn end(&self) {
        UnderWay::end(self);
    }

    /// What is going on, in a line; nothing where bars show it.
    #[must_use]
    pub fn line(&self) -> Option<String> {
        let left = || {
            let (ended, all) = (self.ended.load(Relaxed), self.all as u64);
            left(ended, all, self.began.elapsed()).map_or_else(String::new, |left| left + ", ")
        };
        self.bars.is_none().then(|| left() + &self.now())
    }

    /// What is going on, in a line.
    fn now(&self) -> String {
        let running: Vec<String> = self.running().values().map(|one| one.describe()).collect();
        let (took, running) = (seconds(self.began.elapsed()), running.join(", "));
        if self.all == 1 {
            return format!("{took}: {running}");
        }
        let ended = count(self.ended.load(Relaxed));
        let all = counted(self.all, self.what);
        format!("{took}: {ended} of {all} done; running {running}")
    }

    fn failures(&self) -> MutexGuard<'_, Vec<String>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bars {
    fn new(number: usize, what: &str) -> Self {
        let all = MultiProgress::new();
        let overall = (number > 1).then(|| {
            let bar = all.add(ProgressBar::new(number as u64));
            let template =
                format!("{{bar:30.green}} {{pos}} of {{len}} {what}s, {{elapsed}}{{left}}");
            let left = |state: &ProgressState, text: &mut dyn fmt::Write| {
                let (done, all) = (state.pos(), state.len().unwrap_or(0));
                let left = left(done, all, state.elapsed());
                let _ = left.map_or(Ok(()), |left| write!(text, ", {left}"));
            };
            bar.set_style(style(&template).with_key("left", left).progress_chars("━╸─"));
            bar.enable_steady_tick(TICK);
            bar
        });
        Self { all, overall }
    }

    fn add(&self, id: &str) -> ProgressBar {
        let bar = ProgressBar::new_spinner();
        let bar = match &self.overall {
            Some(overall) => self.all.insert_before(overall, bar),
            None => self.all.add(bar),
        };
        bar.set_style(style("{spinner:.cyan} {prefix}  {elapsed}  {wide_msg:.dim}"));
        bar.set_prefix(id.to_owned());
        bar.enable_steady_tick(TICK);
        bar
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|error| unreachable!("a template of ours: {error}"))
}

impl UnderWay for Board {
    fn end(&self) {
        if let Some(bars) = &self.bars {
            bars.overall.iter().for_each(ProgressBar::finish_and_clear);
            // A bar that cannot be taken away harms nobody.
            let _ = bars.all.clear();
        }
    }

    fn so_far(&self) -> String {
        let failures = self.failures();
        let mut text = format!("interrupted after {}\n", self.now());
        if self.all > 1 {
            let failed = failures.join(", ");
            text += &match failures.len() {
                0 => "none had failed\n".to_owned(),
                number => format!("{} had failed: {failed}\n", count(number as u64)),
            };
        }
        text
    }
}

impl Running {
    /// The examination is over.
    pub fn end(&self) {
        self.board.running().remove(&self.id);
        self.board.ended.fetch_add(1, Relaxed);
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
        if let Some(overall) = self.board.bars.as_ref().and_then(|bars| bars.overall.as_ref()) {
            overall.inc(1);
        }
    }

    fn show(&self) -> Option<&ProgressBar> {
        let bars = self.board.bars.as_ref()?;
        Some(self.bar.get_or_init(|| bars.add(&self.id)))
    }

    fn describe(&self) -> String {
        let Done { done, total, unit, .. } = self.done();
        match (done, total) {
            (0, _) => self.id.clone(),
            (done, 0) => format!("{} ({} {unit})", self.id, count(done)),
            (done, total) => format!("{} ({} of {} {unit})", self.id, count(done), count(total)),
        }
    }

    /// Since when it counts.
    fn note(&self, done: u64, total: u64, unit: &str) -> Instant {
        let mut noted = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let since = noted.since.filter(|_| done >= noted.done).unwrap_or_else(Instant::now);
        *noted = Done { done, total, unit: unit.to_owned(), since: Some(since) };
        since
    }

    fn done(&self) -> Done {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Progress for Running {
    fn report(&self, done: u64, total: u64, unit: &str) {
        let since = self.note(done, total, unit);
        if let Some(bar) = self.show().filter(|_| done > 0) {
            let of = if total == 0 { String::new() } else { format!("of {} ", count(total)) };
            // Where more is said behind it, the rate would stand apart from what it is a rate of.
            let alone = !unit.contains([',', ';']);
            let pace = if alone { pace(done, total, since.elapsed()) } else { String::new() };
            bar.set_message(format!("{} {of}{unit}{pace}", count(done)));
        }
    }
}

/// A stream on the screen that the bars are on, too.
#[derive(Debug)]
pub struct Beside<W> {
    board: Arc<Board>,
    stream: W,
}

impl<W: Write> Write for Beside<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let stream = &mut self.stream;
        match &self.board.bars {
            Some(bars) => bars.all.suspend(|| {
                let written = stream.write(bytes)?;
                stream.flush()?;
                Ok(written)
            }),
            None => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
