//! The command.

use std::process::ExitCode;

fn main() -> ExitCode {
    lockproof_verify::cli::main(lockproof_verify::models::claims)
}
