//! Regions whose bytes somebody else has written: opened, used and let go of.

use std::mem::offset_of;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::LazyLock;
use std::time::Duration;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::{pread, pwrite};

use super::claim::Surroundings;
use super::file::File;
use super::header::{Content, PAYLOAD_OFFSET, sound};
use super::opening::{Opening, Outcome, Purpose};
use super::place::Place;
use super::region::Region;
use crate::hostile::Input;
use crate::platform::{RobustWord, monotonic_now};
use crate::raw::mutex_state::OWNER;
use crate::sync::{
    Array, AtomicCounter, Barrier, BoundedSemaphore, Condvar, Counter, Event, JoinableQueue, Lock,
    MessageQueue, Mutex, Once, OnceValue, Queue, RawArray, RawValue, ReentrantMutex, RwLock,
    Semaphore, Value,
};

/// The longest file that is tried.
const LONGEST: usize = 1 << 15;
/// How many calls there are in a case at most.
const MOST_CALLS: usize = 24;
/// Within how many holds a call is made at most.
const DEEPEST: usize = 4;
const NO_TIME: Duration = Duration::ZERO;
/// The bit of a place that says that it may be any.
const ANYWHERE: usize = 1 << 15;

crate::shareable! {
    /// One of each.
    struct All {
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

/// Where the locks are that calls wait for as long as it takes. The peer does not hold those: with one that lives, they would
/// wait for ever, as they are meant to. [`words`](crate::hostile::words) has that as well.
const WAITED_FOR: [usize; 7] = [
    offset_of!(All, mutex),
    offset_of!(All, counter),
    offset_of!(All, once),
    offset_of!(All, once_value),
    offset_of!(All, queue),
    offset_of!(All, messages),
    offset_of!(All, tasks),
];

/// What has beside its lock how often it was taken.
const REENTRANT: [usize; 3] =
    [offset_of!(All, reentrant), offset_of!(All, value), offset_of!(All, array)];

/// A sound region of this machine, in which nothing has happened.
static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| whole(&Content::of::<All>()));

/// Whatever bytes a file has, it is opened as a region or refused in words; and whatever a region's bytes are, and whatever
/// a peer writes over them between calls, each call comes back, nothing outside the region is touched, and in the end nothing
/// is held.
///
/// With an even first byte the rest is the file. With an odd one it is a list of changes to a sound region, and of calls.
///
/// # Panics
///
/// If that is not so.
pub fn region(input: &[u8]) {
    let Some((mode, rest)) = input.split_first() else { return };
    let mut input = Input::new(rest);
    let bytes = match mode & 1 {
        0 => rest[..rest.len().min(LONGEST)].to_vec(),
        _ => changed(&mut input),
    };
    let fd = memory_file(&bytes);
    let peer = fd.try_clone().expect("another descriptor");
    match open(fd) {
        Ok(region) => {
            let mut case = Case { all: &region, peer: peer.as_fd(), calls: MOST_CALLS };
            case.settle();
            case.calls(&mut input, DEEPEST);
            case.let_go();
            region.close().expect("nothing is held any more");
        }
        Err(error) => {
            let said = error.to_string();
            assert!(said.contains("descriptor"), "says where: {said}");
            assert!(!said.contains(char::is_control), "says so in one line: {said:?}");
        }
    }
}

/// The file of a region that holds this, all zeroes.
fn whole(content: &Content) -> Vec<u8> {
    let here = Surroundings::here().expect("what this machine is can be seen");
    let mut bytes = sound(content, &here).to_vec();
    bytes.resize(content.payload_end() as usize, 0);
    bytes.extend(content.outline());
    bytes
}

/// The file of a region with a payload of that size, which says that this is in it.
pub(crate) fn outlined(size: u16, outline: String) -> Vec<u8> {
    whole(&Content::of::<All>().outlined(size.into(), outline))
}

/// The file of a sound region, with changes.
pub(crate) fn changed(input: &mut Input<'_>) -> Vec<u8> {
    let mut bytes = SOUND.clone();
    for _ in 0..input.below(32) {
        let (at, long) = place(input, bytes.len());
        bytes[at..at + long].copy_from_slice(&input.value().to_ne_bytes()[..long]);
    }
    if input.byte() == 1 {
        bytes.truncate(usize::from(u16::from_le_bytes(input.bytes())) % bytes.len());
    }
    bytes
}

/// Where a change goes, and how long it is: mostly a word of the payload, else a byte of anything.
fn place(input: &mut Input<'_>, length: usize) -> (usize, usize) {
    let at = usize::from(u16::from_le_bytes(input.bytes()));
    match at & 3 {
        0 => (at % length, 1),
        long => {
            let words = size_of::<All>() / 4;
            let at = PAYLOAD_OFFSET + (at >> 2) % words * 4;
            (at, if long == 1 { 8.min(length - at) } else { 4 })
        }
    }
}

/// A memory file of that content, which nobody can cut short.
pub(crate) fn memory_file(bytes: &[u8]) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let fd = memfd_create("hostile", flags).expect("memory files can be made here");
    let written = pwrite(&fd, bytes, 0).expect("there is room");
    assert_eq!(written, bytes.len());
    fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW).expect("it can be sealed");
    fd
}

