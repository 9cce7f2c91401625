//! What goes wrong where one dies.

use super::{DEATH, LINKS, SPECIMEN, Size, Specimen, THREE, TWO};

pub(super) static SPECIMENS: &[Specimen] = &[
    Specimen {
        name: "drepper",
        mistake: "a mutex whose holder dies stays locked",
        source: "CPython, issue 88304, multiprocessing.Lock",
        link: "https://github.com/python/cpython/issues/88304",
        size: Size { deaths: 1, ..TWO },
        unseen: DEATH,
        ..SPECIMEN
    },
    Specimen {
        name: "robust-late",
        mended: Some("glibc-robust"),
        mistake: "a lock is announced to the kernel after it was taken",
        source: "Linux's documentation, The robust futex ABI, on list_op_pending",
        link: "https://docs.kernel.org/locking/robust-futex-ABI.html",
        size: Size { deaths: 1, ..TWO },
        unseen: DEATH,
        ..SPECIMEN
    },
    Specimen {
        name: "robust-listed",
        mended: Some("glibc-robust"),
        mistake: "a lock leaves its holder's list after it was let go of, when the next holder needs the link in it",
        source: "Linux's documentation, The robust futex ABI, on the order of removal",
        link: "https://docs.kernel.org/locking/robust-futex-ABI.html",
        unseen: LINKS,
        ..SPECIMEN
    },
    Specimen {
        name: "robust-two-steps",
        mended: Some("glibc-robust"),
        mistake: "a lock is let go of in two steps, and nobody takes what the first one leaves",
        source: "glibc, bug 20985, x86 until 2.25",
        link: "https://sourceware.org/bugzilla/show_bug.cgi?id=20985",
        size: Size { deaths: 1, ..TWO },
        unseen: DEATH,
        ..SPECIMEN
    },
    Specimen {
        name: "glibc-robust",
        mistake: "one who dies after letting go wakes nobody, and nor does the next one, who does not know of those that wait",
        source: "glibc 2.36, nptl/pthread_mutex_lock.c; half of it is Linux's 90d758896787 (2022)",
        link: "https://git.kernel.org/torvalds/c/90d758896787",
        size: Size { deaths: 1, ..THREE },
        unseen: DEATH,
        ..SPECIMEN
    },
    Specimen {
        name: "once-untold",
        mistake: "nobody is told that the maker has died",
        source: "Boost.Interprocess, issue 128 (2020)",
        link: "https://github.com/boostorg/interprocess/issues/128",
        size: Size { deaths: 1, ..TWO },
        unseen: DEATH,
        ..SPECIMEN
    },
    Specimen {
        name: "queue-tells-late",
        mended: Some("queue-tells-late-mended"),
        mistake: "a queue notifies after it has let go of its mutex",
        source: "Boost.Interprocess, message_queue",
        link: "https://github.com/boostorg/interprocess/blob/develop/include/boost/interprocess/ipc/message_queue.hpp",
        size: Size { deaths: 1, ..THREE },
        unseen: DEATH,
        is_large: true,
    },
    Specimen {
        name: "tasks-counted",
        mended: Some("tasks"),
        mistake: "a task in the hand of one who dies is waited for",
        source: "CPython's multiprocessing.JoinableQueue",
        link: "https://docs.python.org/3/library/multiprocessing.html#multiprocessing.JoinableQueue",
        size: Size { deaths: 1, ..TWO },
        unseen: DEATH,
        ..SPECIMEN
    },
];
