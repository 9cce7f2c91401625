//! What the checkers, the stand-ins for the kernel and the explorers do, held by programs whose outcomes are known.

#![cfg(all(feature = "loom", feature = "shuttle"))]

mod by_hand;
mod check;
mod death;
mod explorers;
mod futex;
mod graph;
mod limits;
mod memory;
mod several;
