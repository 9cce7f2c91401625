//! A process that examines claims for another one: the program itself, started again.
//!
//! Explorations map and unmap a stack for each thread of each execution, and two of them in one process spend most of
//! their time waiting for each other in the kernel. Apart they do not; and one that overflows a stack takes nothing
//! with it but its own verdict.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::panics;
use super::run::Place;
use crate::claim::{Budget, Claim, Progress, Selection};
use crate::verdict::Finding;

/// Where models run.
pub(super) const PLACE: Place = Place::Apart;

/// The first argument of a process that is to be an examiner.
const MARK: &str = "__examiner";

/// Which claim to examine, and what its run may use.
#[derive(Debug, Serialize, Deserialize)]
struct Question {
    id: String,
    seed: u64,
    time: Option<Duration>,
    memory: Option<usize>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    SoFar { done: u64, total: u64, unit: String },
    Found(Box<Finding>),
    Panicked(String),
}

/// An examiner, as the one who asks sees it. It ends when this is dropped, and when this process ends.
#[derive(Debug)]
pub(super) struct Examiner {
    child: Child,
    stream: BufReader<UnixStream>,
}

impl Examiner {
    /// Starts one.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    pub(super) fn start() -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        // Not `current_exe`, which names another program if the file was replaced meanwhile (a rebuild). What a model
        // prints is for people: standard output may be promised to the report alone.
        let child = Command::new("/proc/self/exe")
            .arg0("lockproof-examiner")
            .arg(MARK)
            .stdin(OwnedFd::from(theirs))
            .stdout(
                io::stderr()
                    .as_fd()
                    .try_clone_to_owned()
                    .map_or_else(|_| Stdio::null(), Stdio::from),
            )
            .spawn()?;
        Ok(Self { child, stream: BufReader::new(ours) })
    }

    /// Has a claim examined.
    ///
    /// # Errors
    ///
    /// Why the run came to no end, in words; whether this examiner lives on is not known then.
    pub(super) fn examine(
        &mut self,
        claim: &Claim,
        budget: &Budget,
        progress: &dyn Progress,
    ) -> Result<Finding, String> {
        let time = budget.until.map(|until| until.saturating_duration_since(Instant::now()));
        let Budget { seed, memory, .. } = *budget;
        let question = Question { id: claim.id.clone(), seed, time, memory };
        self.ask(&question, progress).map_err(|error| self.how_it_ended(&error))?
    }

    fn ask(
        &mut self,
        question: &Question,
        progress: &dyn Progress,
    ) -> io::Result<Result<Finding, String>> {
        send(self.stream.get_mut(), question)?;
        loop {
            match receive(&mut self.stream)? {
                Some(Answer::SoFar { done, total, unit }) => progress.report(done, total, &unit),
                Some(Answer::Found(finding)) => return Ok(Ok(*finding)),
                Some(Answer::Panicked(panic)) => {
                    return Ok(Err(format!("which panicked: {panic}")));
                }
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    fn how_it_ended(&mut self, error: &io::Error) -> String {
        // Whatever it is doing, nobody can hear of it any more.
        let _ = self.child.kill();
        match self.child.wait() {
            Ok(status) => format!("in a process that ended early ({status})"),
            Err(_) => format!("in a process that cannot be asked ({error})"),
        }
    }
}

impl Drop for Examiner {
    fn drop(&mut self) {
        // It ends by itself when the stream is closed; this is sooner, and reaps it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Turns this process into an examiner if it was started as one, and otherwise returns at once.
pub(super) fn examiner_main(claims: impl Fn(&Selection) -> Vec<Claim>) {
    if std::env::args().nth(1).as_deref() != Some(MARK) {
        return;
    }
    panics::install();
    crate::interrupt::leave_to_the_starter();
    // Where nobody asks any more, there is nothing left to say either.
    let _ = serve(claims);
    std::process::exit(0)
}

fn serve(claims: impl Fn(&Selection) -> Vec<Claim>) -> io::Result<()> {
    let mut stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut questions = BufReader::new(stream.try_clone()?);
    let (sender, receiver) = channel::<Question>();
    // Reads also while a claim runs, so that an end of the stream ends the process in the middle of it.
    std::thread::Builder::new().name("questions".to_owned()).spawn(move || {
        while let Ok(Some(question)) = receive(&mut questions) {
            if sender.send(question).is_err() {
                return;
            }
        }
        std::process::exit(0)
    })?;
    let all = claims(&Selection::everything());
    for question in receiver {
        let answer = match all.iter().find(|claim| claim.id == question.id) {
            Some(claim) => examine(claim, &question, &stream),
            None => Answer::Panicked(format!("there is no claim {} in this process", question.id)),
        };
        send(&mut stream, &answer)?;
    }
    Ok(())
}

fn examine(claim: &Claim, question: &Question, stream: &UnixStream) -> Answer {
    let until = question.time.and_then(|time| Instant::now().checked_add(time));
    let budget = Budget { until, memory: question.memory, ..Budget::seeded(question.seed) };
    match panics::catch(|| (claim.run)(&budget, &Told(stream))) {
        Ok(finding) => Answer::Found(Box::new(finding)),
        Err(panic) => Answer::Panicked(panic),
    }
}

/// Passes on how far a claim is.
struct Told<'a>(&'a UnixStream);

impl Progress for Told<'_> {
    fn report(&self, done: u64, total: u64, unit: &str) {
        // The same goes for who does not hear this: the process ends soon.
        let _ = send(&mut &*self.0, &Answer::SoFar { done, total, unit: unit.to_owned() });
    }
}

fn send(mut stream: impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// The next message; none if the stream has ended.
fn receive<T: DeserializeOwned>(stream: &mut impl BufRead) -> io::Result<Option<T>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}
