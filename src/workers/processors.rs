//! Which processors a process is seen on.

use std::collections::BTreeSet;
use std::fs;

/// Where the number of the processor stands in `/proc/PID/stat`, counted from what follows the program's name.
const PROCESSOR: usize = 39 - 3;

/// Adds the processors on which the threads of that process run, or ran last.
pub(super) fn note(process: u32, seen: &mut BTreeSet<usize>) {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    for thread in threads {
        let stat = fs::read_to_string(thread.path().join("stat"));
        seen.extend(stat.ok().as_deref().and_then(processor));
    }
}

fn processor(stat: &str) -> Option<usize> {
    // The name may hold anything, but nothing after it holds a parenthesis.
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split_ascii_whitespace().nth(PROCESSOR)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_found_whatever_the_programs_name() {
        let numbers: Vec<String> = (3..=52).map(|field| field.to_string()).collect();
        let stat = format!("1 (a) b) {}", numbers.join(" "));
        assert_eq!(processor(&stat), Some(39));
        assert_eq!(processor("1 (a"), None);
    }

    #[test]
    fn this_process_is_seen_somewhere() {
        let mut seen = BTreeSet::new();
        note(std::process::id(), &mut seen);
        assert!(!seen.is_empty());
    }
}
