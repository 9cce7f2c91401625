//! A process dies before each of its steps, and the kernel does for it what it does.

use lockproof_verify::explore::loom::LoomSearch;
use lockproof_verify::models::litmus::On::L;
use lockproof_verify::models::litmus::death::{self, ANNOUNCED, OPERATIONS};
use lockproof_verify::platform::{CrashPoint, KernelRule, Plan};
use lockproof_verify::verdict::Verdict;

use crate::check::{EVERYTHING, all, loom, shuttle};

const EVERY_DEATH: LoomSearch = LoomSearch { deaths: true, ..EVERYTHING };

/// More preemptions than any of these programs has room for, and no early returns: here a process that says it was woken was.
const DEATHS_ALONE: LoomSearch = LoomSearch { preemptions: Some(12), ..EVERY_DEATH };

#[test]
fn a_process_dies_before_each_of_its_operations_once() {
    let found = loom(death::mortal(OPERATIONS), DEATHS_ALONE);
    let mut expected: Vec<_> =
        (0..OPERATIONS.len()).map(|steps| (format!("died after {steps}"), 1)).collect();
    // The one without a plan, and the one whose death would come after the end.
    expected.push((String::new(), 2));
    assert!(found.verdict.holds(), "{:?}", found.verdict);
    assert_eq!(found.outcomes, expected.into_iter().collect());
}

#[test]
fn words_of_the_dead_are_marked() {
    all(death::marks(), |litmus| loom(litmus, EVERY_DEATH));
}

#[test]
fn one_waiter_is_woken_by_a_mark() {
    all(death::wakes_by_mark(), |litmus| loom(litmus, DEATHS_ALONE));
}

#[test]
fn trust_in_a_mark_is_found_by_a_survivors_early_return() {
    all(vec![death::trusts_the_mark()], |litmus| loom(litmus, EVERY_DEATH));
}

#[test]
fn for_an_announced_word_the_rule_decides() {
    for (kernel, value, woken) in ANNOUNCED {
        let found = loom(death::announced(*value), LoomSearch { kernel: *kernel, ..DEATHS_ALONE });
        for steps in [2, 3] {
            let outcome = format!("died after {steps} | woken");
            let reached = found.outcomes.contains_key(&outcome);
            assert_eq!(reached, *woken, "{kernel:?}, {value:#x}: {outcome}; {:?}", found.outcomes);
        }
        let others = ["woken", "died after 0 | woken", "died after 1 | woken"];
        let any = others.iter().find(|outcome| found.outcomes.contains_key(**outcome));
        assert_eq!(any, None, "{kernel:?}, {value:#x}: the word is not announced");
    }
}

#[test]
fn a_wake_eaten_by_a_death_is_repeated_for_an_announced_word() {
    let run = |announced, kernel, deaths| {
        loom(death::eaten_wake("x", announced), LoomSearch { kernel, deaths, ..EVERYTHING }).verdict
    };
    let (new, old) = (KernelRule::Since62, KernelRule::Before62);
    assert_eq!(run(false, new, false), Verdict::Exhausted, "nobody dies");
    assert_eq!(run(false, new, true), Verdict::Counterexample, "the kernel knows nothing");
    assert_eq!(run(true, new, true), Verdict::Exhausted, "the kernel repeats the wake");
    assert_eq!(run(true, old, true), Verdict::Counterexample, "the word is not 0");
}

#[test]
fn on_shuttle_the_kernel_cleans_up_too() {
    let holder = death::mortal(death::TAKE_AND_LET_GO).finally(&[L]);
    for (before, outcome) in [
        (1, "died after 1 | L=free"),
        (2, "died after 2 | L=free+died"),
        (5, "died after 5 | L=free+died"),
        (6, "died after 6 | L=free"),
        (7, "L=free"),
    ] {
        let crash = Some(CrashPoint { thread: 1, before });
        let found = shuttle(holder.clone(), Plan { crash, ..Plan::default() });
        assert!(found.verdict.holds(), "{:?}", found.verdict);
        assert_eq!(found.outcomes.keys().collect::<Vec<_>>(), [outcome], "before {before}");
    }
}
