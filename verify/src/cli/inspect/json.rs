//! What was seen, for programs.

use lockproof::diagnosis::Holder;
use lockproof::inspect::{
    Built, Condition, Deadlock, Header, Link, Listed, Listing, Look, PrimitiveLook, Progress,
    RegionLook, Since, User, Users, Who,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::report::json::{VERSION, pretty, seconds};

/// Everything of a look.
pub(super) fn look(look: &Look) -> String {
    pretty(&JsonLook {
        lockproof: VERSION,
        regions: look.regions.iter().map(JsonRegion::of).collect(),
        deadlocks: look.deadlocks.iter().map(links).collect(),
        notes: &look.notes,
    })
}

/// All regions.
pub(super) fn listing(listing: &Listing) -> String {
    pretty(&JsonListing {
        lockproof: VERSION,
        regions: listing.regions.iter().map(JsonListed::of).collect(),
        unreadable: listing.unreadable,
        hidden_processes: listing.hidden,
    })
}

/// What a look is like.
pub(crate) fn look_schema() -> schemars::Schema {
    crate::report::schema::of::<JsonLook<'_>>()
}

/// What the list is like.
pub(crate) fn listing_schema() -> schemars::Schema {
    crate::report::schema::of::<JsonListing<'_>>()
}

#[derive(Serialize, JsonSchema)]
struct JsonLook<'a> {
    lockproof: &'static str,
    regions: Vec<JsonRegion<'a>>,
    deadlocks: Vec<Vec<JsonLink<'a>>>,
    notes: &'a [String],
}

#[derive(Serialize, JsonSchema)]
struct JsonRegion<'a> {
    place: &'a str,
    #[serde(flatten)]
    header: JsonHeader<'a>,
    users: JsonUsers<'a>,
    primitives: Vec<JsonPrimitive<'a>>,
    more: Option<&'static str>,
}

#[derive(Serialize, JsonSchema)]
struct JsonHeader<'a> {
    holds: &'a str,
    state: &'static str,
    made: &'static str,
    size: u64,
    owner: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
struct JsonPrimitive<'a> {
    name: &'a str,
    kind: &'a str,
    at: u64,
    condition: Option<JsonCondition>,
    waiting: Option<usize>,
    owner_died: bool,
    not_recoverable: bool,
    readable: bool,
    holders: Vec<JsonHolder<'a>>,
    waiters: Vec<JsonWho<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum JsonCondition {
    Value(u64),
    PermitsFree(u64),
    Queue { elements: u64, shut_down: bool },
    Messages { bytes: u64, shut_down: bool },
    Event { set: bool },
    Barrier { arrived: u32, broken: bool },
    Once(&'static str),
}

#[derive(Serialize, JsonSchema)]
struct JsonHolder<'a> {
    part: String,
    thread: u32,
    process: Option<u32>,
    command: Option<&'a str>,
    exists: bool,
    stopped: bool,
    waited_for: Option<f64>,
}

#[derive(Serialize, JsonSchema)]
struct JsonWho<'a> {
    thread: u32,
    process: u32,
    command: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct JsonUsers<'a> {
    mapped: Vec<JsonUser<'a>>,
    open: Vec<JsonUser<'a>>,
    hidden: usize,
}

#[derive(Serialize, JsonSchema)]
struct JsonUser<'a> {
    process: u32,
    command: Option<&'a str>,
}

#[derive(Serialize, JsonSchema)]
struct JsonLink<'a> {
    waiter: JsonWho<'a>,
    primitive: &'a str,
    region: &'a str,
    holder: JsonWho<'a>,
}

#[derive(Serialize, JsonSchema)]
struct JsonListing<'a> {
    lockproof: &'static str,
    regions: Vec<JsonListed<'a>>,
    unreadable: usize,
    hidden_processes: usize,
}

#[derive(Serialize, JsonSchema)]
struct JsonListed<'a> {
    name: Option<&'a str>,
    place: &'a str,
    header: Option<JsonHeader<'a>>,
    error: Option<&'a str>,
    users: JsonUsers<'a>,
}

