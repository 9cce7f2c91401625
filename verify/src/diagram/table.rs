//! Narrow lanes, and the steps beside them in columns.

use std::borrow::Cow;

use textwrap::wrap;

use super::columns::{padding, shorten_site, shortest_site, widest, width_of};
use super::kind::Kind;
use super::paint::{ALARM, EMPHASIS, FAINT, of_lane, of_row, paint};
use super::story::{NEW_VALUE, Row, Story};

const MARGIN: usize = 1;
const GAP: usize = 2;
/// The arrow before a new value, and the space after it.
const ARROW: usize = 2;
/// From one lane to the next.
const LANE: usize = 4;
/// The same, where there are many.
const NARROW_LANE: usize = 3;
/// More lanes than this are many.
const MANY: usize = 5;
/// Columns that are wrapped get no narrower than this.
const NARROWEST: usize = 6;

const HEADINGS: [&str; COLUMNS] = ["operation", "word", "value", "source"];
const COLUMNS: usize = 4;
const OPERATION: usize = 0;
const WORD: usize = 1;
const VALUE: usize = 2;
const SOURCE: usize = 3;

/// The drawing's lines.
pub(super) fn draw(story: &Story<'_>, width: usize, colour: bool) -> Vec<String> {
    let page = Page::fit(story, width, colour);
    let mut lines = vec![page.heading()];
    for (index, row) in story.rows.iter().enumerate() {
        if let Some(above) = story.above(index) {
            lines.push(paint(above, FAINT, colour));
        }
        lines.extend(page.step(row));
        lines.extend(page.note(row));
    }
    lines
}

struct Page<'a> {
    threads: &'a [usize],
    lane: usize,
    columns: [usize; COLUMNS],
    colour: bool,
}

impl<'a> Page<'a> {
    fn fit(story: &'a Story<'_>, width: usize, colour: bool) -> Self {
        let lane = if story.threads.len() > MANY { NARROW_LANE } else { LANE };
        let room = width.saturating_sub(MARGIN + lane * story.threads.len() + GAP * COLUMNS);
        Self { threads: &story.threads, lane, columns: fit_columns(&story.rows, room), colour }
    }

    fn heading(&self) -> String {
        let mut line = " ".repeat(MARGIN);
        for (lane, thread) in self.threads.iter().enumerate() {
            let name = format!("P{thread}");
            line += &paint(&name, of_lane(lane).effects(EMPHASIS.get_effects()), self.colour);
            line += &padding(&name, self.lane);
        }
        for (heading, width) in HEADINGS.iter().zip(self.columns) {
            line += &" ".repeat(GAP);
            let heading = &heading[..heading.len().min(width)];
            line += &paint(heading, FAINT, self.colour);
            line += &padding(heading, width);
        }
        line
    }

    fn step(&self, row: &Row<'_>) -> Vec<String> {
        let mut cells = cells(row);
        cells[SOURCE] = shorten_site(&cells[SOURCE], self.columns[SOURCE]);
        let wrapped: Vec<Vec<String>> =
            cells.iter().zip(self.columns).map(|(text, width)| wrap_values(text, width)).collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(1);
        (0..height)
            .map(|line| {
                let mut drawn = self.lanes(row, line == 0);
                for (column, lines) in wrapped.iter().enumerate() {
                    let text = lines.get(line).map_or("", String::as_str);
                    drawn += &" ".repeat(GAP);
                    drawn += &paint(text, style(row, column), self.colour);
                    drawn += &padding(text, self.columns[column]);
                }
                drawn
            })
            .collect()
    }

    fn note(&self, row: &Row<'_>) -> Vec<String> {
        let Some(note) = &row.note else { return Vec::new() };
        let note = format!("process {} {note}", row.step.thread);
        let room = self.columns.iter().sum::<usize>() + GAP * (COLUMNS - 1);
        let indented = textwrap::Options::new(room).initial_indent("└ ").subsequent_indent("  ");
        wrap(&note, indented)
            .iter()
            .map(|text| {
                let painted = paint(text, ALARM, self.colour);
                format!("{}{}{painted}", self.lanes(row, false), " ".repeat(GAP))
            })
            .collect()
    }

