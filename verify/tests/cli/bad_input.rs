//! Whatever is typed: words, an exit status that `--help` names, and nothing half-written.
//!
//! What there is to be typed is taken from the command line itself, so that a new flag is tried as soon as there is one.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::sync::Mutex;

use clap::{Arg, ArgAction};
use lockproof_verify::cli::command_line;

use super::*;

/// How long each may take: what is asked for much, and does it, is ended then.
const ENOUGH: Duration = Duration::from_secs(2);
/// The same for what has nothing that makes it small.
const BEGUN: Duration = Duration::from_millis(500);

/// What stands for a value. Some flags can use one or the other; none leads out of the folder that each is tried in.
fn values() -> Vec<OsString> {
    let mut values: Vec<OsString> = [
        "",
        "-",
        "-1",
        "0",
        "1.5",
        "99999999999999999999",
        "18446744073709551615",
        "1e300",
        "NaN",
        "nonsense",
        "no/../such",
        "/dev/null",
        "a,,b",
        "0/0",
        "3/2",
        "\u{1b}[31m\u{7}",
        "\u{fc}n\u{ef}c\u{f6}de",
    ]
    .map(OsString::from)
    .into();
    values.push(OsString::from_vec(vec![0xff, 0xfe]));
    values.push("x".repeat(5_000).into());
    values
}

/// Where nothing can be written.
const UNWRITABLE: [&str; 6] =
    ["/proc/x", "/proc", "/dev/full", "no/such/folder/file", "/dev/null/file", ""];

/// A command, and what makes it small.
struct Leaf {
    words: Vec<String>,
    arguments: Vec<Arg>,
    small: Vec<&'static str>,
}

/// Flags that keep a command from taking long, by its name: each with its value.
fn small(name: &str) -> Vec<&'static str> {
    let flags = match name {
        "check" => "--only=unlocked/2x1/explorer --time-limit=1",
        "merge" => "there-is-none.json",
        "diff" => "there-is-none.json nor-this.json",
        "explore" => "unlocked --time-limit=1",
        "replay" => "unlocked/2x1#1",
        "mutate" => "counter --time-limit=1",
        "zoo" => "--only=hyman --time-limit=1",
        "stress" => "--subject=mutex --processes=2 --count=10 --kills=1 --time-limit=1",
        "bench" => "mutex/alone --rounds=2 --window=1ms",
        "counter" | "threads" => "--sleep=0 --no-cost --increments=5",
        "tickets" => "--processes=3 --read=1 --write=1",
        "workers" => "--most=20",
        "csv" => "--processes=2 --rows=3 --length=10 --sleep=0",
        "append" => "--processes=2 --sleep=0 --lines=3",
        "jobs" => "--sleep=0",
        "inspect" | "rm" => "there-is-none-of-that-name",
        "schema" => "stress",
        "completions" => "bash",
        _ => "",
    };
    flags.split_whitespace().collect()
}

impl Leaf {
    fn all() -> Vec<Self> {
        let mut leaves = Vec::new();
        Self::below(&command_line(), &mut Vec::new(), &mut leaves);
        leaves
    }

    fn below(command: &clap::Command, words: &mut Vec<String>, leaves: &mut Vec<Self>) {
        for inner in command.get_subcommands() {
            words.push(inner.get_name().to_owned());
            if inner.has_subcommands() {
                Self::below(inner, words, leaves);
            } else {
                let arguments = inner.get_arguments().cloned().collect();
                leaves.push(Self {
                    words: words.clone(),
                    arguments,
                    small: small(inner.get_name()),
                });
            }
            words.pop();
        }
    }

    /// The command line with this one said otherwise.
    fn with(&self, argument: &Arg, value: Option<&OsString>) -> Vec<OsString> {
        let positional = argument.is_positional();
        let flag = argument.get_long().map(|long| format!("--{long}"));
        let is_it = |word: &&str| match &flag {
            Some(flag) => word.split('=').next() == Some(flag),
            None => !word.starts_with("--"),
        };
        let others = self.small.iter().filter(|word| !is_it(word));
        let mut line: Vec<OsString> =
            self.words.iter().map(String::as_str).chain(others.copied()).map(Into::into).collect();
        match (flag, value) {
            (Some(flag), Some(value)) => {
                let mut said = OsString::from(flag + "=");
                said.push(value);
                line.push(said);
            }
            (Some(flag), None) => line.push(flag.into()),
            (None, Some(value)) if positional => line.extend(["--".into(), value.clone()]),
            (None, _) => {}
        }
        line
    }

