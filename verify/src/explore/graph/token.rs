//! Names executions, so that they can be shown again: at each state, which of all that could come next did.

use std::fmt;
use std::str::FromStr;

use super::{GraphSearch, KernelRule, Liveness, MOST_MESSAGES, Memory};

/// What explorations of another version number otherwise.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What numbers are written with: all of it passes through shells, and through addresses of pages.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// A digit from here on is followed by another of the same number.
const MORE: usize = 32;

/// What is said of something else.
pub(in crate::explore) const INCOMPLETE: &str = "that names no execution: `This execution:` under a drawing is followed by one that does, which has to be copied as a whole";

/// What is said of one that another version has found.
pub(in crate::explore) fn of_another_version(version: &str, name: &str) -> String {
    format!(
        "that is an execution of version {version}, and this is {VERSION}: explore {name} again"
    )
}

/// An execution, by its choices.
///
/// Written as `NAME#VERSION:SEARCH:CHOICES`, and for what is done again and again `~WHO` and the choices of that; `.CHECK` at the
/// end shows whether it was copied as a whole.
#[derive(Clone, Debug)]
pub struct Token {
    /// What the exploration was called.
    pub name: String,
    /// How it went: another would number the choices otherwise.
    pub(super) search: GraphSearch,
    /// Which of all that could come next did, from the beginning.
    pub(super) way: Vec<usize>,
    /// What is done again and again after that.
    pub(super) again: Option<Again>,
}

/// What is done again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Again {
    /// Who has nothing of it, if it is one.
    pub(super) whom: Option<usize>,
    pub(super) way: Vec<usize>,
}

impl Token {
    /// How many may die in it.
    #[must_use]
    pub const fn deaths(&self) -> u8 {
        self.search.deaths
    }

    /// What was seen of the memory.
    #[must_use]
    pub const fn memory(&self) -> Memory {
        self.search.memory
    }

    /// What was looked for beside the model's own property.
    #[must_use]
    pub const fn liveness(&self) -> Option<Liveness> {
        self.search.liveness
    }
}

/// The parts of a search that are on or off.
fn switches(search: &mut GraphSearch) -> [&mut bool; 9] {
    [
        &mut search.early_returns,
        &mut search.races,
        &mut search.ending,
        &mut search.symmetry,
        &mut search.prune,
        &mut search.fuse,
        &mut search.merge_the_dead,
        &mut search.collect,
        &mut search.marks,
    ]
}

const LIVENESS: [Option<Liveness>; 4] =
    [None, Some(Liveness::Progress), Some(Liveness::NoStarvation), Some(Liveness::NoBusyWaiting)];

/// The numbers that stand for a search.
fn numbers(search: &GraphSearch) -> Vec<usize> {
    let mut copy = *search;
    let on = switches(&mut copy).into_iter().enumerate();
    let on = on.fold(0, |all, (bit, on)| all | usize::from(*on) << bit);
    let liveness = LIVENESS.iter().position(|one| *one == search.liveness).unwrap_or(0);
    vec![
        on,
        usize::from(search.memory == Memory::Sc),
        usize::from(search.kernel == KernelRule::Before62),
        usize::from(search.deaths),
        liveness,
        search.messages,
    ]
}

/// The search that they stand for.
fn search(numbers: &[usize]) -> Option<GraphSearch> {
    let [on, sc, old, deaths, liveness, messages] = *numbers else { return None };
    let mut search = GraphSearch {
        memory: *[Memory::C11, Memory::Sc].get(sc)?,
        kernel: *[KernelRule::Since62, KernelRule::Before62].get(old)?,
        deaths: deaths.try_into().ok()?,
        liveness: *LIVENESS.get(liveness)?,
        messages: Some(messages).filter(|messages| (2..=MOST_MESSAGES).contains(messages))?,
        ..GraphSearch::default()
    };
    for (bit, switch) in switches(&mut search).into_iter().enumerate() {
        *switch = on >> bit & 1 == 1;
    }
    Some(search)
}

pub(crate) fn write(numbers: &[usize]) -> String {
    let mut text = String::new();
    for number in numbers {
        let mut left = *number;
        while left >= MORE {
            text.push(DIGITS[MORE + left % MORE].into());
            left /= MORE;
        }
        text.push(DIGITS[left].into());
    }
    text
}

