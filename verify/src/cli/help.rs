//! What stands under the help of each command: lines to copy, and how it can end. A test reads every one of the lines.

use super::exit;
use super::processes::REGIONS_HELP;

macro_rules! with_examples {
    ($($name:ident: $($line:literal = $about:literal),+;)*) => {$(
        /// What stands under the help of that command.
        pub(super) fn $name() -> String {
            let lines = [$(($line, $about)),+];
            examples(&lines) + "\n" + exit::HELP
        }
    )*};
}

/// Of commands that look at regions, and end otherwise.
macro_rules! with_more_examples {
    ($($name:ident: $($line:literal = $about:literal),+;)*) => {$(
        /// What stands under the help of that command.
        pub(super) fn $name() -> String {
            let lines = [$(($line, $about)),+];
            examples(&lines) + "\n" + REGIONS_HELP
        }
    )*};
}

/// Of commands that can only be done, or not.
macro_rules! with_examples_alone {
    ($($name:ident: $($line:literal = $about:literal),+;)*) => {$(
        /// What stands under the help of that command.
        pub(super) fn $name() -> String {
            let lines = [$(($line, $about)),+];
            examples(&lines).trim_end().to_owned()
        }
    )*};
}

with_examples! {
    check:
        "check" = "every claim, in some minutes",
        "check --full --only mutex --html locks.html" = "all about the mutex, as a page",
        "check --shard 1/4 --json part-1.json" = "the first of four parts, for `merge`";
    merge:
        "merge part-1.json part-2.json --junit locks.xml" = "two shards, as one report";
    diff:
        "diff yesterday.json today.json" = "fails if anything has become worse";
    explore:
        "explore unlocked --processes 3 --outcomes" = "all totals, and a way to each",
        "explore tickets --clients 3 --tickets 1 --without-lock" = "a scenario of `demo`, and what goes wrong in it",
        "explore mutex --processes 3 --deaths 1" = "with a death at any step",
        "explore mutex-endless --liveness" = "who starves";
    replay:
        "replay 'unlocked/2x1#1'" = "what stands behind `This execution:` under a drawing";
    mutate:
        "mutate" = "everything, in some minutes",
        "mutate --weakest mutex" = "how weak its orderings may be",
        "mutate semaphore --resume notes.jsonl" = "one algorithm; goes on where it was stopped";
    zoo:
        "zoo" = "all specimens, and who catches them",
        "zoo --only peterson --json zoo.json" = "one of them, for programs";
    litmus:
        "litmus" = "a table of all questions";
    stress:
        "stress --kills 200" = "all primitives, 200 kills each",
        "stress --subject mutex,queue --processes 8 --count 100000 --seed 7" = "two of them, larger",
        "stress --for 8h --html soak.html" = "everything at once, for a night: see docs/soak.md";
    bench:
        "bench" = "everything, in some minutes",
        "bench mutex/two rwlock --rounds 5 --json figures.json" = "two of it, quickly";
    demo:
        "demo counter" = "what is lost without a lock, and what a lock costs",
        "demo tickets --with-lock --kills 3" = "buyers are killed, and no ticket is sold twice",
        "demo append --without-lock --cpus" = "what goes wrong, and where each process ran";
}

with_more_examples! {
    inspect:
        "inspect shop" = "a region of that name, in /dev/shm",
        "inspect ./shop.region --watch" = "one in a file, again and again",
        "inspect 4711 --json hang.json" = "all regions of a process";
    ls:
        "ls" = "all regions, and who uses them";
    rm:
        "rm shop" = "one that nobody uses",
        "rm shop --force" = "also if somebody does";
}

with_examples_alone! {
    list:
        "list" = "what can be checked, explored and shown",
        "list --json list.json" = "the same, for programs";
    schema:
        "schema check > check.schema.json" = "what `check --json` writes";
    completions:
        "completions bash > ~/.local/share/bash-completion/completions/lockproof" = "for bash, from the next shell on",
        "completions zsh > ~/.zfunc/_lockproof" = "for zsh, if ~/.zfunc is in $fpath before compinit",
        "completions fish > ~/.config/fish/completions/lockproof.fish" = "for fish, at once";
    man:
        "man ~/.local/share/man/man1" = "then `man lockproof-check` and the like show them",
        "man > lockproof.1" = "the first page alone";
}

fn examples(lines: &[(&str, &str)]) -> String {
    let mut text = "Examples:\n".to_owned();
    for (line, about) in lines {
        text += &format!("  lockproof {line}\n      {about}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use clap::error::ErrorKind;
    use clap::{CommandFactory, Parser};

    use crate::cli::CommandLine;

    #[test]
    fn every_example_is_a_command_line() {
        let mut read = 0;
        for command in CommandLine::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines().filter_map(|line| line.strip_prefix("  lockproof ")) {
                // Where it goes is the shell's business.
                let line = line.split(" > ").next().unwrap_or_default();
                let words = line.split(' ').map(|word| word.trim_matches('\''));
                let parsed = CommandLine::try_parse_from(["lockproof"].into_iter().chain(words));
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
                read += 1;
            }
        }
        assert!(read > 10, "only {read} examples");
    }

    /// The command lines in a page: what follows a prompt, or stands in a block for a shell.
    fn command_lines(page: &str) -> Vec<String> {
        let shell = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
        let console = page.lines().filter_map(|line| line.strip_prefix("$ "));
        let lines = shell.flat_map(str::lines).chain(console);
        let commands = lines.filter_map(|line| {
            let line = line.split(" #").next()?.trim();
            line.strip_prefix("lockproof ").or_else(|| line.strip_prefix("cargo run --release -- "))
        });
        commands.map(str::to_owned).collect()
    }

    #[test]
    fn every_command_line_in_the_pages_is_one() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let docs = fs::read_dir(root.join("docs")).expect("a folder").flatten();
        let mut pages: Vec<PathBuf> = docs.map(|entry| entry.path()).collect();
        pages.retain(|page| page.extension().is_some_and(|end| end == "md"));
        pages.push(root.join("README.md"));
        let mut read = 0;
        for page in pages {
            for line in command_lines(&fs::read_to_string(&page).expect("a page")) {
                let words = line.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
                let parsed = CommandLine::try_parse_from(["lockproof"].into_iter().chain(words));
                let wrong = parsed.err().filter(|wrong| wrong.kind() != ErrorKind::DisplayHelp);
                assert!(wrong.is_none(), "{}: {line}: {}", page.display(), wrong.unwrap());
                read += 1;
            }
        }
        assert!(read > 30, "only {read} command lines");
    }
}
