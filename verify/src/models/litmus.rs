//! Litmus.
