//! Which models hold which algorithm, and what may be done otherwise without harm.

use std::time::{Duration, Instant};

use super::is_noticed;
use crate::claim::{Budget, Progress};
use crate::explore::graph::{GraphSearch, Liveness, Memory, is_distrusted};
use crate::models::registry::{By, Exploration, Size, find};
use crate::platform::{Mutation, Sites};
use crate::verdict::{Finding, Verdict};

/// How long a model may take with one mutant: some times what the slowest takes with the shipped source.
const PATIENCE: Duration = Duration::from_secs(90);
/// And with the shipped source: all that comes after rests on it, and the machine may have other things to do.
const FOR_SHIPPED: Duration = Duration::from_secs(360);

/// So many executions are drawn where a trial is looked at briefly.
const BRIEFLY: u64 = 500;

/// A source file, and the models that hold it.
#[derive(Debug)]
pub struct Subject {
    /// Its name on the command line.
    pub name: &'static str,
    /// The end of the file's path.
    pub file: &'static str,
    /// With weak memory, the cheapest first.
    weak: &'static [(&'static str, Size)],
    /// The same where that is feasible only with sequential consistency.
    strong: &'static [(&'static str, Size)],
    /// The same where that is more than can be explored again and again: so many executions of it, drawn at random.
    drawn: &'static [(&'static str, Size, Memory, u64)],
    /// Where some mutants show that most models do not show: looked at first. Their ids without the subject, the model.
    hints: &'static [(&'static str, &'static str, Size, Memory)],
    /// Mutants that only a model shows which is too large to be explored for each: their ids without the subject, and which.
    slow: &'static [(&'static str, &'static str, Size, Memory)],
    /// What may be done otherwise, and nothing is wrong.
    pub equivalent: &'static [Known],
    /// What is wrong, and cannot be shown: it takes more than models can afford.
    pub out_of_reach: &'static [Known],
}

/// A mutant of which it is known what becomes of it.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The mutant's id without the subject; the number may be `*`, for all of them.
    pub place: &'static str,
    /// Why.
    pub why: &'static str,
}

impl Known {
    /// Whether it is about the mutant whose id without the subject is this.
    #[must_use]
    pub fn is_about(&self, place: &str) -> bool {
        match self.place.split_once('*') {
            None => self.place == place,
            Some((before, after)) => {
                let number = place.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
            }
        }
    }
}

const NO_END: Known = Known {
    place: "robust_end-*/skipped",
    why: "what is announced too long is looked at when its thread dies; then somebody is woken for nothing",
};

const TAKEN_OVER: &str = "it takes one that takes over what an earlier boot of the machine has left, and no model has boots";

const fn size(processes: usize, increments: usize, deaths: u8) -> Size {
    Size::new(processes, increments, deaths)
}

