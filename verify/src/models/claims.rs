//! Every claim about the shipped primitives, at every size, by every method.

use std::sync::Arc;

use super::any;
use super::barrier::{self, BarrierModel};
use super::broken::Trial;
use super::broken::barrier::OneCountBarrier;
use super::broken::condvar::UnannouncedCondvar;
use super::broken::event::TrustedWake;
use super::broken::mutants::MUTANTS;
use super::broken::once::UntoldOnce;
use super::broken::others::{Drepper, GlibcRobust};
use super::broken::rwlock::RelaxedReaders;
use super::broken::semaphore::FirstPermit;
use super::condvar::{self, CondvarModel};
use super::counter::{CounterModel, Way};
use super::event::{EventModel, Use};
use super::init::InitModel;
use super::lock::{Lock, Shipped};
use super::mutex::{DeadlineModel, MutexModel, NotRecoverableModel};
use super::queue::{self, QueueModel};
use super::registry::{
    ADMITS, ALL_DONE, ALL_DONE_OR_LOST, ANNOUNCES, BREAKS, BUILDS_AGAIN, BUILDS_ONCE, COMES_BACK,
    COMES_OUT, COMES_OUT_WHOLE, DOWNGRADES, EATS_NONE, GIVES_UP_WAITING, IN_BLOCKS, KEEPS_COUNT,
    LOSES_NONE, LOSES_ONE, LOSSES_COUNTED, MEETS, MEETS_LIVING, PRINTS_TWO, READS_REPAIRED,
    READS_WHOLE, RECOVERS, REFUSES_ALL, ROWS_ONCE, SELLS_ALL, SELLS_WHOEVER_DIES, SURVIVES,
    TAKES_NO_WAKE, TELLS, TELLS_OF_PANICS, WAITS_FOR_IT,
};
use super::rwlock::{self, RwLockModel};
use super::scenarios::append::{self, AppendModel};
use super::scenarios::csv::CsvModel;
use super::scenarios::jobs::JobsModel;
use super::scenarios::tickets::TicketsModel;
use super::semaphore::{self, SLOTS, SemaphoreModel};
use super::spans::{self, SpanModel};
use super::tasks::{self, TasksModel};
use crate::claim::{Budget, Claim, Expected, MemoryModel, Method, Progress, Selection};
use crate::explore::loom::{self, LoomSearch};
use crate::explore::shuttle::{self, Drawn, ShuttleSearch};
use crate::model::Model;
use crate::platform::{KernelRule, Plan};
use crate::verdict::Finding;

/// All claims that are selected, cheapest first within a subject.
#[must_use]
pub fn claims(selection: &Selection) -> Vec<Claim> {
    let mut all = super::explored::claims();
    all.extend(mutex());
    all.extend(counters());
    all.extend(scenarios());
    all.extend(init());
    all.extend(event());
    all.extend(rwlock());
    all.extend(condvar());
    all.extend(queue());
    all.extend(semaphore());
    all.extend(barrier());
    all.extend(tasks());
    all.extend(broken());
    all.extend(mistakes());
    all.extend(crate::programs::claims());
    #[cfg(target_os = "linux")]
    all.extend(crate::stress::claims());
    all.retain(|claim| selection.includes(claim));
    all
}

