//! A model's code, whichever model it is: so that the explorer is compiled once, and not once more for each.

use crate::model::{Log, Model, Outcome};
use crate::platform::Facts;
use crate::platform::recorder::{Recorder, Stopped};

/// A model as the explorer runs it.
pub(super) trait Program: Model {
    /// Makes what the processes share: the recorder then knows the names of it all.
    fn name_all(&self, maker: &Recorder);
    /// Plays one process, and says where it stopped, and what it noted until then beside the log.
    fn play(&self, recorder: &Recorder, index: usize, log: &Log) -> (Stopped, String);
    /// Plays all processes, one after the other, on what they share, and then the end by one more.
    fn play_end(&self, all: &[Recorder], last: &Recorder, log: &Log, facts: Facts) -> Outcome;
}

impl<M: Model> Program for M {
    fn name_all(&self, maker: &Recorder) {
        let _ = self.share(maker);
    }

    fn play(&self, recorder: &Recorder, index: usize, log: &Log) -> (Stopped, String) {
        let shared = self.share(recorder);
        let stopped = recorder.play(&mut |p| self.process(p, &shared, index, log));
        (stopped, self.noted(&shared, index))
    }

    fn play_end(&self, all: &[Recorder], last: &Recorder, log: &Log, facts: Facts) -> Outcome {
        let Some(first) = all.first() else { unreachable!("a model has processes") };
        let shared = self.share(first);
        for (index, recorder) in all.iter().enumerate() {
            recorder.play(&mut |p| self.process(p, &shared, index, log));
        }
        self.end(last, &shared, log, facts)
    }
}