/// All of them.
pub static SUBJECTS: &[Subject] = &[
    Subject {
        name: "mutex",
        file: "src/raw/mutex.rs",
        weak: &[
            ("mutex", size(2, 1, 0)),
            ("mutex", size(2, 1, 1)),
            ("mutex-panic", size(2, 1, 0)),
            ("mutex-given-up", size(3, 1, 0)),
            ("mutex-given-up", size(2, 1, 1)),
            ("mutex-given-up", size(3, 1, 1)),
            ("mutex", size(3, 1, 0)),
            ("mutex-deadline", size(3, 1, 0)),
            ("mutex", size(3, 1, 1)),
            ("mutex", size(4, 1, 0)),
            ("mutex-another", size(2, 1, 1)),
            ("mutex", size(2, 2, 1)),
        ],
        strong: &[],
        drawn: &[],
        hints: &[],
        slow: &[],
        equivalent: &[
            NO_END,
            Known {
                place: "robust_remove-1/late",
                why: "a death finds it in the list until it is nobody's, and then nobody waits for it any more",
            },
            Known {
                place: "robust_remove-2/late",
                why: "a death meanwhile finds it in the list, and leaves the same",
            },
            Known {
                place: "futex_update_wake_all-0/skipped",
                why: "a mark that stays costs a call that wakes nobody",
            },
            Known {
                place: "robust_remove-1/skipped",
                why: "a lock in the list that names nobody is passed over when the thread dies; and nobody takes it any more",
            },
        ],
        out_of_reach: &[],
    },
    Subject {
        name: "counter",
        file: "src/raw/counter.rs",
        weak: &[
            ("atomic", size(2, 1, 0)),
            ("atomic-set", size(2, 1, 0)),
            ("counter", size(2, 1, 0)),
            ("counter-set", size(2, 1, 0)),
            ("counter", size(2, 1, 1)),
        ],
        strong: &[],
        drawn: &[],
        hints: &[],
        slow: &[],
        equivalent: &[],
        out_of_reach: &[],
    },
    Subject {
        name: "once",
        file: "src/raw/once.rs",
        weak: &[("init", size(2, 1, 0)), ("init", size(3, 1, 1))],
        strong: &[],
        drawn: &[],
        hints: &[],
        slow: &[],
        equivalent: &[],
        out_of_reach: &[],
    },
    Subject {
        name: "init",
        file: "src/raw/init.rs",
        weak: &[
            ("init", size(2, 1, 0)),
            ("init-rivals", size(2, 1, 0)),
            ("init-rivals", size(3, 1, 0)),
        ],
        strong: &[],
        drawn: &[],
        hints: &[],
        slow: &[],
        equivalent: &[Known {
            place: "compare_exchange-AcqRel-0/acquire",
            why: "whoever comes first with a claim has nothing to tell those that come later",
        }],
        out_of_reach: &[
            Known { place: "compare_exchange-AcqRel-0/release", why: TAKEN_OVER },
            Known { place: "compare_exchange-AcqRel-0/failing-relaxed", why: TAKEN_OVER },
            Known { place: "load-Acquire-0/relaxed", why: TAKEN_OVER },
        ],
    },
    Subject {
        name: "reentrant",
        file: "src/raw/reentrant.rs",
        weak: &[("value-lock", size(2, 1, 0)), ("value-lock", size(2, 1, 1))],
        strong: &[],
        drawn: &[],
        hints: &[],
        slow: &[],
        equivalent: &[],
        out_of_reach: &[],
    },
    Subject {
        name: "event",
        file: "src/raw/event.rs",
        weak: &[
            ("event", size(3, 1, 0)),
            ("event", size(4, 1, 0)),
            ("event-again", size(2, 2, 0)),
            ("event-pulse", size(3, 1, 0)),
            ("event-cleared", size(3, 1, 0)),
        ],
        strong: &[],
        drawn: &[],
        hints: &[],
        slow: &[],
        equivalent: &[],
        out_of_reach: &[],
    },
    Subject {
        name: "rwlock",
        file: "src/raw/rwlock.rs",
        weak: RWLOCK,
        strong: &[],
        drawn: &[],
        hints: &[],
        slow: &[],
        equivalent: &[],
        out_of_reach: &[],
    },
    Subject {
        name: "slot",
        file: "src/raw/slot.rs",
        weak: &[
            ("rwlock", size(2, 1, 0)),
            ("rwlock", size(2, 1, 1)),
            ("rwlock-downgrade", size(2, 1, 1)),
            ("rwlock-roles", size(3, 1, 0)),
            ("rwlock-deadline", size(3, 1, 0)),
            ("tasks", size(2, 1, 1)),
            ("tasks-deadline", size(2, 1, 0)),
        ],
        strong: &[("tasks-all-join", size(2, 1, 1)), ("tasks", size(3, 1, 0))],
        drawn: &[],
        hints: &[],
        slow: &[("fetch_add-Release-0/leaves-0", "tasks-more", size(3, 1, 1), Memory::Sc)],
        equivalent: &[
            NO_END,
            Known {
                place: "fetch_and-Relaxed-0/skipped",
                why: "a mark that stays costs a call that wakes nobody",
            },
        ],
        out_of_reach: &[],
    },
    Subject {
        name: "semaphore",
        file: "src/raw/semaphore.rs",
        weak: &[
            ("semaphore", size(2, 1, 0)),
            ("semaphore", size(2, 1, 1)),
            ("semaphore-deadline", size(2, 1, 1)),
            ("semaphore-both", size(2, 1, 1)),
            ("semaphore-signal", size(2, 1, 1)),
            ("semaphore-lent", size(2, 2, 1)),
            ("semaphore-posted", size(3, 1, 1)),
        ],
        strong: &[("semaphore-signal", size(3, 1, 0))],
        drawn: &[],
        hints: &[],
        slow: &[],
        equivalent: &[
            NO_END,
            Known {
                place: "compare_exchange-Relaxed-0/skipped",
                why: "a mark that stays costs a call that wakes nobody",
            },
        ],
        out_of_reach: &[],
    },
    Subject {
        name: "condvar",
        file: "src/raw/condvar.rs",
        weak: &[
            ("condvar", size(2, 1, 0)),
            ("condvar-deadline", size(2, 1, 1)),
            ("condvar-meeting", size(2, 1, 0)),
        ],
        strong: &[("condvar-relay", size(3, 1, 0))],
        drawn: &[],
        hints: &[],
        slow: &[],
        equivalent: &[],
        out_of_reach: &[],
    },
    Subject {
        name: "barrier",
        file: "src/raw/barrier.rs",
        weak: &[
            ("barrier", size(2, 1, 0)),
            ("barrier", size(2, 2, 0)),
            ("barrier-lost", size(2, 1, 0)),
            ("barrier-passing", size(2, 2, 0)),
            ("barrier-deadline", size(2, 1, 0)),
            ("barrier-abort", size(2, 1, 0)),
            ("barrier-reset", size(2, 1, 0)),
            ("barrier-recover", size(2, 1, 0)),
            ("barrier-crowd", size(3, 1, 0)),
            ("barrier-back", size(2, 1, 0)),
            ("barrier-burial", size(3, 1, 0)),
            ("barrier", size(3, 1, 1)),
            ("barrier-another", size(2, 1, 1)),
        ],
        strong: &[
            ("barrier-relapse", size(3, 1, 0)),
            ("barrier-gone", size(3, 1, 1)),
            ("barrier-heir", size(3, 1, 1)),
            ("barrier-lost", size(3, 1, 0)),
            ("barrier-untold", size(3, 1, 1)),
            ("barrier-lost", size(3, 1, 1)),
        ],
        drawn: &[
            ("barrier-lost", size(4, 1, 0), Memory::Sc, 20_000),
            ("barrier-deadline", size(4, 1, 0), Memory::Sc, 20_000),
            ("barrier-heir", size(3, 1, 1), Memory::C11, 20_000),
            ("barrier-gone", size(4, 1, 1), Memory::Sc, 20_000),
        ],
        hints: &[
            ("robust_end-0/late", "barrier-untold", size(3, 1, 1), Memory::Sc),
            ("robust_end-1/late", "barrier-another", size(2, 1, 1), Memory::C11),
            ("store-Relaxed-0/skipped", "barrier-heir", size(3, 1, 1), Memory::Sc),
            ("futex_wake-3/skipped", "barrier-untold", size(3, 1, 1), Memory::Sc),
        ],
        slow: &[],
        equivalent: &[NO_END],
        out_of_reach: &[
            Known {
                place: "futex_wake-2/with-1",
                why: "it takes two sleepers, one that comes last, and two deaths: of a party, and of whoever has just freed its \
                      place, as that one wakes all again if it lives",
            },
            Known {
                place: "futex_wake-3/with-1",
                why: "it takes three sleepers, one that breaks the barrier and dies before it wakes them, and one that \
                      recovers it: the kernel wakes the first, that one the second, and nobody the third",
            },
        ],
    },
    Subject {
        name: "queue",
        file: "src/raw/queue.rs",
        weak: &[
            ("queue", size(2, 1, 0)),
            ("queue", size(2, 1, 1)),
            ("queue-deadline", size(2, 1, 0)),
            ("queue-fill", size(2, 1, 2)),
        ],
        strong: &[
            ("queue-gather", size(3, 1, 0)),
            ("queue-each", size(3, 1, 0)),
            ("queue-gather", size(3, 1, 1)),
        ],
        drawn: &[],
        hints: &[],
        slow: &[],
        equivalent: &[],
        out_of_reach: &[],
    },
    Subject {
        name: "tasks",
        file: "src/raw/tasks.rs",
        weak: &[
            ("tasks", size(2, 1, 0)),
            ("tasks", size(2, 1, 1)),
            ("tasks-deadline", size(2, 1, 0)),
        ],
        strong: &[("tasks-all-join", size(2, 1, 1)), ("tasks", size(3, 1, 0))],
        drawn: &[],
        hints: &[],
        slow: &[],
        equivalent: &[],
        out_of_reach: &[],
    },
];