/// As [`Region::from_fd`], without waiting for anybody.
fn open(fd: OwnedFd) -> Result<Region<All>, super::RegionError> {
    let place = Place::Descriptor(0);
    let (here, content) = (Surroundings::here()?, Content::of::<All>());
    let opening = Opening {
        file: File::received(fd, place.clone())?,
        path: None,
        created: false,
        purpose: Purpose::Use,
        here: &here,
        content: &content,
        until: monotonic_now(),
    };
    match opening.run(&mut |_| Ok(()))? {
        Outcome::Ready(mapping, _) => Ok(Region::new(mapping, None, place)),
        Outcome::Vanished => Err(super::RegionError::NotFound(place)),
    }
}

struct Case<'a> {
    all: &'a All,
    peer: BorrowedFd<'a>,
    calls: usize,
}

impl Case<'_> {
    /// The peer writes over the payload: anywhere, or over what is no zero, which somebody has put there. Of the latter there is
    /// little, so that it is hit.
    fn peer_writes(&self, input: &mut Input<'_>) {
        let at = usize::from(u16::from_le_bytes(input.bytes()));
        let in_use = if at & ANYWHERE == 0 { self.words_in_use() } else { Vec::new() };
        let at = match in_use.len() {
            0 => at % (size_of::<All>() / 4) * 4,
            words => in_use[at % words],
        };
        let value = input.value().to_ne_bytes();
        let long = value.len().min(size_of::<All>() - at);
        self.write(at, &value[..long]);
        self.settle();
    }

    /// Where the payload is no zero.
    fn words_in_use(&self) -> Vec<usize> {
        let mut payload = vec![0; size_of::<All>()];
        let read = pread(self.peer, &mut payload, PAYLOAD_OFFSET as u64);
        assert_eq!(read, Ok(payload.len()));
        let words = payload.chunks_exact(4).enumerate();
        words.filter(|(_, word)| **word != [0; 4]).map(|(at, _)| at * 4).collect()
    }

    /// The peer lets go of what it must not hold.
    fn settle(&self) {
        for at in WAITED_FOR {
            for at in [at, at + 4] {
                let mut word = [0; 4];
                let read = pread(self.peer, &mut word, (PAYLOAD_OFFSET + at) as u64);
                assert_eq!(read, Ok(word.len()));
                self.write(at, &(u32::from_ne_bytes(word) & !OWNER).to_ne_bytes());
            }
        }
    }

    /// Gives up what calls may have left held.
    fn let_go(&self) {
        let all = self.all;
        // More than once, where a peer has freed what was held, so that it was taken again.
        while all.lock.release().is_ok() {}
        // Of these a peer can make the holder believe that more guards are to come.
        for at in REENTRANT {
            self.write(at + size_of::<RobustWord>(), &[0; 8]);
        }
        drop((all.reentrant.try_lock(), all.value.try_lock(), all.array.try_lock()));
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        let written = pwrite(self.peer, bytes, (PAYLOAD_OFFSET + at) as u64);
        assert_eq!(written, Ok(bytes.len()));
    }

    fn calls(&mut self, input: &mut Input<'_>, depth: usize) {
        while self.calls > 0 && !input.is_empty() {
            self.calls -= 1;
            match input.below(32) {
                0 if depth < DEEPEST => return,
                0..=3 => self.peer_writes(input),
                choice @ 4..=13 if depth > 0 => self.hold(choice, input, depth - 1),
                choice => self.call(choice, input),
            }
        }
    }

    /// Takes something, and goes on within it.
    fn hold(&mut self, choice: usize, input: &mut Input<'_>, depth: usize) {
        let all = self.all;
        macro_rules! within {
            ($taken:expr) => {{
                let taken = $taken;
                self.calls(input, depth);
                drop(taken);
            }};
        }
        match choice {
            4 => within!(all.mutex.try_lock()),
            5 => within!(all.reentrant.try_lock()),
            6 => within!(all.rwlock.try_read()),
            7 => within!(all.rwlock.try_write()),
            8 => within!(all.semaphore.try_acquire()),
            9 => within!(all.semaphore.try_acquire_many(1 + input.below(4))),
            10 => within!(all.value.try_lock()),
            11 => within!(all.array.try_lock()),
            12 => within!(all.barrier.register()),
            _ => within!(all.tasks.try_take()),
        }
    }

    fn call(&self, choice: usize, input: &mut Input<'_>) {
        let all = self.all;
        match choice {
            4 => self.wait_at_condvar(),
            5 => all.condvar.notify_all(),
            6 => drop((all.mutex.status(), all.rwlock.readers(), all.semaphore.available())),
            7 => drop(all.rwlock.try_write().map(crate::RwLockWriteGuard::downgrade)),
            8 => drop(all.lock.acquire(false, None)),
            9 => drop(all.lock.release()),
            10 => drop(all.semaphore.try_wait()),
            11 => drop(all.semaphore.post_some(input.below(8))),
            12 => drop(all.bounded.try_acquire_many(1 + input.below(3))),
            13 => all.event.set(),
            14 => all.event.clear(),
            15 => drop(all.event.wait_for(NO_TIME)),
            16 => drop(all.barrier.wait_for(NO_TIME)),
            17 => drop((all.barrier.recover(), all.barrier.is_broken(), all.barrier.taking_part())),
            18 => all.barrier.reset(),
            19 => self.numbers(input),
            20 => drop((all.counter.add(input.value()), all.counter.deaths())),
            21 => drop(all.once.call_once(|| ())),
            22 => drop((all.once_value.get(), all.once_value.get_or_init(|| 1))),
            23 => drop(all.queue.try_put(input.bytes())),
            24 => drop(all.queue.try_take()),
            25 => self.take_some(input),
            26 => drop(all.messages.try_send(&input.bytes::<32>()[..input.below(33)])),
            27 => self.receive(),
            28 => drop(all.tasks.try_put(input.value())),
            29 => drop((all.tasks.join_for(NO_TIME), all.tasks.look())),
            30 => drop((all.queue.look(), all.messages.look())),
            _ => drop((all.queue.shutdown(), all.messages.shutdown(), all.tasks.shutdown())),
        }
    }

    fn wait_at_condvar(&self) {
        if let Ok(guard) = self.all.mutex.try_lock() {
            drop(self.all.condvar.wait_timeout(guard, NO_TIME));
        }
    }

    fn numbers(&self, input: &mut Input<'_>) {
        let all = self.all;
        all.raw_value.store(all.raw_value.load());
        all.raw_array[input.below(3)].store(input.value());
        all.atomic.set(all.atomic.add(input.value()));
        if let Ok(array) = all.array.try_lock() {
            array.write(input.below(5), array.read(0));
        }
    }

    fn take_some(&self, input: &mut Input<'_>) {
        let mut taken = Vec::new();
        // With nothing in it, this would wait.
        if self.all.queue.look().is_ok_and(|look| look.length > 0) {
            drop(self.all.queue.take_some(input.below(9), &mut taken));
        }
        assert!(taken.len() <= 5, "there is room for five");
    }

    fn receive(&self) {
        if let Ok(Some(message)) = self.all.messages.try_receive() {
            assert!(message.len() <= MessageQueue::<61>::LONGEST, "there is no room for that");
        }
    }
}
