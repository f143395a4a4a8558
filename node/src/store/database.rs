//! The database behind a door that can be closed and opened again.
//!
//! After a write that the disk refused redb takes no further one until it is opened anew: so the store can do that without a restart.

use super::StoreError;
use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase, WriteTransaction};
use std::{
    sync::{PoisonError, RwLock},
    time::Duration,
};

/// Memory that redb may use for pages it has read. An idle node keeps this much at most, however large its database is.
pub(super) const CACHE_BYTES: usize = 40 << 20;

/// How often opening again is tried while something that is being read holds the file, and the pause between.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// Opens the database, the first time and again.
pub(crate) type Opener = Box<dyn Fn() -> Result<Database, DatabaseError> + Send + Sync>;

pub(super) struct Door {
    /// Nothing while it could not be opened again.
    database: RwLock<Option<Database>>,
    opener: Opener,
}

impl Door {
    pub(super) fn open(opener: Opener) -> Result<Self, StoreError> {
        Ok(Self { database: RwLock::new(Some(opener()?)), opener })
    }

    pub(super) fn begin_read(&self) -> Result<ReadTransaction, StoreError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        Ok(database.as_ref().ok_or_else(closed)?.begin_read()?)
    }

    pub(super) fn begin_write(&self) -> Result<WriteTransaction, StoreError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let mut write = database.as_ref().ok_or_else(closed)?.begin_write()?;
        // What is free stands in every commit, so that opening after a crash does not walk through the whole file. It makes every durable
        // commit one of two phases.
        write.set_quick_repair(true);
        Ok(write)
    }

    /// Moves what is used to the front of the file and cuts the file behind it.
    ///
    /// # Errors
    /// Somebody reads or writes, or the disk refuses.
    pub(super) fn compact(&self) -> Result<(), StoreError> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        database.as_mut().ok_or_else(closed)?.compact().map_err(|error| StoreError::Database(error.to_string()))?;
        Ok(())
    }

    /// Closes the database and opens it again. What is being read at this moment holds the file, so this may have to be tried again.
    ///
    /// # Errors
    /// It does not open; every access fails until a later try succeeds.
    pub(super) fn reopen(&self) -> Result<(), StoreError> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        drop(database.take());
        for _ in 0..TRIES {
            match (self.opener)() {
                Err(DatabaseError::DatabaseAlreadyOpen) => std::thread::sleep(PAUSE),
                opened => {
                    *database = Some(opened?);
                    return Ok(());
                }
            }
        }
        Err(StoreError::Stopped)
    }
}

fn closed() -> StoreError {
    StoreError::Stopped
}
