//! Regions as a stranger sees them: what the live primitives say of themselves, and nothing that a damaged one could do harm by.
#![cfg(target_os = "linux")]

mod common;

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::panic;
use std::path::{Path, PathBuf};

use common::child::{fork, state_of, supervised, until};
use common::seed::{Seed, scaled};
use lockproof::diagnosis::{Diagnose, Diagnosis};
use lockproof::inspect::{Condition, InspectError, PrimitiveLook, RegionLook, Target, inspect};
use lockproof::{
    Array, AtomicCounter, Barrier, BoundedSemaphore, Condvar, Counter, Event, JoinableQueue, Lock,
    MessageQueue, Mutex, Once, OnceValue, Pipe, Queue, RawValue, ReentrantMutex, Region, RwLock,
    Semaphore, Value, shareable,
};

shareable! {
    #[derive(Debug)]
    struct Inner {
        lock: Lock,
        counts: [AtomicCounter; 2],
    }
}

shareable! {
    struct All {
        mutex: Mutex<u8>,
        lock: Lock,
        rwlock: RwLock<u64, 3>,
        reentrant: ReentrantMutex<Inner>,
        value: Value<u8>,
        array: Array<u8, 3>,
        counter: Counter,
        once: Once,
        once_value: OnceValue<u8>,
        semaphore: BoundedSemaphore<3>,
        barrier: Barrier<2>,
        condvar: Condvar,
        event: Event,
        queue: Queue<u32, 4>,
        messages: MessageQueue<64>,
        pipe: Pipe<64>,
        tasks: JoinableQueue<u64, 4, 2>,
        plain: RawValue<u64>,
        locks: [[Lock; 2]; 3],
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("inspect-{name}"))
}

fn region(path: &Path) -> Region<All> {
    let _ = fs::remove_file(path);
    Region::<All>::file(path).create().expect("a new file")
}

fn seen(path: &Path) -> RegionLook {
    let look = inspect(&Target::Path(path.to_owned())).expect("a region");
    let [region] = &look.regions[..] else { panic!("{look:?}") };
    region.clone()
}

fn named<'a>(region: &'a RegionLook, name: &str) -> &'a PrimitiveLook {
    let found = region.primitives.iter().find(|primitive| primitive.name == name);
    found.unwrap_or_else(|| panic!("{name} is missing: {region:?}"))
}

fn condition(region: &RegionLook, name: &str) -> String {
    named(region, name).condition.map_or_else(|| "nothing".to_owned(), |it| it.to_string())
}

/// What a stranger sees of each primitive that has more to say than who holds it.
fn conditions(region: &RegionLook) -> Vec<String> {
    let names = [
        "counter",
        "once",
        "once_value",
        "semaphore",
        "barrier",
        "event",
        "queue",
        "messages",
        "pipe.there",
        "tasks",
    ];
    names.map(|name| condition(region, name)).to_vec()
}

/// Time goes on between two looks.
fn timeless(mut diagnosis: Diagnosis) -> Diagnosis {
    diagnosis.holders.iter_mut().for_each(|holder| holder.waited_for = None);
    diagnosis
}

#[track_caller]
fn is_seen_as_it_is(all: &All, path: &Path) -> usize {
    let region = seen(path);
    let live: [(&str, &dyn Diagnose); 18] = [
        ("mutex", &all.mutex),
        ("lock", &all.lock),
        ("rwlock", &all.rwlock),
        ("reentrant", &all.reentrant),
        ("value", &all.value),
        ("array", &all.array),
        ("counter", &all.counter),
        ("once", &all.once),
        ("once_value", &all.once_value),
        ("semaphore", &all.semaphore),
        ("barrier", &all.barrier),
        ("condvar", &all.condvar),
        ("event", &all.event),
        ("queue", &all.queue),
        ("messages", &all.messages),
        ("tasks", &all.tasks),
        ("locks[0][1]", &all.locks[0][1]),
        ("locks[2][0]", &all.locks[2][0]),
    ];
    for (name, live) in &live {
        let seen = named(&region, name).diagnosis.clone();
        assert_eq!(timeless(seen), timeless(live.diagnosis()), "{name}");
    }
    live.iter().filter(|(name, _)| !named(&region, name).is_idle()).count()
}

