//! Blocks of lines appended to one file, as `lockproof demo append`: two lines each. The lock is held for a whole block; it protects
//! how long the file is up to the last whole one. Every other process releases it by hand, also when it could not write, as
//! happens first.

use lockproof::raw::RawMutex;

use super::{Sheet, in_a_row, lock, unlock};
use crate::model::{CONTENTION, DEATH, DEATH_OF_A_HOLDER, Log, Model, Outcome, Sometimes, WAIT};
use crate::platform::{Facts, World};

/// How many lines a block has.
const LINES: usize = 2;
const WRITTEN: &str = "blocks written";
const FAILED: &str = "writes that failed";
const REPAIRED: &str = "half a block removed";

/// How the lock is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Not at all.
    Unlocked,
    /// For a whole block, and released whether or not that could be written.
    Locked,
    /// The same, but not released when it could not be written.
    Kept,
}

/// Writers that append a block each.
#[derive(Clone, Copy, Debug)]
pub struct AppendModel {
    /// How they keep the lock.
    pub how: Use,
    /// How many.
    pub processes: usize,
    /// Whether one of them dies.
    pub deaths: bool,
}

/// What they share.
pub struct Notebook<W: World> {
    lock: RawMutex<W::RobustWord>,
    /// Up to there, all blocks are whole.
    whole: W::Cell,
    file: Sheet<W>,
}

impl<W: World> std::fmt::Debug for Notebook<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notebook").finish_non_exhaustive()
    }
}

impl<W: World> Notebook<W> {
    /// Takes the lock, and removes what a dead holder has left.
    fn lock(&self, p: &W, log: &Log) {
        if lock(p, &self.lock) {
            self.file.end_at(p, p.cell_get(&self.whole) as u32);
            log.count(REPAIRED);
        }
    }

    fn write_block(&self, p: &W, index: usize) {
        for _ in 0..LINES {
            self.file.append(p, index as u64 + 1);
        }
    }
}

impl AppendModel {
    fn append<W: World>(&self, p: &W, notebook: &Notebook<W>, index: usize, log: &Log) {
        if index % 2 == 1 {
            notebook.lock(p, log);
            // Nothing could be written: that changes nothing that others see.
            log.count(FAILED);
            if self.how != Use::Kept {
                unlock(p, &notebook.lock);
            }
        }
        notebook.lock(p, log);
        notebook.write_block(p, index);
        p.cell_set(&notebook.whole, notebook.file.len(p).into());
        unlock(p, &notebook.lock);
        log.count(WRITTEN);
    }
}

impl Model for AppendModel {
    type Shared<W: World> = Notebook<W>;

    fn processes(&self) -> usize {
        self.processes
    }

    fn share<W: World>(&self, p: &W) -> Notebook<W> {
        Notebook {
            lock: RawMutex::new(p.new_robust("lock")),
            whole: p.new_cell("whole"),
            file: Sheet::new(p, LINES * self.processes),
        }
    }

    fn process<W: World>(&self, p: &W, notebook: &Notebook<W>, index: usize, log: &Log) {
        if self.how == Use::Unlocked {
            notebook.write_block(p, index);
            log.count(WRITTEN);
        } else {
            self.append(p, notebook, index, log);
        }
    }

    fn is_symmetric(&self) -> bool {
        false
    }

    fn end<W: World>(&self, p: &W, notebook: &Notebook<W>, log: &Log, facts: Facts) -> Outcome {
        if self.how != Use::Unlocked {
            notebook.lock(p, log);
        }
        let lines = notebook.file.read(p);
        if self.how != Use::Unlocked {
            unlock(p, &notebook.lock);
        }
        let blocks: Vec<_> = lines.chunk_by(|one, next| one == next).collect();
        let whole = blocks.iter().filter(|block| block.len() == LINES && block[0] > 0).count();
        let (written, deaths) = (log.counted(WRITTEN), facts.deaths as u64);
        let wrong = if whole < blocks.len() {
            Some(format!(
                "the blocks are mixed: {}; nobody was kept from writing between two lines of another's",
                in_a_row(&lines)
            ))
        } else if (whole as u64) < written {
            Some(format!("{written} blocks were written, and {whole} are there"))
        } else if whole as u64 > written + deaths {
            Some(format!("{written} blocks were written, and {whole} are there: too many"))
        } else {
            None
        };
        Outcome { result: in_a_row(&lines), wrong }
    }

    fn sometimes(&self) -> Vec<Sometimes> {
        if self.how == Use::Unlocked {
            return vec![];
        }
        let failed = Sometimes { what: FAILED, happened: |_, log| log.counted(FAILED) > 0 };
        let repaired = Sometimes { what: REPAIRED, happened: |_, log| log.counted(REPAIRED) > 0 };
        let mut all = vec![CONTENTION, WAIT, failed];
        if self.deaths {
            all.extend([DEATH, DEATH_OF_A_HOLDER, repaired]);
        }
        all
    }
}
