//! How much memory each of several searches may take.

use std::num::NonZero;

use sysinfo::{MemoryRefreshKind, System};

/// What is left to everything else, as a part of what is free: the states are not all that a search needs.
const SPARED: u64 = 5;

/// The share of each of so many searches in the memory that is free now, in bytes; nothing where that cannot be told.
pub(super) fn share_of_memory(jobs: NonZero<usize>) -> Option<usize> {
    let mut system = System::new();
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    let of_the_group = system.cgroup_limits().map(|limits| limits.free_memory);
    let free =
        of_the_group.map_or(system.available_memory(), |free| free.min(system.available_memory()));
    share(free, jobs)
}

fn share(free: u64, jobs: NonZero<usize>) -> Option<usize> {
    let spared = free / SPARED;
    let share = (free - spared) / jobs.get() as u64;
    usize::try_from(share).ok().filter(|share| *share > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_is_shared_and_some_of_it_spared() {
        let two = NonZero::new(2).expect("not zero");
        assert_eq!(share(1000, NonZero::<usize>::MIN), Some(800));
        assert_eq!(share(1000, two), Some(400));
        assert_eq!(share(0, two), None);
    }

    #[test]
    fn this_machine_has_some() {
        assert!(share_of_memory(NonZero::<usize>::MIN).is_some_and(|bytes| bytes > 1 << 20));
    }
}
