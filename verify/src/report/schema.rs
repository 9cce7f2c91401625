//! What the reports for programs look like, as JSON Schema (draft 2020-12). Made from the types that are written, so that
//! neither can be without the other.

use clap::ValueEnum;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

use super::difference::Difference;
use super::json::pretty;
use super::{json, litmus, mutation, weakest, zoo};

/// A report for programs, by the command that writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Of {
    /// `check` and `merge`.
    #[value(alias = "merge")]
    Check,
    /// `explore` and `replay`.
    #[value(alias = "replay")]
    Explore,
    /// `list`.
    List,
    /// `diff`.
    Diff,
    /// `mutate`.
    Mutate,
    /// `mutate --weakest`.
    Weakest,
    /// `zoo`.
    Zoo,
    /// `litmus`.
    Litmus,
    /// `stress`.
    #[cfg(target_os = "linux")]
    Stress,
    /// `bench`.
    #[cfg(target_os = "linux")]
    Bench,
    /// `demo`.
    #[cfg(target_os = "linux")]
    Demo,
    /// `inspect`.
    #[cfg(target_os = "linux")]
    Inspect,
    /// `ls`.
    #[cfg(target_os = "linux")]
    Ls,
}

/// What is written of that type.
pub(crate) fn of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}

/// The schema of a report.
#[must_use]
pub fn schema(report: Of) -> String {
    let schema: Schema = match report {
        Of::Check => json::report_schema(),
        Of::Explore => json::claim_schema(),
        Of::List => json::list_schema(),
        Of::Diff => of::<Difference>(),
        Of::Mutate => mutation::schema(),
        Of::Weakest => weakest::schema(),
        Of::Zoo => zoo::schema(),
        Of::Litmus => litmus::schema(),
        #[cfg(target_os = "linux")]
        Of::Stress => crate::stress::schema(),
        #[cfg(target_os = "linux")]
        Of::Bench => crate::bench::schema(),
        #[cfg(target_os = "linux")]
        Of::Demo => crate::demo::schema(),
        #[cfg(target_os = "linux")]
        Of::Inspect => crate::cli::inspect::look_schema(),
        #[cfg(target_os = "linux")]
        Of::Ls => crate::cli::inspect::listing_schema(),
    };
    pretty(&schema)
}
