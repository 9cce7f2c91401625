//! A region's bytes, for somebody who must neither disturb it nor be hurt by it.
//!
//! Everything is read by `pread`, which fails where the file ends. There is a mapping as well, for reading only, as only that has
//! addresses which the kernel can be asked about: how many sleep on a word. Nothing is ever loaded through it: if somebody cut the
//! file short, that would end this process by SIGBUS; the kernel just answers that there is nothing.

use core::ptr;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// A region's bytes.
#[derive(Debug)]
pub(super) struct Memory {
    file: File,
    /// Where in the file the region begins: a process's memory has it elsewhere than at the beginning.
    base: u64,
    window: Option<Window>,
}

impl Memory {
    /// What begins there in the file.
    pub(super) fn new(file: File, base: u64) -> Self {
        Self { file, base, window: None }
    }

    /// Fills the buffer from there.
    pub(super) fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let from = self.base.checked_add(at).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.file.read_exact_at(into, from)
    }

    /// As much as there is of so many bytes at the beginning.
    pub(super) fn beginning(&self, most: usize) -> io::Result<Vec<u8>> {
        let (mut bytes, mut read) = (vec![0; most], 0);
        while read < most {
            match self.file.read_at(&mut bytes[read..], self.base + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(read);
        Ok(bytes)
    }

    /// The 32-bit word there.
    pub(super) fn word(&self, at: u64) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.read(at, &mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    /// The 64-bit word there.
    pub(super) fn word64(&self, at: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.read(at, &mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    /// Makes so many bytes known to the kernel by address. Without it, nobody knows how many sleep.
    pub(super) fn open_window(&mut self, length: u64) {
        // Another process's memory cannot be mapped.
        if self.base == 0 {
            self.window = usize::try_from(length).ok().and_then(|it| Window::open(&self.file, it));
        }
    }

    /// How many sleep on the word there, if the kernel says so: all of them are moved to where they are.
    pub(super) fn sleepers(&self, at: u64) -> Option<usize> {
        let address = self.window.as_ref()?.address(at)?;
        (0..1000).find_map(|_| {
            let Ok(seen) = self.word(at) else { return Some(None) };
            if seen == 0 && self.is_hole(at) {
                return Some(Some(0));
            }
            match requeue_to_itself(address, seen) {
                Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => None,
                counted => Some(counted.ok()),
            }
        })?
    }
}

impl Memory {
    /// Whether nobody has ever used the memory there. The kernel, if asked about it, would make some.
    fn is_hole(&self, at: u64) -> bool {
        match seek(&self.file, SeekFrom::Data(at)) {
            Ok(data) => data >= at + 4,
            Err(errno) => errno == Errno::NXIO,
        }
    }
}

/// As `cmp_requeue`, of an address that is not ours to load from.
fn requeue_to_itself(address: *const u32, seen: u32) -> io::Result<usize> {
    let (wake, move_all) = (0_usize, i32::MAX as usize);
    // SAFETY: the kernel reads the word at the address, if there is one, and neither it nor anything else is written.
    let counted = unsafe {
        libc::syscall(
            libc::SYS_futex,
            address,
            libc::FUTEX_CMP_REQUEUE,
            wake,
            move_all,
            address,
            seen,
        )
    };
    usize::try_from(counted).map_err(|_| io::Error::last_os_error())
}

/// A mapping that is never loaded from.
#[derive(Debug)]
struct Window {
    start: *mut u8,
    length: usize,
}

// SAFETY: an address range that belongs to the process, not to a thread; nothing is accessed through it.
unsafe impl Send for Window {}

// SAFETY: as for `Send`.
unsafe impl Sync for Window {}

impl Window {
    fn open(file: &File, length: usize) -> Option<Self> {
        let (anywhere, from_start) = (ptr::null_mut(), 0);
        // SAFETY: a new mapping where the kernel finds room touches no memory in use.
        let start =
            unsafe { mmap(anywhere, length, ProtFlags::READ, MapFlags::SHARED, file, from_start) };
        Some(Self { start: start.ok()?.cast(), length })
    }

    fn address(&self, at: u64) -> Option<*const u32> {
        let at = usize::try_from(at).ok().filter(|at| at + 4 <= self.length)?;
        Some(self.start.wrapping_add(at).cast())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: mapped by `open` at this size; nothing refers to it.
        let _ = unsafe { munmap(self.start.cast(), self.length) };
    }
}
