//! The mapping itself, and the references into it: where bytes become a [`Header`] and a `T`.

use core::marker::PhantomData;
use core::ops::Range;
use core::ptr::{self, NonNull};
use std::os::fd::AsFd;

use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};

use super::header::{Header, PAYLOAD_OFFSET, total_size};
use super::shareable::Shareable;
use crate::platform::any_held_within;

/// A header and a `T` in shared memory, mapped for as long as this lives.
pub(super) struct Mapping<T: Shareable> {
    start: NonNull<u8>,
    /// How many bytes are mapped: at least [`SIZE`](Self::SIZE).
    length: usize,
    shows: PhantomData<&'static T>,
}

// SAFETY: a mapping belongs to the process, not to a thread, and is reached through shared references only; what
// is in it may be used by many threads at once (`Shareable: Send + Sync`).
unsafe impl<T: Shareable> Send for Mapping<T> {}

// SAFETY: as for `Send`.
unsafe impl<T: Shareable> Sync for Mapping<T> {}

impl<T: Shareable> Mapping<T> {
    /// How many bytes whoever uses the region needs of it.
    pub(super) const SIZE: usize = {
        assert!(
            align_of::<T>() <= PAYLOAD_OFFSET,
            "a region's content starts 1024 bytes into it, so it cannot be aligned more strictly"
        );
        assert!(!core::mem::needs_drop::<T>(), "what is in a region is never dropped");
        total_size(size_of::<T>())
    };

    /// New memory full of zeroes, which forked children share, with so many bytes behind the payload.
    pub(super) fn anonymous(behind: usize) -> Result<Self, Errno> {
        let (anywhere, length) = (ptr::null_mut(), Self::SIZE + behind);
        // SAFETY: a new mapping where the kernel finds room touches no memory in use.
        let start = unsafe { mmap_anonymous(anywhere, length, READ_WRITE, MapFlags::SHARED) }?;
        Ok(Self::at(start.cast(), length))
    }

    /// The beginning of a file. It must have a whole header, and what lies behind its end must not be used.
    pub(super) fn of_file(file: impl AsFd) -> Result<Self, Errno> {
        Self::of_more_of_a_file(file, 0)
    }

    /// The same, with so many bytes behind the payload.
    pub(super) fn of_more_of_a_file(file: impl AsFd, behind: usize) -> Result<Self, Errno> {
        let (anywhere, from_start, length) = (ptr::null_mut(), 0, Self::SIZE + behind);
        // SAFETY: as for `anonymous`. Access behind the file's end, should it be cut short later, ends the process by
        // SIGBUS, which is not undefined.
        let start =
            unsafe { mmap(anywhere, length, READ_WRITE, MapFlags::SHARED, file, from_start) }?;
        Ok(Self::at(start.cast(), length))
    }

    fn at(start: *mut u8, length: usize) -> Self {
        let start = NonNull::new(start).expect("the kernel maps nothing at address zero");
        Self { start, length, shows: PhantomData }
    }

    pub(super) fn header(&self) -> &Header {
        // SAFETY: the mapping is at least as long as a header, page-aligned and alive as long as `self`; a header is
        // made of atomics, for which any bytes are valid and which other processes may change.
        unsafe { self.start.cast().as_ref() }
    }

    /// What the region holds. Only to be used once the header says that it is ready: not for soundness, as a
    /// `Shareable` is valid for any bytes, but for sense.
    pub(super) fn payload(&self) -> &T {
        // SAFETY: the mapping is `SIZE` bytes long, of which the payload begins within.
        let payload = unsafe { self.start.add(PAYLOAD_OFFSET) };
        // SAFETY: `SIZE` leaves room for a `T` there, and checks that `PAYLOAD_OFFSET`, from a page's beginning,
        // aligns it; it is alive as long as `self`; by `Shareable` any bytes are valid, and nobody changes them
        // other than atomically or under a lock.
        unsafe { payload.cast().as_ref() }
    }

    /// Writes what stands behind the payload, as much of it as is mapped. For memory that nobody else can see yet.
    pub(super) fn write_behind(&self, bytes: &[u8]) {
        let length = bytes.len().min(self.length - Self::SIZE);
        // SAFETY: at least `SIZE` bytes are mapped.
        let behind = unsafe { self.start.as_ptr().add(Self::SIZE) };
        // SAFETY: `length` bytes are mapped from there, no reference leads to them, and nobody else has them yet.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), behind, length) };
    }

    /// The addresses of what is used.
    fn range(&self) -> Range<usize> {
        let start = self.start.addr().get();
        start..start + Self::SIZE
    }

    /// Whether this process, or a thread of it, holds a lock in it.
    pub(super) fn is_held(&self) -> bool {
        any_held_within(&self.range())
    }
}

const READ_WRITE: ProtFlags = ProtFlags::READ.union(ProtFlags::WRITE);

impl<T: Shareable> Drop for Mapping<T> {
    fn drop(&mut self) {
        // A guard was forgotten. What it lent may be in use; and its lock may be in its thread's robust list: the kernel's
        // walk of that, at the thread's end, would stop here, and never come to other locks.
        if self.is_held() {
            return;
        }
        // SAFETY: mapped by `anonymous` or `of_more_of_a_file` at this size; references into it borrow `self`.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
    }
}
