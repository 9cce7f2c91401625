//! The states that were found, as bytes, each once.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::BuildHasher;

/// A state's number: in the order in which they were found.
pub(super) type Id = u32;

/// All states so far.
#[derive(Debug)]
pub(super) struct Store {
    bytes: Vec<u8>,
    /// Where each one ends.
    ends: Vec<u64>,
    parents: Vec<Id>,
    table: HashTable<Id>,
    hasher: FixedState,
}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            ends: vec![0],
            parents: Vec::new(),
            table: HashTable::new(),
            hasher: FixedState::default(),
        }
    }

    /// Adds a state that was found from another one; its number, and whether it is new.
    pub(super) fn add(&mut self, state: &[u8], parent: Id) -> (Id, bool) {
        let hash = self.hasher.hash_one(state);
        let Self { bytes, ends, table, hasher, .. } = self;
        let of = |id: Id| {
            let id = id as usize;
            &bytes[ends[id] as usize..ends[id + 1] as usize]
        };
        if let Some(known) = table.find(hash, |id| of(*id) == state) {
            return (*known, false);
        }
        let id = self.parents.len() as Id;
        table.insert_unique(hash, id, |id| hasher.hash_one(of(*id)));
        self.bytes.extend_from_slice(state);
        self.ends.push(self.bytes.len() as u64);
        self.parents.push(parent);
        (id, true)
    }

    pub(super) fn get(&self, id: Id) -> &[u8] {
        let id = id as usize;
        &self.bytes[self.ends[id] as usize..self.ends[id + 1] as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.parents.len()
    }

    /// How many bytes of memory this takes, about.
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity()
            + self.ends.capacity() * 8
            + self.parents.capacity() * 4
            + self.table.allocation_size()
    }

    /// The states from the first one to this one, each found from the one before.
    pub(super) fn path(&self, to: Id) -> Vec<Id> {
        let mut path = vec![to];
        let mut at = to;
        while at != 0 {
            at = self.parents[at as usize];
            path.push(at);
        }
        path.reverse();
        path
    }
}
