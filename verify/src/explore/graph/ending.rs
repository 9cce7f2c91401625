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
}
