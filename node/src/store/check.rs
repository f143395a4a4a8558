//! Does a stored log still say what was signed? Leaf by leaf, subtree by subtree, up to the root and its checkpoint.

use super::{Store, StoreError, StoredEntry};
use protocol::{
    id::Origin,
    log::{SignedCheckpoint, VerifierKey},
    merkle::{Edge, Subtrees, leaf_hash},
};

/// Entries looked at between two reports of progress.
const STEP: usize = 256;

/// Something stored that is not what was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The log.
    pub origin: Origin,
    /// Position, where one entry is meant.
    pub index: Option<u64>,
    /// What, as a sentence.
    pub reason: String,
}

/// A look through one log that can stop and go on.
pub struct LogCheck<'a> {
    store: &'a Store,
    origin: Origin,
    edge: Edge,
    size: u64,
    /// What was found so far.
    pub damage: Vec<Damage>,
}

impl<'a> LogCheck<'a> {
    /// Begins at the first entry of a log.
    pub fn new(store: &'a Store, origin: Origin) -> Self {
        let size = store.head(&origin).size;
        Self { store, origin, edge: Edge::default(), size, damage: Vec::new() }
    }

    fn damaged(&mut self, index: Option<u64>, reason: impl std::fmt::Display) {
        self.damage.push(Damage { origin: self.origin.clone(), index, reason: reason.to_string() });
    }

    /// Looks at up to 256 more entries, with their signatures or without; gives back how many, and 0 at the end.
    ///
    /// # Errors
    /// As the database.
    pub fn step(&mut self, signatures: bool) -> Result<u64, StoreError> {
        let start = self.edge.size();
        if start >= self.size {
            return Ok(0);
        }
        let count = STEP.min(usize::try_from(self.size - start).unwrap_or(STEP));
        let mut entries = self.store.entries(&self.origin, start, count)?.into_iter().peekable();
        for index in start..start + count as u64 {
            match entries.next_if(|entry| entry.index == index) {
                Some(entry) => self.look_at(&entry, signatures)?,
                None => {
                    self.damaged(Some(index), "the entry is missing");
                    self.advance(None)?;
                }
            }
        }
        Ok(count as u64)
    }

    fn look_at(&mut self, entry: &StoredEntry, signatures: bool) -> Result<(), StoreError> {
        let held = self.damage.len();
        self.advance(Some(leaf_hash(&entry.bytes)))?;
        // One that never held is marked so since it came; its bytes are still what was signed over.
        if signatures
            && self.damage.len() == held
            && let Err(error) = entry.verify()
            && !self.store.is_refused(&self.origin, entry.index)?
        {
            self.damaged(Some(entry.index), error);
        }
        Ok(())
    }

    /// Takes in the next leaf. The stored one stands in for one that is damaged, so that one flipped bit is one damage.
    fn advance(&mut self, leaf: Option<protocol::merkle::Hash>) -> Result<(), StoreError> {
        let index = self.edge.size();
        let stored = self.store.with_subtrees(&self.origin, |view| view.subtree(0, index)).ok().flatten();
        let Some(trusted) = stored.or(leaf) else { return Ok(()) };
        if stored.is_none() {
            self.damaged(Some(index), "its hash is missing from the tree");
        } else if leaf.is_some_and(|leaf| leaf != trusted) {
            self.damaged(Some(index), "the entry's hash is not the one in the tree");
        }
        let mut subtrees = Vec::new();
        self.edge.append(trusted, |level, at, hash| subtrees.push((level, at, hash)));
        for (level, at, hash) in subtrees.into_iter().filter(|(level, ..)| *level > 0) {
            let stored = self.store.with_subtrees(&self.origin, |view| view.subtree(level, at)).ok().flatten();
            if stored != Some(hash) {
                self.damaged(None, format_args!("subtree {level}/{at} is not what its entries hash to"));
            }
        }
        Ok(())
    }

    /// Compares the end with the root and the signed checkpoint.
    ///
    /// # Errors
    /// As the database.
    pub fn finish(mut self, key: Option<&VerifierKey>) -> Result<Vec<Damage>, StoreError> {
        let head = self.store.head(&self.origin);
        if self.edge.size() == head.size && self.edge.root() != head.root {
            self.damaged(None, "the root over all entries is not the stored one");
        }
        match key.map(|key| SignedCheckpoint::verify(&head.note, key)) {
            Some(Ok(signed)) => {
                let root = self.store.with_subtrees(&self.origin, |view| protocol::merkle::root(view, signed.size()))?;
                if signed.size() > head.size || root.is_some_and(|root| root != *signed.root()) {
                    self.damaged(None, format_args!("the signed checkpoint over {} entries does not fit them", signed.size()));
                }
            }
            // A log of which only a part came so far has no checkpoint over exactly what is here.
            _ if head.note.is_empty() => {}
            Some(Err(error)) => self.damaged(None, format_args!("checkpoint: {error}")),
            None => self.damaged(None, "no enrolled office writes this log"),
        }
        Ok(self.damage)
    }
}
