//! What a node decides and does, as plain synchronous functions over store and protocol.
//!
//! Reading order: [`office`] (keys, logs, members), [`intake`] (a capture under way), [`consent`], [`applicants`] (whose cases they are), [`review`], [`notes`], [`receipts`], [`erasure`],
//! [`specs`], [`staff`], [`trail`] (who saw what), [`retirement`]; around the photo [`runs`], [`plate`], [`feasibility`], [`sheets`] and [`transit`]. None of it knows HTTP or libp2p.

pub mod applicants;
pub mod condition;
pub mod consent;
pub mod doubles;
pub mod erasure;
pub mod feasibility;
pub mod id_number;
pub mod intake;
pub mod invitations;
pub mod keys;
pub mod network;
pub mod notes;
pub mod office;
pub mod payload;
pub mod person_name;
pub mod photos;
pub mod plate;
pub mod reasons;
pub mod receipts;
pub mod refusal;
pub mod retirement;
pub mod review;
pub mod runs;
pub mod scrub;
pub mod sheets;
pub mod spec_drafts;
pub mod specs;
pub mod staff;
#[cfg(test)]
pub(crate) mod testing;
pub mod trail;
pub mod transit;
pub mod upkeep;

pub use office::{Change, Cosigning, EndAt, ForkNotice, Giving, Held, Learned, Office, OfficeError};
pub use refusal::{Kind, Refusal};
