//! `lockproof schema`, `lockproof completions` and `lockproof man`: what programs, a shell and a manual want to know of the
//! command line, made from it.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Exit, Failure, Output};
use crate::report::schema;

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
    mut command: Command,
    mut out: Output,
) -> Result<Exit, Failure> {
    let (mut script, name) = (Vec::new(), command.get_name().to_owned());
    clap_complete::generate(options.shell, &mut command, name, &mut script);
    out.write_all(&script)?;
    out.flush()?;
    Ok(Exit::AllHold)
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
    Failure::Usage(format!("cannot write the manual into {}: {error}", directory.display()))
}
