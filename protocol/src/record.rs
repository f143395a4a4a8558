//! Signed records: what one office states, once and for ever.
//!
//! A log entry is deterministic CBOR (RFC 8949 §4.2), an array of four:
//!
//! | item | type | meaning |
//! |---|---|---|
//! | kind | text, 1 to 32 of `a-z_` | what the body is |
//! | author | 32 bytes | Ed25519 public key of the writer |
//! | body | bytes | CBOR map with integer keys, ascending |
//! | signature | 64 bytes | strict Ed25519 over the message below |
//!
//! Signed message: `huizhi/record/v1\n` ‖ kind ‖ `\n` ‖ origin of the log ‖ `\n` ‖ author ‖ body. The kind separates domains; the origin,
//! which the entry does not repeat, keeps a record from being grafted into another log.
//! `protocol/records.cddl` (RFC 8610) defines every body.
//! Kinds and map keys that this version does not know are kept, relayed and hashed as they came, because the bytes received are what is stored.

mod deterministic;
mod kinds;

pub use kinds::{
    Adjudicated, Booked, Cancelled, Consented, Decided, DocChanged, EligibilityMatched, Enrol, EpochRequested, Erased, FeePaid,
    IdentityChecked, NoShow, PolicyPublished, ReceiptIssued, ReceiptRevoked, ReceiptUsed, Record, Retired, Revoke, Roles, Rotate,
    SlotOpened, SpecPublished, Submitted, UnknownRole, Usage, UseAnnulled, Verdict, Withdrawn,
};

use crate::{
    id::{CaseId, Origin, PublicKey, RecordHash},
    keys::OfficeKey,
    limits::ENTRY_BYTES_MAX,
    merkle,
};
use minicbor::{Decoder, Encoder};

/// Why bytes are not a record that counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Longer than an entry may be.
    #[error("a record of {0} bytes does not fit a log entry of {ENTRY_BYTES_MAX}")]
    TooLong(usize),
    /// Not the array of four, or a body that is not its kind's map.
    #[error("malformed record: {0}")]
    Malformed(String),
    /// The signature does not hold for this author and log.
    #[error("the record's signature does not hold for its author and log")]
    BadSignature,
}

fn malformed(error: impl std::fmt::Display) -> RecordError {
    RecordError::Malformed(error.to_string())
}

/// Bytes that somebody claims to have signed. Nothing may act on them before [`Signed::verify`].
#[derive(Debug, Clone)]
pub struct Signed {
    bytes: Vec<u8>,
    kind: String,
    author: PublicKey,
    body: std::ops::Range<usize>,
    signature: [u8; 64],
}

/// A record whose signature held. Only [`Signed::verify`] and [`Signed::sign`] make one.
#[derive(Debug, Clone)]
pub struct Verified {
    bytes: Vec<u8>,
    hash: RecordHash,
    author: PublicKey,
    record: Record,
}

impl Signed {
    /// Signs a record for the log `origin`.
    ///
    /// # Errors
    /// The record is longer than an entry may be; nothing was signed then.
    pub fn sign(origin: &Origin, key: &OfficeKey, record: &Record) -> Result<Verified, RecordError> {
        let body = record.encode_body();
        // Kind, author, signature and CBOR heads take at most 160 bytes.
        if body.len() + 160 > ENTRY_BYTES_MAX {
            return Err(RecordError::TooLong(body.len() + 160));
        }
        let author = key.public();
        let signature = key.sign(&message(record.kind(), origin, author, &body));
        let mut encoder = Encoder::new(Vec::with_capacity(body.len() + 160));
        encoder
            .array(4)
            .and_then(|encoder| encoder.str(record.kind()))
            .and_then(|encoder| encoder.bytes(&author.0))
            .and_then(|encoder| encoder.bytes(&body))
            .and_then(|encoder| encoder.bytes(&signature))
            .expect("writing to memory cannot fail");
        let bytes = encoder.into_writer();
        Ok(Verified { hash: RecordHash(merkle::leaf_hash(&bytes)), bytes, author, record: record.clone() })
    }

    /// Reads the outer form of an entry. Total: any bytes give a value or an error.
    ///
    /// # Errors
    /// The bytes are not an array of four of the right types in deterministic encoding, or something follows it.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(RecordError::TooLong(bytes.len()));
        }
        // The signature does not cover the outer array; one record has one spelling and one hash all the same.
        deterministic::check(bytes)?;
        let mut decoder = Decoder::new(bytes);
        if decoder.array().map_err(malformed)? != Some(4) {
            return Err(malformed("an entry is an array of four"));
        }
        let kind = decoder.str().map_err(malformed)?;
        if kind.is_empty() || kind.len() > 32 || !kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            return Err(malformed("a kind is 1 to 32 of a-z and _"));
        }
        let author = decoder.bytes().map_err(malformed)?.try_into().map_err(|_| malformed("an author is 32 bytes"))?;
        let body_len = decoder.bytes().map_err(malformed)?.len();
        let body = decoder.position() - body_len..decoder.position();
        let signature = decoder.bytes().map_err(malformed)?.try_into().map_err(|_| malformed("a signature is 64 bytes"))?;
        if decoder.position() != bytes.len() {
            return Err(malformed("bytes follow the entry"));
        }
        Ok(Self { kind: kind.to_owned(), author: PublicKey(author), body, signature, bytes: bytes.to_vec() })
    }

    /// Checks signature and body.
    ///
    /// # Errors
    /// The signature does not hold in this log, or the body is not a body of its kind.
    pub fn verify(self, origin: &Origin) -> Result<Verified, RecordError> {
        let body = &self.bytes[self.body.clone()];
        if !self.author.verifies(&message(&self.kind, origin, self.author, body), &self.signature) {
            return Err(RecordError::BadSignature);
        }
        let record = Record::decode_body(&self.kind, body)?;
        Ok(Verified { hash: RecordHash(merkle::leaf_hash(&self.bytes)), author: self.author, record, bytes: self.bytes })
    }

    /// What the record claims to say: good for sorting records before their signatures are checked, and for nothing else.
    ///
    /// # Errors
    /// The body is not a body of its kind.
    pub fn claimed(&self) -> Result<Record, RecordError> {
        Record::decode_body(&self.kind, &self.bytes[self.body.clone()])
    }

    /// The case that the record claims to be about.
    pub fn claimed_case(&self) -> Option<CaseId> {
        self.claimed().ok()?.case()
    }
}

impl Verified {
    /// The entry, exactly as signed or received.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
    /// Its name everywhere.
    pub fn hash(&self) -> RecordHash {
        self.hash
    }
    /// Who signed it.
    pub fn author(&self) -> PublicKey {
        self.author
    }
    /// What it says.
    pub fn record(&self) -> &Record {
        &self.record
    }
}

fn message(kind: &str, origin: &Origin, author: PublicKey, body: &[u8]) -> Vec<u8> {
    [b"huizhi/record/v1\n", kind.as_bytes(), b"\n", origin.as_str().as_bytes(), b"\n", &author.0, body].concat()
}

#[cfg(test)]
mod tests;
