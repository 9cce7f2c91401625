//! What can go on for ever: who gets on, who starves, who spins.

use std::sync::Arc;

use lockproof::deadline::Deadline::Never;
use lockproof::platform::Ordering::{Acquire, Relaxed, Release};
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{self, GraphSearch, Liveness, Memory};
use lockproof_verify::model::{Log, Model, Outcome, Sometimes};
use lockproof_verify::models::broken::mutants::MUTANTS;
use lockproof_verify::models::broken::others::Drepper;
use lockproof_verify::models::broken::spinning::{TestAndSet, Ticket};
use lockproof_verify::models::endless::EndlessModel;
use lockproof_verify::models::litmus::On::{X, Y, Z};
use lockproof_verify::models::litmus::{Litmus, Step};
use lockproof_verify::models::lock::{Lock, Shipped};
use lockproof_verify::models::mutex::MutexModel;
use lockproof_verify::platform::{Facts, Mutation, World};
use lockproof_verify::trace::{Counterexample, op};
use lockproof_verify::verdict::Finding;

use Liveness::{NoBusyWaiting, NoStarvation, Progress};

const UNHURRIED: Budget = Budget::seeded(1);
/// As everybody sees the latest value, and as few messages of a word as it takes to see old ones.
fn memories() -> [GraphSearch; 2] {
    let weak = GraphSearch { messages: 4, ..GraphSearch::default() };
    [by_turns(), weak]
}

fn by_turns() -> GraphSearch {
    GraphSearch { memory: Memory::Sc, ..GraphSearch::default() }
}

fn explored<M: Model>(model: M, search: GraphSearch, wanted: Liveness) -> Finding {
    let search = GraphSearch { liveness: Some(wanted), ..search };
    graph::explore(&Arc::new(model), "endless", search, &UNHURRIED, &Silent)
}

/// What is wrong, if something is: a cycle, and nothing else.
fn cycle<M: Model>(model: M, search: GraphSearch, wanted: Liveness) -> Option<Counterexample> {
    let found = explored(model, search, wanted);
    let Some(counterexample) = found.counterexample else {
        assert!(found.verdict.holds(), "{:?}", found.verdict);
        return None;
    };
    let from = counterexample.again_from.unwrap_or_else(|| panic!("{}", counterexample.why));
    assert!(from < counterexample.steps.len(), "{counterexample:?}");
    Some(counterexample)
}

/// Of progress, starvation and busy waiting: which are wrong.
fn wrong<L: Lock>(processes: usize, search: GraphSearch) -> [bool; 3] {
    let model = || match search.deaths {
        0 => EndlessModel::<L>::new(processes),
        _ => EndlessModel::<L>::new(processes).with_deaths(),
    };
    [Progress, NoStarvation, NoBusyWaiting].map(|wanted| cycle(model(), search, wanted).is_some())
}

#[test]
fn locks_are_as_fair_as_they_are_known_to_be() {
    for search in memories() {
        for processes in [2, 3] {
            let of = format!("{processes} processes, {:?}", search.memory);
            assert_eq!(wrong::<Ticket>(processes, search), [false, false, true], "ticket, {of}");
            assert_eq!(wrong::<TestAndSet>(processes, search), [false, true, true], "TAS, {of}");
            assert_eq!(wrong::<Shipped>(processes, search), [false, true, false], "mutex, {of}");
            assert_eq!(wrong::<Drepper<true>>(processes, search), [false, true, false], "{of}");
        }
    }
}

#[test]
fn after_a_death_the_mutex_still_gets_on() {
    for search in memories() {
        let search = GraphSearch { deaths: 1, messages: 3, ..search };
        assert_eq!(wrong::<Shipped>(3, search), [false, true, false], "{:?}", search.memory);
    }
}

/// A spinlock whose holder has died is spun on for ever.
#[test]
fn after_a_death_a_spinlock_does_not() {
    let search = GraphSearch { deaths: 1, ..by_turns() };
    let model = EndlessModel::<TestAndSet>::new(2);
    let spins = cycle(model, search, Progress).expect("a cycle");
    assert!(spins.steps.iter().any(|step| step.op == op::DIES), "{spins:?}");
}

/// Two who each raise a flag, and lower it if the other's is up.
#[derive(Clone, Copy)]
struct Polite {
    /// Whether both lower theirs; or the second alone, which then waits until the first is done.
    both: bool,
}

impl Model for Polite {
    type Shared<W: World> = [W::Word; 2];

    fn processes(&self) -> usize {
        2
    }

    fn share<W: World>(&self, p: &W) -> [W::Word; 2] {
        [p.new_word("first flag"), p.new_word("second flag")]
    }

