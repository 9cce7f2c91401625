//! The models that are in the zoo alone: known-broken algorithms, each beside the same without the mistake.

use super::{
    BUILDS_ONCE, COMES_OUT, Entry, KEEPS_COUNT, MOST_PROCESSES, READS_WHOLE, Repeats, WAITS_FOR_IT,
    mutex,
};
use crate::models::broken::doors::{CheckThenSet, Hyman, TestAndSet, Tries};
use crate::models::broken::futex_locks::{
    Counted, DrepperFirst, LateToLeave, LateToTell, Ticket, TwoSteps,
};
use crate::models::broken::meetings::{Meetings, OneMark, Semaphored};
use crate::models::broken::queue_locks::{Clh, Mcs};
use crate::models::broken::sleepers::{If, Pulse, SwapsBack, TwoOrders, WakesFirst};
use crate::models::broken::small::{Small, SmallModel};
use crate::models::broken::too_late::{LastUser, SemPost, Treiber};
use crate::models::broken::unfenced::{Deque, DoubleChecked, Hazard, Ring, Seqlock, Unique};
use crate::models::broken::unfenced_doors::{Bakery, Dekker, Peterson};

const EXCLUDES: &str = "whoever gets in is alone there, and nothing is lost";
const TAKEN_ONCE: &str = "everything is taken once";
const READS_LIVING: &str = "nobody touches what is gone, or what another has alone";

