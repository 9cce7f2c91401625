//! The option `--svg`: the execution that was found, as a picture in a file.

use std::path::Path;

use crate::diagram::{picture, picture_of_witness};
use crate::report::target::Target;
use crate::verdict::Finding;

/// What is said where there is nothing to draw.
const NOTHING: &str =
    "There was no counterexample to draw: the file for the picture is as it was.\n";

/// Writes the picture, if one is wanted. Returns what there is to say about that.
///
/// # Errors
///
/// As [`Target::write`].
pub(super) fn write(target: Option<&Target>, finding: &Finding) -> std::io::Result<&'static str> {
    let Some(target) = target else { return Ok("") };
    match drawn(finding) {
        Some(picture) => target.write(&picture).map(|()| ""),
        None => Ok(NOTHING),
    }
}

/// A file for a picture.
///
/// # Errors
///
/// If its name says that it is something else.
pub(super) fn file(name: &str) -> Result<Target, &'static str> {
    let ending = Path::new(name).extension();
    if ending.is_some_and(|ending| ending == "svg") {
        Target::file(name)
    } else {
        Err("name a file that ends in .svg: it is a picture for browsers")
    }
}

/// The counterexample; or else the way to a result, if it is the only one.
fn drawn(finding: &Finding) -> Option<String> {
    if let Some(wrong) = &finding.counterexample {
        return Some(picture(wrong));
    }
    let mut ways = finding.witnesses.iter();
    let (result, witness) = ways.next().filter(|_| finding.witnesses.len() == 1)?;
    Some(picture_of_witness(witness, result))
}
