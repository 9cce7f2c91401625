//! What else people take: other crates, Boost.Interprocess and Python's `multiprocessing`.
//!
//! Behind the feature `peers`, so that nobody who does not ask for them builds them. Which crates are no peers, and why, stands
//! in `docs/bench.md`.

mod crates;
mod programs;
mod queue;
mod threads;

use super::case::{
    Case, Contender, Death,
    Death::{Hangs, Nothing, Survived},
};
use super::events::{hand_over, killed};
use super::measure::{Rig, Sample, alone, one_way, together, together_in_process, transfers};
use super::work::{Adds, PingPong, Reads, Roles, Transfers};
use crates::{
    FdLock, PosixSync, ProcessSync, RawSync, RawSyncEvent, Robust, RustixFlag, RustixFutex,
    RustixRwLock, Standard,
};
use programs::{Boost, PythonLock, PythonQueue, PythonValue, program, sends};
use queue::Iceoryx2;
use threads::{ParkingLot, StdMutex};

/// Adds each to the cases that it can do.
pub(super) fn join(cases: &mut [Case]) {
    for case in cases {
        case.contenders.extend(of(case.id));
    }
}

/// What measures additions under each mutex that is shared by processes.
macro_rules! additions {
    ($measure:ident, $nanoseconds:literal $(, $processes:literal)?) => {
        vec![
            peer("posix-sync, robust", Survived, $measure::<Adds<PosixSync<Robust>, $nanoseconds> $(, $processes)?>),
            peer("posix-sync, standard", Hangs, $measure::<Adds<PosixSync<Standard>, $nanoseconds> $(, $processes)?>),
            peer("process-sync", Hangs, $measure::<Adds<ProcessSync, $nanoseconds> $(, $processes)?>),
            peer("raw_sync", Hangs, $measure::<Adds<RawSync, $nanoseconds> $(, $processes)?>),
            peer("rustix-futex-sync", Hangs, $measure::<Adds<RustixFutex, $nanoseconds> $(, $processes)?>),
            in_kernel("fd-lock", Survived, $measure::<Adds<FdLock, $nanoseconds> $(, $processes)?>),
        ]
    };
}

/// What measures them where they are tried by several.
macro_rules! additions_of_several {
    ($nanoseconds:literal, $processes:literal) => {{
        let mut all = additions!(together, $nanoseconds, $processes);
        all.extend([
            program::<Boost, $nanoseconds, $processes>(),
            peer(STD, Nothing, together_in_process::<Adds<StdMutex, $nanoseconds>, $processes>),
            peer(
                PARKING,
                Nothing,
                together_in_process::<Adds<ParkingLot, $nanoseconds>, $processes>,
            ),
        ]);
        all
    }};
}

const STD: &str = "std Mutex, in process";
const PARKING: &str = "parking_lot, in process";
const RUSTIX_RWLOCK: &str = "rustix-futex-sync RwLock";

fn of(case: &str) -> Vec<Contender> {
    match case {
        "mutex/alone" => {
            let mut all = additions!(alone, 0);
            all.extend([
                program::<Boost, 0, 1>(),
                program::<PythonLock, 0, 1>(),
                program::<PythonValue, 0, 1>(),
                peer(STD, Nothing, alone::<Adds<StdMutex, 0>>),
                peer(PARKING, Nothing, alone::<Adds<ParkingLot, 0>>),
            ]);
            all
        }
        "mutex/two" => {
            let mut all = additions_of_several!(0, 2);
            all.extend([program::<PythonLock, 0, 2>(), program::<PythonValue, 0, 2>()]);
            all
        }
        "mutex/two-200ns" => additions_of_several!(200, 2),
        "mutex/two-2us" => additions_of_several!(2000, 2),
        "mutex/eight" => {
            let mut all = additions_of_several!(0, 8);
            all.extend([program::<PythonLock, 0, 8>(), program::<PythonValue, 0, 8>()]);
            all
        }
        "mutex/hand-over" => vec![
            peer("posix-sync, robust", Survived, hand_over::<PosixSync<Robust>>),
            peer("posix-sync, standard", Hangs, hand_over::<PosixSync<Standard>>),
            peer("process-sync", Hangs, hand_over::<ProcessSync>),
            peer("raw_sync", Hangs, hand_over::<RawSync>),
            peer("rustix-futex-sync", Hangs, hand_over::<RustixFutex>),
        ],
        "mutex/killed" => vec![peer("posix-sync, robust", Survived, killed::<PosixSync<Robust>>)],
        "rwlock/read" => vec![peer(RUSTIX_RWLOCK, Hangs, alone::<Reads<RustixRwLock>>)],
        "rwlock/write" => vec![peer(RUSTIX_RWLOCK, Hangs, alone::<Adds<RustixRwLock, 0>>)],
        "rwlock/two-read" => vec![peer(RUSTIX_RWLOCK, Hangs, together::<Reads<RustixRwLock>, 2>)],
        "rwlock/eight-read" => vec![peer(RUSTIX_RWLOCK, Hangs, together::<Reads<RustixRwLock>, 8>)],
        "rwlock/two-roles" => vec![peer(RUSTIX_RWLOCK, Hangs, together::<Roles<RustixRwLock>, 2>)],
        "rwlock/four-roles" => vec![peer(RUSTIX_RWLOCK, Hangs, together::<Roles<RustixRwLock>, 4>)],
        "rwlock/two-write" => {
            vec![peer(RUSTIX_RWLOCK, Hangs, together::<Adds<RustixRwLock, 0>, 2>)]
        }
        "event/signal" => vec![peer("raw_sync Event", Hangs, one_way::<PingPong<RawSyncEvent>>)],
        "condvar/signal" => {
            vec![peer("rustix-futex-sync Condvar", Hangs, one_way::<PingPong<RustixFlag>>)]
        }
        "queue/8B" => messages::<8, 8192>(),
        "queue/64B" => messages::<64, 1024>(),
        "queue/4KiB" => messages::<4096, 16>(),
        _ => Vec::new(),
    }
}

fn messages<const BYTES: usize, const PLACES: usize>() -> Vec<Contender> {
    vec![
        peer(
            "iceoryx2 spsc queue, spins",
            Nothing,
            transfers::<Transfers<Iceoryx2<BYTES, PLACES>>>,
        ),
        sends::<PythonQueue, BYTES, PLACES>(),
    ]
}

type Run = fn(&Rig) -> Result<Sample, String>;

const fn peer(name: &'static str, death: Death, run: Run) -> Contender {
    Contender::new(name, death, run)
}

/// One that asks the kernel each time, whose instructions nobody counts.
const fn in_kernel(name: &'static str, death: Death, run: Run) -> Contender {
    Contender { countable: false, ..peer(name, death, run) }
}
