//! Names executions of loom's and shuttle's, so that they can be shown again.
//!
//! loom tries executions in an order that is always the same: one is named by the exploration of which it is one, and by its number
//! there. shuttle draws them, and the next draw depends on the ones before: one is named by who went on at each step.

use std::fmt;
use std::str::FromStr;

use super::graph::token::{INCOMPLETE, VERSION, check, of_another_version, read, write};

/// An execution.
///
/// Written as `NAME#VERSION:NUMBERS.CHECK`; the check shows whether it was copied as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// What the exploration was called, and what of it this is.
    pub name: String,
    /// Which execution: loom's number; or of shuttle's who went on, and for how many steps, by turns.
    pub(super) which: Vec<usize>,
}

/// What cannot be of the same program.
#[cfg(any(feature = "loom", feature = "shuttle"))]
pub(super) const LOST: &str = "that execution is not possible here: the source has changed since";

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}#{VERSION}:{}", self.name, write(&self.which));
        write!(f, "{text}.{}", write(&[check(&text)]))
    }
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let incomplete = || INCOMPLETE.to_owned();
        let (name, rest) = text.trim().rsplit_once('#').ok_or_else(incomplete)?;
        let (version, rest) = rest.split_once(':').ok_or_else(incomplete)?;
        if version != VERSION {
            return Err(of_another_version(version, name));
        }
        let (checked, sum) = text.trim().rsplit_once('.').ok_or_else(incomplete)?;
        let (which, _) = rest.rsplit_once('.').ok_or_else(incomplete)?;
        if read(sum) != Some(vec![check(checked)]) {
            return Err(incomplete());
        }
        let which = read(which).ok_or_else(incomplete)?;
        Ok(Self { name: name.to_owned(), which })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_can_be_read() {
        for which in [vec![1], vec![448_048], vec![0, 3, 1, 40, 0, 1]] {
            let named = Named { name: "mutex/2x1/loom/fifo/early=1.0.0".to_owned(), which };
            assert_eq!(named.to_string().parse(), Ok(named));
        }
    }

    #[test]
    fn what_is_something_else_is_refused_in_words() {
        let good = Named { name: "unlocked/2x2/loom/fifo".to_owned(), which: vec![7] }.to_string();
        let older = good.replace(VERSION, "0.0.9");
        let shorter = &good[..good.len() - 1];
        let altered = good.replace("2x2", "2x3");
        for (text, words) in [
            ("", "names no execution"),
            ("unlocked/2x2/loom#1", "names no execution"),
            (shorter, "names no execution"),
            (&altered, "names no execution"),
            (&older, "an execution of version 0.0.9"),
        ] {
            let refused = text.parse::<Named>().expect_err(text);
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }
}
