//! Several processes that work together: started, watched, and never left behind.

mod end;
mod error;
mod group;
mod processors;
mod waiting;
mod work;
mod worker;

pub use end::End;
pub use error::{Failure, WorkerError};
pub use group::Workers;
pub use work::Work;
pub use worker::Worker;