#[test]
fn every_primitive_is_seen_from_outside_as_it_sees_itself() {
    supervised(60, || {
        let path = path("all");
        let all = region(&path);
        assert_eq!(is_seen_as_it_is(&all, &path), 0, "nothing is in use yet");
        let held = fork(|| {
            let _one = all.mutex.lock().unwrap();
            all.lock.acquire(true, None).unwrap();
            let _reads = all.rwlock.read().unwrap();
            let _nested = all.reentrant.lock().unwrap();
            let _value = all.value.lock().unwrap();
            let _array = all.array.lock().unwrap();
            let _permits = all.semaphore.acquire_many(2).unwrap();
            all.locks[2][0].acquire(true, None).unwrap();
            all.counter.add(41).unwrap();
            all.reentrant.lock().unwrap().counts[1].add(7);
            all.tasks.put(5).unwrap();
            let _task = all.tasks.take().unwrap();
            loop {
                std::thread::park();
            }
        });
        until(|| all.tasks.diagnosis().holders.len() == 1);
        let waits = [
            fork(|| drop(all.mutex.lock())),
            fork(|| drop(all.rwlock.write())),
            fork(|| drop(all.semaphore.acquire_many(2))),
            fork(|| all.event.wait()),
            fork(|| drop(all.queue.take())),
            fork(|| drop(all.messages.receive())),
            fork(|| drop(all.tasks.join())),
            fork(|| _ = all.barrier.wait()),
        ];
        for child in &waits {
            until(|| state_of(child.pid) == Some('S'));
        }
        until(|| all.barrier.diagnosis().waiting == Some(1));
        until(|| all.rwlock.diagnosis().waiting == Some(1));
        assert_eq!(is_seen_as_it_is(&all, &path), 13);
        let region = seen(&path);
        assert_eq!(condition(&region, "reentrant.inside.counts[1]"), "7");
        assert!(!named(&region, "plain").locks);
        assert!(region.header.holds.starts_with("All { mutex: Mutex<u8:1/1>"), "{region:?}");
        held.kill();
        for child in waits {
            // Some have got what they waited for.
            child.signal(libc::SIGKILL);
            child.wait();
        }
        assert!(named(&seen(&path), "lock").diagnosis.owner_died);
        is_seen_as_it_is(&all, &path);
        fs::remove_file(&path).unwrap();
    });
}

#[test]
fn a_stranger_sees_what_each_primitive_is_like() {
    let path = path("conditions");
    let all = region(&path);
    assert_eq!(
        conditions(&seen(&path)),
        [
            "0",
            "not begun",
            "not begun",
            "3 permits free",
            "0 have come",
            "not set",
            "0 in it",
            "0 bytes in it",
            "0 bytes in it",
            "0 in it"
        ]
    );
    assert_eq!(condition(&seen(&path), "mutex"), "nothing");
    all.counter.add(41).unwrap();
    all.once.call_once(|| ()).unwrap();
    let half =
        panic::catch_unwind(|| all.once_value.get_or_init(|| panic::resume_unwind(Box::new(1))));
    assert!(half.is_err(), "begun, and given up");
    let permits = all.semaphore.acquire_many(2).unwrap();
    all.event.set();
    (0..4).for_each(|number| all.queue.put(number).unwrap());
    all.queue.take().unwrap();
    all.queue.shutdown().unwrap();
    all.messages.send(b"ping").unwrap();
    all.pipe.ends().0.send(b"to and fro").unwrap();
    all.tasks.put(5).unwrap();
    all.barrier.abort();
    assert_eq!(
        conditions(&seen(&path)),
        [
            "41",
            "done",
            "begun",
            "1 permit free",
            "broken",
            "set",
            "3 in it, shut down",
            "8 bytes in it",
            "14 bytes in it",
            "1 in it"
        ]
    );
    drop(permits);
    let expected = Condition::Permits(3);
    assert_eq!(named(&seen(&path), "semaphore").condition, Some(expected));
    all.event.clear();
    assert_eq!(condition(&seen(&path), "event"), "not set");
    all.barrier.recover();
    supervised(60, || {
        let comes = fork(|| _ = all.barrier.wait());
        until(|| all.barrier.waiting() == 1);
        assert_eq!(condition(&seen(&path), "barrier"), "1 have come");
        comes.kill();
    });
    fs::remove_file(&path).unwrap();
}

#[test]
fn a_permit_that_was_added_is_seen() {
    let path = path("added");
    let _ = fs::remove_file(&path);
    let signals = Region::<Semaphore<1, 4>>::file(&path).create().expect("a new file");
    assert_eq!(condition(&seen(&path), ""), "1 permit free");
    assert_eq!(signals.post_some(2), 2);
    assert_eq!(condition(&seen(&path), ""), "3 permits free");
    signals.wait().unwrap();
    assert_eq!(condition(&seen(&path), ""), "2 permits free");
    fs::remove_file(&path).unwrap();
}

#[test]
fn nothing_is_changed_by_a_look() {
    let path = path("unchanged");
    let all = region(&path);
    all.counter.add(1).unwrap();
    let _held = all.mutex.lock().unwrap();
    let before = fs::read(&path).unwrap();
    seen(&path);
    assert!(fs::read(&path).unwrap() == before);
    fs::remove_file(&path).unwrap();
}

