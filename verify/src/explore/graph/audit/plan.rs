//! Which ways an audit walks from a node: so many that each known step is on one of them.

use std::collections::{HashMap, HashSet, VecDeque};

use super::steps::{Step, Steps};

/// What is not further away than this is near.
const NEAR: usize = 4;
/// A walk that has come where it should goes on for so long, and then straight to an end.
pub(super) const LENGTH: usize = 40;

/// Walks from a node.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) walks: Vec<Walk>,
    from: u32,
    /// How each other node behind it is reached soonest: from which one, with which step.
    came_by: HashMap<u32, (u32, Step)>,
}

/// Steps, one after the other.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) steps: Vec<Step>,
    /// How many of them are on none of the walks before.
    pub(super) new: usize,
}

impl Plan {
    /// Walks along everything that is known behind a node.
    pub(super) fn behind(from: u32, steps: &Steps) -> Self {
        let mut plan = Self { from, ..Self::default() };
        let all = plan.look_around(steps);
        let mut walked = Walked::default();
        for (node, step) in all {
            if walked.often(node, step) == 0
                && let Some(mut way) = plan.way_to(node)
            {
                way.push(step);
                plan.walks.push(walked.walk(from, &way, steps));
            }
        }
        plan
    }

    /// All steps that can be done behind the node, nearest first.
    fn look_around(&mut self, steps: &Steps) -> Vec<(u32, Step)> {
        let mut all = Vec::new();
        let mut left = VecDeque::from([self.from]);
        while let Some(node) = left.pop_front() {
            for step in steps.onward(node) {
                all.push((node, *step));
                if step.to != self.from && !self.came_by.contains_key(&step.to) {
                    self.came_by.insert(step.to, (node, *step));
                    left.push_back(step.to);
                }
            }
        }
        all
    }

    /// A shortest way to a node, if there is one.
    pub(super) fn way_to(&self, node: u32) -> Option<Vec<Step>> {
        let mut way = Vec::new();
        let mut at = node;
        while at != self.from {
            let (before, step) = self.came_by.get(&at)?;
            way.push(*step);
            at = *before;
        }
        way.reverse();
        Some(way)
    }

    /// How many steps are known behind the node.
    pub(super) fn steps(&self) -> usize {
        self.walks.iter().map(|walk| walk.new).sum()
    }
}

/// How often each step is on the walks so far.
#[derive(Default)]
struct Walked(HashMap<(u32, u64), usize>);

impl Walked {
    fn often(&self, node: u32, step: Step) -> usize {
        self.0.get(&(node, step.result)).copied().unwrap_or(0)
    }

    /// Walks this way, then on to whatever is near and not walked yet, and to an end.
    fn walk(&mut self, from: u32, way: &[Step], steps: &Steps) -> Walk {
        let mut walk = Walk::default();
        let mut at = from;
        self.follow(&mut at, way, &mut walk);
        while walk.steps.len() < LENGTH
            && let Some(next) = self.nearest(at, steps)
        {
            self.follow(&mut at, &next, &mut walk);
        }
        let to_the_end = steps.to_the_end(at);
        self.follow(&mut at, &to_the_end, &mut walk);
        walk
    }

    /// The shortest way that ends with a step not walked yet, unless that is long.
    fn nearest(&self, from: u32, steps: &Steps) -> Option<Vec<Step>> {
        let mut left = VecDeque::from([(from, Vec::new())]);
        let mut seen = HashSet::from([from]);
        while let Some((at, way)) = left.pop_front() {
            for step in steps.onward(at) {
                let longer = || [&way[..], &[*step]].concat();
                if self.often(at, *step) == 0 {
                    return Some(longer());
                }
                if way.len() < NEAR && seen.insert(step.to) {
                    left.push_back((step.to, longer()));
                }
            }
        }
        None
    }

    fn follow(&mut self, at: &mut u32, steps: &[Step], walk: &mut Walk) {
        for step in steps {
            let often = self.0.entry((*at, step.result)).or_default();
            walk.new += usize::from(*often == 0);
            *often += 1;
            walk.steps.push(*step);
            *at = step.to;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// A loop of three nodes with two ways out, the second of them long.
    fn steps() -> Steps {
        let all = [(0, 1, 1), (1, 1, 2), (2, 1, 0), (1, 2, 3), (2, 2, 4), (4, 1, 5), (5, 1, 3)];
        let known = all.map(|(from, result, to)| (from, Step { result, to }));
        Steps::new(6, &known, |node| node == 3)
    }

    #[test]
    fn every_step_behind_a_node_is_on_a_walk_and_every_walk_ends() {
        let steps = steps();
        for (from, behind) in [(0, 7), (1, 7), (4, 2), (3, 0)] {
            let plan = Plan::behind(from, &steps);
            let mut walked = HashSet::new();
            for walk in &plan.walks {
                let mut at = from;
                for step in &walk.steps {
                    assert!(steps.onward(at).contains(step), "{step:?} from {at}");
                    walked.insert((at, step.result));
                    at = step.to;
                }
                assert_eq!(at, 3, "{walk:?}");
            }
            assert_eq!((walked.len(), plan.steps()), (behind, behind), "from {from}");
        }
    }

    #[test]
    fn ways_are_shortest() {
        let plan = Plan::behind(2, &steps());
        let way = |node| plan.way_to(node).map(|way| way.len());
        assert_eq!([way(2), way(0), way(1), way(3)], [Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(Plan::behind(4, &steps()).way_to(0), None);
    }
}
