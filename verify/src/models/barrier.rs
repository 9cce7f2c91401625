//! Models of the barrier: generations are complete, or fail for everybody, and nobody waits in vain.

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::error::NotHeld;
use lockproof::platform::Ordering::Relaxed;
use lockproof::raw::{BarrierFailure, RawBarrier};

use crate::model::{DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const MET: &str = "parties that met the others";
const LED: &str = "parties that were told that they lead";
const TOLD: &str = "parties that were told that another died";
const LATE: &str = "parties whose time was up";
const REFUSED: &str = "parties that found no place";

/// How a barrier is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// All meet, again and again: each writes something before, and reads afterwards what the others wrote.
    Rounds,
    /// The same, where each takes part only as long as it waits.
    Passing,
    /// The same, where the first waits only until a deadline.
    Deadline,
    /// All but the first wait; the first writes something and breaks the barrier.
    Abort,
    /// Until they have met, the first tries until a deadline, resets the barrier and tries again; the others try again.
    Reset,
    /// The first waits only until a deadline, but once. Whoever is told recovers the barrier and tries again, as long as all
    /// take part; whoever misses somebody ends, as if it died.
    Recover,
    /// The same, as it must not be done: whoever is told resets it.
    AllReset,
    /// The first breaks and recovers it, and breaks it for good if it has recovered it and somebody is missing; the second takes
    /// part and ends, as if it died; whoever is told recovers and tries again, as above.
    Relapse,
    /// The first takes part and ends, as if it died; the others wait for it.
    Lost,
    /// The same, where the first takes part and leaves before.
    Back,
    /// All but one find a place, and leave it.
    Crowd,
    /// The same, where the others wait only until a deadline, and the last does not take part: it resets the barrier, which is
    /// then not broken for a death that was before.
    Burial,
}

/// Processes that meet.
///
/// Where one may die, the first only looks on: at some moment it looks whether all others take part, and breaks the barrier if
/// they do not. A party that dies before it takes part is nobody the barrier could know of, and the others would rightly wait
/// for it.
#[derive(Clone, Copy, Debug)]
pub struct BarrierModel {
    /// How.
    pub how: Use,
    /// How many.
    pub processes: usize,
    /// How often, where that is more than once.
    pub rounds: usize,
    /// Whether one of them dies.
    pub deaths: bool,
}

/// As many parties as there can be.
pub const PLACES: usize = 4;

/// A barrier, and what each writes: in turns, as somebody may write the next while another still reads the last.
pub struct Shared<W: World> {
    barrier: RawBarrier<W::RobustWord, W::Word, PLACES>,
    written: [[W::Cell; 2]; PLACES],
    /// How often each has met the others, and one more, once it has ended.
    ended_after: [W::Word; PLACES],
    /// How many have taken part, or what one of them does.
    entered: W::Word,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

pub(super) const LEFT_BEHIND: &str = "all have left or died, and a place is still somebody's";

/// The place, what its party writes, and what it announces.
const NAMES: [[&str; 5]; PLACES] = [
    ["place 1", "even 1", "odd 1", "ended 1", "announced 1"],
    ["place 2", "even 2", "odd 2", "ended 2", "announced 2"],
    ["place 3", "even 3", "odd 3", "ended 3", "announced 3"],
    ["place 4", "even 4", "odd 4", "ended 4", "announced 4"],
];

/// A time that comes: explorers decide when.
const SOMETIME: Deadline = Deadline::At(Monotonic::from_secs(1));

impl BarrierModel {
    const fn has_onlooker(&self) -> bool {
        self.deaths && matches!(self.how, Use::Rounds | Use::Deadline | Use::Recover)
    }

    fn parties(&self) -> usize {
        self.processes - usize::from(self.has_onlooker() || self.has_an_outsider())
    }

    /// Somebody who takes no part, and is no onlooker.
    const fn has_an_outsider(&self) -> bool {
        matches!(self.how, Use::Burial | Use::Relapse | Use::Crowd)
    }

    fn stays_outside<W: World>(&self, p: &W, shared: &Shared<W>) {
        match self.how {
            Use::Relapse => {
                shared.barrier.abort(p);
                if shared.barrier.recover(p, self.parties()) && self.misses_somebody(p, shared) {
                    shared.barrier.abort(p);
                }
            }
            _ => self.looks_on(p, shared),
        }
    }

    fn looks_on<W: World>(&self, p: &W, shared: &Shared<W>) {
        if (p.load(&shared.entered, Relaxed) as usize) < self.parties() {
            shared.barrier.abort(p);
        }
    }

