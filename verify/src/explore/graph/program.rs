//! A model's code, whichever model it is: so that the explorer is compiled once, and not once more for each.

use crate::model::{Log, Model, Outcome, Sometimes};
use crate::platform::Facts;
use crate::platform::recorder::{Recorder, Stopped};

/// What the explorer wants of a model.
pub(super) trait Program {
    fn processes(&self) -> usize;
    fn is_interchangeable(&self) -> bool;
    fn is_mortal(&self, index: usize) -> bool;
    fn is_endless(&self) -> bool;
    fn is_patient(&self, index: usize) -> bool;
    fn sometimes(&self) -> Vec<Sometimes>;
    /// Makes what the processes share: the recorder then knows the names of it all.
    fn name_all(&self, maker: &Recorder);
    /// Plays one process, and says where it stopped, and what it noted until then beside the log.
    fn play(&self, recorder: &Recorder, index: usize, log: &Log) -> (Stopped, String);
    /// Plays all processes, one after the other, on what they share, and then the end by one more.
    fn end(&self, all: &[Recorder], last: &Recorder, log: &Log, facts: Facts) -> Outcome;
}

impl<M: Model> Program for M {
    fn processes(&self) -> usize {
        Model::processes(self)
    }

    fn is_interchangeable(&self) -> bool {
        Model::is_interchangeable(self)
    }

    fn is_mortal(&self, index: usize) -> bool {
        Model::is_mortal(self, index)
    }

    fn is_endless(&self) -> bool {
        Model::is_endless(self)
    }

    fn is_patient(&self, index: usize) -> bool {
        Model::is_patient(self, index)
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        Model::sometimes(self)
    }

    fn name_all(&self, maker: &Recorder) {
        let _ = self.share(maker);
    }

    fn play(&self, recorder: &Recorder, index: usize, log: &Log) -> (Stopped, String) {
        let shared = self.share(recorder);
        let stopped = recorder.play(&mut |p| self.process(p, &shared, index, log));
        (stopped, self.noted(&shared, index))
    }

    fn end(&self, all: &[Recorder], last: &Recorder, log: &Log, facts: Facts) -> Outcome {
        let Some(first) = all.first() else { unreachable!("a model has processes") };
        let shared = self.share(first);
        for (index, recorder) in all.iter().enumerate() {
            recorder.play(&mut |p| self.process(p, &shared, index, log));
        }
        Model::end(self, last, &shared, log, facts)
    }
}