fn mutex() -> Vec<Claim> {
    let size = |n, c| Arc::new(MutexModel::<Shipped>::new(n, c));
    let mut all = vec![
        held(loom_claim("mutex", size(2, 1), 2, 1, KEEPS_COUNT, ALL)),
        held(loom_claim("mutex", size(2, 2), 2, 2, KEEPS_COUNT, ALL)),
        held(loom_claim("mutex", size(3, 1), 3, 1, KEEPS_COUNT, up_to(4))),
        held(loom_claim("mutex", size(3, 2), 3, 2, KEEPS_COUNT, up_to(3))),
        held(loom_claim("mutex", size(4, 1), 4, 1, KEEPS_COUNT, up_to(2))),
        full(held(loom_claim("mutex", size(4, 1), 4, 1, KEEPS_COUNT, up_to(3)))),
        held(loom_claim("mutex", size(2, 4), 2, 4, KEEPS_COUNT, up_to(2))),
        held(loom_claim("mutex", size(4, 2), 4, 2, KEEPS_COUNT, up_to(2))),
        full(held(loom_claim("mutex", size(3, 1), 3, 1, KEEPS_COUNT, up_to(6)))),
    ];
    for (n, c) in [(4, 10), (8, 5)] {
        all.extend(shuttle_claims("mutex", &size(n, c), n, c));
    }
    let dying = |n| Arc::new(MutexModel::<Shipped>::new(n, 1).with_deaths());
    all.push(held(crash_claim("mutex", dying(2), 2, 1, ALL)));
    all.push(held(crash_claim("mutex", dying(3), 3, 1, up_to(3))));
    all.push(held(crash_claim("mutex", dying(4), 4, 1, up_to(2))));
    let panicking = Arc::new(MutexModel::new(2, 1).with_panics());
    all.push(held(loom_claim("mutex-panic", panicking, 2, 1, TELLS_OF_PANICS, ALL)));
    for (n, search) in [(2, ALL), (3, up_to(3))] {
        let model = Arc::new(DeadlineModel { processes: n });
        all.push(held(loom_claim("mutex-deadline", model, n, 1, TAKES_NO_WAKE, search)));
    }
    for (n, search) in [(2, ALL), (3, up_to(3))] {
        let model = Arc::new(NotRecoverableModel { processes: n, deaths: false });
        all.push(held(loom_claim("mutex-given-up", model, n, 1, REFUSES_ALL, search)));
    }
    let model = Arc::new(NotRecoverableModel { processes: 3, deaths: true });
    all.push(held(crash_claim("mutex-given-up", model, 3, 1, up_to(2))));
    all
}

fn counters() -> Vec<Claim> {
    let mut all = Vec::new();
    for way in [Way::SeparateLock, Way::ValueLock, Way::Counter, Way::Atomic] {
        let model = |processes, increments| {
            Arc::new(CounterModel { way, processes, increments, deaths: false })
        };
        all.push(held(loom_claim(way.name(), model(2, 1), 2, 1, KEEPS_COUNT, ALL)));
        all.push(full(held(loom_claim(way.name(), model(2, 2), 2, 2, KEEPS_COUNT, ALL))));
        all.push(held(loom_claim(way.name(), model(2, 2), 2, 2, KEEPS_COUNT, up_to(3))));
        all.extend(shuttle_claims(way.name(), &model(4, 10), 4, 10));
        let dying = Arc::new(CounterModel { way, processes: 2, increments: 1, deaths: true });
        all.push(held(crash_claim(way.name(), dying, 2, 1, ALL)));
    }
    let threads =
        Arc::new(CounterModel { way: Way::Counter, processes: 3, increments: 2, deaths: false });
    all.push(held(loom_claim("threads", threads, 3, 2, KEEPS_COUNT, up_to(2))));
    all.extend(unlocked());
    all
}

/// The counter without a lock: it has to be caught losing updates, and every total that can come out is listed.
fn unlocked() -> Vec<Claim> {
    let loses = "no lost update";
    let model = |processes, increments| {
        Arc::new(CounterModel { way: Way::Unlocked, processes, increments, deaths: false })
    };
    let mut all = Vec::new();
    for (n, c) in [(2, 1), (2, 2), (2, 3), (3, 1)] {
        let search = LoomSearch { all_outcomes: true, ..ALL };
        all.push(fails(loom_claim("unlocked", model(n, c), n, c, loses, search)));
    }
    for drawn in [Drawn::Random, Drawn::Pct(3)] {
        all.push(fails(Claim {
            property: loses,
            ..shuttle_claim("unlocked", &model(2, 2), 2, 2, drawn)
        }));
    }
    all
}