    fn enters<W: World>(&self, p: &W, shared: &Shared<W>, index: usize) -> usize {
        // Those that come and go look for a place where others do.
        let first = if self.how == Use::Passing { 0 } else { index };
        let place = place_of(p, &shared.barrier, self.parties(), first);
        if self.has_onlooker() {
            p.fetch_add(&shared.entered, 1, Relaxed);
        }
        place
    }

    fn deadline(&self, index: usize) -> Deadline {
        match self.how {
            Use::Burial => SOMETIME,
            Use::Deadline | Use::Recover | Use::AllReset if index == 0 => SOMETIME,
            _ => Deadline::Never,
        }
    }

    /// Tries to meet the others, and complains of what it must not be told.
    fn meets<W: World>(
        &self,
        p: &W,
        shared: &Shared<W>,
        (place, index): (usize, usize),
        log: &Log,
    ) -> Result<(), BarrierFailure> {
        let limited = self.deadline(index) == SOMETIME;
        let met = shared.barrier.wait(p, self.parties(), place, self.deadline(index));
        match met {
            Ok(leads) => {
                log.count(MET);
                if leads {
                    log.count(LED);
                }
            }
            Err(BarrierFailure::Died) if self.somebody_dies() => log.count(TOLD),
            Err(BarrierFailure::TimedOut) if limited => log.count(LATE),
            Err(BarrierFailure::Broken) if self.may_be_broken() => {}
            Err(failure) => violated(format!("wait failed: {failure:?}")),
        }
        met.map(drop)
    }

    const fn somebody_dies(&self) -> bool {
        self.deaths || self.somebody_is_lost()
    }

    const fn somebody_is_lost(&self) -> bool {
        matches!(self.how, Use::Lost | Use::Back | Use::Burial | Use::Relapse)
    }

    const fn may_be_broken(&self) -> bool {
        self.has_onlooker()
            || matches!(self.how, Use::Deadline | Use::Abort | Use::Reset | Use::Burial)
    }

    fn goes_round<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        let scope = p.scope();
        let mut place = self.enters(p, shared, index);
        for round in 0..self.rounds {
            p.at(scope, (round, place));
            p.cell_set(&shared.written[index][round % 2], 1 + round as u64);
            if let Err(failure) = self.meets(p, shared, (place, index), log) {
                self.looks_why(p, shared, failure, (index, round));
                left(shared.barrier.leave(p, place));
                return self.ends(p, shared, index, round);
            }
            for other in 0..self.parties() {
                if p.cell_get(&shared.written[other][round % 2]) != 1 + round as u64 {
                    violated("one that has not arrived was not waited for");
                }
            }
            if self.how == Use::Passing && round + 1 < self.rounds {
                left(shared.barrier.leave(p, place));
                place = self.enters(p, shared, index);
            }
        }
        left(shared.barrier.leave(p, place));
        self.ends(p, shared, index, self.rounds);
    }

    /// Where it is certain who broke it: what that one wrote before is seen.
    fn looks_why<W: World>(
        &self,
        p: &W,
        shared: &Shared<W>,
        why: BarrierFailure,
        (index, round): (usize, usize),
    ) {
        let by_the_first = self.how == Use::Deadline && !self.deaths;
        if by_the_first
            && why == BarrierFailure::Broken
            && p.cell_get(&shared.written[0][round % 2]) != 1 + round as u64
        {
            violated("what was written before it was broken is not seen after it");
        }
        if self.parties() == 2 && why == BarrierFailure::Died {
            // Nobody else writes any more.
            p.cell_get(&shared.written[1 - index][round % 2]);
        }
    }

