//! The kinds of record and their bodies: CBOR maps with integer keys. A key is never given a second meaning.

mod intake;
mod province;
mod receipt;
mod review;
mod slot;

pub use intake::{Consented, EligibilityMatched, FeePaid, IdentityChecked, Submitted, Withdrawn};
pub use province::{Adjudicated, Enrol, EpochRequested, PolicyPublished, Retired, Revoke, Rotate, SpecPublished};
pub use receipt::{ReceiptIssued, ReceiptRevoked, ReceiptUsed, Usage, UseAnnulled};
pub use review::{Decided, DocChanged, Erased, Verdict};
pub use slot::{Booked, Cancelled, NoShow, SlotOpened};

use super::{RecordError, deterministic, malformed};
use crate::{
    id::{CaseId, Millis},
    limits::{EPOCH_REQUEST_BYTES_MAX, LIST_ITEMS_MAX, TEXT_BYTES_MAX},
    log::LogPoint,
};
use minicbor::{Decode, Encode};

/// What an office may do in the federation, as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Roles(pub u32);

/// A name that no role has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no role '{0}': there are capture, review, admin, archive and document")]
pub struct UnknownRole(pub String);

impl Roles {
    /// No role; every enrolled office holds it.
    pub const NONE: Self = Self(0);
    /// Captures and submits.
    pub const CAPTURE: Self = Self(1);
    /// Decides and issues receipts.
    pub const REVIEW: Self = Self(2);
    /// Runs the province's log.
    pub const ADMIN: Self = Self(4);
    /// Follows every log and keeps it.
    pub const ARCHIVE: Self = Self(8);
    /// Makes documents: takes receipts in and uses them up.
    pub const DOCUMENT: Self = Self(16);
    const NAMES: [(Self, &'static str); 5] = [
        (Self::CAPTURE, "capture"),
        (Self::REVIEW, "review"),
        (Self::ADMIN, "admin"),
        (Self::ARCHIVE, "archive"),
        (Self::DOCUMENT, "document"),
    ];

    /// Whether every role of `other` is in this set.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    /// Both sets together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// This set without the roles of `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
    /// The names of the roles in this set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(role, _)| self.contains(*role)).map(|(_, name)| name)
    }
    /// The set of the roles of these names.
    ///
    /// # Errors
    /// A name that no role has.
    pub fn named<S: AsRef<str>>(names: &[S]) -> Result<Self, UnknownRole> {
        names.iter().try_fold(Self::NONE, |roles, name| {
            let (role, _) =
                Self::NAMES.into_iter().find(|(_, known)| *known == name.as_ref()).ok_or_else(|| UnknownRole(name.as_ref().into()))?;
            Ok(roles.with(role))
        })
    }
}

macro_rules! kinds {
    ($($kind:ident = $name:literal,)*) => {
        /// Every kind of record that this version understands.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Record {
            $(#[doc = concat!("See [`", stringify!($kind), "`].")] $kind($kind),)*
            /// A kind of a later version: stored, relayed and hashed, evaluated after an upgrade.
            Unknown {
                /// Its kind.
                kind: String,
                /// Its body as it came.
                body: Vec<u8>,
            },
        }

        impl Record {
            /// The kinds that this version understands, as they stand in entries.
            pub const KINDS: &[&str] = &[$($name),*];

            /// The kind as it stands in the entry and in the signed message.
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$kind(_) => $name,)*
                    Self::Unknown { kind, .. } => kind,
                }
            }

            /// The signer's clock; nothing of a kind that this version does not know. Nothing is ordered by it.
            pub fn at_ms(&self) -> Option<Millis> {
                match self {
                    $(Self::$kind(said) => Some(said.at_ms),)*
                    Self::Unknown { .. } => None,
                }
            }

            pub(super) fn encode_body(&self) -> Vec<u8> {
                let encoded = match self {
                    $(Self::$kind(body) => minicbor::to_vec(body),)*
                    Self::Unknown { body, .. } => return body.clone(),
                };
                encoded.expect("writing to memory cannot fail")
            }

            pub(super) fn decode_body(kind: &str, body: &[u8]) -> Result<Self, RecordError> {
                let record = match kind {
                    $($name => Self::$kind(decode(body)?),)*
                    _ => Self::Unknown { kind: kind.to_owned(), body: body.to_vec() },
                };
                record.check_bounds()?;
                Ok(record)
            }
        }
    };
}

kinds! {
    Enrol = "enrol",
    Rotate = "rotate",
    Revoke = "revoke",
    SpecPublished = "spec_published",
    PolicyPublished = "policy_published",
    Consented = "consented",
    IdentityChecked = "identity_checked",
    EligibilityMatched = "eligibility_matched",
    FeePaid = "fee_paid",
    Submitted = "submitted",
    Withdrawn = "withdrawn",
    Decided = "decided",
    ReceiptIssued = "receipt_issued",
    ReceiptUsed = "receipt_used",
    ReceiptRevoked = "receipt_revoked",
    SlotOpened = "slot_opened",
    Booked = "booked",
    Cancelled = "cancelled",
    NoShow = "no_show",
    DocChanged = "doc_changed",
    Adjudicated = "adjudicated",
    Erased = "erased",
    EpochRequested = "epoch_requested",
    Retired = "retired",
    UseAnnulled = "use_annulled",
}

