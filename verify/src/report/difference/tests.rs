//! What counts as worse, as better, and as the same.

use serde_json::{Value, json};

use super::Difference;

fn claim(id: &str, verdict: &str, bound: Value, ok: bool) -> Value {
    json!({
        "id": id, "subject": "s", "property": "p", "method": "loom", "memory_model": "c11", "processes": 2,
        "increments": 1, "bound": bound, "verdict": verdict, "why": null, "expected": "holds", "ok": ok, "executions": 1,
        "states": null, "transitions": null, "seconds": 0.1, "outcomes": {}, "notes": [], "counterexample": null
    })
}

fn report(claims: &[Value]) -> String {
    json!({
        "lockproof": "0.1.0", "seconds": 1.0, "ok": true, "seed": 1, "full": false, "only": [], "shard": null,
        "claims": claims
    })
    .to_string()
}

fn mutants(fates: &[(&str, &str, bool)]) -> String {
    let mutant = |(id, fate, ok): &(&str, &str, bool)| {
        json!({
            "id": id, "site": "s", "operation": "o", "change": "c", "fate": fate, "ok": ok, "by": null, "why": null,
            "states": null, "seconds": 0.1
        })
    };
    let mutants: Vec<_> = fates.iter().map(mutant).collect();
    json!({"lockproof": "0.1.0", "seconds": 1.0, "ok": true, "subjects": [
        {"subject": "mutex", "file": "f", "trials": [], "mutants": mutants}
    ]})
    .to_string()
}

#[derive(Debug, PartialEq)]
enum Came {
    Worse,
    Better,
    Same,
}

#[test]
fn less_of_a_proof_is_worse() {
    let (none, two, four) = (Value::Null, json!({"preemptions": 2}), json!({"preemptions": 4}));
    let drawn = |schedules: u64| json!({"schedules": schedules, "scheduler": "random", "seed": 1});
    let cases = [
        (("exhausted", none.clone(), true), ("exhausted", none.clone(), true), Came::Same),
        (("exhausted", none.clone(), true), ("bounded", two.clone(), true), Came::Worse),
        (("exhausted", none.clone(), true), ("counterexample", none.clone(), false), Came::Worse),
        (("exhausted", none.clone(), true), ("timeout", none.clone(), false), Came::Worse),
        (("bounded", four.clone(), true), ("bounded", two.clone(), true), Came::Worse),
        (("bounded", two.clone(), true), ("bounded", four, true), Came::Better),
        (
            ("bounded", json!({"deaths": 1}), true),
            ("bounded", json!({"deaths": 2}), true),
            Came::Better,
        ),
        (("bounded", drawn(500), true), ("bounded", drawn(400), true), Came::Worse),
        (("bounded", drawn(400), true), ("bounded", drawn(400), true), Came::Same),
        (("passed", none.clone(), true), ("bounded", two, true), Came::Better),
        (("vacuous", none.clone(), false), ("passed", none.clone(), true), Came::Better),
        // It is known to be wrong, and shown to be.
        (("counterexample", none.clone(), true), ("counterexample", none, true), Came::Same),
    ];
    for ((was, its_bound, stood), (is, bound, stands), came) in cases {
        let old = report(&[claim("a", was, its_bound, stood)]);
        let new = report(&[claim("a", is, bound, stands)]);
        let difference = Difference::between(&old, &new).expect("two reports");
        let found = match (difference.worse.len(), difference.better.len(), difference.same) {
            (1, 0, 0) => Came::Worse,
            (0, 1, 0) => Came::Better,
            (0, 0, 1) => Came::Same,
            other => panic!("{other:?}"),
        };
        assert_eq!(found, came, "{old}\n{new}");
    }
}

#[test]
fn what_is_gone_is_worse_and_what_is_new_is_only_if_it_fails() {
    let whole = |id| claim(id, "exhausted", Value::Null, true);
    let old = report(&[whole("kept"), whole("gone")]);
    let new = report(&[whole("kept"), whole("new"), claim("bad", "vacuous", Value::Null, false)]);
    let difference = Difference::between(&old, &new).expect("two reports");
    let ids = |changes: &[super::Change]| -> Vec<String> {
        changes.iter().map(|change| change.id.clone()).collect()
    };
    assert_eq!(ids(&difference.worse), ["gone", "bad"]);
    assert_eq!(ids(&difference.new), ["new"]);
    assert_eq!(difference.same, 1);
}

#[test]
fn a_mutant_that_nobody_notices_any_more_is_worse() {
    let old = mutants(&[("a", "caught", true), ("b", "caught", true), ("c", "missed", false)]);
    let new = mutants(&[("a", "missed", false), ("b", "equivalent", true), ("c", "caught", true)]);
    let difference = Difference::between(&old, &new).expect("two reports");
    assert_eq!((difference.worse.len(), difference.better.len()), (2, 1), "{difference:?}");
    assert_eq!(difference.of, "mutant");
}

#[test]
fn what_cannot_be_compared_says_why() {
    let claims = report(&[claim("a", "exhausted", Value::Null, true)]);
    let others = report(&[claim("b", "exhausted", Value::Null, true)]);
    let cases = [
        ("{}", claims.as_str(), "the old one: this is no report"),
        (claims.as_str(), "not even JSON", "the new one: this is no report"),
        (claims.as_str(), &mutants(&[]), "the old one is of claims, the new one of mutants"),
        (claims.as_str(), &others, "they have nothing in common"),
    ];
    for (old, new, why) in cases {
        let found = Difference::between(old, new).expect_err("incomparable");
        assert!(found.starts_with(why), "{found}");
    }
}
