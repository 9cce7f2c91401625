//! What one process can do next, in all the ways in which it can go.

use super::super::program::{Event, How, What, Whom};
use super::{Asked, Instruction, Lock, Object, Phase, Process, READERS, Reference, State};

/// What one process can do in a state.
pub(super) struct Moves<'a, 'b> {
    pub(super) reference: &'a Reference<'b>,
    pub(super) state: &'a State,
    pub(super) me: usize,
    pub(super) may_die: bool,
    pub(super) all: &'a mut Vec<State>,
}

impl Moves<'_, '_> {
    pub(super) fn add(&mut self) {
        let phase = self.process().phase;
        match phase {
            Phase::Dead => return,
            Phase::Dying => return self.bury(),
            _ => self.die(),
        }
        if self.reference.is_gone(self.state, self.me) {
            return;
        }
        match phase {
            Phase::Steps => self.begin_instruction(),
            Phase::Enters(_) => self.take_effect(),
            Phase::Leaves(_) => self.goes(|process| process.phase = Phase::Steps),
            Phase::Asleep { notified } => self.wake_up(notified),
            Phase::Looks { late } => self.look(late),
            Phase::Dying | Phase::Dead => {}
        }
    }

    fn process(&self) -> &Process {
        &self.state.processes[self.me]
    }

    fn instruction(&self) -> Instruction {
        self.reference.code[self.me][self.process().at]
    }

    /// It goes on in no other way than this.
    fn goes(&mut self, how: impl FnOnce(&mut Process)) {
        let me = self.me;
        self.after(|after| how(&mut after.processes[me]));
    }

    /// It sees this, if that is what it has seen; and goes on. One that has died may not have lived to see it.
    fn sees(&mut self, event: Event, mut after: State) {
        if let Asked::Was(seen) = self.reference.asked {
            let (process, events) = (&mut after.processes[self.me], &seen.events[self.me]);
            match events.get(process.heard) {
                Some(next) if *next == event => process.heard += 1,
                None if self.reference.mortal == Some(self.me) => process.phase = Phase::Dying,
                _ => return,
            }
        }
        self.all.push(after);
    }

    /// Whether this one dies, and has seen all that it has lived to see.
    fn is_its_time(&self) -> bool {
        let has_seen_all = match self.reference.asked {
            Asked::Was(seen) => self.process().heard == seen.events[self.me].len(),
            Asked::Sticks => true,
        };
        self.reference.mortal == Some(self.me) && has_seen_all
    }

    fn die(&mut self) {
        if !self.may_die || !self.is_its_time() {
            return;
        }
        let heirs = self.heirs();
        for heir in heirs {
            let mut after = self.state.clone();
            after.processes[self.me].phase = Phase::Dying;
            if let Some(heir) = heir {
                after.processes[heir].phase = Phase::Asleep { notified: true };
            }
            self.all.push(after);
        }
    }

    /// Who may get the notification that this one has not seen.
    fn heirs(&self) -> Vec<Option<usize>> {
        let has_one = self.process().phase == Phase::Asleep { notified: true };
        let asleep = self.asleep();
        if has_one && !asleep.is_empty() {
            asleep.into_iter().map(Some).collect()
        } else {
            vec![None]
        }
    }

    /// Who sleeps at the condition variable, and was not notified.
    fn asleep(&self) -> Vec<usize> {
        let all = self.state.processes.iter().enumerate();
        let asleep = all.filter(|(_, process)| process.phase == Phase::Asleep { notified: false });
        asleep.map(|(index, _)| index).collect()
    }

    /// One thing is taken from it, whichever; or it is dead, once there is none.
    fn bury(&mut self) {
        let me = self.me;
        let taken = Lock { owner: None, owner_died: true };
        let before = self.all.len();
        for number in 0..self.state.mutexes.len() {
            if self.state.mutexes[number].owner == Some(me) {
                self.after(|after| after.mutexes[number] = taken);
            }
        }
        if self.state.writer.owner == Some(me) {
            self.after(|after| after.writer = taken);
        }
        if self.state.readers.contains(&me) {
            self.after(|after| after.readers.retain(|reader| *reader != me));
        }
        if self.process().permits > 0 {
            self.after(|after| {
                after.processes[me].permits -= 1;
                after.free += 1;
            });
        }
        if self.all.len() == before {
            self.after(|after| after.processes[me].phase = Phase::Dead);
        }
    }

