//! The report as JUnit XML, which CI systems show: each claim is a test case, each subject a suite.
//!
//! A claim that fails is a `failure`, also one that nothing put to the test; one without a verdict, for lack of time, is an
//! `error`. Nothing is ever `skipped`.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::record::Line;
use crate::diagram;

/// How wide drawings are.
const WIDTH: usize = 100;

/// The claims as JUnit XML.
#[must_use]
pub fn report(lines: &[Line]) -> String {
    let mut report = Report::new("lockproof check");
    report.set_time(sum(lines));
    let mut suites: Vec<(&str, Vec<Line>)> = Vec::new();
    for line in lines {
        match suites.iter_mut().find(|(subject, _)| *subject == line.subject) {
            Some((_, its)) => its.push(line.clone()),
            None => suites.push((&line.subject, vec![line.clone()])),
        }
    }
    for (subject, its) in suites {
        let mut suite = TestSuite::new(subject);
        suite.set_time(sum(&its)).add_test_cases(its.iter().map(case));
        report.add_test_suite(suite);
    }
    let mut text = report
        .to_string()
        .unwrap_or_else(|error| unreachable!("text is written to memory: {error}"));
    text.push('\n');
    text
}

fn sum(lines: &[Line]) -> Duration {
    lines.iter().map(took).sum()
}

/// A hostile report may say anything.
fn took(line: &Line) -> Duration {
    Duration::try_from_secs_f64(line.seconds).unwrap_or_default()
}

fn case(line: &Line) -> TestCase {
    let mut case = TestCase::new(line.id.as_str(), status(line));
    case.set_classname(format!("lockproof.{}", line.subject)).set_time(took(line));
    case
}

fn status(line: &Line) -> TestCaseStatus {
    if line.ok {
        return TestCaseStatus::success();
    }
    let kind = if line.is_late() { NonSuccessKind::Error } else { NonSuccessKind::Failure };
    let mut status = TestCaseStatus::non_success(kind);
    let why = line.why.as_deref().unwrap_or(&line.verdict);
    status.set_type(line.verdict.as_str()).set_message(format!("{}: {why}", line.property));
    if let Some(counterexample) = &line.counterexample {
        status.set_description(diagram::draw(counterexample, WIDTH, false));
    }
    status
}
