//! Of what is known to be broken, the right cause is named.

use super::*;
use crate::claim::{Budget, Silent};
use crate::explore::graph::{GraphSearch, Liveness, Memory};
use crate::models::registry::{By, Exploration, Size, find};

const TWO: Size = Size::new(2, 1, 0);
const THREE: Size = Size { processes: 3, ..TWO };

const fn dying(size: Size) -> Size {
    Size { deaths: 1, ..size }
}

fn weak() -> GraphSearch {
    GraphSearch::default()
}

fn sc() -> GraphSearch {
    GraphSearch { memory: Memory::Sc, ..weak() }
}

fn found(model: &str, size: Size, search: GraphSearch, by: By) -> Counterexample {
    let budget = Budget::seeded(1);
    let exploration = Exploration {
        name: model,
        search,
        by,
        budget: &budget,
        progress: &Silent,
        extract: false,
        replay: None,
    };
    let found = find(model).expect(model).explore(size, &exploration).expect(model).finding;
    found.counterexample.unwrap_or_else(|| panic!("{model} holds"))
}

/// Everything that is said, without where in the source.
fn said(counterexample: &Counterexample) -> String {
    let said = explain(counterexample).join("\n");
    let mut plain = String::new();
    let mut depth = 0;
    for letter in said.replace(" (", "(").chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            letter if depth == 0 => plain.push(letter),
            _ => {}
        }
    }
    plain
}

