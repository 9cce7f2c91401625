//! How a run went: how much was done when, by whom, and how long it took after each death until somebody got on.
//!
//! Pure but for the clock: the harness tells it what it sees.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use schemars::JsonSchema;
use serde::Serialize;

/// So many stretches of time are kept at the most: when there are more, two become one.
const MOST: usize = 240;
/// The length of the first ones.
const SHORTEST: Duration = Duration::from_millis(2);

/// How a run went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Course {
    /// The length of each stretch of time.
    pub stretch_seconds: f64,
    /// How many increments were acknowledged in each, from the beginning.
    pub acknowledged: Vec<u64>,
    /// How many each worker had acknowledged when all of them were still at work.
    pub shares: Vec<u64>,
    /// From a kill until somebody acknowledged an increment; where it is known who holds the lock, from the kills of holders
    /// only. In the order of the kills, without those after which nobody was to get on before the next.
    pub recovery_seconds: Vec<f64>,
}

/// Draws up the [`Course`] as the run goes on.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    stretch: Duration,
    /// How many had been acknowledged at the end of each stretch.
    sums: Vec<u64>,
    /// When it was last looked, and how many there were.
    last: (Duration, u64),
    pub(super) shares: Vec<u64>,
    recoveries: Vec<Duration>,
}

impl Default for Chart {
    fn default() -> Self {
        Self {
            stretch: SHORTEST,
            sums: Vec::new(),
            last: (Duration::ZERO, 0),
            shares: Vec::new(),
            recoveries: Vec::new(),
        }
    }
}

impl Chart {
    /// So long after the beginning, so many were acknowledged. Between two looks, it is taken to have gone evenly.
    pub(super) fn look(&mut self, after: Duration, acknowledged: u64) {
        let (before, known) = self.last;
        while let Some(end) = self.next_end().filter(|end| *end <= after) {
            let part = (end - before).as_secs_f64() / (after - before).as_secs_f64();
            let more = acknowledged.saturating_sub(known) as f64 * part;
            self.sums.push(known + more as u64);
            if self.sums.len() >= MOST {
                self.halve();
            }
        }
        self.last = (after, acknowledged);
    }

    fn next_end(&self) -> Option<Duration> {
        self.stretch.checked_mul(u32::try_from(self.sums.len() + 1).ok()?)
    }

    fn halve(&mut self) {
        let mut is_second = true;
        self.sums.retain(|_| {
            is_second = !is_second;
            is_second
        });
        self.stretch *= 2;
    }

    /// It took so long until somebody got on after a death.
    pub(super) fn recovered(&mut self, after: Duration) {
        self.recoveries.push(after);
    }

    pub(super) fn course(&self) -> Course {
        let before = std::iter::once(&0).chain(&self.sums);
        Course {
            stretch_seconds: self.stretch.as_secs_f64(),
            acknowledged: self.sums.iter().zip(before).map(|(sum, before)| sum - before).collect(),
            shares: self.shares.clone(),
            recovery_seconds: self.recoveries.iter().map(Duration::as_secs_f64).collect(),
        }
    }
}

/// Nanoseconds on the clock that all processes of this machine share. Never 0, which stands for no time.
pub(super) fn now() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let nanoseconds = now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs();
    nanoseconds.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_between_two_looks_is_spread_evenly() {
        let mut chart = Chart::default();
        chart.look(SHORTEST / 2, 10);
        assert_eq!(chart.course().acknowledged, [0_u64; 0]);
        chart.look(SHORTEST * 5 / 2, 50);
        assert_eq!(chart.course().acknowledged, [20, 20]);
        chart.look(SHORTEST * 4, 50);
        assert_eq!(chart.course().acknowledged, [20, 20, 10, 0]);
    }

    #[test]
    fn a_long_run_keeps_a_bounded_number_of_stretches_and_every_increment() {
        let mut chart = Chart::default();
        for look in 1..=10_000_u32 {
            chart.look(SHORTEST * look, u64::from(look) * 3);
        }
        let course = chart.course();
        assert!((MOST / 2..=MOST).contains(&course.acknowledged.len()), "{course:?}");
        let stretch = course.stretch_seconds / SHORTEST.as_secs_f64();
        let all_alike = course.acknowledged.iter().all(|number| *number as f64 == 3.0 * stretch);
        assert!(all_alike, "{course:?}");
        let covered = stretch * course.acknowledged.len() as f64;
        assert!((10_000.0 - covered) < stretch, "{covered}");
    }

    #[test]
    fn the_clock_goes_forward() {
        let before = now();
        assert!(before > 0 && now() >= before);
    }
}
