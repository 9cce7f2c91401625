//! Rows of two parts added to one CSV file, as `lockproof demo csv`: whoever finds it empty begins with a header.
//!
//! With the lock the file is replaced. What it had before is in the new one, too; so here the new row is written behind the file's
//! end, and the renaming puts the end behind it. Nobody is told that the one before died: what it wrote and did not rename is
//! written over.

use lockproof::raw::RawMutex;

use super::{Sheet, in_a_row, lock, unlock};
use crate::model::{
    CONTENTION, DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, WAIT, violated,
};
use crate::platform::{Facts, World};

/// How many parts a row has, each written for itself.
const PARTS: u64 = 2;
/// The header, of one part. A row's parts are two successive numbers above it.
const HEADER: u64 = 1;
const ADDED: &str = "rows added";

/// Clients that add a row each.
#[derive(Clone, Copy, Debug)]
pub struct CsvModel {
    /// How many.
    pub processes: usize,
    /// Whether one of them dies.
    pub deaths: bool,
    /// Whether the file is replaced under a lock.
    pub locked: bool,
}

/// What they share.
pub struct Results<W: World> {
    lock: RawMutex<W::RobustWord>,
    file: Sheet<W>,
}

impl<W: World> std::fmt::Debug for Results<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Results").finish_non_exhaustive()
    }
}

/// The parts of a client's row.
fn row(index: usize) -> [u64; PARTS as usize] {
    let first = HEADER + 1 + PARTS * index as u64;
    [first, first + 1]
}

impl<W: World> Results<W> {
    fn append(&self, p: &W, index: usize) {
        if self.file.len(p) == 0 {
            self.file.append(p, HEADER);
        }
        for part in row(index) {
            self.file.append(p, part);
        }
    }

    fn replace(&self, p: &W, index: usize) {
        lock(p, &self.lock);
        let mut end = self.file.len(p);
        let header = (end == 0).then_some(HEADER);
        for part in header.into_iter().chain(row(index)) {
            self.file.write_behind(p, end, part);
            end += 1;
        }
        self.file.end_at(p, end);
        unlock(p, &self.lock);
    }

    /// What is wrong with the file, as it is now.
    fn look(&self, p: &W) -> (Vec<u64>, Result<usize, String>) {
        let parts = self.file.read(p);
        let rows = match parts.split_first() {
            None => Ok(0),
            Some((&HEADER, rest)) => whole_rows(rest),
            Some(_) => Err("it does not begin with the header".to_owned()),
        };
        let rows = rows.map_err(|why| format!("{}: {why}", in_a_row(&parts)));
        (parts, rows)
    }
}

/// How many rows there are; why they are not whole, or not there once.
fn whole_rows(parts: &[u64]) -> Result<usize, String> {
    if parts.contains(&HEADER) {
        return Err("a second header".to_owned());
    }
    let mut rows: Vec<&[u64]> = parts.chunks(PARTS as usize).collect();
    let is_whole =
        |row: &&[u64]| matches!(row, [one, next] if *one > 0 && one % 2 == 0 && *next == one + 1);
    if !rows.iter().all(is_whole) {
        return Err("broken rows".to_owned());
    }
    let number = rows.len();
    rows.sort_unstable();
    rows.dedup();
    if rows.len() < number { Err("a row twice".to_owned()) } else { Ok(number) }
}

impl Model for CsvModel {
    type Shared<W: World> = Results<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Results<W> {
        // Without a lock, each may write a header.
        let room = self.processes * (1 + PARTS as usize);
        Results { lock: RawMutex::new(p.new_robust("lock file")), file: Sheet::new(p, room) }
    }

    fn process<W: World>(&self, p: &W, results: &Results<W>, index: usize, log: &Log) {
        if !self.locked {
            results.append(p, index);
        } else {
            // Whoever looks without a lock finds it whole.
            if let (_, Err(why)) = results.look(p) {
                violated(why);
            }
            results.replace(p, index);
        }
        log.count(ADDED);
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn end<W: World>(&self, p: &W, results: &Results<W>, log: &Log, facts: Facts) -> Outcome {
        let (parts, rows) = results.look(p);
        let (added, deaths) = (log.counted(ADDED), facts.deaths as u64);
        let wrong = match rows {
            Err(why) => Some(why),
            Ok(rows) if (rows as u64) < added => {
                Some(format!("{added} rows were added, and {rows} are there"))
            }
            Ok(rows) if rows as u64 > added + deaths => {
                Some(format!("{added} rows were added, and {rows} are there: too many"))
            }
            Ok(_) => None,
        };
        Outcome { result: in_a_row(&parts), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        if !self.locked {
            return vec![];
        }
        let mut all = vec![CONTENTION, WAIT];
        if self.deaths {
            all.extend([DEATH, DEATH_OF_A_HOLDER]);
        }
        all
    }
}
