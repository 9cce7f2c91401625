//! Reading what a region says of what is where in it, and believing none of it: it may be damaged, or meant to do harm.

use std::sync::Arc;

use crate::platform::RobustWord;
use crate::shm::outline::{Role, TELLS, Words};

/// How many primitives, fields, elements of arrays and words are looked at, at most: fewer where names are long.
const MOST: usize = 1 << 20;

/// So many bytes of a name cost as much as a field.
const NAME: usize = 64;

/// How deep arrays and structures may be nested.
const DEEPEST: usize = 64;

/// A primitive: what it is called, what it is, and where its words are in the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) name: String,
    pub(super) kind: Arc<str>,
    pub(super) at: u64,
    pub(super) words: Vec<Row>,
}

/// Words of one role, from a place in the payload on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) role: Role,
    pub(super) at: u64,
    pub(super) count: u64,
}

impl Row {
    /// Where each of them is.
    pub(super) fn places(self) -> impl Iterator<Item = u64> {
        (0..self.count).map(move |number| self.at + number * SEAT)
    }

    fn end(&self) -> Option<u64> {
        let last = self.at.checked_add(self.count.checked_sub(1)?.checked_mul(SEAT)?)?;
        last.checked_add(match self.role {
            Role::Sleep => 4,
            Role::Tells(told) => told.size().unwrap_or(SEAT),
            _ => SEAT,
        })
    }
}

/// From one robust word to the next.
const SEAT: u64 = size_of::<RobustWord>() as u64;

/// What is where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spots {
    pub(super) all: Vec<Spot>,
    /// Whether there are more, which are not among them.
    pub(super) more: bool,
    /// Whether the type of something does not say what is in it.
    pub(super) unknown: bool,
}

/// Reads the outline of a payload of that size; `None` if it is none.
pub(super) fn read(text: &str, payload: u64) -> Option<Spots> {
    let mut reader = Reader { rest: text };
    let node = reader.node(0)?;
    if !reader.rest.is_empty() {
        return None;
    }
    let mut walk = Walk { payload, left: MOST, spots: Spots::default() };
    walk.node(&node, "", 0)?;
    Some(walk.spots)
}

#[derive(Debug)]
enum Node {
    Unknown,
    Structure(Vec<(String, u64, Self)>),
    Array { count: u64, stride: u64, element: Box<Self> },
    Primitive { kind: Arc<str>, words: Vec<Words> },
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn node(&mut self, depth: usize) -> Option<Node> {
        if depth > DEEPEST {
            return None;
        }
        if self.skip('{') {
            return self.structure(depth);
        }
        if self.skip('[') {
            let count = self.number('*')?;
            let stride = self.number_before_more()?;
            let element = Box::new(self.node(depth + 1)?);
            return self.skip(']').then_some(Node::Array { count, stride, element });
        }
        if self.skip('"') {
            return self.primitive();
        }
        Some(Node::Unknown)
    }

    fn structure(&mut self, depth: usize) -> Option<Node> {
        let mut fields = Vec::new();
        while !self.skip('}') {
            let name = printable(self.until('+')?);
            let at = self.number_before_more()?;
            fields.push((name, at, self.node(depth + 1)?));
            self.skip(',').then_some(())?;
        }
        Some(Node::Structure(fields))
    }

    fn primitive(&mut self) -> Option<Node> {
        let kind = printable(self.until('"')?).into();
        self.skip('(').then_some(())?;
        let mut words = Vec::new();
        while !self.skip(')') {
            let role = self.until('+')?;
            let text = self.until(',')?;
            let (at, count) = text.split_once('*').unwrap_or((text, "1"));
            let (at, count) = (at.parse().ok()?, count.parse().ok()?);
            match Role::parse(role) {
                Some(role) => words.push(Words { role, at, count }),
                None if role.starts_with(TELLS) => {}
                None => return None,
            }
        }
        Some(Node::Primitive { kind, words })
    }

    fn skip(&mut self, expected: char) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn until(&mut self, end: char) -> Option<&'a str> {
        let (before, after) = self.rest.split_once(end)?;
        self.rest = after;
        Some(before)
    }

    fn number(&mut self, end: char) -> Option<u64> {
        self.until(end)?.parse().ok()
    }

    fn number_before_more(&mut self) -> Option<u64> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, rest) = self.rest.split_at(end);
        self.rest = rest;
        number.parse().ok()
    }
}

/// Text of somebody else's, so that it cannot command a terminal.
fn printable(text: &str) -> String {
    text.escape_debug().to_string()
}

struct Walk {
    payload: u64,
    left: usize,
    spots: Spots,
}

impl Walk {
    /// `None` if something would not be within the payload.
    fn node(&mut self, node: &Node, name: &str, at: u64) -> Option<()> {
        match node {
            Node::Unknown => self.spots.unknown = true,
            Node::Structure(fields) => {
                for (field, offset, node) in fields {
                    // Before it is joined: with long names, in arrays, that is what takes long and takes room.
                    if !self.may_go_on(1 + (name.len() + field.len()) / NAME) {
                        break;
                    }
                    self.node(node, &joined(name, field), at.checked_add(*offset)?)?;
                }
            }
            Node::Array { count, stride, element } => {
                for number in 0..*count {
                    if !self.may_go_on(1 + name.len() / NAME) {
                        break;
                    }
                    let offset = number.checked_mul(*stride)?;
                    self.node(element, &format!("{name}[{number}]"), at.checked_add(offset)?)?;
                }
            }
            Node::Primitive { kind, words } => self.primitive(kind, words, name, at)?,
        }
        Some(())
    }

