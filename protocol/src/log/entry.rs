//! An entry: a verified record with its place in a log. What a record is worth depends on where it stands.

use crate::{id::Origin, record::Verified};

/// A record at its position of a log. Whoever makes one has authenticated the place by a checkpoint of that log.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The log.
    pub origin: Origin,
    /// Position in it, from zero.
    pub index: u64,
    /// The record.
    pub record: Verified,
}
