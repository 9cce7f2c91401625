//! Everything that is measured.

use lockproof::{
    AtomicCounter, Barrier, Counter, Event, Mutex, Queue, RawValue, ReentrantMutex, RwLock,
    Semaphore, Value,
};

use super::c::{
    Drepper, NORMAL, Pipe, PthreadBarrier, PthreadCrowd, PthreadFlag, PthreadMutex, PthreadRwLock,
    RECURSIVE, ROBUST, Sem,
};
use super::case::{
    Case, Contender,
    Death::{Hangs, Nothing, Ours, Survived},
    Unit::{Microseconds, Millions, Nanoseconds},
};
use super::events::{hand_over, killed};
use super::measure::{Rig, Sample, alone, meeting, one_way, together, transfers};
use super::ours::{ByHand, Crowd, Flag, Messages, Permitted};
use super::work::{Adds, FetchAdd, PingPong, Reads, Roles, Section, Transfers};

type Run = fn(&Rig) -> Result<Sample, String>;

const MUTEX: &str = "lockproof Mutex";
const NORMAL_MUTEX: &str = "pthread mutex, normal";
const ROBUST_MUTEX: &str = "pthread mutex, robust";
const PLAIN_FUTEX: &str = "futex mutex (Drepper)";
const ATOMIC: &str = "atomic fetch_add";

/// All cases, in the order of the report.
pub(super) fn all() -> Vec<Case> {
    let mut all = mutex();
    all.extend(others_alone());
    all.extend(rwlock());
    all.extend(semaphore());
    all.extend(waits());
    all.extend(barrier());
    all.extend(queue());
    #[cfg(any(feature = "loom", feature = "shuttle"))]
    all.extend(super::kit::cases());
    #[cfg(feature = "peers")]
    super::peers::join(&mut all);
    all
}

/// The mutexes, each with what measures it.
fn mutexes(own: Run, lasting: Run, normal: Run, plain: Run) -> Vec<Contender> {
    vec![
        ours(MUTEX, own),
        robust(ROBUST_MUTEX, lasting),
        mortal(NORMAL_MUTEX, normal),
        mortal(PLAIN_FUTEX, plain),
    ]
}

/// What measures additions under each of the mutexes.
macro_rules! additions {
    ($measure:ident, $nanoseconds:literal $(, $processes:literal)?) => {
        mutexes(
            $measure::<Adds<Mutex<u64>, $nanoseconds> $(, $processes)?>,
            $measure::<Adds<PthreadMutex<ROBUST>, $nanoseconds> $(, $processes)?>,
            $measure::<Adds<PthreadMutex<NORMAL>, $nanoseconds> $(, $processes)?>,
            $measure::<Adds<Drepper, $nanoseconds> $(, $processes)?>,
        )
    };
}

fn and_atomic(mut contenders: Vec<Contender>, atomic: Run) -> Vec<Contender> {
    contenders.push(no_lock(atomic));
    contenders
}

fn mutex() -> Vec<Case> {
    vec![
        case(
            "mutex/alone",
            "lock, add one, unlock",
            Nanoseconds,
            and_atomic(additions!(alone, 0), alone::<FetchAdd>),
        ),
        case(
            "mutex/two",
            "two processes lock, add one, unlock",
            Millions,
            and_atomic(additions!(together, 0, 2), together::<FetchAdd, 2>),
        ),
        case(
            "mutex/two-200ns",
            "the same, each 200 ns inside",
            Millions,
            additions!(together, 200, 2),
        ),
        case(
            "mutex/two-2us",
            "the same, each 2 us inside",
            Millions,
            additions!(together, 2000, 2),
        ),
        case(
            "mutex/eight",
            "eight processes lock, add one, unlock",
            Millions,
            and_atomic(additions!(together, 0, 8), together::<FetchAdd, 8>),
        ),
        case(
            "mutex/hand-over",
            "from a release until a sleeper on the other processor is inside",
            Microseconds,
            mutexes(
                hand_over::<Mutex<u64>>,
                hand_over::<PthreadMutex<ROBUST>>,
                hand_over::<PthreadMutex<NORMAL>>,
                hand_over::<Drepper>,
            ),
        ),
        case(
            "mutex/killed",
            "from the SIGKILL of a holder until a sleeper is told",
            Microseconds,
            vec![
                ours(MUTEX, killed::<Mutex<u64>>),
                robust(ROBUST_MUTEX, killed::<PthreadMutex<ROBUST>>),
            ],
        ),
    ]
}

