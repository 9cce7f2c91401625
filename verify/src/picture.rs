//! Pictures of a thread's automaton: the algorithm as the explorer sees it.

use std::io;
use std::path::Path;
use std::str::FromStr;

use crate::explore::graph::{Automaton, Place};
use crate::report::target::Target;

mod dot;
mod svg;

/// A file for a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    target: Target,
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Dot,
    Svg,
}

impl FromStr for Picture {
    type Err = &'static str;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        let format = match Path::new(path).extension().and_then(|ending| ending.to_str()) {
            Some("dot") => Format::Dot,
            Some("svg") => Format::Svg,
            _ => return Err("name a file that ends in .dot (for Graphviz) or in .svg"),
        };
        Ok(Self { target: path.parse()?, format })
    }
}

impl Picture {
    /// Finds out, before the work, whether the file can be written after it.
    ///
    /// # Errors
    ///
    /// As [`Target::probe`].
    pub fn probe(&self) -> io::Result<()> {
        self.target.probe()
    }

    /// Draws the automaton, and writes the file: all of it, or nothing.
    ///
    /// # Errors
    ///
    /// As [`Target::write`].
    pub fn write(&self, automaton: &Automaton, title: &str) -> io::Result<()> {
        let picture = match self.format {
            Format::Dot => dot::draw(automaton, title),
            Format::Svg => svg::draw(automaton, title),
        };
        self.target.write(&picture)
    }
}

/// What stands in a place's box, line by line.
fn lines(place: &Place) -> Vec<&str> {
    let Place { operation, values, ordering, site, .. } = place;
    let all = [operation, values, ordering, site];
    all.into_iter().filter(|line| !line.is_empty()).map(String::as_str).collect()
}
