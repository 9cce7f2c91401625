//! Many processes come at once, and any of them may die: one region comes of it, built once.

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use lockproof::shm::RegionError;
use lockproof::{AtomicCounter, Counter, Region, shareable};

use super::processes::{Child, End, Gate, Name, Seed, fork, spin_until, wait_until};

/// Large enough for the builder to be caught in the middle.
const PARTS: usize = 512;

shareable! {
    /// What the processes build: whole if all parts are the same.
    struct Built {
        parts: [AtomicCounter; PARTS],
    }
}

shareable! {
    /// What they tell the test.
    struct Told {
        begun: AtomicCounter,
        builds: AtomicCounter,
        found: [AtomicCounter; PROCESSES],
    }
}

const PROCESSES: usize = 8;

/// A code with which a child says that it found remains, or half a thing.
const TORN: i32 = 3;

fn fill(built: &Built, mark: u64, told: &Told) {
    assert!(built.parts.iter().all(|part| part.get() == 0), "a builder starts from zeroes");
    told.begun.increment();
    for part in &built.parts {
        part.set(mark);
        // Long enough to be killed in.
        (0..50).for_each(|_| std::hint::spin_loop());
    }
    told.builds.increment();
}

fn whole(built: &Built) -> Option<u64> {
    let mark = built.parts[0].get();
    (mark != 0 && built.parts.iter().all(|part| part.get() == mark)).then_some(mark)
}

fn start(name: &Name, told: &Region<Told>, gate: &Gate, number: usize) -> Child {
    fork(|| {
        gate.pass();
        let mark = number as u64 + 1;
        let region = name.source().open_or_create_with(|built| fill(built, mark, told));
        match whole(&region.expect("opened or created")) {
            Some(mark) => told.found[number].set(mark),
            None => return TORN,
        };
        0
    })
}

/// Starts all, has them go at once, and kills the first `kills` of them at random moments: half of the time from the
/// beginning on, half of the time from when one has begun to build.
fn one_round(seed: &mut Seed, kills: usize) -> Outcome {
    let name = Name::new("creation");
    let told = Region::<Told>::anonymous().expect("an anonymous region");
    let gate = Gate::new();
    let children: Vec<Child> =
        (0..PROCESSES).map(|number| start(&name, &told, &gate, number)).collect();
    gate.open_for(PROCESSES);
    let spread = if seed.below(2) == 0 {
        2_000_000
    } else {
        spin_until(|| told.begun.get() > 0);
        100_000
    };
    let begin = Instant::now();
    let mut moments: Vec<u64> = (0..kills).map(|_| seed.below(spread)).collect();
    moments.sort_unstable();
    for (child, moment) in children.iter().zip(moments) {
        spin_until(|| begin.elapsed() >= Duration::from_nanos(moment));
        child.kill();
    }
    let ends: Vec<End> = children.into_iter().map(Child::wait).collect();
    for (number, end) in ends.iter().enumerate() {
        let may_be_killed = number < kills && *end == End::Killed(libc::SIGKILL);
        assert!(may_be_killed || *end == End::Exited(0), "child {number}: {end:?}");
    }
    let left_behind = name.source::<Built>().patience(Duration::ZERO).open();
    let after = name.source().open_or_create_with(|built| fill(built, 99, &told));
    let mark = whole(&after.expect("whoever died, one can go on")).expect("whole");
    for (number, found) in told.found.iter().enumerate() {
        let found = found.get();
        assert!(found == 0 || found == mark, "child {number} found {found}, later it was {mark}");
        assert!(found != 0 || matches!(ends[number], End::Killed(_)), "child {number} has none");
    }
    Outcome {
        killed: ends.iter().filter(|end| matches!(end, End::Killed(_))).count(),
        begun: told.begun.get(),
        builds: told.builds.get(),
        unfinished: matches!(left_behind, Err(RegionError::Unfinished(_))),
    }
}

struct Outcome {
    killed: usize,
    begun: u64,
    builds: u64,
    unfinished: bool,
}

#[test]
fn of_many_at_once_one_builds_and_all_find_what_it_built() {
    let mut seed = Seed::new();
    for _ in 0..50 {
        let outcome = one_round(&mut seed, 0);
        assert_eq!((outcome.builds, outcome.unfinished), (1, false));
    }
}

