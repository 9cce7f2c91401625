//! Tokens of any text, and executions that nobody has seen.

use std::time::{Duration, Instant};

use super::{Failure, Wanted, replay};
use crate::claim::Budget;
use crate::explore::graph::token::{VERSION, check, write};
use crate::explore::graph::{MOST_MESSAGES, Token};

/// For how long is looked whether what is named has an end.
const A_MOMENT: Duration = Duration::from_millis(20);

/// Models of which all executions are short.
const MODELS: [&str; 6] =
    ["mutex/2x1", "unlocked/2x1", "event/2x1", "semaphore/2x1", "condvar/2x1", "rwlock/2x1"];

/// Whatever the text, it names an execution, or is refused in words; what names one says the same when it is written again. And an
/// execution that was named is shown, or is refused in words, if nothing can go that way.
///
/// With an even first byte the rest is the text. With an odd one it chooses a model, a search, and the way.
///
/// # Panics
///
/// If that is not so.
pub fn tokens(input: &[u8]) {
    let Some((mode, rest)) = input.split_first() else { return };
    let text = match mode & 1 {
        0 => String::from_utf8_lossy(rest).into_owned(),
        _ => made(rest),
    };
    if let Ok(token) = text.parse::<Token>() {
        let again: Token = token.to_string().parse().expect("what was read can be written");
        assert_eq!(again.to_string(), token.to_string(), "and is the same then");
    }
    match Wanted::read(&text, |_| Vec::new()) {
        // Whoever wants a large one waits for it.
        Ok(Wanted::OfStates(token, model, size)) if size.processes * size.increments <= 2 => {
            let budget = Budget { until: Some(Instant::now() + A_MOMENT), ..Budget::seeded(0) };
            if let Err(failure) = replay(&token, model, size, &budget) {
                refused(&failure);
            }
        }
        Ok(_) => {}
        Err(failure) => refused(&failure),
    }
}

fn refused(failure: &Failure) {
    let Failure::Usage(why) = failure else { panic!("refused otherwise: {failure:?}") };
    assert!(!why.is_empty() && !why.starts_with("a panic"), "{why}");
}

/// A token with the check that it ought to have.
fn made(input: &[u8]) -> String {
    let mut input = input.iter().map(|byte| usize::from(*byte));
    let mut below = |bound: usize| input.next().unwrap_or(0) % bound;
    let name = MODELS[below(MODELS.len())];
    let search = [
        below(256) * 2 + below(2),
        below(2),
        below(2),
        below(3),
        below(4),
        2 + below(MOST_MESSAGES),
    ];
    let again = below(4);
    let mut way: Vec<usize> = input.map(|choice| choice % 8).collect();
    let rest = way.split_off(if again == 0 { way.len() } else { way.len() / 2 });
    let mut text = format!("{name}#{VERSION}:{}:{}", write(&search), write(&way));
    if again > 0 {
        text += &format!("~{}{}", write(&[again - 1]), write(&rest));
    }
    format!("{text}.{}", write(&[check(&text)]))
}