fn others_alone() -> Vec<Case> {
    vec![
        case(
            "reentrant/alone",
            "lock, add one, unlock",
            Nanoseconds,
            vec![
                ours("lockproof ReentrantMutex", adds::<ReentrantMutex<RawValue<u64>>>()),
                ours("lockproof Value, its lock", adds::<Value<u64>>()),
                ours(MUTEX, adds::<Mutex<u64>>()),
                mortal("pthread mutex, recursive", adds::<PthreadMutex<RECURSIVE>>()),
            ],
        ),
        case(
            "counter/alone",
            "increment",
            Nanoseconds,
            vec![
                ours("lockproof Counter", alone::<Counter>),
                ours(MUTEX, adds::<Mutex<u64>>()),
                no_lock(alone::<FetchAdd>),
            ],
        ),
        case(
            "atomic-counter/alone",
            "increment",
            Nanoseconds,
            vec![
                ours("lockproof AtomicCounter", alone::<AtomicCounter>),
                no_lock(alone::<FetchAdd>),
            ],
        ),
    ]
}

fn adds<S: Section>() -> Run {
    alone::<Adds<S, 0>>
}

/// Ours and the C library's.
fn rwlocks(own: Run, theirs: Run) -> Vec<Contender> {
    vec![ours("lockproof RwLock", own), mortal("pthread rwlock", theirs)]
}

fn rwlock() -> Vec<Case> {
    type Own = RwLock<u64>;
    type Theirs = PthreadRwLock;
    vec![
        case(
            "rwlock/read",
            "lock to read, look, unlock",
            Nanoseconds,
            rwlocks(alone::<Reads<Own>>, alone::<Reads<Theirs>>),
        ),
        case(
            "rwlock/write",
            "lock to write, add one, unlock",
            Nanoseconds,
            rwlocks(adds::<Own>(), adds::<Theirs>()),
        ),
        case(
            "rwlock/two-read",
            "two processes read",
            Millions,
            rwlocks(together::<Reads<Own>, 2>, together::<Reads<Theirs>, 2>),
        ),
        case(
            "rwlock/eight-read",
            "eight processes read",
            Millions,
            rwlocks(together::<Reads<Own>, 8>, together::<Reads<Theirs>, 8>),
        ),
        case(
            "rwlock/two-roles",
            "one writes and one reads, again and again",
            Millions,
            rwlocks(together::<Roles<Own>, 2>, together::<Roles<Theirs>, 2>),
        ),
        case(
            "rwlock/four-roles",
            "one writes and three read, again and again",
            Millions,
            rwlocks(together::<Roles<Own>, 4>, together::<Roles<Theirs>, 4>),
        ),
        case(
            "rwlock/two-write",
            "two processes write",
            Millions,
            rwlocks(together::<Adds<Own, 0>, 2>, together::<Adds<Theirs, 0>, 2>),
        ),
    ]
}

const GUARD: &str = "lockproof Semaphore, guard";
const BY_HAND: &str = "lockproof Semaphore by hand";
const SEM: &str = "sem_t";

fn semaphore() -> Vec<Case> {
    let all = |guard: Run, by_hand: Run, sem: Run| {
        vec![ours(GUARD, guard), ours(BY_HAND, by_hand), mortal(SEM, sem)]
    };
    vec![
        case(
            "semaphore/alone",
            "take the one permit, add one, give it back",
            Nanoseconds,
            all(adds::<Permitted>(), adds::<ByHand>(), adds::<Sem<1>>()),
        ),
        case(
            "semaphore/two",
            "the same, two processes",
            Millions,
            all(
                together::<Adds<Permitted, 0>, 2>,
                together::<Adds<ByHand, 0>, 2>,
                together::<Adds<Sem<1>, 0>, 2>,
            ),
        ),
        case(
            "semaphore/eight",
            "the same, eight processes",
            Millions,
            all(
                together::<Adds<Permitted, 0>, 8>,
                together::<Adds<ByHand, 0>, 8>,
                together::<Adds<Sem<1>, 0>, 8>,
            ),
        ),
        case(
            "semaphore/signal",
            "from a post to whoever waits for it",
            Microseconds,
            vec![
                ours(BY_HAND, one_way::<PingPong<Semaphore<0, 1>>>),
                mortal(SEM, one_way::<PingPong<Sem<0>>>),
            ],
        ),
    ]
}

