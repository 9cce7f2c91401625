//! What goes wrong in any memory, while all live.

use super::{SPECIMEN, Size, Specimen, THREE, TWO};

pub(super) static SPECIMENS: &[Specimen] = &[
    Specimen {
        name: "unlocked",
        mistake: "a counter is read, and written then",
        source: "Python's documentation of multiprocessing.Value: += is not atomic",
        link: "https://docs.python.org/3/library/multiprocessing.html#multiprocessing.Value",
        ..SPECIMEN
    },
    Specimen {
        name: "check-then-set",
        mended: Some("check-then-set-mended"),
        mistake: "a lock is looked at, and taken then",
        source: "Dijkstra, Cooperating sequential processes (EWD 123, 1965), second attempt",
        link: "https://www.cs.utexas.edu/~EWD/transcriptions/EWD01xx/EWD123.html",
        ..SPECIMEN
    },
    Specimen {
        name: "hyman",
        mended: Some("hyman-mended"),
        mistake: "who takes the turn does not look whether the other is inside meanwhile",
        source: "Hyman, CACM 9(1), 1966; refuted by Knuth, CACM 9(5)",
        link: "https://doi.org/10.1145/355592.365595",
        ..SPECIMEN
    },
    Specimen {
        name: "drepper-first",
        mended: Some("drepper"),
        mistake: "each that comes adds one, until the number is 0 again and the lock seems free",
        source: "Drepper, Futexes are tricky (2011), mutex, take 1",
        link: "https://www.akkadia.org/drepper/futex.pdf",
        size: THREE,
        ..SPECIMEN
    },
    Specimen {
        name: "drepper-forgets",
        mended: Some("drepper"),
        mistake: "who was woken takes the lock as if nobody else waited",
        source: "musl, internal locks (e7655ed37bc9)",
        link: "https://git.musl-libc.org/cgit/musl/commit/?id=e7655ed37bc9c2d79d921af4f287ee5cf2788661",
        size: THREE,
        ..SPECIMEN
    },
    Specimen {
        name: "ticket-wraps",
        mended: Some("ticket-wraps-mended"),
        mistake: "there are fewer tickets than processes",
        source: "Linux's first ticket locks had 256 (LWN 267968, 2008)",
        link: "https://lwn.net/Articles/267968/",
        size: THREE,
        ..SPECIMEN
    },
    Specimen {
        name: "mcs-drops",
        mended: Some("mcs"),
        mistake: "who lets go forgets one who is about to queue",
        source: "Mellor-Crummey, Scott, ACM TOCS 9(1), 1991, on why release compares",
        link: "https://doi.org/10.1145/103727.103729",
        ..SPECIMEN
    },
    Specimen {
        name: "clh-stays",
        mended: Some("clh"),
        mistake: "a process comes again with the place that its successor still looks at",
        source: "Magnusson, Landin, Hagersten, IPPS 1994, on why each moves on",
        link: "https://doi.org/10.1109/IPPS.1994.288305",
        size: Size { increments: 2, ..TWO },
        ..SPECIMEN
    },
    Specimen {
        name: "two-orders",
        mended: Some("two-orders-mended"),
        mistake: "two mutexes are taken in either order",
        source: "Coffman, Elphick, Shoshani, System deadlocks (1971)",
        link: "https://doi.org/10.1145/356586.356588",
        ..SPECIMEN
    },
    Specimen {
        name: "reentrant-uncounted",
        mended: Some("reentrant-uncounted-mended"),
        mistake: "a mutex that its holder may take again is free at the first release",
        source: "Citra, issue 521 (2015)",
        link: "https://github.com/citra-emu/citra/issues/521",
        ..SPECIMEN
    },
    Specimen {
        name: "semaphore-one-by-one",
        mended: Some("semaphore-many"),
        mistake: "who needs two permits takes one after the other",
        source: "Dijkstra's philosophers, Hierarchical ordering of sequential processes (EWD 310, 1971)",
        link: "https://www.cs.utexas.edu/~EWD/transcriptions/EWD03xx/EWD310.html",
        ..SPECIMEN
    },
    Specimen {
        name: "semaphore-first-permit",
        mended: Some("semaphore-first-permit-mended"),
        mistake: "a permit wakes somebody only if there was none before",
        source: "LLVM, issue 46357, libc++'s counting_semaphore (2020 to 2024)",
        link: "https://github.com/llvm/llvm-project/issues/46357",
        size: THREE,
        ..SPECIMEN
    },
    Specimen {
        name: "sem-post-touches",
        mended: Some("sem-post-touches-mended"),
        mistake: "the semaphore is touched after its permit was given, when it may be destroyed",
        source: "glibc, bug 12674, sem_post until 2.21",
        link: "https://sourceware.org/bugzilla/show_bug.cgi?id=12674",
        ..SPECIMEN
    },
    Specimen {
        name: "last-user-frees",
        mended: Some("last-user-frees-mended"),
        mistake: "the mutex is touched after it was let go of, when its last user may have freed it",
        source: "Linux's mutexes and kref (LWN 575460, 2013)",
        link: "https://lwn.net/Articles/575460/",
        ..SPECIMEN
    },
    Specimen {
        name: "rwlock-downgrade-opens",
        mended: Some("rwlock-downgrade-opens-mended"),
        mistake: "a writer lets go to go on as a reader, and another writes between",
        source: "tokio, pull request 2733 (2020)",
        link: "https://github.com/tokio-rs/tokio/pull/2733",
        ..SPECIMEN
    },
    Specimen {
        name: "condvar-unannounced",
        mended: Some("condvar-unannounced-mended"),
        mistake: "a waiter lets go of the mutex before it says that it waits",
        source: "librtpi, pull request 8 (2018)",
        link: "https://github.com/dvhart/librtpi/pull/8",
        ..SPECIMEN
    },
    Specimen {
        name: "condvar-one-mark",
        mended: Some("condvar-one-mark-mended"),
        mistake: "all that wait set the same mark, and one misses that it was taken away and set again",
        source: "musl, condition variables (97c5b5a87c3d)",
        link: "https://git.musl-libc.org/cgit/musl/commit/?id=97c5b5a87c3d9df54278e1073d6177f77536bd32",
        ..SPECIMEN
    },
    Specimen {
        name: "condvar-semaphore",
        mended: Some("condvar-semaphore-mended"),
        mistake: "a permit meant for one that waits is taken by one that came later",
        source: "Birrell, Implementing condition variables with semaphores (2003)",
        link: "https://birrell.org/andrew/papers/ImplementingCVs.pdf",
        ..SPECIMEN
    },
    Specimen {
        name: "condvar-if",
        mended: Some("condvar-if-mended"),
        mistake: "who has waited does not look again",
        source: "Lampson, Redell, Experience with processes and monitors in Mesa, CACM 23(2), 1980",
        link: "https://doi.org/10.1145/358818.358824",
        ..SPECIMEN
    },
    Specimen {
        name: "event-trusted-wake",
        mended: Some("event-trusted-wake-mended"),
        mistake: "the end of a sleep is taken for the event",
        source: "snmalloc, pull request 739 (2025)",
        link: "https://github.com/microsoft/snmalloc/pull/739",
        ..SPECIMEN
    },
    Specimen {
        name: "event-pulsed",
        mended: Some("event-pulsed-mended"),
        mistake: "an event is set and cleared at once, before one that has come sleeps",
        source: "Windows's PulseEvent, which its documentation advises against",
        link: "https://learn.microsoft.com/en-us/windows/win32/api/winbase/nf-winbase-pulseevent",
        ..SPECIMEN
    },
    Specimen {
        name: "wakes-first",
        mended: Some("wakes-first-mended"),
        mistake: "a sleeper is woken before what it waits for is there",
        source: "Linux's rwsem (e158488be27b, 2018)",
        link: "https://git.kernel.org/torvalds/c/e158488be27b",
        ..SPECIMEN
    },
    Specimen {
        name: "once-swaps-back",
        mended: Some("once-swaps-back-mended"),
        mistake: "a state that is swapped, and put back, is seen by one that then sleeps",
        source: "musl's pthread_once (0d0c2f40344640a2)",
        link: "https://git.musl-libc.org/cgit/musl/commit/?id=0d0c2f40344640a2a6942dda156509593f51db5d",
        size: THREE,
        ..SPECIMEN
    },
    Specimen {
        name: "barrier-one-count",
        mended: Some("barrier-one-count-mended"),
        mistake: "a barrier is used again before all have left it",
        source: "Zephyr, issue 117756 (2026)",
        link: "https://github.com/zephyrproject-rtos/zephyr/issues/117756",
        size: Size { increments: 2, ..TWO },
        ..SPECIMEN
    },
    Specimen {
        name: "barrier-all-reset",
        mended: Some("barrier-recover"),
        mistake: "whoever is told that the barrier is broken resets it, for those that have come again, too",
        source: "Python's documentation of threading.Barrier.reset",
        link: "https://docs.python.org/3/library/threading.html#threading.Barrier.reset",
        ..SPECIMEN
    },
    Specimen {
        name: "stack-aba",
        mended: Some("stack-aba-mended"),
        mistake: "what was on top is there again, and not what was below it",
        source: "Treiber's stack (IBM RJ 5118, 1986); Michael, Scott, PODC 1996",
        link: "https://doi.org/10.1145/248052.248106",
        ..SPECIMEN
    },
];
