//! Programs at random: that the reference tells right from wrong, and that each mistake is found and made small.

use lockproof::{AtomicCounter, Condvar, Mutex, RwLock, Semaphore};
use lockproof_verify::claim::{Budget, Silent};
use lockproof_verify::programs::Event::{Got, GotFromTheDead, Refused, Saw, Waited};
use lockproof_verify::programs::How::{Limited, Once, Patiently};
use lockproof_verify::programs::What::{First, Permit, Read, Second, Write};
use lockproof_verify::programs::{
    Answer, Death, Draw, Event, How, Mistake, Program, Seen, Size, Step, What, Whom, by_shuttle,
    by_states, can_get_stuck, may_come_to,
};
use lockproof_verify::verdict::Verdict;

fn hold<const N: usize>(what: What, how: How, steps: [Step; N]) -> Step {
    Step::Hold { what, how, steps: steps.to_vec() }
}

fn program<const N: usize>(processes: [&[Step]; N]) -> Program {
    Program { processes: processes.map(<[Step]>::to_vec).to_vec(), death: None }
}

fn dying(process: usize, program: Program) -> Program {
    Program { death: Some(Death { process, before: 0 }), ..program }
}

const WAITS: Step = Step::WaitUntil { least: 3, limited: false };
const LARGE: Size = Size { processes: 3, steps: 6, deaths: Some(80) };

#[test]
fn what_can_get_stuck_is_known() {
    let within = |outer, inner| hold(outer, Patiently, [hold(inner, Patiently, [])]);
    let adds = || hold(First, Patiently, []);
    let waits = || hold(First, Patiently, [WAITS]);
    let notifies = [adds(), Step::Notify(Whom::One)];
    let crossed = program([&[within(First, Second)], &[within(Second, First)]]);
    let table = [
        ("one order", program([&[within(First, Second)], &[within(First, Second)]]), false),
        ("two orders", crossed.clone(), true),
        ("two orders, and one may die", dying(0, crossed), true),
        (
            "two orders, and a try",
            program([
                &[within(First, Second)],
                &[hold(Second, Patiently, [hold(First, Once, [])])],
            ]),
            false,
        ),
        ("nobody notifies", program([&[waits()], &[adds()]]), true),
        ("one notifies", program([&[waits()], &notifies]), false),
        ("one notifies, and may die", dying(1, program([&[waits()], &notifies])), true),
        (
            "one of two is notified",
            program([&[waits()], &[waits()], &[adds(), adds(), Step::Notify(Whom::One)]]),
            true,
        ),
        (
            "both are notified",
            program([&[waits()], &[waits()], &[adds(), adds(), Step::Notify(Whom::All)]]),
            false,
        ),
        (
            "one of two is notified, and hands it on if it dies",
            dying(0, program([&[waits()], &[adds(), Step::Notify(Whom::One)]])),
            false,
        ),
        (
            "no permit comes back",
            program([&[Step::Wait(Patiently)], &[Step::Wait(Patiently)]]),
            true,
        ),
        (
            "one gives it back, if it gets it",
            program([&[Step::Wait(Patiently), Step::Post], &[Step::Wait(Patiently)]]),
            true,
        ),
        (
            "both give it back",
            program([&[Step::Wait(Patiently), Step::Post], &[Step::Wait(Patiently), Step::Post]]),
            false,
        ),
        (
            "a permit of the dead comes back",
            dying(0, program([&[hold(Permit, Patiently, [])], &[hold(Permit, Patiently, [])]])),
            false,
        ),
        (
            "a writer that waits keeps readers out",
            program([
                &[within(Read, Second)],
                &[hold(Write, Patiently, [])],
                &[within(Second, Read)],
            ]),
            true,
        ),
        (
            "without one they go together",
            program([&[within(Read, Second)], &[within(Second, Read)]]),
            false,
        ),
    ];
    for (what, program, stuck) in table {
        let expected = if stuck { Answer::Yes } else { Answer::No };
        assert_eq!(can_get_stuck(&program), expected, "{what}:\n{program}");
    }
}

/// What came of a program: what each process saw, the numbers, and how many permits are free.
fn seen<const N: usize>(events: [&[Event]; N], numbers: [u64; 4], free: usize) -> Seen {
    Seen { events: events.map(<[Event]>::to_vec).to_vec(), died: None, numbers, free }
}

fn after_death(process: usize, seen: Seen) -> Seen {
    Seen { died: Some(process), ..seen }
}

