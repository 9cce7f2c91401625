//! Plots: small drawings that are text, so that they follow light and dark, are read out, and are printed as sharp as the rest.
//!
//! They are as wide as a phone, and grow with the page. Each says in words what it shows, and each mark its figures.

use serde::Serialize;

use super::filled;

mod scale;

pub(crate) use scale::{Scale, number, time};

/// How they look.
pub(crate) const PLOTS: &str = include_str!("plot/plot.css");

/// Inside the axes, as they are in the template.
const LEFT: f64 = 46.0;
const RIGHT: f64 = 352.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 136.0;

/// What is drawn over two axes.
#[derive(Serialize)]
pub(crate) struct Plot {
    /// What it shows, in words.
    label: String,
    x_name: &'static str,
    y_name: &'static str,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    columns: Vec<Column>,
    /// The edge of what a course covers.
    path: Option<String>,
    /// A line across, and what it stands for.
    reference: Option<Tick>,
}

#[derive(Serialize)]
struct Tick {
    at: f64,
    text: String,
}

#[derive(Serialize)]
struct Column {
    x: f64,
    width: f64,
    y: f64,
    height: f64,
    title: String,
}

fn across(scale: &Scale, value: f64) -> f64 {
    LEFT + scale.at(value) * (RIGHT - LEFT)
}

fn up(scale: &Scale, value: f64) -> f64 {
    BOTTOM - scale.at(value) * (BOTTOM - TOP)
}

fn ticks(scale: &Scale, at: fn(&Scale, f64) -> f64, text: fn(f64) -> String) -> Vec<Tick> {
    scale
        .ticks()
        .into_iter()
        .map(|value| Tick { at: at(scale, value), text: text(value) })
        .collect()
}

impl Plot {
    /// A figure for each stretch of time, one after the other, each `seconds` long.
    pub(crate) fn course(
        label: String,
        y_name: &'static str,
        seconds: f64,
        figures: &[f64],
    ) -> Self {
        let x = Scale::up_to(seconds * figures.len() as f64, false);
        let y = Scale::up_to(most(figures), true);
        let mut path = format!("M{LEFT} {BOTTOM}");
        for (before, figure) in figures.iter().enumerate() {
            let (from, to) = (before as f64 * seconds, (before + 1) as f64 * seconds);
            let height = up(&y, *figure);
            path += &format!("L{:.1} {height:.1}H{:.1}", across(&x, from), across(&x, to));
        }
        path += &format!("V{BOTTOM}Z");
        Self {
            label,
            x_name: "seconds",
            y_name,
            x_ticks: ticks(&x, across, number),
            y_ticks: ticks(&y, up, number),
            columns: Vec::new(),
            path: Some(path),
            reference: None,
        }
    }

    /// A column for each of several, and a line where all would end if they were equal.
    pub(crate) fn shares(label: String, x_name: &'static str, figures: &[f64]) -> Self {
        let equal = 1.0;
        let y = Scale::up_to(most(figures).max(equal), true);
        let room = (RIGHT - LEFT) / figures.len().max(1) as f64;
        let column = |(before, figure): (usize, &f64)| Column {
            x: LEFT + before as f64 * room + room * 0.1,
            width: room * 0.8,
            y: up(&y, *figure),
            height: BOTTOM - up(&y, *figure),
            title: format!("{}: {figure:.2} of an equal share", before + 1),
        };
        let every = figures.len().div_ceil(8).max(1);
        let tick = |before: usize| Tick {
            at: LEFT + (before as f64 + 0.5) * room,
            text: (before + 1).to_string(),
        };
        Self {
            label,
            x_name,
            y_name: "share",
            x_ticks: (0..figures.len()).step_by(every).map(tick).collect(),
            y_ticks: ticks(&y, up, number),
            columns: figures.iter().enumerate().map(column).collect(),
            path: None,
            reference: Some(Tick { at: up(&y, equal), text: "equal".to_owned() }),
        }
    }

    /// How many times there were of which length, in seconds: from a power of ten to the next in four steps.
    pub(crate) fn times(label: String, y_name: &'static str, seconds: &[f64]) -> Self {
        const STEPS: f64 = 4.0;
        let x = Scale::powers(seconds);
        let bins = (x.decades() * STEPS).round() as usize;
        let mut numbers = vec![0_usize; bins.max(1)];
        for time in seconds {
            let bin = (x.at(*time) * bins as f64) as usize;
            let last = numbers.len() - 1;
            numbers[bin.min(last)] += 1;
        }
        let figures: Vec<f64> = numbers.iter().map(|number| *number as f64).collect();
        let y = Scale::up_to(most(&figures), true);
        let room = (RIGHT - LEFT) / numbers.len() as f64;
        let column = |(before, figure): (usize, &f64)| {
            let edge = |at: usize| time(x.value(at as f64 / numbers.len() as f64));
            Column {
                x: LEFT + before as f64 * room + 0.5,
                width: room - 1.0,
                y: up(&y, *figure),
                height: BOTTOM - up(&y, *figure),
                title: format!("{} to {}: {figure}", edge(before), edge(before + 1)),
            }
        };
        Self {
            label,
            x_name: "",
            y_name,
            x_ticks: ticks(&x, across, time),
            y_ticks: ticks(&y, up, number),
            columns: figures
                .iter()
                .enumerate()
                .filter(|(_, figure)| **figure > 0.0)
                .map(column)
                .collect(),
            path: None,
            reference: None,
        }
    }

    /// As SVG.
    pub(crate) fn draw(&self) -> String {
        filled(include_str!("plot/plot.svg"), self)
    }
}

fn most(figures: &[f64]) -> f64 {
    figures.iter().copied().fold(0.0, f64::max)
}

/// A figure and how far it spreads, as one row of several.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    pub(crate) name: String,
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// The figures in words.
    pub(crate) title: String,
}

#[derive(Serialize)]
struct Rows {
    label: String,
    x_ticks: Vec<Tick>,
    one: f64,
    rows: Vec<Row>,
    height: f64,
}

#[derive(Serialize)]
struct Row {
    y: f64,
    name: String,
    median: f64,
    low: f64,
    high: f64,
    title: String,
}

/// Rows of medians with their spreads, on a scale of powers around 1, as SVG.
pub(crate) fn spreads(label: String, scale: &Scale, spreads: &[Spread]) -> String {
    const ROW: f64 = 34.0;
    let across = |value: f64| 12.0 + scale.at(value) * (RIGHT - 12.0);
    let row = |(before, spread): (usize, &Spread)| Row {
        y: before as f64 * ROW + 14.0,
        name: spread.name.clone(),
        median: across(spread.median),
        low: across(spread.low),
        high: across(spread.high),
        title: spread.title.clone(),
    };
    let rows = Rows {
        label,
        x_ticks: scale
            .ticks()
            .into_iter()
            .map(|value| Tick { at: across(value), text: number(value) })
            .collect(),
        one: across(1.0),
        height: spreads.len() as f64 * ROW + 4.0,
        rows: spreads.iter().enumerate().map(row).collect(),
    };
    filled(include_str!("plot/spreads.svg"), rows)
}

#[cfg(test)]
mod tests;
