//! What an auditor takes away and how it is checked: an export in the C2SP tile layout, and its verification with no node running.
//!
//! ```text
//! DIR/README.txt                      what this is and how to check it
//! DIR/policy                          C2SP tlog-policy: the province's log first, then every office's; the witnesses and their quorum
//! DIR/logs/<origin>/checkpoint        signed by the log, with the cosignatures of other offices
//! DIR/logs/<origin>/tile/…            C2SP tlog-tiles: hashes and entries
//! DIR/forks/<sha256>                  proofs that a log was signed twice
//! DIR/blobs/<sha256>                  photos that receipts vouch for
//! ```

pub(crate) mod export;
#[cfg(test)]
mod outside;
mod verify;

pub use export::{Written, export, export_telling};
pub use verify::{Failure, Report, Step, VerifyError, Witnessed, verify};

/// Folder of the logs in an export.
pub(crate) const LOGS: &str = "logs";
/// Folder of the blobs in an export.
pub(crate) const BLOBS: &str = "blobs";
/// Folder of the fork proofs in an export.
pub(crate) const FORKS: &str = "forks";
/// The trust file of an export.
pub(crate) const POLICY: &str = "policy";
