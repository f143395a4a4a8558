//! The database behind a door that can be closed and opened again.
//!
//! After a write that the disk refused redb takes no further one until it is opened anew: so the store can do that without a restart.
//! Every access to the file goes through [`Watched`], so whichever write the disk refuses first, the store knows of it at once.

use super::{
    StoreError,
    watch::{DiskWatch, Watched},
};
use redb::{Builder, Database, DatabaseError, ReadTransaction, ReadableDatabase, StorageBackend, WriteTransaction, backends::FileBackend};
use std::{
    fs::OpenOptions,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

/// Memory that redb may use for pages it has read. An idle node keeps this much at most, however large its database is.
pub(super) const CACHE_BYTES: usize = 40 << 20;

/// How often opening again is tried while a write that is under way holds the file, and the pause between.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

/// Opens the storage of the database, the first time and again.
pub(crate) type Opener = Box<dyn Fn() -> Result<Box<dyn StorageBackend>, DatabaseError> + Send + Sync>;

/// The database in a file, which is created where there is none.
pub(super) fn in_file(path: PathBuf) -> Opener {
    Box::new(move || {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // "Permission denied" alone says nothing.
        let named = |error: std::io::Error| std::io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        Ok(Box::new(FileBackend::new(options.open(&path).map_err(named)?)?))
    })
}

pub(super) struct Door {
    /// Nothing while it could not be opened again.
    database: RwLock<Option<Database>>,
    opener: Opener,
    watch: Arc<DiskWatch>,
}

impl Door {
    pub(super) fn open(opener: Opener, watch: Arc<DiskWatch>) -> Result<Self, StoreError> {
        let door = Self { database: RwLock::new(None), opener, watch };
        let opened = door.create().map_err(|error| match error {
            // Not what a database begins with.
            DatabaseError::Storage(redb::StorageError::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                StoreError::Damaged(error.to_string())
            }
            other => other.into(),
        })?;
        *door.database.write().unwrap_or_else(PoisonError::into_inner) = Some(opened);
        Ok(door)
    }

    fn create(&self) -> Result<Database, DatabaseError> {
        let backend = Watched::new((self.opener)()?, self.watch.clone());
        Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(backend)
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

    /// Closes the database and opens it again. Reads under way end with an error. A write under way holds the file, so this may have to be
    /// tried again.
    ///
    /// # Errors
    /// It does not open; every access fails until a later try succeeds.
    pub(super) fn reopen(&self) -> Result<(), StoreError> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        drop(database.take());
        self.watch.clear();
        for _ in 0..TRIES {
            match self.create() {
                Err(DatabaseError::DatabaseAlreadyOpen) => std::thread::sleep(PAUSE),
                opened => {
                    *database = Some(opened?);
                    return Ok(());
                }
            }
        }
        Err(StoreError::Stopped)
    }

    /// Whether it could not be opened again.
    pub(super) fn is_closed(&self) -> bool {
        self.database.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

fn closed() -> StoreError {
    StoreError::Stopped
}
