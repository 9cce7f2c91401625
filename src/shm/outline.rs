//! What is where in a region, for those who look at it without knowing its type.
//!
//! A region is a type of some program, and only that program knows its fields. So the builder writes behind the payload what a
//! stranger needs to see who holds what: names, kinds, and where the words of each primitive are.
//!
//! # The grammar
//!
//! ```text
//! node      = [ structure | array | primitive ]         nothing: it is not known what is there
//! structure = "{" { name "+" offset node "," } "}"
//! array     = "[" count "*" stride node "]"
//! primitive = '"' kind '"' "(" { words "," } ")"
//! words     = role "+" offset [ "*" count ]
//! role      = ( "mutex" | "seat" | "hold" | "any" ) ":" part | "turn" | "sleep" | "value"
//! part      = "lock" | "read" | "permit" | "place" | "task" | "inside"
//! ```
//!
//! Offsets count from where the node around it begins. A field without a name is the structure itself, where that is a primitive
//! with something inside. So an array of thousands of primitives is one short entry:
//! `{first+0"Mutex<u64:8/8>"(mutex:lock+0,),locks+48[4000*40"Lock"(mutex:lock+0,)],}`.

use core::fmt::{self, Write};

use super::shareable::Shareable;
use crate::diagnosis::Part;

/// What a [`Shareable`] type writes of itself, so that `lockproof inspect` knows what is where.
///
/// Types get theirs from [`shareable!`](crate::shareable).
#[derive(Debug, Default)]
pub struct Outline {
    text: String,
}

/// What words say about the primitive that they are in, and what it means to sleep on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Its mutex: who holds it, holds this part; its state is the primitive's; who sleeps on it waits.
    Mutex(Part),
    /// Who is in it, holds this part; who sleeps on it waits.
    Seat(Part),
    /// Who is in it, holds this part; who sleeps on it, sleeps elsewhere as well, and is counted there.
    Hold(Part),
    /// Who is in one of them, holds this part; who waits, sleeps on all of them at once.
    Any(Part),
    /// Who is in it is the next one, and holds nothing yet; who sleeps on it waits.
    Turn,
    /// A plain word; who sleeps on it waits.
    Sleep,
    /// Its value, of 64 bits.
    Value,
}

const PARTS: [(Part, &str); 6] = [
    (Part::Lock, "lock"),
    (Part::Read, "read"),
    (Part::Permit, "permit"),
    (Part::Place, "place"),
    (Part::Task, "task"),
    (Part::Inside, "inside"),
];

impl Role {
    /// What [`Display`](fmt::Display) writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (role, part) = text.split_once(':').unwrap_or((text, ""));
        let part = || PARTS.iter().find(|(_, name)| *name == part).map(|(part, _)| *part);
        Some(match role {
            "mutex" => Self::Mutex(part()?),
            "seat" => Self::Seat(part()?),
            "hold" => Self::Hold(part()?),
            "any" => Self::Any(part()?),
            "turn" if text == role => Self::Turn,
            "sleep" if text == role => Self::Sleep,
            "value" if text == role => Self::Value,
            _ => return None,
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (role, part) = match self {
            Self::Mutex(part) => ("mutex", part),
            Self::Seat(part) => ("seat", part),
            Self::Hold(part) => ("hold", part),
            Self::Any(part) => ("any", part),
            Self::Turn => return f.write_str("turn"),
            Self::Sleep => return f.write_str("sleep"),
            Self::Value => return f.write_str("value"),
        };
        let named = PARTS.iter().find(|(known, _)| known == part);
        write!(f, "{role}:{}", named.map_or("inside", |(_, name)| name))
    }
}

/// Words of one role: where the first is, and how many stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) role: Role,
    pub(crate) at: usize,
    pub(crate) count: usize,
}

impl Words {
    pub(crate) const fn one(role: Role, at: usize) -> Self {
        Self { role, at, count: 1 }
    }

    pub(crate) const fn row(role: Role, at: usize, count: usize) -> Self {
        Self { role, at, count }
    }
}

impl Outline {
    /// The text for a type.
    pub(super) fn of<T: Shareable>() -> String {
        let mut outline = Self::default();
        T::outline(&mut outline);
        outline.text
    }

    /// Writes a structure, whose fields the function writes.
    #[doc(hidden)]
    pub fn structure(&mut self, fields: impl FnOnce(&mut Self)) {
        self.text.push('{');
        fields(self);
        self.text.push('}');
    }

    /// Writes a field of that type.
    #[doc(hidden)]
    pub fn field<T: Shareable>(&mut self, name: &str, at: usize) {
        self.part(name, at, T::outline);
    }

    /// Writes a field that the function describes.
    pub(crate) fn part(&mut self, name: &str, at: usize, what: impl FnOnce(&mut Self)) {
        let _ = write!(self.text, "{name}+{at}");
        what(self);
        self.text.push(',');
    }

    /// Writes an array.
    pub(crate) fn array<T: Shareable>(&mut self, count: usize) {
        let _ = write!(self.text, "[{count}*{}", size_of::<T>());
        T::outline(self);
        self.text.push(']');
    }

    /// Writes a primitive of that type.
    pub(crate) fn primitive<T: Shareable>(&mut self, words: &[Words]) {
        let mut kind = String::new();
        T::describe(&mut kind);
        // A type may have a character as its parameter, also this one.
        let _ = write!(self.text, "\"{}\"(", kind.replace('"', "'"));
        for Words { role, at, count } in words {
            let _ = match count {
                1 => write!(self.text, "{role}+{at},"),
                _ => write!(self.text, "{role}+{at}*{count},"),
            };
        }
        self.text.push(')');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Counter, Lock, Mutex, ReentrantMutex, RwLock, Semaphore};

    crate::shareable! {
        #[allow(dead_code)]
        struct Shared {
            first: Mutex<u64>,
            locks: [Lock; 4000],
            rwlock: RwLock<u8, 3>,
            nested: ReentrantMutex<[Counter; 2]>,
            permits: Semaphore<1, 4>,
        }
    }

    #[test]
    fn a_type_says_what_is_where() {
        let expected = "{first+0\"Mutex<u64:8/8>\"(mutex:lock+0,),locks+48[4000*40\"Lock\"(mutex:lock+0,)],\
            rwlock+160048\"RwLock<u8:1/1, 3>\"(mutex:lock+0,seat:read+48*3,),\
            nested+160224{+0\"ReentrantMutex<[Counter; 2]>\"(mutex:lock+0,),\
            inside+48[2*56\"Counter\"(mutex:lock+0,value+40,)],},\
            permits+160384\"Semaphore<1, 4>\"(turn+0,any:permit+40*4,),}";
        assert_eq!(Outline::of::<Shared>(), expected);
    }

    #[test]
    fn every_role_is_read_as_it_is_written() {
        let with_part = [Role::Mutex, Role::Seat, Role::Hold, Role::Any];
        let parts = PARTS.iter().flat_map(|(part, _)| with_part.map(|role| role(*part)));
        for role in parts.chain([Role::Turn, Role::Sleep, Role::Value]) {
            assert_eq!(Role::parse(&role.to_string()), Some(role));
        }
        for wrong in ["", "mutex", "mutex:", "mutex:turn", "turn:", "value:lock", "Mutex:lock"] {
            assert_eq!(Role::parse(wrong), None, "{wrong:?}");
        }
    }
}
