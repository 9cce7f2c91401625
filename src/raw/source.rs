//! The sources of the algorithms, as they were compiled: whoever has the library has them, too.
//!
//! The verification kit shows beside each line what became of its mutants. A constant that nobody asks for takes no room in
//! a program.

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        /// Path and text of each, the path as [`file!`] gives its end: `src/raw/mutex.rs`.
        pub const ALL: &[(&str, &str)] = &[$((concat!("src/raw/", $name), include_str!($name))),*];
    };
}

sources! {
    "barrier.rs",
    "condvar.rs",
    "counter.rs",
    "event.rs",
    "init.rs",
    "mutex.rs",
    "mutex_state.rs",
    "once.rs",
    "patience.rs",
    "queue.rs",
    "reentrant.rs",
    "rwlock.rs",
    "semaphore.rs",
    "slot.rs",
    "tasks.rs",
    "value.rs",
}

/// The text of the file with this path.
#[must_use]
pub fn of(path: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == path).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_algorithm_is_there_as_it_is_in_its_file() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut there: Vec<String> = fs::read_dir(root.join("src/raw"))
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .filter(|name| name != "source.rs")
            .map(|name| format!("src/raw/{name}"))
            .collect();
        there.sort_unstable();
        assert_eq!(there, ALL.iter().map(|(path, _)| *path).collect::<Vec<_>>());
        assert_eq!(of("src/raw/elsewhere.rs"), None);
        for path in there {
            assert_eq!(of(&path), fs::read_to_string(root.join(&path)).ok().as_deref());
        }
    }
}
