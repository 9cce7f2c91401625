//! Reports of any text.

use super::difference::Difference;
use super::record::Record;
use super::{html, junit, markdown};

/// Whatever the text, it is read as a report or refused in words; and one that was read can be joined, compared, written in every
/// form, and read again.
///
/// Two texts may be there, with a form feed between them.
///
/// # Panics
///
/// If that is not so.
pub fn reports(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (first, second) = text.split_once('\u{c}').unwrap_or((&text, &text));
    match Difference::between(first, second) {
        Ok(difference) => drop(difference.json()),
        Err(why) => assert!(!why.is_empty(), "says why"),
    }
    let read: Vec<Record> = [first, second].into_iter().filter_map(parsed).collect();
    for record in &read {
        let lines = record.lines().expect("it was read");
        for written in
            [junit::report(&lines), markdown::report(record, &lines), html::report(record, &lines)]
        {
            assert!(!written.is_empty());
        }
        let again = Record::parse(&record.text()).expect("what was read can be written and read");
        assert_eq!(again.text(), record.text(), "and is the same then");
    }
    if let Ok(whole) = Record::merged(read) {
        assert!(whole.lines().is_ok() && whole.shard.is_none());
    }
}

fn parsed(text: &str) -> Option<Record> {
    let record = Record::parse(text);
    if let Err(why) = &record {
        assert!(!why.is_empty(), "says why");
    }
    record.ok()
}