    fn ends<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, rounds: usize) {
        let _ = self;
        p.store(&shared.ended_after[index], 1 + rounds as u32, Relaxed);
    }

    fn breaks_off<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        if index == 0 {
            p.cell_set(&shared.written[0][0], 1);
            return shared.barrier.abort(p);
        }
        let place = self.enters(p, shared, index);
        match self.meets(p, shared, (place, index), log) {
            Ok(()) => violated("one met others that never came"),
            Err(BarrierFailure::Broken) if p.cell_get(&shared.written[0][0]) != 1 => {
                violated("what was written before it was broken is not seen after it")
            }
            Err(_) => {}
        }
        left(shared.barrier.leave(p, place));
    }

    fn tries_until<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        let place = self.enters(p, shared, index);
        let scope = p.scope();
        let mut until = if index == 0 { SOMETIME } else { Deadline::Never };
        loop {
            p.at(scope, until == SOMETIME);
            match shared.barrier.wait(p, self.parties(), place, until) {
                Ok(_) => break,
                Err(BarrierFailure::TimedOut) if until == SOMETIME => {
                    log.count(LATE);
                    shared.barrier.reset(p, self.parties());
                    until = Deadline::Never;
                }
                Err(BarrierFailure::Broken) if index > 0 => {}
                Err(failure) => violated(format!("wait failed: {failure:?}")),
            }
        }
        log.count(MET);
        left(shared.barrier.leave(p, place));
    }

    fn recovers<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        let scope = p.scope();
        let place = self.enters(p, shared, index);
        let mut until = self.deadline(index);
        let mut was_told = false;
        loop {
            p.at(scope, (until == SOMETIME, was_told));
            match shared.barrier.wait(p, self.parties(), place, until) {
                Ok(_) => break,
                Err(BarrierFailure::TimedOut) if until == SOMETIME => log.count(LATE),
                Err(BarrierFailure::Died) if self.somebody_dies() => log.count(TOLD),
                Err(BarrierFailure::Broken) => {}
                Err(failure) => violated(format!("wait failed: {failure:?}")),
            }
            if was_told && !self.somebody_dies() {
                violated("a party was told again of what had been recovered from");
            }
            was_told = true;
            until = Deadline::Never;
            if self.how == Use::AllReset {
                shared.barrier.reset(p, self.parties());
            } else {
                shared.barrier.recover(p, self.parties());
            }
            if self.somebody_dies() && self.misses_somebody(p, shared) {
                return;
            }
        }
        log.count(MET);
        left(shared.barrier.leave(p, place));
    }

    fn misses_somebody<W: World>(&self, p: &W, shared: &Shared<W>) -> bool {
        shared.barrier.look(p, self.parties()).taking_part < self.parties()
    }

    fn looks_for_a_place<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        match shared.barrier.enter(p, self.parties(), index) {
            Ok(Some(place)) => left(shared.barrier.leave(p, place)),
            Ok(None) => log.count(REFUSED),
            Err(error) => violated(error.to_string()),
        }
    }

    fn is_lost<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        let mut place = self.enters(p, shared, index);
        if index == 0 && self.how == Use::Back {
            left(shared.barrier.leave(p, place));
            place = self.enters(p, shared, index);
        }
        p.cell_set(&shared.written[index][0], 1);
        if index == 0 {
            return;
        }
        let told = self.meets(p, shared, (place, index), log);
        if told == Err(BarrierFailure::Died) && !self.deaths {
            p.cell_get(&shared.written[0][0]);
        }
        left(shared.barrier.leave(p, place));
    }

    /// Resets the barrier, and notes whether it knew of the death.
    fn buries<W: World>(&self, p: &W, shared: &Shared<W>, index: usize) {
        let knows = shared.barrier.look(p, self.parties()).broken == Some(BarrierFailure::Died);
        shared.barrier.reset(p, self.parties());
        self.ends(p, shared, index, usize::from(knows));
    }

    fn can_be_used_again<W: World>(&self, p: &W, shared: &Shared<W>) -> bool {
        shared.barrier.reset(p, self.parties());
        has_room_for_all(p, &shared.barrier, self.parties())
    }
}

/// The place that a party gets: there is one for each.
pub(super) fn place_of<W: World, const N: usize>(
    p: &W,
    barrier: &RawBarrier<W::RobustWord, W::Word, N>,
    parties: usize,
    first: usize,
) -> usize {
    match barrier.enter(p, parties, first) {
        Ok(Some(place)) => place,
        Ok(None) => violated("there is no place for one of the parties"),
        Err(error) => violated(error.to_string()),
    }
}

/// What leaving a place has to come to: it was the process's own.
pub(super) fn left(left: Result<(), NotHeld>) {
    if left.is_err() {
        violated("its place was not its own any more");
    }
}

/// Whether every party finds a place.
pub(super) fn has_room_for_all<W: World, const N: usize>(
    p: &W,
    barrier: &RawBarrier<W::RobustWord, W::Word, N>,
    parties: usize,
) -> bool {
    let enters = |index| barrier.enter(p, parties, index).ok().flatten();
    let places: Vec<Option<usize>> = (0..parties).map(enters).collect();
    let all = places.iter().all(Option::is_some);
    all && places.into_iter().flatten().all(|place| barrier.leave(p, place).is_ok())
}

