//! A full disk: what is given up, what goes on, and how it ends without a restart.
//!
//! A refused write makes redb refuse all later ones until it is opened anew. So the space held in reserve is given back, the database is
//! opened again, and the node signs nothing: it reads, and it takes what other offices write. When the reserve can be taken again there
//! is space, the database is opened and compared once more with what was signed, and the node signs.

use super::{Held, Office, lock};
use crate::store::StoreError;
use std::sync::PoisonError;

impl Office {
    /// Holds space for a full disk, from now on. For a node that runs; a command that only looks needs none.
    ///
    /// # Errors
    /// The disk has no such space.
    pub fn keep_reserve(&self) -> Result<(), StoreError> {
        Ok(self.reserve.take()?)
    }

    /// The disk refused a write: nothing is signed until it is known why and what was written.
    pub(super) fn disk_refused(&self, error: &StoreError) {
        if !error.may_pass() {
            self.stick(Held::Disk(error.to_string()));
            return;
        }
        let first = {
            let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
            !matches!(standing.stuck(), Some(Held::Full(_)))
        };
        self.stick(Held::Full(error.to_string()));
        if let Err(error) = self.reserve.release() {
            tracing::error!(%error, "the reserve cannot be given back");
        }
        let opened = self.store.reopen();
        // Checkpoints of own logs are in memory only, and peers ask for what they cover.
        for own in self.own_logs() {
            let newest = lock(&own.newest).clone();
            if let Some(newest) = newest.filter(|newest| newest.size() <= self.store.head(&own.origin).size) {
                self.store.set_own_note(&newest);
            }
        }
        match opened {
            Ok(()) if first => {
                if let Err(error) = self.store.note_incident(super::now_ms(), "the disk was full") {
                    tracing::warn!(%error, "that the disk is full cannot even be noted");
                }
            }
            Ok(()) => {}
            Err(error) => tracing::error!(%error, "the database cannot be opened again yet"),
        }
    }

    /// Whether the disk has space again, after it had none; if so the node signs again. To be asked every few seconds, and by a person.
    ///
    /// # Errors
    /// The database does not open, or another write is refused; the node stays as it is then.
    pub fn try_disk_again(&self) -> Result<bool, StoreError> {
        let _writer = lock(&self.append);
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        let full = matches!(standing.stuck(), Some(Held::Full(_)));
        drop(standing);
        if !full {
            return Ok(true);
        }
        match self.reserve.take_again() {
            Err(error) if is_full(&error) => return Ok(false),
            taken => taken?,
        }
        // What the refused transaction left is looked at from the disk, not from memory.
        self.store.reopen()?;
        self.standing.write().unwrap_or_else(PoisonError::into_inner).unstick();
        for own in self.own_logs() {
            self.reconcile_head(own).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        }
        self.forget_cases();
        if self.held().is_none() {
            self.sign_tails().inspect_err(|error| self.stick(Held::Full(error.to_string())))?;
        }
        self.store.note_incident(super::now_ms(), "the disk has space again")?;
        tracing::info!("the disk has space again");
        self.tell(super::Change::Status);
        Ok(true)
    }
}

/// Whether an error of the disk says that it is full.
pub(crate) fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}