#[test]
fn what_can_be_seen_is_known() {
    let adds = program([&[hold(First, Patiently, [])], &[hold(First, Patiently, [])]]);
    let tries = program([&[hold(First, Patiently, [])], &[hold(First, Once, [])]]);
    let reads = program([&[hold(Write, Patiently, [])], &[hold(Read, Patiently, [])]]);
    let enter = program([&[hold(Permit, Patiently, [])], &[hold(Permit, Patiently, [])]]);
    let limited = Step::WaitUntil { least: 3, limited: true };
    let waits = program([&[hold(First, Patiently, [limited])], &[hold(First, Patiently, [])]]);
    let posts = program([&[Step::Post], &[Step::Post]]);
    let takes = program([&[Step::Post], &[Step::Wait(Once)]]);
    let dies = |program: &Program| dying(0, program.clone());
    let table = [
        (&adds, seen([&[Got, Saw(0), Saw(1)], &[Got, Saw(2), Saw(3)]], [4, 0, 0, 0], 1), true),
        // An update is lost; two are inside; a number is wrong at the end.
        (&adds, seen([&[Got, Saw(0), Saw(1)], &[Got, Saw(0), Saw(1)]], [2, 0, 0, 0], 1), false),
        (&adds, seen([&[Got, Saw(0), Saw(2)], &[Got, Saw(1), Saw(3)]], [4, 0, 0, 0], 1), false),
        (&adds, seen([&[Got, Saw(0), Saw(1)], &[Got, Saw(2), Saw(3)]], [3, 0, 0, 0], 1), false),
        (&tries, seen([&[Got, Saw(0), Saw(1)], &[Refused]], [2, 0, 0, 0], 1), true),
        (&tries, seen([&[Refused], &[Got, Saw(0), Saw(1)]], [2, 0, 0, 0], 1), false),
        // Half of what is written is read.
        (&reads, seen([&[Got, Saw(0), Saw(1)], &[Got, Saw(0), Saw(0)]], [0, 0, 2, 0], 1), true),
        (&reads, seen([&[Got, Saw(0), Saw(1)], &[Got, Saw(1), Saw(1)]], [0, 0, 2, 0], 1), false),
        (&reads, seen([&[Got, Saw(0), Saw(1)], &[Got, Saw(0), Saw(2)]], [0, 0, 2, 0], 1), false),
        // Two are inside with one permit; a permit is lost.
        (&enter, seen([&[Got, Saw(0)], &[Got, Saw(0)]], [0; 4], 1), true),
        (&enter, seen([&[Got, Saw(0)], &[Got, Saw(1)]], [0; 4], 1), false),
        (&enter, seen([&[Got, Saw(0)], &[Got, Saw(0)]], [0; 4], 0), false),
        (
            &waits,
            seen([&[Got, Saw(0), Waited(true), Saw(3)], &[Got, Saw(1), Saw(2)]], [4, 0, 0, 0], 1),
            true,
        ),
        (
            &waits,
            seen([&[Got, Saw(0), Waited(false), Saw(1)], &[Got, Saw(2), Saw(3)]], [4, 0, 0, 0], 1),
            true,
        ),
        (
            &waits,
            seen([&[Got, Saw(0), Waited(false), Saw(3)], &[Got, Saw(1), Saw(2)]], [4, 0, 0, 0], 1),
            false,
        ),
        // There is room for one more.
        // There is room all the time, and nobody else gives one.
        (&takes, seen([&[Got], &[Got]], [0; 4], 1), true),
        (&takes, seen([&[Refused], &[Got]], [0; 4], 0), false),
        (&posts, seen([&[Got], &[Refused]], [0; 4], 2), true),
        (&posts, seen([&[Got], &[Got]], [0; 4], 2), false),
        (
            &dies(&adds),
            after_death(0, seen([&[Got], &[GotFromTheDead, Saw(1), Saw(2)]], [3, 0, 0, 0], 1)),
            true,
        ),
        // Nobody is told; one is told of a death that was not its holder's.
        (
            &dies(&adds),
            after_death(0, seen([&[Got], &[Got, Saw(1), Saw(2)]], [3, 0, 0, 0], 1)),
            false,
        ),
        (
            &dies(&adds),
            seen([&[Got, Saw(0), Saw(1)], &[GotFromTheDead, Saw(2), Saw(3)]], [4, 0, 0, 0], 1),
            false,
        ),
        // A permit of the dead comes back, once.
        (&dies(&enter), after_death(0, seen([&[Got], &[Got, Saw(1)]], [0, 0, 0, 1], 1)), true),
        (&dies(&enter), after_death(0, seen([&[Got], &[Got, Saw(1)]], [0, 0, 0, 1], 2)), false),
    ];
    for (program, seen, may) in table {
        let expected = if may { Answer::Yes } else { Answer::No };
        assert_eq!(may_come_to(program, &seen), expected, "{seen}\n{program}");
    }
}

