//! The colours of what people read.

use anstyle::{AnsiColor, Effects, Style};

pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
pub(super) const LATE: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);
pub(super) const TITLE: Style = Style::new().effects(Effects::BOLD);
pub(super) const FAINT: Style = Style::new().effects(Effects::DIMMED);
