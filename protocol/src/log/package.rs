//! A package: up to 256 consecutive entries of a log with what authenticates them.
//!
//! The receiver holds the first `start` entries. It appends the package's leaves to its own right edge; the root that results must be
//! that of the signed checkpoint, or be proved a prefix of it. So history counts by one signature and hashing, and a package may be
//! committed as soon as it verified, whatever happens to the next one.

use super::{LogPoint, SignedCheckpoint, checkpoint::CheckpointError, note::VerifierKey};
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
    /// The log's key signed them, but the province named another history of this size.
    #[error("the province named another history: {0}")]
    NotTheNamed(LogPoint),
    /// The reader's own log of an epoch before, behind the end that it gave it.
    #[error("this office ended that log at {0} entries, and an old key signed on")]
    BeyondOwnEnd(u64),
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
    /// Consistency proof from the edge to the checkpoint: with it the entries can be passed on although the rest never comes.
    pub proof: Vec<Hash>,
    /// The log's key. A record in it by another author does not count.
    pub key: PublicKey,
}

impl Package {
    /// Authenticates the package against the edge of what is here. `named` are histories of this log that the province named
    /// ([`crate::membership::Membership::named`]): a package that contradicts one is of a branch that is not believed.
    ///
    /// # Errors
    /// See [`PackageError`].
    pub fn verify<'a>(
        self,
        edge: &Edge,
        key: &VerifierKey,
        named: impl IntoIterator<Item = &'a LogPoint>,
    ) -> Result<VerifiedPackage, PackageError> {
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
        let mut named: Vec<&LogPoint> =
            named.into_iter().filter(|point| point.origin == *key.origin() && point.size > edge.size()).collect();
        named.sort_by_key(|point| std::cmp::Reverse(point.size));
        for entry in &self.entries {
            edge.append(leaf_hash(entry), |level, index, hash| subtrees.push((level, index, hash)));
            while let Some(point) = named.pop_if(|point| point.size == edge.size()) {
                if edge.root() != point.root.0 {
                    return Err(PackageError::NotTheNamed(point.clone()));
                }
            }
        }
        let proof: Vec<Hash> = self.proof.iter().map(|hash| **hash).collect();
        if !verify_consistency(edge.size(), checkpoint.size(), &proof, &edge.root(), checkpoint.root()) {
            return Err(PackageError::OtherHistory);
        }
        Ok(VerifiedPackage { start: self.start, entries: self.entries, edge, subtrees, checkpoint, proof, key: key.key() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::RecordHash, keys::OfficeKey, log::Checkpoint};

    #[test]
    fn a_branch_that_the_province_did_not_name_is_refused() {
        let key = OfficeKey::from_seed(&[5; 32]);
        let log = VerifierKey::new("demo.huizhi/office/44030001/1".parse().unwrap(), key.public());
        let (mut edge, mut roots) = (Edge::default(), vec![Edge::default().root()]);
        let entries: Vec<ByteVec> = (0..5_u8).map(|at| vec![at].into()).collect();
        for entry in &entries {
            edge.append(leaf_hash(entry), |_, _, _| {});
            roots.push(edge.root());
        }
        let checkpoint = Checkpoint { origin: log.origin().clone(), size: 5, root: edge.root() }.sign(&key).note().to_owned();
        let package = Package { start: 0, entries, checkpoint, proof: vec![] };
        let named = |size: u64, root: Hash| LogPoint { origin: log.origin().clone(), size, root: RecordHash(root) };
        let verify = |named: &[LogPoint]| package.clone().verify(&Edge::default(), &log, named).map(|_| ());
        assert_eq!(verify(&[named(3, roots[3]), named(5, roots[5]), named(9, [1; 32])]), Ok(()));
        for size in [1, 3, 5] {
            let wrong = named(size, [1; 32]);
            assert_eq!(verify(&[named(4, roots[4]), wrong.clone()]), Err(PackageError::NotTheNamed(wrong)));
        }
    }
}
