//! As a graph in Graphviz's language.

use std::fmt::Write;

use super::lines;
use crate::explore::graph::{Automaton, End, Place};

const HEAD: &str = r##"    graph [labelloc=t, fontname="sans-serif", fontsize=14];
    node [shape=box, fontname="monospace", fontsize=10, style=filled, fillcolor="#ffffff"];
    edge [fontname="monospace", fontsize=9];
"##;

pub(super) fn draw(automaton: &Automaton, title: &str) -> String {
    let mut text = format!("digraph automaton {{\n    label={};\n{HEAD}", quoted([title], "\\n"));
    for (number, place) in automaton.places.iter().enumerate() {
        let _ = writeln!(text, "    p{number} [{}];", attributes(place));
    }
    for step in &automaton.steps {
        let label = match step.results.as_slice() {
            [] => String::new(),
            results => format!(" [label={}]", quoted(results.iter().map(String::as_str), "\\n")),
        };
        let _ = writeln!(text, "    p{} -> p{}{label};", step.from, step.to);
    }
    text + "}\n"
}

fn attributes(place: &Place) -> String {
    let mark = place.mark.as_ref().map(|mark| format!("mark {mark}"));
    let all = mark.as_deref().into_iter().chain(lines(place));
    let label = format!("label={}", quoted(all, "\\l"));
    let look = match place.end {
        Some(End::Done) => ", shape=ellipse",
        Some(End::Wrong) => ", shape=octagon, fillcolor=\"#f6c6c6\"",
        None if place.mark.is_some() => ", peripheries=2, fillcolor=\"#e8eef8\"",
        None => "",
    };
    label + look
}

/// Lines in quotes, each ended by `end` if there are several of them.
fn quoted<'a>(lines: impl IntoIterator<Item = &'a str>, end: &str) -> String {
    let lines: Vec<String> =
        lines.into_iter().map(|line| line.replace('\\', "\\\\").replace('"', "\\\"")).collect();
    match lines.as_slice() {
        [line] => format!("\"{line}\""),
        lines => {
            format!("\"{}\"", lines.iter().map(|line| format!("{line}{end}")).collect::<String>())
        }
    }
}
