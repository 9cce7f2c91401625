//! Where a source has operations that could be done otherwise: so that a line is marked that no exploration reaches, and of which
//! there are therefore no mutants.
//!
//! That is read off the text. Whatever [`changes`](crate::mutate::changes) changes of an operation, it does so of all of its name, but
//! for loads and fences, which have only their orderings: those are looked for in the call.

/// What can be left out, at least.
const WRITES: [&str; 18] = [
    "cell_set",
    "compare_exchange",
    "compare_exchange64",
    "fetch_add",
    "fetch_add64",
    "fetch_and",
    "fetch_or",
    "futex_requeue",
    "futex_update_wake_all",
    "futex_wait_any",
    "futex_wake",
    "robust_begin",
    "robust_end",
    "robust_insert",
    "robust_remove",
    "store",
    "store64",
    "swap",
];
const READS: [&str; 3] = ["fence", "load", "load64"];
/// Orderings that can be weaker.
const ORDERS: [&str; 3] = ["Acquire", "Release", "AcqRel"];

/// The lines, from 1, on which an operation begins that could be done otherwise.
pub(super) fn operations(source: &str) -> Vec<usize> {
    let lines: Vec<&str> = source.lines().map(code).collect();
    let is_one = |at: &usize| {
        let (line, before) = (lines[*at], at.checked_sub(1).map_or("", |before| lines[before]));
        calls(line, before).any(|(name, arguments)| {
            WRITES.contains(&name)
                || READS.contains(&name) && has_an_order(arguments, &lines[at + 1..])
        })
    };
    (0..lines.len()).filter(is_one).map(|at| at + 1).collect()
}

/// What is no comment.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// The calls of the platform, which is called `p`, that have their name on that line, and what follows on it.
fn calls<'a>(line: &'a str, before: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let is_p = |receiver: &str| {
        receiver
            .strip_suffix('p')
            .is_some_and(|rest| !rest.ends_with(|last: char| last.is_alphanumeric() || last == '_'))
    };
    let begins_behind_p = is_p(before.trim_end());
    line.match_indices('.').filter_map(move |(at, _)| {
        let receiver = line[..at].trim_end();
        let is_called = is_p(receiver) || receiver.is_empty() && begins_behind_p;
        line[at + 1..].split_once('(').filter(|_| is_called)
    })
}

/// Whether an ordering that can be weaker is among the arguments of a call, which may go on below.
fn has_an_order(arguments: &str, below: &[&str]) -> bool {
    let mut open = 1_usize;
    let is_inside = |letter: &char| {
        match letter {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        open > 0
    };
    let below = below.iter().flat_map(|line| line.chars());
    let arguments: String = arguments.chars().chain(below).take_while(is_inside).collect();
    ORDERS.iter().any(|order| arguments.contains(order))
}

#[cfg(test)]
mod tests {
    use super::operations;

    #[test]
    fn what_could_be_done_otherwise_is_found_and_nothing_else() {
        let table = [
            ("p.store(&self.word, 1, Relaxed);", true),
            ("    Err(_) => p.futex_wake(&self.word, 1),", true),
            ("p.load(&self.word, Acquire) & SET != 0", true),
            ("p.load(&self.word, Relaxed)", false),
            ("(p.load(&self.word, Relaxed), Acquire)", false),
            ("p.load(\n    &self.word,\n    Acquire,\n)", true),
            ("p\n    .swap(&self.word, 0, AcqRel)", true),
            ("p.fence(Release);", true),
            ("p.fence(SeqCst);", false),
            ("p.futex_wait(&self.word, seen, deadline)", false),
            ("// p.store(&self.word, 1, Release);", false),
            ("let cap.store(1);", false),
            ("self.lock.swap(p, 1);", false),
            ("p.now()", false),
        ];
        for (source, is_one) in table {
            let found = operations(source);
            assert_eq!(found.len(), usize::from(is_one), "{source}: {found:?}");
        }
        assert_eq!(operations("fn f() {\n    p\n        .store(1)\n}"), [3]);
    }
}
