//! A file that a long run writes what it has found to, line by line, and begins with when it is started again.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::report::trouble::in_words;

/// The first line: what was found by another program does not count.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    lockproof: String,
    /// What the program's file hashes to.
    program: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line<T> {
    id: String,
    found: T,
}

/// What was found before, and the file that what is found from now on is added to.
#[derive(Debug)]
pub(super) struct Notebook<T> {
    known: HashMap<String, T>,
    file: File,
}

impl<T: Serialize + DeserializeOwned> Notebook<T> {
    /// Reads the file, or makes it. A last line that is not whole, of a run that was killed, is dropped.
    ///
    /// # Errors
    ///
    /// Why it cannot be used, in words.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let name = path.display();
        Self::read(path, &this_program().map_err(|error| error.to_string())?)
            .map_err(|error| format!("cannot keep what is found in {name}: {}", in_words(&error)))
    }

    fn read(path: &Path, header: &Header) -> io::Result<Self> {
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut lines = text[..whole].lines();
        match lines.next() {
            // Nothing of anybody's is written over, also if it is a line of something else.
            None if !text.is_empty() && !text.starts_with('{') => return Err(foreign()),
            None => {
                file.set_len(0)?;
                io::Seek::rewind(&mut file)?;
                let mut notebook = Self { known: HashMap::new(), file };
                notebook.write(header)?;
                return Ok(notebook);
            }
            Some(line) => check(line, header)?,
        }
        let parsed =
            lines.map(|line| serde_json::from_str(line).map(|Line { id, found }| (id, found)));
        let known = parsed.collect::<Result<_, _>>().map_err(|_| foreign())?;
        file.set_len(whole as u64)?;
        io::Seek::seek(&mut file, io::SeekFrom::End(0))?;
        Ok(Self { known, file })
    }

    /// What was found before.
    pub(super) fn get(&self, id: &str) -> Option<&T> {
        self.known.get(id)
    }

    /// Something was found.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub(super) fn add(&mut self, id: &str, found: &T) -> io::Result<()> {
        self.write(&Line { id: id.to_owned(), found })
    }

    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        // In one call: killed before or after it, the file has whole lines.
        self.file.write_all(&text)
    }
}

fn check(line: &str, header: &Header) -> io::Result<()> {
    let found: Header = serde_json::from_str(line).map_err(|_| foreign())?;
    if found == *header {
        return Ok(());
    }
    Err(io::Error::other(
        "it holds what another build of this program found; remove it, or name another file",
    ))
}

fn foreign() -> io::Error {
    io::Error::other("it is something else; name another file")
}

fn this_program() -> io::Result<Header> {
    let mut program = Vec::new();
    let path = if cfg!(target_os = "linux") {
        // The file that runs, also if it was replaced meanwhile.
        "/proc/self/exe".into()
    } else {
        std::env::current_exe()?
    };
    File::open(path)?.read_to_end(&mut program)?;
    let mut hasher = DefaultHasher::new();
    hasher.write(&program);
    Ok(Header { lockproof: env!("CARGO_PKG_VERSION").to_owned(), program: hasher.finish() })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn header(program: u64) -> Header {
        Header { lockproof: "1".to_owned(), program }
    }

    #[test]
    fn what_was_found_is_there_again_but_for_half_a_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("found");
        let mut notebook = Notebook::<u32>::read(&path, &header(1)).expect("a new file");
        notebook.add("one", &1).and_then(|()| notebook.add("two", &2)).expect("room");
        let whole = fs::read(&path).expect("a file");
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).expect("a file");
            let mut notebook = Notebook::<u32>::read(&path, &header(1)).expect("part of a file");
            let lines = whole[..cut].iter().filter(|byte| **byte == b'\n').count();
            let known = (notebook.get("one").copied(), notebook.get("two").copied());
            assert_eq!(known, ((lines > 1).then_some(1), None), "{cut}");
            notebook.add("three", &3).expect("room");
            let notebook = Notebook::<u32>::read(&path, &header(1)).expect("a whole file");
            assert_eq!(notebook.get("three"), Some(&3), "{cut}");
        }
    }

    #[test]
    fn what_others_wrote_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("found");
        let refused = |text: &str, program| {
            fs::write(&path, text).expect("a file");
            let error = Notebook::<u32>::read(&path, &header(program)).expect_err("refused");
            assert_eq!(fs::read_to_string(&path).expect("a file"), text);
            error.to_string()
        };
        assert!(refused("a letter\n", 1).contains("something else"));
        assert!(refused("a letter", 1).contains("something else"));
        let mut first = serde_json::to_string(&header(1)).expect("text");
        first.push('\n');
        assert!(refused(&first, 2).contains("another build"));
        assert!(refused(&format!("{first}no line\n"), 1).contains("something else"));
    }
}