/// The programs of `lockproof demo`: what the explorer of states proves, a second time.
fn scenarios() -> Vec<Claim> {
    let tickets = |processes, deaths, locked| {
        Arc::new(TicketsModel { processes, increments: 1, tickets: processes - 1, deaths, locked })
    };
    let append = Arc::new(AppendModel { how: append::Use::Locked, processes: 2, deaths: false });
    let csv = |processes| Arc::new(CsvModel { processes, deaths: false, locked: true });
    let jobs = Arc::new(JobsModel { steps: 2, locked: true });
    let dying = crash_claim("tickets", tickets(2, true, true), 2, 1, up_to(3));
    let unlocked = tickets(2, false, false);
    let mut all = vec![
        held(loom_claim("tickets", tickets(2, false, true), 2, 1, SELLS_ALL, up_to(4))),
        held(Claim { property: SELLS_WHOEVER_DIES, ..dying }),
        held(loom_claim("jobs", jobs, 2, 2, PRINTS_TWO, up_to(3))),
        held(loom_claim("append", append, 2, 1, IN_BLOCKS, up_to(3))),
        held(loom_claim("csv", csv(2), 2, 1, ROWS_ONCE, up_to(3))),
        fails(loom_claim("tickets-unlocked", unlocked, 2, 1, SELLS_ALL, ALL)),
    ];
    let mut by_shuttle = shuttle_claims("tickets", &tickets(6, false, true), 6, 1);
    by_shuttle.iter_mut().for_each(|claim| claim.property = SELLS_ALL);
    all.extend(by_shuttle);
    let mut by_shuttle = shuttle_claims("csv", &csv(5), 5, 1);
    by_shuttle.iter_mut().for_each(|claim| claim.property = ROWS_ONCE);
    all.extend(by_shuttle);
    all
}

fn init() -> Vec<Claim> {
    let model = |processes, deaths| Arc::new(InitModel { processes, deaths, rivals: false });
    let mut all = vec![
        held(loom_claim("init", model(2, false), 2, 1, BUILDS_ONCE, ALL)),
        held(loom_claim("init", model(3, false), 3, 1, BUILDS_ONCE, up_to(2))),
        full(held(loom_claim("init", model(3, false), 3, 1, BUILDS_ONCE, up_to(3)))),
        full(held(loom_claim("init", model(4, false), 4, 1, BUILDS_ONCE, up_to(2)))),
    ];
    for (n, search, full_only) in [(2, up_to(3), false), (2, ALL, true), (3, up_to(2), false)] {
        let claim = crash_claim("init", model(n, true), n, 1, search);
        all.push(held(Claim { property: BUILDS_AGAIN, full_only, ..claim }));
    }
    let mut by_shuttle = shuttle_claims("init", &model(6, false), 6, 1);
    by_shuttle.iter_mut().for_each(|claim| claim.property = BUILDS_ONCE);
    all.extend(by_shuttle);
    all
}

fn event() -> Vec<Claim> {
    let model = |how, processes, rounds, deaths| {
        Arc::new(EventModel::<any::event::Shipped>::new(how, processes, rounds).with_deaths(deaths))
    };
    let announce = |n, deaths| model(Use::Announce, n, 1, deaths);
    let again = |rounds| model(Use::Again, 2, rounds, false);
    let deadline = model(Use::Deadline, 3, 1, false);
    let mut all = vec![
        held(loom_claim("event", announce(3, false), 3, 1, ANNOUNCES, up_to(3))),
        held(loom_claim("event-again", again(1), 2, 1, LOSES_NONE, ALL)),
        held(loom_claim("event-again", again(2), 2, 2, LOSES_NONE, up_to(3))),
        held(loom_claim("event-deadline", deadline, 3, 1, GIVES_UP_WAITING, up_to(2))),
        held(Claim {
            property: ANNOUNCES,
            ..crash_claim("event", announce(3, true), 3, 1, up_to(2))
        }),
    ];
    let mut by_shuttle = shuttle_claims("event", &announce(8, false), 8, 1);
    by_shuttle.iter_mut().for_each(|claim| claim.property = ANNOUNCES);
    all.extend(by_shuttle);
    all
}

