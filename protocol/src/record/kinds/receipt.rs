//! Records of receipts: issued, used, revoked, and uses that were annulled.

use crate::id::{BlobHash, CaseId, Millis, OfficeCode, RecordHash, SpecHash};
use minicbor::{Decode, Encode};

/// How often a receipt may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Usage {
    /// One document is made from it.
    #[n(0)]
    Single,
    /// Any number, while it is valid.
    #[n(1)]
    Repeated,
}

/// Deciding office: issues the receipt. The number names the position of this very record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReceiptIssued {
    /// The case.
    #[n(0)]
    pub case: CaseId,
    /// The approved submission.
    #[n(1)]
    pub submission: RecordHash,
    /// The approval.
    #[n(2)]
    pub decision: RecordHash,
    /// The number as 20 digits, see [`crate::receipt::ReceiptNumber`].
    #[n(3)]
    pub number: String,
    /// The photo that it vouches for.
    #[n(4)]
    pub photo: BlobHash,
    /// Spec that the photo was made by.
    #[n(5)]
    pub spec: SpecHash,
    /// Commitment to the applicant, as in the submission.
    #[n(6)]
    pub applicant: BlobHash,
    /// Capturing office.
    #[n(7)]
    pub captured_by: OfficeCode,
    /// End of validity, exclusive, by the issuer's clock.
    #[n(8)]
    pub valid_until_ms: Millis,
    /// The issuer's clock.
    #[n(9)]
    pub at_ms: Millis,
    /// How often it may be used. Absent: again and again.
    #[n(10)]
    pub usage: Option<Usage>,
    /// The document that it is for: the id of its spec. Absent: it may be used by who makes all documents.
    #[n(11)]
    pub document: Option<String>,
}

/// Document office: made a document from a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReceiptUsed {
    /// The case.
    #[n(0)]
    pub case: CaseId,
    /// The record that issued the receipt.
    #[n(1)]
    pub receipt: RecordHash,
    /// Salted commitment to the application that it was used for: the hash of its sealed form (age), whose file key is the salt.
    #[n(2)]
    pub reference: BlobHash,
    /// Staff number of the operator.
    #[n(3)]
    pub operator: u32,
    /// The office's clock.
    #[n(4)]
    pub at_ms: Millis,
}

/// The office that issued a receipt, or the province: it is valid no longer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReceiptRevoked {
    /// The case.
    #[n(0)]
    pub case: CaseId,
    /// The record that issued the receipt.
    #[n(1)]
    pub receipt: RecordHash,
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

/// The office that used a receipt takes its use back, or the office that issued it, or the province, calls the use wrong: it counts no longer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct UseAnnulled {
    /// The case.
    #[n(0)]
    pub case: CaseId,
    /// The record of the use.
    #[n(1)]
    pub used: RecordHash,
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
