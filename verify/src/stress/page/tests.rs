//! Each run is on the page with its figures, whatever it came to.

use std::time::Duration;

use roxmltree::Document;

use super::report;
use crate::report::html::tests::{as_xml, assert_asks_nobody};
use crate::stress::course::Course;
use crate::stress::{Ended, Ledger, Outcome, Plan, Subject};

fn outcome(ended: Ended) -> Outcome {
    let plan = Plan { kills: 3, seed: 1, ..Plan::new(Subject::Mutex, 2, 50) };
    let ledger = Ledger {
        asked: 100,
        acknowledged: 120,
        total: 121,
        kills_asked: 3,
        kills: 3,
        deaths_while_holding: 2,
        reports: 2,
        ..Ledger::default()
    };
    let course = Course {
        stretch_seconds: 0.5,
        acknowledged: vec![80, 40],
        shares: vec![90, 30],
        recovery_seconds: vec![0.003, 0.000_02],
    };
    Outcome {
        plan,
        ledger,
        ended,
        took: Duration::from_secs(2),
        worked: Duration::from_secs(1),
        longest_stall: Duration::from_millis(3),
        course,
        histories: None,
    }
}

#[test]
fn every_run_has_its_plots_and_its_figures() {
    let page = report(&[outcome(Ended::Finished)], 7, Duration::from_secs(2));
    assert_asks_nobody(&page);
    let xml = as_xml(&page);
    let document = Document::parse(&xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("svg")).count(), 3);
    assert!(page.contains("<header class=\"good\">"), "{page}");
    for said in [
        "120 a second altogether; between 80 and 160 in stretches of 500 ms",
        "0.50 to 1.50",
        "half of 2 times within 3 ms",
        "seed 7",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[test]
fn a_run_that_went_wrong_says_why_and_one_that_saw_nothing_draws_nothing() {
    let stuck = outcome(Ended::Stuck("nothing moved: <b>".to_owned()));
    let nothing =
        Outcome { course: Course::default(), ..outcome(Ended::NotBegun("no room".into())) };
    let page = report(&[stuck, nothing], 7, Duration::from_secs(2));
    let xml = as_xml(&page);
    Document::parse(&xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
    assert!(page.contains("<header class=\"bad\">") && page.contains("nothing moved: &lt;b&gt;"));
    assert_eq!(page.matches("<svg").count(), 3, "of the first only");
}
