//! The guide shows what really comes out.

use lockproof_verify::prove::Ordering::{Acquire, Relaxed, Release};
use lockproof_verify::prove::{self, Acquired, Deadline, World};

const GUIDE: &str = include_str!("../../../docs/your-own-lock.md");

/// The guide's mutex, with the store as it should be or not.
struct Mine<const RELEASES: bool>;

impl<const RELEASES: bool> prove::Mutex for Mine<RELEASES> {
    type On<W: World> = W::Word;

    fn new<W: World>(p: &W) -> W::Word {
        p.new_word("lock")
    }

    fn lock<W: World>(word: &W::Word, p: &W) -> Acquired {
        let scope = p.scope();
        while p.swap(word, 1, Acquire) == 1 {
            p.at(scope, ());
            p.pause();
        }
        Acquired::Clean
    }

    fn unlock<W: World>(word: &W::Word, p: &W) {
        p.store(word, 0, if RELEASES { Release } else { Relaxed });
    }
}

/// The guide's semaphore.
struct Permits;

impl prove::Semaphore for Permits {
    type On<W: World> = W::Word;

    fn new<W: World>(p: &W) -> W::Word {
        p.new_word("permits")
    }

    fn post<W: World>(word: &W::Word, p: &W) {
        if p.fetch_add(word, 1, Release) == 0 {
            p.futex_wake(word, 1);
        }
    }

    fn wait<W: World>(word: &W::Word, p: &W) {
        let scope = p.scope();
        let mut seen = p.load(word, Relaxed);
        loop {
            p.at(scope, seen);
            if seen == 0 {
                p.futex_wait(word, 0, Deadline::Never);
                seen = p.load(word, Relaxed);
                continue;
            }
            match p.compare_exchange(word, seen, seen - 1, Acquire, Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }
}

/// What a line says, without how long it took, where the source is and how wide the table.
fn said(line: &str) -> String {
    let took = if line.starts_with(' ') { None } else { line.split_once(" (") };
    let line = took.map_or(line, |(before, _)| before);
    let words = line.split_whitespace().filter(|word| !word.contains(".rs:"));
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_the_guide_shows_is_what_comes_out() {
    let mut shown = GUIDE.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next());
    for report in [
        prove::mutex::<Mine<false>>("mine").to_string(),
        prove::mutex::<Mine<true>>("mine").to_string(),
        prove::semaphore::<Permits>("permits").to_string(),
    ] {
        let real: Vec<String> = report.lines().map(said).collect();
        let table = |line: &&str| !line.starts_with("  - ") && !line.starts_with("    ");
        for line in shown.next().expect("a report in the guide").lines().filter(table) {
            assert!(real.contains(&said(line)), "{line:?} is not in\n{report}");
        }
    }
}
