//! `lockproof schema`, `lockproof completions` and `lockproof man`: what programs, a shell and a manual want to know of the
//! command line, made from it.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Exit, Failure, Output};
use crate::models::registry;
use crate::mutate::SUBJECTS;
use crate::report::schema;
use crate::report::trouble::in_words;
use crate::zoo::HALLS;

/// What `schema` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Schema {
    /// Of which command's report
    #[arg(value_name = "COMMAND")]
    of: schema::Of,
}

/// Writes what a report looks like.
pub(super) fn schema(options: &Schema, mut out: Output) -> Result<Exit, Failure> {
    out.write_all(schema::schema(options.of).as_bytes())?;
    out.flush()?;
    Ok(Exit::AllHold)
}

/// What `completions` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Completions {
    /// For which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Writes what makes the shell complete this command.
pub(super) fn completions(
    options: &Completions,
    command: Command,
    mut out: Output,
) -> Result<Exit, Failure> {
    let mut command = with_names(command);
    let (mut script, name) = (Vec::new(), command.get_name().to_owned());
    clap_complete::generate(options.shell, &mut command, &name, &mut script);
    if options.shell == Shell::Fish {
        script.extend(names_for_fish(&command, &name).bytes());
    }
    out.write_all(&script)?;
    out.flush()?;
    Ok(Exit::AllHold)
}

/// The same, with the names that there are where any text is taken: a shell proposes them, an error would be too long.
fn with_names(command: Command) -> Command {
    let models = || registry::models().map(|model| model.name);
    let subjects = || SUBJECTS.iter().map(|subject| subject.name);
    let specimens = || HALLS.iter().flat_map(|hall| hall.specimens).map(|specimen| specimen.name);
    let all = [
        ("check", "only", PossibleValuesParser::new(models())),
        ("mutate", "subjects", PossibleValuesParser::new(subjects())),
        ("zoo", "only", PossibleValuesParser::new(specimens())),
        #[cfg(target_os = "linux")]
        ("bench", "cases", PossibleValuesParser::new(crate::bench::names())),
    ];
    all.into_iter().fold(command, |command, (name, argument, names)| {
        command.mut_subcommand(name, |subcommand| {
            subcommand.mut_arg(argument, |argument| argument.value_parser(names))
        })
    })
}

/// For fish alone no names of what stands without an option are written by themselves.
fn names_for_fish(command: &Command, program: &str) -> String {
    let line = |subcommand: &Command| {
        let values = subcommand.get_positionals().flat_map(|one| one.get_possible_values());
        let names: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
        let (of, names) = (subcommand.get_name(), names.join(" "));
        let is_of = format!("__fish_{program}_using_subcommand {of}");
        (!names.is_empty())
            .then(|| format!("complete -c {program} -n \"{is_of}\" -f -a \"{names}\"\n"))
    };
    command.get_subcommands().filter_map(line).collect()
}

/// What `man` is asked for.
#[derive(Args, Clone, Debug)]
pub(super) struct Manual {
    /// Write a page for the command, and one for each of its subcommands, into this directory [default: the command's own page, to
    /// standard output]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// Writes the manual's pages.
pub(super) fn manual(options: &Manual, command: Command, mut out: Output) -> Result<Exit, Failure> {
    match &options.directory {
        Some(directory) => {
            fs::create_dir_all(directory)
                .and_then(|()| clap_mangen::generate_to(command, directory))
                .map_err(|error| cannot_write(directory, &error))?;
        }
        None => {
            let mut page = Vec::new();
            Man::new(command).render(&mut page)?;
            out.write_all(&page)?;
            out.flush()?;
        }
    }
    Ok(Exit::AllHold)
}

fn cannot_write(directory: &std::path::Path, error: &std::io::Error) -> Failure {
    let (name, why) = (directory.display(), in_words(error));
    Failure::Usage(format!("cannot write the manual into {name}: {why}"))
}
