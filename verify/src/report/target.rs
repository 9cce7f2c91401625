//! Where a report for programs goes: standard output, or a file that is written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tempfile::NamedTempFile;

use super::trouble::in_words;

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Standard output: `-`.
    Stdout,
    /// A file.
    File(PathBuf),
}

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Err("name a file, or - for standard output"),
            "-" => Ok(Self::Stdout),
            path => Ok(Self::File(path.into())),
        }
    }
}

impl Target {
    /// A file, where standard output is for something else.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn file(text: &str) -> Result<Self, &'static str> {
        match text.parse()? {
            Self::Stdout => Err("name a file"),
            file => Ok(file),
        }
    }
}

/// A report cannot be written to its file. What an [`io::Error`] from here has inside.
#[derive(Debug)]
pub struct CannotWrite {
    path: PathBuf,
    cause: io::Error,
}

impl std::fmt::Display for CannotWrite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.path.display();
        match self.cause.kind() {
            // The file need not be there, but a place for it.
            io::ErrorKind::NotFound if !folder(&self.path).is_dir() => {
                write!(f, "cannot write the report to {path}: there is no such directory")
            }
            io::ErrorKind::NotFound => {
                write!(f, "cannot write the report to {path}: no file can be made there")
            }
            _ => write!(f, "cannot write the report to {path}: {}", in_words(&self.cause)),
        }
    }
}

impl std::error::Error for CannotWrite {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl Target {
    /// Finds out, before the work, whether the report can be written after it.
    ///
    /// # Errors
    ///
    /// [`CannotWrite`], if the file cannot be made where it is to be.
    pub fn probe(&self) -> io::Result<()> {
        let Self::File(path) = self else { return Ok(()) };
        let probed = match place(path) {
            Ok(Place::Whole(path)) => beside(&path).map(drop),
            Ok(Place::Stream) => Ok(()),
            Err(error) => Err(error),
        };
        probed.map_err(|cause| cannot_write(path, cause))
    }

    /// Writes a report: all of it, or, if it is a file, nothing.
    ///
    /// # Errors
    ///
    /// [`CannotWrite`], if it is a file that cannot be written; it is then as it was. Otherwise what standard
    /// output said.
    pub fn write(&self, text: &str) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes())?;
                out.flush()
            }
            Self::File(path) => write_file(path, text).map_err(|cause| cannot_write(path, cause)),
        }
    }
}

fn cannot_write(path: &Path, cause: io::Error) -> io::Error {
    io::Error::new(cause.kind(), CannotWrite { path: path.to_owned(), cause })
}

enum Place {
    /// A file, or the place for one: replaced in one step.
    Whole(PathBuf),
    /// A pipe or a device, which must not be replaced.
    Stream,
}

fn place(path: &Path) -> io::Result<Place> {
    match fs::metadata(path) {
        Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(there) if there.is_file() => fs::canonicalize(path).map(Place::Whole),
        Ok(_) => Ok(Place::Stream),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Place::Whole(path.into())),
        Err(error) => Err(error),
    }
}

fn write_file(path: &Path, text: &str) -> io::Result<()> {
    match place(path)? {
        Place::Stream => File::options().write(true).open(path)?.write_all(text.as_bytes()),
        Place::Whole(path) => {
            let mut file = beside(&path)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path)?;
            Ok(())
        }
    }
}

/// A file without a fixed name in the same directory, gone when dropped.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new();
    // As for any new file, the umask has the last word.
    #[cfg(unix)]
    file.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    file.prefix(".lockproof-").tempfile_in(folder(path)).map_err(|error| error.kind().into())
}

/// The directory that it is in.
fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_is_replaced_whole_and_nothing_stays_beside_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("report.json");
        let link = directory.path().join("link.json");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        for (target, text) in [(&path, "old"), (&path, "new"), (&link, "through the link")] {
            Target::File(target.clone()).write(text).expect("written");
            assert_eq!(fs::read_to_string(&path).expect("there"), text);
        }
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink(), "the link stays");
        assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 2);
    }

    #[test]
    fn what_cannot_be_written_is_known_before_and_said_in_words() {
        let directory = tempfile::tempdir().expect("a directory");
        let nowhere = directory.path().join("no/such/directory/report.json");
        let in_a_file = directory.path().join("file/report.json");
        fs::write(directory.path().join("file"), "").expect("a file");
        for path in [nowhere, in_a_file, directory.path().to_owned()] {
            let target = Target::File(path.clone());
            let error = target.probe().expect_err("cannot be written").to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
            let is_in_words = !error.contains("Kind") && !error.contains("os error");
            assert!(is_in_words, "not in words: {error}");
            assert_eq!(target.write("text").expect_err("cannot be written").to_string(), error);
        }
        let devices = Target::File("/dev/null".into());
        devices.probe().expect("a device can be written");
        devices.write("text").expect("written");
        assert!(!fs::metadata("/dev/null").expect("still there").is_file());
    }

    #[test]
    fn a_dash_is_standard_output() {
        assert_eq!("-".parse(), Ok(Target::Stdout));
        assert_eq!("a-b".parse(), Ok(Target::File("a-b".into())));
        assert!("".parse::<Target>().is_err());
    }
}
