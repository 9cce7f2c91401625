//! How many instructions some work takes: a debugger's single steps count them, the same each time.

use core::hint::black_box;
use core::ptr;

use super::work::Work;
use crate::report::trouble::in_words;

/// So often the work is done before anything is counted: what is done the first time only is not.
const BEFORE: u64 = 100;
/// So often while steps are counted; what comes around the work falls out of the difference.
const FEW: u64 = 10;
const MORE: u64 = 60;

/// What some work takes, once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Steps {
    pub(super) instructions: f64,
    /// How many of them lock the memory's bus or a line of it; unknown but on x86-64.
    pub(super) locked: Option<f64>,
}

/// Counts them, of a process that is alone.
pub(super) fn of<W: Work>(work: &W) -> Result<Steps, String> {
    let child = Traced::start(|| {
        for times in [BEFORE, FEW, MORE] {
            stop_here();
            black_box(work).many(0, black_box(times));
        }
        stop_here();
    })?;
    child.run_to_stop()?;
    let [few, more] = [child.count()?, child.count()?];
    let once = |few: u64, more: u64| more.saturating_sub(few) as f64 / (MORE - FEW) as f64;
    let locked = few.locked.zip(more.locked).map(|(few, more)| once(few, more));
    Ok(Steps { instructions: once(few.all, more.all), locked })
}

#[derive(Clone, Copy)]
struct Count {
    all: u64,
    locked: Option<u64>,
}

fn stop_here() {
    // SAFETY: a signal to this process, at which its tracer takes over.
    unsafe { libc::raise(libc::SIGSTOP) };
}

/// A forked process that its parent leads.
struct Traced {
    id: libc::pid_t,
}

impl Traced {
    /// Starts one that does this, and waits until it stops for the first time.
    fn start(work: impl FnOnce()) -> Result<Self, String> {
        // SAFETY: the command has no other threads while it measures.
        match unsafe { libc::fork() } {
            -1 => Err(said("a process cannot be started")),
            0 => {
                let nothing = ptr::null_mut::<libc::c_void>();
                // SAFETY: has no arguments that are looked at.
                if unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, nothing, nothing) } == 0 {
                    work();
                }
                // SAFETY: ends this process at once; nothing of the parent's is undone by it.
                unsafe { libc::_exit(0) }
            }
            id => {
                let traced = Self { id };
                traced.waits_stopped()?;
                traced.request(libc::PTRACE_SETOPTIONS, libc::PTRACE_O_EXITKILL as usize)?;
                Ok(traced)
            }
        }
    }

    fn run_to_stop(&self) -> Result<(), String> {
        self.request(libc::PTRACE_CONT, 0)?;
        self.waits_stopped()
    }

    /// Counts until it stops by itself again.
    fn count(&self) -> Result<Count, String> {
        let mut count = Count { all: 0, locked: self.next_is_locked().map(|_| 0) };
        loop {
            if let (Some(locked), Some(true)) = (&mut count.locked, self.next_is_locked()) {
                *locked += 1;
            }
            self.request(libc::PTRACE_SINGLESTEP, 0)?;
            match self.waits()? {
                libc::SIGTRAP => count.all += 1,
                libc::SIGSTOP => return Ok(count),
                signal => return Err(format!("the process that is counted got signal {signal}")),
            }
        }
    }

    fn waits_stopped(&self) -> Result<(), String> {
        match self.waits()? {
            libc::SIGSTOP => Ok(()),
            signal => Err(format!("the process that is counted got signal {signal}")),
        }
    }

    fn waits(&self) -> Result<i32, String> {
        let mut status = 0;
        // SAFETY: the kernel writes a status to the place given.
        let waited = unsafe { libc::waitpid(self.id, &raw mut status, 0) };
        if waited != self.id {
            return Err(said("the process that is counted is gone"));
        }
        if !libc::WIFSTOPPED(status) {
            return Err("nothing can be counted: the system does not let processes be traced, or the work failed".to_owned());
        }
        Ok(libc::WSTOPSIG(status))
    }

    fn request(&self, what: libc::c_uint, data: usize) -> Result<(), String> {
        let nothing = ptr::null_mut::<libc::c_void>();
        // SAFETY: none of the requests that come here reads or writes this process's memory.
        let failed = unsafe { libc::ptrace(what as _, self.id, nothing, data) };
        if failed == 0 { Ok(()) } else { Err(said("a process cannot be led by single steps")) }
    }

    /// Whether its next instruction is a locked one.
    #[cfg(target_arch = "x86_64")]
    fn next_is_locked(&self) -> Option<bool> {
        let mut registers = core::mem::MaybeUninit::<libc::user_regs_struct>::zeroed();
        let (nothing, place) = (ptr::null_mut::<libc::c_void>(), registers.as_mut_ptr());
        // SAFETY: the kernel writes the registers to the place given.
        let failed = unsafe { libc::ptrace(libc::PTRACE_GETREGS, self.id, nothing, place) };
        // SAFETY: plain numbers, zero at first.
        let at = unsafe { registers.assume_init() }.rip;
        let peek = |at: u64| {
            let at = ptr::without_provenance_mut::<libc::c_void>(at as usize);
            // SAFETY: reads the other process's memory, and returns what is there.
            unsafe { libc::ptrace(libc::PTRACE_PEEKTEXT, self.id, at, nothing) }
        };
        let code = [peek(at), peek(at + 8)].map(libc::c_long::to_le_bytes);
        (failed == 0).then(|| is_locked(code.as_flattened()))
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn next_is_locked(&self) -> Option<bool> {
        None
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // SAFETY: a signal to a child that nobody else waits for.
        unsafe { libc::kill(self.id, libc::SIGKILL) };
        // SAFETY: waits for that child; its status is of no interest.
        unsafe { libc::waitpid(self.id, ptr::null_mut(), 0) };
    }
}

