//! An execution that was found can be shown again, exactly.

use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::explore::graph::{GraphSearch, Liveness, Memory, Token};
use lockproof_verify::models::registry::{By, Exploration, Size, find};
use lockproof_verify::trace::Counterexample;
use lockproof_verify::verdict::{Finding, Verdict};

fn explored(name: &str, size: Size, search: GraphSearch, replay: Option<&Token>) -> Finding {
    let id = size.explorer_id(name);
    let budget = Budget::seeded(1);
    let exploration = Exploration {
        name: &id,
        search,
        by: By::States,
        budget: &budget,
        progress: &Silent,
        extract: false,
        replay,
    };
    find(name).expect(name).explore(size, &exploration).expect(name).finding
}

fn again(name: &str, size: Size, token: &str) -> Finding {
    let token: Token = token.parse().unwrap_or_else(|why| panic!("{token}: {why}"));
    explored(name, size, GraphSearch::default(), Some(&token))
}

const fn size(processes: usize, increments: usize, deaths: u8) -> Size {
    Size::new(processes, increments, deaths)
}

#[test]
fn what_is_wrong_is_shown_again() {
    let weak = GraphSearch::default();
    let strong = GraphSearch { memory: Memory::Sc, ..weak };
    let plain = weak.plain();
    let overtaken = GraphSearch { liveness: Some(Liveness::NoStarvation), messages: 4, ..weak };
    let awake = GraphSearch { liveness: Some(Liveness::NoBusyWaiting), ..strong };
    let drawn = GraphSearch { at_random: Some(20_000), ..weak };
    let table = [
        ("unlocked", size(2, 1, 0), weak, "updates were lost"),
        ("unlocked", size(2, 1, 0), GraphSearch { races: false, ..strong }, ""),
        ("glibc-robust", size(3, 1, 1), weak, "nobody will wake it"),
        ("glibc-robust", size(3, 1, 1), drawn, "nobody will wake it"),
        ("glibc-robust", size(3, 1, 1), plain, "nobody will wake it"),
        ("drepper-forgets", size(3, 2, 0), weak, "nobody will wake it"),
        ("drepper", size(2, 1, 1), weak, "nobody will wake it"),
        ("test-and-set-endless", size(2, 1, 0), overtaken, "starves"),
        ("test-and-set-endless", size(2, 1, 0), awake, "does not sleep"),
        ("barrier-one-count", size(2, 2, 0), weak, ""),
    ];
    for (name, size, search, words) in table {
        let found = explored(name, size, search, None);
        let wrong: Counterexample = found.counterexample.unwrap_or_else(|| panic!("{name} holds"));
        assert!(wrong.why.contains(words), "{name}: {}", wrong.why);
        let shown = again(name, size, &wrong.replay);
        assert_eq!(shown.verdict, Verdict::Counterexample, "{name}");
        assert_eq!(shown.counterexample, Some(wrong), "{name}");
    }
}

#[test]
fn a_way_to_each_result_is_shown_again() {
    let search = GraphSearch { all_outcomes: true, races: false, ..GraphSearch::default() };
    let size = size(2, 2, 0);
    let found = explored("unlocked", size, search, None);
    assert!(found.witnesses.len() > 2, "{:?}", found.witnesses.keys());
    for (result, witness) in found.witnesses {
        let shown = again("unlocked", size, &witness.replay);
        let ends = shown.witnesses.get(&result).cloned();
        let wrong = shown.counterexample.map(|wrong| (wrong.steps, wrong.replay));
        let ends = ends.map(|ends| (ends.steps, ends.replay));
        assert_eq!(ends.or(wrong), Some((witness.steps, witness.replay)), "{result}");
    }
}

#[test]
fn an_execution_of_something_else_is_refused() {
    let wrong = explored("glibc-robust", size(3, 1, 1), GraphSearch::default(), None);
    let token = wrong.counterexample.expect("a hang").replay;
    for (name, size) in [("mutex", size(3, 1, 1)), ("unlocked", size(2, 1, 0))] {
        let Verdict::Vacuous { what } = again(name, size, &token).verdict else {
            panic!("{name} can do {token}")
        };
        assert!(what.contains("is not possible here: the source has changed since"), "{what}");
    }
}
