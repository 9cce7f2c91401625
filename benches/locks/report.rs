//! Medians, ratios, and the targets they are held against.

use std::collections::BTreeMap;

use lockproof::Mutex;

use crate::peers::{Adder, Drepper, FetchAdd, Pthread};

/// One column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Case {
    Alone,
    Two,
    Eight,
    HandOver,
    Killed,
}

use Case::{Alone, Eight, HandOver, Killed, Two};

const CASES: [(Case, &str); 5] = [
    (Alone, "alone, ns"),
    (Two, "2 proc, M/s"),
    (Eight, "8 proc, M/s"),
    (HandOver, "hand-over, us"),
    (Killed, "told of kill, us"),
];

/// The cases named among the arguments; all of them if none is.
pub(crate) fn chosen(arguments: &[String]) -> Vec<Case> {
    let names = [
        (Alone, "alone"),
        (Two, "two"),
        (Eight, "eight"),
        (HandOver, "hand-over"),
        (Killed, "killed"),
    ];
    let named = names.iter().filter(|(_, name)| arguments.iter().any(|argument| argument == name));
    let chosen: Vec<Case> = named.map(|(case, _)| *case).collect();
    if chosen.is_empty() { CASES.map(|(case, _)| case).to_vec() } else { chosen }
}

const NAMES: [&str; 5] = [
    FetchAdd::NAME,
    Drepper::NAME,
    <Pthread<false> as Adder>::NAME,
    <Pthread<true> as Adder>::NAME,
    OURS,
];
const OURS: &str = <Mutex<u64> as Adder>::NAME;

/// All that was measured.
#[derive(Default)]
pub(crate) struct Figures(BTreeMap<(Case, &'static str), Vec<f64>>);

impl Figures {
    pub(crate) fn add<A: Adder>(&mut self, case: Case, figures: impl IntoIterator<Item = f64>) {
        self.0.entry((case, A::NAME)).or_default().extend(figures);
    }

    fn median(&self, case: Case, name: &'static str) -> Option<f64> {
        let mut all = self.0.get(&(case, name))?.clone();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    }

    /// Ours against a peer's.
    fn ratio<A: Adder>(&self, case: Case) -> f64 {
        let of = |name| self.median(case, name).unwrap_or(f64::NAN);
        of(OURS) / of(A::NAME)
    }
}

pub(crate) fn print(figures: &Figures, rounds: usize) {
    print!("{:28}", format!("medians of {rounds}"));
    for (_, title) in CASES {
        print!("{title:>18}");
    }
    println!();
    for name in NAMES {
        print!("{name:28}");
        for (case, _) in CASES {
            match figures.median(case, name) {
                Some(figure) => print!("{figure:18.1}"),
                None => print!("{:>18}", "-"),
            }
        }
        println!();
    }
    println!();
    for target in targets(figures) {
        if !target.measured.is_nan() {
            target.print();
        }
    }
}

struct Target {
    says: &'static str,
    measured: f64,
    limit: Limit,
}

enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    fn print(&self) {
        let (met, limit) = match self.limit {
            Limit::AtMost(most) => (self.measured <= most, format!("at most {most}")),
            Limit::AtLeast(least) => (self.measured >= least, format!("at least {least}")),
        };
        let verdict = if met { "met" } else { "MISSED" };
        println!("{:52}{:9.2}   {limit:14} {verdict}", self.says, self.measured);
    }
}

fn targets(figures: &Figures) -> [Target; 8] {
    use Limit::{AtLeast, AtMost};
    let target = |says, measured, limit| Target { says, measured, limit };
    [
        target("alone: ours / pthread normal", figures.ratio::<Pthread<false>>(Alone), AtMost(1.0)),
        target("alone: ours / pthread robust", figures.ratio::<Pthread<true>>(Alone), AtMost(0.75)),
        target(
            "2 processes: ours / pthread robust",
            figures.ratio::<Pthread<true>>(Two),
            AtLeast(1.3),
        ),
        target("2 processes: ours / Drepper", figures.ratio::<Drepper>(Two), AtLeast(0.9)),
        target(
            "8 processes: ours / pthread robust",
            figures.ratio::<Pthread<true>>(Eight),
            AtLeast(1.3),
        ),
        target("8 processes: ours / Drepper", figures.ratio::<Drepper>(Eight), AtLeast(0.9)),
        target(
            "hand-over: ours / pthread normal",
            figures.ratio::<Pthread<false>>(HandOver),
            AtMost(1.0),
        ),
        target(
            "killed holder's waiter told, us",
            figures.median(Killed, OURS).unwrap_or(f64::NAN),
            AtMost(100.0),
        ),
    ]
}