fn rwlock() -> Vec<Claim> {
    use rwlock::Use::{Both, Deadlines, Downgrade, Roles};
    let model = |how, processes, rounds, deaths| {
        Arc::new(
            RwLockModel::<any::rwlock::Shipped>::new(how, processes, rounds).with_deaths(deaths),
        )
    };
    let whole = |n, rounds, search| {
        held(loom_claim("rwlock", model(Both, n, rounds, false), n, rounds, READS_WHOLE, search))
    };
    let deadlines = model(Deadlines, 2, 1, false);
    let downgrade = model(Downgrade, 2, 1, false);
    let mut all = vec![
        whole(2, 1, up_to(2)),
        full(whole(2, 1, up_to(4))),
        full(whole(3, 1, up_to(2))),
        held(loom_claim("rwlock-deadline", deadlines, 2, 1, TAKES_NO_WAKE, up_to(3))),
        held(loom_claim("rwlock-downgrade", downgrade, 2, 1, DOWNGRADES, up_to(3))),
        held(Claim {
            property: READS_REPAIRED,
            ..crash_claim("rwlock-roles", model(Roles, 2, 1, true), 2, 1, up_to(2))
        }),
    ];
    let mut by_shuttle = shuttle_claims("rwlock", &model(Both, 4, 4, false), 4, 4);
    by_shuttle.iter_mut().for_each(|claim| claim.property = READS_WHOLE);
    all.extend(by_shuttle);
    all
}

fn condvar() -> Vec<Claim> {
    use condvar::Use::{Deadline, HandOver, Meeting};
    let model = |how, processes, deaths| Arc::new(CondvarModel { how, processes, deaths });
    let waits = |name, how, n, search| {
        held(loom_claim(name, model(how, n, false), n, 1, WAITS_FOR_IT, search))
    };
    let dying = |n, search| {
        let claim = crash_claim("condvar", model(HandOver, n, true), n, 1, search);
        held(Claim { property: EATS_NONE, ..claim })
    };
    let mut all = vec![
        waits("condvar", HandOver, 2, ALL),
        waits("condvar", HandOver, 3, up_to(2)),
        waits("condvar-deadline", Deadline, 3, up_to(2)),
        waits("condvar-meeting", Meeting, 2, up_to(3)),
        dying(2, up_to(3)),
        full(dying(3, up_to(2))),
    ];
    let mut by_shuttle = shuttle_claims("condvar", &model(HandOver, 6, false), 6, 1);
    by_shuttle.iter_mut().for_each(|claim| claim.property = WAITS_FOR_IT);
    all.extend(by_shuttle);
    all
}

