//! The models: one file per thing checked, named as the algorithm's file.

pub mod broken;
mod claims;
pub mod counter;
pub mod init;
pub mod litmus;
pub mod lock;
pub mod mutex;

pub use claims::claims;
