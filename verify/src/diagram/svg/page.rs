//! A page that is written from top to bottom.

use std::fmt::Write;

use quick_xml::escape::escape;
use textwrap::wrap;

/// Around the whole.
pub(super) const MARGIN: usize = 14;
/// A line's height.
pub(super) const LINE: usize = 16;
/// A letter's width in tenths of a pixel; those of a size smaller.
pub(super) const CHARACTER: usize = 73;
pub(super) const SMALL: usize = 62;

/// What is written so far, in pixels.
pub(super) struct Page {
    width: usize,
    y: usize,
    texts: String,
    /// Under the texts.
    shapes: String,
}

impl Page {
    pub(super) const fn new(width: usize) -> Self {
        Self { width, y: MARGIN, texts: String::new(), shapes: String::new() }
    }

    /// How far down it is written.
    pub(super) const fn y(&self) -> usize {
        self.y
    }

    pub(super) const fn space(&mut self, height: usize) {
        self.y += height;
    }

    pub(super) const fn size(&self) -> (usize, usize) {
        (self.width, self.y + MARGIN)
    }

    /// Text over the whole width.
    pub(super) fn paragraph(&mut self, class: &str, text: &str) {
        let columns = (self.width - 2 * MARGIN) * 10 / CHARACTER;
        let lines: Vec<String> = wrap(text, columns).into_iter().map(Into::into).collect();
        self.column(MARGIN, class, &lines);
    }

    /// Lines below each other.
    pub(super) fn column(&mut self, x: usize, class: &str, lines: &[String]) {
        for line in lines.iter().filter(|line| !line.is_empty()) {
            self.text_at((x, self.y + LINE - 4), class, line);
            self.y += LINE;
        }
    }

    /// Text on one line.
    pub(super) fn text_at(&mut self, (x, y): (usize, usize), class: &str, text: &str) {
        let text = escape(text);
        let _ = writeln!(self.texts, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{text}</text>");
    }

    /// What is written from here on is one step, which is told like that.
    pub(super) fn open_step(&mut self, told: &str) {
        let _ = writeln!(self.texts, "<g class=\"step\"><title>{}</title>", escape(told));
    }

    pub(super) fn close_step(&mut self) {
        self.texts += "</g>\n";
    }

    /// Draws something, without a text of others.
    pub(super) fn draw(&mut self, shape: &str) {
        self.shapes += shape;
        self.shapes.push('\n');
    }

    /// Whether something of that class was drawn.
    pub(super) fn has(&self, class: &str) -> bool {
        self.shapes.contains(&format!("class=\"{class}\""))
    }

    pub(super) fn finish(self) -> String {
        self.shapes + &self.texts
    }
}