fn queue() -> Vec<Claim> {
    use queue::Use::{Close, Deadline, Each, Fan};
    let model = |how, processes, deaths| Arc::new(QueueModel { how, processes, deaths });
    let comes_out = |name, how, n, search| {
        held(loom_claim(name, model(how, n, false), n, 1, COMES_OUT, search))
    };
    let dying = crash_claim("queue", model(Fan, 2, true), 2, 1, up_to(3));
    let spans =
        |how, processes, deaths| Arc::new(SpanModel { how, processes, deaths, mistake: None });
    let messages = spans(spans::Use::Messages, 2, false);
    let filled =
        crash_claim("queue-batches-fill", spans(spans::Use::Fill, 2, true), 2, 1, up_to(2));
    let mut all = vec![
        comes_out("queue", Fan, 2, up_to(4)),
        comes_out("queue", Fan, 3, up_to(1)),
        comes_out("queue-each", Each, 2, up_to(3)),
        comes_out("queue-deadline", Deadline, 2, up_to(3)),
        comes_out("queue-close", Close, 2, up_to(3)),
        held(Claim { property: LOSES_ONE, ..dying }),
        held(loom_claim("queue-messages", messages, 2, 1, COMES_OUT_WHOLE, up_to(2))),
        held(Claim { property: LOSSES_COUNTED, ..filled }),
    ];
    let mut by_shuttle = shuttle_claims("queue", &model(Each, 6, false), 6, 1);
    by_shuttle.iter_mut().for_each(|claim| claim.property = COMES_OUT);
    all.extend(by_shuttle);
    for (name, how) in
        [("queue-batches", spans::Use::Batches), ("queue-messages", spans::Use::Messages)]
    {
        let mut by_shuttle = shuttle_claims(name, &spans(how, 3, false), 3, 1);
        by_shuttle.iter_mut().for_each(|claim| claim.property = COMES_OUT_WHOLE);
        all.extend(by_shuttle);
    }
    all
}

fn semaphore() -> Vec<Claim> {
    use semaphore::Use::{Both, Deadline, Many, One, Signal, Two};
    let model = |how, processes, rounds, deaths| {
        let model = SemaphoreModel::<any::semaphore::Shipped<SLOTS>>::new(how, processes, rounds);
        Arc::new(model.with_deaths(deaths))
    };
    let admits = |name, how, n, property, search| {
        held(loom_claim(name, model(how, n, 1, false), n, 1, property, search))
    };
    let dying = crash_claim("semaphore", model(One, 2, 1, true), 2, 1, up_to(2));
    let mut all = vec![
        admits("semaphore", One, 2, ADMITS, up_to(3)),
        admits("semaphore-two", Two, 3, ADMITS, up_to(2)),
        admits("semaphore-both", Both, 2, ADMITS, up_to(2)),
        admits("semaphore-many", Many, 2, ADMITS, up_to(2)),
        admits("semaphore-deadline", Deadline, 2, TAKES_NO_WAKE, up_to(2)),
        admits("semaphore-signal", Signal, 2, WAITS_FOR_IT, up_to(3)),
        held(Claim { property: COMES_BACK, ..dying }),
    ];
    for (name, how) in [("semaphore", One), ("semaphore-many", Many)] {
        let mut by_shuttle = shuttle_claims(name, &model(how, 4, 4, false), 4, 4);
        by_shuttle.iter_mut().for_each(|claim| claim.property = ADMITS);
        all.extend(by_shuttle);
    }
    all
}

fn barrier() -> Vec<Claim> {
    use barrier::Use::{Abort, Deadline, Lost, Passing, Recover, Rounds};
    let model =
        |how, processes, rounds, deaths| Arc::new(BarrierModel { how, processes, rounds, deaths });
    let meets = |name, how, (n, rounds), property, search| {
        held(loom_claim(name, model(how, n, rounds, false), n, rounds, property, search))
    };
    let dying = crash_claim("barrier-abort", model(Abort, 2, 1, true), 2, 1, up_to(2));
    let lost = crash_claim("barrier-lost", model(Lost, 2, 1, true), 2, 1, up_to(2));
    let living = crash_claim("barrier", model(Rounds, 3, 1, true), 3, 1, up_to(1));
    let mut all = vec![
        meets("barrier", Rounds, (2, 1), MEETS, up_to(3)),
        meets("barrier", Rounds, (2, 2), MEETS, up_to(2)),
        full(meets("barrier-passing", Passing, (2, 2), MEETS, up_to(2))),
        meets("barrier-deadline", Deadline, (2, 1), MEETS, up_to(3)),
        meets("barrier-recover", Recover, (2, 1), RECOVERS, up_to(2)),
        full(meets("barrier-recover", Recover, (2, 1), RECOVERS, up_to(3))),
        held(Claim { property: BREAKS, ..dying }),
        held(Claim { property: TELLS, ..lost }),
        held(Claim { property: MEETS_LIVING, ..living }),
    ];
    let mut by_shuttle = shuttle_claims("barrier", &model(Rounds, 4, 3, false), 4, 3);
    by_shuttle.iter_mut().for_each(|claim| claim.property = MEETS);
    all.extend(by_shuttle);
    let mut recovered = shuttle_claims("barrier-recover", &model(Recover, 4, 1, false), 4, 1);
    recovered.iter_mut().for_each(|claim| claim.property = RECOVERS);
    all.extend(recovered);
    all
}