impl<'a> JsonRegion<'a> {
    fn of(region: &'a RegionLook) -> Self {
        Self {
            place: &region.place,
            header: JsonHeader::of(&region.header),
            users: JsonUsers::of(&region.users),
            primitives: region.primitives.iter().map(JsonPrimitive::of).collect(),
            more: region.more,
        }
    }
}

impl<'a> JsonHeader<'a> {
    fn of(header: &'a Header) -> Self {
        Self {
            holds: &header.holds,
            state: match header.built {
                Built::NotYet => "begun",
                Built::Unfinished => "building",
                Built::Ready => "ready",
            },
            made: match header.since {
                Since::ThisBoot => "this boot",
                Since::EarlierBoot => "earlier boot",
                Since::OtherPidNamespace => "other pid namespace",
            },
            size: header.size,
            owner: header.owner,
        }
    }
}

impl<'a> JsonPrimitive<'a> {
    fn of(primitive: &'a PrimitiveLook) -> Self {
        let diagnosis = &primitive.diagnosis;
        Self {
            name: &primitive.name,
            kind: &primitive.kind,
            at: primitive.at,
            condition: primitive.condition.and_then(JsonCondition::of),
            waiting: diagnosis.waiting,
            owner_died: diagnosis.owner_died,
            not_recoverable: diagnosis.not_recoverable,
            readable: primitive.readable,
            holders: diagnosis.holders.iter().map(JsonHolder::of).collect(),
            waiters: primitive.waiters.iter().map(JsonWho::of).collect(),
        }
    }
}

impl JsonCondition {
    fn of(condition: Condition) -> Option<Self> {
        Some(match condition {
            Condition::Value(value) => Self::Value(value),
            Condition::Permits(free) => Self::PermitsFree(free),
            Condition::Queue { elements, shut_down } => Self::Queue { elements, shut_down },
            Condition::Messages { bytes, shut_down } => Self::Messages { bytes, shut_down },
            Condition::Event { set } => Self::Event { set },
            Condition::Barrier { arrived, broken } => Self::Barrier { arrived, broken },
            Condition::Once(Progress::NotBegun) => Self::Once("not-begun"),
            Condition::Once(Progress::Begun) => Self::Once("begun"),
            Condition::Once(Progress::Done) => Self::Once("done"),
            _ => return None,
        })
    }
}

impl<'a> JsonHolder<'a> {
    fn of(holder: &'a Holder) -> Self {
        Self {
            part: format!("{:?}", holder.part).to_lowercase(),
            thread: holder.thread,
            process: holder.process,
            command: holder.command.as_deref(),
            exists: holder.exists,
            stopped: holder.stopped,
            waited_for: holder.waited_for.map(seconds),
        }
    }
}

impl<'a> JsonWho<'a> {
    fn of(who: &'a Who) -> Self {
        Self { thread: who.thread, process: who.process, command: who.command.as_deref() }
    }
}

impl<'a> JsonUsers<'a> {
    fn of(users: &'a Users) -> Self {
        let all = |users: &'a [User]| {
            let user = |user: &'a User| JsonUser {
                process: user.process,
                command: user.command.as_deref(),
            };
            users.iter().map(user).collect()
        };
        Self { mapped: all(&users.mapped), open: all(&users.open), hidden: users.hidden }
    }
}

impl<'a> JsonListed<'a> {
    fn of(listed: &'a Listed) -> Self {
        Self {
            name: listed.name.as_deref(),
            place: &listed.place,
            header: listed.header.as_ref().ok().map(JsonHeader::of),
            error: listed.header.as_ref().err().map(String::as_str),
            users: JsonUsers::of(&listed.users),
        }
    }
}

fn links(deadlock: &Deadlock) -> Vec<JsonLink<'_>> {
    deadlock.links.iter().map(JsonLink::of).collect()
}

impl<'a> JsonLink<'a> {
    fn of(link: &'a Link) -> Self {
        Self {
            waiter: JsonWho::of(&link.waiter),
            primitive: &link.primitive,
            region: &link.region,
            holder: JsonWho::of(&link.holder),
        }
    }
}
