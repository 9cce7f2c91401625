//! A process that is led step by step, so that it can be killed between any two instructions (`ptrace`).

use core::ptr;
use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::common::child::{Child, Ended, fork, signal};

/// The address and data of requests that have none.
const NONE: usize = 0;

/// Where a traced process stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// After one instruction.
    Instruction,
    /// Before a system call, or after it.
    SystemCall,
    /// At a [`mark`].
    Mark,
    /// It has ended.
    Ended(Ended),
}

/// Called by a traced process: here its tracer may take over.
pub(crate) fn mark() {
    // SAFETY: a signal to this process, which its tracer swallows.
    unsafe { libc::raise(libc::SIGSTOP) };
}

/// A forked process under the control of the thread that forked it. It stands at its first mark.
pub(crate) struct Traced {
    child: Child,
    memory: File,
}

impl Traced {
    /// Forks a process that runs `body`, and lets it run to its first mark.
    pub(crate) fn to_first_mark(body: impl FnOnce()) -> Self {
        let child = fork(|| {
            request(libc::PTRACE_TRACEME, 0, NONE);
            body();
        });
        let memory =
            File::open(format!("/proc/{}/mem", child.pid)).expect("a tracer can read that");
        let traced = Self { child, memory };
        assert_eq!(traced.wait(), Stop::Mark);
        let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_EXITKILL;
        request(libc::PTRACE_SETOPTIONS, traced.child.pid, options as usize);
        traced
    }

    pub(crate) fn child(&self) -> &Child {
        &self.child
    }

    /// Executes one instruction; a system call is one, and this waits for its end.
    pub(crate) fn step(&self) -> Stop {
        request(libc::PTRACE_SINGLESTEP, self.child.pid, NONE);
        self.wait()
    }

    /// Runs on to the next mark.
    pub(crate) fn run_to_mark(&self) {
        request(libc::PTRACE_CONT, self.child.pid, NONE);
        assert_eq!(self.wait(), Stop::Mark);
    }

    /// Lets it run; the next [`wait`](Self::wait) finds it before or after a system call, or at a mark.
    pub(crate) fn run_to_system_call(&self) {
        request(libc::PTRACE_SYSCALL, self.child.pid, NONE);
    }

    /// Waits until it stops.
    pub(crate) fn wait(&self) -> Stop {
        let mut status = 0;
        // SAFETY: the kernel writes a status to the place given.
        let waited = unsafe { libc::waitpid(self.child.pid, &raw mut status, 0) };
        assert_eq!(waited, self.child.pid);
        if libc::WIFSIGNALED(status) {
            return Stop::Ended(Ended::Killed(libc::WTERMSIG(status)));
        }
        if libc::WIFEXITED(status) {
            return Stop::Ended(Ended::Exited(libc::WEXITSTATUS(status)));
        }
        match libc::WSTOPSIG(status) {
            libc::SIGTRAP => Stop::Instruction,
            libc::SIGSTOP => Stop::Mark,
            signal if signal == libc::SIGTRAP | 0x80 => Stop::SystemCall,
            signal => panic!("a traced process got signal {signal}"),
        }
    }

    /// Whether it stands in a futex call, at its beginning or end.
    pub(crate) fn is_in_futex_call(&self) -> bool {
        let call = std::fs::read_to_string(format!("/proc/{}/syscall", self.child.pid)).unwrap();
        call.split_ascii_whitespace().next() == Some(&libc::SYS_futex.to_string())
    }

    /// Whether its next instruction is a system call.
    pub(crate) fn before_system_call(&self) -> bool {
        let mut instruction = [0; SYSTEM_CALL.len()];
        self.memory
            .read_exact_at(&mut instruction, self.next_instruction())
            .expect("there is code where a program counter points");
        instruction == SYSTEM_CALL
    }

    #[cfg(target_arch = "x86_64")]
    fn next_instruction(&self) -> u64 {
        let mut registers = core::mem::MaybeUninit::<libc::user_regs_struct>::zeroed();
        let place: *mut libc::user_regs_struct = registers.as_mut_ptr();
        let (nothing, request) = (ptr::null_mut::<libc::c_void>(), libc::PTRACE_GETREGS);
        // SAFETY: the kernel writes the registers to the place given.
        let failed = unsafe { libc::ptrace(request, self.child.pid, nothing, place) };
        assert_eq!(failed, 0);
        // SAFETY: written by the kernel, and plain numbers anyway.
        unsafe { registers.assume_init() }.rip
    }

    #[cfg(target_arch = "aarch64")]
    fn next_instruction(&self) -> u64 {
        let mut registers = core::mem::MaybeUninit::<libc::user_regs_struct>::zeroed();
        let mut place = libc::iovec {
            iov_base: registers.as_mut_ptr().cast(),
            iov_len: size_of::<libc::user_regs_struct>(),
        };
        let (which, request) = (libc::NT_PRSTATUS as usize, libc::PTRACE_GETREGSET);
        // SAFETY: the kernel writes no more than the registers to the place given.
        let failed = unsafe { libc::ptrace(request, self.child.pid, which, &raw mut place) };
        assert_eq!(failed, 0);
        // SAFETY: written by the kernel, and plain numbers anyway.
        unsafe { registers.assume_init() }.pc
    }

    /// Lets it go its own way.
    pub(crate) fn release(self) -> Child {
        request(libc::PTRACE_DETACH, self.child.pid, NONE);
        self.child
    }

    /// Kills it where it stands, and waits until the kernel is done with it.
    pub(crate) fn kill(self) {
        signal(self.child.pid, libc::SIGKILL);
        assert_eq!(self.wait(), Stop::Ended(Ended::Killed(libc::SIGKILL)));
    }
}

#[cfg(target_arch = "x86_64")]
const SYSTEM_CALL: [u8; 2] = [0x0f, 0x05];
#[cfg(target_arch = "aarch64")]
const SYSTEM_CALL: [u8; 4] = [0x01, 0x00, 0x00, 0xd4];

/// What C libraries take for a request.
#[cfg(target_env = "musl")]
type Request = libc::c_int;
#[cfg(not(target_env = "musl"))]
type Request = libc::c_uint;

#[track_caller]
fn request(what: Request, process: libc::pid_t, data: usize) {
    // SAFETY: none of the requests that come here reads or writes this process's memory.
    let failed = unsafe { libc::ptrace(what, process, ptr::null_mut::<libc::c_void>(), data) };
    assert_eq!(failed, 0, "ptrace: {}", std::io::Error::last_os_error());
}
