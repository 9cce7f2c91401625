//! What users of the library can name: as somebody has read it last. Where it has changed: is that a breaking change? Then let
//! `SNAPSHOTS=overwrite` write it down, and say in the changelog what changes for whom.
//!
//! What there is comes from rustdoc, which tells it as JSON only in the nightly toolchain; how it is written, from the source.
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use snapbox::{Assert, Data};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What rustdoc says of the library with all its features; none without the toolchain for it.
fn described() -> Option<Value> {
    let nightly = |arguments: &[&str]| {
        let mut cargo = Command::new("cargo");
        cargo.arg("+nightly").args(arguments).current_dir(root());
        // What this test was started with is of another toolchain.
        for variable in
            ["RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN", "CARGO", "RUSTFLAGS", "RUSTDOCFLAGS"]
        {
            cargo.env_remove(variable);
        }
        cargo
            .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("public-api"))
            .output()
    };
    if !nightly(&["--version"]).is_ok_and(|output| output.status.success()) {
        return None;
    }
    let flags = "rustdoc -p lockproof --lib --features lock_api --locked -- -Zunstable-options --output-format json";
    let output = nightly(&flags.split(' ').collect::<Vec<_>>()).expect("it has just run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join("public-api/doc/lockproof.json");
    Some(
        serde_json::from_str(&fs::read_to_string(written).expect("rustdoc wrote it"))
            .expect("JSON"),
    )
}

/// Goes from the front through all that is public.
struct Tour<'a> {
    index: &'a Value,
    sources: BTreeMap<String, Vec<String>>,
    seen: BTreeSet<String>,
    lines: BTreeSet<String>,
}

impl<'a> Tour<'a> {
    fn of(described: &'a Value) -> BTreeSet<String> {
        let index = &described["index"];
        let mut tour =
            Self { index, sources: BTreeMap::new(), seen: BTreeSet::new(), lines: BTreeSet::new() };
        tour.enter("lockproof", &described["root"]);
        tour.lines
    }

    fn item(&self, id: &Value) -> Option<&'a Value> {
        self.index.get(id.to_string()).filter(|item| item["crate_id"] == 0)
    }

    /// What can be named below that path.
    fn enter(&mut self, path: &str, id: &Value) {
        let Some(item) = self.item(id) else { return };
        let Some((kind, inner)) = item["inner"].as_object().and_then(|inner| inner.iter().next())
        else {
            return;
        };
        if !self.seen.insert(format!("{path} {id}")) {
            return;
        }
        match kind.as_str() {
            "module" => self.enter_all(path, &inner["items"], true),
            "trait" => {
                self.note(path, item);
                self.enter_all(path, &inner["items"], false);
            }
            "struct" | "enum" => {
                self.note(path, item);
                self.enter_all(path, &inner["kind"]["plain"]["fields"], true);
                self.enter_all(path, &inner["variants"], false);
                self.enter_impls(path, &inner["impls"]);
            }
            "variant" => {
                self.note(path, item);
                self.enter_all(path, &inner["kind"]["struct"]["fields"], false);
            }
            _ => self.note(path, item),
        }
    }

    fn enter_all(&mut self, path: &str, ids: &Value, only_public: bool) {
        for id in ids.as_array().into_iter().flatten() {
            let Some(item) = self.item(id) else { continue };
            if only_public && item["visibility"] != "public" {
                continue;
            }
            if let Some(used) = item["inner"].get("use") {
                let name = used["name"].as_str().unwrap_or_default();
                match self.item(&used["id"]) {
                    Some(_) => self.enter(&format!("{path}::{name}"), &used["id"]),
                    None => {
                        self.add(format!("{path}::{name}: use {}", used["source"]));
                    }
                }
            } else if let Some(name) = item["name"].as_str() {
                self.enter(&format!("{path}::{name}"), id);
            }
        }
    }

    /// Own methods, and the traits that it has. What follows for everything is left out.
    fn enter_impls(&mut self, path: &str, ids: &Value) {
        for id in ids.as_array().into_iter().flatten() {
            let Some(item) = self.item(id) else { continue };
            let inner = &item["inner"]["impl"];
            if inner["is_synthetic"] == true || !inner["blanket_impl"].is_null() {
                continue;
            }
            match inner["trait"]["path"].as_str() {
                None => self.enter_all(path, &inner["items"], true),
                Some(name) => self.add(format!("{path}: {name}")),
            }
        }
    }

    fn note(&mut self, path: &str, item: &Value) {
        let text = self.written(item);
        self.add(format!("{path}: {text}"));
    }

    fn add(&mut self, line: String) {
        self.lines.insert(line);
    }

    /// How it is written: up to its body.
    fn written(&mut self, item: &Value) -> String {
        let span = &item["span"];
        let (Some(file), Some(line)) = (span["filename"].as_str(), span["begin"][0].as_u64())
        else {
            return "(no source)".to_owned();
        };
        let column = span["begin"][1].as_u64().unwrap_or(1) as usize - 1;
        let lines = self.sources.entry(file.to_owned()).or_insert_with(|| {
            let source = fs::read_to_string(root().join(file)).unwrap_or_default();
            source.lines().map(str::to_owned).collect()
        });
        let last = span["end"][0].as_u64().unwrap_or(line) as usize;
        let text = lines.get(line as usize - 1..last).unwrap_or_default().join(" ");
        let text = text.get(column..).unwrap_or(&text);
        up_to_its_body(text)
    }
}

/// A declaration without what it is made of, on a line.
fn up_to_its_body(text: &str) -> String {
    let mut depth = 0;
    let end = text.find(|character| {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(character, '{' | ';')
    });
    let words: Vec<_> = text[..end.unwrap_or(text.len())].split_whitespace().collect();
    // Whether it stands on one line or on several.
    let text = words.join(" ").replace("( ", "(").replace(", )", ")").replace("< ", "<");
    text.trim_end_matches(',').to_owned()
}

#[test]
fn what_can_be_named_is_as_it_was_read_last() {
    let Some(described) = described() else {
        eprintln!(
            "skipped: there is no nightly toolchain, whose rustdoc could tell what is public"
        );
        return;
    };
    let lines = Tour::of(&described);
    assert!(lines.len() > 300, "only {}", lines.len());
    let mut text = lines.into_iter().collect::<Vec<_>>().join("\n");
    text.push('\n');
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/public_api/lockproof.txt");
    Assert::new().action_env("SNAPSHOTS").eq(text, Data::read_from(&kept, None));
}
