//! Stress: real processes that count together, and are killed while they do.
//!
//! A run starts its workers by running the current program again (see [`worker_main`]), gives them one region, as an
//! inherited memory file or by name, and has each of them increment one [`Subject`]. Workers die by SIGKILL at
//! moments drawn from a seed, and are replaced, until the asked number of kills has landed: until so many
//! reaped statuses have said SIGKILL. When the last worker is gone, an account is drawn up, and must add up.
//!
//! # The account of increments
//!
//! A worker acknowledges each increment in the shared region *after* it. A death can fall between the two, once for
//! each process that is killed. So
//!
//! > acknowledged <= total <= acknowledged + kills
//!
//! and without kills the total is the number of workers times the count, exactly.
//!
//! # The account of deaths
//!
//! Each death of a process that holds the lock makes the kernel mark its word; whoever takes the lock next is told
//! (`OwnerDied`), and counts that report in the shared region, still under the lock, before it declares the count
//! consistent. `counter` does the same inside, in its `deaths`.
//!
//! *Whether the dead one held the lock* must be known for certain, and a word that goes on changing does not tell.
//! `kills.rs` says who stands still meanwhile so that it does.
//!
//! *A report can die uncounted*, with the process it was given to: after it has the lock, before it has counted. But
//! then that process died as the holder too, so that its death gives the report again, to the next. Such a report is
//! *passed on*. Nobody else can be told or count while it holds the lock; so between two successive deaths of
//! holders, exactly one report is counted, or none if the second of the dead is the one it was given to: the
//! word, read while that one held the lock, still had the mark of the first (`OWNER_DIED`) beside its id. Any other
//! number is a death that nobody was told of, or a report of a death that did not happen. At the end the harness
//! takes the lock itself, and counts the report of the last death if nobody else had it. So
//!
//! > deaths while holding = reports + passed on
//!
//! not as a sum alone, but report by report ([`Deaths`]). With `kill_holders`, each kill is a death while holding and
//! none is passed on: K kills, K reports.
//!
//! # Histories
//!
//! A total says that nothing was lost. Of `rwlock` and `queue` it is also recorded, in short runs of their own, who called
//! what, when, and what came of it; and judged whether it could have happened one call after the other (`histories.rs`).
//!
//! # Everything at once
//!
//! `stress --for` is a soak: all primitives in one region, processes that come and go, are killed, stopped, moved and
//! fork, for as long as you like (`soak.rs`).
//!
//! # What is not promised
//!
//! A run that passes proves nothing: it looked at the orders of events that came up. The same seed gives the
//! same choices, not the same timing.

mod arena;
mod claims;
mod command;
mod course;
mod folder;
mod guardian;
mod histories;
mod kills;
mod ledger;
mod options;
mod outcome;
mod page;
mod plan;
mod process;
mod programs;
mod run;
mod scratch;
mod soak;
mod subject;
mod subjects;
mod table;
mod task;
mod watch;
mod worker;

pub use claims::claims;
pub use command::{Status, command, probe_json, write_json};
pub use course::Course;
pub use histories::{HistoryPlan, Offence, Recordable, Recorded, record};
pub use ledger::{Deaths, Flaw, Ledger};
pub use options::Options;
pub use outcome::{Ended, Outcome};
pub use plan::{By, Plan, WATCHDOG, WINDOW};
pub use programs::by_processes;
pub use run::run;
pub use soak::{Account, Broken, Figures, Own, SoakPlan, Soaked, Throughput, Troubles, soak};
pub use subject::Subject;
#[doc(hidden)]
pub use task::Sabotage;
pub use worker::worker_main;

pub(crate) use command::schema;
pub(crate) use folder::Folder;
pub(crate) use watch::Watch;
pub(crate) use {
    table::wrapped,
    task::{MARK, Task, Work},
};
