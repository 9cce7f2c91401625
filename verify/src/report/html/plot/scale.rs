//! Where on an axis a figure stands, and which figures are written beside it.

/// An axis.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    from: f64,
    to: f64,
    /// Each step is ten times the one before.
    powers: bool,
}

impl Scale {
    /// From zero; to a round figure if that is wanted.
    pub(crate) fn up_to(most: f64, round: bool) -> Self {
        let most = if most > 0.0 && most.is_finite() { most } else { 1.0 };
        let step = step(most);
        let to = if round { (most / step).ceil() * step } else { most };
        Self { from: 0.0, to, powers: false }
    }

    /// From a power of ten to another, with all of these between.
    pub(crate) fn powers(figures: &[f64]) -> Self {
        let mut exponents: Vec<f64> =
            figures.iter().filter(|figure| **figure > 0.0).map(|figure| figure.log10()).collect();
        exponents.sort_by(f64::total_cmp);
        let from = exponents.first().copied().unwrap_or(0.0).floor();
        let to = exponents.last().copied().unwrap_or(1.0).ceil().max(from + 1.0);
        Self { from, to, powers: true }
    }

    /// As far as needed on either side of 1.
    pub(crate) fn around_one(figures: &[f64]) -> Self {
        let around = Self::powers(figures);
        Self { from: around.from.min(-1.0), to: around.to.max(1.0), powers: true }
    }

    /// Over how many powers of ten it goes.
    pub(crate) fn decades(&self) -> f64 {
        self.to - self.from
    }

    /// Where a figure stands: 0 at one end, 1 at the other.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let value = if self.powers { value.max(f64::MIN_POSITIVE).log10() } else { value };
        let at = (value - self.from) / (self.to - self.from);
        if at.is_nan() { 0.0 } else { at.clamp(0.0, 1.0) }
    }

    /// What stands there.
    pub(crate) fn value(&self, at: f64) -> f64 {
        let value = self.from + at * (self.to - self.from);
        if self.powers { 10_f64.powf(value) } else { value }
    }

    /// What is written beside it.
    pub(crate) fn ticks(&self) -> Vec<f64> {
        if self.powers {
            let every = (self.decades() / 6.0).ceil().max(1.0);
            let number = (self.decades() / every).floor() as i32;
            return (0..=number).map(|at| 10_f64.powf(self.from + f64::from(at) * every)).collect();
        }
        let step = step(self.to);
        let number = (self.to / step + 1e-9).floor() as u32;
        (0..=number).map(|at| f64::from(at) * step).collect()
    }
}

/// 1, 2 or 5 of some power of ten: at most five of these.
fn step(most: f64) -> f64 {
    let power = 10_f64.powf((most / 5.0).log10().floor());
    let wanted = most / 5.0 / power;
    let round = [1.0, 2.0, 5.0].into_iter().find(|round| wanted <= round + 1e-9).unwrap_or(10.0);
    round * power
}

/// `1.5 M`, `20 k`, `0.01`.
pub(crate) fn number(value: f64) -> String {
    let (value, unit) = match value {
        value if value >= 1e6 => (value / 1e6, " M"),
        value if value >= 1e3 => (value / 1e3, " k"),
        value => (value, ""),
    };
    format!("{}{unit}", short(value))
}

/// `50 µs`, `1.5 ms`, `2 s`.
pub(crate) fn time(seconds: f64) -> String {
    let (value, unit) = match seconds {
        seconds if seconds < 0.999_5e-6 => (seconds * 1e9, "ns"),
        seconds if seconds < 0.999_5e-3 => (seconds * 1e6, "µs"),
        seconds if seconds < 0.999_5 => (seconds * 1e3, "ms"),
        seconds => (seconds, "s"),
    };
    format!("{} {unit}", short(value))
}

/// With three digits that say something.
fn short(value: f64) -> String {
    let places = match value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 1.0 => 2,
        _ => 4,
    };
    let text = format!("{value:.places$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        for (most, wanted) in [
            (1.0, vec![0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
            (7.0, vec![0.0, 2.0, 4.0, 6.0, 8.0]),
            (23_000.0, vec![0.0, 5_000.0, 10_000.0, 15_000.0, 20_000.0, 25_000.0]),
        ] {
            let ticks = Scale::up_to(most, true).ticks();
            let near = ticks.iter().zip(&wanted).all(|(one, other)| (one - other).abs() < 1e-6);
            assert!(ticks.len() == wanted.len() && near, "{most}: {ticks:?}");
        }
        for most in [0.0, f64::NAN, 1e-9, 3.7e12] {
            let scale = Scale::up_to(most, false);
            assert!((2..=6).contains(&scale.ticks().len()), "{most}: {:?}", scale.ticks());
        }
    }

    #[test]
    fn powers_hold_all_figures() {
        let scale = Scale::powers(&[0.000_02, 0.0015]);
        let ticks: Vec<String> = scale.ticks().into_iter().map(time).collect();
        assert_eq!(ticks, ["10 µs", "100 µs", "1 ms", "10 ms"]);
        assert!((scale.at(1e-4) - 1.0 / 3.0).abs() < 1e-9);
        assert!((scale.value(1.0 / 3.0) - 1e-4).abs() < 1e-9);
        let around: Vec<String> =
            Scale::around_one(&[2.5]).ticks().into_iter().map(number).collect();
        assert_eq!(around, ["0.1", "1", "10"]);
        assert_eq!(Scale::powers(&[]).ticks().len(), 2);
    }

    #[test]
    fn figures_are_short() {
        for (value, wanted) in
            [(0.0, "0"), (0.02, "0.02"), (1.5, "1.5"), (20_000.0, "20 k"), (2_500_000.0, "2.5 M")]
        {
            assert_eq!(number(value), wanted);
        }
        for (seconds, wanted) in
            [(5e-7, "500 ns"), (1e-3, "1 ms"), (0.25, "250 ms"), (12.0, "12 s")]
        {
            assert_eq!(time(seconds), wanted);
        }
    }
}
