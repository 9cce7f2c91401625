//! Draws a counterexample for the terminal, as a sequence diagram.
//!
//! A lane per process, time running downwards, a row per step. Where the screen is wide enough, each step is
//! written in its process's own lane; elsewhere the lanes are narrow and the steps stand beside them in
//! columns. What a person looks for is said under the step: a write that is lost because another process
//! wrote between the read and the write (the lane is thick as long as it holds the old value), and a read of
//! a value that is no longer there. Under the drawing stands why it went wrong, as far as the steps tell.
//!
//! The robust list's bookkeeping is shown only where somebody dies: nothing else ever reads it.

mod columns;
mod effect;
mod explain;
mod kind;
mod notes;
mod paint;
mod side_by_side;
mod story;
mod svg;
mod table;

use std::borrow::Cow;

use textwrap::wrap;

use crate::trace::{Counterexample, Step, Witness};
pub(crate) use paint::paint;
use paint::{EMPHASIS, FAINT};
use story::Story;
pub use svg::{picture, picture_of_witness};

/// Below this nothing can be laid out; lines may then be longer than the screen is wide.
const NARROWEST: usize = 60;
/// Stands above the reasons.
const WHY: &str = "Why:";

/// Why it went wrong, as far as its steps tell: a sentence or two to each entry, none if there are no steps.
#[must_use]
pub fn explanation(counterexample: &Counterexample) -> Vec<String> {
    explain::explain(counterexample)
}

/// The counterexample as lines of at most `width` columns, each ended by a newline; what names the execution may take more.
#[must_use]
pub fn draw(counterexample: &Counterexample, width: usize, colour: bool) -> String {
    let Counterexample { why, steps, again_from, replay } = counterexample;
    let reasons = explanation(counterexample);
    drawing((why, &reasons), (steps, *again_from), replay, width, colour)
}

/// The same for the way to a result, without a title.
#[must_use]
pub fn draw_witness(witness: &Witness, width: usize, colour: bool) -> String {
    drawing(("", &[]), (&witness.steps, None), &witness.replay, width, colour)
}

fn drawing(
    (title, reasons): (&str, &[String]),
    (steps, again_from): (&[Step], Option<usize>),
    replay: &str,
    width: usize,
    colour: bool,
) -> String {
    let width = width.max(NARROWEST);
    let story = Story::of(steps, again_from);
    let mut lines = Vec::new();
    for line in wrap(title, width).into_iter().filter(|line| !line.is_empty()) {
        lines.push(paint(&line, EMPHASIS, colour));
    }
    if !story.rows.is_empty() {
        lines.push(String::new());
        let drawn = side_by_side::draw(&story, width, colour);
        lines.extend(drawn.unwrap_or_else(|| table::draw(&story, width, colour)));
        lines.push(String::new());
    }
    if !reasons.is_empty() {
        lines.extend(explained(reasons, width, colour));
        lines.push(String::new());
    }
    for remark in remarks(&story) {
        for line in wrap(&remark, width) {
            lines.push(paint(&line, FAINT, colour));
        }
    }
    if !replay.is_empty() {
        // In one piece, however long it is: it is there to be copied.
        lines.push(paint(&format!("This execution: {replay}"), FAINT, colour));
    }
    lines.into_iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// Why it went wrong, as a list under its title.
fn explained(reasons: &[String], width: usize, colour: bool) -> Vec<String> {
    let item = textwrap::Options::new(width).initial_indent("  - ").subsequent_indent("    ");
    let title = paint(WHY, EMPHASIS, colour);
    let said = reasons.iter().flat_map(|reason| wrap(reason, item.clone()));
    std::iter::once(title).chain(said.map(Cow::into_owned)).collect()
}

fn remarks(story: &Story<'_>) -> Vec<String> {
    let mut remarks: Vec<String> =
        story.asleep.iter().map(|thread| format!("Process {thread} is still asleep.")).collect();
    if story.folded > 0 {
        let folded = story.folded;
        remarks
            .push(format!("Not shown: {folded} steps of robust-list bookkeeping (nobody dies)."));
    }
    let legend = kind::legend(story);
    if !legend.is_empty() {
        remarks.push(legend);
    }
    remarks
}

#[cfg(test)]
mod tests;
