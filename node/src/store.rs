//! What a node keeps: redb for records and indexes, files for blobs, and the head file outside both.
//!
//! Only this module knows redb. Order on disk for own records: blob fsync → redb commit (two-phase) → head file fsync → publish.
//! The checkpoint of an own log stands in the head file alone: it is signed only when the entries are durable, and one file that moves
//! forward only is what tells a restored database from a whole one.

mod backup;
mod blobs;
mod cases;
mod check;
mod database;
mod fold;
mod heads;
mod index;
mod invitations;
mod logs;
mod mark;
mod mend;
mod packages;
mod people;
mod private;
mod prune;
mod reserve;
mod rows;
mod spec_drafts;
mod tables;
mod trail;
mod waiting;
mod watch;
mod witness;
mod words;

pub use backup::Snapshot;
pub use blobs::{BlobError, Blobs, Came, Given, Next, PartialBlob};
pub use cases::{Difference, Place, STATUSES};
pub use check::{Damage, DamageKind, LogCheck};
pub use fold::{Ahead, Fold, FoldedCase, Walk};
pub use heads::HeadFile;
pub(crate) use heads::replace_file;
pub use index::IndexDifference;
pub use logs::{LogHead, LogView, StoredEntry};
pub use mark::{Mark, MarkFile};
pub(crate) use private::{create_private_dir, create_private_file, exposed, make_private};
pub use reserve::{RESERVE_BYTES, Reserve};
pub use trail::TrailPlace;
pub use waiting::Waiting;
pub use watch::Refused;
pub(crate) use watch::is_full;
pub use witness::{Cosigned, NamedProof};

use crate::panics;
use database::Door;
pub(crate) use database::Opener;
use protocol::id::{BlobHash, CaseId, Origin, PublicKey};
use redb::ReadableTable;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

/// What can go wrong with the disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the database open.
    #[error("the database is in use by another huizhi process")]
    InUse,
    /// The database was written by a later version.
    #[error("the database has schema {0}; this program knows schema {SCHEMA}: install the newer version")]
    Newer(u32),
    /// The database was written before the first release.
    #[error(
        "the database has schema {0} of a time before the first release, which this program does not read: begin with an empty directory"
    )]
    Older(u32),
    /// The database refused.
    #[error("database: {0}")]
    Database(String),
    /// The disk refused an earlier write, and the database takes no further one until it is opened again.
    #[error("the disk refused an earlier write; the database is not opened again yet")]
    Stopped,
    /// A file could not be read or written.
    #[error("file: {0}")]
    Io(#[from] std::io::Error),
    /// The database file is not one that was written by this program, or decayed.
    #[error(
        "the database is damaged here ({0}). Keep the whole folder as it is, for somebody who can look at it. Then bring the newest backup into \
         a new folder: huizhi --dir NEW restore --from BACKUP. What was signed since comes back from other offices"
    )]
    Damaged(String),
    /// Others on this machine may read what a node keeps.
    #[error(
        "others on this machine can read {0}, and its mode cannot be changed ({1}): run `chmod -R go-rwx` on the data directory as its owner"
    )]
    Exposed(PathBuf, std::io::Error),
    /// What is stored does not have the form it was written in.
    #[error("corrupt store: {0}")]
    Corrupt(String),
    /// What was to be appended continues an older state of the log.
    #[error("the log holds {size} entries meanwhile, so nothing can be appended at {start}")]
    NotNext {
        /// Position of what was to be appended.
        start: u64,
        /// Entries here.
        size: u64,
    },
}

impl StoreError {
    /// Whether space on the disk and opening the database again may end it.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Io(error) => is_full(error),
            Self::Stopped => true,
            _ => false,
        }
    }
}

impl From<redb::StorageError> for StoreError {
    fn from(error: redb::StorageError) -> Self {
        match error {
            redb::StorageError::Io(error) => Self::Io(error),
            redb::StorageError::PreviousIo => Self::Stopped,
            redb::StorageError::Corrupted(what) => Self::Damaged(what),
            other => Self::Database(other.to_string()),
        }
    }
}

macro_rules! from_redb {
    ($($error:ident),*) => { $(impl From<redb::$error> for StoreError {
        fn from(error: redb::$error) -> Self {
            match error {
                redb::$error::Storage(error) => error.into(),
                other => Self::Database(other.to_string()),
            }
        }
    })* };
}
from_redb!(TransactionError, TableError, CommitError);