#[test]
fn what_is_right_is_not_accused() {
    let draw = Draw { programs: 150, size: LARGE };
    let found = by_shuttle(draw, 20, Mistake::None, &Budget::seeded(7), &Silent);
    assert!(matches!(found.verdict, Verdict::Bounded(_)), "{found:#?}");
    let draw = Draw { programs: 60, size: Size { processes: 2, steps: 2, deaths: Some(80) } };
    let found = by_states(draw, Mistake::None, &Budget::seeded(7), &Silent);
    assert!(matches!(found.verdict, Verdict::Bounded(_)), "{found:#?}");
}

#[test]
fn every_mistake_is_found_and_made_small() {
    for mistake in Mistake::ALL {
        let draw = Draw { programs: 3_000, size: LARGE };
        let found = by_shuttle(draw, 25, mistake, &Budget::seeded(7), &Silent);
        assert_eq!(found.verdict, Verdict::Counterexample, "{mistake:?}: {found:#?}");
        let how = found.counterexample.expect("what fails is shown");
        println!("{mistake:?}: {}", how.why);
        assert!(!how.steps.is_empty(), "{mistake:?}");
        let (_, code) = how.why.split_once("The smallest program").expect("the program");
        assert!(code.contains("// process 2") && code.lines().count() < 40, "{}", how.why);
    }
}

#[test]
fn the_same_seed_finds_the_same_program() {
    let found = |seed| {
        let draw = Draw { programs: 500, size: LARGE };
        let found = by_shuttle(draw, 25, Mistake::LocksNothing, &Budget::seeded(seed), &Silent);
        found.counterexample.expect("it is wrong").why
    };
    assert_eq!(found(3), found(3));
}

#[test]
fn the_page_shows_what_is_printed() {
    let draw = Draw { programs: 3_000, size: LARGE };
    let found = by_shuttle(draw, 25, Mistake::LocksNothing, &Budget::seeded(7), &Silent);
    let why = found.counterexample.expect("it is wrong").why;
    let page = include_str!("../../docs/programs.md");
    assert!(page.contains(&format!("```text\n{}\n```", why.trim_end())), "{why}");
}

#[test]
fn what_never_comes_up_is_said() {
    let draw = Draw { programs: 1, size: Size { processes: 2, steps: 1, deaths: Some(1) } };
    let found = by_shuttle(draw, 1, Mistake::None, &Budget::seeded(7), &Silent);
    assert!(matches!(found.verdict, Verdict::Vacuous { .. }), "{found:#?}");
}

/// The body is what is printed of [`everything`].
#[allow(unused_assignments, unused_mut, clippy::dbg_macro, reason = "as it is printed")]
fn printed(
    (first, second): (&Mutex<u64>, &Mutex<u64>),
    (condvar, rwlock): (&Condvar, &RwLock<u64, 2>),
    (semaphore, inside): (&Semaphore<1, 2>, &AtomicCounter),
) {
    const SHORT: std::time::Duration = std::time::Duration::from_micros(200);
    // process 1
    {
        let mut in_first = first.lock().unwrap();
        *in_first += 1;
        in_first = condvar.wait_while(in_first, |number| *number < 1).unwrap();
        in_first = condvar.wait_timeout_while(in_first, SHORT, |number| *number < 2).unwrap().0;
        if let Ok(mut in_second) = second.try_lock() {
            *in_second += 1;
            *in_second += 1;
        }
        *in_first += 1;
    }
    condvar.notify_one();
    condvar.notify_all();
    // process 2, killed on the way
    if let Ok(reads) = rwlock.try_read_for(SHORT) {
        dbg!(*reads);
        dbg!(*reads);
    }
    {
        let mut writes = rwlock.write().unwrap();
        *writes += 1;
        {
            let _permit = semaphore.acquire().unwrap();
            inside.increment();
            inside.add(u64::MAX);
        }
        *writes += 1;
    }
    let _ = semaphore.try_wait();
    let _ = semaphore.try_wait_for(SHORT);
    let _ = semaphore.post();
    semaphore.wait().unwrap();
}

fn everything() -> Program {
    let waits = |least, limited| Step::WaitUntil { least, limited };
    let first = [waits(1, false), waits(2, true), hold(Second, Once, [])];
    let process_1 =
        [hold(First, Patiently, first), Step::Notify(Whom::One), Step::Notify(Whom::All)];
    let process_2 = [
        hold(Read, Limited, []),
        hold(Write, Patiently, [hold(Permit, Patiently, [])]),
        Step::Wait(Once),
        Step::Wait(Limited),
        Step::Post,
        Step::Wait(Patiently),
    ];
    dying(1, program([&process_1, &process_2]))
}

#[test]
fn programs_are_printed_as_code_that_compiles() {
    let _ = printed;
    let indented = |line: &str| format!("    {line}\n");
    let code: String = everything().to_string().lines().map(indented).collect();
    assert!(include_str!("programs.rs").contains(&code), "printed otherwise:\n{code}");
}
