//! What `--help` says, as somebody has read it last. Where it has changed: read it, then let `SNAPSHOTS=overwrite` write it down.

use std::path::Path;

use snapbox::{Assert, Data};

use super::*;

#[test]
fn the_help_is_as_it_was_read_last() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/help");
    let all = text(&run(&["--help"]).stdout).to_owned();
    let (_, commands) = all.split_once("Commands:\n").expect("a list of commands");
    let commands: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(commands.len() > 10, "{commands:?}");
    let assert = Assert::new().action_env("SNAPSHOTS");
    assert.eq(all.as_str(), Data::read_from(&folder.join("lockproof.txt"), None));
    for name in commands {
        let output = run(&[name, "--help"]);
        let help = text(&output.stdout);
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        assert.eq(help, Data::read_from(&folder.join(format!("{name}.txt")), None));
    }
    for name in ["counter", "jobs", "append", "workers", "tickets", "csv", "threads"] {
        let output = run(&["demo", name, "--help"]);
        let help = text(&output.stdout);
        assert.eq(help, Data::read_from(&folder.join(format!("demo-{name}.txt")), None));
    }
}