fn waits() -> Vec<Case> {
    const CONDVAR: &str = "lockproof Condvar";
    const COND: &str = "pthread condition variable";
    vec![
        case(
            "event/signal",
            "from a set to whoever waits for it, who clears it",
            Microseconds,
            vec![
                ours("lockproof Event", one_way::<PingPong<Event>>),
                mortal(COND, one_way::<PingPong<PthreadFlag>>),
            ],
        ),
        case(
            "condvar/signal",
            "from a notification to whoever waits for it",
            Microseconds,
            vec![
                ours(CONDVAR, one_way::<PingPong<Flag>>),
                mortal(COND, one_way::<PingPong<PthreadFlag>>),
            ],
        ),
        case(
            "condvar/eight",
            "eight processes meet; the last notifies all",
            Microseconds,
            vec![
                ours(CONDVAR, meeting::<Crowd<8>, 8>),
                mortal(COND, meeting::<PthreadCrowd<8>, 8>),
            ],
        ),
    ]
}

fn barrier() -> Vec<Case> {
    let both = |own: Run, theirs: Run| {
        vec![ours("lockproof Barrier", own), mortal("pthread barrier", theirs)]
    };
    vec![
        case(
            "barrier/two",
            "two processes meet",
            Microseconds,
            both(meeting::<Barrier<2>, 2>, meeting::<PthreadBarrier<2>, 2>),
        ),
        case(
            "barrier/eight",
            "eight processes meet",
            Microseconds,
            both(meeting::<Barrier<8>, 8>, meeting::<PthreadBarrier<8>, 8>),
        ),
    ]
}

fn queue() -> Vec<Case> {
    // Each has room for as many as a pipe, whose buffer is 64 KiB.
    fn sizes<const BYTES: usize, const PLACES: usize>() -> Vec<Contender> {
        vec![
            ours("lockproof Queue", transfers::<Transfers<Queue<[u8; BYTES], PLACES>>>),
            ours("lockproof MessageQueue", transfers::<Transfers<Messages<BYTES>>>),
            // Whoever reads from a pipe is told that all writers are gone.
            robust("pipe", transfers::<Transfers<Pipe<BYTES>>>),
        ]
    }
    vec![
        case("queue/8B", "messages of 8 bytes from one to another", Millions, sizes::<8, 8192>()),
        case("queue/64B", "messages of 64 bytes", Millions, sizes::<64, 1024>()),
        case("queue/4KiB", "messages of 4096 bytes", Millions, sizes::<4096, 16>()),
    ]
}

fn case(
    id: &'static str,
    what: &'static str,
    unit: super::case::Unit,
    contenders: Vec<Contender>,
) -> Case {
    Case { id, what, unit, contenders }
}

const fn ours(name: &'static str, run: Run) -> Contender {
    Contender::new(name, Ours, run)
}

const fn robust(name: &'static str, run: Run) -> Contender {
    Contender::new(name, Survived, run)
}

const fn mortal(name: &'static str, run: Run) -> Contender {
    Contender::new(name, Hangs, run)
}

const fn no_lock(run: Run) -> Contender {
    Contender::new(ATOMIC, Nothing, run)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_case_has_a_name_of_its_own_and_ours_is_first() {
        let all = all();
        let names: BTreeSet<&str> = all.iter().map(|case| case.id).collect();
        assert_eq!(names.len(), all.len());
        for case in &all {
            assert!(case.contenders[0].is_ours(), "{}", case.id);
            assert!(case.contenders.iter().any(|contender| !contender.is_ours()), "{}", case.id);
        }
    }
}