    fn as_it_is(&self) -> Vec<OsString> {
        self.words
            .iter()
            .map(String::as_str)
            .chain(self.small.iter().copied())
            .map(Into::into)
            .collect()
    }

    fn valued(&self) -> impl Iterator<Item = &Arg> {
        self.arguments.iter().filter(|argument| argument.get_action().takes_values())
    }
}

/// Runs it in an empty folder. None if it was still at work when it was ended.
fn tried(line: &[OsString], folder: &Path, change: impl Fn(&mut Command)) -> Option<Output> {
    let mut command = command();
    command.args(line).current_dir(folder).env("TMPDIR", folder).env("RUST_BACKTRACE", "1");
    change(&mut command);
    let enough = if line[0] == "litmus" { BEGUN } else { ENOUGH };
    let ended = assert_cmd::Command::from_std(command).timeout(enough).output();
    let output = ended.expect("the command runs");
    (output.status.signal() != Some(Signal::KILL.as_raw())).then_some(output)
}

/// What is wrong with how it ended, if anything is.
fn wrong(line: &[OsString], output: &Output, folder: &Path) -> Option<String> {
    let said = String::from_utf8_lossy(&output.stderr);
    let status = output.status.code();
    let written: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    let what = if said.contains("a bug in lockproof")
        || said.contains("panicked")
        || said.contains("backtrace")
    {
        "a panic"
    } else if !matches!(status, Some(0..=4 | 141)) {
        "an end that is not documented"
    } else if status == Some(2) && said.trim().is_empty() {
        "no words"
    } else if status == Some(2) && !written.is_empty() {
        "something was written"
    } else if written.iter().any(|name| name.to_string_lossy().starts_with(".lockproof-")) {
        "half a file was left"
    } else {
        return None;
    };
    Some(format!(
        "{what}: {line:?}\n  {:?}, in the folder: {written:?}\n  {}",
        output.status,
        said.trim()
    ))
}

/// Tries all of these lines, some at a time, and fails with all that is wrong. Says how many came to their end.
#[track_caller]
fn try_all(lines: Vec<Vec<OsString>>, change: impl Fn(&mut Command) + Sync) -> usize {
    let (lines, ended, all) = (Mutex::new(lines), Mutex::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(line) = { lines.lock().expect("no panic").pop() } {
                    let folder = tempfile::tempdir().expect("a folder");
                    let Some(output) = tried(&line, folder.path(), &change) else { continue };
                    *ended.lock().expect("no panic") += 1;
                    all.lock().expect("no panic").extend(wrong(&line, &output, folder.path()));
                }
            });
        }
    });
    let all = all.into_inner().expect("no panic");
    assert!(all.is_empty(), "{} of them:\n{}", all.len(), all.join("\n"));
    ended.into_inner().expect("no panic")
}

#[test]
fn every_flag_takes_nonsense_in_words() {
    let (values, mut lines) = (values(), Vec::new());
    for leaf in Leaf::all() {
        for argument in leaf.valued() {
            lines.push(leaf.with(argument, None));
            lines.extend(values.iter().map(|value| leaf.with(argument, Some(value))));
        }
        // A value for what takes none.
        let bare = leaf
            .arguments
            .iter()
            .filter(|argument| matches!(argument.get_action(), ArgAction::SetTrue));
        lines.extend(bare.map(|argument| leaf.with(argument, Some(&"nonsense".into()))));
    }
    let all = lines.len();
    assert!(all > 1_000, "only {all}");
    let ended = try_all(lines, |_| {});
    assert!(ended * 10 > all * 9, "only {ended} of {all} have come to an end");
}

/// Flags that contradict each other, or repeat each other.
#[test]
fn any_two_flags_are_taken_or_refused_in_words() {
    let mut lines = Vec::new();
    for leaf in Leaf::all() {
        let flags: Vec<&Arg> = leaf
            .arguments
            .iter()
            .filter(|argument| matches!(argument.get_action(), ArgAction::SetTrue))
            .collect();
        for (at, one) in flags.iter().enumerate() {
            for other in &flags[at..] {
                let mut line = leaf.with(one, None);
                line.extend(other.get_long().map(|long| OsString::from(format!("--{long}"))));
                lines.push(line);
            }
        }
        for argument in leaf.valued().filter(|argument| !argument.is_positional()) {
            let mut line = leaf.with(argument, Some(&"1".into()));
            let again = line.last().expect("it was added").clone();
            line.push(again);
            lines.push(line);
        }
    }
    try_all(lines, |_| {});
}

