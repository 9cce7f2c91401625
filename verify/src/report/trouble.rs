//! Why a file cannot be read or written, in words: what the system says of it names no cause that people know.

use std::io::{self, ErrorKind};

/// Why the file could not be used.
pub(crate) fn in_words(error: &io::Error) -> String {
    if error.get_ref().is_some() {
        // Words of our own.
        return error.to_string();
    }
    let words = match error.kind() {
        ErrorKind::NotFound => "there is no such file",
        ErrorKind::PermissionDenied => "it is not permitted to this user",
        ErrorKind::IsADirectory => "it is a directory, where a file is wanted",
        ErrorKind::NotADirectory => "a part of the path is a file, and no directory",
        ErrorKind::AlreadyExists => "there is a file, where a directory is wanted",
        ErrorKind::ReadOnlyFilesystem => "what is there can only be read",
        ErrorKind::StorageFull => "no room is left there",
        ErrorKind::InvalidData => "it is no text",
        _ => return said_by_the_system(error),
    };
    words.to_owned()
}

/// As the system says it, without the number.
fn said_by_the_system(error: &io::Error) -> String {
    let words = error.to_string();
    words.split(" (os error ").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn what_the_system_refuses_is_said_without_numbers() {
        let missing = fs::read("no such file").expect_err("not there");
        assert_eq!(in_words(&missing), "there is no such file");
        let directory = fs::read_to_string(Path::new("/")).expect_err("a directory");
        assert_eq!(in_words(&directory), "it is a directory, where a file is wanted");
        let folder = tempfile::tempdir().expect("a directory");
        let binary = folder.path().join("binary");
        fs::write(&binary, [255]).expect("a file");
        let binary = fs::read_to_string(&binary).expect_err("no text");
        assert_eq!(in_words(&binary), "it is no text");
        let other = io::Error::from_raw_os_error(40);
        assert!(!in_words(&other).contains("os error"), "{}", in_words(&other));
        let ours = io::Error::other("it is of another version");
        assert_eq!(in_words(&ours), "it is of another version");
    }
}
