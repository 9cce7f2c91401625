//! What a soak came to, and the verdict on it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::figures::{Figures, Own};
use super::plan::{Broken, SoakPlan};
use crate::report::numbers::count;
use crate::stress::course::Course;
use crate::stress::outcome::Ended;
use crate::verdict::Verdict;

/// More than an allocator keeps for later. A few bytes that are lost at each operation are more than that within minutes.
const MORE_MEMORY_KIB: u64 = 8 * 1024;

/// What was done with one primitive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Account {
    /// Its name.
    pub name: &'static str,
    /// How many times whoever did it has said so.
    pub acknowledged: u64,
    /// How many times it was done, by its own count; none where the soak did not come to its end.
    pub total: Option<u64>,
}

/// What was done to the processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Troubles {
    /// Killed by the harness.
    pub kills: u64,
    /// Stopped, and continued.
    pub stops: u64,
    /// Moved to another processor, or to all.
    pub moves: u64,
    /// Told to go, and replaced.
    pub departures: u64,
    /// Forked by workers.
    pub forks: u64,
    /// Of those, how many were killed, by the worker that forked them or with it.
    pub killed_forks: u64,
    /// How many times somebody was told that a holder had died.
    pub told: u64,
}

/// How many operations in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct Throughput {
    /// In the first tenth of the time.
    pub first: f64,
    /// In the last tenth.
    pub last: f64,
}

/// A soak, and what it came to.
#[derive(Clone, Debug)]
pub struct Soaked {
    /// What was to be done.
    pub plan: SoakPlan,
    /// How it ended.
    pub ended: Ended,
    /// How long it took, starting and ending the workers included.
    pub took: Duration,
    /// What was done.
    pub accounts: Vec<Account>,
    /// What was done to those who did it.
    pub troubles: Troubles,
    /// How many accounts were drawn up while all were at work.
    pub audits: u64,
    /// The longest time in which nobody got on with one of the primitives.
    pub longest_stall: Duration,
    /// How it went on the way.
    pub course: Course,
    /// Before anything was there for it, and when all should be gone again.
    pub left: [Figures; 2],
    /// What the veteran had once it had done a little of everything, and in the end.
    pub veteran: [Own; 2],
}

impl Soaked {
    /// The verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match &self.ended {
            Ended::NotBegun(what) => Verdict::Vacuous { what: what.clone() },
            Ended::OutOfTime => Verdict::Timeout { after: self.took },
            _ if !self.wrong().is_empty() => Verdict::Counterexample,
            _ => match self.untested() {
                Some(what) => Verdict::Vacuous { what },
                None => Verdict::Passed,
            },
        }
    }

    /// Whether it went as expected: nothing is wrong, or what is broken on purpose was found, and nothing else.
    #[must_use]
    pub fn ok(&self) -> bool {
        match self.plan.broken {
            None => self.verdict().holds(),
            Some(broken) => {
                let wrong = self.wrong();
                !wrong.is_empty() && wrong.iter().all(|words| is_about(words, broken))
            }
        }
    }

    /// What is to be said against it, a sentence each.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        match &self.ended {
            Ended::NotBegun(words) => vec![words.clone()],
            Ended::OutOfTime => vec!["the time limit came before the end".to_owned()],
            _ => self.wrong().into_iter().chain(self.untested()).collect(),
        }
    }

    fn wrong(&self) -> Vec<String> {
        let mut wrong = match &self.ended {
            Ended::Stuck(words) | Ended::Failed(words) => vec![words.clone()],
            _ => self.accounts_that_are_wrong().collect(),
        };
        wrong.extend(self.left_behind());
        if self.ended == Ended::Finished {
            wrong.extend(self.leaks());
        }
        wrong
    }

    fn accounts_that_are_wrong(&self) -> impl Iterator<Item = String> {
        let deaths = self.troubles.kills + self.troubles.killed_forks;
        self.accounts.iter().filter_map(move |Account { name, acknowledged, total }| {
            let (name, least, total) = (*name, *acknowledged, (*total)?);
            if total < least {
                let (lost, least) = (count(least - total), count(least));
                Some(format!("`{name}`: {lost} of {least} acknowledged operations were lost"))
            } else if total > least + deaths {
                let more = count(total - least);
                let deaths = count(deaths);
                Some(format!(
                    "`{name}`: {more} operations more than were acknowledged, after {deaths} deaths"
                ))
            } else {
                None
            }
        })
    }

    fn left_behind(&self) -> Vec<String> {
        let [before, after] = self.left;
        let descriptors = [before.harness.descriptors, after.harness.descriptors];
        let kinds = [
            ("processes", [before.processes, after.processes]),
            ("regions", [before.regions, after.regions]),
            ("file descriptors of the harness", descriptors),
        ];
        let more = kinds.iter().filter(|(_, [before, after])| after > before);
        more.map(|(name, [before, after])| format!("{name}: {before} before, {after} after"))
            .collect()
    }

    fn leaks(&self) -> Vec<String> {
        let [before, after] = self.veteran;
        let mut leaks = Vec::new();
        if after.descriptors != before.descriptors {
            let (before, after) = (before.descriptors, after.descriptors);
            leaks
                .push(format!("the veteran had {before} file descriptors, and {after} in the end"));
        }
        if after.memory_kib > before.memory_kib + MORE_MEMORY_KIB {
            let (before, after) = (count(before.memory_kib), count(after.memory_kib));
            leaks.push(format!(
                "the veteran had {before} KiB of memory, and {after} KiB in the end"
            ));
        }
        leaks
    }

    /// What did not come up, so that nothing can be said of it.
    fn untested(&self) -> Option<String> {
        let Troubles { kills, stops, moves, departures, forks, told, .. } = self.troubles;
        let idle = self.accounts.iter().find(|account| account.acknowledged == 0);
        let idle = idle.map(|account| format!("`{}` was not done", account.name));
        let happened = [
            (kills, "nobody was killed"),
            (stops, "nobody was stopped"),
            (moves, "nobody was moved"),
            (departures, "nobody was told to go"),
            (forks, "nobody forked"),
            (told, "nobody was told of a death"),
            (self.audits, "no account was drawn up on the way"),
            (self.veteran[0].descriptors, "the veteran did not get far enough to be looked at"),
        ];
        let missing = happened.iter().find(|(times, _)| *times == 0);
        idle.or_else(|| missing.map(|(_, what)| (*what).to_owned()))
    }

    /// Operations in a second, at first and at last.
    #[must_use]
    pub fn throughput(&self) -> Throughput {
        let done = &self.course.acknowledged;
        let some = done.len().div_ceil(10);
        let rate = |part: &[u64]| {
            let seconds = part.len() as f64 * self.course.stretch_seconds;
            if seconds > 0.0 { part.iter().sum::<u64>() as f64 / seconds } else { 0.0 }
        };
        Throughput { first: rate(&done[..some]), last: rate(&done[done.len() - some..]) }
    }

    /// All operations.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.accounts.iter().map(|account| account.acknowledged).sum()
    }
}

