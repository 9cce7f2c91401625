//! The claims of `lockproof check` that real processes put to the test.

use std::time::Duration;

use super::histories::{HistoryPlan, Recordable, record};
use super::outcome::Outcome;
use super::plan::{By, Plan};
use super::run::run;
use super::subject::Subject;
use crate::claim::{Claim, Expected, MemoryModel, Method};

/// All of them: the quick ones, and those that `--full` adds.
#[must_use]
pub fn claims() -> Vec<Claim> {
    let quick = quick().into_iter().map(|plan| claim(plan, false));
    let full = full().into_iter().map(|plan| claim(plan, true));
    let histories =
        [(500, false), (20_000, true)].into_iter().flat_map(|(histories, full_only)| {
            [Recordable::Rwlock, Recordable::Queue].map(|of| {
                claim_of_histories(
                    HistoryPlan { kills: true, ..HistoryPlan::new(of, histories) },
                    full_only,
                )
            })
        });
    quick.chain(full).chain(histories).collect()
}

/// Makes ten processes overlap, with so few increments, even on one processor.
const LONG_WINDOW: Duration = Duration::from_micros(200);

fn quick() -> Vec<Plan> {
    let mut plans = Vec::new();
    for subject in Subject::ALL {
        plans.push(Plan { pinned: true, ..Plan::new(subject, 8, subject.a_moments_increments()) });
        plans.push(Plan { by: By::Name, window: LONG_WINDOW, ..Plan::new(subject, 10, 50) });
        if subject.takes_kills() {
            plans.push(Plan { kills: 150, ..Plan::new(subject, 8, 100) });
        }
        if subject.has_holder() {
            let plan = Plan::new(subject, 4, 100);
            plans.push(Plan { kills: 150, kill_holders: true, by: By::Name, ..plan });
        }
    }
    plans
}

fn full() -> Vec<Plan> {
    let mut plans = Vec::new();
    for (by, pinned) in [(By::Memfd, false), (By::Memfd, true), (By::Name, false), (By::Name, true)]
    {
        // How processes get at the region, and where they run, matters alike to all of them: the mutex is tried in all four ways,
        // others in two that differ in both.
        let in_both = (by == By::Name) == pinned;
        let wanted = |subject: &Subject| in_both || *subject == Subject::Mutex;
        for subject in Subject::ALL.into_iter().filter(wanted) {
            let plan =
                Plan { by, pinned, ..Plan::new(subject, 8, 10 * subject.a_moments_increments()) };
            if subject.takes_kills() {
                plans.push(Plan { kills: 1_000, ..plan.clone() });
            }
            if subject.has_holder() {
                plans.push(Plan { kills: 1_000, kill_holders: true, ..plan.clone() });
            }
            plans.push(plan);
        }
    }
    plans
}

fn claim(plan: Plan, full_only: bool) -> Claim {
    let property = match (plan.expected(), plan.kills, plan.kill_holders) {
        (Expected::Fails, ..) => "no update is lost",
        (_, 0, _) => "the total is exact",
        (_, _, false) => "every increment and every death is accounted for",
        (_, _, true) => "every death of a holder is reported once",
    };
    Claim {
        id: id(&plan),
        subject: plan.subject.name(),
        property,
        method: Method::Stress,
        memory_model: MemoryModel::Hardware,
        processes: plan.processes,
        increments: usize::try_from(plan.increments).unwrap_or(usize::MAX),
        expected: plan.expected(),
        full_only,
        run: Box::new(move |budget, progress| {
            let plan = Plan { seed: budget.seed, ..plan.clone() };
            Outcome::finding(&run(&plan, budget, progress))
        }),
    }
}

fn claim_of_histories(plan: HistoryPlan, full_only: bool) -> Claim {
    let HistoryPlan { of, histories, processes, calls, .. } = plan;
    let subject = of.subject().name();
    Claim {
        id: format!("{subject}/{processes}x{calls}/stress/{histories}-histories"),
        subject,
        property: "what is seen of it is linearizable",
        method: Method::Stress,
        memory_model: MemoryModel::Hardware,
        processes,
        increments: calls,
        expected: Expected::Holds,
        full_only,
        run: Box::new(move |budget, progress| {
            let plan = HistoryPlan { seed: budget.seed, ..plan.clone() };
            record(&plan, budget, progress).finding(&plan)
        }),
    }
}

/// `mutex/8x500/stress/memfd-pinned`, and who is killed.
fn id(plan: &Plan) -> String {
    let Plan { subject, processes, increments, kills, by, .. } = plan;
    let mut id = format!(
        "{}/{processes}x{increments}/stress/{}-{}",
        subject.name(),
        by.name(),
        plan.placement()
    );
    if *kills > 0 {
        let whom = if plan.kill_holders { "holders" } else { "kills" };
        id.push_str(&format!("-{kills}-{whom}"));
    }
    id
}