#[test]
fn whoever_is_killed_the_others_find_one_thing_built() {
    let mut seed = Seed::new();
    let outcomes: Vec<Outcome> = (0..100).map(|_| one_round(&mut seed, PROCESSES - 1)).collect();
    let killed: usize = outcomes.iter().map(|outcome| outcome.killed).sum();
    let followed = outcomes.iter().filter(|outcome| outcome.begun > outcome.builds).count();
    println!("{killed} killed; in {followed} rounds a dead builder was followed by another");
    assert!(followed > 0, "nobody was killed while it built: nothing was tested");
}

#[test]
fn whoever_is_killed_the_next_can_go_on() {
    let mut seed = Seed::new();
    let outcomes: Vec<Outcome> = (0..100).map(|_| one_round(&mut seed, PROCESSES)).collect();
    let unfinished = outcomes.iter().filter(|outcome| outcome.unfinished).count();
    println!("{unfinished} regions left unfinished");
    assert!(unfinished > 0, "nobody was killed while it built: nothing was tested");
}

#[test]
fn a_builder_that_dies_half_way_is_followed_by_one_that_starts_afresh() {
    let name = Name::new("afresh");
    let child = fork(|| {
        let _ = name.source::<Built>().open_or_create_with(|built| {
            built.parts[7].set(13);
            // SAFETY: ends this process, here of all places.
            unsafe { libc::raise(libc::SIGKILL) };
        });
        0
    });
    assert_eq!(child.wait(), End::Killed(libc::SIGKILL));
    let error = name.source::<Built>().open().expect_err("its builder died");
    assert!(matches!(error, RegionError::Unfinished(_)), "{error}");
    assert!(error.to_string().contains("open_or_create"), "{error}");
    let region = name.source::<Built>().open_or_create().expect("somebody has to");
    assert_eq!(region.parts[7].get(), 0);
}

#[test]
fn nothing_is_built_in_a_file_whose_name_is_gone() {
    let name = Name::new("vanishing");
    let gate = Gate::new();
    let builder = fork(|| {
        let _ = name.source::<Counter>().create_with(|_| gate.pass());
        0
    });
    let waiting = fork(|| {
        wait_until(|| is_being_built(&name));
        let region = name.source::<Counter>().open_or_create().expect("under its name");
        i32::from(region.set(8).is_err())
    });
    wait_until(|| somebody_sleeps_on_the_header(&name));
    name.source::<Counter>().unlink().expect("it is there");
    builder.kill();
    assert_eq!(builder.wait(), End::Killed(libc::SIGKILL));
    assert_eq!(waiting.wait(), End::Exited(0));
    let region = name.source::<Counter>().open().expect("created anew");
    assert_eq!(region.get().expect("nobody died"), 8);
}

/// Four bytes of a region's header, or zero where there are none yet.
fn word_of_header(name: &Name, at: usize) -> u32 {
    let file = std::fs::read(name.path()).unwrap_or_default();
    file.get(at..at + 4).map_or(0, |bytes| u32::from_ne_bytes(bytes.try_into().expect("four")))
}

/// The state's word is at 56, and 1 means building.
fn is_being_built(name: &Name) -> bool {
    word_of_header(name, 56) == 1
}

/// The mutex's word is at 16 (20 with musl); its highest bit says that somebody sleeps.
fn somebody_sleeps_on_the_header(name: &Name) -> bool {
    word_of_header(name, if cfg!(target_env = "musl") { 20 } else { 16 }) >> 31 == 1
}

#[test]
fn opening_waits_for_a_living_builder_but_not_for_ever() {
    let name = Name::new("waiting");
    let (gate, told) = (Gate::new(), Region::<Told>::anonymous().expect("an anonymous region"));
    let child = fork(|| {
        let created = name.source::<Counter>().create_with(|counter| {
            told.begun.increment();
            gate.pass();
            counter.set(5).map(|_| ())
        });
        i32::from(created.is_err())
    });
    wait_until(|| told.begun.get() == 1);
    let source = || name.source::<Counter>();
    let error = source().patience(Duration::from_millis(20)).open().expect_err("not built yet");
    assert!(matches!(error, RegionError::StillBeingBuilt(_)), "{error}");
    let error = source().patience(Duration::ZERO).open_or_create().expect_err("not built yet");
    assert!(matches!(error, RegionError::StillBeingBuilt(_)), "{error}");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| source().open().map(|counter| counter.get()));
        gate.open_for(1);
        let value = waiting.join().expect("no panic").expect("built in the end");
        assert_eq!(value.expect("nobody died"), 5);
    });
    assert_eq!(child.wait(), End::Exited(0));
}