impl Model for BarrierModel {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        Shared {
            barrier: RawBarrier::new(
                NAMES.map(|names| p.new_robust(names[0])),
                NAMES.map(|names| p.new_word(names[4])),
                p.new_word("state"),
            ),
            written: NAMES.map(|names| [p.new_cell(names[1]), p.new_cell(names[2])]),
            ended_after: NAMES.map(|names| p.new_word(names[3])),
            entered: p.new_word("entered"),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        let comes_first = self.has_onlooker() || self.how == Use::Relapse;
        let Some(index) = index.checked_sub(usize::from(comes_first)) else {
            return self.stays_outside(p, shared);
        };
        match self.how {
            Use::Rounds | Use::Passing | Use::Deadline => self.goes_round(p, shared, index, log),
            Use::Abort => self.breaks_off(p, shared, index, log),
            Use::Reset => self.tries_until(p, shared, index, log),
            Use::Relapse if index == 0 => {
                self.enters(p, shared, index);
            }
            Use::Recover | Use::AllReset | Use::Relapse => self.recovers(p, shared, index, log),
            Use::Crowd => self.looks_for_a_place(p, shared, index, log),
            Use::Burial if index == self.parties() => self.buries(p, shared, index),
            Use::Lost | Use::Back | Use::Burial => self.is_lost(p, shared, index, log),
        }
    }

    fn is_symmetric(&self) -> bool {
        !self.deaths && matches!(self.how, Use::Rounds | Use::Passing)
    }

    fn is_interchangeable(&self) -> bool {
        // Each writes in a place of its own.
        false
    }

    fn is_mortal(&self, index: usize) -> bool {
        // Somebody has to break it, or to look on, or to be lost.
        index > 0
    }

    fn has_deadlines(&self) -> bool {
        matches!(self.how, Use::Deadline | Use::Reset | Use::Recover | Use::AllReset | Use::Burial)
    }

    fn end<W: World>(&self, p: &W, shared: &Shared<W>, log: &Log, facts: Facts) -> Outcome {
        let ended: Vec<u32> = (0..self.parties())
            .filter_map(|index| p.load(&shared.ended_after[index], Relaxed).checked_sub(1))
            .collect();
        let (met, led) = (log.counted(MET), log.counted(LED));
        let broken = shared.barrier.look(p, self.parties()).broken;
        let all_alive = facts.deaths == 0;
        let taking_part = shared.barrier.look(p, self.parties()).taking_part;
        let wrong = match self.how {
            _ if taking_part > 0 => Some(LEFT_BEHIND.to_owned()),
            Use::Rounds | Use::Passing | Use::Deadline => {
                let differ = ended.iter().any(|rounds| *rounds != ended[0]);
                let leaders = if all_alive { met / self.parties() as u64 } else { led };
                if differ {
                    Some(format!("some met the others more often than others: {ended:?}"))
                } else if led != leaders {
                    Some(format!("{met} meetings of one with the others, and {led} led"))
                } else {
                    None
                }
            }
            Use::Reset | Use::Recover if !self.deaths && met < self.parties() as u64 => {
                Some(format!("only {met} met the others after all"))
            }
            Use::Crowd if !has_room_for_all(p, &shared.barrier, self.parties()) => {
                Some("all have left, and there is no room for all".to_owned())
            }
            Use::Burial
                if all_alive
                    && broken == Some(BarrierFailure::Died)
                    && has_room_for_all(p, &shared.barrier, self.parties()) =>
            {
                Some("it is broken for a death, and no place is that of a dead one".to_owned())
            }
            Use::Burial
                if all_alive
                    && p.load(&shared.ended_after[self.parties()], Relaxed) > 1
                    && broken.is_none()
                    && !has_room_for_all(p, &shared.barrier, self.parties()) =>
            {
                Some(
                    "it was reset after the death, and the dead one still has its place".to_owned(),
                )
            }
            _ => None,
        };
        let wrong = wrong.or_else(|| {
            (self.deaths && !self.can_be_used_again(p, shared))
                .then(|| "it was reset, and a dead one still has its place".to_owned())
        });
        Outcome { result: format!("{met} meetings of one with the others"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        if self.how == Use::Crowd {
            return vec![Sometimes {
                what: "one that is refused",
                happened: |_, log| log.counted(REFUSED) > 0,
            }];
        }
        let mut all = vec![WAIT];
        if self.deaths {
            all.extend([DEATH, DEATH_OF_A_HOLDER]);
        }
        let others = self.parties()
            - usize::from(matches!(self.how, Use::Abort | Use::Burial | Use::Lost | Use::Back));
        if self.somebody_dies() && (others > 1 || !self.deaths) {
            all.push(Sometimes {
                what: "a party that is told of a death",
                happened: |_, log| log.counted(TOLD) > 0,
            });
        }
        if self.has_deadlines() {
            all.push(Sometimes {
                what: "a party whose time is up",
                happened: |_, log| log.counted(LATE) > 0,
            });
        }
        all
    }
}