#[test]
fn what_cannot_be_written_is_said() {
    let mut targets = 0;
    for leaf in Leaf::all() {
        for argument in leaf.valued() {
            let names = argument.get_value_names().unwrap_or_default();
            let is_folder = names.iter().any(|name| *name == "DIR");
            if !is_folder && !names.iter().any(|name| name.contains("FILE")) {
                continue;
            }
            targets += 1;
            // A folder that is not there is made.
            for place in UNWRITABLE.iter().filter(|place| !is_folder || !place.starts_with("no/")) {
                let folder = tempfile::tempdir().expect("a folder");
                let line = leaf.with(argument, Some(&place.into()));
                let Some(output) = tried(&line, folder.path(), |_| {}) else { continue };
                assert_ne!(output.status.code(), Some(0), "{line:?} says that it was written");
                assert_eq!(wrong(&line, &output, folder.path()), None);
            }
        }
    }
    assert!(targets > 20, "only {targets}");
}

#[test]
fn an_output_that_is_full_or_gone_is_no_success() {
    for leaf in Leaf::all() {
        for (name, expected) in [("full", &[1, 2, 3, 4][..]), ("gone", &[1, 2, 3, 4, 141])] {
            let folder = tempfile::tempdir().expect("a folder");
            let line = leaf.as_it_is();
            let mut command = command();
            command.args(&line).current_dir(folder.path()).stderr(Stdio::piped());
            if name == "full" {
                command
                    .stdout(fs::File::options().write(true).open("/dev/full").expect("a device"));
            } else {
                let (_, writer) = io::pipe().expect("a pipe");
                command.stdout(writer);
            }
            let child = command.spawn().expect("the command starts");
            drop(command);
            let output = child.wait_with_output().expect("it ends");
            let said = text(&output.stderr);
            assert!(
                output.status.code().is_some_and(|code| expected.contains(&code)),
                "{name} {line:?}: {:?} {said}",
                output.status
            );
            assert_eq!(wrong(&line, &output, folder.path()), None, "{name}");
        }
    }
}

/// Several at a time: each is about something else.
#[test]
fn odd_surroundings_change_nothing() {
    for variables in [
        [("LC_ALL", "C"), ("COLUMNS", "0"), ("TERM", "dumb")],
        [("LANG", "xx_YY.nonsense"), ("COLUMNS", "-1"), ("TERM", "\u{1b}[31m")],
        [("LC_ALL", "de_DE.ISO-8859-1"), ("COLUMNS", "99999999999"), ("TERM", "")],
    ] {
        let lines = Leaf::all().iter().map(Leaf::as_it_is).collect();
        try_all(lines, |command| {
            command.envs(variables).env_remove("HOME").stdin(Stdio::null());
        });
    }
}

/// What there may be none of, and how a shell has it so and then becomes the command.
const WITHOUT: [(&str, &str); 4] = [
    ("streams", "exec \"$0\" \"$@\" <&- >&- 2>&-"),
    ("a terminal", "exec setsid -w \"$0\" \"$@\" </dev/null"),
    ("a folder to be in", "rmdir \"$PWD\" && exec \"$0\" \"$@\""),
    (
        "a place to write to",
        "for place in /dev/shm \"$PWD\"; do mount -t tmpfs -o ro none \"$place\" || exit 77; done; \
         cd \"$PWD\" && exec \"$0\" \"$@\"",
    ),
];

