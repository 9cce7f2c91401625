//! Until when an operation may wait.

use core::time::Duration;

/// A point on the monotonic clock, as the time since that clock's zero.
///
/// On Linux this is `CLOCK_MONOTONIC`: it does not jump when somebody sets the date, and all processes
/// of one machine read the same one.
pub type Monotonic = Duration;

/// Until when an operation may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// Do not wait at all: try once.
    Now,
    /// Wait until this moment; a moment in the past means: try once.
    At(Monotonic),
    /// Wait for ever.
    Never,
}

impl Deadline {
    /// The moment `timeout` after `now`; [`Deadline::Never`] where that lies beyond the clock's range.
    pub fn after(now: Monotonic, timeout: Duration) -> Self {
        now.checked_add(timeout).map_or(Self::Never, Self::At)
    }

    /// The earlier of two deadlines.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        match (self, other) {
            (Self::Now, _) | (_, Self::Now) => Self::Now,
            (Self::Never, later) | (later, Self::Never) => later,
            (Self::At(a), Self::At(b)) => Self::At(a.min(b)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_beyond_the_clock_never_ends() {
        assert_eq!(Deadline::after(Duration::from_secs(1), Duration::MAX), Deadline::Never);
        assert_eq!(
            Deadline::after(Duration::from_secs(1), Duration::ZERO),
            Deadline::At(Duration::from_secs(1))
        );
    }

    #[test]
    fn the_earlier_deadline_wins() {
        let (soon, late) =
            (Deadline::At(Duration::from_secs(1)), Deadline::At(Duration::from_secs(2)));
        for (a, b, earlier) in [
            (soon, late, soon),
            (soon, Deadline::Never, soon),
            (late, Deadline::Now, Deadline::Now),
            (Deadline::Never, Deadline::Never, Deadline::Never),
        ] {
            assert_eq!(a.min(b), earlier);
            assert_eq!(b.min(a), earlier);
        }
    }
}
