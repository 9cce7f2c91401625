//! The report as Markdown, for the page that a CI system shows of a job.

use std::fmt::Write;
use std::time::Duration;

use super::numbers::{counted, seconds};
use super::record::{Line, Record};
use super::words::kinds;
use crate::diagram;

/// How wide drawings are: what the pages of CI systems show without scrolling.
const WIDTH: usize = 100;

/// What came of a run, and of each subject, and what failed.
#[must_use]
pub fn report(record: &Record, lines: &[Line]) -> String {
    let mut text = heading(record, lines);
    text += &table(lines);
    for line in lines.iter().filter(|line| line.has_failed()) {
        text += &failure(line);
    }
    let late: Vec<_> = lines.iter().filter(|line| line.is_late()).collect();
    if !late.is_empty() {
        text += "\n### No verdict, for lack of time\n\n";
        text.extend(late.iter().map(|line| format!("- `{}`\n", line.id)));
    }
    text
}

/// The verdict on a run, in a line.
pub(super) fn verdict(lines: &[Line]) -> String {
    let number = |is_it: fn(&Line) -> bool| lines.iter().filter(|line| is_it(line)).count();
    let all = counted(lines.len(), "claim");
    match (number(Line::has_failed), number(Line::is_late)) {
        (0, 0) => format!("{all}: every one holds"),
        (0, late) => format!("{all}: {late} without a verdict, for lack of time"),
        (failed, 0) => format!("{all}: {failed} FAILED"),
        (failed, late) => format!("{all}: {failed} FAILED, and {late} without a verdict"),
    }
}

/// What a run was asked for, and how long it took.
pub(super) fn circumstances(record: &Record) -> String {
    let took = seconds(Duration::try_from_secs_f64(record.seconds).unwrap_or_default());
    let mut text = format!("lockproof {}, {took}, seed {}", record.lockproof, record.seed);
    if record.full {
        text += ", with what takes long";
    }
    if !record.only.is_empty() {
        let _ = write!(text, ", only what contains {}", record.only.join(" or "));
    }
    if let Some(shard) = record.shard {
        let _ = write!(text, ", part {shard} of the claims");
    }
    text
}

fn heading(record: &Record, lines: &[Line]) -> String {
    format!("## {}\n\n{}.\n", verdict(lines), escaped(&circumstances(record)))
}

fn table(lines: &[Line]) -> String {
    let words = |lines: &[&Line]| -> Vec<_> {
        kinds(&lines.iter().map(|line| (line.verdict.as_str(), line.ok)).collect::<Vec<_>>())
    };
    let all = words(&lines.iter().collect::<Vec<_>>());
    let mut text = "\n| subject | claims |".to_owned();
    text.extend(all.iter().map(|(word, ..)| format!(" {word} |")));
    text += " time |\n|---|--:|";
    text += &"--:|".repeat(all.len() + 1);
    text.push('\n');
    for (subject, its) in by_subject(lines) {
        let _ = write!(text, "| {} | {} |", escaped(subject), its.len());
        let of_its = words(&its);
        for (word, ..) in &all {
            let number = of_its.iter().find(|(its, ..)| its == word).map(|(_, number, _)| number);
            let _ = write!(text, " {} |", number.map(ToString::to_string).unwrap_or_default());
        }
        let _ = writeln!(text, " {} |", time(&its));
    }
    text
}

/// A hostile report may say anything of its times.
fn time(lines: &[&Line]) -> String {
    let sum = lines.iter().map(|line| line.seconds).sum();
    seconds(Duration::try_from_secs_f64(sum).unwrap_or_default())
}

pub(super) fn by_subject(lines: &[Line]) -> Vec<(&str, Vec<&Line>)> {
    let mut subjects: Vec<(&str, Vec<&Line>)> = Vec::new();
    for line in lines {
        match subjects.iter_mut().find(|(subject, _)| *subject == line.subject) {
            Some((_, its)) => its.push(line),
            None => subjects.push((&line.subject, vec![line])),
        }
    }
    subjects
}

fn failure(line: &Line) -> String {
    let why = line.why.as_deref().unwrap_or(&line.verdict);
    let drawn = line.counterexample.as_ref().map(|wrong| diagram::draw(wrong, WIDTH, false));
    let drawn = drawn.unwrap_or_else(|| format!("{why}\n"));
    let fence = fence(&drawn);
    format!(
        "\n### FAILED: `{}`\n\n{}\n\n{fence}text\n{drawn}{fence}\n",
        line.id,
        escaped(&line.property)
    )
}

/// A fence that the text does not end.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(3.max(longest + 1))
}

/// Text that Markdown takes for text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\`*_{}[]<>#|".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{escaped, fence};

    #[test]
    fn nothing_in_a_report_ends_its_cell_or_its_fence() {
        assert_eq!(escaped("a|b <i>*"), "a\\|b \\<i\\>\\*");
        assert_eq!(fence("plain"), "```");
        assert_eq!(fence("a ```` b"), "`````");
    }
}
