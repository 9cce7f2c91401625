//! What is said of the litmus programs' outcomes is what the axioms of the memory model say.

use lockproof_verify::models::litmus::Step;
use lockproof_verify::models::litmus::asked::{Allowed, Asked, Question, questions};

use crate::axiomatic::outcomes;
use crate::programs::{Op, Program, RACE};

/// The same as a program, if it has nothing that the axioms do not know: sleepers, and SeqCst accesses.
fn program(question: &Question) -> Option<Program> {
    let processes = question.litmus.steps().iter();
    let processes: Option<Vec<Vec<Op>>> = processes
        .map(|steps| steps.iter().filter(|step| !matches!(step, Step::Say)).map(op).collect())
        .collect();
    processes.map(Program)
}

fn op(step: &Step) -> Option<Op> {
    use lockproof::platform::Ordering::SeqCst;
    Some(match *step {
        Step::Load(_, SeqCst) | Step::Store(_, _, SeqCst) => return None,
        Step::Load(on, order) => Op::Load(on, order),
        Step::Store(on, value, order) => Op::Store(on, value, order),
        Step::Swap(on, value, order) => Op::Swap(on, value, order),
        Step::Add(on, value, order) => Op::Add(on, value, order),
        Step::CompareExchange(on, from, to, order, failed) => {
            Op::Exchange(on, from, to, order, failed)
        }
        Step::Fence(order) => Op::Fence(order),
        Step::Get => Op::Get,
        Step::Set(value) => Op::Set(value as u32),
        Step::StopUnless(value) => Op::StopUnless(value),
        _ => return None,
    })
}

#[test]
fn what_c11_is_said_to_allow_the_axioms_allow() {
    let mut held = 0;
    for question in questions() {
        let name = question.litmus.name();
        let can_be = match question.allowed {
            Allowed::ByC11(can_be) => can_be,
            Allowed::ButByRc11 => false,
            Allowed::ByLinux(_) => continue,
        };
        let Some(program) = program(&question) else {
            assert_eq!(name, "SB+sc accesses", "the axioms know all else");
            continue;
        };
        let found = outcomes(&program);
        let asked = match question.asked {
            Asked::Outcome(outcome) => outcome,
            Asked::Race => RACE,
            Asked::Stuck => panic!("{name}: nobody sleeps"),
        };
        assert_eq!(found.contains(asked), can_be, "{name}: {asked}: {found:?}");
        held += 1;
    }
    assert!(held >= 25, "only {held} were held");
}
