//! What was seen, for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use lockproof::inspect::{Built, Header, Look, PrimitiveLook, RegionLook, Since};

/// Everything of a look.
pub(super) fn look(look: &Look, all: bool) -> String {
    let mut text = String::new();
    for (number, region) in look.regions.iter().enumerate() {
        let between = if number == 0 { "" } else { "\n" };
        let _ = write!(text, "{between}{}", self::region(region, all));
    }
    for deadlock in &look.deadlocks {
        let _ = writeln!(text, "\n{deadlock}");
    }
    for note in &look.notes {
        let _ = writeln!(text, "\nnote: {note}");
    }
    text
}

fn region(region: &RegionLook, all: bool) -> String {
    let mut text = format!("{}: {}\n", region.place, header(&region.header));
    let _ = writeln!(text, "  holds {}", region.header.holds);
    let _ = writeln!(text, "  {}\n", region.users);
    let mut idle = BTreeMap::<&str, usize>::new();
    for primitive in &region.primitives {
        match primitive.name.split_once('[') {
            Some((array, _)) if !all && primitive.is_idle() => *idle.entry(array).or_default() += 1,
            _ => text.push_str(&self::primitive(primitive)),
        }
    }
    for (array, number) in idle {
        let _ = writeln!(text, "  {array}[..]: {number} that nobody holds and nobody waits for");
    }
    if let Some(more) = region.more {
        let _ = writeln!(text, "  {more}");
    }
    text
}

/// What a header says, in one line.
pub(super) fn header(header: &Header) -> String {
    let built = match header.built {
        Built::NotYet => return "begun, and nobody has built anything yet".to_owned(),
        Built::Unfinished => {
            return "being built, or left half-built by somebody who died".to_owned();
        }
        Built::Ready => "ready",
    };
    let since = match header.since {
        Since::ThisBoot => "",
        Since::EarlierBoot => ", last used before this boot: whoever holds something is dead",
        Since::OtherPidNamespace => {
            ", of another PID namespace, whose threads have other ids there: look from within"
        }
    };
    let owner = header.owner.map_or_else(String::new, |owner| format!(", of user {owner}"));
    format!("{built}, {} bytes{owner}{since}", header.size)
}

fn primitive(primitive: &PrimitiveLook) -> String {
    let PrimitiveLook { name, kind, condition, diagnosis, readable, waiters, .. } = primitive;
    let mut text =
        if name.is_empty() { format!("  {kind}: ") } else { format!("  {name}, {kind}: ") };
    if let Some(condition) = condition {
        let _ = write!(text, "{condition}{}", if primitive.locks { "; " } else { "" });
    }
    if !readable {
        text.push_str("cannot be read any more: its file was cut short");
    } else if primitive.locks {
        let _ = write!(text, "{diagnosis}");
    } else if condition.is_none() {
        text.push_str("no lock");
    }
    text.push('\n');
    for waiter in waiters {
        let _ = writeln!(text, "    waits: {waiter}");
    }
    text
}