    fn after(&mut self, change: impl FnOnce(&mut State)) {
        let mut after = self.state.clone();
        change(&mut after);
        self.all.push(after);
    }

    fn begin_instruction(&mut self) {
        match self.instruction() {
            Instruction::Take { what: what @ (What::First | What::Second), how, refused } => {
                self.take_mutex(what.number(), how, refused);
            }
            Instruction::Release(what @ (What::First | What::Second)) => {
                self.effect(None, |state, _| state.mutexes[what.number()].owner = None);
            }
            Instruction::Take { what: What::Permit, .. }
            | Instruction::Release(What::Permit)
            | Instruction::TakeByHand(_)
            | Instruction::Post => self.enter(Object::Semaphore),
            Instruction::Take { .. } | Instruction::Release(_) => self.enter(Object::RwLock),
            Instruction::Touch(what) => {
                let number = self.state.numbers[what.number()];
                let more = u64::from(what != What::Read);
                self.effect(Some(Event::Saw(number)), |state, _| {
                    state.numbers[what.number()] += more;
                });
            }
            Instruction::GoOut => {
                self.effect(None, |state, _| state.numbers[What::Permit.number()] -= 1);
            }
            Instruction::WaitUntil { .. } => self.look(false),
            Instruction::Notify(whom) => self.notify(whom),
        }
    }

    fn take_mutex(&mut self, number: usize, how: How, refused: usize) {
        let Lock { owner, owner_died } = self.state.mutexes[number];
        if owner.is_none() {
            self.effect(Some(got(owner_died)), |state, me| {
                state.mutexes[number] = Lock { owner: Some(me), owner_died: false };
            });
        }
        if how != How::Patiently && (owner.is_some() || !self.reference.is_about_what_was()) {
            self.is_refused(refused);
        }
    }

    fn is_refused(&mut self, goes_on: usize) {
        let mut after = self.state.clone();
        after.processes[self.me].at = goes_on;
        if let Phase::Enters(object) = self.process().phase {
            after.processes[self.me].phase = Phase::Leaves(object);
        }
        self.sees(Event::Refused, after);
    }

    fn enter(&mut self, object: Object) {
        self.goes(|process| process.phase = Phase::Enters(object));
    }

    fn take_effect(&mut self) {
        match self.instruction() {
            Instruction::Take { what, how, refused } => {
                if self.is_there(what) {
                    self.take(what);
                }
                if how != How::Patiently && (!self.is_there(what) || self.may_be_refused()) {
                    self.is_refused(refused);
                }
            }
            Instruction::TakeByHand(how) => {
                if self.state.free > 0 {
                    self.effect(Some(Event::Got), |state, _| {
                        state.free -= 1;
                        state.absent += 1;
                    });
                }
                if how != How::Patiently && (self.state.free == 0 || self.may_be_refused()) {
                    self.is_refused(self.process().at + 1);
                }
            }
            Instruction::Post => {
                if self.state.absent > 0 {
                    self.effect(Some(Event::Got), |state, _| {
                        state.absent -= 1;
                        state.free += 1;
                    });
                }
                if self.state.absent == 0 || self.another_posts() {
                    self.is_refused(self.process().at + 1);
                }
            }
            Instruction::Release(what) => self.effect(None, |state, me| match what {
                What::Permit => {
                    state.processes[me].permits -= 1;
                    state.free += 1;
                }
                What::Write => state.writer.owner = None,
                _ => state.readers.retain(|reader| *reader != me),
            }),
            _ => {}
        }
    }

    fn effect(&mut self, event: Option<Event>, how: impl FnOnce(&mut State, usize)) {
        let mut after = self.state.clone();
        how(&mut after, self.me);
        let process = &mut after.processes[self.me];
        process.at += 1;
        if let Phase::Enters(object) = process.phase {
            process.phase = Phase::Leaves(object);
        }
        match event {
            Some(event) => self.sees(event, after),
            None => self.all.push(after),
        }
    }

    fn is_there(&self, what: What) -> bool {
        let State { writer, readers, free, .. } = self.state;
        match what {
            What::Permit => *free > 0,
            What::Write => writer.owner.is_none() && readers.is_empty(),
            _ => {
                let room = writer.owner.is_none() && readers.len() < READERS;
                room && (self.reference.is_about_what_was() || !self.a_writer_waits())
            }
        }
    }

