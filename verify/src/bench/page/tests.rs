//! What is drawn has one direction: right is better, whatever is measured.

use roxmltree::Document;

use super::{report, verdict};
use crate::bench::LeftOut;
use crate::bench::case::{Case, Contender, Death, Unit};
use crate::bench::figures::Measured;
use crate::bench::measure::{Rig, Sample};
use crate::report::html::tests::{as_xml, assert_asks_nobody};

/// Ours against a peer: figures of some rounds.
fn measured(unit: Unit, rounds: &[(f64, f64)]) -> Measured {
    let run = |_: &Rig| -> Result<Sample, String> { Ok(1.0.into()) };
    let contender = |name, death| Contender::new(name, death, run);
    let contenders = vec![contender("ours", Death::Ours), contender("theirs <&>", Death::Hangs)];
    let case = Case { id: "mutex/two", what: "two lock", unit, contenders };
    let mut measured = Measured::of(&case);
    for (ours, theirs) in rounds {
        let told = Sample {
            figure: *ours,
            share: Some(0.5),
            wait: Some(1234.0),
            changes: Some(5678.0),
            ..Sample::default()
        };
        measured.figures[0].add(told);
        measured.figures[1].add((*theirs).into());
    }
    measured
}

#[test]
fn whoever_takes_less_time_or_does_more_is_faster() {
    let twice = [(20.0, 10.0); 7];
    let unclear = [(20.0, 10.0), (5.0, 10.0), (10.0, 10.0)];
    for (unit, rounds, wanted) in [
        (Unit::Millions, &twice[..], "faster in 1, slower in 0, within the spread in 0"),
        (Unit::Nanoseconds, &twice[..], "faster in 0, slower in 1, within the spread in 0"),
        (Unit::Microseconds, &unclear[..], "faster in 0, slower in 0, within the spread in 1"),
    ] {
        let said = verdict(&[measured(unit, rounds)]);
        assert_eq!(said, format!("1 comparison with peers: {wanted}"));
    }
}

#[test]
fn each_peer_is_drawn_and_stands_in_the_table() {
    let cases =
        [measured(Unit::Millions, &[(20.0, 10.0)]), measured(Unit::Nanoseconds, &[(20.0, 10.0)])];
    let rig = Rig::new(std::time::Duration::from_millis(1)).expect("two processors, or one");
    let page = report(&cases, &rig, 1, &[LeftOut { name: "Snake", lacks: "snake" }]);
    assert_asks_nobody(&page);
    let xml = as_xml(&page);
    let document = Document::parse(&xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
    let medians: Vec<f64> = document
        .descendants()
        .filter_map(|node| node.attribute("cx"))
        .map(|at| at.parse().expect("a number"))
        .collect();
    let lines: Vec<f64> = document
        .descendants()
        .filter(|node| node.attribute("class") == Some("reference"))
        .map(|node| node.attribute("x1").unwrap().parse().expect("a number"))
        .collect();
    assert!(medians[0] > lines[0] && medians[1] < lines[1], "{medians:?} {lines:?}");
    assert_eq!(page.matches("theirs &lt;&amp;&gt;</th>").count(), 2, "{page}");
    assert!(page.contains("<strong>ours</strong>"));
    assert!(page.contains("Snake was left out: there is no snake."), "{page}");
    // Of ours, in both cases: the median wait and the longest, and the changes.
    for (said, times) in [("1234", 4), ("5.68 k", 2)] {
        let cell = format!("<td class=\"number\">{said}</td>");
        assert_eq!(page.matches(&cell).count(), times, "{said}");
    }
}
