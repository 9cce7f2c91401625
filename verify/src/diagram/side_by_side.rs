//! Each step in its process's own lane; ordering and source line to the right.

use textwrap::wrap;

use super::columns::{padding, shorten_site, shortest_site, widest, width_of};
use super::paint::{ALARM, EMPHASIS, FAINT, of_lane, of_row, paint};
use super::story::{NEW_VALUE, Row, Story};

const MARGIN: usize = 1;
const GAP: usize = 2;
/// The mark and the space after it.
const MARK: usize = 2;
/// Room for the words under a step.
const NARROWEST_LANE: usize = 22;
/// More room than that does not make it easier to read.
const AMPLE_LANE: usize = 36;

/// The drawing's lines, or `None` if a step would not fit into its lane.
pub(super) fn draw(story: &Story<'_>, width: usize, colour: bool) -> Option<Vec<String>> {
    let page = Page::fit(story, width, colour)?;
    let mut lines = vec![page.heading(), page.pause(&story.rows[0])];
    for (index, row) in story.rows.iter().enumerate() {
        if let Some(above) = story.above(index) {
            lines.push(paint(above, FAINT, colour));
        }
        lines.push(page.step(row));
        lines.extend(page.note(row));
    }
    Some(lines)
}

struct Page<'a> {
    threads: &'a [usize],
    /// Each lane's width, the mark included and the gap not.
    lanes: Vec<usize>,
    ordering: usize,
    site: usize,
    colour: bool,
}

impl<'a> Page<'a> {
    fn fit(story: &'a Story<'_>, width: usize, colour: bool) -> Option<Self> {
        let lane_width = |lane: usize| {
            let texts: Vec<String> =
                story.rows.iter().filter(|row| row.lane == Some(lane)).map(text).collect();
            (MARK + widest(texts.iter().map(String::as_str))).max(NARROWEST_LANE)
        };
        let lanes: Vec<usize> = (0..story.threads.len()).map(lane_width).collect();
        let ordering = widest(story.rows.iter().map(|row| row.step.ordering.as_str()));
        let last = story.rows.iter().filter(|row| row.lane.is_none()).map(text);
        let mut page = Self { threads: &story.threads, lanes, ordering, site: 0, colour };
        if last.map(|text| MARK + width_of(&text) + GAP).max() > Some(page.all_lanes()) {
            return None;
        }
        let used = MARGIN + page.all_lanes() + ordering + GAP;
        let shortest = story.rows.iter().map(|row| shortest_site(&row.step.site)).max()?;
        page.site = width.checked_sub(used).filter(|left| *left >= shortest)?;
        page.widen_lanes(widest(story.rows.iter().map(|row| row.step.site.as_str())));
        Some(page)
    }

    /// Gives the lanes what the source lines leave over.
    fn widen_lanes(&mut self, longest_site: usize) {
        let each = self.site.saturating_sub(longest_site) / self.lanes.len().max(1);
        for lane in &mut self.lanes {
            let wider = (*lane).max(AMPLE_LANE.min(*lane + each));
            self.site -= wider - *lane;
            *lane = wider;
        }
    }

    fn heading(&self) -> String {
        let mut line = " ".repeat(MARGIN);
        for (lane, thread) in self.threads.iter().enumerate() {
            let name = format!("process {thread}");
            line += &paint(&name, of_lane(lane).effects(EMPHASIS.get_effects()), self.colour);
            line += &padding(&name, self.lanes[lane] + GAP);
        }
        line
    }

    /// A line on which nothing happens, before the first step.
    fn pause(&self, first: &Row<'_>) -> String {
        self.lanes_with(first, |lane| (paint("│", of_lane(lane), self.colour), 1))
    }

    fn step(&self, row: &Row<'_>) -> String {
        let text = format!("{} {}", row.kind.mark(), text(row));
        let painted = paint(&text, of_row(row), self.colour);
        let mut line = match row.lane {
            Some(own) => self.lanes_with(row, |lane| {
                if lane == own {
                    (painted.clone(), width_of(&text))
                } else {
                    self.line_of(row, lane)
                }
            }),
            None => format!("{:MARGIN$}{painted}{}", "", padding(&text, self.all_lanes())),
        };
        let (ordering, site) = (&row.step.ordering, shorten_site(&row.step.site, self.site));
        line += ordering;
        line += &padding(ordering, self.ordering + GAP);
        line += &paint(&site, FAINT, self.colour);
        line
    }

    fn note(&self, row: &Row<'_>) -> Vec<String> {
        let (Some(note), Some(own)) = (&row.note, row.lane) else { return Vec::new() };
        let room = self.lanes[own] - MARK;
        let indented = textwrap::Options::new(room).initial_indent("└ ").subsequent_indent("  ");
        let with_note = |text: &str| {
            self.lanes_with(row, |lane| {
                let (line, width) = self.line_of(row, lane);
                if lane != own {
                    return (line, width);
                }
                let painted = paint(text, ALARM, self.colour);
                (format!("{line} {painted}"), MARK + width_of(text))
            })
        };
        wrap(note, indented).iter().map(|text| with_note(text)).collect()
    }

    fn all_lanes(&self) -> usize {
        self.lanes.iter().map(|lane| lane + GAP).sum()
    }

    fn line_of(&self, row: &Row<'_>, lane: usize) -> (String, usize) {
        (paint(row.lanes[lane].line(), of_lane(lane), self.colour), 1)
    }

    /// The lanes, each with what `cell` gives for it: the painted text, and its width.
    fn lanes_with(&self, row: &Row<'_>, cell: impl Fn(usize) -> (String, usize)) -> String {
        let mut line = " ".repeat(MARGIN);
        for lane in 0..row.lanes.len() {
            let (painted, width) = cell(lane);
            line += &painted;
            line += &" ".repeat((self.lanes[lane] + GAP).saturating_sub(width));
        }
        line
    }
}

fn text(row: &Row<'_>) -> String {
    let no_colon =
        row.word.is_empty() || row.change.is_empty() || row.change.starts_with(NEW_VALUE);
    let colon = if no_colon { "" } else { ":" };
    let word = format!("{}{colon}", row.word);
    let parts = [row.operation.as_str(), &word, &row.change];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
