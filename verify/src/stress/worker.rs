//! What a worker process does.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{
    Pid, Signal, getpid, getppid, kill_process, set_parent_process_death_signal,
};
use rustix::thread::{CpuSet, sched_setaffinity};

use super::arena::{Arena, Point, Slot, Stage};
use super::course::now;
use super::subjects::{Spot, Witness};
use super::task::{Count, MARK, Sabotage, Task};

/// How often a worker that waits for something in shared memory looks.
const GLANCE: Duration = Duration::from_micros(200);

const GIVES_WAY: u32 = 64;

/// Turns this process into a worker if it was started as one, and otherwise returns at once.
///
/// Stress runs and demos start their workers by running the current program again. So a program that calls
/// them calls this first thing in its `main`: the command `lockproof` does, and so must a test binary of yours
/// (with `harness = false`) that runs them.
pub fn worker_main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(MARK) {
        return;
    }
    crate::interrupt::leave_to_the_starter();
    let task = arguments.next().unwrap_or_default();
    let done = serde_json::from_str::<Task>(&task)
        .map_err(|error| format!("started with a task that cannot be read: {error}"))
        .and_then(|task| {
            if task.ends_with_starter() {
                end_with(task.parent)?;
            }
            task.run()
        });
    if let Err(words) = done {
        eprintln!("{words}");
        std::process::exit(1);
    }
    std::process::exit(0)
}

/// Makes the kernel kill this process when its parent ends, however that ends.
fn end_with(parent: u32) -> Result<(), String> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| format!("cannot ask to end with the parent: {error}"))?;
    // It may have ended before that call.
    let alive = getppid().map(|id| id.as_raw_nonzero().get().unsigned_abs()) == Some(parent);
    if alive { Ok(()) } else { Err("the parent has ended".into()) }
}

/// Counts on every slot of `task`, one thread for each.
pub(super) fn count(arena: &Arena, task: &Count) -> Result<(), String> {
    if let [slot] = task.slots.clone().collect::<Vec<_>>()[..] {
        return Worker::new(arena, task, slot).run();
    }
    thread::scope(|scope| {
        let threads: Vec<_> = task
            .slots
            .clone()
            .map(|slot| scope.spawn(move || Worker::new(arena, task, slot).run()))
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a thread panicked".to_owned())?)
    })
}

struct Worker<'a> {
    arena: &'a Arena,
    task: &'a Count,
    number: usize,
    slot: &'a Slot,
    /// The last kill after which it said so.
    answered: Cell<u64>,
}

impl<'a> Worker<'a> {
    fn new(arena: &'a Arena, task: &'a Count, number: usize) -> Self {
        Self { arena, task, number, slot: &arena.slots[number], answered: Cell::new(0) }
    }

    fn run(&self) -> Result<(), String> {
        self.pin()?;
        self.slot.enter_stage(Stage::Outside);
        self.slot.begun.store(getpid().as_raw_nonzero().get().unsigned_abs());
        while !self.arena.orders.go.load() {
            thread::sleep(GLANCE);
        }
        let subject = self.task.subject;
        subject.arrive(&self.spot());
        while self.goes_on() {
            self.step()?;
        }
        subject.leave(&self.spot());
        Ok(())
    }

    fn spot(&self) -> Spot<'a> {
        let Count { workers, folder, .. } = self.task;
        Spot { arena: self.arena, number: self.number, workers: *workers, folder }
    }

    fn goes_on(&self) -> bool {
        self.slot.acknowledged.get() < self.task.increments
            || self.task.until_enough && !self.arena.orders.enough.load()
    }

    fn step(&self) -> Result<(), String> {
        if self.spoils(Sabotage::WorkerLeaves) {
            return Err("left early".into());
        }
        if self.spoils(Sabotage::IncrementDropped) {
            self.slot.acknowledged.increment();
            return Ok(());
        }
        self.slot.enter_stage(Stage::Entering);
        self.task.subject.increment(&self.spot(), self)?;
        self.slot.enter_stage(Stage::Outside);
        self.slot.acknowledged.increment();
        self.say_that_it_got_on();
        self.give_way();
        if self.task.pause_ms > 0 && self.goes_on() {
            thread::sleep(Duration::from_millis(self.task.pause_ms));
        }
        Ok(())
    }

    /// Says when it has made the first increment after a kill.
    fn say_that_it_got_on(&self) {
        let killed = self.arena.orders.killed.load();
        if self.answered.replace(killed) != killed && killed != 0 {
            self.slot.got_on.store(now());
        }
    }

    /// Now and then lets others run, where somebody is to be killed.
    fn give_way(&self) {
        if self.task.until_enough && fastrand::u32(..GIVES_WAY) == 0 {
            thread::yield_now();
        }
    }

    fn pin(&self) -> Result<(), String> {
        let Some(processors) = &self.task.processors else { return Ok(()) };
        stay_on(processors[self.number % processors.len()])
    }

    /// Stays here, holding the lock, until it is killed, if that was ordered.
    fn stay_if_ordered(&self, points: &[Point]) {
        let order = &self.arena.orders.stay;
        let ordered = order.load();
        if ordered == 0 || points.iter().all(|point| *point as u64 != ordered) {
            return;
        }
        order.store(0);
        self.slot.enter_stage(Stage::Staying);
        loop {
            thread::sleep(Duration::from_secs(1));
        }
    }

    /// Whether this is when and where the run is to be spoiled: somewhere in the first worker's work.
    fn spoils(&self, how: Sabotage) -> bool {
        const WHEN: u64 = 10;
        self.task.sabotage == Some(how) && self.number == 0 && self.slot.acknowledged.get() == WHEN
    }
}

impl Witness for Worker<'_> {
    fn told(&self) {
        self.stay_if_ordered(&[Point::Told]);
        if self.task.sabotage == Some(Sabotage::ReportsDropped) && self.number == 0 {
            return;
        }
        self.slot.reports.increment();
        self.stay_if_ordered(&[Point::Counted]);
    }

    fn before_store(&self) {
        self.slot.enter_stage(Stage::Inside);
        self.give_way();
        if self.spoils(Sabotage::HolderStops) {
            // Cannot fail: a process may signal itself.
            let _ = kill_process(getpid(), Signal::STOP);
        }
        // Who was not told of a death stays here instead of there.
        self.stay_if_ordered(&[Point::Told, Point::Counted, Point::BeforeStore]);
    }

    fn after_store(&self) {
        self.stay_if_ordered(&[Point::AfterStore]);
    }

    fn gap(&self) {
        spin_for(Duration::from_nanos(self.task.window_ns));
    }
}

/// Keeps this thread on one processor.
pub(super) fn stay_on(processor: usize) -> Result<(), String> {
    let mut only = CpuSet::new();
    only.set(processor);
    let this_thread: Option<Pid> = None;
    sched_setaffinity(this_thread, &only).map_err(|error| format!("cannot be pinned: {error}"))
}

/// Keeps the processor busy: a sleep would be far longer than the window asked for.
fn spin_for(window: Duration) {
    let start = Instant::now();
    while start.elapsed() < window {
        std::hint::spin_loop();
    }
}
