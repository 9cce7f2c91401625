//! Models that are no litmus programs: what they show needs source sites of its own, or an unwinding.

use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use lockproof::platform::Ordering::{Acquire, Relaxed, Release, SeqCst};
use lockproof_verify::explore::graph::GraphSearch;
use lockproof_verify::explore::loom::LoomSearch;
use lockproof_verify::model::{Log, Model, Outcome, Sometimes, violated};
use lockproof_verify::platform::{Change, Facts, Mutation, Site, World};
use lockproof_verify::verdict::{Finding, Verdict};

use crate::check::{EVERYTHING, every_state, graph, loom, outcomes, sentence};

/// Three flags raised after one message: one at each of three source sites.
const FLAGS: usize = 3;
const EARLY: &str = "a flag seen before the message";

struct Flags {
    /// Which of them the other process looks at.
    looks_at: usize,
    sites: &'static Mutex<[Option<Site>; FLAGS]>,
}

impl Flags {
    #[track_caller]
    fn pass(&self, flag: usize) {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        sites[flag] = Some(Location::caller());
    }

    #[track_caller]
    fn raise<W: World>(&self, p: &W, word: &W::Word, flag: usize) {
        self.pass(flag);
        p.store(word, 1, Release);
    }

    #[track_caller]
    fn fence<W: World>(&self, p: &W, flag: usize) {
        self.pass(flag);
        p.fence(Release);
    }
}

impl Model for Flags {
    type Shared<W: World> = (W::Word, [W::Word; FLAGS]);

    fn processes(&self) -> usize {
        2
    }

    fn share<W: World>(&self, p: &W) -> Self::Shared<W> {
        (p.new_word("message"), ["first", "second", "third"].map(|name| p.new_word(name)))
    }

    fn process<W: World>(&self, p: &W, shared: &Self::Shared<W>, index: usize, log: &Log) {
        let (message, flags) = shared;
        if index == 0 {
            p.store(message, 1, Relaxed);
            self.raise(p, &flags[0], 0);
            self.raise(p, &flags[1], 1);
            self.fence(p, 2);
            p.store(&flags[2], 1, Relaxed);
        } else if p.load(&flags[self.looks_at], Acquire) == 1 && p.load(message, Relaxed) == 0 {
            log.count(EARLY);
        }
    }

    fn end<W: World>(&self, _: &W, _: &Self::Shared<W>, log: &Log, _: Facts) -> Outcome {
        Outcome { result: log.counted(EARLY).to_string(), wrong: None }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        Vec::new()
    }
}

fn flag_is_early(looks_at: usize, mutated: Option<(usize, Change)>) -> bool {
    static SITES: Mutex<[Option<Site>; FLAGS]> = Mutex::new([None; FLAGS]);
    let flags = || Flags { looks_at, sites: &SITES };
    let [on_loom, on_graph] = [
        is_early(mutated, &SITES, |mutation| loom(flags(), LoomSearch { mutation, ..EVERYTHING })),
        is_early(mutated, &SITES, |mutation| {
            graph(flags(), GraphSearch { mutation, ..every_state() })
        }),
    ];
    assert_eq!(on_loom, on_graph, "loom and the explorer disagree");
    on_loom
}

fn is_early(
    mutated: Option<(usize, Change)>,
    sites: &Mutex<[Option<Site>; FLAGS]>,
    run: impl Fn(Option<Mutation>) -> Finding,
) -> bool {
    let shipped = run(None);
    let found = match mutated {
        None => shipped,
        Some((flag, change)) => {
            let site = sites.lock().unwrap_or_else(PoisonError::into_inner)[flag];
            run(Some(Mutation::at(site.expect("it was passed"), change)))
        }
    };
    assert!(found.verdict.holds(), "{:?}: {:?}", found.verdict, found.counterexample);
    found.outcomes.contains_key("1")
}

#[test]
fn a_weakened_ordering_is_weak_at_its_site_alone() {
    for looks_at in 0..FLAGS {
        assert!(!flag_is_early(looks_at, None), "flag {looks_at}, nothing weakened");
        for weakened in 0..FLAGS {
            let early = flag_is_early(looks_at, Some((weakened, Change::Order(Relaxed))));
            assert_eq!(early, looks_at == weakened, "flag {looks_at}, weakened {weakened}");
        }
    }
}