const RWLOCK: &[(&str, Size)] = &[
    ("rwlock", size(2, 1, 0)),
    ("rwlock", size(2, 1, 1)),
    ("rwlock-downgrade", size(2, 1, 1)),
    ("rwlock-roles", size(3, 1, 0)),
    ("rwlock-deadline", size(3, 1, 0)),
];

impl Subject {
    /// All models that hold it, the cheapest first.
    ///
    /// What is not wrong by itself may keep somebody awake who ought to sleep, which takes no more processes than two: that
    /// is looked for as well.
    pub fn trials(&self) -> impl Iterator<Item = Trial> + use<> {
        let trial = |memory, liveness| {
            move |&(model, size): &(&'static str, Size)| Trial {
                model,
                size,
                memory,
                liveness,
                at_random: None,
            }
        };
        let awake = Some(Liveness::NoBusyWaiting);
        let of_two = |(_, size): &&(&'static str, Size)| size.processes <= 2;
        let weak = self.weak.iter().map(trial(Memory::C11, None));
        let awake = self.weak.iter().filter(of_two).map(trial(Memory::C11, awake));
        let strong = self.strong.iter().map(trial(Memory::Sc, None));
        let drawn = self.drawn.iter().map(|&(model, size, memory, executions)| Trial {
            model,
            size,
            memory,
            liveness: None,
            at_random: Some(executions),
        });
        weak.chain(awake).chain(strong).chain(drawn)
    }

    /// Where this mutant, by its id without the subject, is shown if nowhere else.
    pub(super) fn slow_trial(&self, place: &str) -> Option<Trial> {
        named(self.slow, place)
    }

    /// The mutants that something is known about, by their ids without the subject.
    pub fn known(&self) -> impl Iterator<Item = Known> + use<> {
        let named =
            self.hints.iter().chain(self.slow).map(|&(place, why, ..)| Known { place, why });
        named.chain(self.equivalent.iter().chain(self.out_of_reach).copied())
    }

    /// Where this mutant, by its id without the subject, is looked for first.
    pub(super) fn hint(&self, place: &str) -> Option<Trial> {
        named(self.hints, place)
    }
}

/// The model that is named beside the mutant with this id.
fn named(models: &[(&str, &'static str, Size, Memory)], place: &str) -> Option<Trial> {
    let (_, model, size, memory) = models.iter().find(|(of, ..)| *of == place)?;
    let (model, size, memory) = (*model, *size, *memory);
    Some(Trial { model, size, memory, liveness: None, at_random: None })
}

/// A model that a mutant is explored in.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    model: &'static str,
    size: Size,
    memory: Memory,
    /// What is looked for beyond the model's own property.
    pub(super) liveness: Option<Liveness>,
    /// How many executions are drawn, where not all states are explored.
    at_random: Option<u64>,
}

impl Trial {
    /// The id of the claim: what `explore` with these flags calls it.
    #[must_use]
    pub fn id(&self) -> String {
        self.size.explorer_id(self.model) + &self.search().suffix()
    }

    fn search(&self) -> GraphSearch {
        let Self { memory, liveness, at_random, .. } = *self;
        // One, as several mutants are explored at a time.
        let threads = Some(1);
        GraphSearch { liveness, at_random, memory, threads, ..GraphSearch::default() }
    }

    /// The same, of which only a few executions are looked at.
    pub(super) const fn briefly(self) -> Self {
        Self { liveness: None, at_random: Some(BRIEFLY), ..self }
    }

    /// Whether only some executions of it are looked at.
    pub(super) const fn is_brief(&self) -> bool {
        self.at_random.is_some()
    }

    /// Whether what was found with a mutant is something else than with the shipped source. That something never happened is
    /// not, where it may have been for want of luck.
    pub(super) fn notices(&self, found: &Finding) -> bool {
        let by_chance =
            matches!(found.verdict, Verdict::Vacuous { .. }) && self.at_random.is_some();
        is_noticed(found) && !by_chance
    }

    /// Explores the model, with the mutant or as it is.
    ///
    /// # Panics
    ///
    /// If there is no such model, or none of that size: then the table above is wrong.
    pub(super) fn explore(
        &self,
        mutation: Option<Mutation>,
        sites: Option<&'static Sites>,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Finding {
        let search = GraphSearch { mutation, sites, ..self.search() };
        let patience = Instant::now() + if mutation.is_some() { PATIENCE } else { FOR_SHIPPED };
        let until = budget.until.map_or(patience, |until| until.min(patience));
        let budget = Budget { until: Some(until), ..budget.clone() };
        let explore = |search| {
            let id = self.id();
            let exploration = Exploration {
                name: &id,
                search,
                by: By::States,
                budget: &budget,
                progress,
                extract: false,
                replay: None,
            };
            let model = find(self.model).unwrap_or_else(|| panic!("no model {}", self.model));
            match model.explore(self.size, &exploration) {
                Ok(explored) => explored.finding,
                Err(why) => panic!("{id}: {why}"),
            }
        };
        let found = explore(search);
        // A mutant may do what the marks in the shipped source do not reckon with.
        if is_distrusted(&found) { explore(GraphSearch { marks: false, ..search }) } else { found }
    }
}
