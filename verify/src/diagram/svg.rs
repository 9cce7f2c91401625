//! The same as a picture for browsers: to send to somebody, to put into a report.
//!
//! Narrow lanes and the steps beside them, one below the other, so that it can be read on a phone. An arrow leads from a write to
//! whoever read it in another process, where the steps tell which write that was. It is one file without scripts, in the
//! system's fonts, dark where the reader's other windows are. Whoever hears it instead of seeing it is told the steps in order.

mod page;
mod style;

use std::fmt::Write;

use quick_xml::escape::escape;
use textwrap::wrap;

use super::columns::shorten_site;
use super::explain::{Told, explain};
use super::kind::Kind;
use super::story::{Lane, Row, Story};
use crate::trace::{Counterexample, Step, Witness};
use page::{CHARACTER, LINE, MARGIN, Page, SMALL};
use style::{ARROW_HEAD, STYLE};

/// From one lane to the next, and what is left of the first and right of the last one.
const LANE: usize = 28;
/// Columns of the steps' text.
const COLUMNS: usize = 42;
/// Above and below a step.
const GAP: usize = 5;
/// From the top of a step to the middle of its mark.
const TO_MARK: usize = 11;

/// What arrows mean.
const ARROWS: &str = "An arrow leads from a write to whoever read it.";

/// What is told beside the steps.
struct Words<'a> {
    title: &'a str,
    reasons: Vec<String>,
    replay: &'a str,
}

/// The counterexample as an SVG file.
#[must_use]
pub fn picture(counterexample: &Counterexample) -> String {
    let Counterexample { why, steps, again_from, replay } = counterexample;
    let words = Words { title: why, reasons: explain(counterexample), replay };
    drawing(&Story::of(steps, *again_from), &words)
}

/// The same for the way to a result.
#[must_use]
pub fn picture_of_witness(witness: &Witness, result: &str) -> String {
    let title = format!("A way to {result}");
    let words = Words { title: &title, reasons: Vec::new(), replay: &witness.replay };
    drawing(&Story::of(&witness.steps, None), &words)
}

fn drawing(story: &Story<'_>, words: &Words<'_>) -> String {
    let text_at = MARGIN + story.threads.len().max(1) * LANE;
    let mut page = Page::new(text_at + COLUMNS * CHARACTER / 10 + MARGIN);
    page.paragraph("title", words.title);
    page.space(LINE);
    if !story.rows.is_empty() {
        steps(&mut page, story, text_at);
        page.space(LINE);
    }
    reasons(&mut page, &words.reasons);
    for remark in super::remarks(story) {
        page.paragraph("faint", &remark);
    }
    if page.has("from") {
        page.paragraph("faint", ARROWS);
    }
    if !words.replay.is_empty() {
        page.paragraph("faint", &format!("This execution: {}", words.replay));
    }
    let (width, height) = page.size();
    let (title, told) = (escape(words.title), in_order(story, &words.reasons));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{title}</title>\n<desc id=\"desc\">{}</desc>\n\
         {STYLE}{ARROW_HEAD}<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n{}</svg>\n",
        escape(told),
        page.finish()
    )
}

fn reasons(page: &mut Page, reasons: &[String]) {
    if reasons.is_empty() {
        return;
    }
    page.paragraph("heading", super::WHY);
    for reason in reasons {
        page.paragraph("reason", &format!("– {reason}"));
    }
    page.space(LINE);
}

/// The lanes, and the steps beside them.
fn steps(page: &mut Page, story: &Story<'_>, text_at: usize) {
    heads(page, story);
    let top = page.y();
    let marks: Vec<usize> = story
        .rows
        .iter()
        .enumerate()
        .map(|(at, row)| text(page, story, at, row, text_at))
        .collect();
    for lane in 0..story.threads.len() {
        line(page, story, lane, (top, &marks));
    }
    arrows(page, story, &marks);
    for (row, y) in story.rows.iter().zip(&marks) {
        mark(page, row, *y);
    }
}

/// The middle of a lane; of none, where whoever looks at the end has a place.
fn x_of(lane: Option<usize>) -> usize {
    MARGIN + lane.unwrap_or(0) * LANE + LANE / 2
}

fn heads(page: &mut Page, story: &Story<'_>) {
    let y = page.y() + LINE - 4;
    for (lane, thread) in story.threads.iter().enumerate() {
        let class = format!("head {}", of_lane(Some(lane)));
        page.text_at((x_of(Some(lane)), y), &class, &format!("P{thread}"));
    }
    page.space(LINE + GAP);
}

fn of_lane(lane: Option<usize>) -> String {
    lane.map_or_else(|| "nobody".to_owned(), |lane| format!("p{}", lane % style::LANES))
}

/// What a step is, in words. Returns where its mark belongs.
fn text(page: &mut Page, story: &Story<'_>, at: usize, row: &Row<'_>, x: usize) -> usize {
    if let Some(above) = story.above(at) {
        page.space(GAP);
        page.text_at((x, page.y() + TO_MARK + 2), "above", above);
        page.space(LINE);
    }
    page.space(GAP);
    let y = page.y() + TO_MARK;
    page.open_step(&told(row));
    let who = if row.lane.is_none() { String::new() } else { format!("P{} ", row.step.thread) };
    let operation = format!("{who}{} {}", row.operation, row.step.ordering);
    page.column(x, &format!("operation {}", of_lane(row.lane)), &wrapped(operation.trim()));
    page.column(x, "change", &wrapped(&changed(row)));
    if let Some(note) = &row.note {
        page.column(x, "note", &wrapped(note));
    }
    page.column(x, "site", &[shorten_site(&row.step.site, COLUMNS * CHARACTER / SMALL)]);
    page.close_step();
    page.space(GAP);
    y
}