#[test]
fn what_is_left_out_is_left_out_at_its_site_alone() {
    // Without its store the first flag is never seen; a fence is gone as if it were weakened.
    for (looks_at, left_out, early) in [(0, 0, false), (1, 0, false), (2, 2, true), (1, 2, false)] {
        let found = flag_is_early(looks_at, Some((left_out, Change::Skip)));
        assert_eq!(found, early, "flag {looks_at}, without {left_out}");
    }
}

/// Adds one twice, and a hundred on the way out, whichever way that is.
struct Unwinding;

struct OnTheWayOut<'a, W: World>(&'a W, &'a W::Word);

impl<W: World> Drop for OnTheWayOut<'_, W> {
    fn drop(&mut self) {
        self.0.fetch_add(self.1, 100, Relaxed);
    }
}

impl Model for Unwinding {
    type Shared<W: World> = W::Word;

    fn processes(&self) -> usize {
        1
    }

    fn share<W: World>(&self, p: &W) -> W::Word {
        p.new_word("sum")
    }

    fn process<W: World>(&self, p: &W, sum: &W::Word, _: usize, _: &Log) {
        let _leaving = OnTheWayOut(p, sum);
        p.fetch_add(sum, 1, Relaxed);
        p.fetch_add(sum, 1, Relaxed);
    }

    fn end<W: World>(&self, p: &W, sum: &W::Word, _: &Log, _: Facts) -> Outcome {
        Outcome { result: p.load(sum, Relaxed).to_string(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        Vec::new()
    }
}

#[test]
fn what_the_dead_do_has_no_effect() {
    let found = loom(Unwinding, LoomSearch { deaths: true, ..EVERYTHING });
    let expected = [("0", 1), ("1", 1), ("102", 2), ("2", 1)];
    assert_eq!(found.outcomes, expected.map(|(sum, count)| (sum.to_owned(), count)).into());
    let found = graph(Unwinding, GraphSearch { deaths: 1, ..every_state() });
    assert_eq!(outcomes(&found), expected.map(|(sum, _)| sum.to_owned()).into());
}

/// Breaks a property with the value above still to be dropped, and so to operate.
struct BreaksOnTheWay;

impl Model for BreaksOnTheWay {
    type Shared<W: World> = W::Word;

    fn processes(&self) -> usize {
        1
    }

    fn share<W: World>(&self, p: &W) -> W::Word {
        p.new_word("sum")
    }

    fn process<W: World>(&self, p: &W, sum: &W::Word, _: usize, _: &Log) {
        let _leaving = OnTheWayOut(p, sum);
        p.fetch_add(sum, 1, Relaxed);
        violated("the sky fell");
    }

    fn end<W: World>(&self, p: &W, sum: &W::Word, _: &Log, _: Facts) -> Outcome {
        Outcome { result: p.load(sum, Relaxed).to_string(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        Vec::new()
    }
}

#[test]
fn what_unwinds_from_a_broken_property_does_nothing_more() {
    let found = graph(BreaksOnTheWay, every_state());
    assert_eq!(found.verdict, Verdict::Counterexample);
    assert_eq!(sentence(&found), "the sky fell");
}

/// A compare-exchange whose failure alone is SeqCst.
struct FailsInOrder;

impl Model for FailsInOrder {
    type Shared<W: World> = W::Word;

    fn processes(&self) -> usize {
        1
    }

    fn share<W: World>(&self, p: &W) -> W::Word {
        p.new_word("word")
    }

    fn process<W: World>(&self, p: &W, word: &W::Word, _: usize, _: &Log) {
        let _ = p.compare_exchange(word, 1, 2, Relaxed, SeqCst);
    }

    fn end<W: World>(&self, _: &W, _: &W::Word, _: &Log, _: Facts) -> Outcome {
        Outcome { result: String::new(), wrong: None }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        Vec::new()
    }
}

#[test]
fn a_failure_that_is_seqcst_is_refused_in_words() {
    let found = graph(FailsInOrder, every_state());
    let Verdict::Vacuous { what } = found.verdict else { panic!("{:?}", found.verdict) };
    assert!(what.contains("the SeqCst access at") && what.contains("by_hand.rs:"), "{what}");
}
