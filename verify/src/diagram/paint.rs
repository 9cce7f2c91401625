//! Colours: one for each process, few others.

use anstyle::{AnsiColor, Effects, Style};

use super::kind::Kind;
use super::story::Row;

pub(super) const EMPHASIS: Style = Style::new().effects(Effects::BOLD);
pub(super) const FAINT: Style = Style::new().effects(Effects::DIMMED);
pub(super) const ALARM: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);

const LANES: [AnsiColor; 5] =
    [AnsiColor::Cyan, AnsiColor::Yellow, AnsiColor::Magenta, AnsiColor::Green, AnsiColor::Blue];

/// The colour of everything that a process does.
pub(super) const fn of_lane(lane: usize) -> Style {
    LANES[lane % LANES.len()].on_default()
}

/// The colour of a step.
pub(super) fn of_row(row: &Row<'_>) -> Style {
    match row.kind {
        Kind::Dies => ALARM,
        Kind::Bookkeeping => FAINT,
        _ => row.lane.map_or(Style::new(), of_lane),
    }
}

/// `text` in `style`, or as it is.
pub(crate) fn paint(text: &str, style: Style, colour: bool) -> String {
    if colour && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
}
