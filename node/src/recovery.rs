//! Backup and restore of a whole data directory.
//!
//! ```text
//! BACKUP/backup.json       what this is: format, office, logs with sizes, hashes of the other files; written last
//! BACKUP/store.redb        the database as it was at one moment, every log with its newest checkpoint
//! BACKUP/blobs/ab/cdef…    photos and sealed payloads
//! BACKUP/node.toml, federation.json
//! BACKUP/keys/             only when asked for
//! ```
//! The head files are no part of a backup. A head file says how far this office has signed, and a backup is old from the next record on:
//! restored together, the two would agree with each other and hide that newer records were signed. Without it the restored node has to
//! ask others, which is the point.

mod backup;
mod restore;

pub use backup::{BackedUp, backup};
pub use restore::{RestoreError, Restored, restore};

use serde::{Deserialize, Serialize};

/// Form of `backup.json` that this program writes and reads.
const FORMAT: u32 = 1;
/// The description of a backup.
const MANIFEST: &str = "backup.json";
/// The database.
const STORE: &str = "store.redb";
/// Files of the data directory that a backup brings beside the database, by name.
const FILES: [&str; 2] = [crate::config::FEDERATION, crate::config::FILE];

/// `backup.json`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Manifest {
    format: u32,
    /// Version of the program that wrote it.
    version: String,
    office: String,
    made_ms: u64,
    /// Whether `keys/` is in it.
    keys: bool,
    blobs: u64,
    /// Origin and size of every log.
    logs: Vec<(String, u64)>,
    /// SHA-256 of the other files, by name.
    files: Vec<(String, String)>,
}

fn sha256(path: &std::path::Path) -> std::io::Result<String> {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    std::io::copy(&mut std::fs::File::open(path)?, &mut HashWriter(&mut hash))?;
    Ok(hex::encode(hash.finalize()))
}

struct HashWriter<'a>(&'a mut sha2::Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        sha2::Digest::update(self.0, bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
