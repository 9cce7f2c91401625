//! Whatever the figures are, the drawing is well-formed, and inside its frame.

use roxmltree::{Document, Node};

use super::*;

fn drawn(text: &str, look: impl Fn(&[Node<'_, '_>])) {
    let document = Document::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert!(!document.root_element().attribute("aria-label").expect("words").is_empty());
    let marks: Vec<_> = document
        .descendants()
        .filter(|node| ["rect", "circle"].contains(&node.tag_name().name()))
        .collect();
    for mark in &marks {
        for (name, value) in mark.attributes().map(|one| (one.name(), one.value())) {
            if ["x", "y", "width", "height", "cx", "cy"].contains(&name) {
                let value: f64 = value.parse().unwrap_or_else(|_| panic!("{name}={value}"));
                assert!((0.0..=2000.0).contains(&value), "{name}={value}: {text}");
            }
        }
    }
    look(&marks);
}

#[test]
fn shares_have_a_column_each() {
    for figures in [vec![], vec![0.0], vec![1.0, 0.5, 1.5], vec![1.0; 256]] {
        let plot = Plot::shares("who did how much".to_owned(), "process", &figures);
        drawn(&plot.draw(), |marks| assert_eq!(marks.len(), figures.len()));
    }
}

#[test]
fn each_time_is_in_a_column() {
    let seconds = [2e-5, 2e-5, 3e-3, 1.0, 0.0];
    let plot = Plot::times("how long <it> took".to_owned(), "kills", &seconds);
    drawn(&plot.draw(), |marks| {
        let title = |mark: &Node<'_, '_>| {
            mark.descendants().find_map(|node| node.text()).unwrap_or_default().to_owned()
        };
        let counted: f64 = marks
            .iter()
            .map(|mark| title(mark).rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum();
        assert_eq!(counted, seconds.len() as f64);
    });
    drawn(&Plot::times("none".to_owned(), "kills", &[]).draw(), |marks| assert!(marks.is_empty()));
}

#[test]
fn courses_and_spreads_are_drawn_whatever_the_figures_are() {
    for figures in [vec![], vec![0.0], vec![1e9, f64::NAN, 3.0]] {
        drawn(&Plot::course("rate".to_owned(), "per second", 0.1, &figures).draw(), |_| {});
    }
    let row = |low, median, high| Spread {
        name: "a <peer>".to_owned(),
        median,
        low,
        high,
        title: "1 & 2".to_owned(),
    };
    let rows = [row(0.5, 1.0, 2.0), row(0.0, 1e-9, f64::INFINITY)];
    let scale = Scale::around_one(&[0.5, 2.0]);
    drawn(&spreads("ratios".to_owned(), &scale, &rows), |marks| {
        let at: f64 = marks[0].attribute("cx").unwrap().parse().unwrap();
        let one = 12.0 + (RIGHT - 12.0) / 2.0;
        assert!((at - one).abs() < 0.2, "1 is in the middle: {at}");
        assert_eq!(marks.len(), rows.len());
    });
}
