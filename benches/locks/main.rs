//! How fast the mutex is beside its peers: `cargo bench --bench locks`.
//!
//! Everything is measured in one run, the peers taking turns, and reported as the median of the rounds and as a
//! ratio, because figures from different days or machines cannot be compared. `-- alone two eight hand-over
//! killed` measures only the cases named. Without `--bench` (under `cargo test --benches`) each case runs once,
//! briefly, to show that it works.

mod cases;
mod peers;
mod report;
mod shared;
mod workers;

use std::time::Duration;

use lockproof::Mutex;

use cases::{Effort, contended, hand_over, killed_holder, uncontended};
use peers::{Adder, Drepper, FetchAdd, Holder, Pthread};
use report::Case::{self, Alone, Eight, HandOver, Killed, Two};
use report::Figures;

const FULL: Effort =
    Effort { additions: 2_000_000, window: Duration::from_millis(100), hand_overs: 20, kills: 20 };
const BRIEF: Effort =
    Effort { additions: 1000, window: Duration::from_millis(2), hand_overs: 1, kills: 1 };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let full = arguments.iter().any(|argument| argument == "--bench");
    let (effort, rounds) = if full { (FULL, rounds_wanted()) } else { (BRIEF, 1) };
    let cases = report::chosen(&arguments);
    let mut bench =
        Bench { effort, cases, cores: workers::two_cores(), figures: Figures::default() };
    workers::pin(bench.cores[0]);
    std::hint::black_box(peers::lock_add_unlock as fn(&Mutex<u64>));
    if bench.cores[0] == bench.cores[1] {
        eprintln!("only one core: what is said of contention says little");
    }
    for round in 1..=rounds {
        if full {
            eprintln!("round {round} of {rounds}");
        }
        bench.adder::<FetchAdd>();
        bench.holder::<Mutex<u64>>();
        bench.holder::<Drepper>();
        bench.holder::<Pthread<false>>();
        bench.holder::<Pthread<true>>();
    }
    report::print(&bench.figures, rounds);
}

/// More rounds make steadier medians: `ROUNDS=31 cargo bench --bench locks`.
fn rounds_wanted() -> usize {
    std::env::var("ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(11)
}

struct Bench {
    effort: Effort,
    cases: Vec<Case>,
    cores: [usize; 2],
    figures: Figures,
}

impl Bench {
    fn adder<A: Adder>(&mut self) {
        let (effort, cores) = (self.effort, self.cores);
        self.measure::<A, _>(Alone, || [uncontended::<A>(effort)]);
        self.measure::<A, _>(Two, || [contended::<A>(effort, 2, cores)]);
        self.measure::<A, _>(Eight, || [contended::<A>(effort, 8, cores)]);
    }

    fn holder<H: Holder>(&mut self) {
        self.adder::<H>();
        let (effort, cores) = (self.effort, self.cores);
        self.measure::<H, _>(HandOver, || hand_over::<H>(effort, cores));
        if H::SURVIVES {
            self.measure::<H, _>(Killed, || killed_holder::<H>(effort, cores));
        }
    }

    fn measure<A: Adder, F: IntoIterator<Item = f64>>(
        &mut self,
        case: Case,
        run: impl FnOnce() -> F,
    ) {
        if self.cases.contains(&case) {
            self.figures.add::<A>(case, run());
        }
    }
}