pub(in crate::explore) fn read(text: &str) -> Option<Vec<usize>> {
    let mut numbers = Vec::new();
    let (mut number, mut times) = (0_usize, 1_usize);
    for digit in text.bytes() {
        let value = DIGITS.iter().position(|one| *one == digit)?;
        number = number.checked_add((value % MORE).checked_mul(times)?)?;
        if value >= MORE {
            times = times.checked_mul(MORE)?;
        } else {
            numbers.push(number);
            (number, times) = (0, 1);
        }
    }
    (times == 1).then_some(numbers)
}

/// A number that is another if a letter is, or is missing.
pub(crate) fn check(text: &str) -> usize {
    text.bytes().fold(1, |sum, byte| (sum * 257 + usize::from(byte)) % 999_983)
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, search, way, again } = self;
        let mut text = format!("{name}#{VERSION}:{}:{}", write(&numbers(search)), write(way));
        if let Some(Again { whom, way }) = again {
            let whom = whom.map_or(0, |whom| whom + 1);
            text += &format!("~{}{}", write(&[whom]), write(way));
        }
        write!(f, "{text}.{}", write(&[check(&text)]))
    }
}

impl FromStr for Token {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let incomplete = || INCOMPLETE.to_owned();
        let (name, rest) = text.trim().rsplit_once('#').ok_or_else(incomplete)?;
        let (version, rest) = rest.split_once(':').ok_or_else(incomplete)?;
        if version != VERSION {
            return Err(of_another_version(version, name));
        }
        let (checked, sum) = text.trim().rsplit_once('.').ok_or_else(incomplete)?;
        if read(sum) != Some(vec![check(checked)]) {
            return Err(incomplete());
        }
        let (rest, _) = rest.rsplit_once('.').ok_or_else(incomplete)?;
        let (how, way) = rest.split_once(':').ok_or_else(incomplete)?;
        let search = read(how).as_deref().and_then(search).ok_or_else(incomplete)?;
        let (way, again) = match way.split_once('~') {
            None => (way, None),
            Some((way, again)) => {
                let again = read(again).ok_or_else(incomplete)?;
                let (whom, round) = again.split_first().ok_or_else(incomplete)?;
                (way, Some(Again { whom: whom.checked_sub(1), way: round.to_vec() }))
            }
        };
        let way = read(way).ok_or_else(incomplete)?;
        Ok(Self { name: name.to_owned(), search, way, again })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Token {
        Token {
            name: "mutex/3x1/explorer/sc".to_owned(),
            search: GraphSearch {
                memory: Memory::Sc,
                deaths: 2,
                liveness: Some(Liveness::NoStarvation),
                messages: 40,
                fuse: false,
                ..GraphSearch::default()
            },
            way: vec![0, 1, 31, 32, 33, 1023, 1024, 5],
            again: Some(Again { whom: Some(2), way: vec![3, 0] }),
        }
    }

    #[test]
    fn what_was_written_can_be_read() {
        let wanted = token();
        let read: Token = wanted.to_string().parse().expect("a token");
        assert_eq!(read.to_string(), wanted.to_string());
        assert_eq!(
            (&read.name, &read.way, &read.again),
            (&wanted.name, &wanted.way, &wanted.again)
        );
        assert_eq!(format!("{:?}", read.search), format!("{:?}", wanted.search));
        assert_eq!((read.deaths(), read.memory()), (2, Memory::Sc));
    }

    /// The same with the check that it ought to have.
    fn checked(text: &str) -> String {
        let (text, _) = text.rsplit_once('.').expect("a check");
        format!("{text}.{}", write(&[check(text)]))
    }

    #[test]
    fn what_is_something_else_is_refused_in_words() {
        let good = token().to_string();
        let older = good.replace(VERSION, "0.0.9");
        let (shorter, altered) = (&good[..good.len() - 1], good.replace(":_", ":-"));
        assert_ne!(altered, good);
        for (text, words) in [
            ("", "names no execution"),
            ("mutex", "names no execution"),
            ("mutex/3x1#12", "names no execution"),
            (shorter, "names no execution"),
            (&altered, "names no execution"),
            (&checked(&good.replace('~', "~~")), "names no execution"),
            (&checked(&format!("x#{VERSION}:AAA:A.")), "names no execution"),
            (&checked(&good.replacen('B', "gggggggggggggggggggg", 1)), "names no execution"),
            (&older, "an execution of version 0.0.9"),
        ] {
            let refused = text.parse::<Token>().expect_err(text);
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }
}