    fn primitive(&mut self, kind: &Arc<str>, words: &[Words], name: &str, at: u64) -> Option<()> {
        let rows = words.iter().map(|words| {
            let from = at.checked_add(words.at as u64)?;
            let row = Row { role: words.role, at: from, count: words.count as u64 };
            (from % 4 == 0 && row.end()? <= self.payload).then_some(row)
        });
        let rows = rows.collect::<Option<Vec<_>>>()?;
        if self.may_go_on(rows.iter().map(|row| row.count as usize).sum::<usize>().max(1)) {
            let (name, kind) = (name.to_owned(), Arc::clone(kind));
            self.spots.all.push(Spot { name, kind, at, words: rows });
        }
        Some(())
    }

    fn may_go_on(&mut self, costs: usize) -> bool {
        let left = self.left.checked_sub(costs);
        self.spots.more |= left.is_none();
        self.left = left.unwrap_or(0);
        left.is_some()
    }
}

/// A structure's own primitive has the structure's name.
fn joined(outer: &str, inner: &str) -> String {
    match (outer, inner) {
        (one, "") | ("", one) => one.to_owned(),
        (outer, inner) => format!("{outer}.{inner}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Part;
    use crate::shm::outline::Told;

    const SOUND: &str = "{a+0\"Mutex<u64:8/8>\"(mutex:lock+0,),b+48[2*128{+0\"X\"(turn+0,any:permit+40*2,),\
        in+120\"AtomicCounter\"(value+0,),}],c+304,}";

    fn names(spots: &Spots) -> Vec<(&str, u64)> {
        spots.all.iter().map(|spot| (&*spot.name, spot.at)).collect()
    }

    #[test]
    fn what_is_written_is_found_by_its_name() {
        let spots = read(SOUND, 304).expect("sound");
        let expected = [("a", 0), ("b[0]", 48), ("b[0].in", 168), ("b[1]", 176), ("b[1].in", 296)];
        assert_eq!(names(&spots), expected);
        assert!(spots.unknown && !spots.more);
        let any = Row { role: Role::Any(Part::Permit), at: 216, count: 2 };
        assert_eq!(spots.all[3].words[1], any);
        assert_eq!(any.places().collect::<Vec<_>>(), [216, 256]);
    }

    #[test]
    fn what_a_later_version_tells_is_passed_over() {
        let spots = read("\"X\"(mutex:lock+0,tells:age+8,tells:done+40,)", 100).expect("sound");
        let roles: Vec<_> = spots.all[0].words.iter().map(|row| row.role).collect();
        assert_eq!(roles, [Role::Mutex(Part::Lock), Role::Tells(Told::Done)]);
        for wrong in ["\"X\"(mutex:lock+0,age+8,)", "\"X\"(tells:age+,)"] {
            assert_eq!(read(wrong, 100), None, "{wrong}");
        }
    }

    #[test]
    fn what_leads_out_of_the_payload_is_refused() {
        for short in [0, 40, 303] {
            assert_eq!(read(SOUND, short), None, "{short} bytes");
        }
        let far = u64::MAX;
        for wrong in [
            "\"X\"(mutex:lock+1000,)".to_owned(),
            format!("\"X\"(mutex:lock+{far},)"),
            format!("\"X\"(seat:read+0*{far},)"),
            format!("{{a+{far}\"X\"(value+8,),}}"),
            format!("[{far}*{far}\"X\"(value+0,)]"),
            "\"X\"(mutex:lock+0*0,)".to_owned(),
            "\"X\"(mutex:lock+2,)".to_owned(),
        ] {
            assert_eq!(read(&wrong, 1000), None, "{wrong}");
        }
    }

    #[test]
    fn what_has_no_end_comes_to_one() {
        for endless in ["[18446744073709551615*0\"X\"()]", "[99999999*0[99999999*0{}]]"] {
            assert!(read(endless, 0).expect("nothing is out of bounds").more, "{endless}");
        }
        assert_eq!(read(&"[1*0".repeat(100_000), 0), None);
        let (long, wide) = ("n".repeat(1 << 20), "a+0,".repeat(1 << 16));
        for endless in [
            format!("{{{long}+0[99999999*0\"X\"()],}}"),
            format!("[99999999*0{{{wide}}}]"),
            format!("{{{long}+0{{{wide}}},}}"),
        ] {
            let spots = read(&endless, 0).expect("nothing is out of bounds");
            let names: usize = spots.all.iter().map(|spot| spot.name.len()).sum();
            assert!(spots.more && names <= NAME * MOST, "{names} bytes of names");
        }
    }

    #[test]
    fn no_damage_to_the_text_is_met_by_a_panic() {
        for cut in 0..SOUND.len() {
            let _ = read(&SOUND[..cut], 304);
            for other in ['0', '9', '+', '*', '{', '}', '[', ']', '"', ',', '\u{1b}', 'ü'] {
                let mut damaged: Vec<char> = SOUND.chars().collect();
                damaged[cut] = other;
                let damaged: String = damaged.into_iter().collect();
                for spot in read(&damaged, 304).unwrap_or_default().all {
                    assert!(!spot.name.contains(char::is_control), "{damaged:?}");
                    let ends = spot.words.iter().map(Row::end);
                    assert!(ends.into_iter().all(|end| end.is_some_and(|end| end <= 304)));
                }
            }
        }
    }
}
