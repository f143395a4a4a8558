//! Does a stored log still say what was signed? Leaf by leaf, subtree by subtree, up to the root and its checkpoint.

use super::{Store, StoreError, StoredEntry};
use protocol::{
    id::Origin,
    log::{SignedCheckpoint, VerifierKey},
    merkle::{Edge, Subtrees, leaf_hash},
};

/// Entries looked at between two reports of progress.
const STEP: usize = 256;

/// What kind of thing is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DamageKind {
    /// An entry is not what its leaf in the tree says, or is missing.
    Entry,
    /// A hash of the tree is not that of its entries.
    Tree,
    /// The tree and the entry agree, and the record in it was never signed like this.
    Signed,
    /// The signed checkpoint does not fit.
    Checkpoint,
}

/// Something stored that is not what was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The log.
    pub origin: Origin,
    /// Position, where one entry is meant.
    pub index: Option<u64>,
    /// Of what kind.
    pub kind: DamageKind,
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
    /// Bytes of entries that were read.
    pub bytes: u64,
}

impl<'a> LogCheck<'a> {
    /// Begins at the first entry of a log.
    pub fn new(store: &'a Store, origin: Origin) -> Self {
        let size = store.head(&origin).size;
        Self { store, origin, edge: Edge::default(), size, damage: Vec::new(), bytes: 0 }
    }

    /// Goes on at a position, and takes the hashes before it as they are kept.
    ///
    /// # Errors
    /// As the database, or a hash before it is missing.
    pub fn resume(store: &'a Store, origin: Origin, position: u64) -> Result<Self, StoreError> {
        let mut check = Self::new(store, origin);
        check.jump(position.min(check.size))?;
        Ok(check)
    }

    fn jump(&mut self, position: u64) -> Result<(), StoreError> {
        let edge = self.store.with_subtrees(&self.origin, |view| Edge::load(view, position))?;
        self.edge = edge.unwrap_or_default();
        Ok(())
    }

    /// Passes over as many entries as a step looks at; gives back how many, and 0 at the end.
    ///
    /// # Errors
    /// As the database.
    pub fn skip(&mut self) -> Result<u64, StoreError> {
        let from = self.edge.size();
        self.jump((from + STEP as u64).min(self.size))?;
        Ok(self.edge.size() - from)
    }

    /// The next entry to look at.
    pub fn position(&self) -> u64 {
        self.edge.size()
    }

    fn damaged(&mut self, kind: DamageKind, index: Option<u64>, reason: impl std::fmt::Display) {
        self.damage.push(Damage { origin: self.origin.clone(), index, kind, reason: reason.to_string() });
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
                    self.damaged(DamageKind::Entry, Some(index), "the entry is missing");
                    self.advance(None)?;
                }
            }
        }
        Ok(count as u64)
    }

    fn look_at(&mut self, entry: &StoredEntry, signatures: bool) -> Result<(), StoreError> {
        let held = self.damage.len();
        self.bytes += entry.bytes.len() as u64;
        let leaf = leaf_hash(&entry.bytes);
        let index = self.edge.size();
        self.advance(Some(leaf))?;
        // Its own signature tells which of the two decayed.
        if let Some(found) = self.damage.get_mut(held..).and_then(|found| found.first_mut())
            && (found.kind, found.index) == (DamageKind::Entry, Some(index))
            && entry.verify().is_ok()
        {
            found.kind = DamageKind::Tree;
            found.reason = "its hash in the tree is not that of the entry, which is as signed".into();
        }
        // One that never held is marked so since it came; its bytes are still what was signed over.
        if signatures
            && self.damage.len() == held
            && let Err(error) = entry.verify()
            && !self.store.is_refused(&self.origin, entry.index)?
        {
            self.damaged(DamageKind::Signed, Some(entry.index), error);
        }
        Ok(())
    }

    /// Takes in the next leaf. The stored one stands in for one that is damaged, so that one flipped bit is one damage.
    fn advance(&mut self, leaf: Option<protocol::merkle::Hash>) -> Result<(), StoreError> {
        let index = self.edge.size();
        let stored = self.store.with_subtrees(&self.origin, |view| view.subtree(0, index)).ok().flatten();
        let Some(trusted) = stored.or(leaf) else { return Ok(()) };
        if stored.is_none() {
            self.damaged(DamageKind::Tree, Some(index), "its hash is missing from the tree");
        } else if leaf.is_some_and(|leaf| leaf != trusted) {
            self.damaged(DamageKind::Entry, Some(index), "the entry's hash is not the one in the tree");
        }
        let mut subtrees = Vec::new();
        self.edge.append(trusted, |level, at, hash| subtrees.push((level, at, hash)));
        for (level, at, hash) in subtrees.into_iter().filter(|(level, ..)| *level > 0) {
            let stored = self.store.with_subtrees(&self.origin, |view| view.subtree(level, at)).ok().flatten();
            if stored != Some(hash) {
                self.damaged(DamageKind::Tree, None, format_args!("subtree {level}/{at} is not what its entries hash to"));
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
            self.damaged(DamageKind::Tree, None, "the root over all entries is not the stored one");
        }
        match key.map(|key| SignedCheckpoint::verify(&head.note, key)) {
            Some(Ok(signed)) => {
                let root = self.store.with_subtrees(&self.origin, |view| protocol::merkle::root(view, signed.size()))?;
                if signed.size() > head.size || root.is_some_and(|root| root != *signed.root()) {
                    self.damaged(
                        DamageKind::Checkpoint,
                        None,
                        format_args!("the signed checkpoint over {} entries does not fit them", signed.size()),
                    );
                }
            }
            // A log of which only a part came so far has no checkpoint over exactly what is here.
            _ if head.note.is_empty() => {}
            Some(Err(error)) => self.damaged(DamageKind::Checkpoint, None, format_args!("checkpoint: {error}")),
            None => self.damaged(DamageKind::Checkpoint, None, "no enrolled office writes this log"),
        }
        Ok(self.damage)
    }
}
