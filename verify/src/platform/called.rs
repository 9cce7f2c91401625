//! What words and cells are called where several were given the same name: `slot #1`, `slot #2`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The names that were given in one execution, and how often.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<&'static str, usize>);

impl Names {
    /// Gives a name once more. The first one's is as it is: nobody knows yet whether there will be another.
    pub(super) fn give(&mut self, name: &'static str) -> &'static str {
        let given = self.0.entry(name).or_default();
        *given += 1;
        if *given == 1 { name } else { numbered(name, *given) }
    }

    /// What people read, now that all have their names.
    pub(super) fn of(&self, given: &'static str) -> &'static str {
        match self.0.get(given) {
            Some(2..) => numbered(given, 1),
            _ => given,
        }
    }
}

/// The name with a number. As words carry their names through millions of executions, each is made once and kept.
fn numbered(name: &'static str, number: usize) -> &'static str {
    static MADE: Mutex<Option<HashMap<(&'static str, usize), &'static str>>> = Mutex::new(None);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let made = made.get_or_insert_default();
    made.entry((name, number)).or_insert_with(|| format!("{name} #{number}").leak())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_one_name_are_told_apart_and_others_are_left_alone() {
        let mut names = Names::default();
        let given = ["slot", "lock", "slot", "slot"].map(|name| names.give(name));
        assert_eq!(given.map(|name| names.of(name)), ["slot #1", "lock", "slot #2", "slot #3"]);
    }
}