fn decode<'b, T: Decode<'b, ()>>(body: &'b [u8]) -> Result<T, RecordError> {
    deterministic::check(body)?;
    let mut decoder = minicbor::Decoder::new(body);
    let value = decoder.decode().map_err(malformed)?;
    if decoder.position() == body.len() { Ok(value) } else { Err(malformed("bytes follow the body")) }
}

impl Record {
    /// The case that it is about, if it is about one.
    pub fn case(&self) -> Option<CaseId> {
        match self {
            Self::Consented(body) => Some(body.case),
            Self::IdentityChecked(body) => Some(body.case),
            Self::EligibilityMatched(body) => Some(body.case),
            Self::FeePaid(body) => Some(body.case),
            Self::Submitted(body) => Some(body.case),
            Self::Withdrawn(body) => Some(body.case),
            Self::Decided(body) => Some(body.case),
            Self::ReceiptIssued(body) => Some(body.case),
            Self::ReceiptUsed(body) => Some(body.case),
            Self::ReceiptRevoked(body) => Some(body.case),
            Self::UseAnnulled(body) => Some(body.case),
            Self::Booked(body) => Some(body.case),
            Self::Cancelled(body) => Some(body.case),
            Self::NoShow(body) => Some(body.case),
            Self::DocChanged(body) => Some(body.case),
            Self::Erased(body) => Some(body.case),
            Self::Enrol(_)
            | Self::Rotate(_)
            | Self::Revoke(_)
            | Self::SpecPublished(_)
            | Self::PolicyPublished(_)
            | Self::SlotOpened(_)
            | Self::Adjudicated(_)
            | Self::EpochRequested(_)
            | Self::Retired(_)
            | Self::Unknown { .. } => None,
        }
    }

    /// Bounds on what CBOR alone does not bound. Bound: texts and lists of a record are shown in tables and logs.
    fn check_bounds(&self) -> Result<(), RecordError> {
        let texts: Vec<&str> = match self {
            Self::Enrol(body) => {
                let texts = [&body.name, &body.recipient].into_iter().chain(&body.region).chain(body.documents.iter().flatten());
                texts.map(String::as_str).collect()
            }
            Self::Rotate(body) => vec![&body.recipient],
            Self::Revoke(body) => vec![&body.reason],
            Self::SpecPublished(body) => vec![&body.id],
            Self::PolicyPublished(body) => vec![&body.id],
            Self::IdentityChecked(body) => vec![&body.method],
            Self::EligibilityMatched(body) => vec![&body.register],
            Self::FeePaid(body) => vec![&body.method],
            Self::Submitted(body) => body.operations.iter().chain([&body.located_by]).map(String::as_str).collect(),
            Self::Withdrawn(body) => vec![&body.reason],
            Self::Decided(body) => body.reasons.iter().map(String::as_str).collect(),
            Self::ReceiptIssued(body) => std::iter::once(&body.number).chain(&body.document).map(String::as_str).collect(),
            Self::ReceiptRevoked(body) => vec![&body.reason],
            Self::UseAnnulled(body) => vec![&body.reason],
            Self::Cancelled(body) => vec![&body.reason],
            Self::Erased(body) => vec![&body.reason],
            _ => vec![],
        };
        let hashes = match self {
            Self::Decided(body) => body.resolves.len(),
            Self::Erased(body) => body.blobs.len(),
            _ => 0,
        };
        let code = match self {
            Self::Enrol(body) => Some(body.code),
            Self::Rotate(body) => Some(body.code),
            Self::Revoke(body) => Some(body.code),
            Self::ReceiptIssued(body) => Some(body.captured_by),
            _ => None,
        };
        let points: Vec<&LogPoint> = match self {
            Self::Enrol(body) => body.roles_from.iter().collect(),
            Self::Rotate(body) => body.closes.iter().collect(),
            Self::Revoke(body) => vec![&body.upto],
            Self::Adjudicated(body) => vec![&body.one, &body.other, &body.stands],
            Self::Retired(body) => vec![&body.log],
            _ => vec![],
        };
        if texts.len() > LIST_ITEMS_MAX + 1 || hashes > LIST_ITEMS_MAX {
            return Err(malformed("a list is too long"));
        }
        if texts.iter().any(|text| text.len() > TEXT_BYTES_MAX) {
            return Err(malformed("a text is too long"));
        }
        if code.is_some_and(|code| !code.is_valid()) {
            return Err(malformed("an office code has more than eight digits"));
        }
        if matches!(self, Self::EpochRequested(body) if body.rotation.len() > EPOCH_REQUEST_BYTES_MAX) {
            return Err(malformed("a rotation that is asked for is too long"));
        }
        if !points.into_iter().all(LogPoint::is_valid) {
            return Err(malformed("a point names no log, or a size beyond any"));
        }
        Ok(())
    }
}
