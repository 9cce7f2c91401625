//! Small programs with a loop each, whose marks say what they have to, or leave one thing out.
//!
//! The first process does what it is about; the second changes the words under its eyes.

use std::marker::PhantomData;

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::platform::Ordering::{AcqRel, Acquire, Relaxed, Release};
use lockproof::platform::Waited;
use lockproof_verify::model::{Log, Model, Outcome, Sometimes, violated};
use lockproof_verify::platform::{Facts, World};

/// The words of such a program.
pub(crate) struct Words<W: World> {
    a: W::Word,
    b: W::Word,
    c: W::Word,
}

impl<W: World> std::fmt::Debug for Words<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words").finish_non_exhaustive()
    }
}

/// What a program is about.
pub(crate) trait Code: Send + Sync + 'static {
    /// What it is that the wrong token leaves out.
    const LEAVES_OUT: &'static str;

    /// The first process. Its marks leave nothing out if they are `right`.
    fn run<W: World>(p: &W, on: &Words<W>, right: bool);

    /// The second one.
    fn disturb<W: World>(p: &W, on: &Words<W>) {
        for value in [1, 2, 0] {
            p.swap(&on.a, value, AcqRel);
        }
    }
}

/// A program as a model.
#[derive(Debug)]
pub(crate) struct Planted<C> {
    right: bool,
    code: PhantomData<C>,
}

impl<C> Planted<C> {
    pub(crate) const fn new(right: bool) -> Self {
        Self { right, code: PhantomData }
    }
}

impl<C: Code> Model for Planted<C> {
    type Shared<W: World> = Words<W>;

    fn processes(&self) -> usize {
        2
    }

    fn share<W: World>(&self, p: &W) -> Words<W> {
        Words { a: p.new_word("a"), b: p.new_word("b"), c: p.new_word("c") }
    }

    fn process<W: World>(&self, p: &W, on: &Words<W>, index: usize, _: &Log) {
        match index {
            0 => C::run(p, on, self.right),
            _ => C::disturb(p, on),
        }
    }

    fn end<W: World>(&self, p: &W, on: &Words<W>, _: &Log, _: Facts) -> Outcome {
        let values = [&on.a, &on.b, &on.c].map(|word| p.load(word, Relaxed));
        Outcome { result: format!("{values:?}"), wrong: None }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        Vec::new()
    }
}

macro_rules! planted {
    ($name:ident, $left_out:literal, |$p:ident, $on:ident, $right:ident| $run:block) => {
        planted!($name, $left_out, |$p, $on, $right| $run, |p, on| {
            for value in [1, 2, 0] {
                p.swap(&on.a, value, AcqRel);
            }
        });
    };
    ($name:ident, $left_out:literal, |$p:ident, $on:ident, $right:ident| $run:block,
     |$q:ident, $of:ident| $disturb:block) => {
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Code for $name {
            const LEAVES_OUT: &'static str = $left_out;

            fn run<W: World>($p: &W, $on: &Words<W>, $right: bool) {
                $run
            }

            fn disturb<W: World>($q: &W, $of: &Words<W>) {
                $disturb
            }
        }
    };
}

planted!(Attempts, "how often it was tried, after which it gives up", |p, on, right| {
    let scope = p.scope();
    let mut attempts = 0;
    loop {
        p.at(scope, right.then_some(attempts));
        if p.load(&on.a, Acquire) == 2 {
            break;
        }
        attempts += 1;
        if attempts == 3 {
            p.swap(&on.b, 1, Relaxed);
            break;
        }
    }
});

planted!(ManyAttempts, "how often it was tried, where fifty times are enough", |p, on, right| {
    let scope = p.scope();
    let mut attempts = 0;
    while p.load(&on.a, Acquire) != 2 && attempts < 50 {
        attempts += 1;
        p.at(scope, right.then_some(attempts));
    }
    if attempts == 50 {
        p.swap(&on.b, 1, Relaxed);
    }
});

planted!(Contended, "that it failed, which the end asks for", |p, on, right| {
    let scope = p.scope();
    let mut contended = false;
    loop {
        p.at(scope, right.then_some(contended));
        if p.compare_exchange(&on.a, 0, 7, Acquire, Relaxed).is_ok() {
            break;
        }
        contended = true;
    }
    p.swap(&on.c, 3, Relaxed);
    if contended {
        p.futex_wake(&on.a, 1);
    }
});

planted!(LastRead, "the value read last, which the exchange expects", |p, on, right| {
    let scope = p.scope();
    let mut seen = p.load(&on.a, Relaxed);
    loop {
        p.at(scope, right.then_some(seen));
        match p.compare_exchange(&on.a, seen, 7, AcqRel, Relaxed) {
            Ok(_) => break,
            Err(now) => seen = now,
        }
    }
});

