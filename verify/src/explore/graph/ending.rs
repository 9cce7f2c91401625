//! Whether everybody can still get there: from every state, the end can be reached.
//!
//! Nobody is stuck where the last of them spins for ever. So the search keeps who follows whom, and looks backwards from
//! all ends. What happens by chance alone, an early return or a death, is nothing to rely on, and does not count.
//!
//! This is not fairness: a process that can always be overtaken, and is, does not show here, as the end can be reached
//! from each of those states.

use super::store::Id;

/// Who follows whom.
#[derive(Debug, Default)]
pub(super) struct Followers {
    pairs: Vec<(Id, Id)>,
    ends: Vec<Id>,
}

impl Followers {
    pub(super) fn add(&mut self, state: Id, next: Id) {
        self.pairs.push((state, next));
    }

    pub(super) fn add_end(&mut self, state: Id) {
        self.ends.push(state);
    }

    pub(super) fn memory(&self) -> usize {
        self.pairs.capacity() * size_of::<(Id, Id)>()
    }

    /// In how many ways the first of so many states leads to an end; `None` if one can go round on the way.
    pub(super) fn ways(&self, states: usize) -> Option<u64> {
        let mut onward: Vec<Vec<Id>> = vec![Vec::new(); states];
        let mut into = vec![0_usize; states];
        for (from, to) in &self.pairs {
            onward[*from as usize].push(*to);
            into[*to as usize] += 1;
        }
        let mut order: Vec<Id> = (0..states as Id).filter(|id| into[*id as usize] == 0).collect();
        let mut at = 0;
        while let Some(state) = order.get(at).copied() {
            at += 1;
            for to in &onward[state as usize] {
                into[*to as usize] -= 1;
                if into[*to as usize] == 0 {
                    order.push(*to);
                }
            }
        }
        if order.len() < states {
            return None;
        }
        let mut ways = vec![0_u64; states];
        self.ends.iter().for_each(|end| ways[*end as usize] = 1);
        for state in order.into_iter().rev() {
            let further = onward[state as usize].iter().map(|to| ways[*to as usize]);
            let sum = further.fold(0, u64::saturating_add);
            ways[state as usize] = ways[state as usize].saturating_add(sum);
        }
        ways.first().copied()
    }

    /// The first state, if any, of so many from which no end can be reached.
    pub(super) fn first_without_end(&mut self, states: usize) -> Option<Id> {
        self.pairs.sort_unstable_by_key(|(_, next)| *next);
        let mut starts = vec![0_usize; states + 1];
        for (_, next) in &self.pairs {
            starts[*next as usize + 1] += 1;
        }
        for state in 0..states {
            starts[state + 1] += starts[state];
        }
        let mut ends = vec![false; states];
        let mut left = self.ends.clone();
        while let Some(state) = left.pop() {
            let state = state as usize;
            if !std::mem::replace(&mut ends[state], true) {
                left.extend(
                    self.pairs[starts[state]..starts[state + 1]].iter().map(|(from, _)| *from),
                );
            }
        }
        ends.iter().position(|ends| !ends).map(|state| state as Id)
    }
}

#[cfg(test)]
mod tests {
    use super::Followers;

    fn followers(pairs: &[(u32, u32)], ends: &[u32]) -> Followers {
        Followers { pairs: pairs.to_vec(), ends: ends.to_vec() }
    }

    #[test]
    fn a_state_from_which_no_end_can_be_reached_is_found() {
        let cycle = [(0, 1), (0, 2), (2, 3), (3, 2), (1, 4)];
        assert_eq!(followers(&cycle, &[4]).first_without_end(5), Some(2));
        let with_a_way_out = [&cycle[..], &[(3, 1)]].concat();
        assert_eq!(followers(&with_a_way_out, &[4]).first_without_end(5), None);
        assert_eq!(followers(&[], &[]).first_without_end(1), Some(0));
    }

    #[test]
    fn ways_are_counted_where_nothing_goes_round() {
        let diamond = [(0, 1), (0, 2), (1, 3), (2, 3), (2, 3), (3, 4)];
        assert_eq!(followers(&diamond, &[4]).ways(5), Some(3));
        assert_eq!(followers(&diamond, &[2, 4]).ways(5), Some(4));
        let round = [&diamond[..], &[(3, 1)]].concat();
        assert_eq!(followers(&round, &[4]).ways(5), None);
    }
}
