//! What goes wrong where a write may be seen late.

use super::{ORDERING, SPECIMEN, Specimen};

pub(super) static SPECIMENS: &[Specimen] = &[
    Specimen {
        name: "test-and-set-relaxed",
        mended: Some("test-and-set-relaxed-mended"),
        mistake: "a spinlock is let go of without a release",
        source: "Alglave et al., GPU concurrency (ASPLOS 2015), on the book CUDA by example",
        link: "https://doi.org/10.1145/2694344.2694391",
        unseen: ORDERING,
        ..SPECIMEN
    },
    Specimen {
        name: "peterson-relaxed",
        mended: Some("peterson-relaxed-mended"),
        mistake: "the flag and the turn are stored without any ordering",
        source: "Peterson, Myths about the mutual exclusion problem (IPL 12(3), 1981)",
        link: "https://doi.org/10.1016/0020-0190(81)90106-X",
        unseen: ORDERING,
        ..SPECIMEN
    },
    Specimen {
        name: "dekker-unfenced",
        mended: Some("dekker-unfenced-mended"),
        mistake: "the other's flag is read before one's own can be seen",
        source: "Dekker, in Dijkstra, EWD 123 (1965)",
        link: "https://www.cs.utexas.edu/~EWD/transcriptions/EWD01xx/EWD123.html",
        unseen: ORDERING,
        ..SPECIMEN
    },
    Specimen {
        name: "bakery-unfenced",
        mended: Some("bakery-unfenced-mended"),
        mistake: "the others' numbers are read before one's own can be seen",
        source: "Lamport, A new solution of Dijkstra's concurrent programming problem, CACM 17(8), 1974",
        link: "https://doi.org/10.1145/361082.361093",
        unseen: ORDERING,
        ..SPECIMEN
    },
    Specimen {
        name: "mcs-relaxed-link",
        mended: Some("mcs"),
        mistake: "who queues says so without a release: its turn comes before its own word that it waits",
        source: "Oberhauser et al., VSync (ASPLOS 2021), on DPDK's mcslock; Linux's qspinlock (95bcade33a8a, 2018)",
        link: "https://doi.org/10.1145/3445814.3446748",
        unseen: ORDERING,
        ..SPECIMEN
    },
    Specimen {
        name: "clh-relaxed",
        mended: Some("clh"),
        mistake: "the lock is handed over without a release",
        source: "Magnusson, Landin, Hagersten, IPPS 1994",
        link: "https://doi.org/10.1109/IPPS.1994.288305",
        unseen: ORDERING,
        ..SPECIMEN
    },
    Specimen {
        name: "waiters-counted",
        mended: Some("waiters-counted-mended"),
        mistake: "who lets go reads the count of those that wait before it can be seen that it has let go",
        source: "Linux's futexes (11d4616bd07f, 2014)",
        link: "https://git.kernel.org/torvalds/c/11d4616bd07f",
        unseen: ORDERING,
        ..SPECIMEN
    },
    Specimen {
        name: "rwlock-relaxed-readers",
        mended: Some("rwlock-relaxed-readers-mended"),
        mistake: "readers let go without a release",
        source: "iceoryx2, concurrency-sync's rwlock",
        link: "https://github.com/eclipse-iceoryx/iceoryx2/blob/main/iceoryx2-pal/concurrency-sync/src/strategy/rwlock.rs",
        unseen: ORDERING,
        ..SPECIMEN
    },
    Specimen {
        name: "seqlock-unfenced",
        mended: Some("seqlock-unfenced-mended"),
        mistake: "the second look at the number, and the writer's data, can come too early",
        source: "Boehm, Can seqlocks get along with programming language memory models? (MSPC 2012)",
        link: "https://doi.org/10.1145/2247684.2247688",
        unseen: ORDERING,
        ..SPECIMEN
    },
    Specimen {
        name: "double-checked",
        mended: Some("double-checked-mended"),
        mistake: "the quick look at what was made is no acquire",
        source: "Bacon et al., The double-checked locking is broken declaration (2000)",
        link: "https://www.cs.umd.edu/~pugh/java/memoryModel/DoubleCheckedLocking.html",
        unseen: ORDERING,
        ..SPECIMEN
    },
    Specimen {
        name: "ring-relaxed",
        mended: Some("ring-relaxed-mended"),
        mistake: "a ring's index is stored without a release",
        source: "Linux's documentation, Circular buffers",
        link: "https://docs.kernel.org/core-api/circular-buffers.html",
        unseen: ORDERING,
        ..SPECIMEN
    },
    Specimen {
        name: "deque-unfenced",
        mended: Some("deque-unfenced-mended"),
        mistake: "the owner and a thief take the same thing",
        source: "Lê et al., Correct and efficient work-stealing for weak memory models (PPoPP 2013)",
        link: "https://doi.org/10.1145/2442516.2442524",
        unseen: ORDERING,
        ..SPECIMEN
    },
    Specimen {
        name: "hazard-unfenced",
        mended: Some("hazard-unfenced-mended"),
        mistake: "the claim to a thing can be seen after the look at it",
        source: "Michael, Hazard pointers (IEEE TPDS 15(6), 2004)",
        link: "https://doi.org/10.1109/TPDS.2004.8",
        unseen: ORDERING,
        ..SPECIMEN
    },
    Specimen {
        name: "unique-relaxed",
        mended: Some("unique-relaxed-mended"),
        mistake: "one that asks if it is alone does not acquire what the others did",
        source: "Rust, issue 51780, Arc::get_mut (2018)",
        link: "https://github.com/rust-lang/rust/issues/51780",
        unseen: ORDERING,
        ..SPECIMEN
    },
];
