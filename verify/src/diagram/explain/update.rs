//! An update that is lost: somebody reads, another writes, and the first one writes over that without having seen it.

use super::super::notes::lost_writes;
use super::told::{Told, is_data, site};
use crate::trace::Step;

/// The last one that is lost; of a word rather than of what a lock protects, where both are, as the lock is to blame then.
pub(super) fn explain(told: &Told<'_>) -> Vec<String> {
    let steps: Vec<&Step> = told.steps.iter().collect();
    let lost = lost_writes(&steps);
    let of_words = lost.iter().rev().find(|lost| !is_data(steps[lost.write]));
    let Some(lost) = of_words.or(lost.last()) else { return Vec::new() };
    let [read, write, over] = [lost.read, lost.write, lost.overwritten].map(|at| steps[at]);
    vec![format!(
        "Process {one} {did}. Then process {other} wrote {theirs}{their_site}. Process {one}, which had not seen that, wrote {ours} \
         over it{our_site}: what process {other} wrote is lost.",
        one = read.thread,
        did = told.did(lost.read),
        other = write.thread,
        theirs = write.after,
        their_site = site(write),
        ours = over.after,
        our_site = site(over),
    )]
}
