//! The judge of histories against another one, which looks for orders in another way: stateright's.

use fastrand::Rng;
use lockproof_verify::linearizability::{
    BoundedQueue, Call, End, History, Judgement, Lane, Looks, MOST_CONFIGURATIONS, PairCall,
    PairRegister, QueueAnswer, QueueCall, Specification, judge,
};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

/// One of our specifications as stateright wants them. It cannot wait.
struct Theirs<'a, S: Specification> {
    specification: &'a S,
    state: S::State,
}

impl<S: Specification> Clone for Theirs<'_, S> {
    fn clone(&self) -> Self {
        Self { specification: self.specification, state: self.state.clone() }
    }
}

impl<S: Specification> SequentialSpec for Theirs<'_, S> {
    type Op = S::Operation;
    type Ret = S::Outcome;

    fn invoke(&mut self, operation: &S::Operation) -> S::Outcome {
        self.specification.perform(&mut self.state, operation).expect("nothing here waits")
    }
}

type Outcomes<S> = Vec<<S as Specification>::Outcome>;
type HistoryOf<S> = History<<S as Specification>::Operation, <S as Specification>::Outcome>;

/// A history of a few processes, all of whose calls have one moment: outcomes are right, but for some that are changed.
fn random_history<S>(
    specification: &S,
    rng: &mut Rng,
    choose: impl Fn(&mut Rng) -> S::Operation,
    wrong: &Outcomes<S>,
) -> HistoryOf<S>
where
    S: Specification<Outcome: Clone, Operation: Clone>,
{
    // Each call has a beginning, a moment and an end; those of all processes are dealt out one by one.
    let mut lanes: Vec<_> =
        (0..3).map(|at| Lane { process: at.to_string(), calls: vec![] }).collect();
    let mut phases = [0; 3];
    let mut outcomes: [Option<S::Outcome>; 3] = [const { None }; 3];
    let mut state = specification.begin();
    for time in 0..rng.u64(9..27) {
        let lane = rng.usize(..3);
        let calls = &mut lanes[lane].calls;
        match phases[lane] % 3 {
            0 => {
                let operation = choose(rng);
                calls.push(Call { operation, start: time, end: End::Unknown { gone: None } });
            }
            1 => {
                let operation = &calls.last().expect("it has begun").operation;
                outcomes[lane] = specification.perform(&mut state, operation);
            }
            _ => {
                let seen = outcomes[lane].take().expect("nothing here waits");
                let outcome =
                    if rng.u8(..12) == 0 { wrong[rng.usize(..wrong.len())].clone() } else { seen };
                calls.last_mut().expect("it has begun").end = End::Answered { at: time, outcome };
            }
        }
        phases[lane] += 1;
    }
    History::new(lanes).expect("each process makes one call after the other")
}

fn theirs<S>(specification: &S, history: &HistoryOf<S>) -> bool
where
    S: Specification<
            Operation: Clone + std::fmt::Debug,
            Outcome: Clone + PartialEq + std::fmt::Debug,
        >,
{
    let mut events = Vec::new();
    for (lane, Lane { calls, .. }) in history.lanes().iter().enumerate() {
        for Call { operation, start, end } in calls {
            events.push((*start, lane, Ok(operation.clone())));
            if let End::Answered { at, outcome } = end {
                events.push((*at, lane, Err(outcome.clone())));
            }
        }
    }
    events.sort_by_key(|(time, ..)| *time);
    let begin = Theirs { specification, state: specification.begin() };
    let mut tester = LinearizabilityTester::new(begin);
    for (_, lane, event) in events {
        match event {
            Ok(operation) => tester.on_invoke(lane, operation),
            Err(outcome) => tester.on_return(lane, outcome),
        }
        .expect("each process makes one call after the other");
    }
    tester.serialized_history().is_some()
}

#[track_caller]
fn assert_same_judgements<S>(
    specification: &S,
    choose: impl Fn(&mut Rng) -> S::Operation,
    wrong: &Outcomes<S>,
) where
    S: Specification<
            Operation: Clone + std::fmt::Debug,
            Outcome: Clone + PartialEq + std::fmt::Debug,
        >,
{
    let mut judged = [0; 2];
    for seed in 0..4_000 {
        let history = random_history(specification, &mut Rng::with_seed(seed), &choose, wrong);
        let ours = match judge(specification, &history, MOST_CONFIGURATIONS).judgement {
            Judgement::Linearizable(_) => true,
            Judgement::NotLinearizable(_) => false,
            Judgement::CutShort => panic!("seed {seed}: too long for so short a history"),
        };
        assert_eq!(ours, theirs(specification, &history), "seed {seed}: {history:?}");
        judged[usize::from(ours)] += 1;
    }
    assert!(judged.iter().all(|times| *times > 400), "hardly any of one kind: {judged:?}");
}

#[test]
fn both_judge_pairs_alike() {
    let choose = |rng: &mut Rng| match rng.u8(..3) {
        0 => PairCall::Write(rng.u64(1..4)),
        _ => PairCall::Read,
    };
    let wrong = (0..4).map(|seen| Looks { first: [seen; 2], last: [seen; 2] });
    assert_same_judgements(&PairRegister { initial: 0 }, choose, &wrong.collect());
}

#[test]
fn both_judge_queues_alike() {
    let choose = |rng: &mut Rng| match rng.u8(..2) {
        0 => QueueCall::TryPut(rng.u64(1..4)),
        _ => QueueCall::TryTake,
    };
    let wrong = vec![
        QueueAnswer::Done,
        QueueAnswer::Full,
        QueueAnswer::Empty,
        QueueAnswer::Took([1; 2]),
        QueueAnswer::Took([2; 2]),
    ];
    assert_same_judgements(&BoundedQueue { capacity: 2 }, choose, &wrong);
}
