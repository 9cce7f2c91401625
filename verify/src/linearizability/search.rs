//! The search for an order. The header of [`linearizability`](super) says what it does.

use hashbrown::HashSet;

use super::{Call, End, History, Specification};

/// How many pairs of placed calls and state are looked at before the search is cut short, if nothing else is said.
pub const MOST_CONFIGURATIONS: usize = 2_000_000;

/// A call: which process, and which of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Which process.
    pub lane: usize,
    /// Which of its calls.
    pub call: usize,
}

/// Whether a history is linearizable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is: these calls took effect, in this order.
    Linearizable(Vec<Place>),
    /// It is not. This is the longest order that anything came to; none of the other calls can come next.
    NotLinearizable(Vec<Place>),
    /// The search came to its bound. Nothing is known.
    CutShort,
}

/// A judgement, and what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The judgement.
    pub judgement: Judgement,
    /// How many pairs of placed calls and state were looked at.
    pub configurations: usize,
}

/// Looks for an order of the calls in which each has the outcome that was seen, through at most `most` pairs of placed
/// calls and state.
pub fn judge<S: Specification>(
    specification: &S,
    history: &History<S::Operation, S::Outcome>,
    most: usize,
) -> Judged {
    let mut search = Search { specification, history, seen: HashSet::new() };
    let judgement = search.run(most);
    Judged { judgement, configurations: search.seen.len() }
}

struct Search<'a, S: Specification> {
    specification: &'a S,
    history: &'a History<S::Operation, S::Outcome>,
    seen: HashSet<Configuration<S::State>>,
}

/// How many calls of each process are placed, and what the object remembers then.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Configuration<S> {
    placed: Box<[usize]>,
    state: S,
}

/// What can come next.
#[derive(Clone, Copy)]
enum Step {
    /// The next call of this process takes effect.
    Place(usize),
    /// The last call of this process never did.
    Drop(usize),
}

/// A configuration on the way, how it was reached, and what is still to be tried from it.
struct Stop<S> {
    configuration: Configuration<S>,
    reached_by: Option<Step>,
    untried: Vec<Step>,
}

impl<S: Specification> Search<'_, S> {
    fn run(&mut self, most: usize) -> Judgement {
        let begin = Configuration {
            placed: vec![0; self.history.lanes().len()].into(),
            state: self.specification.begin(),
        };
        if self.is_complete(&begin) {
            return Judgement::Linearizable(Vec::new());
        }
        self.seen.insert(begin.clone());
        let mut path = vec![self.stop(begin, None)];
        let mut furthest = Vec::new();
        while let Some(stop) = path.last_mut() {
            let Some(step) = stop.untried.pop() else {
                path.pop();
                continue;
            };
            let Some(next) = after(self.specification, self.history, &stop.configuration, step)
            else {
                continue;
            };
            if !self.seen.insert(next.clone()) {
                continue;
            }
            let stop = self.stop(next, Some(step));
            let complete = self.is_complete(&stop.configuration);
            path.push(stop);
            if complete {
                return Judgement::Linearizable(order(&path));
            }
            if path.len() > furthest.len() + 1 {
                furthest = order(&path);
            }
            if self.seen.len() >= most {
                return Judgement::CutShort;
            }
        }
        Judgement::NotLinearizable(furthest)
    }

    fn stop(
        &self,
        configuration: Configuration<S::State>,
        reached_by: Option<Step>,
    ) -> Stop<S::State> {
        let untried = self.steps(&configuration);
        Stop { configuration, reached_by, untried }
    }

    /// What can come next: the most promising last, which is the call that ends first.
    fn steps(&self, configuration: &Configuration<S::State>) -> Vec<Step> {
        let lanes = 0..self.history.lanes().len();
        let mut next: Vec<_> = lanes
            .filter_map(|lane| {
                let call = next(self.history, configuration, lane)?;
                Some((call.end.latest().unwrap_or(u64::MAX), call, lane))
            })
            .collect();
        next.sort_by_key(|(latest, _, lane)| (std::cmp::Reverse(*latest), *lane));
        // All that have an end lie before whatever begins after it.
        let first_end = next.last().map_or(u64::MAX, |(latest, ..)| *latest);
        let drops =
            next.iter().filter(|(_, call, _)| matches!(call.end, End::Unknown { gone: Some(_) }));
        let drops = drops.map(|(_, _, lane)| Step::Drop(*lane));
        let places = next.iter().filter(|(_, call, _)| call.start <= first_end);
        drops.chain(places.map(|(_, _, lane)| Step::Place(*lane))).collect()
    }

    fn is_complete(&self, configuration: &Configuration<S::State>) -> bool {
        (0..self.history.lanes().len()).all(|lane| {
            next(self.history, configuration, lane).is_none_or(|call| !call.end.is_answered())
        })
    }
}

/// The first call of this process that is not placed.
fn next<'a, O, R, S>(
    history: &'a History<O, R>,
    configuration: &Configuration<S>,
    lane: usize,
) -> Option<&'a Call<O, R>> {
    history.lanes()[lane].calls.get(configuration.placed[lane])
}

/// The configuration after a step, if what came of it is what was seen.
fn after<S: Specification>(
    specification: &S,
    history: &History<S::Operation, S::Outcome>,
    before: &Configuration<S::State>,
    step: Step,
) -> Option<Configuration<S::State>> {
    let mut after = before.clone();
    let (Step::Place(lane) | Step::Drop(lane)) = step;
    if let Step::Place(_) = step {
        let call = next(history, before, lane)?;
        let outcome = specification.perform(&mut after.state, &call.operation)?;
        if matches!(&call.end, End::Answered { outcome: seen, .. } if *seen != outcome) {
            return None;
        }
    }
    after.placed[lane] += 1;
    Some(after)
}

/// The calls that took effect on this path.
fn order<S>(path: &[Stop<S>]) -> Vec<Place> {
    let placed = |stop: &Stop<S>| match stop.reached_by? {
        Step::Place(lane) => Some(Place { lane, call: stop.configuration.placed[lane] - 1 }),
        Step::Drop(_) => None,
    };
    path.iter().filter_map(placed).collect()
}
