//! The kernel's part in waiting: what `Platform` promises of its futexes, with real threads, processes and deaths.

mod common;

#[path = "waits/refused.rs"]
mod refused;
#[path = "waits/requeue.rs"]
mod requeue;
#[path = "waits/several.rs"]
mod several;
#[path = "waits/words.rs"]
mod words;
