//! The account of a run, and what must add up in it. Pure: knows nothing of processes.
//!
//! The rules are in the header of [`stress`](super).

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::numbers::count;

/// Deaths of holders against reports of them, kept up as the run goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deaths {
    /// Deaths of a process that held the lock.
    pub holding: u64,
    /// Reports that died, uncounted, with the process they were given to, and were given again because of
    /// that death.
    pub passed_on: u64,
    /// Deaths of a holder of which nobody was told.
    pub unreported: u64,
    /// Reports without a death.
    pub invented: u64,
    reports_at_last_death: u64,
}

impl Deaths {
    /// Enters the death of a holder. `reports` is how many have been counted by now, and `was_told` whether the
    /// lock's word shows that the dead one itself had taken the lock from a dead holder, and had not yet declared
    /// it consistent.
    pub fn holder_died(&mut self, reports: u64, was_told: bool) {
        self.settle(reports, was_told);
        self.holding += 1;
        self.reports_at_last_death = reports;
    }

    /// Ends the account: everybody is gone, the lock has been taken once more, and `reports` is how many there
    /// were in all.
    pub fn close(&mut self, reports: u64) {
        self.settle(reports, false);
        self.reports_at_last_death = reports;
    }

    /// Between two deaths of holders lies one report, unless it was given to the second of the dead, who did not
    /// live to count it.
    fn settle(&mut self, reports: u64, may_have_died_uncounted: bool) {
        let due = u64::from(self.holding > 0);
        let counted = reports.saturating_sub(self.reports_at_last_death);
        self.invented += counted.saturating_sub(due);
        if counted < due {
            if may_have_died_uncounted {
                self.passed_on += 1;
            } else {
                self.unreported += 1;
            }
        }
    }
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Ledger {
    /// How many increments were asked for, at least: workers times count.
    pub asked: u64,
    /// How many the workers acknowledged.
    pub acknowledged: u64,
    /// What the count says.
    pub total: u64,
    /// How many kills were asked for.
    pub kills_asked: u64,
    /// How many processes ended by SIGKILL, as their reaped status says.
    pub kills: u64,
    /// Whether each of them was to die as the holder.
    pub holders_only: bool,
    /// Deaths of a holder.
    pub deaths_while_holding: u64,
    /// Reports of `OwnerDied`, counted by whom they were given to.
    pub reports: u64,
    /// Reports that died with the process they were given to, whose death gave one again.
    pub passed_on: u64,
    /// Deaths of a holder that nobody was told of.
    pub unreported: u64,
    /// Reports of a death that did not happen.
    pub invented: u64,
}

/// What does not add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A property fails.
    Broken(String),
    /// What would have put the properties to the test did not happen.
    Untested(String),
}

impl Ledger {
    /// Everything that does not add up; nothing if it all does.
    #[must_use]
    pub fn flaws(&self) -> Vec<Flaw> {
        let broken = [
            self.lost_updates(),
            self.too_many_updates(),
            self.undone_work(),
            self.report_flaw(),
            self.holder_flaw(),
        ];
        let untested = (self.kills < self.kills_asked).then(|| {
            let (landed, asked) = (count(self.kills), count(self.kills_asked));
            Flaw::Untested(format!("only {landed} of {asked} kills landed"))
        });
        broken.into_iter().flatten().map(Flaw::Broken).chain(untested).collect()
    }

    /// How many acknowledged increments the total lacks.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.acknowledged.saturating_sub(self.total)
    }

    fn lost_updates(&self) -> Option<String> {
        let (lost, acknowledged) = (count(self.lost()), count(self.acknowledged));
        (self.lost() > 0)
            .then(|| format!("{lost} of {acknowledged} acknowledged increments were lost"))
    }

    fn too_many_updates(&self) -> Option<String> {
        let Self { total, acknowledged, kills, .. } = self;
        let most = acknowledged + kills;
        (*total > most).then(|| {
            format!(
                "the total is {}, but {} increments were acknowledged and {} kills can hide one each: {} too many",
                count(*total),
                count(*acknowledged),
                count(*kills),
                count(total - most)
            )
        })
    }

    fn undone_work(&self) -> Option<String> {
        let (acknowledged, asked) = (count(self.acknowledged), count(self.asked));
        (self.acknowledged < self.asked)
            .then(|| format!("the workers ended with {acknowledged} of {asked} increments done"))
    }

    fn report_flaw(&self) -> Option<String> {
        let Self { deaths_while_holding, reports, passed_on, unreported, invented, .. } = *self;
        let adds_up = deaths_while_holding == reports + passed_on;
        (!adds_up || unreported > 0 || invented > 0).then(|| {
            let [deaths, reports, passed_on, unreported, invented] =
                [deaths_while_holding, reports, passed_on, unreported, invented].map(count);
            format!(
                "{deaths} deaths of a holder gave {reports} reports and {passed_on} passed on: {unreported} \
                 deaths were not reported, {invented} reports had no death"
            )
        })
    }

    fn holder_flaw(&self) -> Option<String> {
        let Self { kills, deaths_while_holding: deaths, reports, .. } = *self;
        (self.holders_only && !(kills == deaths && kills == reports)).then(|| {
            let [kills, deaths, reports] = [kills, deaths, reports].map(count);
            format!("{kills} kills of a holder were {deaths} deaths while holding, and gave {reports} reports")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_death_gives_one_report() {
        let mut deaths = Deaths::default();
        for reports in 0..5 {
            deaths.holder_died(reports, false);
        }
        deaths.close(5);
        assert_eq!((deaths.holding, deaths.passed_on), (5, 0));
        assert_eq!((deaths.unreported, deaths.invented), (0, 0));
    }

    #[test]
    fn a_report_that_dies_uncounted_is_passed_on() {
        let mut deaths = Deaths::default();
        deaths.holder_died(0, false);
        deaths.holder_died(0, true);
        deaths.holder_died(1, true);
        deaths.close(2);
        assert_eq!(
            (deaths.holding, deaths.passed_on),
            (3, 1),
            "the last had counted before it died"
        );
        assert_eq!((deaths.unreported, deaths.invented), (0, 0));
    }

    #[test]
    fn a_death_that_nobody_was_told_of_is_found() {
        let mut in_the_middle = Deaths::default();
        in_the_middle.holder_died(0, false);
        in_the_middle.holder_died(0, false);
        in_the_middle.close(1);
        assert_eq!(in_the_middle.unreported, 1);

        let mut at_the_end = Deaths::default();
        at_the_end.holder_died(0, false);
        at_the_end.close(0);
        assert_eq!(at_the_end.unreported, 1);
    }

    #[test]
    fn a_report_without_a_death_is_found() {
        let mut before_any = Deaths::default();
        before_any.holder_died(1, false);
        before_any.close(2);
        assert_eq!(before_any.invented, 1);

        let mut two_for_one = Deaths::default();
        two_for_one.holder_died(0, false);
        two_for_one.close(2);
        assert_eq!(two_for_one.invented, 1);
    }

    #[test]
    fn a_missing_and_an_invented_report_do_not_cancel_out() {
        let mut deaths = Deaths::default();
        deaths.holder_died(0, false);
        deaths.holder_died(0, false);
        deaths.close(2);
        assert_eq!((deaths.unreported, deaths.invented), (1, 1));
    }
}
