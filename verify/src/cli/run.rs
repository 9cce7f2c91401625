//! Examines claims, several at once: models first, then real processes, each of those with the machine for itself.
//!
//! The threads are not joined: when nobody reads the output any more, or when a claim does not end although its time is up,
//! the command ends, and they with it.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::examiner::Examiner;
use super::panics;
use crate::claim::{Budget, Claim, Examined, MemoryModel};
use crate::progress::{Board, Running};
use crate::verdict::{Finding, Verdict};

/// How long a claim may go on after its time is up, before it is given up.
pub(super) const GRACE: Duration = Duration::from_secs(30);
/// How often a line says what is going on, where there are no bars.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// What happens while claims are examined.
pub(super) trait Listener {
    /// A claim has its verdict. Called in the order of the list.
    ///
    /// # Errors
    ///
    /// If nobody listens any more: the run ends.
    fn examined(&mut self, claim: &Examined) -> io::Result<()>;
    /// It takes a while.
    fn waiting(&mut self);
}

/// How claims are to be examined.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    /// How many models at a time.
    pub(super) jobs: NonZero<usize>,
    /// What each claim may use.
    pub(super) budget: Budget,
    /// See [`GRACE`].
    pub(super) grace: Duration,
    /// Where models run.
    pub(super) place: Place,
}

/// Where models run. Real processes are started by this one in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On threads of this process.
    Here,
    /// In processes of their own, which are this program, started again.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    Apart,
}

impl Orders {
    /// How long it is until a claim that has not ended is given up.
    fn patience(&self) -> Duration {
        let until = self.budget.until.and_then(|until| until.checked_add(self.grace));
        until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()))
    }
}

/// Puts claims into the order in which they are examined and reported: models before real processes, and those
/// about one thing together.
pub(super) fn in_order(mut claims: Vec<Claim>) -> Vec<Claim> {
    let mut groups: Vec<(&'static str, &'static str)> = Vec::new();
    for claim in &claims {
        if !groups.contains(&(claim.subject, claim.property)) {
            groups.push((claim.subject, claim.property));
        }
    }
    let group =
        |claim: &Claim| groups.iter().position(|group| *group == (claim.subject, claim.property));
    claims.sort_by_key(|claim| (is_stress(claim), group(claim)));
    claims
}

fn is_stress(claim: &Claim) -> bool {
    claim.memory_model == MemoryModel::Hardware
}

/// Examines all claims, which are [in order](in_order), and returns what was found in the same order.
///
/// # Errors
///
/// What the listener returned.
pub(super) fn examine(
    claims: &Arc<[Claim]>,
    orders: &Orders,
    board: &Arc<Board>,
    listener: &mut impl Listener,
) -> io::Result<Vec<Examined>> {
    let models = claims.iter().take_while(|claim| !is_stress(claim)).count();
    let mut found = Vec::with_capacity(claims.len());
    let of_models = (0..models, orders.jobs.get(), orders.place);
    let of_processes = (models..claims.len(), 1, Place::Here);
    for (range, jobs, place) in [of_models, of_processes] {
        let work = Arc::new(Work {
            claims: Arc::clone(claims),
            next: AtomicUsize::new(range.start),
            end: range.end,
            budget: orders.budget.clone(),
            board: Arc::clone(board),
            place,
        });
        let results = work.start(jobs.min(range.len()))?;
        collect(claims, &results, range.end, orders, &mut found, listener)?;
    }
    Ok(found)
}

struct Work {
    claims: Arc<[Claim]>,
    next: AtomicUsize,
    end: usize,
    budget: Budget,
    board: Arc<Board>,
    place: Place,
}

type Found = (usize, Examined);

impl Work {
    fn start(self: Arc<Self>, threads: usize) -> io::Result<Receiver<Found>> {
        let (sender, receiver) = channel();
        for _ in 0..threads {
            let (work, sender) = (Arc::clone(&self), sender.clone());
            thread::Builder::new().name("claims".to_owned()).spawn(move || work.run(&sender))?;
        }
        Ok(receiver)
    }

