//! Records of appointments. They stand in the log of the office that owns the slot, which alone decides its capacity.

use crate::id::{BlobHash, CaseId, Millis, RecordHash};
use minicbor::{Decode, Encode};

/// Owner of the slot: offers a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SlotOpened {
    /// Begin, inclusive.
    #[n(0)]
    pub starts_ms: Millis,
    /// End, exclusive.
    #[n(1)]
    pub ends_ms: Millis,
    /// Bookings that it takes.
    #[n(2)]
    pub capacity: u32,
    /// Staff number of the operator.
    #[n(3)]
    pub operator: u32,
    /// The office's clock.
    #[n(4)]
    pub at_ms: Millis,
}

/// Owner of the slot: gives a place in it to a case.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Booked {
    /// The record that opened the slot.
    #[n(0)]
    pub slot: RecordHash,
    /// The case.
    #[n(1)]
    pub case: CaseId,
    /// Salted commitment to the applicant.
    #[n(2)]
    pub applicant: BlobHash,
    /// Staff number of the operator.
    #[n(3)]
    pub operator: u32,
    /// The office's clock.
    #[n(4)]
    pub at_ms: Millis,
}

/// Owner of the slot: a booking was given up.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cancelled {
    /// The booking.
    #[n(0)]
    pub booking: RecordHash,
    /// The case.
    #[n(1)]
    pub case: CaseId,
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

/// Owner of the slot: nobody came.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NoShow {
    /// The booking.
    #[n(0)]
    pub booking: RecordHash,
    /// The case.
    #[n(1)]
    pub case: CaseId,
    /// Staff number of the operator.
    #[n(2)]
    pub operator: u32,
    /// The office's clock.
    #[n(3)]
    pub at_ms: Millis,
}
