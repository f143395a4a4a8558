//! A point of a log: its history up to a size, named by the Merkle root over it.

use crate::{
    id::{Origin, RecordHash},
    limits::LOG_SIZE_MAX,
};
use minicbor::{Decode, Encode};
use std::fmt;

/// The first `size` entries of a log. Two points of equal size and different root name different histories.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct LogPoint {
    /// The log.
    #[n(0)]
    pub origin: Origin,
    /// Number of entries.
    #[n(1)]
    pub size: u64,
    /// RFC 6962 root over them.
    #[n(2)]
    pub root: RecordHash,
}

impl LogPoint {
    /// Whether origin and size have their form; decoded values must be asked.
    pub(crate) fn is_valid(&self) -> bool {
        self.size <= LOG_SIZE_MAX && self.origin.as_str().parse().as_ref() == Ok(&self.origin)
    }
}

impl fmt::Display for LogPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} entries ({})", self.origin, self.size, self.root)
    }
}
