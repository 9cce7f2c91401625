//! Where there is `unsafe`, how much of it, and why: `docs/unsafe.md` says so, and is held to it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// How `unsafe` is written where it does something.
const FORMS: [&str; 5] = ["unsafe {", "unsafe impl", "unsafe fn", "unsafe extern", "unsafe trait"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// How many lines of each source have it, comments aside.
fn counted(folder: &Path, counts: &mut BTreeMap<String, usize>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            counted(&path, counts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("a source");
            let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
            let count = code.filter(|line| FORMS.iter().any(|form| line.contains(form))).count();
            if count > 0 {
                let name = path.strip_prefix(root()).expect("below the root").display().to_string();
                counts.insert(name, count);
            }
        }
    }
}

/// The rows of the page: a file, how many, and why.
fn written(page: &str) -> Vec<(String, usize, String)> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let file = cells.next()?.trim_end_matches('`').to_owned();
        let count = cells.next()?.trim().parse().ok()?;
        Some((file, count, cells.next()?.trim_end_matches(" |").to_owned()))
    };
    page.lines().filter_map(row).collect()
}

#[test]
fn every_file_with_unsafe_code_is_listed_with_how_much_and_why() {
    let mut counts = BTreeMap::new();
    for folder in ["src", "verify/src"].map(|folder| root().join(folder)) {
        if folder.exists() {
            counted(&folder, &mut counts);
        }
    }
    assert!(counts.len() > 20, "{counts:?}");
    let page = fs::read_to_string(root().join("docs/unsafe.md")).expect("a page");
    let rows = written(&page);
    for (file, count, why) in &rows {
        assert!(why.len() > 20, "{file}: no reason is given");
        assert_eq!(
            counts.remove(file),
            Some(*count),
            "{file}: look at what has changed, then at docs/unsafe.md"
        );
    }
    assert!(counts.is_empty(), "not in docs/unsafe.md: {counts:?}");
    let sum: usize = rows.iter().map(|(_, count, _)| count).sum();
    assert!(
        page.contains(&format!("{sum} lines in {} files", rows.len())),
        "{sum} lines in {} files",
        rows.len()
    );
}

/// The algorithms have none: what they do wrong is wrong in a model as well.
#[test]
fn the_algorithms_and_the_models_have_none() {
    let mut counts = BTreeMap::new();
    for folder in
        ["src/raw", "src/hostile", "verify/src/models", "verify/src/explore", "verify/src/platform"]
    {
        if root().join(folder).exists() {
            counted(&root().join(folder), &mut counts);
        }
    }
    assert!(counts.is_empty(), "{counts:?}");
}