planted!(LastButOne, "the value read last but one", |p, on, right| {
    let scope = p.scope();
    let (mut before, mut seen) = (0, 0);
    loop {
        p.at(scope, (seen, right.then_some(before)));
        let now = p.load(&on.a, Relaxed);
        if now == 0 && seen == 2 {
            break;
        }
        (before, seen) = (seen, now);
    }
    p.swap(&on.b, before, Relaxed);
});

planted!(
    ToWrite,
    "the value to be written next",
    |p, on, right| {
        let scope = p.scope();
        let mut next = 1;
        loop {
            p.at(scope, right.then_some(next));
            if p.compare_exchange(&on.b, 0, next, AcqRel, Relaxed).is_ok() {
                break;
            }
            next = p.load(&on.a, Relaxed) + 1;
            p.swap(&on.b, 0, Relaxed);
        }
    },
    |p, on| {
        p.swap(&on.b, 1, AcqRel);
        p.swap(&on.a, 5, AcqRel);
        p.swap(&on.b, 2, AcqRel);
    }
);

planted!(
    HalfTheValue,
    "the upper half of the value read last",
    |p, on, right| {
        const UPPER: u32 = 1 << 31;
        let scope = p.scope();
        let mut seen = p.load(&on.a, Relaxed);
        loop {
            p.at(scope, (seen & !UPPER, right.then_some(seen & UPPER)));
            match p.compare_exchange(&on.a, seen, 7, AcqRel, Relaxed) {
                Ok(_) => break,
                Err(now) => seen = now,
            }
        }
    },
    |p, on| {
        for value in [1, 1 | 1 << 31, 0] {
            p.swap(&on.a, value, AcqRel);
        }
    }
);

planted!(InnerLoop, "what the inner loop changes", |p, on, right| {
    let outer = p.scope();
    for round in 0..2 {
        p.at(outer, ("outer", round));
        let inner = p.scope();
        let mut failures = 0;
        loop {
            p.at(inner, ("inner", right.then_some(failures)));
            if p.load(&on.a, Acquire) != 1 {
                break;
            }
            failures = 2.min(failures + 1);
        }
        p.swap(&on.b, failures, Relaxed);
    }
});

planted!(
    OuterLoop,
    "what the outer loop changes, where the inner one's scope is outside of it",
    |p, on, right| {
        let outside = p.scope();
        for round in 0..2 {
            let inside = p.scope();
            loop {
                p.at(if right { inside } else { outside }, "inner");
                if p.load(&on.a, Acquire) != 1 {
                    break;
                }
            }
            p.swap(&on.b, round, Relaxed);
        }
    }
);

planted!(Round, "the round, in a workload", |p, on, right| {
    let scope = p.scope();
    for round in 0..2 {
        p.at(scope, ("comes", right.then_some(round)));
        p.swap(&on.b, 1, AcqRel);
    }
});

planted!(RoundInside, "the round, in the second of two marks of a workload", |p, on, right| {
    let scope = p.scope();
    for round in 0..2 {
        p.at(scope, (round, "comes"));
        let seen = p.load(&on.a, Acquire);
        p.at(scope, ("has looked", seen, right.then_some(round)));
        p.swap(&on.b, seen, AcqRel);
    }
});

planted!(OwedWake, "that somebody has to be woken later", |p, on, right| {
    let scope = p.scope();
    let mut owed = false;
    for round in 0..3 {
        p.at(scope, (round, right.then_some(owed)));
        if p.load(&on.a, Acquire) == 2 {
            owed = true;
        } else {
            p.fetch_add(&on.c, 1, AcqRel);
        }
    }
    if owed {
        p.futex_wake(&on.b, 1);
    }
});

planted!(
    Waits,
    "how the last sleep ended",
    |p, on, right| {
        let scope = p.scope();
        let mut woken = false;
        loop {
            p.at(scope, right.then_some(woken));
            if woken && p.compare_exchange(&on.a, 0, 7, Acquire, Relaxed).is_ok() {
                break;
            }
            if p.swap(&on.a, 2, Acquire) == 0 {
                break;
            }
            woken = p.futex_wait(&on.a, 2, Deadline::Never) == Waited::Woken;
        }
    },
    |p, on| {
        p.swap(&on.a, 1, Acquire);
        p.swap(&on.a, 0, Release);
        p.futex_wake(&on.a, 1);
    }
);

planted!(TooLate, "that the deadline has passed", |p, on, right| {
    let soon = Deadline::At(Monotonic::from_secs(1));
    let scope = p.scope();
    let mut too_late = false;
    loop {
        p.at(scope, right.then_some(too_late));
        if p.compare_exchange(&on.a, 0, 7, Acquire, Relaxed).is_ok() || too_late {
            break;
        }
        too_late = p.futex_wait(&on.a, 1, soon) == Waited::TimedOut;
    }
});

