//! The properties, of inputs that are drawn, and of those that were found to break them once.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::input::Input;
use super::machine::Machine;
use super::subjects::examine;
use crate::deadline::Deadline;
use crate::platform::Ordering::{Acquire, Relaxed};
use crate::platform::{Platform, Waited};

/// Draws so many inputs. `LOCKPROOF_TEST_SEED` and `LOCKPROOF_TEST_SCALE` mean what they mean for other tests.
fn draw(cases: u32, longest: usize, property: impl Fn(&[u8])) {
    let seed = from_environment("LOCKPROOF_TEST_SEED").unwrap_or(1);
    println!("repeat with LOCKPROOF_TEST_SEED={seed}");
    let cases = cases * from_environment("LOCKPROOF_TEST_SCALE").unwrap_or(1).max(1) as u32;
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut start = [0; 32];
    start[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &start);
    let input = vec(any::<u8>(), 0..longest);
    let result = TestRunner::new_with_rng(config, random).run(&input, |input| {
        property(&input);
        Ok(())
    });
    result.unwrap_or_else(|failed| panic!("{failed}"));
}

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

#[test]
fn words_that_a_peer_writes_do_no_harm() {
    let most = core::cell::Cell::new(0);
    draw(40_000, 400, |input| most.set(examine(input).max(most.get())));
    println!("{} operations between two sleeps, at most", most.get());
    assert!(most.get() > 50, "that is not much: are the primitives used at all?");
}

#[test]
fn what_has_broken_words_does_so_no_more() {
    // What is said of each is what went wrong.
    let found: [(&str, &[u8]); 2] = [
        ("as many have died with a counter as can be counted", &[9, 0, 3, 16, 0, 6, 0, 0, 0, 0]),
        ("a reentrant mutex was held as often as can be", &[1, 0, 0, 1, 5, 1, 6, 0, 0, 0, 0, 0]),
    ];
    for (what, input) in found {
        println!("{what}");
        examine(input);
    }
}

#[test]
fn a_header_of_any_bytes_does_no_harm() {
    draw(20_000, 2_000, super::header);
}

#[test]
fn regions_of_any_bytes_do_no_harm() {
    draw(3_000, 400, super::region);
}

#[test]
fn a_look_at_regions_of_any_bytes_does_no_harm() {
    draw(3_000, 400, super::inspect);
}

/// These have a folder that is the process's: one after the other.
#[test]
fn paths_of_any_bytes_do_no_harm() {
    draw(2_000, 60, super::paths);
    keep("paths", super::paths);
}

/// What fuzzers have found worth keeping.
#[test]
fn what_is_kept_does_no_harm() {
    keep("header", super::header);
    keep("inspect", super::inspect);
    keep("region", super::region);
    keep("words", super::words);
}

fn keep(name: &str, property: fn(&[u8])) {
    let folder = format!("{}/fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(folder).expect("inputs are kept") {
        let path = entry.expect("it can be read").path();
        println!("{}", path.display());
        property(&std::fs::read(path).expect("it can be read"));
    }
}

/// What the machine is there to find.
#[test]
fn a_loop_that_does_not_sleep_and_a_forgotten_announcement_are_found() {
    let free_of_peers = || Machine::new(&mut Input::new(&[]));
    let found = |machine: &Machine, call: &dyn Fn(&Machine)| {
        let run = AssertUnwindSafe(|| machine.run(|| machine.call(|| call(machine))));
        let panic = catch_unwind(run).expect_err("it is found");
        panic.downcast_ref::<String>().cloned().expect("it is said in words")
    };
    let spins: &dyn Fn(&Machine) = &|p| {
        let word = p.word();
        p.store(&word, 1, Relaxed);
        while p.compare_exchange(&word, 0, 2, Acquire, Relaxed).is_err() {}
    };
    assert!(found(&free_of_peers(), spins).contains("without a sleep"));
    let polls: &dyn Fn(&Machine) = &|p| {
        let word = p.word();
        while p.futex_wait(&word, 0, Deadline::At(p.now())) == Waited::TimedOut {}
    };
    assert!(found(&free_of_peers(), polls).contains("without a sleep"));
    let forgets: &dyn Fn(&Machine) = &|p| {
        let _ = p.robust_begin(&p.robust());
    };
    assert!(found(&free_of_peers(), forgets).contains("announcement"));
}
