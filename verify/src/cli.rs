//! The command line.

mod exit;
mod output;

pub use exit::Exit;
pub use output::Output;