#[test]
fn a_file_of_any_shorter_length_is_refused_in_words() {
    let path = path("shorter");
    drop(region(&path));
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len()).rev() {
        OpenOptions::new().write(true).open(&path).unwrap().set_len(length as u64).unwrap();
        match inspect(&Target::Path(path.clone())) {
            Err(InspectError::NotARegion { .. }) if length < 8 => {}
            Err(InspectError::Truncated { found, .. }) if found == length as u64 => {}
            other => panic!("{length} bytes: {other:?}"),
        }
    }
    fs::remove_file(&path).unwrap();
}

#[test]
fn damage_anywhere_is_met_in_words_or_shown() {
    let path = path("damaged");
    drop(region(&path));
    let whole = fs::read(&path).unwrap();
    let mut random = Seed::announced();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    for _ in 0..scaled(2000) {
        // Three out of four in the header, or behind the payload.
        let at = match random.below(4) {
            0 => random.below(whole.len()),
            1 => whole.len() - 1 - random.below(1500),
            _ => random.below(416),
        };
        let byte = [random.below(256) as u8];
        file.write_all_at(&byte, at as u64).unwrap();
        let words = match inspect(&Target::Path(path.clone())) {
            Ok(look) => format!("{:?}", look.regions[0].header.holds),
            Err(error) => error.to_string(),
        };
        assert!(!words.contains(char::is_control), "byte {at}: {words:?}");
        if random.below(8) == 0 {
            file.write_all_at(&whole, 0).unwrap();
        }
    }
    fs::remove_file(&path).unwrap();
}

#[test]
fn what_a_stranger_wrote_into_the_outline_is_not_believed() {
    let path = path("outline");
    drop(region(&path));
    let whole = fs::read(&path).unwrap();
    let word = |at: usize| u64::from_le_bytes(whole[at..at + 8].try_into().unwrap());
    let (payload, length) = (word(72) as usize, word(400) as usize);
    for (outline, words) in [
        ("\"X\"(mutex:lock+18446744073709551615,)", "makes no sense"),
        ("[18446744073709551615*18446744073709551615\"X\"(mutex:lock+0,)]", "makes no sense"),
        ("{", "makes no sense"),
        ("[4000000000*0\"X\"(mutex:lock+0,)]", ""),
    ] {
        let mut bytes = whole.clone();
        bytes.truncate(1024 + payload);
        bytes.extend(outline.bytes());
        let fnv =
            |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        let fingerprint = outline.bytes().fold(0xcbf2_9ce4_8422_2325, fnv);
        let total = word(64) - length as u64 + outline.len() as u64;
        bytes[64..72].copy_from_slice(&total.to_le_bytes());
        bytes[400..408].copy_from_slice(&(outline.len() as u64).to_le_bytes());
        bytes[408..416].copy_from_slice(&fingerprint.to_le_bytes());
        fs::write(&path, &bytes).unwrap();
        match inspect(&Target::Path(path.clone())) {
            Ok(look) => assert!(look.regions[0].more.is_some() && words.is_empty(), "{outline}"),
            Err(error) => {
                assert!(error.to_string().contains(words) && !words.is_empty(), "{error}")
            }
        }
    }
    fs::remove_file(&path).unwrap();
}

#[test]
fn a_region_of_the_format_before_is_refused_in_words() {
    let path = path("before");
    drop(region(&path));
    OpenOptions::new().write(true).open(&path).unwrap().write_all_at(&[1], 7).unwrap();
    let error = inspect(&Target::Path(path.clone())).expect_err("another format").to_string();
    assert!(error.contains("has format 1, and this program knows format 2"), "{error}");
    fs::remove_file(&path).unwrap();
}

#[test]
fn a_memory_file_and_an_anonymous_region_are_found_by_their_process() {
    supervised(60, || {
        let memory = Region::<Lock>::memfd("inspected").expect("a memory file");
        let anonymous = Region::<[Lock; 3]>::anonymous().expect("memory");
        let child = fork(|| {
            memory.acquire(true, None).unwrap();
            anonymous[2].acquire(true, None).unwrap();
            loop {
                std::thread::park();
            }
        });
        until(|| !anonymous[2].diagnosis().holders.is_empty());
        let look = inspect(&Target::Process(child.pid as u32)).expect("its regions");
        let holder = |place: &str, name: &str| {
            let region = look.regions.iter().find(|region| region.place.contains(place));
            let region = region.unwrap_or_else(|| panic!("{place}: {look:?}"));
            named(region, name).diagnosis.holders[0].thread as i32
        };
        assert_eq!(holder("/memfd:inspected", ""), child.pid);
        assert_eq!(holder("anonymous region", "[2]"), child.pid);
        child.kill();
    });
}

#[test]
fn random_bytes_are_no_region() {
    let path = path("random");
    let mut random = Seed::announced();
    for length in [0, 1, 8, 1024, 5000] {
        let bytes: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
        File::create(&path).unwrap().write_all(&bytes).unwrap();
        let error = inspect(&Target::Path(path.clone())).expect_err("no region");
        assert!(matches!(error, InspectError::NotARegion { .. }), "{error}");
    }
    fs::remove_file(&path).unwrap();
}
