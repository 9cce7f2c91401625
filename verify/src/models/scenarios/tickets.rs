//! Tickets from a file, as `lockproof demo tickets`: each looks what is left, and buys.
//!
//! With the lock the file is replaced, so that who looks without a lock finds it whole. Without, it is made empty and then written,
//! as `File::create` and `write` do.

use lockproof::platform::Ordering::{Acquire, Release};
use lockproof::raw::RawMutex;

use super::{lock, unlock};
use crate::model::{
    CONTENTION, DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, WAIT, violated,
};
use crate::platform::{Facts, World};

const BOUGHT: &str = "tickets bought";
const SOLD_OUT: &str = "told that they are sold out";
const TORN: &str = "empty files read";

/// Clients who buy.
#[derive(Clone, Copy, Debug)]
pub struct TicketsModel {
    /// How many.
    pub processes: usize,
    /// How many tickets each tries to buy.
    pub increments: usize,
    /// How many tickets there are.
    pub tickets: usize,
    /// Whether one of them dies.
    pub deaths: bool,
    /// Whether the file is changed under the lock, and replaced.
    pub locked: bool,
}

/// The file, and what it takes to change it. What is in it is told by how many tickets are gone, as words begin with 0.
pub struct Shop<W: World> {
    lock: RawMutex<W::RobustWord>,
    file: W::Word64,
    /// What is to replace the file.
    temporary: W::Word64,
}

impl<W: World> std::fmt::Debug for Shop<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shop").finish_non_exhaustive()
    }
}

impl<W: World> Shop<W> {
    /// How many are left; none if the file is empty.
    fn read(&self, p: &W, at_first: u64) -> Option<u64> {
        match p.load64(&self.file, Acquire) {
            EMPTY => None,
            gone => Some(at_first - gone),
        }
    }

    fn write(&self, p: &W, left: u64, at_first: u64) {
        p.store64(&self.file, EMPTY, Release);
        p.store64(&self.file, at_first - left, Release);
    }

    fn replace(&self, p: &W, left: u64, at_first: u64) {
        p.store64(&self.temporary, EMPTY, Release);
        p.store64(&self.temporary, at_first - left, Release);
        // The renaming.
        p.store64(&self.file, at_first - left, Release);
    }
}

/// An empty file: no number of tickets is so large.
const EMPTY: u64 = 1000;

impl TicketsModel {
    const fn tickets(&self) -> u64 {
        self.tickets as u64
    }

    fn buy_without_lock<W: World>(&self, p: &W, shop: &Shop<W>, log: &Log) {
        match shop.read(p, self.tickets()) {
            None => log.count(TORN),
            Some(0) => log.count(SOLD_OUT),
            Some(left) => {
                shop.write(p, left - 1, self.tickets());
                log.count(BOUGHT);
            }
        }
    }

    fn buy<W: World>(&self, p: &W, shop: &Shop<W>, log: &Log) {
        if shop.read(p, self.tickets()).is_none() {
            violated("who looked without a lock found an empty file");
        }
        lock(p, &shop.lock);
        match shop.read(p, self.tickets()) {
            None => violated("the file is empty under the lock"),
            Some(0) => log.count(SOLD_OUT),
            Some(left) => {
                shop.replace(p, left - 1, self.tickets());
                log.count(BOUGHT);
            }
        }
        unlock(p, &shop.lock);
    }
}

impl Model for TicketsModel {
    type Shared<W: World> = Shop<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Shop<W> {
        Shop {
            lock: RawMutex::new(p.new_robust("lock file")),
            file: p.new_word64("file"),
            temporary: p.new_word64("new file"),
        }
    }

    fn process<W: World>(&self, p: &W, shop: &Shop<W>, _: usize, log: &Log) {
        let scope = p.scope();
        for round in 0..self.increments {
            p.at(scope, round);
            if self.locked {
                self.buy(p, shop, log);
            } else {
                self.buy_without_lock(p, shop, log);
            }
        }
    }

    fn end<W: World>(&self, p: &W, shop: &Shop<W>, log: &Log, facts: Facts) -> Outcome {
        let left = shop.read(p, self.tickets());
        let (bought, sold_out, torn) =
            (log.counted(BOUGHT), log.counted(SOLD_OUT), log.counted(TORN));
        let gone = left.map(|left| self.tickets() - left);
        let wrong = match gone {
            None => Some("the file is empty".to_owned()),
            Some(gone) if bought > gone => {
                Some(format!("{bought} were bought, and {gone} are gone: sold twice"))
            }
            Some(gone) if gone > bought + facts.deaths as u64 => {
                Some(format!("{gone} are gone, and {bought} were bought: lost"))
            }
            Some(_) if sold_out > 0 && left > Some(0) => {
                Some(format!("sold out, it was said, and {left:?} are left"))
            }
            Some(_) if torn > 0 => Some(format!(
                "an empty file was read ({EMPTY} stands for that): whoever writes it empties it first, and nobody was kept from \
                 reading it before it was filled"
            )),
            Some(_) => None,
        };
        let left = left.map_or_else(|| "an empty file".to_owned(), |left| left.to_string());
        let torn = if torn > 0 { format!(", {torn} empty") } else { String::new() };
        Outcome { result: format!("{bought} bought, {sold_out} refused{torn}, left {left}"), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        if !self.locked {
            return vec![];
        }
        let mut all = vec![CONTENTION, WAIT];
        if self.tickets < self.processes * self.increments {
            all.push(Sometimes { what: SOLD_OUT, happened: |_, log| log.counted(SOLD_OUT) > 0 });
        }
        if self.deaths {
            all.extend([DEATH, DEATH_OF_A_HOLDER]);
        }
        all
    }
}
