//! The page is well-formed, whatever a report says, and has in it what the report has.

use roxmltree::{Document, Node};

use super::report;
use crate::report::html::tests::{as_xml, assert_asks_nobody};
use crate::report::record::Record;

fn record(hostile: &str) -> Record {
    let step = |thread: usize, op: &str| {
        serde_json::json!({
            "thread": thread, "op": op, "word": hostile, "ordering": "Relaxed", "before": "0", "after": hostile,
            "site": "src/x.rs:1"
        })
    };
    let claim = |id: &str, verdict: &str, ok: bool, wrong: serde_json::Value| {
        serde_json::json!({
            "id": id, "subject": hostile, "property": hostile, "method": "explorer", "memory_model": "c11",
            "processes": 2, "increments": 1, "bound": {"deaths": 1, "states": 1000}, "verdict": verdict, "why": hostile,
            "expected": "holds", "ok": ok, "executions": 3, "states": 5, "transitions": 7, "seconds": 0.5,
            "outcomes": {"1": 1, "2": 3}, "notes": [hostile], "counterexample": wrong
        })
    };
    let wrong = serde_json::json!({
        "why": hostile, "steps": [step(1, "load"), step(2, "dies")], "again_from": 1, "replay": hostile
    });
    let report = serde_json::json!({
        "lockproof": "0.1.0", "seconds": 1.5, "ok": false, "seed": 1, "full": true, "only": [hostile], "shard": null,
        "claims": [
            claim("good", "exhausted", true, serde_json::Value::Null),
            claim("bad", "counterexample", false, wrong),
            claim("late", "timeout", false, serde_json::Value::Null),
        ]
    });
    Record::parse(&report.to_string()).expect("a report")
}

fn with_class<'a>(page: &'a Document<'_>, class: &str) -> Vec<Node<'a, 'a>> {
    let has = |node: &Node<'_, '_>| {
        node.attribute("class").is_some_and(|all| all.split(' ').any(|one| one == class))
    };
    page.descendants().filter(has).collect()
}

#[test]
fn whatever_a_report_says_stays_text() {
    for hostile in ["plain", "</script><script>alert(1)</script>", "\"'><img src=x>&amp;{{ 1 }}"] {
        let record = record(hostile);
        let page = report(&record, &record.lines().expect("claims"));
        let page = as_xml(&page);
        let page =
            Document::parse(&page).unwrap_or_else(|error| panic!("{hostile}: {error}\n{page}"));
        let steps = with_class(&page, "step");
        assert_eq!(steps.len(), 2, "{hostile}");
        assert_eq!(steps[0].attribute("data-word"), Some(hostile));
        assert!(with_class(&page, "death").len() == 1 && with_class(&page, "again").len() == 1);
        let claims: Vec<_> =
            page.descendants().filter(|row| row.has_attribute("data-verdict")).collect();
        let verdicts: Vec<_> = claims.iter().map(|row| row.attribute("data-verdict")).collect();
        assert_eq!(verdicts, [Some("exhausted"), Some("failed"), Some("late")]);
        assert_eq!(claims[0].attribute("data-subject"), Some(hostile));
        assert!(!page.descendants().any(|node| node.has_tag_name("img")));
    }
}

#[test]
fn the_page_asks_nobody_for_anything() {
    let record = record("plain");
    let page = report(&record, &record.lines().expect("claims"));
    assert_asks_nobody(&page);
    assert!(page.contains("3 claims: 1 FAILED, and 1 without a verdict"), "{page}");
}
