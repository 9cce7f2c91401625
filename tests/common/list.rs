//! The calling thread's robust list, as the kernel would read it.

use core::ptr;

/// `struct robust_list_head` of `include/uapi/linux/futex.h`.
#[repr(C)]
struct Head {
    next: usize,
    futex_offset: isize,
    pending: usize,
}

/// How many entries the kernel walks.
pub(crate) const KERNEL_LIMIT: usize = 2048;

/// The addresses of the lock words in the calling thread's list, in the list's order.
///
/// # Panics
///
/// If an operation is still announced, or if the list does not end.
pub(crate) fn listed() -> Vec<usize> {
    let address = head_address();
    if address == 0 {
        return Vec::new();
    }
    let head = read_head(address);
    assert_eq!(head.pending, 0, "an operation is still announced");
    let mut words = Vec::new();
    let mut entry = head.next & !1;
    while entry != address {
        assert!(words.len() < 2 * KERNEL_LIMIT, "the list does not end: {:x?}", &words[..16]);
        words.push(entry.wrapping_add_signed(head.futex_offset));
        entry = read_link(entry) & !1;
    }
    words
}

/// Where the head's first link is; what the C library registered for this thread. musl registers nothing before a
/// thread's first robust mutex.
pub(crate) fn head_address() -> usize {
    let mut head: *mut Head = ptr::null_mut();
    let mut length = 0_usize;
    // SAFETY: the kernel writes one pointer and one length to the two places given.
    let failed =
        unsafe { libc::syscall(libc::SYS_get_robust_list, 0, &raw mut head, &raw mut length) };
    assert_eq!((failed, length), (0, size_of::<Head>()));
    head.expose_provenance()
}

fn read_head(address: usize) -> Head {
    // SAFETY: the registered head of the calling thread, which nobody else writes to.
    unsafe { ptr::with_exposed_provenance::<Head>(address).read_volatile() }
}

fn read_link(entry: usize) -> usize {
    // SAFETY: an entry is the address of a link, unless the library under test is wrong: then this test ends here.
    unsafe { ptr::with_exposed_provenance::<usize>(entry).read_volatile() }
}
