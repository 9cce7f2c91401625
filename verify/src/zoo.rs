//! The zoo: known-broken locks and algorithms from the literature and from bug reports, and which explorer catches which.
//!
//! A proof is worth what its checker catches. Each [`Specimen`] is a model of the [registry](crate::models::registry) with a mistake
//! that somebody has published or shipped, and is put to every [`Explorer`]. One that fails counts as caught only if the same
//! model without the mistake holds. What an explorer cannot see is said beforehand, with the reason; what it does not see without
//! one is missed, and a reason that turns out not to be true is an error, too.

use std::time::{Duration, Instant};

use crate::claim::{Budget, Progress};
use crate::explore::graph::{GraphSearch, Memory};
#[cfg(feature = "loom")]
use crate::explore::loom::LoomSearch;
#[cfg(feature = "shuttle")]
use crate::explore::shuttle::{Drawn, ShuttleSearch};
use crate::models::registry::{By, Exploration, Size, find};
#[cfg(feature = "shuttle")]
use crate::platform::Plan;
use crate::verdict::{Finding, Verdict};

mod alive;
mod dying;
mod orderings;
mod words;

pub use words::in_short;

/// Who a specimen is put to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Explorer {
    /// The explorer of states, with weak memory.
    Weak,
    /// The same, sequentially consistent.
    Sc,
    /// loom.
    #[cfg(feature = "loom")]
    Loom,
    /// shuttle.
    #[cfg(feature = "shuttle")]
    Shuttle,
}

impl Explorer {
    /// All that there are in this build.
    pub const ALL: &[Self] = &[
        Self::Weak,
        Self::Sc,
        #[cfg(feature = "loom")]
        Self::Loom,
        #[cfg(feature = "shuttle")]
        Self::Shuttle,
    ];

    /// What it is called in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weak => "explorer, weak",
            Self::Sc => "explorer, sc",
            #[cfg(feature = "loom")]
            Self::Loom => "loom",
            #[cfg(feature = "shuttle")]
            Self::Shuttle => "shuttle",
        }
    }
}

/// Something broken.
#[derive(Clone, Copy, Debug)]
pub struct Specimen {
    /// The model that has the mistake.
    pub name: &'static str,
    /// The same without it; none where the mistake is all there is.
    pub mended: Option<&'static str>,
    /// What the mistake is.
    pub mistake: &'static str,
    /// Who made it, or published it.
    pub source: &'static str,
    /// Where that can be read.
    pub link: &'static str,
    /// How large the model has to be to show it.
    pub size: Size,
    /// Whether that has more states with weak memory than there is time for: then executions are drawn.
    is_large: bool,
    /// Who cannot see it, and why.
    unseen: &'static [Unseen],
}

/// Explorers that cannot see something, and why.
type Unseen = (Blind, &'static str);

/// Who cannot see something. By name, as a build may lack them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blind {
    Sc,
    Loom,
    Shuttle,
}

impl Blind {
    fn is(self, explorer: Explorer) -> bool {
        match explorer {
            Explorer::Weak => false,
            Explorer::Sc => self == Self::Sc,
            #[cfg(feature = "loom")]
            Explorer::Loom => self == Self::Loom,
            #[cfg(feature = "shuttle")]
            Explorer::Shuttle => self == Self::Shuttle,
        }
    }
}

/// What kind of mistakes these are.
#[derive(Clone, Copy, Debug)]
pub struct Hall {
    /// In a few words.
    pub title: &'static str,
    /// What is in it.
    pub specimens: &'static [Specimen],
}

/// All there is.
pub static HALLS: &[Hall] = &[
    Hall { title: "Wrong in any memory", specimens: alive::SPECIMENS },
    Hall { title: "Wrong in a weak memory", specimens: orderings::SPECIMENS },
    Hall { title: "Wrong where one dies", specimens: dying::SPECIMENS },
];

/// What became of a specimen with an explorer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was caught, and the same without the mistake holds.
    Caught {
        /// What went wrong.
        why: String,
    },
    /// It was not, for a reason that was known before.
    CannotSee {
        /// The reason.
        reason: &'static str,
    },
    /// It was not.
    Missed,
    /// It was caught by one that cannot see it, as was said.
    SeesIt {
        /// What was said.
        reason: &'static str,
        /// What went wrong.
        why: String,
    },
    /// It was caught, and so was the same without the mistake, which shows nothing.
    FalseAlarm {
        /// What went wrong with that.
        why: String,
    },
    /// There was no time, or something cannot be explored.
    NoVerdict {
        /// What is missing.
        why: String,
    },
}

impl Fate {
    /// The word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Caught { .. } => "caught",
            Self::CannotSee { .. } => "cannot see",
            Self::Missed => "missed",
            Self::SeesIt { .. } => "sees it",
            Self::FalseAlarm { .. } => "false alarm",
            Self::NoVerdict { .. } => "no verdict",
        }
    }

    /// Whether it is as it should be.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Caught { .. } | Self::CannotSee { .. })
    }
}

/// What was found out about a specimen by one explorer.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Who.
    pub explorer: Explorer,
    /// What became of it.
    pub fate: Fate,
    /// How long that took.
    pub took: Duration,
}

/// How many executions are drawn of what is large.
const DRAWN: u64 = 3_000;
/// So many preemptions are enough for loom.
#[cfg(feature = "loom")]
const PREEMPTIONS: usize = 3;
/// How many schedules shuttle draws in each of two ways.
#[cfg(feature = "shuttle")]
const SCHEDULES: u64 = 3_000;

