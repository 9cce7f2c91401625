//! Medians, spreads and ratios.

use super::case::{Case, Contender, Death, Unit};
use super::measure::Sample;

/// What was measured of one case.
pub(super) struct Measured {
    pub(super) id: &'static str,
    pub(super) what: &'static str,
    pub(super) unit: Unit,
    /// Of each contender, ours first.
    pub(super) figures: Vec<Figures>,
}

impl Measured {
    pub(super) fn of(case: &Case) -> Self {
        let figures = case.contenders.iter().map(Figures::of).collect();
        Self { id: case.id, what: case.what, unit: case.unit, figures }
    }

    /// The first of ours against another contender.
    pub(super) fn ratio(&self, other: &Figures) -> Option<Interval> {
        let ours = self.figures.first().filter(|ours| ours.death == Death::Ours)?;
        (other.death != Death::Ours).then(|| {
            let pairs = ours.all.iter().zip(&other.all);
            Interval::of(pairs.map(|(ours, theirs)| ours.figure / theirs.figure).collect())
        })
    }
}

/// What was measured of one contender: a sample of each round.
pub(super) struct Figures {
    pub(super) name: &'static str,
    pub(super) death: Death,
    all: Vec<Sample>,
}

impl Figures {
    fn of(contender: &Contender) -> Self {
        Self { name: contender.name, death: contender.death, all: Vec::new() }
    }

    pub(super) fn add(&mut self, sample: Sample) {
        self.all.push(sample);
    }

    pub(super) fn interval(&self) -> Interval {
        Interval::of(self.all.iter().map(|sample| sample.figure).collect())
    }

    /// How many instructions are locked, where they were counted.
    pub(super) fn locked(&self) -> Option<f64> {
        self.all.first().and_then(|sample| sample.locked)
    }

    /// The median of the rounds' smallest shares.
    pub(super) fn share(&self) -> Option<f64> {
        self.median_of(|sample| sample.share)
    }

    /// The median of the rounds' longest waits, in microseconds.
    pub(super) fn wait(&self) -> Option<f64> {
        self.median_of(|sample| sample.wait)
    }

    /// The longest wait of all rounds, in microseconds.
    pub(super) fn longest_wait(&self) -> Option<f64> {
        self.all.iter().filter_map(|sample| sample.wait).max_by(f64::total_cmp)
    }

    /// The median of how often in a second the lock changed its owner.
    pub(super) fn changes(&self) -> Option<f64> {
        self.median_of(|sample| sample.changes)
    }

    fn median_of(&self, what: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
        let all: Option<Vec<f64>> = self.all.iter().map(what).collect();
        all.filter(|all| !all.is_empty()).map(|all| Interval::of(all).median)
    }
}

/// A median, and where it lies if the rounds were others: with a confidence of 95 %, from the order of the figures alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Interval {
    pub(super) median: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Interval {
    fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let last = all.len() - 1;
        let outside = outside(all.len());
        let middle = (all[last / 2] + all[last.div_ceil(2)]) / 2.0;
        Self { median: middle, low: all[outside], high: all[last - outside] }
    }
}

/// How many figures on each side the median lies beyond with a likelihood of 2.5 % at the most: so many heads or fewer, of as
/// many throws of a coin as there are figures. None of fewer than six, where even the outermost are no such bound.
fn outside(figures: usize) -> usize {
    let mut likelihood = 0.5_f64.powi(figures as i32);
    let (mut heads, mut up_to) = (0, likelihood);
    while up_to <= 0.025 {
        heads += 1;
        likelihood *= (figures - heads + 1) as f64 / heads as f64;
        up_to += likelihood;
    }
    heads.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_the_sign_test() {
        // Table of the binomial distribution: P(X <= 1 | 11) = 0.0059, P(X <= 2 | 11) = 0.033.
        for (figures, wanted) in [(1, 0), (5, 0), (6, 0), (9, 1), (11, 1), (12, 2), (31, 9)] {
            assert_eq!(outside(figures), wanted, "{figures} figures");
        }
        let all: Vec<f64> = (1..=11).map(f64::from).rev().collect();
        assert_eq!(Interval::of(all), Interval { median: 6.0, low: 2.0, high: 10.0 });
        assert_eq!(Interval::of(vec![1.0, 2.0]), Interval { median: 1.5, low: 1.0, high: 2.0 });
    }
}
