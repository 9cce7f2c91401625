//! Locks for `lock_api`: between processes in a region, where a death is survived and noted, and between threads elsewhere.

mod common;

#[path = "lock_api/diagnosis.rs"]
mod diagnosis;
#[path = "lock_api/mutex.rs"]
mod mutex;
#[path = "lock_api/private.rs"]
mod private;
#[path = "lock_api/reboot.rs"]
mod reboot;
#[path = "lock_api/reentrant.rs"]
mod reentrant;
#[path = "lock_api/rwlock.rs"]
mod rwlock;
#[path = "lock_api/thread_end.rs"]
mod thread_end;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the body says as it panics.
fn words_of_panic(body: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(body)).expect_err("no panic");
    *panic.downcast::<String>().expect("a panic with words")
}