    fn run(&self, sender: &Sender<Found>) {
        let mut examiner = None;
        loop {
            let index = self.next.fetch_add(1, Relaxed);
            if index >= self.end {
                return;
            }
            let found = self.examine(&self.claims[index], &mut examiner);
            if sender.send((index, found)).is_err() {
                return;
            }
        }
    }

    fn examine(&self, claim: &Claim, examiner: &mut Option<Examiner>) -> Examined {
        if self.budget.until.is_some_and(|until| Instant::now() >= until) {
            return too_late(claim, Duration::ZERO);
        }
        let running = self.board.begin(&claim.id);
        let start = Instant::now();
        let finding = match self.place {
            Place::Here => panics::catch(|| (claim.run)(&self.budget, &*running))
                .map_err(|panic| format!("which panicked: {panic}")),
            Place::Apart => self.ask(claim, examiner, &running),
        };
        let finding = finding.unwrap_or_else(|why| {
            let what = format!("an end to its run, {why}");
            Finding::of(Verdict::Vacuous { what })
        });
        running.end();
        claim.examined(finding, start.elapsed())
    }

    /// Has it examined by this thread's examiner, which is started where there is none (any more).
    fn ask(
        &self,
        claim: &Claim,
        examiner: &mut Option<Examiner>,
        running: &Running,
    ) -> Result<Finding, String> {
        let mut asked = match examiner.take() {
            Some(examiner) => examiner,
            None => Examiner::start()
                .map_err(|error| format!("in a process that cannot be started: {error}"))?,
        };
        let finding = asked.examine(claim, &self.budget, running)?;
        *examiner = Some(asked);
        Ok(finding)
    }
}

fn too_late(claim: &Claim, after: Duration) -> Examined {
    claim.examined(Finding::of(Verdict::Timeout { after }), after)
}

/// Receives until all claims before `end` are found, and passes them on in order.
fn collect(
    claims: &[Claim],
    results: &Receiver<Found>,
    end: usize,
    orders: &Orders,
    found: &mut Vec<Examined>,
    listener: &mut impl Listener,
) -> io::Result<()> {
    let began = Instant::now();
    let mut early: Vec<Option<Examined>> = vec![None; end];
    while found.len() < end {
        match results.recv_timeout(orders.patience().min(LINE_EVERY)) {
            Ok((index, examined)) => early[index] = Some(examined),
            Err(RecvTimeoutError::Timeout) if orders.patience().is_zero() => {
                let missing = claims.iter().zip(&mut early).skip(found.len());
                for (claim, place) in missing {
                    place.get_or_insert_with(|| too_late(claim, began.elapsed()));
                }
            }
            Err(RecvTimeoutError::Timeout) => listener.waiting(),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(io::Error::other(
                    "the threads that examine the claims have ended early",
                ));
            }
        }
        while let Some(examined) = early.get_mut(found.len()).and_then(Option::take) {
            listener.examined(&examined)?;
            found.push(examined);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::stand_ins::{claim, claim_that};

    struct Nobody;

    impl Listener for Nobody {
        fn examined(&mut self, _: &Examined) -> io::Result<()> {
            Ok(())
        }

        fn waiting(&mut self) {}
    }

    #[test]
    fn a_claim_that_does_not_end_is_given_up() {
        // Kept by the test, so that the claim waits until it ends.
        let (_sender, never) = channel::<()>();
        let never = std::sync::Mutex::new(never);
        let stuck = claim_that("stuck", move |_, _| {
            let _ = never.lock().map(|never| never.recv());
            Finding::of(Verdict::Exhausted)
        });
        let claims = [claim("ends", Verdict::Exhausted), stuck].into();
        let until = Some(Instant::now() + Duration::from_millis(200));
        let orders = Orders {
            jobs: NonZero::<usize>::MIN,
            budget: Budget { until, ..Budget::seeded(1) },
            grace: Duration::ZERO,
            place: Place::Here,
        };
        let found = examine(&claims, &orders, &Board::new(2), &mut Nobody).expect("two verdicts");
        assert_eq!(found.len(), 2);
        assert!(matches!(found[1].finding.verdict, Verdict::Timeout { .. }), "{found:?}");
    }
}
