//! The page has each line of the source once, and beside it what became of its mutants, whatever that was.

use std::time::Duration;

use roxmltree::{Document, Node};

use super::mutation;
use crate::claim::{Budget, Silent};
use crate::mutate::{Fate, Mutant, NoReference, Passed, Reference, SUBJECTS, Subject, Tried};
use crate::report::html::tests::{as_xml, assert_asks_nobody};
use crate::report::mutation::{Mutated, Report};

fn smallest() -> (&'static Subject, Reference) {
    let subject = SUBJECTS.iter().find(|subject| subject.name == "counter").expect("a subject");
    let passed = |trial| Passed::of(subject, trial, &Budget::seeded(1), &Silent).expect("it holds");
    let passed = subject.trials().filter_map(passed).collect();
    (subject, Reference::of(subject, passed))
}

/// All caught, but for the first, of which this is said.
fn report(first: Fate) -> Report {
    let (subject, reference) = smallest();
    let caught =
        || Fate::Caught { by: "a/claim".into(), how: "</li>it went wrong".into(), states: 1234 };
    let mut first = Some(first);
    let mutants = reference.mutants.iter().map(|mutant| {
        let fate = first.take().unwrap_or_else(caught);
        (mutant.clone(), Tried { fate, took: Duration::ZERO })
    });
    let mutants: Vec<(Mutant, Tried)> = mutants.collect();
    let mutated = Mutated { mutants, ..Mutated::of(subject, Ok(&reference)) };
    Report { subjects: vec![mutated], took: Duration::from_secs(1) }
}

fn with_class<'a>(page: &'a Document<'_>, class: &str) -> Vec<Node<'a, 'a>> {
    let has = |node: &Node<'_, '_>| {
        node.attribute("class").is_some_and(|all| all.split(' ').any(|one| one == class))
    };
    page.descendants().filter(has).collect()
}

fn text(node: &Node<'_, '_>) -> String {
    node.descendants()
        .filter_map(|inside| inside.is_text().then(|| inside.text()).flatten())
        .collect()
}

#[test]
fn each_line_of_the_source_is_there_with_its_mutants() {
    let report = report(Fate::Missed);
    let page = mutation(&report);
    assert_asks_nobody(&page);
    let xml = as_xml(&page);
    let document = Document::parse(&xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
    let source = with_class(&document, "source");
    let lines: Vec<_> = source[0].children().filter(Node::is_element).collect();
    let written = lockproof::raw::source::of("src/raw/counter.rs").expect("a source");
    assert_eq!(lines.len(), written.lines().count());
    for (line, written) in lines.iter().zip(written.lines()) {
        let code = line.descendants().find(|node| node.has_tag_name("code")).expect("code");
        assert_eq!(text(&code), written);
    }
    let shown = with_class(&document, "mutants")
        .into_iter()
        .map(|list| list.children().filter(Node::is_element).count());
    let mutants = &report.subjects[0].mutants;
    assert_eq!(shown.sum::<usize>(), mutants.len(), "each has its line");
    let line: usize = mutants[0].0.site.rsplit(':').next().unwrap().parse().unwrap();
    assert!(lines[line - 1].attribute("data-kinds").unwrap().contains("missed"));
    assert!(text(&lines[line - 1]).contains(&mutants[0].0.change));
}

/// The lines, from 1, that are marked as out of every model's way, and those that have mutants.
fn unreached_and_tried(report: &Report) -> (Vec<usize>, Vec<usize>) {
    let xml = as_xml(&mutation(report));
    let document = Document::parse(&xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
    let lines = with_class(&document, "source")[0].children().filter(Node::is_element);
    let kinds: Vec<&str> = lines.map(|line| line.attribute("data-kinds").unwrap()).collect();
    let numbers = |is_one: fn(&str) -> bool| {
        (1..).zip(&kinds).filter(|(_, kinds)| is_one(kinds)).map(|(at, _)| at).collect()
    };
    (numbers(|kinds| kinds == "unreached"), numbers(|kinds| !["", "unreached"].contains(&kinds)))
}

/// What is read off the text is what models come to: if no mutant of a line is known, it is marked, and no other line is.
#[test]
fn lines_that_no_model_reaches_are_marked() {
    let mut report = report(Fate::Missed);
    let (before, tried) = unreached_and_tried(&report);
    assert!(!tried.is_empty());
    report.subjects[0].mutants.clear();
    let (now, none) = unreached_and_tried(&report);
    assert_eq!(none, [0; 0]);
    let mut both = [before, tried].concat();
    both.sort_unstable();
    assert_eq!(now, both);
    assert!(mutation(&report).contains(">not reached</span>"));
    report.subjects[0].trials = Err(NoReference::Wrong("it does not hold".into()));
    assert_eq!(unreached_and_tried(&report).0, [0; 0], "nobody looked");
}

#[test]
fn the_verdict_says_what_is_wrong() {
    let verdict = |report: &Report| {
        let page = mutation(report);
        let good = page.contains("<header class=\"good\">");
        let (_, after) = page.split_once("<h1>").expect("a verdict");
        (after.split("</h1>").next().expect("its end").to_owned(), good)
    };
    let number = report(Fate::Missed).subjects[0].mutants.len();
    for (fate, said, good) in [
        (Fate::Missed, "1 MISSED", false),
        (Fate::Timeout { by: "a/claim".into() }, "1 without a verdict", false),
        (Fate::NotEquivalent { by: "a/claim".into() }, "1 NOT EQUIVALENT", false),
        (Fate::OutOfReach, "every one is caught, but for 1 of which the reason is known", true),
    ] {
        assert_eq!(verdict(&report(fate)), (format!("{number} mutants: {said}"), good));
    }
    let mut untried = report(Fate::Missed);
    untried.subjects[0].mutants.clear();
    untried.subjects[0].trials = Err(NoReference::Wrong("it does not hold".into()));
    assert_eq!(verdict(&untried), ("0 mutants: 1 algorithm could not be tried".to_owned(), false));
}
