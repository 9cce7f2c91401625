//! The interpreter of litmus programs, and their outcomes in words.

use std::fmt::Write as _;
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lockproof::deadline::Deadline;
use lockproof::platform::{Changed, Ordering, Waited};

use super::{Litmus, On, Step};
use crate::model::{Log, Model, Outcome, Sometimes, violated};
use crate::platform::{Facts, World, lock_word};

/// What a program's processes share.
pub struct Stage<W: World> {
    words: [W::Word; 3],
    robust: [W::RobustWord; 2],
    data: W::Cell,
    /// Outside of the checked memory, a place for each process: nothing here orders anything.
    told: Mutex<Vec<Told>>,
}

/// What one process has to tell.
#[derive(Clone, Debug, Default, Hash)]
struct Told {
    said: Vec<String>,
    steps: usize,
    ended: bool,
}

/// Why a process leaves its list of steps early.
enum Leave {
    Loop,
    Process,
}

impl<W: World> std::fmt::Debug for Stage<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").finish_non_exhaustive()
    }
}

impl Model for Litmus {
    type Shared<W: World> = Stage<W>;

    fn processes(&self) -> usize {
        self.processes.len()
    }

    fn share<W: World>(&self, p: &W) -> Stage<W> {
        Stage {
            words: ["x", "y", "z"].map(|name| p.new_word(name)),
            robust: ["l", "m"].map(|name| p.new_robust(name)),
            data: p.new_cell("data"),
            told: Mutex::new(vec![Told::default(); self.processes.len()]),
        }
    }

    fn process<W: World>(&self, p: &W, stage: &Stage<W>, index: usize, _: &Log) {
        let mut process = Process { p, stage, index, read: Read::Number(0) };
        let _ = process.all(&self.processes[index], true);
        stage.told()[index].ended = true;
    }

    fn end<W: World>(&self, p: &W, stage: &Stage<W>, _: &Log, _: Facts) -> Outcome {
        let told = stage.told().clone();
        let mut parts: Vec<_> = told
            .iter()
            .zip(&self.processes)
            .filter(|(told, steps)| !told.ended || speaks(steps))
            .map(|(told, _)| told.in_words())
            .collect();
        for word in &self.finally {
            parts.push(format!(
                "{word:?}={}",
                in_words(*word, p.load(stage.word(*word), Ordering::Relaxed))
            ));
        }
        let result = parts.join(" | ");
        let wrong = self.never.contains(&&*result).then(|| format!("the outcome is {result}"));
        Outcome { result, wrong }
    }

    fn is_symmetric(&self) -> bool {
        self.only_the_first
    }

    fn is_interchangeable(&self) -> bool {
        false
    }

    fn is_mortal(&self, index: usize) -> bool {
        index == 0 || !self.only_the_first
    }

    fn noted<W: World>(&self, stage: &Stage<W>, index: usize) -> String {
        format!("{:?}", stage.told()[index])
    }

    fn has_deadlines(&self) -> bool {
        self.processes.iter().any(|steps| any(steps, &has_deadline))
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        self.sometimes.clone()
    }
}

impl Told {
    fn in_words(&self) -> String {
        let mut words = self.said.join(" ");
        if !self.ended {
            let gap = if words.is_empty() { "" } else { ", " };
            let _ = write!(words, "{gap}died after {}", self.steps);
        }
        if words.is_empty() { "-".to_owned() } else { words }
    }
}

impl<W: World> Stage<W> {
    fn word(&self, on: On) -> &W::Word {
        match on {
            On::X => &self.words[0],
            On::Y => &self.words[1],
            On::Z => &self.words[2],
            On::L | On::M => W::word(self.robust(on)),
        }
    }

    fn robust(&self, on: On) -> &W::RobustWord {
        match on {
            On::L => &self.robust[0],
            On::M => &self.robust[1],
            _ => violated(format!("{on:?} is no robust word")),
        }
    }

    fn told(&self) -> MutexGuard<'_, Vec<Told>> {
        // A death unwinds through here; what is inside is never half-changed.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a process read last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Number(u64),
    Waited(Waited),
}

impl std::hash::Hash for Read {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.to_string().hash(state);
    }
}

impl std::fmt::Display for Read {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Waited(Waited::Woken) => f.write_str("woken"),
            Self::Waited(Waited::Changed) => f.write_str("changed"),
            Self::Waited(Waited::TimedOut) => f.write_str("late"),
        }
    }
}

struct Process<'a, W: World> {
    p: &'a W,
    stage: &'a Stage<W>,
    index: usize,
    read: Read,
}