#[test]
fn what_fails_to_be_created_leaves_nothing_behind() {
    let name = Name::new("failing");
    let source = name.source::<Counter>();
    for _ in 0..2 {
        let error = source.create_with(|_| Err("the database is down")).expect_err("it fails");
        assert!(error.to_string().contains("the database is down"), "{error}");
        assert!(!name.path().exists(), "after create");
        let error = source.open_or_create_with(|_| Err("still down")).expect_err("it fails");
        assert!(matches!(error, RegionError::Init { .. }), "{error}");
        assert!(!name.path().exists(), "after open_or_create");
    }
    // In a child, as a panic with its backtrace makes a process too large to be forked quickly by other tests.
    let child = fork(|| {
        let panicked = catch_unwind(|| {
            let _ = name.source::<Counter>().create_with(|counter| {
                assert_eq!(counter.get().ok(), None, "on purpose");
            });
        });
        i32::from(panicked.is_ok())
    });
    assert_eq!(child.wait(), End::Exited(0), "the panic goes on to the caller");
    assert!(!name.path().exists(), "after a panic");
    source.create().expect("the name is free");
}

#[test]
fn after_a_panic_the_next_one_creates_it_from_zeroes() {
    let name = Name::new("panics");
    let half = |counter: &AtomicCounter, end: fn()| {
        assert_eq!(counter.increment(), 0, "it begins with zeroes");
        end();
    };
    // One dies, so that the file is not this test's to remove; and one panics.
    let dies = fork(|| {
        drop(name.source().open_or_create_with(|counter| half(counter, || std::process::abort())));
        0
    });
    assert_eq!(dies.wait(), End::Killed(libc::SIGABRT));
    let panics = fork(|| {
        let panicked = catch_unwind(|| {
            drop(
                name.source().open_or_create_with(|counter| half(counter, || panic!("on purpose"))),
            );
        });
        i32::from(panicked.is_ok())
    });
    assert_eq!(panics.wait(), End::Exited(0), "the panic goes on to the caller");
    assert!(name.path().exists());
    drop(name.source().open_or_create_with(|counter| half(counter, || ())).expect("created"));
}

#[test]
fn a_file_that_was_there_is_kept_when_building_fails() {
    let name = Name::new("kept");
    std::fs::write(name.path(), [0; 100]).expect("a file of zeroes");
    let source = name.source::<Counter>();
    source.open_or_create_with(|_| Err("no")).expect_err("it fails");
    assert!(name.path().exists());
    let region = source.open_or_create_with(|counter| counter.set(3).map(|_| ()));
    assert_eq!(region.expect("zeroes are no obstacle").get().expect("nobody died"), 3);
}

#[test]
fn an_empty_file_is_unfinished_to_whoever_may_not_build() {
    let name = Name::new("empty");
    std::fs::write(name.path(), []).expect("an empty file");
    let error = name.source::<Counter>().patience(Duration::ZERO).open().expect_err("empty");
    assert!(matches!(error, RegionError::Unfinished(_)), "{error}");
}

#[test]
fn the_function_that_fills_a_region_cannot_wait_for_itself() {
    let name = Name::new("itself");
    let source = name.source::<Counter>();
    let region = source.create_with(|_| match source.open() {
        Err(RegionError::BeingBuiltHere(_)) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    region.expect("told at once");
}

#[test]
fn the_mode_is_exact_and_private_unless_given() {
    use std::os::unix::fs::PermissionsExt;
    let mode_of = |name: &Name| {
        std::fs::metadata(name.path()).expect("it is there").permissions().mode() & 0o7777
    };
    let (private, shared) = (Name::new("private"), Name::new("shared"));
    private.source::<Counter>().create().expect("a new name");
    assert_eq!(mode_of(&private), 0o600);
    shared.source::<Counter>().mode(0o666).create().expect("a new name");
    assert_eq!(mode_of(&shared), 0o666);
}

#[test]
fn a_region_outlives_its_users_until_it_is_unlinked() {
    let name = Name::new("outlives");
    let source = name.source::<Counter>();
    source.create().expect("a new name").add(4).expect("nobody died");
    let region = source.open().expect("nobody unlinked it");
    source.unlink().expect("it is there");
    assert_eq!(region.get().expect("nobody died"), 4, "whoever has it keeps it");
    assert!(matches!(source.open(), Err(RegionError::NotFound(_))));
    assert_eq!(source.create().expect("free again").get().expect("nobody died"), 0);
}