/// What is said of specimens, but for what there is to say of this one.
const SPECIMEN: Specimen = Specimen {
    name: "",
    mended: None,
    mistake: "",
    source: "",
    link: "",
    size: TWO,
    is_large: false,
    unseen: &[],
};

const TWO: Size = Size::new(2, 1, 0);
const THREE: Size = Size { processes: 3, ..TWO };

impl Specimen {
    /// Puts it to an explorer.
    #[must_use]
    pub fn put_to(&self, explorer: Explorer, budget: &Budget, progress: &dyn Progress) -> Cell {
        let began = Instant::now();
        let fate = self.fate(explorer, budget, progress);
        Cell { explorer, fate, took: began.elapsed() }
    }

    fn fate(&self, explorer: Explorer, budget: &Budget, progress: &dyn Progress) -> Fate {
        let reason = self.reason(explorer);
        let explored = |model, way| self.explored(model, way, budget, progress);
        let ways = self.ways(explorer);
        for (at, way) in ways.iter().enumerate() {
            let found = explored(self.name, *way);
            match found.verdict {
                Verdict::Counterexample => {
                    // Few preemptions may be enough for the mistake, and too few for what the rest is to be put to the test by.
                    let mended = self.mended.map(|mended| {
                        put_to_the_test(ways[at..].iter().map(|way| explored(mended, *way)))
                    });
                    return judged(said(&found), mended.as_ref(), reason);
                }
                Verdict::Timeout { .. } => return no_time(),
                _ => {}
            }
        }
        reason.map_or(Fate::Missed, |reason| Fate::CannotSee { reason })
    }

    fn reason(&self, explorer: Explorer) -> Option<&'static str> {
        let unseen = self.unseen.iter().find(|(blind, _)| blind.is(explorer));
        unseen.map(|(_, reason)| *reason)
    }

    /// What is found in a model in that way.
    fn explored(
        &self,
        model: &str,
        (search, by): Way,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Finding {
        let id = self.size.explorer_id(model) + &search.suffix();
        let exploration =
            Exploration { name: &id, search, by, budget, progress, extract: false, replay: None };
        match find(model).map(|model| model.explore(self.size, &exploration)) {
            Some(Ok(explored)) => explored.finding,
            Some(Err(what)) => Finding::of(Verdict::Vacuous { what }),
            None => Finding::of(Verdict::Vacuous { what: format!("a model called {model}") }),
        }
    }

    /// How an explorer looks, one after the other, until something shows.
    fn ways(&self, explorer: Explorer) -> Vec<Way> {
        let all = GraphSearch::default();
        match explorer {
            Explorer::Weak => {
                let at_random = self.is_large.then_some(DRAWN);
                vec![(GraphSearch { at_random, ..all }, By::States)]
            }
            Explorer::Sc => vec![(GraphSearch { memory: Memory::Sc, ..all }, By::States)],
            #[cfg(feature = "loom")]
            Explorer::Loom => (0..=PREEMPTIONS)
                .map(|most| LoomSearch { preemptions: Some(most), ..LoomSearch::default() })
                .map(|search| (all, By::Loom(search)))
                .collect(),
            #[cfg(feature = "shuttle")]
            Explorer::Shuttle => [Drawn::Random, Drawn::Pct(3)]
                .map(|drawn| ShuttleSearch { drawn, schedules: SCHEDULES, plan: Plan::default() })
                .map(|search| (all, By::Shuttle(search)))
                .to_vec(),
        }
    }
}

/// How to look: what the explorer of states looks at, and who looks.
type Way = (GraphSearch, By);

/// What it means that a specimen failed, and what was found in the same without the mistake.
fn judged(why: String, mended: Option<&Finding>, reason: Option<&'static str>) -> Fate {
    match (mended.map(|mended| &mended.verdict), reason) {
        (Some(Verdict::Timeout { .. }), _) => no_time(),
        (Some(Verdict::Counterexample), Some(reason)) => Fate::CannotSee { reason },
        (Some(Verdict::Counterexample), None) => {
            Fate::FalseAlarm { why: mended.map(said).unwrap_or_default() }
        }
        (Some(Verdict::Vacuous { what }), _) => {
            Fate::NoVerdict { why: format!("without the mistake there never was {what}") }
        }
        (_, Some(reason)) => Fate::SeesIt { reason, why },
        (_, None) => Fate::Caught { why },
    }
}

/// The first finding that is not vacuous; if all are, the last one.
fn put_to_the_test(all: impl Iterator<Item = Finding>) -> Finding {
    let mut last = Finding::of(Verdict::Vacuous { what: "a way to look at it".to_owned() });
    for found in all {
        let is_vacuous = matches!(found.verdict, Verdict::Vacuous { .. });
        last = found;
        if !is_vacuous {
            break;
        }
    }
    last
}

fn no_time() -> Fate {
    Fate::NoVerdict { why: "there was no time".to_owned() }
}

/// What went wrong.
fn said(found: &Finding) -> String {
    found.counterexample.as_ref().map_or_else(String::new, |wrong| wrong.why.clone())
}

/// To which every access orders, and all see the latest value.
const IN_ORDER: &str = "all see the latest value, whatever the ordering";
const NO_LINKS: &str = "robust lists have no links in the locks there";
/// What nobody sees who sees the latest value always.
const ORDERING: &[Unseen] = &[(Blind::Sc, IN_ORDER), (Blind::Shuttle, IN_ORDER)];
/// What nobody sees who knows of no deaths.
const DEATH: &[Unseen] = &[(Blind::Shuttle, "nobody dies there")];
/// What nobody sees who does not keep the links of a robust list in the words of the locks.
const LINKS: &[Unseen] = &[(Blind::Loom, NO_LINKS), (Blind::Shuttle, NO_LINKS)];
