//! Who holds these locks: a look from outside, as at any other primitive.

use super::marks::Marks;
use super::{Mutex, RawMutex, RawReentrantMutex, RawRwLock, RwLock};
use crate::diagnosis::{Diagnose, Diagnosis, Part, primitives};

/// A death counts as not put right until the note of it is cleared.
fn with_note(diagnosis: Diagnosis, marks: &Marks) -> Diagnosis {
    Diagnosis { owner_died: diagnosis.owner_died || marks.holder_died(), ..diagnosis }
}

impl Diagnose for RawMutex {
    fn diagnosis(&self) -> Diagnosis {
        with_note(primitives::mutex(Part::Lock, self.algorithm()), self.marks())
    }
}

impl Diagnose for RawReentrantMutex {
    fn diagnosis(&self) -> Diagnosis {
        with_note(primitives::mutex(Part::Lock, self.algorithm().mutex()), self.marks())
    }
}

impl<const READERS: usize> Diagnose for RawRwLock<READERS> {
    fn diagnosis(&self) -> Diagnosis {
        with_note(primitives::rwlock(self.algorithm()), self.marks())
    }
}

impl<T: ?Sized> Diagnose for Mutex<T> {
    fn diagnosis(&self) -> Diagnosis {
        // SAFETY: the raw lock is only looked at, not released.
        unsafe { self.raw() }.diagnosis()
    }
}

impl<T: ?Sized, const READERS: usize> Diagnose for RwLock<T, READERS> {
    fn diagnosis(&self) -> Diagnosis {
        // SAFETY: as above.
        unsafe { self.raw() }.diagnosis()
    }
}