impl<W: World> Process<'_, W> {
    fn all(&mut self, steps: &[Step], outermost: bool) -> ControlFlow<Leave> {
        for step in steps {
            self.step(*step)?;
            if outermost {
                self.stage.told()[self.index].steps += 1;
            }
        }
        Continue(())
    }

    fn step(&mut self, step: Step) -> ControlFlow<Leave> {
        match step {
            Step::Say => self.stage.told()[self.index].said.push(self.read.to_string()),
            Step::Loop(steps) => {
                let scope = self.p.scope();
                loop {
                    let told = self.stage.told()[self.index].clone();
                    self.p.at(scope, (self.read, told));
                    if let Break(()) = self.round(steps)? {
                        break;
                    }
                }
            }
            Step::Leave => return Break(Leave::Loop),
            Step::IfWoken(steps) if self.read == Read::Waited(Waited::Woken) => {
                return self.all(steps, false);
            }
            Step::Violate(why) => violated(why),
            Step::LeaveIf(value) if self.read == Read::Number(value.into()) => {
                return Break(Leave::Loop);
            }
            Step::StopUnless(value) if self.read != Read::Number(value.into()) => {
                return Break(Leave::Process);
            }
            Step::IfWoken(_) | Step::LeaveIf(_) | Step::StopUnless(_) => {}
            Step::Get => self.read = Read::Number(self.p.cell_get(&self.stage.data)),
            Step::Set(value) => self.p.cell_set(&self.stage.data, value),
            Step::Fence(order) => self.p.fence(order),
            Step::RobustBegin(on) => {
                let _ = self.p.robust_begin(self.stage.robust(on));
            }
            Step::RobustInsert(on) => self.p.robust_insert(self.stage.robust(on)),
            Step::RobustRemove(on) => {
                let was_there = self.p.robust_remove(self.stage.robust(on));
                self.read = Read::Number(was_there.into());
            }
            Step::RobustEnd => self.p.robust_end(),
            _ => self.operate(step),
        }
        Continue(())
    }

    /// Once through a loop; breaks if that was the last time.
    fn round(&mut self, steps: &[Step]) -> ControlFlow<Leave, ControlFlow<()>> {
        match self.all(steps, false) {
            Break(Leave::Process) => Break(Leave::Process),
            Break(Leave::Loop) => Continue(Break(())),
            Continue(()) => Continue(Continue(())),
        }
    }

    /// The steps that are an operation on a word.
    fn operate(&mut self, step: Step) {
        let (p, word) = (self.p, |on| self.stage.word(on));
        let number = match step {
            Step::Load(on, order) => p.load(word(on), order),
            Step::Store(on, value, order) => return p.store(word(on), value, order),
            Step::Swap(on, value, order) => p.swap(word(on), value, order),
            Step::Add(on, value, order) => p.fetch_add(word(on), value, order),
            Step::And(on, value, order) => p.fetch_and(word(on), value, order),
            Step::Or(on, value, order) => p.fetch_or(word(on), value, order),
            Step::Exchange(on, from, to, order) => {
                let failed = without_release(order);
                return self.operate(Step::CompareExchange(on, from, to, order, failed));
            }
            Step::CompareExchange(on, from, to, order, failed) => {
                p.compare_exchange(word(on), from, to, order, failed).unwrap_or_else(|seen| seen)
            }
            Step::Wake(on, count) => p.futex_wake(word(on), count),
            Step::UpdateWakeAll(on, update) => p.futex_update_wake_all(word(on), update),
            Step::Wait(on, expected, until) => {
                self.read = Read::Waited(p.futex_wait(word(on), expected, until));
                return;
            }
            Step::WaitAny(words, until) => {
                let words: Vec<_> =
                    words.iter().map(|(on, while_it)| (word(*on), *while_it)).collect();
                self.read = Read::Waited(p.futex_wait_any(&words, until));
                return;
            }
            Step::Requeue(from, expected, wake, to, moved) => {
                match p.futex_requeue(word(from), expected, wake, word(to), moved) {
                    Ok(number) => number,
                    Err(Changed) => {
                        self.read = Read::Waited(Waited::Changed);
                        return;
                    }
                }
            }
            _ => return,
        };
        self.read = Read::Number(number.into());
    }
}

/// What a compare-exchange that fails, and so only reads, can have of an ordering.
const fn without_release(order: Ordering) -> Ordering {
    match order {
        Ordering::Release => Ordering::Relaxed,
        Ordering::AcqRel => Ordering::Acquire,
        other => other,
    }
}

fn in_words(on: On, value: u32) -> String {
    match on {
        On::L | On::M => lock_word(value),
        On::X | On::Y | On::Z => value.to_string(),
    }
}

const fn has_deadline(step: &Step) -> bool {
    matches!(step, Step::Wait(_, _, Deadline::At(_)) | Step::WaitAny(_, Deadline::At(_)))
}

fn speaks(steps: &[Step]) -> bool {
    any(steps, &|step| matches!(step, Step::Say))
}

fn any(steps: &[Step], is_it: &dyn Fn(&Step) -> bool) -> bool {
    steps.iter().any(|step| match step {
        Step::Loop(steps) | Step::IfWoken(steps) => any(steps, is_it),
        step => is_it(step),
    })
}
