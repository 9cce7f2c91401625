//! What memory that somebody else writes to may do to those who use it: properties that fuzzers drive, and that tests draw
//! inputs for.
//!
//! A peer that can write a region can give it any bytes, at any moment. It may get a wrong answer out of that, for that
//! region's own data, or an error, or keep others waiting. It must not get an access outside the region, a panic, a loop that
//! does not sleep, or wakes without an end; nor anything that concerns another region.
//!
//! - [`words`] is about the algorithms: each runs alone, over a [`Machine`](machine::Machine) that plays the peer, and on
//!   which a sleep takes no time. So a bound on operations is exact.
//! - [`region`] is about opening, and the typed API: over real memory, which a sanitizer watches.
//! - [`header`] is about the check before a file is used, also that of other machines.
//! - [`inspect`] is about the look from outside, which has to show such a region, or say what is wrong with it.
//! - [`paths`] is about files that are locked, whatever they are called and wherever links lead.
//!
//! None of it is in a build for users: only tests have it, and fuzzers, who compile with `--cfg fuzzing`.

mod input;
mod machine;
mod subjects;

pub(crate) use input::Input;
pub use subjects::words;

#[cfg(target_os = "linux")]
pub use crate::file::hostile::paths;
#[cfg(target_os = "linux")]
pub use crate::inspect::hostile::inspect;
#[cfg(target_os = "linux")]
pub use crate::shm::header::fuzz_header as header;
#[cfg(target_os = "linux")]
pub use crate::shm::hostile::region;

#[cfg(all(test, target_os = "linux"))]
mod tests;
