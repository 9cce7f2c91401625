//! A history for people: time goes down, one column for each process.

use std::fmt::{Display, Write};

use super::{Call, End, History, Lane, Place};

/// How wide a drawing is.
const WIDTH: usize = 78;
/// How many beginnings and ends of calls are drawn, at most: the last.
const MOST_ROWS: usize = 60;

/// A beginning or an end.
struct Row {
    at: u64,
    is_end: bool,
    place: Place,
    words: String,
}

/// Draws a history: when calls began and ended, and the number of each in `order`, as far as they are in it. `unit` is a
/// microsecond by the history's clock.
pub fn draw<O: Display, R: Display>(history: &History<O, R>, order: &[Place], unit: u64) -> String {
    let rows = rows(history, order);
    let left_out = rows.len().saturating_sub(MOST_ROWS);
    let begin = rows.first().map_or(0, |row| row.at);
    let drawn: Vec<_> = (0..history.lanes().len())
        .filter(|lane| !history.lanes()[*lane].calls.is_empty())
        .collect();
    let width = (WIDTH - 9) / drawn.len().max(1);
    let mut text = format!("{:>8} ", "us");
    for lane in &drawn {
        let _ = write!(text, "{} ", fitted(&history.lanes()[*lane].process, width - 1));
    }
    text.truncate(text.trim_end().len());
    if left_out > 0 {
        let _ = write!(text, "\n     ... {left_out} earlier beginnings and ends");
    }
    let mut under_way = vec![false; history.lanes().len()];
    for (number, row) in rows.iter().enumerate() {
        under_way[row.place.lane] = !row.is_end;
        if number < left_out {
            continue;
        }
        let since = (row.at - begin) as f64 / unit as f64;
        let _ = write!(text, "\n{since:>8.2} ");
        for lane in &drawn {
            let cell = match (*lane == row.place.lane, under_way[*lane]) {
                (true, _) => &row.words,
                (false, true) => "│",
                (false, false) => "",
            };
            let _ = write!(text, "{} ", fitted(cell, width - 1));
        }
        text.truncate(text.trim_end().len());
    }
    text
}

fn rows<O: Display, R: Display>(history: &History<O, R>, order: &[Place]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (lane, Lane { calls, .. }) in history.lanes().iter().enumerate() {
        for (call, Call { operation, start, end }) in calls.iter().enumerate() {
            let place = Place { lane, call };
            let number = order
                .iter()
                .position(|there| *there == place)
                .map_or(String::new(), |at| format!(" #{}", at + 1));
            let began = format!("┌ {operation}");
            rows.push(Row { at: *start, is_end: false, place, words: began });
            let (at, words) = match end {
                End::Answered { at, outcome } => (*at, format!("└ {outcome}{number}")),
                End::Unknown { gone: Some(at) } => (*at, format!("✗ killed{number}")),
                End::Unknown { gone: None } => continue,
            };
            rows.push(Row { at, is_end: true, place, words });
        }
    }
    rows.sort_by_key(|row| (row.at, row.is_end));
    rows
}

fn fitted(text: &str, width: usize) -> String {
    let short: String = text.chars().take(width).collect();
    format!("{short:width$}")
}