    fn lanes(&self, row: &Row<'_>, with_mark: bool) -> String {
        let Some(own) = row.lane else {
            let mark = if with_mark { row.kind.mark() } else { "" };
            return format!("{:MARGIN$}{mark}{}", "", padding(mark, self.lane * row.lanes.len()));
        };
        let mut line = " ".repeat(MARGIN);
        for (lane, state) in row.lanes.iter().enumerate() {
            let here = with_mark && lane == own;
            let mark = if here { row.kind.mark() } else { state.line() };
            let style = if here { of_row(row) } else { of_lane(lane) };
            line += &paint(mark, style, self.colour);
            line += &padding(mark, self.lane);
        }
        line
    }
}

/// The columns' widths: what the source lines can do without goes first, then lines are wrapped.
fn fit_columns(rows: &[Row<'_>], room: usize) -> [usize; COLUMNS] {
    let all: Vec<[String; COLUMNS]> = rows.iter().map(cells).collect();
    let widest_in = |column: usize| {
        widest(all.iter().map(|cells| cells[column].as_str()).chain([HEADINGS[column]]))
    };
    let mut columns = std::array::from_fn(&widest_in);
    let shortest = all.iter().map(|cells| shortest_site(&cells[SOURCE])).max().unwrap_or(0);
    shrink(&mut columns, SOURCE, shortest, room);
    let values = all.iter().flat_map(|cells| cells[VALUE].split(NEW_VALUE).map(str::trim));
    shrink(&mut columns, VALUE, ARROW + widest(values), room);
    shrink(&mut columns, OPERATION, widest(rows.iter().map(|row| row.operation.as_str())), room);
    for column in [SOURCE, VALUE, WORD, OPERATION] {
        shrink(&mut columns, column, NARROWEST, room);
    }
    // A wrapped column seldom needs all that it was left with: the source lines get the rest.
    for column in [OPERATION, WORD, VALUE] {
        let lines: Vec<String> = all
            .iter()
            .flat_map(|cells| wrap_values(&cells[column], columns[column]))
            .chain([HEADINGS[column].to_owned()])
            .collect();
        columns[column] = columns[column].min(widest(lines.iter().map(String::as_str)));
    }
    let left = room.saturating_sub(columns.iter().sum());
    columns[SOURCE] = widest_in(SOURCE).min(columns[SOURCE] + left);
    columns
}

/// Narrows one column, to no less than `least`, until all of them fit into `room`.
fn shrink(columns: &mut [usize; COLUMNS], column: usize, least: usize, room: usize) {
    let excess = columns.iter().sum::<usize>().saturating_sub(room);
    let smallest = least.max(NARROWEST.min(columns[column])).min(columns[column]);
    columns[column] = columns[column].saturating_sub(excess).max(smallest);
}

/// Wraps, at the arrow before anywhere else.
fn wrap_values(text: &str, width: usize) -> Vec<String> {
    let lines = match text.find(&format!(" {NEW_VALUE}")) {
        Some(space) if width_of(text) > width => {
            [wrap(&text[..space], width), wrap(&text[space + 1..], width)].concat()
        }
        _ => wrap(text, width),
    };
    lines.into_iter().map(Cow::into_owned).collect()
}

fn cells(row: &Row<'_>) -> [String; COLUMNS] {
    let ordering = &row.step.ordering;
    let operation = format!("{} {ordering}", row.operation).trim_end().to_owned();
    [operation, row.word.to_owned(), row.change.clone(), row.step.site.clone()]
}

fn style(row: &Row<'_>, column: usize) -> anstyle::Style {
    match column {
        SOURCE => FAINT,
        OPERATION => of_row(row),
        _ if row.kind == Kind::Bookkeeping => FAINT,
        _ => anstyle::Style::new(),
    }
}
