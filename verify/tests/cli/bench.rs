//! `lockproof bench`. Its figures are the machine's; that there are some, of all that was asked for, is ours.

use super::*;

const BRIEFLY: [&str; 4] = ["--rounds", "2", "--window", "2ms"];

fn bench(arguments: &[&str]) -> Output {
    run(&[&["bench"], arguments, &BRIEFLY[..]].concat())
}

#[test]
fn every_case_is_measured_for_people_and_for_programs() {
    let output = bench(&["--json", "-"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(report["rounds"], 2);
    let cases = report["cases"].as_array().expect("cases");
    assert!(cases.len() > 20, "{} cases", cases.len());
    for case in cases {
        let id = case["id"].as_str().expect("a name");
        assert!(said.contains(&format!("{id}: ")), "{id} is missing:\n{said}");
        let contenders = case["contenders"].as_array().expect("contenders");
        assert_eq!(contenders[0]["ours"], true, "{case}");
        for contender in contenders {
            let figure = |name: &str| contender[name].as_f64().expect("a figure");
            // Zero where none of its processes got a processor in so short a time.
            assert!(0.0 <= figure("low"), "{case}");
            assert!(figure("low") <= figure("median") && figure("median") <= figure("high"));
            assert_eq!(contender["ratio"].is_null(), contender["ours"] == true, "{case}");
        }
        let got_on = |contender: &Value| contender["high"].as_f64() > Some(0.0);
        assert!(contenders.iter().any(got_on), "{case}");
    }
    assert!(said.contains("round 2 of 2"), "{said}");
}

#[test]
fn what_is_asked_for_is_measured_and_nothing_else() {
    let table: [(&[&str], &[&str]); 4] = [
        (&["counter/alone"], &["counter/alone"]),
        (&["counter"], &["counter/alone"]),
        (&["counter", "barrier/two"], &["counter/alone", "barrier/two"]),
        (&["mutex/alone", "counter", "--against", "atomic"], &["mutex/alone", "counter/alone"]),
    ];
    for (asked, measured) in table {
        let output = bench(asked);
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{asked:?}: {}", text(&output.stderr));
        let heads = said.lines().filter_map(|line| line.split_once(": ").map(|(id, _)| id));
        let cases: Vec<&str> = heads.filter(|id| id.contains('/') && !id.contains(' ')).collect();
        assert_eq!(cases, measured, "{said}");
        let restricted = asked.contains(&"--against");
        assert_eq!(
            said.contains("pthread") || said.contains("futex"),
            cases.iter().any(|id| { !restricted && *id == "barrier/two" }),
            "{said}"
        );
    }
}

#[test]
fn what_cannot_be_measured_is_refused_in_words() {
    let table: [(&[&str], &str); 6] = [
        (&["mutx"], "there is no case mutx; did you mean 'mutex/"),
        (&["mutex/three"], "there is no case mutex/three"),
        (&["mutex", "--against", "nobody"], "none of the peers there is called nobody"),
        (&["--rounds", "0"], "0 is not in 1.."),
        (&["--window", "soon"], "soon"),
        (&["counter", "--json", "/nowhere/at/all"], "/nowhere/at/all"),
    ];
    for (asked, words) in table {
        assert_refused(&run(&[&["bench"], asked].concat()), 2, words);
    }
}
