//! Who waits for what, and for whom.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use super::deadlock::{Waits, circles};
use super::error::InspectError;
use super::find::{Found, of_mappings};
use super::opened::Opened;
use super::process::{self, Mapped, Who};
use super::{Look, PrimitiveLook, RegionLook};
use crate::shm::outline::Role;

/// How long nobody in a circle may have moved.
const MOMENT: Duration = Duration::from_millis(50);

/// Threads each of which waits for the next one, and the last for the first.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Deadlock {
    /// The threads, and what each waits for.
    pub links: Vec<Link>,
}

/// A thread of a [`Deadlock`], and what it waits for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Link {
    /// The thread.
    pub waiter: Who,
    /// What it waits for: the primitive's name.
    pub primitive: String,
    /// The region that has the primitive.
    pub region: String,
    /// Who holds it.
    pub holder: Who,
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = if self.links.len() == 1 { "thread waits" } else { "threads wait" };
        write!(f, "deadlock: {} {number} in a circle", self.links.len())?;
        self.links.iter().try_for_each(|link| {
            let Link { waiter, primitive, region, holder } = link;
            write!(
                f,
                "\n  {waiter}\n    waits for {primitive} in {region}, held by thread {}",
                holder.thread
            )
        })?;
        f.write_str("\n  nobody of them goes on until one is killed, or gives up at a time limit of its own")
    }
}

/// A thread that sleeps on words of regions.
#[derive(Clone, Debug, PartialEq)]
struct Sleeper {
    process: u32,
    /// Which regions, and where in them.
    on: Vec<(usize, u64)>,
    /// Those who are in these words; none where somebody else may end the wait as well.
    for_whom: BTreeSet<u32>,
}

/// Looks at all that was found, and at whoever uses it.
pub(super) fn look(found: &Found) -> Result<Look, InspectError> {
    let mut notes = found.notes.clone();
    let users: Vec<_> =
        found.regions.iter().map(|it| found.everybody.users_of(it.file, &it.path)).collect();
    let processes: BTreeSet<u32> =
        users.iter().flat_map(|users| users.mapped.iter().map(|user| user.process)).collect();
    let others = others(found, &processes);
    let regions: Vec<&Opened> = found.regions.iter().chain(&others).collect();

    let view = View { regions: &regions, found, processes: &processes };
    let (first, hidden) = view.sleepers();
    if !view.circles(&first).is_empty() {
        // Who goes on meanwhile was not stuck.
        thread::sleep(MOMENT);
    }
    let second = if first.is_empty() { BTreeMap::new() } else { view.sleepers().0 };
    let lasting: BTreeMap<u32, Sleeper> =
        first.into_iter().filter(|(thread, sleeper)| second.get(thread) == Some(sleeper)).collect();
    if hidden > 0 {
        notes.push(format!(
            "who waits is not known of {hidden} threads, so a deadlock may be overlooked: to see that takes the right to trace \
             them, which root has outside of a container"
        ));
    }
    let primitives = |(number, opened): (usize, &Opened)| primitives(number, opened, &lasting);
    let looked: Vec<_> = found.regions.iter().enumerate().map(primitives).collect();
    let looked = found.regions.iter().zip(looked).zip(users);
    Ok(Look {
        regions: looked
            .map(|((opened, primitives), users)| region(opened, primitives, users))
            .collect(),
        deadlocks: view.deadlocks(&lasting),
        notes,
    })
}

fn region(opened: &Opened, primitives: Vec<PrimitiveLook>, users: super::Users) -> RegionLook {
    let more = match (opened.spots.more, opened.spots.unknown) {
        (true, _) => Some("there is more in it than is looked at"),
        (_, true) => Some("there is something in it of a type that does not say what is in it"),
        _ => None,
    };
    RegionLook { place: opened.place.clone(), header: opened.header(), primitives, more, users }
}

fn primitives(
    number: usize,
    opened: &Opened,
    sleepers: &BTreeMap<u32, Sleeper>,
) -> Vec<PrimitiveLook> {
    let mut all: Vec<_> = opened.spots.all.iter().map(|spot| opened.primitive(spot)).collect();
    for (thread, sleeper) in sleepers {
        let here = sleeper.on.iter().filter(|(region, _)| *region == number);
        let spots = here.filter_map(|(_, at)| opened.word_at(*at)).map(|(spot, _)| spot);
        for spot in spots.collect::<BTreeSet<_>>() {
            all[spot].waiters.push(process::who(sleeper.process, *thread));
        }
    }
    all
}