    fn process<W: World>(&self, p: &W, flags: &[W::Word; 2], index: usize, _: &Log) {
        let scope = p.scope();
        loop {
            p.at(scope, "raises");
            p.swap(&flags[index], 1, Relaxed);
            p.fence(lockproof::platform::Ordering::SeqCst);
            p.at(scope, "looks");
            if p.load(&flags[1 - index], Relaxed) == 0 {
                break;
            }
            if self.both {
                p.swap(&flags[index], 0, Relaxed);
            } else if index == 1 {
                p.swap(&flags[1], 0, Relaxed);
                let waits = p.scope();
                loop {
                    p.at(waits, ());
                    if p.load(&flags[0], Relaxed) == 0 {
                        break;
                    }
                }
            }
        }
        p.swap(&flags[index], 0, Relaxed);
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn end<W: World>(&self, _: &W, _: &[W::Word; 2], _: &Log, _: Facts) -> Outcome {
        Outcome { result: String::new(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        Vec::new()
    }
}

#[test]
fn two_who_give_way_to_each_other_may_do_so_for_ever() {
    let found = cycle(Polite { both: true }, by_turns(), Progress).expect("a livelock");
    let again = &found.steps[found.again_from.expect("a cycle")..];
    for thread in [1, 2] {
        assert!(again.iter().any(|step| step.thread == thread), "{found:?}");
    }
    assert_eq!(cycle(Polite { both: false }, by_turns(), Progress), None);
}

/// One waits until the other has said something.
#[derive(Clone, Copy)]
struct Flag {
    says: bool,
}

impl Model for Flag {
    type Shared<W: World> = W::Word;

    fn processes(&self) -> usize {
        2
    }

    fn share<W: World>(&self, p: &W) -> W::Word {
        p.new_word("flag")
    }

    fn process<W: World>(&self, p: &W, flag: &W::Word, index: usize, _: &Log) {
        if index == 0 {
            p.store(flag, u32::from(self.says), Release);
            return;
        }
        let scope = p.scope();
        loop {
            p.at(scope, ());
            if p.load(flag, Acquire) == 1 {
                break;
            }
        }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn end<W: World>(&self, _: &W, _: &W::Word, _: &Log, _: Facts) -> Outcome {
        Outcome { result: String::new(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        Vec::new()
    }
}

#[test]
fn an_old_value_is_not_seen_for_ever() {
    let [_, weak] = memories();
    assert_eq!(cycle(Flag { says: true }, weak, NoStarvation), None);
    let never = GraphSearch { ending: false, ..weak };
    let found = cycle(Flag { says: false }, never, NoStarvation).expect("a cycle");
    assert!(found.why.contains("process 2"), "{}", found.why);
}

/// Neither a data race nor a hang: waiters that do not say so spin instead of sleeping.
#[test]
fn a_mutex_whose_waiters_do_not_mark_it_spins() {
    let mutant = MUTANTS.iter().find(|mutant| mutant.name == "waiters-not-marked");
    let mutant = mutant.expect("it is among the mutants");
    let mutation = Some(Mutation::at(mutant.site(), mutant.change));
    for search in memories() {
        let search = GraphSearch { mutation, ..search };
        let model = || MutexModel::<Shipped>::new(2, 1);
        let found = cycle(model(), search, NoBusyWaiting).expect("a busy cycle");
        let again = &found.steps[found.again_from.expect("a cycle")..];
        let spinner = again[0].thread;
        assert!(again.iter().all(|step| step.thread == spinner), "{found:?}");
        let right = GraphSearch { mutation: None, ..search };
        assert_eq!(cycle(model(), right, NoBusyWaiting), None);
    }
}

/// Whoever asks for what is not there never sleeps, also where that is one word of several: each time it enters a queue and
/// leaves it again.
#[test]
fn a_wait_for_several_words_of_which_one_has_changed_is_no_sleep() {
    const SAYS: &[Step] = &[Step::Swap(X, 1, Relaxed), Step::Wake(X, 1)];
    const SPINS: &[Step] = &[Step::Loop(&[
        Step::Load(X, Relaxed),
        Step::LeaveIf(1),
        Step::WaitAny(&[(Y, 0), (Z, 1)], Never),
    ])];
    const SLEEPS: &[Step] = &[Step::Loop(&[
        Step::Load(X, Relaxed),
        Step::LeaveIf(1),
        Step::WaitAny(&[(Y, 0), (X, 0)], Never),
    ])];
    for search in memories() {
        let spins = Litmus::new("spins", [SAYS, SPINS]);
        let found = cycle(spins, search, NoBusyWaiting).expect("a busy cycle");
        let again = &found.steps[found.again_from.expect("a cycle")..];
        assert!(again.iter().all(|step| step.thread == 2), "{found:?}");
        let sleeps = Litmus::new("sleeps", [SAYS, SLEEPS]);
        assert_eq!(cycle(sleeps, search, NoBusyWaiting), None);
    }
}

/// What is said to be done again and again leads back to where it began.
#[test]
fn a_cycle_is_one() {
    for processes in [2, 3] {
        let model = EndlessModel::<Shipped>::new(processes);
        let found = cycle(model, by_turns(), NoStarvation).expect("a cycle");
        let from = found.again_from.expect("a cycle");
        let value_at = |until: usize, word: &str| {
            let written = found.steps[..until].iter().rev();
            written
                .clone()
                .find(|s| s.word == word && !s.after.is_empty() && s.op != op::FUTEX_WAKE)
                .map(|step| step.after.clone())
        };
        assert_eq!(value_at(from, "lock"), value_at(found.steps.len(), "lock"), "{found:?}");
    }
}