pub(super) static MODELS: &[Entry] = &[
    Entry {
        name: "check-then-set",
        about: "broken: a lock that is looked at and then taken, in two steps",
        property: EXCLUDES,
        ..small::<Tries<CheckThenSet<false>>>()
    },
    Entry {
        name: "check-then-set-mended",
        about: "the same, where it is taken in one step",
        property: EXCLUDES,
        ..small::<Tries<CheckThenSet<true>>>()
    },
    Entry {
        name: "test-and-set-relaxed",
        about: "broken: a spinlock that is let go of without an ordering",
        property: EXCLUDES,
        ..small::<Tries<TestAndSet<false>>>()
    },
    Entry {
        name: "test-and-set-relaxed-mended",
        about: "the same, where it is released",
        property: EXCLUDES,
        ..small::<Tries<TestAndSet<true>>>()
    },
    Entry {
        name: "hyman",
        about: "broken: Hyman's algorithm for two: who wants the turn looks at the other before, and not after",
        property: EXCLUDES,
        ..for_two::<Tries<Hyman<false>>>()
    },
    Entry {
        name: "hyman-mended",
        about: "the same, where it looks after that, too",
        property: EXCLUDES,
        ..for_two::<Tries<Hyman<true>>>()
    },
    Entry {
        name: "peterson-relaxed",
        about: "broken: Peterson's algorithm for two, with plain stores",
        property: EXCLUDES,
        ..for_two::<Tries<Peterson<false>>>()
    },
    Entry {
        name: "peterson-relaxed-mended",
        about: "the same, where the turn is given away by an exchange",
        property: EXCLUDES,
        ..for_two::<Tries<Peterson<true>>>()
    },
    Entry {
        name: "dekker-unfenced",
        about: "broken: Dekker's flags for two, without a fence",
        property: EXCLUDES,
        ..for_two::<Tries<Dekker<false>>>()
    },
    Entry {
        name: "dekker-unfenced-mended",
        about: "the same, with a fence",
        property: EXCLUDES,
        ..for_two::<Tries<Dekker<true>>>()
    },
    Entry {
        name: "bakery-unfenced",
        about: "broken: Lamport's bakery for two, without fences",
        property: EXCLUDES,
        ..for_two::<Tries<Bakery<false>>>()
    },
    Entry {
        name: "bakery-unfenced-mended",
        about: "the same, with fences",
        property: EXCLUDES,
        ..for_two::<Tries<Bakery<true>>>()
    },
    Entry {
        name: "seqlock-unfenced",
        about: "broken: a sequence lock without fences: one writes, the others read",
        property: READS_WHOLE,
        ..small::<Seqlock<false>>()
    },
    Entry {
        name: "seqlock-unfenced-mended",
        about: "the same, with fences",
        property: READS_WHOLE,
        ..small::<Seqlock<true>>()
    },
    Entry {
        name: "deque-unfenced",
        about: "broken: a work-stealing deque without fences: one takes, the others steal",
        property: TAKEN_ONCE,
        ..small::<Deque<false>>()
    },
    Entry {
        name: "deque-unfenced-mended",
        about: "the same, with fences",
        property: TAKEN_ONCE,
        ..small::<Deque<true>>()
    },
    Entry {
        name: "hazard-unfenced",
        about: "broken: a hazard pointer without fences: one reads, the other frees",
        property: READS_LIVING,
        ..for_two::<Hazard<false>>()
    },
    Entry {
        name: "hazard-unfenced-mended",
        about: "the same, with fences",
        property: READS_LIVING,
        ..for_two::<Hazard<true>>()
    },
    Entry {
        name: "ring-relaxed",
        about: "broken: a ring for one that puts and one that takes, without a release",
        property: COMES_OUT,
        ..for_two::<Ring<false>>()
    },
    Entry {
        name: "ring-relaxed-mended",
        about: "the same, with one",
        property: COMES_OUT,
        ..for_two::<Ring<true>>()
    },
    Entry {
        name: "double-checked",
        about: "broken: a once whose quick look is no acquire",
        property: BUILDS_ONCE,
        ..small::<DoubleChecked<false>>()
    },
    Entry {
        name: "double-checked-mended",
        about: "the same, where it is one",
        property: BUILDS_ONCE,
        ..small::<DoubleChecked<true>>()
    },
    Entry {
        name: "unique-relaxed",
        about: "broken: a reference count that is asked without an acquire whether one is alone",
        property: READS_LIVING,
        ..for_two::<Unique<false>>()
    },
    Entry {
        name: "unique-relaxed-mended",
        about: "the same, with one",
        property: READS_LIVING,
        ..for_two::<Unique<true>>()
    },
    Entry {
        name: "sem-post-touches",
        about: "broken: a semaphore that is touched after its permit was given",
        property: READS_LIVING,
        ..for_two::<SemPost<false>>()
    },
    Entry {
        name: "sem-post-touches-mended",
        about: "the same, where it is not",
        property: READS_LIVING,
        ..for_two::<SemPost<true>>()
    },
    Entry {
        name: "last-user-frees",
        about: "broken: a mutex that is touched after it was let go of, in what its last user frees",
        property: READS_LIVING,
        ..small::<LastUser<false>>()
    },
    Entry {
        name: "last-user-frees-mended",
        about: "the same, where it is not",
        property: READS_LIVING,
        ..small::<LastUser<true>>()
    },
    Entry {
        name: "stack-aba",
        about: "broken: a stack of which only the top is compared",
        property: TAKEN_ONCE,
        ..for_two::<Treiber<false>>()
    },
    Entry {
        name: "stack-aba-mended",
        about: "the same, where its changes are counted",
        property: TAKEN_ONCE,
        ..for_two::<Treiber<true>>()
    },
    Entry {
        name: "wakes-first",
        about: "broken: a wake that comes before what it is for",
        property: WAITS_FOR_IT,
        ..small::<WakesFirst<false>>()
    },
    Entry {
        name: "wakes-first-mended",
        about: "the same, where it comes after that",
        property: WAITS_FOR_IT,
        ..small::<WakesFirst<true>>()
    },
    Entry {
        name: "once-swaps-back",
        about: "broken: a once that swaps its word, and puts back what it has found",
        property: BUILDS_ONCE,
        ..small::<SwapsBack<false>>()
    },
    Entry {
        name: "once-swaps-back-mended",
        about: "the same, where it compares",
        property: BUILDS_ONCE,
        ..small::<SwapsBack<true>>()
    },
    Entry {
        name: "event-pulsed",
        about: "broken: an event that is set and cleared at once, for those that sleep",
        property: WAITS_FOR_IT,
        ..small::<Pulse<false>>()
    },
    Entry {
        name: "event-pulsed-mended",
        about: "the same, where it stays set",
        property: WAITS_FOR_IT,
        ..small::<Pulse<true>>()
    },
    Entry {
        name: "condvar-one-mark",
        about: "broken: a condition variable whose waiters all set the same mark: all meet twice",
        property: WAITS_FOR_IT,
        ..for_two::<Meetings<OneMark<false>>>()
    },
    Entry {
        name: "condvar-one-mark-mended",
        about: "the same, where each has a mark of its own",
        property: WAITS_FOR_IT,
        ..for_two::<Meetings<OneMark<true>>>()
    },
    Entry {
        name: "condvar-semaphore",
        about: "broken: a condition variable out of one semaphore: all meet twice",
        property: WAITS_FOR_IT,
        ..for_two::<Meetings<Semaphored<false>>>()
    },
    Entry {
        name: "condvar-semaphore-mended",
        about: "the same, where each has a semaphore of its own",
        property: WAITS_FOR_IT,
        ..for_two::<Meetings<Semaphored<true>>>()
    },
    Entry {
        name: "condvar-if",
        about: "broken: a waiter that looks once, and not again after it has waited",
        property: WAITS_FOR_IT,
        ..small::<If<false>>()
    },
    Entry {
        name: "condvar-if-mended",
        about: "the same, where it looks again",
        property: WAITS_FOR_IT,
        ..small::<If<true>>()
    },
    Entry {
        name: "two-orders",
        about: "broken: two mutexes that are taken in either order",
        property: KEEPS_COUNT,
        ..small::<TwoOrders<false>>()
    },
    Entry {
        name: "two-orders-mended",
        about: "the same, where all take them in one order",
        property: KEEPS_COUNT,
        ..small::<TwoOrders<true>>()
    },
    Entry {
        name: "drepper-first",
        about: "broken: Drepper's first mutex, which counts, and is free again after four",
        with_deaths: None,
        ..mutex::<DrepperFirst>()
    },
    Entry {
        name: "ticket-wraps",
        about: "broken: a ticket lock with two tickets (3 processes are inside at once)",
        with_deaths: None,
        ..mutex::<Ticket<1>>()
    },
    Entry {
        name: "ticket-wraps-mended",
        about: "the same, with more tickets than processes: up to 3",
        most: 3,
        with_deaths: None,
        ..mutex::<Ticket<2>>()
    },
    Entry {
        name: "mcs-drops",
        about: "broken: the queue lock of Mellor-Crummey and Scott, where who is about to come is forgotten",
        most: 2,
        with_deaths: None,
        ..mutex::<Mcs<false, true>>()
    },
    Entry {
        name: "mcs-relaxed-link",
        about: "broken: the same lock, where who comes says so without a release",
        most: 2,
        with_deaths: None,
        ..mutex::<Mcs<true, false>>()
    },
    Entry {
        name: "mcs",
        about: "the same, as it should be",
        most: 2,
        with_deaths: None,
        ..mutex::<Mcs<true, true>>()
    },
    Entry {
        name: "clh-relaxed",
        about: "broken: the queue lock of Craig, Landin and Hagersten, handed over without a release",
        most: 2,
        with_deaths: None,
        ..mutex::<Clh<false, true>>()
    },
    Entry {
        name: "clh-stays",
        about: "broken: the same lock, where each comes again with its own place (2 increments hang)",
        most: 2,
        with_deaths: None,
        ..mutex::<Clh<true, false>>()
    },
    Entry {
        name: "clh",
        about: "the same, as it should be",
        most: 2,
        with_deaths: None,
        ..mutex::<Clh<true, true>>()
    },
    Entry {
        name: "waiters-counted",
        about: "broken: a mutex that counts those that wait, without fences",
        with_deaths: None,
        ..mutex::<Counted<false>>()
    },
    Entry {
        name: "waiters-counted-mended",
        about: "the same, with fences",
        with_deaths: None,
        ..mutex::<Counted<true>>()
    },
    Entry {
        name: "robust-two-steps",
        about: "broken: a robust mutex that is let go of in two steps: hangs where one dies between",
        ..mutex::<TwoSteps>()
    },
    Entry {
        name: "robust-late",
        about: "broken: a robust mutex that is announced after it was taken: hangs where one dies between",
        ..mutex::<LateToTell>()
    },
    Entry {
        name: "robust-listed",
        about: "broken: a robust mutex that stays in its holder's list until it was let go of: the next holder breaks that list",
        ..mutex::<LateToLeave>()
    },
];

const fn small<S: Small>() -> Entry {
    Entry {
        name: "",
        about: "",
        property: "",
        with_deaths: None,
        repeats: Repeats::Once,
        least: 2,
        most: MOST_PROCESSES,
        explore: |size, exploration| exploration.of(SmallModel::<S>::new(size.processes), size),
    }
}

const fn for_two<S: Small>() -> Entry {
    Entry { most: 2, ..small::<S>() }
}
