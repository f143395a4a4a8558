//! The kinds of record and their bodies: CBOR maps with integer keys. A key is never given a second meaning.

use super::{RecordError, malformed};
use crate::{
    id::{BlobHash, CaseId, Millis, OfficeCode, PublicKey, RecordHash, SpecHash},
    limits::{LIST_ITEMS_MAX, TEXT_BYTES_MAX},
};
use minicbor::{Decode, Encode};

/// What an office may do in the federation, as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Roles(pub u32);

impl Roles {
    /// Captures and submits.
    pub const CAPTURE: Self = Self(1);
    /// Decides and issues receipts.
    pub const REVIEW: Self = Self(2);
    /// Runs the province's log.
    pub const ADMIN: Self = Self(4);
    /// Follows every log and keeps it.
    pub const ARCHIVE: Self = Self(8);
    const NAMES: [(Self, &'static str); 4] =
        [(Self::CAPTURE, "capture"), (Self::REVIEW, "review"), (Self::ADMIN, "admin"), (Self::ARCHIVE, "archive")];

    /// Whether every role of `other` is in this set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    /// Both sets together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// The names of the roles in this set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(role, _)| self.contains(*role)).map(|(_, name)| name)
    }
    /// The role of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(_, known)| *known == name).map(|(role, _)| role)
    }
}

/// Province: admits an office with its keys and roles. A later one for the same code replaces roles and name.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Enrol {
    /// Code of the office.
    #[n(0)]
    pub code: OfficeCode,
    /// Name of the office.
    #[n(1)]
    pub name: String,
    /// Key that signs its log and is its network identity.
    #[n(2)]
    pub key: PublicKey,
    /// X25519 recipient of sealed payloads, in the text form of the `age` format (`age1…`).
    #[n(3)]
    pub recipient: String,
    /// What it may do.
    #[n(4)]
    pub roles: Roles,
    /// Epoch of its log.
    #[n(5)]
    pub epoch: u32,
    /// The province's clock.
    #[n(6)]
    pub at_ms: Millis,
}

/// Province: puts a photo spec in force.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SpecPublished {
    /// Id of the spec, for example `cn-id-card`.
    #[n(0)]
    pub id: String,
    /// The whole spec as TOML.
    #[n(1)]
    pub text: String,
    /// The spec it takes the place of.
    #[n(2)]
    pub supersedes: Option<SpecHash>,
    /// Staff number of the admin.
    #[n(3)]
    pub operator: u32,
    /// The province's clock.
    #[n(4)]
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

/// Every kind of record that this version understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// See [`Enrol`].
    Enrol(Enrol),
    /// See [`SpecPublished`].
    SpecPublished(SpecPublished),
    /// See [`Submitted`].
    Submitted(Submitted),
    /// See [`Decided`].
    Decided(Decided),
    /// See [`ReceiptIssued`].
    ReceiptIssued(ReceiptIssued),
    /// See [`DocChanged`].
    DocChanged(DocChanged),
    /// A kind of a later version: stored, relayed and hashed, evaluated after an upgrade.
    Unknown {
        /// Its kind.
        kind: String,
        /// Its body as it came.
        body: Vec<u8>,
    },
}

impl Record {
    /// The kind as it stands in the entry and in the signed message.
    pub fn kind(&self) -> &str {
        match self {
            Self::Enrol(_) => "enrol",
            Self::SpecPublished(_) => "spec_published",
            Self::Submitted(_) => "submitted",
            Self::Decided(_) => "decided",
            Self::ReceiptIssued(_) => "receipt_issued",
            Self::DocChanged(_) => "doc_changed",
            Self::Unknown { kind, .. } => kind,
        }
    }

    /// The case that it is about, if it is about one.
    pub fn case(&self) -> Option<CaseId> {
        match self {
            Self::Submitted(body) => Some(body.case),
            Self::Decided(body) => Some(body.case),
            Self::ReceiptIssued(body) => Some(body.case),
            Self::DocChanged(body) => Some(body.case),
            Self::Enrol(_) | Self::SpecPublished(_) | Self::Unknown { .. } => None,
        }
    }

    pub(super) fn encode_body(&self) -> Vec<u8> {
        let encoded = match self {
            Self::Enrol(body) => minicbor::to_vec(body),
            Self::SpecPublished(body) => minicbor::to_vec(body),
            Self::Submitted(body) => minicbor::to_vec(body),
            Self::Decided(body) => minicbor::to_vec(body),
            Self::ReceiptIssued(body) => minicbor::to_vec(body),
            Self::DocChanged(body) => minicbor::to_vec(body),
            Self::Unknown { body, .. } => return body.clone(),
        };
        encoded.expect("writing to memory cannot fail")
    }

    pub(super) fn decode_body(kind: &str, body: &[u8]) -> Result<Self, RecordError> {
        fn decode<'b, T: Decode<'b, ()>>(body: &'b [u8]) -> Result<T, RecordError> {
            let mut decoder = minicbor::Decoder::new(body);
            let value = decoder.decode().map_err(malformed)?;
            if decoder.position() == body.len() { Ok(value) } else { Err(malformed("bytes follow the body")) }
        }
        let record = match kind {
            "enrol" => Self::Enrol(decode(body)?),
            "spec_published" => Self::SpecPublished(decode(body)?),
            "submitted" => Self::Submitted(decode(body)?),
            "decided" => Self::Decided(decode(body)?),
            "receipt_issued" => Self::ReceiptIssued(decode(body)?),
            "doc_changed" => Self::DocChanged(decode(body)?),
            _ => Self::Unknown { kind: kind.to_owned(), body: body.to_vec() },
        };
        record.check_bounds()?;
        Ok(record)
    }

    /// Bounds on what CBOR alone does not bound. Bound: texts and lists of a record are shown in tables and logs.
    fn check_bounds(&self) -> Result<(), RecordError> {
        let texts: Vec<&str> = match self {
            Self::Enrol(body) => vec![&body.name, &body.recipient],
            Self::SpecPublished(body) => vec![&body.id],
            Self::Submitted(body) => body.operations.iter().chain([&body.located_by]).map(String::as_str).collect(),
            Self::Decided(body) => body.reasons.iter().map(String::as_str).collect(),
            Self::ReceiptIssued(body) => vec![&body.number],
            Self::DocChanged(_) | Self::Unknown { .. } => vec![],
        };
        let resolves = if let Self::Decided(body) = self { body.resolves.len() } else { 0 };
        let code = match self {
            Self::Enrol(body) => Some(body.code),
            Self::ReceiptIssued(body) => Some(body.captured_by),
            _ => None,
        };
        if texts.len() > LIST_ITEMS_MAX + 1 || resolves > LIST_ITEMS_MAX {
            return Err(malformed("a list is too long"));
        }
        if texts.iter().any(|text| text.len() > TEXT_BYTES_MAX) {
            return Err(malformed("a text is too long"));
        }
        if code.is_some_and(|code| !code.is_valid()) {
            return Err(malformed("an office code has more than eight digits"));
        }
        Ok(())
    }
}
