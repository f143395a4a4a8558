//! Fork proofs: two checkpoints of one log, both signed by it, that cannot both be true. Anybody can verify one from its bytes.
//!
//! Two checkpoints of equal size and different root contradict each other by themselves. For different sizes the absence of a consistency
//! proof proves nothing; but the larger tree has one prefix of the smaller size, and a consistency proof (RFC 6962 §2.1.2) from a *different*
//! root of that size shows that the smaller checkpoint is not it. What both histories share may be proved as well; beyond that nothing counts.

use super::{
    LogPoint, SignedCheckpoint,
    note::{NoteError, VerifierKey},
};
use crate::{
    id::{Origin, RecordHash},
    limits::{BEGINNINGS_MAX, FORK_PROOF_BYTES_MAX, PROOF_HASHES_MAX},
    merkle::{self, Hash, Subtrees, verify_consistency},
};
use minicbor::{Decode, Encode, bytes::ByteArray};

type Path = Vec<ByteArray<32>>;

/// A history that both checkpoints extend.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Common {
    /// Entries that both share.
    #[n(0)]
    pub size: u64,
    /// Root over them.
    #[n(1)]
    pub root: RecordHash,
    /// Consistency proof from there to the smaller checkpoint.
    #[n(2)]
    pub to_smaller: Path,
    /// Consistency proof from there to the larger checkpoint.
    #[n(3)]
    pub to_larger: Path,
}

/// Sizes at which two histories are compared that share at least `from` entries and at most `to`: all of them where they are few, else so
/// many at equal distances, both ends among them.
pub fn probes(from: u64, to: u64) -> Vec<u64> {
    let width = to.saturating_sub(from);
    let step = width.div_ceil(BEGINNINGS_MAX as u64 - 1).max(1);
    let mut sizes: Vec<u64> =
        (0..BEGINNINGS_MAX as u64 - 1).map(|at| from.saturating_add(at * step)).take_while(|size| *size < to).collect();
    sizes.push(to);
    sizes
}

/// A fork proof as received; nothing of it is checked.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ForkProof {
    /// Note of the smaller checkpoint; of equal ones, any.
    #[n(0)]
    pub smaller: String,
    /// Note of the larger one.
    #[n(1)]
    pub larger: String,
    /// Root of the prefix that the larger tree has at the smaller one's size.
    #[n(2)]
    pub prefix: RecordHash,
    /// Consistency proof from that prefix to the larger checkpoint.
    #[n(3)]
    pub path: Path,
    /// What both share, where it is proved.
    #[n(4)]
    pub common: Option<Common>,
}

/// Why a fork proof proves no fork.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForkProofError {
    /// Not the form, or beyond its bounds.
    #[error("malformed fork proof: {0}")]
    Malformed(&'static str),
    /// A checkpoint does not hold.
    #[error(transparent)]
    Checkpoint(#[from] super::CheckpointError),
    /// The two checkpoints may both be true.
    #[error("the checkpoints are consistent, or nothing proves that they are not")]
    NoFork,
    /// The shared history is not proved.
    #[error("the shared history is not a prefix of both checkpoints")]
    NotCommon,
}

impl From<NoteError> for ForkProofError {
    fn from(error: NoteError) -> Self {
        Self::Checkpoint(error.into())
    }
}

/// Names a fork by its two points, in one order. Two proofs of one fork have one name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForkName {
    smaller: LogPoint,
    larger: LogPoint,
}

impl ForkName {
    /// The name of the fork between two points of one log; nothing where they are of two logs, or are the same.
    pub fn new(one: LogPoint, other: LogPoint) -> Option<Self> {
        let (smaller, larger) = if one <= other { (one, other) } else { (other, one) };
        (smaller.origin == larger.origin && smaller != larger).then_some(Self { smaller, larger })
    }
    /// Both points, smaller first.
    pub fn points(&self) -> (&LogPoint, &LogPoint) {
        (&self.smaller, &self.larger)
    }
}

/// A fork that was proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    name: ForkName,
    common: u64,
}

