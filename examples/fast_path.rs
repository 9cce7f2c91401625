//! Locks, adds, and unlocks, in a function of its own, whose instructions can be looked at: CONTRIBUTING.md says how.

use std::error::Error;

use lockproof::error::LockError;
use lockproof::{Mutex, MutexGuard, Region};

type Locked<'a> = Result<(), LockError<MutexGuard<'a, u64>>>;

#[inline(never)]
fn lock_add_unlock(number: &Mutex<u64>) -> Locked<'_> {
    *number.lock()? += 1;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let number = Region::<Mutex<u64>>::anonymous()?;
    for _ in 0..1000 {
        lock_add_unlock(&number).expect("nobody has died");
    }
    println!("{}", *number.lock().expect("nobody has died"));
    Ok(())
}
