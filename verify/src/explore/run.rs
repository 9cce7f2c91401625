//! A run of a model in one world, whichever model it is: so that loom and shuttle are compiled once, not once more for each.

use std::sync::Arc;

use crate::model::{Log, Model, Outcome};
use crate::platform::{Facts, World};

/// What one execution's processes share, and what they do with it.
pub(super) trait Run<W> {
    fn process(&self, p: &W, index: usize, log: &Log);
    fn end(&self, p: &W, log: &Log, facts: Facts) -> Outcome;
}

/// A model, and what its processes share in one execution.
pub(super) struct Shared<M: Model, W: World> {
    model: Arc<M>,
    shared: M::Shared<W>,
}

impl<M: Model, W: World> Shared<M, W> {
    pub(super) fn new(model: &Arc<M>, p: &W) -> Self {
        Self { shared: model.share(p), model: Arc::clone(model) }
    }
}

impl<M: Model, W: World> Run<W> for Shared<M, W> {
    fn process(&self, p: &W, index: usize, log: &Log) {
        self.model.process(p, &self.shared, index, log);
    }

    fn end(&self, p: &W, log: &Log, facts: Facts) -> Outcome {
        self.model.end(p, &self.shared, log, facts)
    }
}