impl Fork {
    /// A fork that nobody proved.
    #[cfg(test)]
    pub(crate) fn unproved(one: LogPoint, other: LogPoint, common: u64) -> Self {
        Self { name: ForkName::new(one, other).unwrap(), common }
    }
    /// Its name.
    pub fn name(&self) -> &ForkName {
        &self.name
    }
    /// Entries that both histories are proved to share.
    pub fn common(&self) -> u64 {
        self.common
    }
}

impl ForkProof {
    /// The proof that a smaller checkpoint is not a beginning of the history held here; nothing where it is one. `tree` holds the entries of
    /// `held`; `agreed` is a size up to which the smaller one shares this history, with the consistency proof from there to the smaller
    /// one, as its holder gave it.
    ///
    /// # Errors
    /// As the source of subtrees.
    pub fn against<S: Subtrees>(
        held: &SignedCheckpoint,
        tree: &S,
        smaller: &SignedCheckpoint,
        agreed: Option<(u64, &[Hash])>,
    ) -> Result<Option<Self>, S::Error> {
        if smaller.origin() != held.origin() || smaller.size() > held.size() {
            return Ok(None);
        }
        let prefix = merkle::root(tree, smaller.size())?;
        if prefix == *smaller.root() {
            return Ok(None);
        }
        let path_from = |size| Ok(merkle::consistency_proof(tree, size, held.size())?.into_iter().map(Into::into).collect());
        let common = match agreed.filter(|(size, _)| *size <= smaller.size()) {
            Some((size, to_smaller)) => Some(Common {
                size,
                root: RecordHash(merkle::root(tree, size)?),
                to_smaller: to_smaller.iter().map(|hash| (*hash).into()).collect(),
                to_larger: path_from(size)?,
            }),
            None => None,
        };
        let path = path_from(smaller.size())?;
        Ok(Some(Self { smaller: smaller.note().to_owned(), larger: held.note().to_owned(), prefix: RecordHash(prefix), path, common }))
    }

    /// Origin line of the smaller checkpoint, to find the key to verify with; not trusted.
    pub fn claimed_origin(&self) -> Option<Origin> {
        self.smaller.lines().next()?.parse().ok()
    }

    /// Reads a proof.
    ///
    /// # Errors
    /// [`ForkProofError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ForkProofError> {
        if bytes.len() > FORK_PROOF_BYTES_MAX {
            return Err(ForkProofError::Malformed("too long"));
        }
        let mut decoder = minicbor::Decoder::new(bytes);
        let proof = decoder.decode().map_err(|_| ForkProofError::Malformed("not the array of a fork proof"))?;
        if decoder.position() == bytes.len() { Ok(proof) } else { Err(ForkProofError::Malformed("bytes follow the proof")) }
    }

    /// Writes a proof.
    pub fn encode(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to memory cannot fail")
    }

    /// Verifies that the log signed two histories.
    ///
    /// # Errors
    /// See [`ForkProofError`].
    pub fn verify(&self, key: &VerifierKey) -> Result<Fork, ForkProofError> {
        let (smaller, larger) = (SignedCheckpoint::verify(&self.smaller, key)?, SignedCheckpoint::verify(&self.larger, key)?);
        let contradicts = smaller.root() != &self.prefix.0
            && consistent(smaller.size(), larger.size(), &self.path, &self.prefix, larger.root())
            && smaller.size() <= larger.size();
        let name = ForkName::new(smaller.point(), larger.point()).filter(|_| contradicts).ok_or(ForkProofError::NoFork)?;
        let Some(common) = &self.common else { return Ok(Fork { name, common: 0 }) };
        let shared = common.size <= smaller.size()
            && consistent(common.size, smaller.size(), &common.to_smaller, &common.root, smaller.root())
            && consistent(common.size, larger.size(), &common.to_larger, &common.root, larger.root());
        if shared { Ok(Fork { name, common: common.size }) } else { Err(ForkProofError::NotCommon) }
    }
}

fn consistent(old: u64, new: u64, path: &Path, old_root: &RecordHash, new_root: &Hash) -> bool {
    // Bound: checked before the hashes are copied.
    let path: Vec<Hash> = path.iter().take(PROOF_HASHES_MAX + 1).map(|hash| **hash).collect();
    verify_consistency(old, new, &path, &old_root.0, new_root)
}
#[cfg(test)]
mod tests;
