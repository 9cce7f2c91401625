//! What programs are drawn, and how a failing one is made smaller.
//!
//! A process is drawn as a row of steps, of which one that holds something says how many of those that follow are done meanwhile. So
//! `proptest`, which makes rows shorter and numbers smaller, can leave out any step, and take steps out of any hold.

use std::vec::IntoIter;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

use super::judge::{Answer, can_get_stuck};
use super::program::{Death, How, Program, Step, What, Whom};

/// How large programs are.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// At most so many processes; two are the fewest.
    pub processes: usize,
    /// At most so many steps of a process.
    pub steps: usize,
    /// Whether one of the processes may die, and before which operation at the latest.
    pub deaths: Option<usize>,
}

/// Programs of that size that cannot get stuck.
pub fn programs(size: Size) -> impl Strategy<Value = Program> {
    let processes = vec(vec(drawn(), 1..=size.steps), 2..=size.processes);
    let death = match size.deaths {
        Some(latest) => option::weighted(0.5, (any::<usize>(), 0..latest)).boxed(),
        None => Just(None).boxed(),
    };
    let program = (processes, death).prop_map(|(processes, death)| {
        let all = processes.into_iter().map(|row| nested(&mut row.into_iter(), usize::MAX, &[]));
        let processes: Vec<_> = all.collect();
        let death =
            death.map(|(process, before)| Death { process: process % processes.len(), before });
        Program { processes, death }
    });
    program.prop_filter("somebody may wait for ever", |program| {
        program.processes.iter().all(|steps| !steps.is_empty())
            && can_get_stuck(program) == Answer::No
    })
}

/// A step, and how many of those that follow are done while it holds what it holds.
pub(super) type Drawn = (Step, usize);

fn drawn() -> impl Strategy<Value = Drawn> {
    prop_oneof![
        7 => (what(), how(), 0..=2_usize)
            .prop_map(|(what, how, inner)| (Step::Hold { what, how, steps: Vec::new() }, inner)),
        2 => (1..=4_u64, any::<bool>())
            .prop_map(|(least, limited)| (Step::WaitUntil { least, limited }, 0)),
        2 => prop_oneof![Just(Whom::One), Just(Whom::All)]
            .prop_map(|whom| (Step::Notify(whom), 0)),
        1 => how().prop_map(|how| (Step::Wait(how), 0)),
        1 => Just((Step::Post, 0)),
    ]
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        3 => Just(What::First),
        2 => Just(What::Second),
        2 => Just(What::Read),
        2 => Just(What::Write),
        3 => Just(What::Permit),
    ]
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![3 => Just(How::Patiently), 1 => Just(How::Once), 1 => Just(How::Limited)]
}

/// The next so many of a row as steps within each other, without those that take again what one holds. Who is to wait takes the mutex
/// for it.
pub(super) fn nested(row: &mut IntoIter<Drawn>, most: usize, held: &[What]) -> Vec<Step> {
    let mut steps = Vec::new();
    while steps.len() < most {
        let Some((step, inner)) = row.next() else { break };
        match step {
            Step::Hold { what, how, .. } if !is_held(what, held) => {
                let held = [held, &[what]].concat();
                steps.push(Step::Hold { what, how, steps: nested(row, inner, &held) });
            }
            Step::Hold { .. } => {}
            Step::WaitUntil { .. } if !held.contains(&What::First) => {
                let (what, how) = (What::First, How::Patiently);
                steps.push(Step::Hold { what, how, steps: vec![step] });
            }
            step => steps.push(step),
        }
    }
    steps
}

fn is_held(what: What, held: &[What]) -> bool {
    held.iter().any(|other| other.number() == what.number())
}
