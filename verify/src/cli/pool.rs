//! Does things several at a time, and tells of them in order.
//!
//! The threads are not joined: when nobody reads the output any more, the command ends, and they with it.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// How often is said that it takes a while.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// What a run tells.
pub(super) enum News<'a, R> {
    /// The next one, in order, is done.
    Done(usize, &'a R),
    /// It takes a while.
    Waiting,
}

/// Does `work` with each number below `all`, `jobs` at a time, and returns the results in order.
///
/// # Errors
///
/// What `told` returns: nobody listens any more.
pub(super) fn in_parallel<R: Send + 'static>(
    jobs: NonZero<usize>,
    all: usize,
    work: impl Fn(usize) -> R + Send + Sync + 'static,
    mut told: impl FnMut(News<'_, R>) -> io::Result<()>,
) -> io::Result<Vec<R>> {
    let results = start(jobs, all, work)?;
    let mut early: Vec<Option<R>> = (0..all).map(|_| None).collect();
    let mut done = Vec::with_capacity(all);
    while done.len() < all {
        match results.recv_timeout(LINE_EVERY) {
            Ok((index, result)) => early[index] = Some(result),
            Err(RecvTimeoutError::Timeout) => told(News::Waiting)?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(io::Error::other("the threads that do the work have ended early"));
            }
        }
        while let Some(result) = early.get_mut(done.len()).and_then(Option::take) {
            told(News::Done(done.len(), &result))?;
            done.push(result);
        }
    }
    Ok(done)
}

fn start<R: Send + 'static>(
    jobs: NonZero<usize>,
    all: usize,
    work: impl Fn(usize) -> R + Send + Sync + 'static,
) -> io::Result<Receiver<(usize, R)>> {
    let (sender, receiver) = channel();
    let shared = Arc::new((AtomicUsize::new(0), work));
    for _ in 0..jobs.get().min(all) {
        let (shared, sender): (_, Sender<_>) = (Arc::clone(&shared), sender.clone());
        thread::Builder::new().name("jobs".to_owned()).spawn(move || {
            let (next, work) = &*shared;
            loop {
                let index = next.fetch_add(1, Relaxed);
                if index >= all || sender.send((index, work(index))).is_err() {
                    return;
                }
            }
        })?;
    }
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whoever_is_first() {
        let mut told = Vec::new();
        // The first is done last.
        let (sender, receiver) = channel::<()>();
        let (sender, receiver) = (std::sync::Mutex::new(sender), std::sync::Mutex::new(receiver));
        let work = move |index: usize| {
            if index == 0 {
                let _ = receiver.lock().map(|receiver| receiver.recv());
            } else if index == 9 {
                let _ = sender.lock().map(|sender| sender.send(()));
            }
            index * index
        };
        let jobs = NonZero::new(2).expect("not zero");
        let done = in_parallel(jobs, 10, work, |news| {
            if let News::Done(index, result) = news {
                told.push((index, *result));
            }
            Ok(())
        });
        let squares: Vec<usize> = (0..10).map(|index| index * index).collect();
        assert_eq!(done.expect("all of them"), squares);
        assert_eq!(told, squares.into_iter().enumerate().collect::<Vec<_>>());
    }

    #[test]
    fn nobody_listens_any_more() {
        let jobs = NonZero::<usize>::MIN;
        let gone = |_: News<'_, usize>| Err(io::Error::from(io::ErrorKind::BrokenPipe));
        assert!(in_parallel(jobs, 3, |index| index, gone).is_err());
        assert!(in_parallel(jobs, 0, |index| index, gone).is_ok_and(|none| none.is_empty()));
    }
}
