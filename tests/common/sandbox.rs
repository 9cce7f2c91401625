//! System calls that the kernel refuses, as it does in a sandbox, or as an older kernel would.

use libc::{
    BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO,
    SECCOMP_RET_KILL_PROCESS, sock_filter,
};

/// Has the kernel refuse this process one futex operation on shared words, as a sandbox may.
pub(crate) fn forbid_futex(operation: i32) {
    install(&mut [
        load(core::mem::offset_of!(libc::seccomp_data, nr)),
        skip_unless(libc::SYS_futex as u32, 3),
        load(core::mem::offset_of!(libc::seccomp_data, args) + size_of::<u64>()),
        skip_unless(operation as u32, 1),
        answer(SECCOMP_RET_ERRNO | libc::EPERM as u32),
        answer(SECCOMP_RET_ALLOW),
    ]);
}

/// Has the kernel answer one system call of this process with an error.
pub(crate) fn refuse_call(call: libc::c_long, error: i32) {
    answer_call(call, SECCOMP_RET_ERRNO | error as u32);
}

/// Has the kernel kill this process if it makes that system call.
pub(crate) fn die_of_call(call: libc::c_long) {
    answer_call(call, SECCOMP_RET_KILL_PROCESS);
}

fn answer_call(call: libc::c_long, what: u32) {
    install(&mut [
        load(core::mem::offset_of!(libc::seccomp_data, nr)),
        skip_unless(call as u32, 1),
        answer(what),
        answer(SECCOMP_RET_ALLOW),
    ]);
}

fn load(from: usize) -> sock_filter {
    instruction(BPF_LD | BPF_W | BPF_ABS, from as u32, 0, 0)
}

fn skip_unless(value: u32, skip: u8) -> sock_filter {
    instruction(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
}

fn answer(what: u32) -> sock_filter {
    instruction(BPF_RET | BPF_K, what, 0, 0)
}

fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}

fn install(filter: &mut [sock_filter]) {
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: takes numbers only.
    let failed = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(failed, 0);
    // SAFETY: a program of that length, which the kernel checks and copies.
    let failed =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) };
    assert_eq!(failed, 0, "seccomp: {}", std::io::Error::last_os_error());
}
