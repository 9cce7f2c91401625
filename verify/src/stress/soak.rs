//! The soak: everything at once, for as long as you like.
//!
//! One region has all primitives. Tens of processes, more than there are processors, come and go, and each does now this and
//! now that. Meanwhile they are killed, stopped and continued, moved from processor to processor, told to leave; and
//! they fork, also with a lock held, and kill what they forked. What is looked at:
//!
//! - *What each primitive promises*, at every operation: see `subjects/`. Now and then, and in the end, its account:
//!   acknowledged <= total <= acknowledged + deaths, and while all are at work, + one for each that may be in the middle.
//! - *That each gets on.* If nobody gets on with one primitive for as long as the watchdog waits, everything is stuck.
//! - *What is left behind*: processes, regions and descriptors, as many in the end as at the beginning. One process, the veteran, is
//!   stopped and moved as all are, but never killed: its descriptors and its own memory would show what leaks in use.
//! - *Throughput*, from the beginning to the end. It is reported, and no part of the verdict: other things may run beside it.
//!
//! # Who waits for whom
//!
//! Barriers and events are for waiting for certain others. Who did both, and something else, could wait for one
//! that waits for the first somewhere else; so each has workers that do nothing else. In all other primitives one waits for
//! whoever comes, and nobody has anything in hand while it waits.
//!
//! # Broken on purpose
//!
//! Two that are known to be broken can be added, and have to be found ([`Broken`]): without that, a soak that finds nothing
//! says nothing.

mod figures;
mod ground;
mod herd;
mod kind;
mod outcome;
mod plan;
mod run;
mod text;
mod worker;

pub use figures::{Figures, Own};
pub use outcome::{Account, Soaked, Throughput, Troubles};
pub use plan::{Broken, SoakPlan};
pub use run::soak;

pub(super) use text::{compared, conclusion, facts, introduction, table};
pub(super) use worker::{Share, take_part};
