//! A soak from its beginning to its end.

use std::thread;
use std::time::{Duration, Instant};

use super::figures::{Figures, Own};
use super::ground::Ground;
use super::herd::Herd;
use super::kind::Kind;
use super::outcome::{Account, Soaked, Troubles};
use super::plan::SoakPlan;
use crate::claim::{Budget, Progress};
use crate::stress::course::{Chart, Course};
use crate::stress::outcome::Ended;
use crate::stress::subjects::Indifferent;
use crate::stress::watch::{Watch, condition};

/// How often the harness looks how far all are.
const LOOKS: Duration = Duration::from_millis(100);
/// How often it looks while they come to their end.
const GLANCE: Duration = Duration::from_millis(1);

/// Carries out a soak. Nobody outlives it, however it ends.
pub fn soak(plan: &SoakPlan, budget: &Budget, progress: &dyn Progress) -> Soaked {
    let started = Instant::now();
    let mut soaked = Soaked {
        plan: plan.clone(),
        ended: Ended::Finished,
        took: Duration::ZERO,
        accounts: Vec::new(),
        troubles: Troubles::default(),
        audits: 0,
        longest_stall: Duration::ZERO,
        course: Course::default(),
        left: [Figures::now(); 2],
        veteran: [Own::default(); 2],
    };
    match Run::new(plan, budget, progress) {
        Err(words) => soaked.ended = Ended::NotBegun(words),
        Ok(mut run) => {
            soaked.ended = run.carry_out().err().unwrap_or(Ended::Finished);
            run.tell(&mut soaked);
        }
    }
    soaked.left[1] = Figures::now();
    soaked.took = started.elapsed();
    soaked
}

struct Run<'a> {
    plan: &'a SoakPlan,
    herd: Herd,
    watches: Vec<(Kind, Watch)>,
    chart: Chart,
    began: Instant,
    looked: Instant,
    budget: &'a Budget,
    progress: &'a dyn Progress,
}

impl<'a> Run<'a> {
    fn new(
        plan: &'a SoakPlan,
        budget: &'a Budget,
        progress: &'a dyn Progress,
    ) -> Result<Self, String> {
        if let Some(words) = plan.complaint() {
            return Err(words);
        }
        let herd = Herd::new(plan)?;
        let watch = |kind| (kind, Watch::new(plan.watchdog));
        Ok(Self {
            plan,
            herd,
            watches: Kind::all(plan.broken).map(watch).collect(),
            chart: Chart::default(),
            began: Instant::now(),
            looked: Instant::now(),
            budget,
            progress,
        })
    }

    fn ground(&self) -> &Ground {
        self.herd.ground()
    }

    fn carry_out(&mut self) -> Result<(), Ended> {
        while self.began.elapsed() < self.plan.lasting {
            thread::sleep(self.herd.until_trouble());
            self.herd.make_trouble()?;
            self.herd.look_after(Instant::now())?;
            self.look()?;
        }
        self.herd.gather()?;
        self.ground().enough.store(true);
        while !self.herd.have_ended()? {
            thread::sleep(GLANCE);
            self.look()?;
        }
        Ok(())
    }

    fn look(&mut self) -> Result<(), Ended> {
        if self.budget.until.is_some_and(|until| Instant::now() >= until) {
            return Err(Ended::OutOfTime);
        }
        if self.looked.elapsed() < LOOKS {
            return Ok(());
        }
        self.looked = Instant::now();
        let ground = self.herd.ground();
        let mut acknowledged = 0;
        let mut stuck = None;
        for (kind, watch) in &mut self.watches {
            let done = ground.done(*kind);
            // Those who do nothing else are so many times as fast that one would see nothing but them.
            acknowledged += if kind.is_apart() { 0 } else { done };
            // After the end it is not done any more, and somebody may still be about to end.
            let ends = u64::from(ground.enough.load());
            if watch.is_stuck(done + ends) && stuck.is_none() {
                stuck = Some(*kind);
            }
        }
        let after = self.began.elapsed();
        if !ground.enough.load() {
            self.chart.look(after, acknowledged);
            self.progress.report(after.as_secs(), self.plan.lasting.as_secs(), "seconds");
        }
        stuck.map_or(Ok(()), |kind| Err(Ended::Stuck(self.who_is_in(kind))))
    }

    fn who_is_in(&self, kind: Kind) -> String {
        let lanes = self.ground().lanes.iter().enumerate();
        let inside = lanes.filter(|(_, lane)| lane.doing.load() == kind.index() as u64 + 1);
        let inside: Vec<String> = inside
            .map(|(number, lane)| match lane.begun.load() {
                0 => format!("a fork of process {}", number + 1 - super::plan::MOST_PROCESSES),
                id => format!("process {} ({id}), which {}", number + 1, condition(id)),
            })
            .collect();
        let (name, seconds) = (kind.name(), self.plan.watchdog.as_secs());
        let who = if inside.is_empty() { "nobody".to_owned() } else { inside.join("; ") };
        format!("`{name}`: nobody got on for {seconds} s; in it: {who}")
    }

    /// What came of it. The account is whole only if it has come to its end.
    fn tell(&mut self, soaked: &mut Soaked) {
        let ground = self.herd.ground();
        for kind in Kind::all(self.plan.broken) {
            let total = match soaked.ended {
                Ended::Finished => kind.total(ground, self.herd.folder(), &Indifferent).map(Some),
                _ => Ok(None),
            };
            let total = total.unwrap_or_else(|words| {
                soaked.ended = Ended::Failed(format!("`{}`: {words}", kind.name()));
                None
            });
            let acknowledged = ground.done(kind);
            soaked.accounts.push(Account { name: kind.name(), acknowledged, total });
        }
        soaked.troubles = Troubles {
            forks: ground.forks.get(),
            killed_forks: ground.forks.get().saturating_sub(ground.returned.get()),
            told: ground.told(),
            ..self.herd.troubles
        };
        soaked.audits = ground.audits.get();
        soaked.course = self.chart.course();
        soaked.longest_stall =
            self.watches.iter().map(|(_, watch)| watch.longest_stall()).max().unwrap_or_default();
        soaked.veteran = [0, 1].map(|when| Own {
            descriptors: ground.veteran.descriptors[when].load(),
            memory_kib: ground.veteran.memory[when].load(),
        });
    }
}
