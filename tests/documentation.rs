//! Every public type says what is promised, and shows itself at work between processes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What is re-exported at the front that nobody uses by itself: guards, errors, results. The type that they belong to says
/// what is promised.
const PARTS: [&str; 22] = [
    "ArrayGuard",
    "BarrierError",
    "BarrierWaitResult",
    "FileLockGuard",
    "MutexGuard",
    "OnceState",
    "Party",
    "Permit",
    "PipeEnd",
    "PutError",
    "ReceiveError",
    "RegionError",
    "ReentrantMutexGuard",
    "RwLockReadGuard",
    "RwLockWriteGuard",
    "SendError",
    "TakeError",
    "Task",
    "TaskLook",
    "TooManyPermits",
    "ValueGuard",
    "WaitTimeoutResult",
];

/// What is to be found elsewhere than at the front.
const ELSEWHERE: [&str; 4] = ["FileUpdate", "RawMutex", "RawReentrantMutex", "RawRwLock"];

/// Where what is looked for stands: the algorithms have types of the same names as the typed locks.
const FOLDERS: [&str; 5] = ["src/file", "src/lock_api", "src/shm", "src/sync", "src/workers"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names that `pub use` gives in a source.
fn exported_by(source: &str) -> Vec<String> {
    let uses = source.split("\npub use ").skip(1);
    let lists = uses.filter_map(|rest| rest.split_once(';')).map(|(list, _)| list);
    let names = lists.flat_map(|list| list.rsplit("::").next().expect("a part").split(','));
    let bare = names.map(|name| name.trim_matches(|c: char| c.is_whitespace() || "{}".contains(c)));
    bare.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn sources() -> Vec<PathBuf> {
    let entries = FOLDERS.iter().flat_map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let files = entries.map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// What is public in a source, and its documentation: `pub struct Mutex<T>` with the lines `///` above it.
fn documented_in(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut text = String::new();
    for line in source.lines() {
        let is_public =
            ["pub struct ", "pub type ", "pub fn "].iter().find_map(|kind| line.strip_prefix(kind));
        if let Some(line) = line.strip_prefix("///") {
            text.push_str(line.strip_prefix(' ').unwrap_or(line));
            text.push('\n');
        } else if let Some(rest) = is_public {
            let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next();
            found.push((name.expect("a first part").to_owned(), std::mem::take(&mut text)));
        } else if !line.starts_with("#[") {
            text.clear();
        }
    }
    found
}

/// What stands under that heading.
fn section<'a>(text: &'a str, heading: &str) -> Option<&'a str> {
    let from = text.split_once(&format!("# {heading}\n"))?.1;
    Some(from.split("\n# ").next().expect("a first part").trim())
}

/// What is missing of a type's documentation, in words.
fn missing(text: &str) -> Option<&'static str> {
    let Some(promise) = section(text, "What is promised") else {
        return Some("it does not say what is promised");
    };
    if !promise.contains("| | shown by |\n|---|---|\n| ") {
        return Some("what is promised is no table that says what shows it");
    }
    if !promise.contains("\nNot promised: ") {
        return Some("it does not say what is not promised");
    }
    if section(text, "If a holder dies").is_none() {
        return Some("it does not say what becomes of things if a holder dies");
    }
    match text.split_once("\n# Examples\n") {
        None => Some("it has no example"),
        Some((_, example)) if !example.contains("Workers::") => Some("no example has processes"),
        Some(_) => None,
    }
}

#[test]
fn every_type_says_what_is_promised_and_has_an_example_between_processes() {
    let front = exported_by(&fs::read_to_string(root().join("src/lib.rs")).unwrap());
    for part in PARTS {
        assert!(front.iter().any(|name| name == part), "{part} is no longer there");
    }
    let mut wanted = front;
    wanted.retain(|name| !PARTS.contains(&&**name));
    assert!(wanted.len() > 20, "only these were found: {wanted:?}");
    wanted.extend(ELSEWHERE.map(str::to_owned));

    let mut found = BTreeMap::<String, Vec<String>>::new();
    for path in sources() {
        for (name, text) in documented_in(&fs::read_to_string(path).unwrap()) {
            found.entry(name).or_default().push(text);
        }
    }
    for name in wanted {
        let texts = found.get(&name).unwrap_or_else(|| panic!("{name} was not found"));
        // `lock_api::Mutex` is another name for something that says it: one of the same name has to.
        let lacks: Vec<_> = texts.iter().map(|text| missing(text)).collect();
        assert!(lacks.contains(&None), "{name}: {lacks:?}");
    }
}

/// `tests/file_lock.rs` in a table or a text, or `tests/file_lock.rs::no_increment_is_lost`: a test is named by its file, and may be
/// by itself.
#[test]
fn every_test_that_the_documentation_names_exists() {
    let mut documents = sources();
    documents.extend(["src/lock_api.rs", "README.md"].map(|path| root().join(path)));
    documents.extend(
        ["mutex-and-death", "primitives", "regions", "security"]
            .map(|page| root().join("docs").join(page).with_extension("md")),
    );
    let mut named = 0;
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        for name in text.split('`').filter(|quoted| quoted.starts_with("tests/")) {
            if name.ends_with('/') {
                continue; // a folder, in the list of what is where
            }
            let (file, test) = name.split_once("::").unwrap_or((name, ""));
            let source = fs::read_to_string(root().join(file)).ok();
            let has_test =
                |source: &String| test.is_empty() || source.contains(&format!("fn {test}()"));
            let is_there = source.as_ref().is_some_and(has_test);
            assert!(is_there, "{}: there is no {name}", document.display());
            named += 1;
        }
    }
    assert!(named > 50, "only {named} were found");
}

/// What the page says was tried, or cannot be prevented, without naming a test.
fn untested(page: &str) -> Vec<&str> {
    let (tables, points) = page.split_once("\n## What cannot be prevented\n").expect("a heading");
    let rows = tables.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| tried"));
    let list = points.trim_start().split("\n\n").next().expect("a first part");
    let points = list.split("\n- ");
    rows.chain(points).filter(|said| !said.contains("`tests/")).collect()
}

#[test]
fn whatever_is_said_of_attacks_was_tried() {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    assert_eq!(untested(&page), Vec::<&str>::new(), "no test is named");
    let rows = "| tried | what comes of it | test |\n|---|---|---|\n| this | that | `tests/a.rs` |\n| one | no | |\n";
    let points =
        "\n## What cannot be prevented\n\n- this\n  (`tests/b.rs`)\n- two\n\nAnd the rest.\n";
    assert_eq!(untested(&format!("{rows}{points}")), ["| one | no | |", "two"]);
}

#[test]
fn what_is_missing_is_noticed() {
    let whole = "A lock.\n\n# What is promised\n\n| | shown by |\n|---|---|\n| all | `a/*` |\n\nNot promised: more.\n\n\
                 # If a holder dies\n\nYes.\n\n# Examples\n\n```\nWorkers::fork\n```\n";
    assert_eq!(missing(whole), None);
    for (part, expected) in [
        ("# What is promised", "it does not say what is promised"),
        ("| | shown by |", "what is promised is no table that says what shows it"),
        ("Not promised: more.", "it does not say what is not promised"),
        ("# If a holder dies", "it does not say what becomes of things if a holder dies"),
        ("# Examples", "it has no example"),
        ("Workers::fork", "no example has processes"),
    ] {
        assert_eq!(missing(&whole.replace(part, "")), Some(expected), "without {part}");
    }
}
