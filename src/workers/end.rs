//! How a process ended.

use core::fmt;

use rustix::process::WaitIdStatus;

/// The exit code of a Rust program, or a worker function, that panicked.
pub(super) const PANICKED: i32 = 101;

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum End {
    /// By itself, with this exit code.
    Exited(i32),
    /// By a signal.
    Killed {
        /// The signal's number.
        signal: i32,
        /// Whether its memory was written to a file.
        core_dumped: bool,
    },
    /// It has ended, and something else in this process has taken note of how.
    Unknown,
}

impl End {
    pub(super) fn of(status: &WaitIdStatus) -> Self {
        match (status.terminating_signal(), status.exit_status()) {
            (Some(signal), _) => Self::Killed { signal, core_dumped: status.dumped() },
            (None, Some(code)) => Self::Exited(code),
            (None, None) => Self::Unknown,
        }
    }

    /// Whether it exited with code 0.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Exited(0))
    }

    /// The name of the signal that ended it: `SIGKILL`. None for real-time signals, which have no names.
    #[must_use]
    pub fn signal_name(&self) -> Option<&'static str> {
        match self {
            Self::Killed { signal, .. } => {
                NAMES.iter().find(|(number, _)| number == signal).map(|(_, name)| *name)
            }
            _ => None,
        }
    }
}

macro_rules! names {
    ($($name:ident)*) => { [$((libc::$name, stringify!($name))),*] };
}

const NAMES: [(i32, &str); 31] = names! {
    SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM
    SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO
    SIGPWR SIGSYS
};

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(PANICKED) => write!(f, "exited with code {PANICKED}, as after a panic"),
            Self::Exited(code) => write!(f, "exited with code {code}"),
            Self::Killed { signal, core_dumped } => {
                match self.signal_name() {
                    Some(name) => write!(f, "killed by {name}")?,
                    None => write!(f, "killed by signal {signal}")?,
                }
                f.write_str(if *core_dumped { ", core dumped" } else { "" })
            }
            Self::Unknown => f.write_str(
                "ended, but something else in this process has taken note of how (is SIGCHLD ignored, or \
                 does it wait for any child?)",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_in_words() {
        let killed = |signal, core_dumped| End::Killed { signal, core_dumped }.to_string();
        assert_eq!(killed(libc::SIGKILL, false), "killed by SIGKILL");
        assert_eq!(killed(libc::SIGSEGV, true), "killed by SIGSEGV, core dumped");
        assert_eq!(killed(40, false), "killed by signal 40");
        assert_eq!(End::Exited(3).to_string(), "exited with code 3");
        assert!(End::Exited(101).to_string().contains("panic"));
    }
}
