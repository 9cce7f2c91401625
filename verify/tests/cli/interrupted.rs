//! Ctrl-C, and the like: what was found so far is said, and nothing stays behind.

use std::io::Lines;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::ChildStdout;

use rustix::process::kill_process_group;

use super::*;

/// A run that is under way, in a process group of its own, as a shell starts it.
struct Started {
    child: Child,
    group: Pid,
}

impl Started {
    fn new(arguments: &[&str]) -> Self {
        let child = command()
            .args(arguments)
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        Self { group: Pid::from_child(&child), child }
    }

    /// What the terminal does to a whole group; then what was said on standard error.
    fn interrupted(mut self, signal: Signal) -> (ExitStatus, String) {
        let mut said = self.child.stderr.take().expect("a pipe");
        kill_process_group(self.group, signal).expect("a group");
        let status = wait(self.child);
        let mut text = String::new();
        said.read_to_string(&mut text).expect("UTF-8");
        (status, text)
    }
}

/// Waits for something that has to come, or go.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < WATCHDOG, "{what}: not within {WATCHDOG:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whether anybody is left in a process group but for zombies.
fn is_deserted(group: Pid) -> bool {
    let all = fs::read_dir("/proc").expect("processes").flatten();
    let mut stats = all.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
    !stats.any(|stat| {
        let mut fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ');
        let state = fields.next();
        fields.nth(1).and_then(|group| group.parse().ok()) == Some(group.as_raw_nonzero().get())
            && state != Some("Z")
    })
}

/// Waits for the first line of standard output that starts like this. What it gives keeps the pipe open: who writes to one that is
/// closed ends.
#[must_use]
fn wait_for_line(started: &mut Started, start: &str) -> Lines<BufReader<ChildStdout>> {
    let mut out = BufReader::new(started.child.stdout.take().expect("a pipe")).lines();
    let is_it = |line: &String| line.trim_start().starts_with(start);
    let found = out.by_ref().map_while(Result::ok).find(is_it);
    assert!(found.is_some(), "there was no line '{start}'");
    out
}

#[test]
fn a_check_says_how_far_it_came() {
    let mut started = Started::new(&["check", "--full", "--only", "barrier"]);
    let _open = wait_for_line(&mut started, "ok ");
    let group = started.group;
    let (status, said) = started.interrupted(Signal::INT);
    assert_eq!(status.signal(), Some(Signal::INT.as_raw()), "{said}");
    assert!(said.contains("interrupted after ") && said.contains("none had failed"), "{said}");
    assert!(!said.contains("ended early") && !said.contains("panicked"), "{said}");
    until("all processes have ended", || is_deserted(group));
}

fn regions() -> Vec<String> {
    let all = fs::read_dir("/dev/shm").expect("a folder").flatten();
    let names = all.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("lockproof-run-")).collect()
}

/// The regions that this process has made.
fn regions_of(process: Pid) -> Vec<String> {
    let mut names = regions();
    let made = format!("-{}-", process.as_raw_nonzero());
    names.retain(|name| name.contains(&made));
    names
}

#[test]
fn a_region_with_a_name_goes_with_the_run() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL] {
        let arguments = ["stress", "--by", "name", "--count", "1000000000", "--kills", "0"];
        let started = Started::new(&arguments);
        let group = started.group;
        until("there is a region", || !regions_of(group).is_empty());
        if signal == Signal::KILL {
            let mut child = started.child;
            kill_process(group, signal).expect("a process");
            child.wait().expect("it ends");
        } else {
            let (status, said) = started.interrupted(signal);
            assert_eq!(status.signal(), Some(signal.as_raw()), "{said}");
            assert!(said.contains("interrupted after "), "{signal:?}: {said}");
        }
        until("no region is left", || regions_of(group).is_empty());
        until("all processes have ended", || is_deserted(group));
    }
}

#[test]
fn a_folder_goes_with_the_run() {
    let parent = tempfile::tempdir().expect("a folder");
    let mut command = command();
    command.env("TMPDIR", parent.path()).args(["stress", "--subject", "file"]);
    command.args(["--count", "1000000000", "--kills", "0"]).process_group(0);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let started = Started { group: Pid::from_child(&child), child };
    let is_empty = |folder: &Path| fs::read_dir(folder).expect("a folder").next().is_none();
    until("there is a folder", || !is_empty(parent.path()));
    let group = started.group;
    let (status, said) = started.interrupted(Signal::INT);
    assert_eq!(status.signal(), Some(Signal::INT.as_raw()), "{said}");
    until("no folder is left", || is_empty(parent.path()));
    until("all processes have ended", || is_deserted(group));
}

/// Those that show no bars say what they have found, too.
#[test]
fn figures_so_far_are_shown() {
    let arguments = ["bench", "mutex/alone", "--rounds", "1000", "--window", "1ms"];
    let mut started = Started::new(&arguments);
    let mut said = BufReader::new(started.child.stderr.take().expect("a pipe")).lines();
    let third = said.find(|line| line.as_ref().is_ok_and(|line| line.contains("round 3 of 1000")));
    assert!(third.is_some(), "there is no third round");
    let group = started.group;
    kill_process_group(group, Signal::INT).expect("a group");
    let status = wait(started.child);
    let said: Vec<String> = said.map_while(Result::ok).collect();
    let said = said.join("\n");
    assert_eq!(status.signal(), Some(Signal::INT.as_raw()), "{said}");
    assert!(said.contains("interrupted after "), "{said}");
    assert!(
        said.contains(" of 1000 rounds were done:") && said.contains("  lockproof Mutex  "),
        "{said}"
    );
    until("all processes have ended", || is_deserted(group));
}
