//! Regions as earlier versions stored them: each was made by a program of its time, and is in `tests/formats`, named by what is in it and the
//! number of its format. What this version reads has in it what was stored; what it does not is refused in words, and left as it is.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

#[cfg(target_env = "gnu")]
use common::outcome::{Attempt, Outcome};
#[cfg(target_env = "gnu")]
use lockproof::inspect::{Condition, Target, inspect};
use lockproof::{
    Array, AtomicCounter, Barrier, BoundedSemaphore, Condvar, Counter, Event, JoinableQueue, Lock,
    MessageQueue, Mutex, Once, OnceValue, Queue, RawArray, RawValue, ReentrantMutex, Region,
    RegionError, RwLock, Semaphore, Value, shareable,
};

/// What programs of this version make. A new one comes with its files here, and those of this one are then refused, or taken over, by a
/// row of a test.
const CURRENT: u8 = 2;

shareable! {
    /// One of each: of whatever the layout or a state word's meaning changes, some part is not found again.
    struct Everything {
        mutex: Mutex<[u64; 3]>,
        condvar: Condvar,
        reentrant: ReentrantMutex<AtomicCounter>,
        lock: Lock,
        rwlock: RwLock<[u32; 4], 3>,
        semaphore: Semaphore<2, 4>,
        bounded: BoundedSemaphore<3>,
        event: Event,
        barrier: Barrier<2>,
        value: Value<u64>,
        array: Array<u16, 5>,
        raw_value: RawValue<u64>,
        raw_array: RawArray<u64, 3>,
        atomic: AtomicCounter,
        counter: Counter,
        once: Once,
        once_value: OnceValue<u64>,
        queue: Queue<[u8; 6], 5>,
        messages: MessageQueue<61>,
        tasks: JoinableQueue<u64, 3, 2>,
    }
}

/// What was stored. A holder that has died is among it.
fn use_everything(all: &Everything) {
    *all.mutex.lock().expect("free") = [1, 2, 3];
    all.reentrant.lock().expect("free").add(4);
    assert!(all.lock.acquire(true, None).expect("free"));
    all.rwlock.write().expect("free").fill(5);
    all.semaphore.try_wait().expect("one of two");
    assert_eq!(all.semaphore.post_some(2), 2, "there is room");
    all.event.set();
    all.value.set(6).expect("free");
    all.array.lock().expect("free").write(4, 7);
    all.raw_value.store(8);
    all.raw_array[2].store(9);
    all.atomic.add(10);
    all.counter.add(11).expect("free");
    all.once.call_once(|| ()).expect("free");
    all.once_value.get_or_init(|| 12).expect("free");
    all.queue.put([13; 6]).expect("room");
    all.messages.send(b"fourteen").expect("room");
    all.tasks.put(15).expect("room");
}

/// A stored region, in a place where it may be written to.
struct Stored(PathBuf);

impl Stored {
    fn copy(what: &str, format: u8) -> Self {
        let from =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/formats/{what}.{format}"));
        let to = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{what}.{format}-{}", std::process::id()));
        fs::copy(&from, &to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        Self(to)
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn earlier_formats_are_refused_in_words_and_left_alone() {
    for format in 1..CURRENT {
        let (counter, mutex) =
            (Stored::copy("counter", format), Stored::copy("held-mutex", format));
        let before = [&counter, &mutex].map(|stored| fs::read(&stored.0).expect("a copy"));
        for error in [
            Region::<Counter>::file(&counter.0).open().map(drop).expect_err("another format"),
            Region::<Counter>::file(&counter.0).open_or_create().map(drop).expect_err("the same"),
            Region::<Mutex<u64>>::file(&mutex.0).open().map(drop).expect_err("the same"),
        ] {
            let found = matches!(error, RegionError::WrongVersion { found, .. } if found == format);
            assert!(found, "{error:?}");
            let said = error.to_string();
            let expected = [format!("has format {format}"), format!("knows format {CURRENT}")];
            assert!(expected.iter().all(|part| said.contains(part)), "{said}");
        }
        let after = [&counter, &mutex].map(|stored| fs::read(&stored.0).expect("a copy"));
        assert!(before == after, "something was written");
    }
}

/// They were stored before this machine was booted, or by a process that is gone: what was held is told of.
#[test]
#[cfg(all(target_env = "gnu", target_pointer_width = "64", target_endian = "little"))]
fn what_this_format_has_stored_is_found_again() {
    let counter = Stored::copy("counter", CURRENT);
    let look = inspect(&Target::Path(counter.0.clone())).expect("of this format");
    assert_eq!(look.regions[0].primitives[0].condition, Some(Condition::Value(7)));
    let region = Region::<Counter>::file(&counter.0).open().expect("of this format");
    assert_eq!(region.get().expect("free"), 7);

    let mutex = Stored::copy("held-mutex", CURRENT);
    let region = Region::<Mutex<u64>>::file(&mutex.0).open().expect("of this format");
    let (how, guard) = region.lock().taken();
    assert_eq!(how, Outcome::OwnerDied);
    assert_eq!(*guard.expect("with it"), 9);
}

#[test]
#[cfg(all(target_env = "gnu", target_pointer_width = "64", target_endian = "little"))]
fn whatever_this_format_has_stored_means_what_it_meant() {
    let stored = Stored::copy("everything", CURRENT);
    let all = Region::<Everything>::file(&stored.0).open().expect("of this format");
    assert_eq!(*all.mutex.lock().expect("free"), [1, 2, 3]);
    assert_eq!(all.reentrant.lock().expect("free").get(), 4);
    let told = all.lock.acquire(true, None).expect_err("its holder is gone").to_string();
    assert!(told.contains("died"), "{told}");
    assert_eq!(*all.rwlock.read().expect("free"), [5; 4]);
    assert_eq!(all.semaphore.available(), 3);
    assert!(all.bounded.try_acquire_many(3).is_ok());
    assert!(all.event.is_set());
    assert_eq!(all.barrier.taking_part(), 0);
    assert_eq!(all.value.get().expect("free"), 6);
    assert_eq!(all.array.lock().expect("free").read(4), 7);
    assert_eq!((all.raw_value.load(), all.raw_array[2].load()), (8, 9));
    assert_eq!((all.atomic.get(), all.counter.get().expect("free")), (10, 11));
    all.once.call_once(|| panic!("it was done")).expect("done");
    assert_eq!(*all.once_value.get_or_init(|| 0).expect("made"), 12);
    assert_eq!(all.queue.try_take().expect("one"), Some([13; 6]));
    assert_eq!(all.messages.try_receive().expect("one").as_deref(), Some(&b"fourteen"[..]));
    let task = all.tasks.try_take().expect("one").expect("it is not shut down");
    assert_eq!(*task, 15);
}

/// For a new format: it makes the file that the test above reads. Never for the current one, which is there.
#[test]
#[ignore = "makes a file of the repository, once for each format"]
fn store_everything() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/formats/everything.{CURRENT}"));
    let stored = Region::<Everything>::file(&path).create().expect("a new format");
    use_everything(&stored);
}

/// Where the list of locks is another, thread ids and flags mean the same, but the kernel would look for them elsewhere.
#[test]
#[cfg(all(target_env = "musl", target_pointer_width = "64", target_endian = "little"))]
fn what_another_c_library_has_stored_is_refused_in_words() {
    let counter = Stored::copy("counter", CURRENT);
    let error = Region::<Counter>::file(&counter.0).open().expect_err("of glibc");
    assert!(matches!(error, RegionError::ForeignLibc { .. }), "{error}");
}
