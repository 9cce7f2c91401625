//! Durations on the command line.

use std::time::Duration;

/// Reads `90s`, `20min`, `1h 30m`, or a number of seconds.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let number: Option<f64> = text.parse().ok();
    let duration = match number {
        Some(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        None => humantime::parse_duration(text).ok(),
    };
    duration.ok_or_else(|| "a duration is wanted, such as 90s, 20min, or 0.5 (seconds)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_and_without_a_unit() {
        let table = [
            ("0", Some(0)),
            ("90", Some(90_000)),
            ("0.5", Some(500)),
            ("90s", Some(90_000)),
            ("20min", Some(1_200_000)),
            ("1h 30m", Some(5_400_000)),
            ("250ms", Some(250)),
            ("-1", None),
            ("inf", None),
            ("NaN", None),
            ("1e300", None),
            ("soon", None),
            ("", None),
        ];
        for (text, milliseconds) in table {
            assert_eq!(parse(text).ok(), milliseconds.map(Duration::from_millis), "{text:?}");
        }
    }
}