impl From<redb::DatabaseError> for StoreError {
    fn from(error: redb::DatabaseError) -> Self {
        match error {
            redb::DatabaseError::DatabaseAlreadyOpen => Self::InUse,
            redb::DatabaseError::Storage(error) => error.into(),
            other => Self::Database(other.to_string()),
        }
    }
}

const SCHEMA: u32 = 2;
/// Bound: things that happened to this machine and are kept.
const INCIDENTS_MAX: u64 = 100;

/// An open store.
pub struct Store {
    db: Door,
    watch: Arc<watch::DiskWatch>,
    /// Edge and newest complete checkpoint of every log; what the database holds, in memory.
    logs: Mutex<BTreeMap<Origin, logs::LogState>>,
    /// Held from looking at a log's size until memory and database agree on the next one, so that two packages of one log cannot
    /// both be stored on top of the same entries.
    writer: Mutex<()>,
    /// Files by hash.
    pub blobs: Blobs,
}

impl Store {
    /// Opens or creates the store in a node's data directory.
    ///
    /// # Errors
    /// In use, of a later version, or unreadable.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        create_private_dir(dir)?;
        private::close(dir)?;
        // The database's library trusts a file that was closed in order.
        panics::caught(|| Self::over(dir, database::in_file(dir.join("store.redb"))))
            .unwrap_or_else(|panic| Err(StoreError::Damaged(panic)))
    }

    pub(crate) fn over(dir: &Path, opener: Opener) -> Result<Self, StoreError> {
        let watch = Arc::new(watch::DiskWatch::default());
        let db = Door::open(opener, watch.clone())?;
        let write = db.begin_write()?;
        {
            let mut meta = write.open_table(tables::META)?;
            let schema = meta.get("schema")?.map(|row| row.value());
            match schema {
                None => _ = meta.insert("schema", SCHEMA)?,
                Some(SCHEMA) => {}
                Some(older) if older < SCHEMA => return Err(StoreError::Older(older)),
                Some(newer) => return Err(StoreError::Newer(newer)),
            }
            write.open_table(tables::LOGS)?;
            write.open_table(tables::ENTRIES)?;
            write.open_table(tables::HASHES)?;
            write.open_table(tables::REACHED)?;
            write.open_table(tables::UNINDEXED)?;
            write.open_table(tables::PRUNING)?;
            write.open_table(tables::EPOCH_REQUESTS)?;
            write.open_table(tables::CASES)?;
            write.open_table(tables::BLOB_CASES)?;
            write.open_table(tables::REFUSED)?;
            write.open_table(tables::UNKNOWN)?;
            write.open_table(tables::DRAFTS)?;
            write.open_table(tables::STAFF)?;
            write.open_table(tables::PEER_SIZES)?;
            write.open_table(tables::WITNESSED)?;
            write.open_table(tables::COSIGNED)?;
            write.open_table(tables::CASE_STATES)?;
            write.open_table(tables::CASE_ORDER)?;
            write.open_table(tables::CASE_COUNTS)?;
            write.open_table(tables::CASE_MARKS)?;
            write.open_table(tables::STANDINGS)?;
            write.open_table(tables::WANTED)?;
            write.open_table(tables::FORKS)?;
            write.open_table(tables::INCIDENTS)?;
            write.open_table(tables::DAMAGED)?;
            write.open_table(tables::INVITATIONS)?;
            write.open_table(tables::SPEC_DRAFTS)?;
            write.open_table(tables::PEOPLE)?;
            write.open_table(tables::SALTS)?;
            write.open_table(tables::TRAIL)?;
        }
        write.commit()?;
        let store = Self {
            logs: Mutex::new(BTreeMap::new()),
            writer: Mutex::new(()),
            blobs: Blobs::open_watched(&dir.join("blobs"), watch.clone())?,
            watch,
            db,
        };
        store.finish_pruning()?;
        store.load_logs()?;
        store.load_cosigned()?;
        store.index_known()?;
        Ok(store)
    }

    /// Closes the database and opens it again, as after a start: what is in memory of the logs is read anew.
    ///
    /// # Errors
    /// It does not open; everything fails until a later try succeeds.
    pub fn reopen(&self) -> Result<(), StoreError> {
        let _writer = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.db.reopen()?;
        self.load_logs()
    }

    /// That the disk refused something since the database was opened, whoever wanted to write it.
    pub fn refused_write(&self) -> Option<Refused> {
        let closed = || self.db.is_closed().then(|| Refused { full: false, words: StoreError::Stopped.text() });
        self.watch.refused().or_else(closed)
    }

    /// Notes that a file beside the database found no space.
    pub fn note_full(&self, error: &StoreError) {
        if let StoreError::Io(error) = error {
            self.watch.note_full(error);
        }
    }

    /// Keeps that something happened to this machine, for whoever asks later. Only the newest hundred are kept.
    ///
    /// # Errors
    /// As the database.
    pub fn note_incident(&self, at_ms: u64, what: &str) -> Result<(), StoreError> {
        let write = self.db.begin_write()?;
        {
            let mut table = write.open_table(tables::INCIDENTS)?;
            table.insert(&at_ms.to_be_bytes(), what)?;
            while redb::ReadableTableMetadata::len(&table)? > INCIDENTS_MAX {
                table.pop_first()?;
            }
        }
        Ok(write.commit()?)
    }
    /// What happened to this machine and when, oldest first.
    ///
    /// # Errors
    /// As the database.
    pub fn incidents(&self) -> Result<Vec<(u64, String)>, StoreError> {
        let table = self.db.begin_read()?.open_table(tables::INCIDENTS)?;
        table
            .iter()?
            .map(|row| {
                let (at_ms, what) = row?;
                Ok((u64::from_be_bytes(*at_ms.value()), what.value().to_owned()))
            })
            .collect()
    }

    /// Every case that some record is about.
    ///
    /// # Errors
    /// As the database.
    pub fn case_ids(&self) -> Result<Vec<CaseId>, StoreError> {
        let read = self.db.begin_read()?;
        let table = read.open_table(tables::CASES)?;
        let mut ids: Vec<CaseId> = Vec::new();
        let mut from = [0; 24];
        // One seek per case, however many records each has.
        while let Some(row) = table.range::<&[u8; 24]>(&from..)?.next() {
            let id: [u8; 16] = row?.0.value()[..16].try_into().expect("sixteen of 24 bytes");
            ids.push(CaseId(id));
            let Some(next) = u128::from_be_bytes(id).checked_add(1) else { break };
            from[..16].copy_from_slice(&next.to_be_bytes());
        }
        Ok(ids)
    }

    /// Cases that may name a blob: every one that does, and seldom one whose names only begin like it.
    ///
    /// # Errors
    /// As the database.
    pub fn cases_of_blob(&self, blob: BlobHash) -> Result<Vec<CaseId>, StoreError> {
        let read = self.db.begin_read()?;
        let (index, cases) = (read.open_table(tables::BLOB_CASES)?, read.open_table(tables::CASES)?);
        let (mut from, mut to) = ([0; 16], [0xff; 16]);
        from[..8].copy_from_slice(&blob.0[..8]);
        to[..8].copy_from_slice(&blob.0[..8]);
        let mut found = Vec::new();
        for row in index.range::<&[u8; 16]>(&from..=&to)? {
            let (mut first, mut last) = ([0; 24], [0xff; 24]);
            first[..8].copy_from_slice(&row?.0.value()[8..]);
            last[..8].copy_from_slice(&first[..8]);
            for row in cases.range::<&[u8; 24]>(&first..=&last)? {
                let case = CaseId(row?.0.value()[..16].try_into().expect("sixteen of 24 bytes"));
                if found.last() != Some(&case) {
                    found.push(case);
                }
            }
        }
        Ok(found)
    }

    /// Keeps a draft, durable when this returns.
    ///
    /// # Errors
    /// As the database.
    pub fn put_draft<T: Serialize>(&self, id: CaseId, draft: &T) -> Result<(), StoreError> {
        let json = serde_json::to_vec(draft).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let write = self.db.begin_write()?;
        write.open_table(tables::DRAFTS)?.insert(&id.0, json.as_slice())?;
        Ok(write.commit()?)
    }
    /// Forgets a draft.
    ///
    /// # Errors
    /// As the database.
    pub fn delete_draft(&self, id: CaseId) -> Result<(), StoreError> {
        let write = self.db.begin_write()?;
        write.open_table(tables::DRAFTS)?.remove(&id.0)?;
        Ok(write.commit()?)
    }
    /// A draft.
    ///
    /// # Errors
    /// As the database, or it does not read as a `T`.
    pub fn draft<T: DeserializeOwned>(&self, id: CaseId) -> Result<Option<T>, StoreError> {
        let read = self.db.begin_read()?;
        read.open_table(tables::DRAFTS)?.get(&id.0)?.map(|row| from_json(row.value())).transpose()
    }
    /// All drafts.
    ///
    /// # Errors
    /// As for [`Store::draft`].
    pub fn drafts<T: DeserializeOwned>(&self) -> Result<Vec<T>, StoreError> {
        let read = self.db.begin_read()?;
        good_rows(read.open_table(tables::DRAFTS)?.iter()?, "draft")
    }

    /// Keeps a member of staff, made of all that are there in the same transaction.
    ///
    /// # Errors
    /// As the database, or as `make`.
    pub fn change_staff<T: Serialize + DeserializeOwned, E: From<StoreError>>(
        &self,
        login: &str,
        make: impl FnOnce(Vec<T>) -> Result<T, E>,
    ) -> Result<T, E> {
        let write = self.db.begin_write()?;
        let made = {
            let mut table = write.open_table(tables::STAFF).map_err(StoreError::from)?;
            let made = make(good_rows(table.iter().map_err(StoreError::from)?, "member of staff")?)?;
            let json = serde_json::to_vec(&made).map_err(|error| StoreError::Corrupt(error.to_string()))?;
            table.insert(login, json.as_slice()).map_err(StoreError::from)?;
            made
        };
        write.commit().map_err(StoreError::from)?;
        Ok(made)
    }
    /// All members of staff.
    ///
    /// # Errors
    /// As for [`Store::draft`].
    pub fn staff<T: DeserializeOwned>(&self) -> Result<Vec<T>, StoreError> {
        let read = self.db.begin_read()?;
        good_rows(read.open_table(tables::STAFF)?.iter()?, "member of staff")
    }

    /// Remembers how much of each log each peer holds. Logs that are not here are passed over.
    ///
    /// # Errors
    /// As the database.
    pub fn put_peer_sizes(&self, sizes: &[(PublicKey, Origin, u64)]) -> Result<(), StoreError> {
        let write = self.db.begin_write()?;
        {
            let mut table = write.open_table(tables::PEER_SIZES)?;
            for (peer, origin, size) in sizes {
                if let Some(number) = self.log_number(origin) {
                    table.insert(&peer_key(*peer, number), size)?;
                }
            }
        }
        Ok(write.commit()?)
    }
    /// What was remembered.
    ///
    /// # Errors
    /// As the database.
    pub fn peer_sizes(&self) -> Result<Vec<(PublicKey, Origin, u64)>, StoreError> {
        let read = self.db.begin_read()?;
        let origins: BTreeMap<u32, Origin> =
            self.origins().into_iter().filter_map(|origin| Some((self.log_number(&origin)?, origin))).collect();
        let mut sizes = Vec::new();
        for row in read.open_table(tables::PEER_SIZES)?.iter()? {
            let (key, size) = row?;
            let (peer, number) = key.value().split_at(32);
            let number = u32::from_be_bytes(number.try_into().expect("four of 36 bytes"));
            if let Some(origin) = origins.get(&number) {
                sizes.push((PublicKey(peer.try_into().expect("32 of 36 bytes")), origin.clone(), size.value()));
            }
        }
        Ok(sizes)
    }
}