fn tasks() -> Vec<Claim> {
    use tasks::Use::{AllJoin, Deadline, Shared};
    let model = |how, processes, deaths| Arc::new(TasksModel { how, processes, deaths });
    let done =
        |name, how, search| held(loom_claim(name, model(how, 2, false), 2, 1, ALL_DONE, search));
    let dying = crash_claim("tasks", model(Shared, 2, true), 2, 1, up_to(3));
    let mut all = vec![
        done("tasks", Shared, up_to(4)),
        done("tasks-deadline", Deadline, up_to(3)),
        done("tasks-all-join", AllJoin, up_to(2)),
        held(Claim { property: ALL_DONE_OR_LOST, ..dying }),
    ];
    let mut by_shuttle = shuttle_claims("tasks", &model(AllJoin, 4, false), 4, 1);
    by_shuttle.iter_mut().for_each(|claim| claim.property = ALL_DONE);
    all.extend(by_shuttle);
    all
}

/// Locks that must be caught, and those that hold as long as nobody dies.
fn broken() -> Vec<Claim> {
    let mut all: Vec<_> = MUTANTS
        .iter()
        .map(|mutant| {
            let id = format!("mutex/broken/{}", mutant.name);
            let trial = mutant.caught_by;
            fails(Claim {
                run: Box::new(|budget, progress| mutant.try_it(budget, progress)),
                ..blank(id, "broken", property_of(trial), method_of(trial), trial.processes(), 1)
            })
        })
        .collect();
    all.push(held(other::<Drepper<true>>("drepper", Trial::Alive(2), ALL)));
    all.push(held(other::<Drepper<true>>("drepper", Trial::Alive(3), up_to(3))));
    all.push(held(other::<Drepper<false>>("drepper-forgets", Trial::Alive(2), ALL)));
    all.push(fails(other::<Drepper<false>>("drepper-forgets", Trial::Alive(3), found_within(3))));
    all.push(fails(other::<Drepper<true>>("drepper-dying", Trial::Dying(2), found_within(2))));
    all.push(held(other::<GlibcRobust>("glibc-robust", Trial::Alive(2), ALL)));
    all.push(held(other::<GlibcRobust>("glibc-robust", Trial::Dying(2), up_to(3))));
    all.push(fails(other::<GlibcRobust>("glibc-robust-dying", Trial::Dying(3), found_within(3))));
    // Woken, and dead before it runs.
    let woken = LoomSearch { only_death: Some(STEPS_UNTIL_WOKEN), ..found_within(3) };
    all.push(full(fails(other::<GlibcRobust>("glibc-robust-dying", Trial::Dying(4), woken))));
    all.push(fails(on_an_old_kernel()));
    all
}

