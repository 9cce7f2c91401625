//! Our own, as users use them.

use lockproof::error::LockError;
use lockproof::{
    AtomicCounter, Barrier, Condvar, Counter, Event, MessageQueue, Mutex, Queue, RawValue,
    ReentrantMutex, RwLock, Semaphore, Value,
};

use super::shared::Zeroes;
use super::work::{Channel, Number, Readable, Section, Signal, Told, Turn, Work, unusable};

impl Section for Mutex<u64> {
    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        match self.lock() {
            Ok(mut number) => work(Told::Nothing, &mut number),
            Err(LockError::OwnerDied(died)) => {
                let mut number = died.into_guard();
                number.make_consistent();
                work(Told::OwnerDied, &mut number)
            }
            Err(error) => unusable(&error),
        }
    }
}

impl Section for ReentrantMutex<RawValue<u64>> {
    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        match self.lock() {
            Ok(number) => {
                let mut changed = number.load();
                let done = work(Told::Nothing, &mut changed);
                number.store(changed);
                done
            }
            Err(error) => unusable(&error),
        }
    }
}

impl Section for Value<u64> {
    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        match self.lock() {
            Ok(number) => {
                let mut changed = number.read();
                let done = work(Told::Nothing, &mut changed);
                number.write(changed);
                done
            }
            Err(error) => unusable(&error),
        }
    }
}

impl Section for RwLock<u64> {
    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        match self.write() {
            Ok(mut number) => work(Told::Nothing, &mut number),
            Err(error) => unusable(&error),
        }
    }
}

impl Readable for RwLock<u64> {
    #[inline(always)]
    fn read(&self) -> u64 {
        match Self::read(self) {
            Ok(number) => *number,
            Err(error) => unusable(&error),
        }
    }
}

/// A number that whoever has the one permit may change.
#[repr(C)]
pub(super) struct Permitted {
    permit: Semaphore<1, 1>,
    number: Number,
}

// SAFETY: shareable, and a number.
unsafe impl Zeroes for Permitted {}

impl Section for Permitted {
    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        match self.permit.acquire() {
            Ok(_permit) => work(Told::Nothing, self.number.alone()),
            Err(error) => unusable(&error),
        }
    }
}

/// The same, where the permit is taken and given back by hand.
#[repr(C)]
pub(super) struct ByHand {
    permit: Semaphore<1, 1>,
    number: Number,
}

// SAFETY: shareable, and a number.
unsafe impl Zeroes for ByHand {}

impl Section for ByHand {
    #[inline(always)]
    fn within<T>(&self, work: impl FnOnce(Told, &mut u64) -> T) -> T {
        if let Err(error) = self.permit.wait() {
            unusable(&error);
        }
        let done = work(Told::Nothing, self.number.alone());
        if let Err(error) = self.permit.post() {
            unusable(&error);
        }
        done
    }
}

impl Work for Counter {
    #[inline(always)]
    fn once(&self, _: usize) -> Turn {
        if let Err(error) = self.increment() {
            unusable(&error);
        }
        Turn::Own
    }

    fn total(&self) -> Option<u64> {
        self.get().ok()
    }
}

impl Work for AtomicCounter {
    #[inline(always)]
    fn once(&self, _: usize) -> Turn {
        self.increment();
        Turn::Own
    }

    fn total(&self) -> Option<u64> {
        Some(self.get())
    }
}

impl Signal for Semaphore<0, 1> {
    fn send(&self) {
        if let Err(error) = self.post() {
            unusable(&error);
        }
    }

    fn await_it(&self) {
        if let Err(error) = self.wait() {
            unusable(&error);
        }
    }
}

impl Signal for Event {
    fn send(&self) {
        self.set();
    }

    fn await_it(&self) {
        self.wait();
        self.clear();
    }
}

/// A condition, and whether it is fulfilled.
#[repr(C)]
pub(super) struct Flag {
    is_set: Mutex<u64>,
    changed: Condvar,
}

// SAFETY: both are shareable.
unsafe impl Zeroes for Flag {}

impl Signal for Flag {
    fn send(&self) {
        self.is_set.within(|_, is_set| *is_set = 1);
        self.changed.notify_one();
    }

    fn await_it(&self) {
        let waited = self
            .is_set
            .lock()
            .and_then(|guard| self.changed.wait_while(guard, |is_set| *is_set == 0));
        match waited {
            Ok(mut is_set) => *is_set = 0,
            Err(error) => unusable(&error),
        }
    }
}

/// So many meet, by a condition that the last of them fulfils.
#[repr(C)]
pub(super) struct Crowd<const N: usize> {
    /// How many are there, and which meeting it is.
    met: Mutex<[u64; 2]>,
    changed: Condvar,
}

// SAFETY: both are shareable.
unsafe impl<const N: usize> Zeroes for Crowd<N> {}

impl<const N: usize> Work for Crowd<N> {
    fn once(&self, _: usize) -> Turn {
        let met = self.met.lock().and_then(|mut met| {
            met[0] += 1;
            let this = met[1];
            if met[0] == N as u64 {
                *met = [0, this + 1];
                drop(met);
                self.changed.notify_all();
                return Ok(());
            }
            self.changed.wait_while(met, |met| met[1] == this).map(drop)
        });
        if let Err(error) = met {
            unusable(&error);
        }
        Turn::Own
    }
}

impl<const N: usize> Work for Barrier<N> {
    fn once(&self, _: usize) -> Turn {
        if let Err(error) = self.wait() {
            unusable(&error);
        }
        Turn::Own
    }

    fn many(&self, _: usize, times: u64) -> u64 {
        let party = self.register().unwrap_or_else(|error| unusable(&error));
        for _ in 0..times {
            if let Err(error) = party.wait() {
                unusable(&error);
            }
        }
        0
    }
}

impl<const BYTES: usize, const PLACES: usize> Channel for Queue<[u8; BYTES], PLACES> {
    fn put(&self) {
        if let Err(error) = Self::put(self, [1; BYTES]) {
            unusable(&error);
        }
    }

    fn take(&self) {
        match Self::take(self) {
            Ok(Some(message)) => drop(core::hint::black_box(message)),
            Ok(None) => unusable(&"it was shut down"),
            Err(error) => unusable(&error),
        }
    }
}

/// Messages of any length; here all have the same.
#[repr(transparent)]
pub(super) struct Messages<const BYTES: usize>(MessageQueue<65536>);

// SAFETY: it is shareable.
unsafe impl<const BYTES: usize> Zeroes for Messages<BYTES> {}

impl<const BYTES: usize> Channel for Messages<BYTES> {
    fn put(&self) {
        if let Err(error) = self.0.send(&[1; BYTES]) {
            unusable(&error);
        }
    }

    fn take(&self) {
        match self.0.receive() {
            Ok(Some(message)) => drop(core::hint::black_box(message)),
            Ok(None) => unusable(&"it was shut down"),
            Err(error) => unusable(&error),
        }
    }
}