fn peer_key(peer: PublicKey, number: u32) -> [u8; 36] {
    let mut key = [0; 36];
    key[..32].copy_from_slice(&peer.0);
    key[32..].copy_from_slice(&number.to_be_bytes());
    key
}

/// Reads the rows of a table that people look at: a damaged one is told and passed over, for the others are no worse for it.
fn good_rows<'a, K: redb::Key + 'static, T: DeserializeOwned>(
    rows: impl Iterator<Item = Result<(redb::AccessGuard<'a, K>, redb::AccessGuard<'a, &'static [u8]>), redb::StorageError>>,
    what: &str,
) -> Result<Vec<T>, StoreError> {
    let mut good = Vec::new();
    for row in rows {
        match from_json(row?.1.value()) {
            Ok(row) => good.push(row),
            Err(error) => {
                tracing::error!(%error, "a {what} here is damaged and is passed over; `huizhi doctor --deep` looks at the whole store")
            }
        }
    }
    Ok(good)
}

fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Corrupt(place_in_json(&error)))
}

/// Where JSON is wrong. The library's own words quote the value, which may be somebody's name.
pub(crate) fn place_in_json(error: &serde_json::Error) -> String {
    format!("{:?} error in JSON at line {} column {}", error.classify(), error.line(), error.column())
}

#[cfg(test)]
mod blob_power_loss;
#[cfg(test)]
mod power_loss;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
