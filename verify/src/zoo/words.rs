//! What went wrong, in a word or two.

use crate::explore::{BREAKS_A_LIST, SPINS};

/// What explorers and models say, and what that is called in a table.
const KINDS: &[(&str, &str)] = &[
    ("a data race", "data race"),
    ("updates were lost", "lost update"),
    ("and the count is", "lost update"),
    ("nobody can go on", "hang"),
    ("the end cannot be reached", "no end"),
    (SPINS, "no end"),
    (BREAKS_A_LIST, "robust list broken"),
];

/// What went wrong, in a word or two; where nobody knows a shorter word, in those of the model.
#[must_use]
pub fn in_short(why: &str, deaths: u8) -> String {
    let known = KINDS.iter().find(|(said, _)| why.contains(said));
    let kind = known.map_or(why, |(_, kind)| kind);
    if deaths > 0 && known.is_some() { format!("{kind} after a death") } else { kind.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_said_in_short() {
        let table = [
            ("a data race on total: process 2 reads it", 0, "data race"),
            ("2 got in and added one, and the total is 1: updates were lost", 0, "lost update"),
            ("nobody can go on: every process that is left waits", 1, "hang after a death"),
            ("half of what was written was read", 0, "half of what was written was read"),
            ("2 permits are left", 1, "2 permits are left"),
        ];
        for (why, deaths, short) in table {
            assert_eq!(in_short(why, deaths), short);
        }
    }
}
