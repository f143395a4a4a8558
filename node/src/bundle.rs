//! Sneakernet: what one office has for another, on a stick, for offices without a line or with a bad one.
//!
//! A bundle is an audit export (`crate::audit`) with two folders more, and its import is the ingest of the network: packages of at most 256
//! entries, each proved by the log's signed checkpoint before it counts, each committed by itself. So a stick that is pulled out loses
//! nothing, and the same stick a second time changes nothing.
//!
//! ```text
//! DIR/README.txt, DIR/policy, DIR/logs/…     as in an audit export; a log may begin at a later bundle of 256 entries
//! DIR/forks/<sha256>                         proofs that a log was signed twice
//! DIR/blobs/<sha256>                         photos and sealed payloads that the receiving office may have, and no others
//! ```
//!
//! Attack: a stick is written by whoever held it last. It is looked through with a strict grammar of names before anything is read
//! ([`stick`]), nothing on it chooses a path here, hash tiles are believed only as far as they prove entries, and the policy is not read.

mod ask;
mod export;
mod import;
mod report;
mod stick;
mod tiles;

pub use ask::{Ask, ask};
pub use export::{Sent, export};
pub use import::{import, look};
pub use report::{LogReport, Refused, Report};

/// Folder of the fork proofs in a bundle.
const FORKS: &str = "forks";

#[cfg(test)]
mod tests;
