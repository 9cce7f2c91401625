//! Where a command writes what it has to say to a person.

use std::fmt;
use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use terminal_size::Width;

/// The width that text is laid out for where there is no terminal to ask.
const USUAL_WIDTH: usize = 80;

/// Text for a person: a stream, and what the one who reads it can see.
///
/// A write fails when the reader has gone (`| head`); commands hand that error up, and the command ends
/// quietly.
pub struct Output {
    stream: Box<dyn Write + Send>,
    colour: bool,
    terminal: bool,
    width: usize,
}

impl Output {
    /// Standard output.
    #[must_use]
    pub fn stdout() -> Self {
        let colour = AutoStream::choice(&io::stdout()) != ColorChoice::Never;
        Self::on(io::stdout(), colour, terminal_size::terminal_size_of(io::stdout()))
    }

    /// Standard error: for people, when standard output is for a program.
    #[must_use]
    pub fn stderr() -> Self {
        let colour = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
        Self::on(io::stderr(), colour, terminal_size::terminal_size_of(io::stderr()))
    }

    /// Plain text of the usual width, written to `stream`.
    #[must_use]
    pub fn plain(stream: impl Write + Send + 'static) -> Self {
        Self::on(stream, false, None)
    }

    fn on(
        stream: impl Write + Send + 'static,
        colour: bool,
        size: Option<(Width, terminal_size::Height)>,
    ) -> Self {
        let width = size.map_or(USUAL_WIDTH, |(Width(columns), _)| usize::from(columns));
        Self { stream: Box::new(stream), colour, terminal: size.is_some(), width }
    }

    /// Whether colours are wanted: it is a terminal, and `NO_COLOR` is unset.
    #[must_use]
    pub const fn colour(&self) -> bool {
        self.colour
    }

    /// Whether it is a terminal.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// How many columns there are: the terminal's, or 80.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("colour", &self.colour)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}
