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

    pub(super) fn hash(&self, state: &[u8]) -> u64 {
        self.hasher.hash_one(state)
    }

    /// The state's number, if it was found before.
    pub(super) fn find(&self, hash: u64, state: &[u8]) -> Option<Id> {
        self.table.find(hash, |id| self.get(*id) == state).copied()
    }

    /// Adds a state with this hash that was found from another one. Returns its number.
    pub(super) fn add(&mut self, hash: u64, state: &[u8], parent: Id) -> Id {
        if let Some(known) = self.find(hash, state) {
            return known;
        }
        let Self { bytes, ends, table, hasher, .. } = self;
        let of = |id: Id| {
            let id = id as usize;
            &bytes[ends[id] as usize..ends[id + 1] as usize]
        };
        // Otherwise a state would be taken for another, and what was never looked at for proved.
        let id = Id::try_from(self.parents.len()).expect("fewer states than there are numbers");
        table.insert_unique(hash, id, |id| hasher.hash_one(of(*id)));
        self.bytes.extend_from_slice(state);
        self.ends.push(self.bytes.len() as u64);
        self.parents.push(parent);
        id
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
