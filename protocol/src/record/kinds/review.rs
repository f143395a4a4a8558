//! Records about a case after its submission: decisions, notes, erasure.

use crate::id::{BlobHash, CaseId, Millis, RecordHash};
use minicbor::{Decode, Encode};

/// Outcome of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Verdict {
    /// The photo is accepted.
    #[n(0)]
    Approve,
    /// The photo goes back for a recapture.
    #[n(1)]
    Return,
}

/// Reviewing office: decides on one submission.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Decided {
    /// The case.
    #[n(0)]
    pub case: CaseId,
    /// The submission that the reviewer saw.
    #[n(1)]
    pub submission: RecordHash,
    /// Approve or return.
    #[n(2)]
    pub verdict: Verdict,
    /// Coded reasons; at least one for a return.
    #[n(3)]
    pub reasons: Vec<String>,
    /// Earlier decisions that this one closes, by name.
    #[n(4)]
    pub resolves: Vec<RecordHash>,
    /// Staff number of the reviewer.
    #[n(5)]
    pub operator: u32,
    /// The office's clock.
    #[n(6)]
    pub at_ms: Millis,
}

/// Anyone with a part in the case: one change of its shared note.
///
/// The raw Automerge change stands in a sealed payload and not in the entry: a note is free text and may name a person,
/// and what stands in the log can never be erased.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DocChanged {
    /// The case whose note it is.
    #[n(0)]
    pub case: CaseId,
    /// The sealed payload (age): the raw change.
    #[n(1)]
    pub payload: BlobHash,
    /// Staff number of the writer.
    #[n(2)]
    pub operator: u32,
    /// The office's clock.
    #[n(3)]
    pub at_ms: Millis,
}

/// Capturing office: payload, blobs and salt of a submission were deleted. The log keeps their hashes and still verifies.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Erased {
    /// The case.
    #[n(0)]
    pub case: CaseId,
    /// The submission whose data are gone.
    #[n(1)]
    pub submission: RecordHash,
    /// The sealed payload that was deleted, and with it the salt of every commitment made under it.
    #[n(2)]
    pub payload: BlobHash,
    /// Other blobs that were deleted.
    #[n(3)]
    pub blobs: Vec<BlobHash>,
    /// The commitment that nobody can open any more.
    #[n(4)]
    pub applicant: BlobHash,
    /// Coded reason.
    #[n(5)]
    pub reason: String,
    /// Staff number of the operator.
    #[n(6)]
    pub operator: u32,
    /// The office's clock.
    #[n(7)]
    pub at_ms: Millis,
}