#[test]
fn what_is_not_there_is_done_without_or_missed_in_words() {
    let mounts = may_mount();
    for (name, shell) in WITHOUT {
        let alone = shell.contains("mount");
        if alone && !mounts {
            eprintln!("skipped: nothing can be mounted here");
            continue;
        }
        let lines: Vec<_> = Leaf::all().iter().map(Leaf::as_it_is).collect();
        for line in lines {
            let outer = tempfile::tempdir().expect("a folder");
            let folder = outer.path().join("inner");
            fs::create_dir(&folder).expect("a new name");
            let mut command = Command::new(if alone { "unshare" } else { "sh" });
            command.args(alone.then_some(["-m", "sh"]).into_iter().flatten());
            command.args(["-c", shell, env!("CARGO_BIN_EXE_lockproof")]).args(&line);
            command.current_dir(&folder).env("TMPDIR", &folder).stdin(Stdio::null());
            let ended = assert_cmd::Command::from_std(command).timeout(WATCHDOG).output();
            let output = ended.expect("the command runs");
            // Nobody hears its words without streams.
            let unheard = name == "streams" && output.status.code() == Some(2);
            let wrong = wrong(&line, &output, &folder);
            let only_words = wrong.as_ref().is_some_and(|wrong| wrong.starts_with("no words"));
            assert!(wrong.is_none() || unheard && only_words, "without {name}: {wrong:?}");
        }
    }
}

/// A file that is asked for is refused before the work, and nobody waits for it in vain.
#[test]
fn on_a_file_system_that_is_read_only_what_needs_none_works() {
    if !may_mount() {
        return eprintln!("skipped: nothing can be mounted here");
    }
    for (arguments, expected) in [
        ("check --only unlocked/2x1/explorer", 0),
        ("check --only unlocked/2x1/explorer --json out.json", 2),
        ("check --only unlocked/2x1/explorer --html out.html", 2),
        ("explore unlocked --processes 2 --svg out.svg", 2),
        ("stress --subject mutex --processes 2 --count 10 --kills 1 --by memfd", 0),
        ("stress --subject mutex --processes 2 --count 10 --kills 1 --by name", 1),
        ("demo tickets --clients 2 --read 0 --write 0", 1),
        ("ls", 0),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", WITHOUT[3].1, env!("CARGO_BIN_EXE_lockproof")]);
        command.args(arguments.split(' ')).current_dir(&folder).env("TMPDIR", folder.path());
        let output = command.output().expect("it runs");
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(expected), "{arguments}: {said}");
        let why = ["can only be read", "only reading is possible"];
        let is_said = why.iter().any(|why| said.replace("\n    ", " ").contains(why));
        assert!(expected == 0 || is_said, "{arguments}: {said}");
    }
}

fn may_mount() -> bool {
    let tried =
        Command::new("unshare").args(["-m", "sh", "-c", "mount -t tmpfs none /mnt"]).output();
    tried.is_ok_and(|output| output.status.success())
}

/// Prepares `/dev/shm` in a mount namespace of its own, and then becomes the command.
const SURROUNDINGS: [(&str, &str); 4] = [
    (
        "absent",
        "mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/full c 1 7",
    ),
    ("read-only", "mount -t tmpfs -o ro none /dev/shm"),
    ("full", "mount -t tmpfs -o size=4k none /dev/shm"),
    ("without room for names", "mount -t tmpfs -o nr_inodes=1 none /dev/shm"),
];

#[test]
fn a_dev_shm_that_cannot_be_used_is_said() {
    if !may_mount() {
        return eprintln!("skipped: nothing can be mounted here");
    }
    for (name, prepared) in SURROUNDINGS {
        for (arguments, works) in [
            ("stress --subject mutex --processes 2 --count 10 --kills 1 --by name", false),
            ("stress --for 300s --by name", false),
            ("stress --subject mutex --processes 2 --count 10 --kills 1 --by memfd", true),
            ("check --only unlocked/2x1/explorer", true),
            ("ls", true),
            ("inspect there-is-none-of-that-name", false),
            ("rm there-is-none-of-that-name", false),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            let output = Command::new("unshare")
                .args(["-m", "sh", "-c", &format!("{prepared} && exec \"$0\" {arguments}")])
                .arg(env!("CARGO_BIN_EXE_lockproof"))
                .env("TMPDIR", folder.path())
                .output()
                .expect("it runs");
            let (out, said) = (text(&output.stdout), text(&output.stderr));
            assert_eq!(
                output.status.code() == Some(0),
                works,
                "{name}: {arguments}: {:?}\n{out}{said}",
                output.status
            );
            assert_eq!(wrong(&[arguments.into()], &output, folder.path()), None, "{name}");
            assert!(works || !format!("{out}{said}").trim().is_empty(), "{name}: {arguments}");
        }
    }
}
