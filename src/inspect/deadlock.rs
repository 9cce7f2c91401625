//! Who will wait for ever, as far as can be told from who waits for whom.
//!
//! A thread that sleeps on words goes on when one of those who are in them lets go. So it is stuck if each of these is stuck as
//! well: the largest set of threads of which that is true is found by leaving out, again and again, whoever has somebody to hope
//! for. Among those that are left there is a circle, as each waits for another one of them.

use std::collections::{BTreeMap, BTreeSet};

/// Who waits for whom: each thread with all that it waits for at once.
pub(super) type Waits = BTreeMap<u32, BTreeSet<u32>>;

/// The circles: of each, the threads, each of which waits for the next one, and the last for the first.
pub(super) fn circles(waits: &Waits) -> Vec<Vec<u32>> {
    let stuck = stuck(waits);
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for first in &stuck {
        let mut way = Vec::new();
        let mut at = *first;
        while seen.insert(at) {
            way.push(at);
            // Each has somebody to wait for, or it would not be stuck.
            let Some(next) = waits.get(&at).and_then(|holders| holders.first()) else { break };
            at = *next;
        }
        if let Some(from) = way.iter().position(|thread| *thread == at) {
            circles.push(way.split_off(from));
        }
    }
    circles
}

/// Those that nobody can release who is not stuck as well.
pub(super) fn stuck(waits: &Waits) -> BTreeSet<u32> {
    let mut stuck: BTreeSet<u32> = waits.keys().copied().collect();
    loop {
        let hopes = |thread: &u32| {
            let holders = waits.get(thread);
            holders.is_none_or(|holders| holders.is_empty() || !holders.is_subset(&stuck))
        };
        let lucky: Vec<u32> = stuck.iter().copied().filter(hopes).collect();
        if lucky.is_empty() {
            return stuck;
        }
        lucky.iter().for_each(|thread| _ = stuck.remove(thread));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(all: &[(u32, &[u32])]) -> Waits {
        all.iter().map(|(thread, holders)| (*thread, holders.iter().copied().collect())).collect()
    }

    #[test]
    fn circles_are_found_and_those_behind_them_are_not_in_them() {
        type Row = (&'static [(u32, &'static [u32])], &'static [&'static [u32]], &'static [u32]);
        let table: [Row; 8] = [
            (&[], &[], &[]),
            (&[(1, &[2])], &[], &[]),
            (&[(1, &[1])], &[&[1]], &[1]),
            (&[(1, &[2]), (2, &[1])], &[&[1, 2]], &[1, 2]),
            (&[(1, &[2]), (2, &[3]), (3, &[2])], &[&[2, 3]], &[1, 2, 3]),
            // Two permits: one of those who have them goes on.
            (&[(1, &[2, 3]), (2, &[1])], &[], &[]),
            (&[(1, &[2, 3]), (2, &[1]), (3, &[1])], &[&[1, 2]], &[1, 2, 3]),
            (
                &[(1, &[2]), (2, &[1]), (3, &[4]), (4, &[3]), (5, &[])],
                &[&[1, 2], &[3, 4]],
                &[1, 2, 3, 4],
            ),
        ];
        for (all, expected, behind) in table {
            let waits = waits(all);
            assert_eq!(circles(&waits), expected, "{all:?}");
            assert_eq!(stuck(&waits).into_iter().collect::<Vec<_>>(), behind, "{all:?}");
        }
    }
}
