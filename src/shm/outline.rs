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
//! role      = ( "mutex" | "seat" | "hold" | "any" ) ":" part | "turn" | "sleep" | "value" | "tells:" told
//! part      = "lock" | "read" | "permit" | "place" | "task" | "inside"
//! told      = "permits" | "more" | "head" | "tail" | "bytes" | "closed" | "set" | "meeting" | "done"
//! ```
//!
//! Roles that begin with `tells:` and are not known are passed over: what there is to tell may become more without a new format.
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
    /// What the primitive is like. It is read in addition to what the same word is otherwise.
    Tells(Told),
}

/// What a word tells of its primitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Told {
    /// The value of a counter.
    Value,
    /// Whether a permit is free: one of those that there were to begin with.
    Permits,
    /// Whether there is another permit, and it is free.
    MorePermits,
    /// How many elements, or bytes, a queue has given.
    Head,
    /// How many elements it has got.
    Tail,
    /// How many bytes it has got.
    Bytes,
    /// Whether it was shut down.
    Closed,
    /// Whether an event is set.
    Set,
    /// Who has come to a barrier.
    Meeting,
    /// Whether something was done once.
    Done,
}

const PARTS: [(Part, &str); 6] = [
    (Part::Lock, "lock"),
    (Part::Read, "read"),
    (Part::Permit, "permit"),
    (Part::Place, "place"),
    (Part::Task, "task"),
    (Part::Inside, "inside"),
];

/// With what the roles begin that tell something.
pub(crate) const TELLS: &str = "tells:";

const TOLD: [(Told, &str); 9] = [
    (Told::Permits, "permits"),
    (Told::MorePermits, "more"),
    (Told::Head, "head"),
    (Told::Tail, "tail"),
    (Told::Bytes, "bytes"),
    (Told::Closed, "closed"),
    (Told::Set, "set"),
    (Told::Meeting, "meeting"),
    (Told::Done, "done"),
];

impl Told {
    /// How many bytes the word has; nothing where it is a robust word.
    pub(crate) const fn size(self) -> Option<u64> {
        match self {
            Self::Permits | Self::MorePermits => None,
            Self::Value | Self::Head | Self::Tail | Self::Bytes | Self::Closed => Some(8),
            Self::Set | Self::Meeting | Self::Done => Some(4),
        }
    }
}

impl Role {
    /// What [`Display`](fmt::Display) writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (role, part) = text.split_once(':').unwrap_or((text, ""));
        let told = part;
        let part = || PARTS.iter().find(|(_, name)| *name == part).map(|(part, _)| *part);
        Some(match role {
            "mutex" => Self::Mutex(part()?),
            "seat" => Self::Seat(part()?),
            "hold" => Self::Hold(part()?),
            "any" => Self::Any(part()?),
            "turn" if text == role => Self::Turn,
            "sleep" if text == role => Self::Sleep,
            "value" if text == role => Self::Tells(Told::Value),
            "tells" => Self::Tells(TOLD.iter().find(|(_, name)| *name == told)?.0),
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
            Self::Tells(Told::Value) => return f.write_str("value"),
            Self::Tells(told) => {
                let named = TOLD.iter().find(|(known, _)| known == told);
                return write!(f, "{TELLS}{}", named.map_or("nothing", |(_, name)| name));
            }
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
                0 => Ok(()),
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
            permits+160384\"Semaphore<1, 4>\"(turn+0,any:permit+40*4,tells:permits+40,tells:more+80*3,),}";
        assert_eq!(Outline::of::<Shared>(), expected);
    }

    #[test]
    fn every_role_is_read_as_it_is_written() {
        let with_part = [Role::Mutex, Role::Seat, Role::Hold, Role::Any];
        let parts = PARTS.iter().flat_map(|(part, _)| with_part.map(|role| role(*part)));
        let told = TOLD.iter().map(|(told, _)| Role::Tells(*told));
        let others = [Role::Turn, Role::Sleep, Role::Tells(Told::Value)];
        for role in parts.chain(told).chain(others) {
            assert_eq!(Role::parse(&role.to_string()), Some(role));
        }
        for wrong in [
            "",
            "mutex",
            "mutex:",
            "mutex:turn",
            "turn:",
            "value:lock",
            "tells:lock",
            "tells",
            "Mutex:lock",
        ] {
            assert_eq!(Role::parse(wrong), None, "{wrong:?}");
        }
    }
}