    fn a_writer_waits(&self) -> bool {
        let mut entering = self.others().filter_map(|other| self.entering(other));
        entering.any(|call| matches!(call, Instruction::Take { what: What::Write, .. }))
    }

    /// Whether somebody else is giving a permit, or has just done it: whoever looks at the places one after another may find none then.
    fn another_posts(&self) -> bool {
        self.others().any(|other| {
            let process = &self.state.processes[other];
            let code = &self.reference.code[other];
            let has_just = process.phase == Phase::Leaves(Object::Semaphore)
                && matches!(code[process.at - 1], Instruction::Post);
            has_just || matches!(self.entering(other), Some(Instruction::Post))
        })
    }

    fn others(&self) -> impl Iterator<Item = usize> {
        let me = self.me;
        (0..self.reference.code.len()).filter(move |other| *other != me)
    }

    /// The call that another one is about to make.
    fn entering(&self, other: usize) -> Option<Instruction> {
        let process = &self.state.processes[other];
        matches!(process.phase, Phase::Enters(_)).then(|| self.reference.code[other][process.at])
    }

    /// Whether it may be refused what is there: somebody else is in a call of the same object.
    fn may_be_refused(&self) -> bool {
        let Phase::Enters(object) = self.process().phase else { return false };
        let mut phases = self.others().map(|other| self.state.processes[other].phase);
        !self.reference.is_about_what_was()
            || phases.any(|phase| {
                phase == Phase::Enters(object)
                    || phase == Phase::Leaves(object)
                    || phase == Phase::Dying
            })
    }

    fn take(&mut self, what: What) {
        let owner_died = self.state.writer.owner_died;
        let as_writer = |state: &mut State, me| {
            state.writer = Lock { owner: Some(me), owner_died: false };
        };
        match what {
            What::Permit => self.effect(Some(Event::Got), |state, me| {
                state.free -= 1;
                state.processes[me].permits += 1;
            }),
            What::Write => self.effect(Some(got(owner_died)), as_writer),
            _ => {
                self.effect(Some(got(owner_died)), |state, me| {
                    state.readers.push(me);
                    state.readers.sort_unstable();
                    state.writer.owner_died = false;
                });
                // Who dies on the way from writing to reading dies as a writer.
                if owner_died && self.reference.is_about_what_was() && self.is_its_time() {
                    self.effect(Some(got(owner_died)), as_writer);
                }
            }
        }
    }

    /// Looks, with the mutex held, whether what it waits for is so.
    fn look(&mut self, late: bool) {
        let Instruction::WaitUntil { least, .. } = self.instruction() else { return };
        let is_so = self.state.numbers[What::First.number()] >= least;
        let mut after = self.state.clone();
        let process = &mut after.processes[self.me];
        if is_so || late {
            process.phase = Phase::Steps;
            process.at += 1;
            return self.sees(Event::Waited(is_so), after);
        }
        process.phase = Phase::Asleep { notified: false };
        after.mutexes[What::First.number()].owner = None;
        self.all.push(after);
    }

    fn notify(&mut self, whom: Whom) {
        let asleep = self.asleep();
        let mut after = self.state.clone();
        after.processes[self.me].at += 1;
        if whom == Whom::All || asleep.is_empty() {
            for other in asleep {
                after.processes[other].phase = Phase::Asleep { notified: true };
            }
            return self.all.push(after);
        }
        for other in asleep {
            let mut after = after.clone();
            after.processes[other].phase = Phase::Asleep { notified: true };
            self.all.push(after);
        }
    }

    fn wake_up(&mut self, notified: bool) {
        let Instruction::WaitUntil { limited, .. } = self.instruction() else { return };
        let Lock { owner, owner_died } = self.state.mutexes[What::First.number()];
        let wakes = notified || self.reference.is_about_what_was();
        if owner.is_some() {
            return;
        }
        for late in [false, true] {
            if if late { !limited } else { !wakes } {
                continue;
            }
            let mut after = self.state.clone();
            after.mutexes[What::First.number()] = Lock { owner: Some(self.me), owner_died: false };
            after.processes[self.me].phase = Phase::Looks { late };
            if owner_died {
                self.sees(Event::GotFromTheDead, after);
            } else {
                self.all.push(after);
            }
        }
    }
}

const fn got(owner_died: bool) -> Event {
    if owner_died { Event::GotFromTheDead } else { Event::Got }
}
