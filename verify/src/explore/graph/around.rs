//! What everybody reads who works on states.

use super::automaton::Known;
use super::symmetry::Symmetry;
use super::{Options, Shape};

/// What is known around a state: of the code, of who is who, and of what is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around<'a> {
    pub(super) known: &'a Known,
    pub(super) symmetry: &'a Symmetry,
    pub(super) options: &'a Options,
    pub(super) shape: &'a Shape,
}
