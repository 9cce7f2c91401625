//! Locks that are tied to a path, and files that are replaced whole or not at all.
//!
//! These need no [`Region`](crate::Region): the kernel keeps the lock, on the opened file (`flock`), and releases it when the
//! last descriptor of that is closed, so with the death of its holder. Whoever has the path can take part: other programs
//! too (`flock(1)`, `fcntl.flock` in Python, `File::lock` in `std`), from any container and PID namespace.
//!
//! | | for |
//! |---|---|
//! | [`FileLock`] | anything that one at a time may do, or several readers or one writer, agreed on by a path |
//! | [`update_file`], [`FileUpdate`] | a file that many change and anybody may read at any time |
//!
//! # Two files under one lock
//!
//! A lock on a file that is deleted or replaced is worth nothing: the next one to come opens another file, and locks that.
//! So this crate
//!
//! - locks a file beside the one that is to be replaced: `NAME.lock`;
//! - never deletes a lock file, and never may anybody else, as long as it is in use;
//! - looks again after locking whether the path still leads to the file that it locked, and begins anew if not. So those
//!   who wait, or come just then, all end up with the file that is there, whoever has deleted another one;
//! - looks, before [`update_file`] puts the new content in place, whether its lock file is still there.

mod error;
mod guard;
mod held;
#[cfg(any(test, fuzzing))]
pub(crate) mod hostile;
mod lock;
mod metadata;
mod opened;
mod path;
mod replacement;
mod status;
mod update;
mod waiting;

pub use error::FileError;
pub use guard::FileLockGuard;
pub use lock::FileLock;
pub use status::FileLockStatus;
pub use update::{Change, FileUpdate, update_file};