#[test]
fn the_right_word_and_the_right_step_are_named() {
    let starves = GraphSearch { liveness: Some(Liveness::NoStarvation), messages: 4, ..weak() };
    let table: &[(&str, Size, GraphSearch, &[&str])] = &[
        (
            "unlocked",
            TWO,
            weak(),
            &["read 0 from value. Then process", "wrote 1 over it: what process"],
        ),
        (
            "check-then-set",
            TWO,
            weak(),
            &["wrote total, and process", "no release and acquire are between the two at all"],
        ),
        (
            "test-and-set-relaxed",
            TWO,
            weak(),
            &[
                "had read 0 from lock, which process 1 wrote after that, but that write is Relaxed and no release.",
            ],
        ),
        (
            "dekker-unfenced",
            TWO,
            weak(),
            &[
                "Process 2 read 0 from flag 1, though process 1 had written 1 to flag 1.",
                "process 1 wrote flag 1 and read flag 2, process 2 wrote flag 2 and read flag 1.",
                "a SeqCst fence in between does, and process 1 and process 2 had none.",
            ],
        ),
        (
            "peterson-relaxed",
            TWO,
            weak(),
            &["though process 1 had written 1 to flag 1", "a SeqCst fence"],
        ),
        (
            "ring-relaxed",
            TWO,
            weak(),
            &[
                "Process 1 wrote place, and process 2 reads it: nothing orders the two.",
                "had read 1 from put, which process 1 wrote after that, but that write is Relaxed and no release.",
            ],
        ),
        (
            "double-checked",
            TWO,
            weak(),
            &[
                "had read 1 from is made, which process 1 wrote after that, but that read is Relaxed and no acquire.",
            ],
        ),
        (
            "seqlock-unfenced",
            TWO,
            weak(),
            &[
                "Process 2 read 0 from number, though process 1 had written 1 to number.",
                "had read 1 from left, which process 1 wrote after that, but that write is Relaxed and no release, and that read \
                 is Relaxed and no acquire.",
            ],
        ),
        (
            "hazard-unfenced",
            TWO,
            weak(),
            &["Process 2 read 0 from claimed, though", "a SeqCst fence"],
        ),
        ("unique-relaxed", TWO, weak(), &["from given up", "that read is Relaxed and no acquire"]),
        (
            "waiters-counted",
            TWO,
            weak(),
            &[
                "Process 2 sleeps on lock while that is 1. Before that process 1 changed lock from 1 to 0. Process 2 had not seen \
                 that when it fell asleep.",
            ],
        ),
        (
            "drepper-forgets",
            THREE,
            weak(),
            &[
                "Process 3 sleeps on lock while that is 2. Since then process 2 changed lock from 1 to 0, and nobody has called a \
                 wake on lock after that.",
            ],
        ),
        (
            "wakes-first",
            TWO,
            weak(),
            &[
                "changed granted from 0 to 1, and nobody has called a wake on granted after that. Process 1's last wake was earlier",
            ],
        ),
        (
            "event-pulsed",
            TWO,
            weak(),
            &["sleeps on event while that is 0", "last wake was earlier, and it reached nobody"],
        ),
        (
            "two-orders",
            TWO,
            weak(),
            &[
                "Process 1 sleeps on lock 2 while that is held by 2+waiters. Process 2 holds it. Process 2 sleeps itself, on lock 1.",
                "Process 2 sleeps on lock 1 while that is held by 1+waiters. Process 1 holds it. Process 1 sleeps itself, on lock 2.",
            ],
        ),
        (
            "semaphore-first-permit",
            THREE,
            weak(),
            &[
                "sleeps on permits while that is 0. Since then process",
                "nobody has called a wake on permits",
            ],
        ),
        (
            "mcs-drops",
            TWO,
            weak(),
            &[
                "Process 2 sleeps on waits #3 while that is 1. It wrote 1 to waits #3 itself. Nobody else",
            ],
        ),
        (
            "drepper",
            dying(TWO),
            weak(),
            &["died right after it changed lock from 0 to 1. Nobody has changed lock since."],
        ),
        (
            "robust-late",
            dying(TWO),
            weak(),
            &[
                "died right after it changed lock from free to held by 2. Nobody has changed lock since.",
            ],
        ),
        (
            "robust-listed",
            TWO,
            weak(),
            &[
                "A lock has room for one link",
                "the kernel follows that, and misses the locks that come after",
            ],
        ),
        (
            "robust-two-steps",
            dying(TWO),
            weak(),
            &[
                "Process 2 sleeps on lock while that is free+waiters.",
                "Process 1 died right after it changed lock from held by 1+waiters to free+waiters. For it the kernel woke nobody",
            ],
        ),
        (
            "glibc-robust",
            dying(THREE),
            weak(),
            &[
                "Since then process 3 changed lock from held by 3 to free, and nobody has called a wake on lock after that.",
                "Process 1 died right after it changed lock from held by 1+waiters to free.",
            ],
        ),
        (
            "once-untold",
            dying(TWO),
            weak(),
            &[
                "Process 2 sleeps on state while that is 1. Before that process 1 changed state from 0 to 1. Process 1 has died.",
            ],
        ),
        (
            "test-and-set-endless",
            TWO,
            starves,
            &[
                "Process 2 looks at lock again and again, and finds 1. In each round process 1 changed lock from 1 to 0, then \
                 process 1 changed lock from 0 to 1.",
            ],
        ),
        ("condvar-if", TWO, weak(), &[NO_CAUSE]),
    ];
    for (model, size, search, words) in table {
        let wrong = found(model, *size, *search, By::States);
        let text = said(&wrong);
        for part in *words {
            assert!(text.contains(part), "{model}: '{part}' is missing:\n{text}\nof {wrong:#?}");
        }
    }
}

#[test]
fn a_lost_update_is_named_in_any_memory() {
    let wrong = found("unlocked", TWO, sc(), By::States);
    assert!(said(&wrong).contains("wrote 1 over it: what process"), "{}", said(&wrong));
}

/// loom's steps are other ones, and the cause is the same.
#[cfg(feature = "loom")]
#[test]
fn whoever_has_found_it_the_cause_is_the_same() {
    use crate::explore::loom::LoomSearch;
    let search = LoomSearch { preemptions: Some(3), shortest_first: true, ..LoomSearch::default() };
    let table = [
        // With the fewest preemptions, one comes after the other, and sees an old value.
        ("unlocked", TWO, "read 0 from value, though process 1 had written 1 to value"),
        ("ring-relaxed", TWO, "but that write is Relaxed and no release"),
        ("drepper-forgets", THREE, "nobody has called a wake on lock after that"),
        ("glibc-robust", dying(THREE), "nobody has called a wake on lock after that"),
    ];
    for (model, size, words) in table {
        let wrong = found(model, size, weak(), By::Loom(search));
        assert!(said(&wrong).contains(words), "{model}:\n{}\nof {wrong:#?}", said(&wrong));
    }
}
