//! What a process has, and what belongs to it: to be compared between the beginning and the end.

use std::{fs, process};

use schemars::JsonSchema;
use serde::Serialize;

/// What there is of a soak, seen from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Figures {
    /// Processes that were started for it.
    pub processes: u64,
    /// Regions with a name, and mapped ones.
    pub regions: u64,
    /// File descriptors and memory of the harness.
    pub harness: Own,
}

/// What a process has for itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Own {
    /// Open file descriptors.
    pub descriptors: u64,
    /// Memory that it shares with nobody, in KiB.
    pub memory_kib: u64,
}

impl Figures {
    /// What there is now, of this process.
    pub(super) fn now() -> Self {
        Self { processes: processes(), regions: regions(), harness: Own::now() }
    }
}

impl Own {
    /// What this process has now.
    pub(super) fn now() -> Self {
        Self { descriptors: descriptors(), memory_kib: memory_kib() }
    }
}

fn descriptors() -> u64 {
    // Without the one that looks.
    fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64 - 1)
}

fn memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0)
}

/// Those whose command line says that this process has started them; what they fork has the same.
fn processes() -> u64 {
    let mark = format!("\"parent\":{},", process::id());
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_ours = |entry: &fs::DirEntry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&mark)
    };
    entries.filter(is_ours).count() as u64
}

fn regions() -> u64 {
    let own = format!("-{}-", process::id());
    let named = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
    let is_ours = |name: &str| name.starts_with("lockproof-run-") && name.contains(&own);
    let named = named.filter(|entry| entry.file_name().to_str().is_some_and(is_ours)).count();
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    named as u64 + maps.lines().filter(|line| line.contains("lockproof-run")).count() as u64
}
