//! What stands under the help of each command: lines to copy, and how it can end. A test reads every one of the lines.

use super::exit;

macro_rules! with_examples {
    ($($name:ident: $($line:literal = $about:literal),+;)*) => {$(
        /// What stands under the help of that command.
        pub(super) fn $name() -> String {
            let lines = [$(($line, $about)),+];
            examples(&lines)
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
        "stress --subject mutex,queue --processes 8 --count 100000 --seed 7" = "two of them, larger";
    bench:
        "bench" = "everything, in some minutes",
        "bench mutex/two rwlock --rounds 5 --json figures.json" = "two of it, quickly";
}

fn examples(lines: &[(&str, &str)]) -> String {
    let mut text = "Examples:\n".to_owned();
    for (line, about) in lines {
        text += &format!("  lockproof {line}\n      {about}\n");
    }
    text + "\n" + exit::HELP
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use crate::cli::CommandLine;

    #[test]
    fn every_example_is_a_command_line() {
        let mut read = 0;
        for command in CommandLine::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines().filter_map(|line| line.strip_prefix("  lockproof ")) {
                let words = line.split(' ').map(|word| word.trim_matches('\''));
                let parsed = CommandLine::try_parse_from(["lockproof"].into_iter().chain(words));
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
                read += 1;
            }
        }
        assert!(read > 10, "only {read} examples");
    }
}