/// Mistakes in algorithms, each beside the same without it: loom has to find what the explorer finds.
fn mistakes() -> Vec<Claim> {
    let one = (2, 1);
    let condvar = mended(
        "condvar-unannounced-mended",
        UnannouncedCondvar::<true> { processes: 2 },
        (one, WAITS_FOR_IT),
    );
    let event =
        mended("event-trusted-wake-mended", TrustedWake::<true> { processes: 2 }, (one, ANNOUNCES));
    let readers = mended(
        "rwlock-relaxed-readers-mended",
        RelaxedReaders::<true> { processes: 2 },
        (one, READS_WHOLE),
    );
    let barrier = OneCountBarrier::<true> { processes: 2, rounds: 2 };
    let barrier = mended("barrier-one-count-mended", barrier, ((2, 2), MEETS));
    let semaphore = FirstPermit::<true> { processes: 3 };
    let semaphore = mended("semaphore-first-permit-mended", semaphore, ((3, 1), WAITS_FOR_IT));
    let once = Arc::new(UntoldOnce { processes: 2, deaths: true });
    vec![
        caught(
            "condvar-unannounced",
            UnannouncedCondvar::<false> { processes: 2 },
            (one, WAITS_FOR_IT),
        ),
        condvar,
        caught("event-trusted-wake", TrustedWake::<false> { processes: 2 }, (one, ANNOUNCES)),
        event,
        caught(
            "rwlock-relaxed-readers",
            RelaxedReaders::<false> { processes: 2 },
            (one, READS_WHOLE),
        ),
        readers,
        caught(
            "barrier-one-count",
            OneCountBarrier::<false> { processes: 2, rounds: 2 },
            ((2, 2), MEETS),
        ),
        barrier,
        caught(
            "semaphore-first-permit",
            FirstPermit::<false> { processes: 3 },
            ((3, 1), WAITS_FOR_IT),
        ),
        semaphore,
        fails(Claim {
            subject: "broken",
            property: BUILDS_AGAIN,
            ..crash_claim("once-untold", once, 2, 1, found_within(2))
        }),
    ]
}

type Shown = ((usize, usize), &'static str);

fn caught<M: Model>(name: &'static str, model: M, ((n, c), property): Shown) -> Claim {
    let claim = loom_claim(name, Arc::new(model), n, c, property, found_within(2));
    fails(Claim { subject: "broken", ..claim })
}

fn mended<M: Model>(name: &'static str, model: M, ((n, c), property): Shown) -> Claim {
    let claim = loom_claim(name, Arc::new(model), n, c, property, up_to(2));
    held(Claim { subject: "broken", ..claim })
}

/// Announce, try, mark, sleep: the next step is the first after the sleep.
const STEPS_UNTIL_WOKEN: usize = 4;

/// The shipped mutex where the kernel wakes only for an announced word that is 0: a waiter's patience, which models
/// do not have, ends such a sleep.
fn on_an_old_kernel() -> Claim {
    let search = LoomSearch { kernel: KernelRule::Before62, ..found_within(2) };
    let (trial, id) = (Trial::Dying(3), "mutex/old-kernel/3x1");
    Claim {
        run: Box::new(move |budget, progress| trial.of_shipped(id, search, budget, progress)),
        ..blank(id.into(), "broken", SURVIVES, Method::Crash, 3, 1)
    }
}

fn other<L: Lock>(name: &'static str, trial: Trial, search: LoomSearch) -> Claim {
    let n = trial.processes();
    let id = format!("other/{name}/{n}x1{}", suffix(search));
    let token = id.clone();
    Claim {
        run: Box::new(move |budget: &Budget, progress: &dyn Progress| {
            trial.of::<L>(&token, search, budget, progress)
        }),
        ..blank(id, "other locks", property_of(trial), method_of(trial), n, 1)
    }
}

const fn property_of(trial: Trial) -> &'static str {
    match trial {
        Trial::Dying(_) => SURVIVES,
        _ => KEEPS_COUNT,
    }
}

const fn method_of(trial: Trial) -> Method {
    match trial {
        Trial::Dying(_) => Method::Crash,
        _ => Method::Loom,
    }
}

/// Without a bound.
const ALL: LoomSearch = LoomSearch {
    preemptions: None,
    deaths: false,
    only_death: None,
    kernel: KernelRule::Since62,
    mutation: None,
    shortest_first: false,
    sites: None,
    all_outcomes: false,
};