planted!(Patience, "whether it sleeps with a deadline by now", |p, on, right| {
    let scope = p.scope();
    let mut until = Deadline::Never;
    loop {
        p.at(scope, right.then_some(until == Deadline::Never));
        if p.load(&on.a, Acquire) == 0 {
            break;
        }
        p.futex_wait(&on.a, 1, until);
        until = Deadline::At(Monotonic::from_secs(1));
    }
});

planted!(Ordering, "with which ordering it tries again", |p, on, right| {
    let scope = p.scope();
    let mut order = Acquire;
    loop {
        p.at(scope, right.then_some(order));
        if p.load(&on.a, order) == 2 {
            break;
        }
        order = Relaxed;
    }
});

planted!(Toggle, "which of two words comes next", |p, on, right| {
    let scope = p.scope();
    let mut first = true;
    loop {
        p.at(scope, right.then_some(first));
        if p.load(if first { &on.a } else { &on.b }, Relaxed) == 2 {
            break;
        }
        first = !first;
    }
});

planted!(
    WhichFirst,
    "which of two came first",
    |p, on, right| {
        let scope = p.scope();
        let mut seen = [false; 2];
        let mut first = None;
        while seen != [true; 2] {
            p.at(scope, (seen, right.then_some(first)));
            for (at, word) in [&on.a, &on.b].into_iter().enumerate() {
                if !seen[at] && p.load(word, Acquire) == 1 {
                    seen[at] = true;
                    first = first.or(Some(at as u32));
                }
            }
        }
        p.at(scope, right.then_some(first));
        p.swap(&on.c, first.unwrap_or(9), Relaxed);
    },
    |p, on| {
        p.swap(&on.b, 1, AcqRel);
        p.swap(&on.a, 1, AcqRel);
    }
);

planted!(Sum, "a sum of what was read", |p, on, right| {
    let scope = p.scope();
    let mut sum = 0;
    for round in 0..3 {
        p.at(scope, (round, right.then_some(sum)));
        sum += p.load(&on.a, Relaxed);
    }
    p.swap(&on.b, sum, Relaxed);
});

planted!(Highest, "the highest value so far", |p, on, right| {
    let scope = p.scope();
    let mut highest = 0;
    loop {
        p.at(scope, right.then_some(highest));
        let seen = p.load(&on.a, Relaxed);
        if seen < highest {
            break;
        }
        highest = seen;
    }
    p.swap(&on.b, highest, Relaxed);
});

planted!(AfterTheLoop, "how the loop was left, where a mark follows it", |p, on, right| {
    let scope = p.scope();
    let how = loop {
        p.at(scope, "loops");
        match p.load(&on.a, Acquire) {
            0 => {}
            seen => break seen,
        }
    };
    p.at(scope, ("leaves", right.then_some(how)));
    p.swap(&on.b, how, Relaxed);
});

planted!(
    Branch,
    "which branch was taken, of which both go on with the same operation",
    |p, on, right| {
        let scope = p.scope();
        let is_free = p.load(&on.a, Acquire) == 0;
        p.at(scope, right.then_some(is_free));
        p.fetch_add(&on.c, 1, AcqRel);
        let seen = p.load(&on.c, Acquire);
        if is_free && seen == 1 {
            p.swap(&on.b, 1, Relaxed);
        }
    }
);

planted!(Broken, "what decides whether a property is broken", |p, on, right| {
    let scope = p.scope();
    let mut seen = [0; 2];
    for round in 0..2 {
        p.at(scope, (round, right.then_some(seen)));
        seen[round] = p.load(&on.a, Acquire);
    }
    p.load(&on.b, Acquire);
    if seen == [1, 2] {
        violated("it was 1 and then 2");
    }
});

/// What the audit cannot see.
pub(crate) mod unseen {
    use super::{Acquire, Code, Relaxed, Words, World};

    planted!(
        TooManyAttempts,
        "how often it was tried, where it takes a thousand times",
        |p, on, right| {
            let scope = p.scope();
            let mut attempts = 0;
            while p.load(&on.a, Acquire) == 0 && attempts < 1000 {
                attempts += 1;
                p.at(scope, right.then_some(attempts));
            }
            if attempts == 1000 {
                p.swap(&on.b, 1, Relaxed);
            }
        },
        |p, on| {
            p.swap(&on.a, 1, super::AcqRel);
        }
    );

    planted!(
        Combination,
        "the last ten values, where one combination of them makes a difference",
        |p, on, right| {
            let scope = p.scope();
            let mut seen = Vec::new();
            loop {
                p.at(scope, right.then_some(seen.clone()));
                match p.load(&on.a, Acquire) {
                    2 => break,
                    now => seen.push(now),
                }
                if seen.len() > 10 {
                    seen.remove(0);
                }
            }
            if seen == [1, 0, 0, 1, 0, 1, 1, 0, 1, 1] {
                p.swap(&on.b, 1, Relaxed);
            }
        },
        |p, on| {
            for value in [1, 0, 1, 2] {
                p.swap(&on.a, value, super::AcqRel);
            }
        }
    );
}