/// Whether an x86-64 instruction has the prefix `lock`, or is an exchange with memory, which locks without one (Intel's manual,
/// volume 2, XCHG).
#[cfg(target_arch = "x86_64")]
fn is_locked(code: &[u8]) -> bool {
    const LOCK: u8 = 0xf0;
    let is_prefix =
        |byte: &u8| matches!(*byte, 0x26 | 0x2e | 0x36 | 0x3e | 0x64..=0x67 | 0xf2 | 0xf3 | LOCK);
    let prefixes = code.iter().take_while(|byte| is_prefix(byte)).count();
    let (prefixes, rest) = code.split_at(prefixes);
    let rest = if rest.first().is_some_and(|byte| byte >> 4 == 4) { &rest[1..] } else { rest };
    let exchanges = matches!(rest, [0x86 | 0x87, operands, ..] if operands >> 6 != 3);
    prefixes.contains(&LOCK) || exchanges
}

fn said(what: &str) -> String {
    format!("{what}: {}", in_words(&std::io::Error::last_os_error()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::shared::Shared;
    use crate::bench::work::FetchAdd;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn locked_instructions_are_told_from_others() {
        let table: [(&[u8], bool); 7] = [
            (&[0xf0, 0x0f, 0xb1, 0x0f], true),
            (&[0x66, 0xf0, 0x48, 0x0f, 0xc1, 0x07], true),
            (&[0x87, 0x07], true),
            (&[0x48, 0x87, 0x07], true),
            (&[0x87, 0xc8], false),
            (&[0x48, 0x89, 0x07], false),
            (&[0x0f, 0xb1, 0xf0], false),
        ];
        for (code, locked) in table {
            assert_eq!(is_locked(code), locked, "{code:x?}");
        }
    }

    #[test]
    fn an_addition_takes_one_locked_instruction_and_the_same_each_time() {
        let work = Shared::<FetchAdd>::new().expect("memory");
        let counted = of(&*work).expect("a process that can be traced");
        assert!(counted.instructions >= 1.0, "{counted:?}");
        if cfg!(target_arch = "x86_64") {
            assert_eq!(counted.locked, Some(1.0));
        }
        assert_eq!(of(&*work), Ok(counted));
    }
}
