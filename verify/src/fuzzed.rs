//! Properties of what reads text and bytes, and of programs at random: fuzzers drive them, and tests draw inputs for them.
//!
//! Each is beside the code that it is about. None of it is in a build for users: only tests have it, and fuzzers, who compile with
//! `--cfg fuzzing`.

pub use crate::cli::replay::fuzzed::tokens;
#[cfg(target_os = "linux")]
pub use crate::demo::fuzzed::scenarios;
pub use crate::programs::fuzzed::programs;
pub use crate::report::fuzzed::reports;

#[cfg(test)]
mod tests;
