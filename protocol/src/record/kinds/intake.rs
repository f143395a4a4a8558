//! Records of the capturing office: facts of intake as commitments, submission and withdrawal.

use crate::id::{BlobHash, CaseId, Millis, RecordHash, SpecHash};
use minicbor::{Decode, Encode};

/// Capturing office: the applicant agreed to what was put before them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Consented {
    /// The case.
    #[n(0)]
    pub case: CaseId,
    /// Salted commitment to the applicant, see [`crate::commitment::applicant`].
    #[n(1)]
    pub applicant: BlobHash,
    /// SHA-256 of the statement agreed to.
    #[n(2)]
    pub statement: BlobHash,
    /// The sealed payload (age): signature or form, where there is one.
    #[n(3)]
    pub payload: Option<BlobHash>,
    /// Staff number of the operator.
    #[n(4)]
    pub operator: u32,
    /// The office's clock.
    #[n(5)]
    pub at_ms: Millis,
}

/// Capturing office: an identity check was made, with success or without.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct IdentityChecked {
    /// The case.
    #[n(0)]
    pub case: CaseId,
    /// Salted commitment to the applicant.
    #[n(1)]
    pub applicant: BlobHash,
    /// Commitment that is equal for one person in the whole federation, so that failures are counted across offices.
    #[n(2)]
    pub subject: BlobHash,
    /// Coded method, for example `card_reader`.
    #[n(3)]
    pub method: String,
    /// Whether it held.
    #[n(4)]
    pub passed: bool,
    /// Staff number of the operator.
    #[n(5)]
    pub operator: u32,
    /// The office's clock.
    #[n(6)]
    pub at_ms: Millis,
}

/// Capturing office: the applicant was looked up in a register of who may apply.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EligibilityMatched {
    /// The case.
    #[n(0)]
    pub case: CaseId,
    /// Salted commitment to the applicant.
    #[n(1)]
    pub applicant: BlobHash,
    /// Id of the register.
    #[n(2)]
    pub register: String,
    /// Salted commitment to the entry found.
    #[n(3)]
    pub entry: BlobHash,
    /// Whether the applicant may apply.
    #[n(4)]
    pub matched: bool,
    /// Staff number of the operator.
    #[n(5)]
    pub operator: u32,
    /// The office's clock.
    #[n(6)]
    pub at_ms: Millis,
}

/// Capturing office: a fee was taken.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FeePaid {
    /// The case.
    #[n(0)]
    pub case: CaseId,
    /// Amount in fen (1/100 yuan).
    #[n(1)]
    pub amount_fen: u64,
    /// Salted commitment to the reference of the payment.
    #[n(2)]
    pub reference: BlobHash,
    /// Coded way of payment.
    #[n(3)]
    pub method: String,
    /// Staff number of the operator.
    #[n(4)]
    pub operator: u32,
    /// The office's clock.
    #[n(5)]
    pub at_ms: Millis,
}

/// Capturing office: hands a case to review.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Submitted {
    /// The case.
    #[n(0)]
    pub case: CaseId,
    /// Spec that the photo was made by.
    #[n(1)]
    pub spec: SpecHash,
    /// The standardized photo.
    #[n(2)]
    pub photo: BlobHash,
    /// The untouched original.
    #[n(3)]
    pub original: BlobHash,
    /// The sealed payload (age): applicant, salt, check report.
    #[n(4)]
    pub payload: BlobHash,
    /// Salted commitment to the applicant, see [`crate::commitment::applicant`].
    #[n(5)]
    pub applicant: BlobHash,
    /// SHA-256 of the check report inside the payload.
    #[n(6)]
    pub report: BlobHash,
    /// What was done to the photo, in order.
    #[n(7)]
    pub operations: Vec<String>,
    /// What located the face: names and versions of the models, or `marks`.
    #[n(8)]
    pub located_by: String,
    /// Number of checks that failed.
    #[n(9)]
    pub failed_checks: u32,
    /// The returned submission that this recapture answers.
    #[n(10)]
    pub supersedes: Option<RecordHash>,
    /// Staff number of the operator.
    #[n(11)]
    pub operator: u32,
    /// The office's clock.
    #[n(12)]
    pub at_ms: Millis,
}

/// Capturing office: takes a submission back. Counts while nobody has decided on it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Withdrawn {
    /// The case.
    #[n(0)]
    pub case: CaseId,
    /// The submission.
    #[n(1)]
    pub submission: RecordHash,
    /// Coded reason.
    #[n(2)]
    pub reason: String,
    /// Staff number of the operator.
    #[n(3)]
    pub operator: u32,
    /// The office's clock.
    #[n(4)]
    pub at_ms: Millis,
}
