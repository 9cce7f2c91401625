//! What a worker function returns, and what comes of it.

use core::fmt::Display;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::end::PANICKED;

/// What a worker function may return: nothing, an exit code, or a `Result` of either, whose error is written to standard
/// error and makes the exit code 1.
pub trait Work: sealed::Sealed {
    #[doc(hidden)]
    fn into_code(self) -> Result<u8, String>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for () {}
    impl Sealed for u8 {}
    impl<W, E> Sealed for Result<W, E> {}
}

impl Work for () {
    fn into_code(self) -> Result<u8, String> {
        Ok(0)
    }
}

impl Work for u8 {
    fn into_code(self) -> Result<u8, String> {
        Ok(self)
    }
}

impl<W: Work, E: Display> Work for Result<W, E> {
    fn into_code(self) -> Result<u8, String> {
        self.map_err(|error| error.to_string())?.into_code()
    }
}

/// Runs the function in the new process, and says with which code that is to exit.
pub(super) fn run<W: Work>(number: usize, work: impl FnOnce() -> W) -> i32 {
    // The panic's message has been written by the panic hook.
    let code = catch_unwind(AssertUnwindSafe(|| match work().into_code() {
        Ok(code) => code.into(),
        Err(words) => {
            let line = format!("worker {number} (process {}): {words}\n", std::process::id());
            let _ = rustix::io::write(io::stderr(), line.as_bytes());
            1
        }
    }));
    let _ = io::stdout().flush();
    code.unwrap_or(PANICKED)
}
