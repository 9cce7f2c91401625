//! Two processes that hang, to be looked at: `cargo run --example hang`, and in another terminal `lockproof inspect hang`.
//!
//! Each takes one lock, and then wants the other's. After a minute both are ended, and the region is removed.

use std::error::Error;
use std::time::Duration;

use lockproof::{Counter, Mutex, Region, RwLock, Semaphore, Workers, shareable};

shareable! {
    struct Bank {
        accounts: [Mutex<u64>; 100],
        rates: RwLock<[u64; 4]>,
        tellers: Semaphore<2, 4>,
        transfers: Counter,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let source = Region::<Bank>::named("hang");
    let bank = source.create()?;
    let transfer = |number: usize| -> Result<(), Box<dyn Error>> {
        let (from, to) = if number == 0 { (3, 17) } else { (17, 3) };
        let _teller = bank.tellers.acquire()?;
        let mut here = bank.accounts[from].lock().map_err(|error| error.to_string())?;
        std::thread::sleep(Duration::from_millis(500));
        let mut there = bank.accounts[to].lock().map_err(|error| error.to_string())?;
        (*here, *there) = (here.wrapping_sub(1), there.wrapping_add(1));
        Ok(())
    };
    // SAFETY: this process has no other threads, and the function uses nothing that must not exist twice.
    let workers = unsafe { Workers::fork(2, transfer) }?;
    println!("in another terminal: lockproof inspect hang");
    std::thread::sleep(Duration::from_secs(60));
    drop(workers);
    source.unlink()?;
    Ok(())
}