/// What else the users of these regions have mapped: a circle may lead through it.
fn others(found: &Found, processes: &BTreeSet<u32>) -> Vec<Opened> {
    let mut known = found.regions.iter().map(|opened| opened.file).collect();
    let users = found.everybody.mapped.iter().filter(|(process, _)| processes.contains(process));
    let mut others = Vec::new();
    for (process, mapped) in users {
        others.extend(of_mappings(*process, mapped, &mut known).flatten());
    }
    others
}

struct View<'a> {
    regions: &'a [&'a Opened],
    found: &'a Found,
    processes: &'a BTreeSet<u32>,
}

impl View<'_> {
    /// All threads that sleep on words of the regions, and of how many it is not permitted to know.
    fn sleepers(&self) -> (BTreeMap<u32, Sleeper>, usize) {
        let (mut all, mut hidden) = (BTreeMap::new(), 0);
        let users = self.found.everybody.mapped.iter();
        for (process, mapped) in users.filter(|(process, _)| self.processes.contains(process)) {
            for thread in process::threads(*process) {
                match process::asleep_on(*process, thread) {
                    Ok(addresses) => {
                        all.extend(
                            self.sleeper(*process, mapped, &addresses).map(|it| (thread, it)),
                        );
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                        hidden += 1;
                    }
                    // It has just ended.
                    Err(_) => {}
                }
            }
        }
        (all, hidden)
    }

    fn sleeper(&self, process: u32, mapped: &[Mapped], addresses: &[u64]) -> Option<Sleeper> {
        let on: Vec<_> =
            addresses.iter().filter_map(|address| self.place(mapped, *address)).collect();
        if on.is_empty() {
            return None;
        }
        let holders = on.iter().map(|(region, at)| self.holders(*region, *at));
        // Whoever else could wake it is somebody to hope for.
        let all_known = on.len() == addresses.len();
        let for_whom = holders.collect::<Option<Vec<_>>>().filter(|_| all_known);
        let for_whom = for_whom.unwrap_or_default().into_iter().flatten().collect();
        Some(Sleeper { process, on, for_whom })
    }

    /// Which region has that address, and where.
    fn place(&self, mapped: &[Mapped], address: u64) -> Option<(usize, u64)> {
        let mapped = mapped.iter().find(|it| (it.start..it.end).contains(&address))?;
        let is_it = |opened: &&Opened| {
            let same_device = opened.file.device == mapped.file.device;
            opened.file.inode == mapped.file.inode && (same_device || opened.path == mapped.path)
        };
        let region = self.regions.iter().position(is_it)?;
        Some((region, address - mapped.start + mapped.offset))
    }

    /// Who alone can end a wait for that word; `None` if somebody else can as well.
    fn holders(&self, region: usize, at: u64) -> Option<Vec<u32>> {
        let opened = self.regions[region];
        let (spot, role) = opened.word_at(at)?;
        match role {
            Role::Mutex(_) | Role::Seat(_) | Role::Turn => Some(vec![opened.owner_of(at)?]),
            // Where the kernel cannot wait for several words, one stands for all.
            Role::Any(_) => opened.words_of(spot, role).map(|at| opened.owner_of(at)).collect(),
            Role::Hold(_) | Role::Sleep | Role::Tells(_) => None,
        }
    }

    fn deadlocks(&self, sleepers: &BTreeMap<u32, Sleeper>) -> Vec<Deadlock> {
        let circles = self.circles(sleepers).into_iter();
        circles.map(|circle| Deadlock { links: self.links(&circle, sleepers) }).collect()
    }

    fn circles(&self, sleepers: &BTreeMap<u32, Sleeper>) -> Vec<Vec<u32>> {
        let waits: Waits =
            sleepers.iter().map(|(thread, it)| (*thread, it.for_whom.clone())).collect();
        circles(&waits)
    }

    fn links(&self, circle: &[u32], sleepers: &BTreeMap<u32, Sleeper>) -> Vec<Link> {
        let next = circle.iter().cycle().skip(1);
        let pairs = circle.iter().zip(next);
        pairs.filter_map(|(waiter, holder)| self.link(*waiter, *holder, sleepers)).collect()
    }

    fn link(&self, waiter: u32, holder: u32, sleepers: &BTreeMap<u32, Sleeper>) -> Option<Link> {
        let (it, other) = (sleepers.get(&waiter)?, sleepers.get(&holder)?);
        let waits_for =
            |region, at| self.holders(region, at).is_some_and(|holders| holders.contains(&holder));
        let (region, at) = it.on.iter().find(|(region, at)| waits_for(*region, *at))?;
        let opened = self.regions[*region];
        let spot = &opened.spots.all[opened.word_at(*at)?.0];
        Some(Link {
            waiter: process::who(it.process, waiter),
            primitive: if spot.name.is_empty() { spot.kind.to_string() } else { spot.name.clone() },
            region: opened.place.clone(),
            holder: process::who(other.process, holder),
        })
    }
}
