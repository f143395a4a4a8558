//! A package: up to 256 consecutive entries of a log with what authenticates them.
//!
//! The receiver holds the first `start` entries. It appends the package's leaves to its own right edge; the root that results must be
//! that of the signed checkpoint, or be proved a prefix of it. So history counts by one signature and hashing, and a package may be
//! committed as soon as it verified, whatever happens to the next one.

use super::{SignedCheckpoint, checkpoint::CheckpointError, note::VerifierKey};
use crate::{
    id::PublicKey,
    limits::{ENTRY_BYTES_MAX, PACKAGE_ENTRIES_MAX, PROOF_HASHES_MAX},
    merkle::{Edge, Hash, leaf_hash, verify_consistency},
};
use minicbor::{Decode, Encode, bytes::ByteVec};

/// Entries `start..start + entries.len()` as received.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Package {
    /// Position of the first entry.
    #[n(0)]
    pub start: u64,
    /// The entries.
    #[n(1)]
    pub entries: Vec<ByteVec>,
    /// Note of a checkpoint that covers them.
    #[n(2)]
    pub checkpoint: String,
    /// Consistency proof from the tree that ends with the package to that of the checkpoint.
    #[n(3)]
    pub proof: Vec<minicbor::bytes::ByteArray<32>>,
}

/// Why a package is refused. Nothing of it counts then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// The checkpoint does not hold.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// It does not continue what is here.
    #[error("the package starts at {start}, here are {size} entries")]
    NotNext {
        /// Position of its first entry.
        start: u64,
        /// Entries here.
        size: u64,
    },
    /// Empty, too many entries, or an entry or proof beyond its bound.
    #[error("the package exceeds its bounds")]
    Bounds,
    /// The entries are not those that the checkpoint was signed over.
    #[error("the entries are not those that the checkpoint was signed over")]
    OtherHistory,
}

/// Entries proved to be the log's own.
#[derive(Debug)]
pub struct VerifiedPackage {
    /// Position of the first entry.
    pub start: u64,
    /// The entries, as received.
    pub entries: Vec<ByteVec>,
    /// The right edge after them.
    pub edge: Edge,
    /// Every subtree they complete: level, index, root.
    pub subtrees: Vec<(u8, u64, Hash)>,
    /// The checkpoint that covers them; it may be ahead of the edge.
    pub checkpoint: SignedCheckpoint,
    /// The log's key. A record in it by another author does not count.
    pub key: PublicKey,
}

impl Package {
    /// Authenticates the package against the edge of what is here.
    ///
    /// # Errors
    /// See [`PackageError`].
    pub fn verify(self, edge: &Edge, key: &VerifierKey) -> Result<VerifiedPackage, PackageError> {
        let bounded = (1..=PACKAGE_ENTRIES_MAX).contains(&self.entries.len())
            && self.entries.iter().all(|entry| entry.len() <= ENTRY_BYTES_MAX)
            && self.proof.len() <= PROOF_HASHES_MAX;
        if !bounded {
            return Err(PackageError::Bounds);
        }
        if self.start != edge.size() {
            return Err(PackageError::NotNext { start: self.start, size: edge.size() });
        }
        let checkpoint = SignedCheckpoint::verify(&self.checkpoint, key)?;
        let mut edge = edge.clone();
        let mut subtrees = Vec::with_capacity(2 * self.entries.len());
        for entry in &self.entries {
            edge.append(leaf_hash(entry), |level, index, hash| subtrees.push((level, index, hash)));
        }
        let proof: Vec<Hash> = self.proof.iter().map(|hash| **hash).collect();
        if !verify_consistency(edge.size(), checkpoint.size(), &proof, &edge.root(), checkpoint.root()) {
            return Err(PackageError::OtherHistory);
        }
        Ok(VerifiedPackage { start: self.start, entries: self.entries, edge, subtrees, checkpoint, key: key.key() })
    }
}
