//! Which execution graphs are consistent: the axioms of RC11, less what SeqCst accesses add.
//!
//! Lahav, Vafeiadis, Kang, Hur, Dreyer: Repairing Sequential Consistency in C/C++11 (PLDI 2017), sections 2 and 3;
//! the same as `rc11.cat` of herd. Written here as there: `po` is the paper's `sb`, `;` is composition, `[S]` the
//! identity on the events of a set, `E⊒rel` are those with at least that ordering, `W` and `R` atomic writes and
//! reads, `F` fences.
//!
//! ```text
//! rs   = [W] ; (rf ; rmw)*                                               a write's release sequence
//! sw   = [E⊒rel] ; ([F] ; po)? ; rs ; rf ; [R] ; (po ; [F])? ; [E⊒acq]   synchronizes with
//! hb   = (po ∪ sw)⁺                                                      happens before
//! rb   = rf⁻¹ ; mo                                                       reads before
//! eco  = (rf ∪ mo ∪ rb)⁺                                                 extended coherence order
//! psc  = [Fsc] ; (hb ∪ hb ; eco ; hb) ; [Fsc]                            partial SeqCst order
//!
//! coherence      hb ; eco? is irreflexive
//! atomicity      rmw ∩ (rb ; mo) = ∅
//! SC             psc is acyclic
//! no-thin-air    po ∪ rf is acyclic
//!
//! race           two accesses, one not atomic, one a write, of two threads, neither before the other in hb
//! ```
//!
//! Two things differ from the paper. There `rs = [W] ; (po|loc)? ; [W] ; (rf ; rmw)*`: the same thread's later
//! stores carried a release on; C++20 took that out (P0982R1), and Rust's is C++20's model. And there is no
//! `psc_base`: without SeqCst accesses it relates two fences by `hb? ; scb ; hb?`, and as `scb ⊆ hb ∪ mo ∪ rb`,
//! that is within `psc`.
//!
//! All of these are monotone: with more of `rf` and `mo` no axiom that failed holds again. So a graph that is not
//! finished yet can be given up.

use super::events::{Events, FIRST};
use super::relation::{Relation, Set, members};
use crate::programs::PLACES;

/// What can be left out of the model, to see what it is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    NoThinAir,
    Coherence,
    Atomicity,
    /// The order that SeqCst fences make.
    SeqCst,
    /// That releases and acquires order anything.
    Synchronization,
    /// That fences take part in that.
    AcquireFences,
    ReleaseFences,
    /// That read-modify-writes carry a release on.
    ReleaseSequences,
    /// That a store ends a release sequence also if it is by the same thread: C++20's change.
    StoresEndReleases,
    /// That an exchange that fails has an ordering of its own.
    OrderOfFailure,
}

impl Rule {
    pub(crate) const ALL: [Self; 10] = [
        Self::NoThinAir,
        Self::Coherence,
        Self::Atomicity,
        Self::SeqCst,
        Self::Synchronization,
        Self::AcquireFences,
        Self::ReleaseFences,
        Self::ReleaseSequences,
        Self::StoresEndReleases,
        Self::OrderOfFailure,
    ];
}

/// The rules that are in force.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules(u16);

impl Rules {
    pub(crate) const ALL: Self = Self(u16::MAX);
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn without(self, rule: Rule) -> Self {
        Self(self.0 & !(1 << rule as u16))
    }

    pub(crate) const fn has(self, rule: Rule) -> bool {
        self.0 >> rule as u16 & 1 == 1
    }
}

/// `hb`
pub(super) fn happens_before(events: &Events, rf: &Relation, rules: Rules) -> Relation {
    (events.po | synchronizes_with(events, rf, rules)).closure()
}

fn synchronizes_with(events: &Events, rf: &Relation, rules: Rules) -> Relation {
    if !rules.has(Rule::Synchronization) {
        return Relation::default();
    }
    let fences = |rule| if rules.has(rule) { events.fences } else { 0 };
    let from_fence = events.po.between(fences(Rule::ReleaseFences), Set::MAX);
    let to_fence = events.po.between(Set::MAX, fences(Rule::AcquireFences));
    from_fence
        .or_not()
        .then(&release_sequence(events, rf, rules))
        .then(&rf.between(Set::MAX, events.atomic))
        .then(&to_fence.or_not())
        .between(events.release, events.acquire)
}

fn release_sequence(events: &Events, rf: &Relation, rules: Rules) -> Relation {
    let atomic = events.writes & events.atomic;
    let mut sequence = Relation::identity(atomic);
    if !rules.has(Rule::StoresEndReleases) {
        for on in events.on {
            sequence = sequence | events.po.between(on & atomic, on & atomic);
        }
    }
    if rules.has(Rule::ReleaseSequences) {
        sequence = sequence.then(&rf.then(&events.rmw).closure().or_not());
    }
    sequence
}

/// Whether the axioms hold.
pub(super) fn consistent(
    events: &Events,
    rf: &Relation,
    mo: &Relation,
    hb: &Relation,
    rules: Rules,
) -> bool {
    let rb = rf.inverse().then(mo);
    let eco = (*rf | *mo | rb).closure();
    let holds = |rule, axiom: &dyn Fn() -> bool| !rules.has(rule) || axiom();
    let psc = || (*hb | hb.then(&eco).then(hb)).between(events.seqcst, events.seqcst);
    holds(Rule::Atomicity, &|| !events.rmw.meets(&rb.then(mo)))
        && holds(Rule::Coherence, &|| hb.then(&eco.or_not()).is_irreflexive())
        && holds(Rule::NoThinAir, &|| (events.po | *rf).is_acyclic())
        && holds(Rule::SeqCst, &|| psc().is_acyclic())
}

/// Whether two accesses to the protected data race.
pub(super) fn race(events: &Events, hb: &Relation) -> bool {
    let ordered = *hb | hb.inverse();
    let data = events.on[PLACES - 1];
    events.threads.iter().any(|thread| {
        let others = |event| data & !thread & !FIRST & !ordered.after(event);
        members(data & thread & events.writes).any(|write| others(write) != 0)
    })
}
