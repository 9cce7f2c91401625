//! `lockproof zoo` and `lockproof litmus`: the tables in the documentation are what they say.

use std::fs;
use std::path::Path;

use super::*;

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    fs::read_to_string(path).expect("a page")
}

/// What a command prints for a page, which has to end with it.
#[track_caller]
fn assert_page_ends_with(name: &str, output: &Output) {
    let printed = text(&output.stdout);
    assert!(printed.lines().count() > 20, "{printed}");
    assert!(
        page(name).ends_with(printed),
        "docs/{name} does not end with what is printed now; if that is right, put it there:\n{printed}"
    );
}

#[test]
fn every_specimen_is_caught_or_known_not_to_be_seen_as_the_page_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("zoo.json");
    let output = run(&["zoo", "--markdown", "--json", path.to_str().expect("UTF-8")]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert_page_ends_with("zoo.md", &output);
    let found = fs::read_to_string(path).expect("a file");
    let found: Value = serde_json::from_str(&found).expect("one JSON object");
    assert_eq!(found["ok"], true);
    let specimens = found["specimens"].as_array().expect("specimens");
    assert!(specimens.len() >= 25, "only {} are left", specimens.len());
    for specimen in specimens {
        for key in ["model", "mistake", "source"] {
            assert!(!specimen[key].as_str().expect("words").is_empty(), "{specimen}");
        }
        let link = specimen["link"].as_str().expect("a link");
        assert!(link.starts_with("https://"), "{specimen}");
        let explorers = specimen["explorers"].as_array().expect("explorers");
        assert_eq!(explorers[0]["fate"], "caught", "no explorer is better than ours: {specimen}");
    }
}

#[test]
fn a_part_of_the_zoo_is_shown_for_people_and_for_programs() {
    let output = run(&["zoo", "--only", "hyman", "dekker", "--json", "-"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let specimens = found["specimens"].as_array().expect("specimens");
    let [hyman, dekker] = &specimens[..] else { panic!("{found}") };
    assert_eq!(
        keys(hyman),
        [
            "deaths",
            "explorers",
            "increments",
            "link",
            "mended",
            "mistake",
            "model",
            "processes",
            "source"
        ]
    );
    let fates = |specimen: &Value| -> Vec<String> {
        let explorers = specimen["explorers"].as_array().expect("explorers").iter();
        explorers.map(|one| one["fate"].as_str().expect("a word").to_owned()).collect()
    };
    assert_eq!(fates(hyman), ["caught"; 4]);
    assert_eq!(fates(dekker), ["caught", "cannot see", "caught", "cannot see"]);
    for part in
        ["hyman: ", "Knuth", "caught: lost update", "2 specimens in ", " 6 caught, 2 cannot see"]
    {
        assert!(said.contains(part), "'{part}' is missing:\n{said}");
    }
}

#[test]
fn what_the_zoo_cannot_do_is_refused_in_words() {
    let nothing = run(&["zoo", "--only", "unicorn"]);
    assert_refused(&nothing, 3, "nothing in the zoo has a name that contains 'unicorn'");
    let both = run(&["zoo", "--markdown", "--json", "-"]);
    assert_refused(&both, 2, "name a file for one of them");
    let late = run(&["zoo", "--only", "hyman", "--time-limit", "0s"]);
    assert_eq!(late.status.code(), Some(4), "{late:?}");
    assert!(text(&late.stdout).contains("no verdict: there was no time"), "{late:?}");
}

#[test]
fn the_litmus_programs_show_what_the_page_says() {
    let output = run(&["litmus", "--markdown"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_page_ends_with("litmus.md", &output);
    let output = run(&["litmus", "--json", "-"]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(found["ok"], true);
    let questions = found["questions"].as_array().expect("questions");
    assert!(questions.len() >= 30, "only {} are left", questions.len());
    let table = run(&["litmus"]);
    for question in questions {
        let program = question["program"].as_str().expect("a name");
        assert!(text(&table.stdout).lines().any(|line| line.starts_with(program)), "{program}");
    }
}
