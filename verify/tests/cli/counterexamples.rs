//! What is said and drawn of a counterexample, and the same once more.

use std::path::Path;

use super::*;

/// The counterexample to a claim.
#[cfg(all(feature = "loom", feature = "shuttle"))]
fn refuted(claim: &str) -> Value {
    let output = run(&["check", "--full", "--only", claim, "--json", "-"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let claims = report["claims"].as_array().expect("claims");
    let its = claims.iter().find(|one| one["id"] == claim).expect("the claim");
    assert!(!its["counterexample"].is_null(), "{its}");
    its["counterexample"].clone()
}

/// What names it.
#[cfg(all(feature = "loom", feature = "shuttle"))]
fn token(wrong: &Value) -> &str {
    wrong["replay"].as_str().expect("a token")
}

#[cfg(all(feature = "loom", feature = "shuttle"))]
#[test]
fn what_loom_and_shuttle_have_found_is_shown_again() {
    for claim in [
        "unlocked/2x1/loom",
        "unlocked/2x2/loom",
        "unlocked/2x2/shuttle/random",
        "unlocked/2x2/shuttle/pct",
        "other/glibc-robust-dying/3x1/bound-3",
        "other/drepper-forgets/3x1/bound-3",
        "mutex/broken/unlock-relaxed",
        "mutex/old-kernel/3x1",
        "condvar-unannounced/2x1/loom/bound-2",
        "rwlock-relaxed-readers/2x1/loom/bound-2",
    ] {
        let wrong = refuted(claim);
        let token = token(&wrong);
        assert!(token.starts_with(claim), "{token}");
        let output = run(&["replay", token, "--json", "-"]);
        assert_eq!(output.status.code(), Some(1), "{token}: {output:?}");
        let shown: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert_eq!(shown["counterexample"], wrong, "{token}");
        assert_eq!(shown["id"], claim);
        let said = text(&output.stderr);
        assert!(said.contains("Why:") && said.contains(token), "{said}");
    }
}

#[cfg(all(feature = "loom", feature = "shuttle"))]
#[test]
fn what_cannot_be_shown_again_is_refused_in_words() {
    for claim in ["unlocked/2x1/loom", "unlocked/2x2/shuttle/random"] {
        let wrong = refuted(claim);
        let token = token(&wrong);
        let older = token.replace('#', "#0.0.");
        assert_refused(&run(&["replay", &older]), 2, "an execution of version 0.0.");
        let shorter = &token[..token.len() - 1];
        assert_refused(&run(&["replay", shorter]), 2, "has to be copied as a whole");
        let altered = token.replace("unlocked", "unlacked");
        assert_refused(&run(&["replay", &altered]), 2, "has to be copied as a whole");
    }
}

/// Explores with a picture, and returns it.
fn picture(directory: &Path, arguments: &[&str]) -> String {
    let file = directory.join("wrong.svg");
    let output = run(&[arguments, &["--svg", file.to_str().expect("UTF-8")]].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    fs::read_to_string(file).expect("a picture")
}

#[test]
fn the_picture_has_what_the_drawing_has() {
    let directory = tempfile::tempdir().expect("a directory");
    let cases: [(&[&str], &[&str]); 4] = [
        (&["unlocked", "--memory", "sc"], &["holds-old-value"]),
        (
            &["glibc-robust", "--processes", "3", "--deaths", "1"],
            &["dies", "sleeps", "kernel", "from"],
        ),
        (&["test-and-set-endless", "--liveness"], &["above"]),
        (&["dekker-unfenced"], &["reads", "writes"]),
    ];
    for (model, classes) in cases {
        let svg = picture(directory.path(), &[&["explore"], model].concat());
        let (found, _) = explore::explored(1, model);
        let drawn = roxmltree::Document::parse(&svg).expect("well-formed");
        let nodes = |class: &str| {
            let has = |node: &roxmltree::Node<'_, '_>| {
                let classes = node.attribute("class").unwrap_or("");
                classes.split(' ').any(|one| one == class)
            };
            drawn.descendants().filter(has).count()
        };
        let wrong = &found["counterexample"];
        let steps = wrong["steps"].as_array().expect("steps");
        let is_shown = |step: &&Value| {
            let op = step["op"].as_str().expect("a name");
            !op.starts_with("robust_") || steps.iter().any(|step| step["op"] == "dies")
        };
        assert_eq!(nodes("step"), steps.iter().filter(is_shown).count(), "{model:?}");
        for class in classes {
            assert!(nodes(class) > 0, "{model:?}: nothing is {class}:\n{svg}");
        }
        let root = drawn.root_element();
        let inside = |tag: &str| {
            let node = root.children().find(|node| node.has_tag_name(tag));
            node.and_then(|node| node.text()).unwrap_or_else(|| panic!("no {tag}"))
        };
        assert_eq!(inside("title"), wrong["why"]);
        assert!(inside("desc").contains("1. process "), "{}", inside("desc"));
        for never in ["<script", "http://", "https://", "javascript"] {
            let others = svg.replace("http://www.w3.org/2000/svg", "");
            assert!(!others.contains(never), "{model:?} has {never}");
        }
        assert!(svg.contains("prefers-color-scheme: dark"));
        let again = picture(directory.path(), &["replay", wrong["replay"].as_str().expect("one")]);
        assert_eq!(again, svg, "{model:?}");
    }
}

#[test]
fn where_nothing_is_wrong_no_picture_is_drawn() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("wrong.svg");
    let path = file.to_str().expect("UTF-8");
    let output = run(&["explore", "mutex", "--svg", path]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).contains("no counterexample to draw"), "{output:?}");
    assert!(!file.exists());
    let nowhere = directory.path().join("no-such-directory/wrong.svg");
    let nowhere = nowhere.to_str().expect("UTF-8");
    assert_refused(&run(&["explore", "mutex", "--svg", nowhere]), 2, "no such directory");
    assert_refused(&run(&["explore", "mutex", "--svg", "-"]), 2, "name a file");
}

/// What the pages show is what is printed.
#[test]
fn the_pages_show_what_is_printed() {
    let pages = [
        ("README", 1),
        ("docs/counterexamples", 3),
        ("docs/mutex-and-death", 1),
        ("docs/what-is-proved", 2),
    ];
    for (name, least) in pages {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../{name}.md"));
        let page = fs::read_to_string(page).expect("a page");
        let blocks: Vec<_> = page.split("```console\n$ lockproof ").skip(1).collect();
        assert!(blocks.len() >= least, "only {} are left in {name}", blocks.len());
        blocks.into_iter().for_each(is_what_is_printed);
    }
}

fn is_what_is_printed(block: &str) {
    let (block, _) = block.split_once("\n```").expect("an end");
    let (arguments, expected) = block.split_once('\n').expect("what is printed");
    let output = run(&arguments.split(' ').collect::<Vec<_>>());
    let lines = text(&output.stdout).lines().map(|line| line.trim_end().to_owned() + "\n");
    let printed: String = lines.collect();
    // What is left out there is how long it took, and what is said of every model.
    for part in expected.trim_start_matches("...\n").split("\n...\n") {
        let part = part.strip_suffix("\n...").unwrap_or(part);
        assert!(printed.contains(part), "{arguments}: not as on the page:\n{printed}\nbut\n{part}");
    }
}
