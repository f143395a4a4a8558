//! Notices that the disk refuses: a storage for redb that passes everything on and keeps the first error, and the same for files beside it.
//!
//! There are many ways to write, and each returns its error to its own caller. The state of the node must not depend on which one was first.

use crate::text::{Text, io_error};
use redb::{BackendError, StorageBackend};
use std::{
    io,
    ops::Bound,
    sync::{Arc, Mutex, PoisonError},
};

/// The disk refused, and nothing can be written until the database is opened again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// It had no space. Anything else is a disk that fails.
    pub full: bool,
    /// What it said, in words.
    pub words: Text,
}

/// What the disk refused since the database was opened.
#[derive(Debug, Default)]
pub(super) struct DiskWatch(Mutex<Option<Refused>>);

impl DiskWatch {
    fn note(&self, error: &io::Error) {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The first error is the cause of later ones; only that the disk is full says what to do.
        if refused.as_ref().is_none_or(|refused| !refused.full && is_full(error)) {
            *refused = Some(Refused { full: is_full(error), words: io_error(error) });
        }
    }

    /// Notes that a file beside the database found no space. Other errors of such a file stop only what wanted to write it.
    pub(super) fn note_full(&self, error: &io::Error) {
        if is_full(error) {
            self.note(error);
        }
    }

    pub(super) fn refused(&self) -> Option<Refused> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Whether an error of the disk says that it has no space.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A storage of which every error is noted.
#[derive(Debug)]
pub(super) struct Watched {
    storage: Box<dyn StorageBackend>,
    watch: Arc<DiskWatch>,
}

impl Watched {
    pub(super) fn new(storage: Box<dyn StorageBackend>, watch: Arc<DiskWatch>) -> Self {
        Self { storage, watch }
    }

    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| self.watch.note(error))
    }
}

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.noted(self.storage.len())
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.noted(self.storage.read(offset, out))
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.noted(self.storage.set_len(len))
    }
    fn sync_data(&self) -> io::Result<()> {
        self.noted(self.storage.sync_data())
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.noted(self.storage.write(offset, data))
    }
    fn close(&self) -> io::Result<()> {
        self.storage.close()
    }
    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_range(start, end)
    }
    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.try_lock_shared_range(start, end)
    }
    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_range(start, end)
    }
    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.lock_shared_range(start, end)
    }
    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.storage.unlock_range(start, end)
    }
    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.storage.query_lock_range(start, end)
    }
}
