//! Regions between real processes: made once by whoever comes first, whoever dies; refused in words where they are
//! not what the program expects.
#![cfg(target_os = "linux")]

#[path = "region/closing.rs"]
mod closing;
#[path = "region/creation.rs"]
mod creation;
#[path = "region/misuse.rs"]
mod misuse;
#[path = "region/namespaces.rs"]
mod namespaces;
#[path = "region/passing.rs"]
mod passing;
#[path = "region/processes.rs"]
mod processes;
#[path = "region/reboot.rs"]
mod reboot;
