//! The claims of `lockproof check` that programs at random put to the test.

use super::model::Mistake;
use super::run::{Draw, by_states};
use super::strategy::Size;
use crate::claim::{Budget, Claim, Expected, MemoryModel, Method, Progress};
use crate::verdict::Finding;

const AS_PROMISED: &str =
    "whatever processes do, they see what could be seen one step after the other";

/// What shuttle and real processes can take.
const LARGE: Size = Size { processes: 3, steps: 6, deaths: None };
/// What can be explored whole.
const SMALL: Size = Size { processes: 2, steps: 2, deaths: None };

/// All of them: the quick ones, those that `--full` adds, and those that have to fail.
pub(crate) fn claims() -> Vec<Claim> {
    let mut all = Vec::new();
    for (times, full_only) in [(1, false), (10, true)] {
        let by = |claim| Claim { full_only, ..claim };
        #[cfg(feature = "shuttle")]
        all.push(by(shuttle_claim(times)));
        all.push(by(explorer_claim(times)));
        #[cfg(target_os = "linux")]
        all.push(by(process_claim(times)));
    }
    #[cfg(feature = "shuttle")]
    all.extend(mistakes());
    all
}

fn claim(
    (draw, how): (Draw, &str),
    memory_model: MemoryModel,
    run: impl Fn(Draw, &Budget, &dyn Progress) -> Finding + Send + Sync + 'static,
) -> Claim {
    let Size { processes, steps, .. } = draw.size;
    Claim {
        id: format!("programs/{processes}x{steps}/proptest/{how}-{}", draw.programs),
        subject: "programs",
        property: AS_PROMISED,
        method: Method::Proptest,
        memory_model,
        processes,
        increments: steps,
        expected: Expected::Holds,
        full_only: false,
        run: Box::new(move |budget, progress| run(draw, budget, progress)),
    }
}

#[cfg(feature = "shuttle")]
fn shuttle_claim(times: u32) -> Claim {
    let size = Size { deaths: Some(DEATHS), ..LARGE };
    let draw = Draw { programs: 400 * times, size };
    claim((draw, "shuttle"), MemoryModel::Sc, |draw, budget, progress| {
        super::by_shuttle(draw, SCHEDULES, Mistake::None, budget, progress)
    })
}

/// How many schedules of each program.
#[cfg(feature = "shuttle")]
const SCHEDULES: u64 = 25;
/// Before which of its operations one dies at the latest.
const DEATHS: usize = 80;

fn explorer_claim(times: u32) -> Claim {
    let draw = Draw { programs: 30 * times, size: Size { deaths: Some(DEATHS), ..SMALL } };
    claim((draw, "explorer"), MemoryModel::C11, |draw, budget, progress| {
        by_states(draw, Mistake::None, budget, progress)
    })
}

#[cfg(target_os = "linux")]
fn process_claim(times: u32) -> Claim {
    // Of its steps, not of its operations.
    let draw = Draw { programs: 150 * times, size: Size { deaths: Some(20), ..LARGE } };
    claim((draw, "processes"), MemoryModel::Hardware, |draw, budget, progress| {
        crate::stress::by_processes(draw, false, budget, progress)
    })
}

/// What has to be found out.
#[cfg(feature = "shuttle")]
fn mistakes() -> Vec<Claim> {
    Mistake::ALL
        .into_iter()
        .map(|mistake| {
            let size = Size { deaths: Some(DEATHS), ..LARGE };
            let draw = Draw { programs: 4_000, size };
            let claim = claim((draw, "shuttle"), MemoryModel::Sc, move |draw, budget, progress| {
                super::by_shuttle(draw, SCHEDULES, mistake, budget, progress)
            });
            Claim {
                id: format!("programs-{}/3x6/proptest/shuttle", mistake.name()),
                subject: "broken",
                expected: Expected::Fails,
                ..claim
            }
        })
        .collect()
}
