//! Numbers as people read them.

use std::time::Duration;

use bytesize::ByteSize;

/// `448 048`: a space between thousands.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut spaced = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            spaced.push(' ');
        }
        spaced.push(digit);
    }
    spaced
}

/// `45.3 MB`: of 1000 each, as sizes are given on the command line.
#[must_use]
pub fn bytes(number: u64) -> String {
    ByteSize::b(number).display().si().to_string()
}

/// `3 claims`, `1 claim`: for words that take an s.
#[must_use]
pub fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", count(number as u64))
}

/// `0.2 s`, and from a minute on `2 min 05 s`.
#[must_use]
pub fn seconds(took: Duration) -> String {
    if took < Duration::from_millis(59_950) {
        return seconds_only(took);
    }
    let whole = took.as_secs_f64().round() as u64;
    format!("{} min {:02} s", count(whole / 60), whole % 60)
}

/// `0.2 s`, however long it was: for columns.
#[must_use]
pub fn seconds_only(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        let table = [
            (0, "0"),
            (999, "999"),
            (1_000, "1 000"),
            (448_048, "448 048"),
            (20_000_000, "20 000 000"),
        ];
        for (number, words) in table {
            assert_eq!(count(number), words);
        }
        assert_eq!(counted(1, "claim"), "1 claim");
        assert_eq!(counted(1_500, "claim"), "1 500 claims");
        assert_eq!(counted(0, "claim"), "0 claims");
    }

    #[test]
    fn sizes_are_in_powers_of_a_thousand() {
        let table =
            [(0, "0 B"), (999, "999 B"), (45_300_000, "45.3 MB"), (8_000_000_000, "8.0 GB")];
        for (number, words) in table {
            assert_eq!(bytes(number), words);
        }
    }

    #[test]
    fn durations_are_short() {
        let table = [
            (0, "0.0 s"),
            (149, "0.1 s"),
            (2_000, "2.0 s"),
            (59_949, "59.9 s"),
            (59_951, "1 min 00 s"),
            (125_000, "2 min 05 s"),
        ];
        for (milliseconds, words) in table {
            assert_eq!(seconds(Duration::from_millis(milliseconds)), words, "{milliseconds} ms");
        }
    }
}