fn is_about(words: &str, broken: Broken) -> bool {
    words.contains(&format!("`{}`", broken.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stress::plan::By;

    fn good() -> Soaked {
        let figures =
            Figures { harness: Own { descriptors: 5, memory_kib: 100 }, ..Figures::default() };
        let own = Own { descriptors: 4, memory_kib: 2_000 };
        Soaked {
            plan: SoakPlan {
                processes: 24,
                lasting: Duration::from_secs(5),
                by: By::Memfd,
                seed: 1,
                watchdog: Duration::from_secs(30),
                broken: None,
            },
            ended: Ended::Finished,
            took: Duration::from_secs(6),
            accounts: vec![Account { name: "mutex", acknowledged: 100, total: Some(103) }],
            troubles: Troubles {
                kills: 2,
                stops: 1,
                moves: 1,
                departures: 1,
                forks: 2,
                killed_forks: 1,
                told: 1,
            },
            audits: 1,
            longest_stall: Duration::ZERO,
            course: Course {
                stretch_seconds: 0.5,
                acknowledged: (1..=20).collect(),
                ..Course::default()
            },
            left: [figures; 2],
            veteran: [own; 2],
        }
    }

    fn with_total(total: u64) -> Soaked {
        let mut soaked = good();
        soaked.accounts[0].total = Some(total);
        soaked
    }

    #[test]
    fn what_adds_up_passes() {
        for total in [100, 103] {
            assert!(with_total(total).complaints().is_empty());
            assert!(with_total(total).ok());
        }
        assert_eq!(good().throughput(), Throughput { first: 3.0, last: 39.0 });
    }

    #[test]
    fn what_does_not_add_up_or_is_left_behind_is_said() {
        let mut more = [good(), good(), good(), good(), good()];
        more[0].left[1].processes = 1;
        more[1].left[1].regions = 1;
        more[2].left[1].harness.descriptors = 6;
        more[3].veteran[1].descriptors = 5;
        more[4].veteran[1].memory_kib = 1 << 20;
        let stuck = Soaked { ended: Ended::Stuck("nothing moves".to_owned()), ..good() };
        for soaked in more.into_iter().chain([with_total(99), with_total(104), stuck]) {
            assert_eq!(soaked.verdict(), Verdict::Counterexample, "{soaked:?}");
            assert_eq!(soaked.complaints().len(), 1, "{:?}", soaked.complaints());
            assert!(!soaked.ok());
        }
    }

    #[test]
    fn what_did_not_come_up_is_no_pass() {
        for troubles in [
            Troubles { kills: 0, killed_forks: 3, ..good().troubles },
            Troubles { told: 0, ..good().troubles },
        ] {
            let soaked = Soaked { troubles, ..good() };
            assert!(matches!(soaked.verdict(), Verdict::Vacuous { .. }), "{soaked:?}");
            assert!(!soaked.ok());
        }
    }

    #[test]
    fn what_is_broken_on_purpose_has_to_be_found_and_nothing_else() {
        let plan = SoakPlan { broken: Some(Broken::Unlocked), ..good().plan };
        assert!(!Soaked { plan: plan.clone(), ..good() }.ok(), "nothing was found");
        assert!(!Soaked { plan: plan.clone(), ..with_total(99) }.ok(), "something else was found");
        let mut found = Soaked { plan, ..with_total(99) };
        found.accounts[0].name = "unlocked";
        assert!(found.ok());
    }
}