fn wrapped(text: &str) -> Vec<String> {
    wrap(text, COLUMNS).into_iter().map(std::borrow::Cow::into_owned).collect()
}

/// The word, and what it held and holds.
fn changed(row: &Row<'_>) -> String {
    match (row.word, row.change.as_str()) {
        ("", change) => change.to_owned(),
        (word, "") => word.to_owned(),
        (word, change) => format!("{word}: {change}"),
    }
}

/// One step in a sentence.
fn told(row: &Row<'_>) -> String {
    let Step { thread, ordering, site, .. } = row.step;
    let who = match row.lane {
        Some(_) => format!("process {thread}: {} {ordering}", row.operation),
        None => format!("when all have ended: {} {ordering}", row.operation),
    };
    let parts = [who.trim().to_owned(), changed(row).replace('→', "becomes"), site.clone()];
    let parts = parts.into_iter().chain(row.note.clone()).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(", ")
}

/// For those who hear it: the steps in order, and why it went wrong.
fn in_order(story: &Story<'_>, reasons: &[String]) -> String {
    let mut said = format!("{} processes, {} steps.\n", story.threads.len(), story.rows.len());
    for (number, row) in story.rows.iter().enumerate() {
        let _ = writeln!(said, "{}. {}.", number + 1, told(row));
    }
    said + &reasons.join("\n")
}

/// A lane, in one piece as long as nothing changes for its process.
fn line(page: &mut Page, story: &Story<'_>, lane: usize, (top, marks): (usize, &[usize])) {
    let mut drawn = (Lane::Running, top);
    let is_over = |row: &Row<'_>| row.lane.is_none();
    let rows = story.rows.iter().zip(marks);
    for (row, y) in rows.take_while(|(row, _)| !is_over(row)) {
        if row.lanes[lane] != drawn.0 {
            piece(page, lane, drawn, *y);
            drawn = (row.lanes[lane], *y);
        }
    }
    let end = story.rows.iter().position(is_over).map_or(page.y(), |at| marks[at] - LINE);
    piece(page, lane, drawn, end);
}

fn piece(page: &mut Page, lane: usize, (how, from): (Lane, usize), to: usize) {
    let class = match how {
        Lane::Running => "runs",
        Lane::HoldsOldValue => "holds-old-value",
        Lane::Asleep => "sleeps",
        Lane::Dead => return,
    };
    if to > from {
        let x = x_of(Some(lane));
        page.draw(&format!(
            "<path class=\"{class} {}\" d=\"M {x} {from} V {to}\"/>",
            of_lane(Some(lane))
        ));
    }
}

/// From each write to those in other processes that read it.
fn arrows(page: &mut Page, story: &Story<'_>, marks: &[usize]) {
    let steps: Vec<Step> = story.rows.iter().map(|row| row.step.clone()).collect();
    let known = Told::of(&steps);
    for (read, row) in story.rows.iter().enumerate() {
        let Some(write) = known.source(read) else { continue };
        let writer = story.rows[write].lane;
        if row.lane.is_none() || writer.is_none() || writer == row.lane {
            continue;
        }
        let ((x, y), (to_x, to_y)) = ((x_of(writer), marks[write]), (x_of(row.lane), marks[read]));
        let middle = usize::midpoint(y, to_y);
        page.draw(&format!(
            "<path class=\"from\" d=\"M {x} {y} C {x} {middle} {to_x} {middle} {to_x} {}\"/>",
            to_y.saturating_sub(7)
        ));
    }
}

fn mark(page: &mut Page, row: &Row<'_>, y: usize) {
    let (x, colour) = (x_of(row.lane), of_lane(row.lane));
    let shape = match row.kind {
        Kind::Reads => format!("<circle class=\"reads {colour}\" cx=\"{x}\" cy=\"{y}\" r=\"5\"/>"),
        Kind::Writes => {
            format!("<circle class=\"writes {colour}\" cx=\"{x}\" cy=\"{y}\" r=\"5\"/>")
        }
        Kind::Dies => format!(
            "<path class=\"dies\" d=\"M {} {} l 12 12 m -12 0 l 12 -12\"/>",
            x.saturating_sub(6),
            y.saturating_sub(6)
        ),
        Kind::Kernel => format!(
            "<path class=\"kernel {colour}\" d=\"M {x} {} l 6 6 l -6 6 l -6 -6 z\"/>",
            y.saturating_sub(6)
        ),
        Kind::Sleeps | Kind::Wakes => format!(
            "<circle class=\"reads {colour}\" cx=\"{x}\" cy=\"{y}\" r=\"7\"/><text class=\"mark {colour}\" x=\"{x}\" \
             y=\"{}\">{}</text>",
            y + 4,
            row.kind.mark()
        ),
        Kind::Bookkeeping | Kind::Other => {
            format!("<path class=\"other {colour}\" d=\"M {x} {y} h 6\"/>")
        }
    };
    page.draw(&shape);
}