/// Up to a counterexample with so many preemptions.
const fn found_within(preemptions: usize) -> LoomSearch {
    LoomSearch { shortest_first: true, ..up_to(preemptions) }
}

const fn up_to(preemptions: usize) -> LoomSearch {
    LoomSearch { preemptions: Some(preemptions), ..ALL }
}

fn suffix(search: LoomSearch) -> String {
    search.preemptions.map_or_else(String::new, |bound| format!("/bound-{bound}"))
}

fn loom_claim<M: Model>(
    subject: &'static str,
    model: Arc<M>,
    processes: usize,
    increments: usize,
    property: &'static str,
    search: LoomSearch,
) -> Claim {
    let id = format!("{subject}/{processes}x{increments}/loom{}", suffix(search));
    let name = id.clone();
    let run = move |budget: &Budget, progress: &dyn Progress| -> Finding {
        loom::explore(&model, &name, search, budget, progress)
    };
    Claim {
        run: Box::new(run),
        ..blank(id, subject, property, Method::Loom, processes, increments)
    }
}

fn crash_claim<M: Model>(
    subject: &'static str,
    model: Arc<M>,
    processes: usize,
    increments: usize,
    search: LoomSearch,
) -> Claim {
    let id = format!("{subject}/{processes}x{increments}/crash{}", suffix(search));
    let name = id.clone();
    let search = LoomSearch { deaths: true, ..search };
    let run = move |budget: &Budget, progress: &dyn Progress| -> Finding {
        loom::explore(&model, &name, search, budget, progress)
    };
    Claim {
        run: Box::new(run),
        ..blank(id, subject, SURVIVES, Method::Crash, processes, increments)
    }
}

fn shuttle_claims<M>(subject: &'static str, model: &Arc<M>, n: usize, c: usize) -> Vec<Claim>
where
    M: Model,
    M::Shared<crate::platform::Decorated<crate::platform::shuttle::ShuttleWorld>>: Send + Sync,
{
    let drawn = [Drawn::Random, Drawn::Pct(3)];
    drawn.into_iter().map(|drawn| held(shuttle_claim(subject, model, n, c, drawn))).collect()
}

fn shuttle_claim<M>(
    subject: &'static str,
    model: &Arc<M>,
    processes: usize,
    increments: usize,
    drawn: Drawn,
) -> Claim
where
    M: Model,
    M::Shared<crate::platform::Decorated<crate::platform::shuttle::ShuttleWorld>>: Send + Sync,
{
    let scheduler = if drawn == Drawn::Random { "random" } else { "pct" };
    let id = format!("{subject}/{processes}x{increments}/shuttle/{scheduler}");
    let (name, model) = (id.clone(), Arc::clone(model));
    let search = ShuttleSearch { drawn, schedules: SCHEDULES, plan: Plan::default() };
    let run = move |budget: &Budget, progress: &dyn Progress| -> Finding {
        shuttle::explore(&model, &name, search, budget, progress)
    };
    Claim {
        run: Box::new(run),
        memory_model: MemoryModel::Sc,
        ..blank(id, subject, KEEPS_COUNT, Method::Shuttle, processes, increments)
    }
}

/// How many schedules shuttle draws for one claim.
const SCHEDULES: u64 = 2_000;

fn blank(
    id: String,
    subject: &'static str,
    property: &'static str,
    method: Method,
    processes: usize,
    increments: usize,
) -> Claim {
    Claim {
        id,
        subject,
        property,
        method,
        memory_model: MemoryModel::C11,
        processes,
        increments,
        expected: Expected::Holds,
        full_only: false,
        run: Box::new(|_, _| unreachable!("every claim has a run of its own")),
    }
}

fn held(claim: Claim) -> Claim {
    Claim { expected: Expected::Holds, ..claim }
}

fn fails(claim: Claim) -> Claim {
    Claim { expected: Expected::Fails, ..claim }
}

fn full(claim: Claim) -> Claim {
    Claim { full_only: true, ..claim }
}
