//! Models of tasks: whoever joins finds everything done, and does not wait in vain.

use lockproof::deadline::{Deadline, Monotonic};
use lockproof::platform::Ordering::Relaxed;
use lockproof::raw::{LockFailure, QueueFailure, RawQueue, RawTasks, TaskFailure};

use super::queue::new_queue;
use crate::model::{DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, WAIT, violated};
use crate::platform::{Facts, World};

const DONE: &str = "tasks that were done";
const LATE: &str = "joins that timed out";

/// What processes do. The first puts a task, and joins; the others take tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The first takes the task itself if nobody else has, and joins then. The others try to take it, and may die of it.
    Shared,
    /// The same, where it joins only until a deadline first.
    Deadline,
    /// The same, where all join.
    AllJoin,
    /// As `Shared`, as it must not be done: each says that its task is done, and does it then.
    Early,
    /// As `Shared`, where the last one puts a task, too, which may fill a hand that somebody waits for.
    More,
}

/// Processes with few tasks, and hands for three.
#[derive(Clone, Copy, Debug)]
pub struct TasksModel {
    /// What they do.
    pub how: Use,
    /// How many.
    pub processes: usize,
    /// Whether one of them dies.
    pub deaths: bool,
}

/// Tasks that can be in hand.
const HANDS: usize = 3;

/// A queue, its place, its tasks, and what came of them.
pub struct Shared<W: World> {
    queue: RawQueue<W::RobustWord, W::Word, W::Cell>,
    place: W::Cell,
    tasks: RawTasks<W::RobustWord, W::Word, W::Word64, HANDS>,
    result: W::Word64,
}

impl<W: World> std::fmt::Debug for Shared<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl<W: World> Shared<W> {
    fn put(&self, p: &W, task: u64) {
        match self.queue.begin_put(p, (1, 1), Deadline::Never) {
            Ok(_) => {
                p.cell_set(&self.place, task);
                self.queue.end_put(p, 1);
            }
            Err(failure) => violated(format!("put failed: {failure:?}")),
        }
    }

    /// Does a task if there is one, or says so before it does.
    fn work(&self, p: &W, early: bool, log: &Log) {
        let scope = p.scope();
        match self.tasks.begin_take(p, &self.queue, Deadline::Now) {
            Ok((_, hand)) => {
                p.at(scope, hand);
                let task = p.cell_get(&self.place);
                self.tasks.end_take(p, &self.queue);
                p.at(scope, (hand, task));
                if !early {
                    p.store64(&self.result, task, Relaxed);
                }
                if self.tasks.done(p, hand, true).is_err() {
                    violated("the task was not in its own hand");
                }
                if early {
                    p.store64(&self.result, task, Relaxed);
                }
                log.count(DONE);
            }
            Err(TaskFailure::Queue(QueueFailure::TimedOut)) => {}
            Err(failure) => violated(format!("take failed: {failure:?}")),
        }
        p.at(scope, "has worked");
    }

    /// Joins. Says whether it did.
    fn join(&self, p: &W, until: Deadline, log: &Log) -> bool {
        match self.tasks.join(p, &self.queue, until) {
            Ok(()) => true,
            Err(LockFailure::TimedOut) if until != Deadline::Never => {
                log.count(LATE);
                false
            }
            Err(failure) => violated(format!("join failed: {failure:?}")),
        }
    }
}

/// A time that comes: explorers decide when.
const SOMETIME: Deadline = Deadline::At(Monotonic::from_secs(1));

const TASK: u64 = 7;

impl TasksModel {
    fn puts_and_joins<W: World>(&self, p: &W, shared: &Shared<W>, log: &Log) {
        let scope = p.scope();
        shared.put(p, TASK);
        p.at(scope, "put");
        shared.work(p, self.how == Use::Early, log);
        p.at(scope, "worked");
        let late = self.how == Use::Deadline && !shared.join(p, SOMETIME, log);
        p.at(scope, late);
        if self.how != Use::Deadline || late {
            shared.join(p, Deadline::Never, log);
        }
        if !self.deaths && p.load64(&shared.result, Relaxed) != TASK {
            violated("it joined, and the task is not done");
        }
    }
}

impl Model for TasksModel {
    type Shared<W: World> = Shared<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shared<W> {
        let hands = ["hand 1", "hand 2", "hand 3"].map(|name| p.new_robust(name));
        Shared {
            queue: new_queue(p, ["more", "room"]),
            place: p.new_cell("place"),
            tasks: RawTasks::new(
                p.new_robust("turn"),
                hands,
                p.new_word("drained"),
                [p.new_word64("wanted"), p.new_word64("done")],
            ),
            result: p.new_word64("result"),
        }
    }

    fn process<W: World>(&self, p: &W, shared: &Shared<W>, index: usize, log: &Log) {
        if index == 0 {
            self.puts_and_joins(p, shared, log);
            return;
        }
        let scope = p.scope();
        if self.how == Use::More && index == self.processes - 1 {
            shared.put(p, TASK);
            p.at(scope, "put");
        }
        shared.work(p, self.how == Use::Early, log);
        p.at(scope, "worked");
        if self.how == Use::AllJoin {
            // Whether there is anything yet or not.
            shared.join(p, Deadline::Never, log);
        }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn is_mortal(&self, index: usize) -> bool {
        // Somebody has to put a task, and to take what nobody has taken.
        index > 0 && !(self.how == Use::More && index == self.processes - 1)
    }

    fn has_deadlines(&self) -> bool {
        self.how == Use::Deadline
    }

    fn end<W: World>(&self, p: &W, shared: &Shared<W>, log: &Log, facts: Facts) -> Outcome {
        let Ok(look) = shared.queue.look(p) else {
            return Outcome { result: "-".into(), wrong: Some("the queue is lost".into()) };
        };
        let (in_hand, done) = shared.tasks.look(p);
        let lost = look.taken - done;
        let put = 1 + u64::from(self.how == Use::More);
        let wrong = if look.taken + look.length != put || in_hand > 0 {
            Some(format!("{} were taken, and {in_hand} are in hand", look.taken))
        } else if lost > facts.deaths as u64 {
            Some(format!("{} died, and {lost} are said to be lost", facts.deaths))
        } else if done < log.counted(DONE) {
            Some(format!("{} were done, and {done} are said to be", log.counted(DONE)))
        } else {
            None
        };
        Outcome { result: format!("{done} done, {lost} lost"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        let mut all = vec![WAIT];
        if self.deaths {
            all.extend([DEATH, DEATH_OF_A_HOLDER]);
        }
        if self.how == Use::Deadline {
            all.push(Sometimes {
                what: "a join that times out",
                happened: |_, log| log.counted(LATE) > 0,
            });
        }
        all
    }
}
