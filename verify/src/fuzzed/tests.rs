//! The properties, of inputs that are drawn.

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

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
fn tokens_of_any_text_do_no_harm() {
    draw(500, 60, super::tokens);
}

/// Reports with pieces of text written over them: text that is drawn letter by letter is no report, nor nearly.
#[test]
fn reports_of_any_text_do_no_harm() {
    const SOUND: [&str; 3] = [
        include_str!("../../fuzz/corpus/reports/whole"),
        include_str!("../../fuzz/corpus/reports/shards"),
        include_str!("../../fuzz/corpus/reports/mutants"),
    ];
    const PIECES: [&str; 12] = [
        "",
        "0",
        "1",
        "9",
        "-",
        "1e308",
        "18446744073709551615",
        "null",
        "\"\"",
        "[]",
        "{",
        "\u{c}",
    ];
    draw(3_000, 12, |input| {
        let (first, changes) = input.split_first().unwrap_or((&0, &[]));
        let mut text = SOUND[usize::from(*first) % SOUND.len()].to_owned();
        for change in changes.chunks_exact(3) {
            let numbers = text.match_indices([':', ',']).map(|(at, _)| at + 1).collect::<Vec<_>>();
            let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % numbers.len();
            let from = numbers[at];
            let to = text[from..].find([',', '}', ']']).map_or(text.len(), |end| from + end);
            text.replace_range(from..to, PIECES[usize::from(change[2]) % PIECES.len()]);
        }
        super::reports(text.as_bytes());
    });
}

/// What fuzzers have found worth keeping.
#[test]
fn what_is_kept_does_no_harm() {
    keep("tokens", super::tokens);
    keep("reports", super::reports);
    #[cfg(target_os = "linux")]
    keep("scenarios", super::scenarios);
    keep("programs", super::programs);
}

fn keep(name: &str, property: fn(&[u8])) {
    let folder = format!("{}/fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(folder).expect("inputs are kept") {
        let path = entry.expect("it can be read").path();
        println!("{}", path.display());
        property(&std::fs::read(path).expect("it can be read"));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn files_of_scenarios_with_anything_in_them_do_no_harm() {
    draw(5_000, 200, super::scenarios);
}

#[test]
fn programs_of_any_bytes_come_to_what_is_promised() {
    draw(100, 8, super::programs);
}
