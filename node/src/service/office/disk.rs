//! A full disk: what is given up, what goes on, and how it ends without a restart.
//!
//! A refused write makes redb refuse all later ones until it is opened anew. So the space held in reserve is given back, the database is
//! opened again, and the node signs nothing: it reads, and it takes what other offices write. When the reserve can be taken again there
//! is space; the database is compared once more with what was signed, and then the node signs.
//!
//! Whichever write was refused first, the store knows of it (`Store::refused_write`), and [`Office::held`] asks the store. So every page shows the
//! same state from that moment on, and [`Office::try_disk_again`] does the rest a second later.

use super::{Held, Office, lock};
use crate::{
    store::{Refused, StoreError, is_full},
    text::Text,
};
use std::{path::Path, sync::PoisonError};

/// Below this share of the disk a person is warned, in percent, ...
const WARN_PERCENT: u64 = 5;
/// ... but below this many bytes always, and above that many never.
const WARN_BYTES: (u64, u64) = (512 << 20, 20 << 30);

impl Office {
    /// Holds space for a full disk, from now on. For a node that runs; a command that only looks needs none.
    ///
    /// # Errors
    /// The disk has no such space.
    pub fn keep_reserve(&self) -> Result<(), StoreError> {
        Ok(self.reserve.take()?)
    }

    /// A write was refused: nothing is signed until it is known why and what was written.
    pub(in crate::service) fn disk_refused(&self, error: &StoreError) {
        self.store.note_full(error);
        match self.store.refused_write() {
            Some(refused) => _ = self.give_way(&refused),
            // Somebody else opened the database again meanwhile.
            None if error.may_pass() => {}
            None => self.stick(Held::Disk(error.text())),
        }
    }

    /// Enters the state of a full disk, or of one that fails, and opens the database again so that it can be read.
    fn give_way(&self, refused: &Refused) -> Result<(), StoreError> {
        let first = if refused.full {
            let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
            let first = !standing.is_full();
            standing.fill(refused.words.clone());
            drop(standing);
            if first {
                tracing::error!(reason = %refused.words.en, "the disk is full: read-only");
                self.tell(super::Change::Status);
            }
            if let Err(error) = self.reserve.release() {
                tracing::error!(%error, "the reserve cannot be given back");
            }
            first
        } else {
            self.stick(Held::Disk(refused.words.clone()));
            false
        };
        let opened = self.store.reopen();
        // Checkpoints of own logs are in memory only, and peers ask for what they cover.
        for own in self.own_logs() {
            let newest = lock(&own.newest).clone();
            if let Some(newest) = newest.filter(|newest| newest.size() <= self.store.head(&own.origin).size) {
                self.store.set_own_note(&newest);
            }
        }
        match &opened {
            Ok(()) if first => {
                if let Err(error) = self.store.note_incident(super::now_ms(), "the disk was full") {
                    tracing::warn!(%error, "that the disk is full cannot even be noted");
                }
            }
            Ok(()) => {}
            Err(error) => tracing::error!(%error, "the database cannot be opened again yet"),
        }
        opened
    }

    /// Whether the disk has space again, after it had none; if so the node signs again. To be asked every second or two, and by a person.
    ///
    /// # Errors
    /// The database does not open, or another write is refused; the node stays as it is then.
    pub fn try_disk_again(&self) -> Result<bool, StoreError> {
        let _writer = lock(&self.append);
        // By a write that asked nobody, or once more since.
        if let Some(refused) = self.store.refused_write() {
            self.give_way(&refused)?;
        }
        let is_full_now = || self.standing.read().unwrap_or_else(PoisonError::into_inner).is_full();
        if !is_full_now() {
            return Ok(true);
        }
        match self.reserve.take_again() {
            Err(error) if is_full(&error) => return Ok(false),
            taken => taken?,
        }
        // First the comparison: what the refused write left is looked at before anything may be signed. What it finds stays.
        for own in self.own_logs() {
            self.reconcile_head(own).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        }
        self.forget_cases();
        self.store.note_incident(super::now_ms(), "the disk has space again")?;
        self.standing.write().unwrap_or_else(PoisonError::into_inner).empty();
        if self.held().is_none() {
            self.sign_tails().inspect_err(|error| {
                self.store.note_full(error);
                self.standing.write().unwrap_or_else(PoisonError::into_inner).fill(error.text());
            })?;
        }
        tracing::info!("the disk has space again");
        self.tell(super::Change::Status);
        Ok(true)
    }

    /// A warning while there is little space left, with what to do. A disk that is full already says so elsewhere.
    pub fn disk_warning(&self) -> Option<Text> {
        let (free, total) = space(self.dir())?;
        is_low(free, total).then(|| {
            let megabytes = free >> 20;
            Text::new(
                format!("磁盘剩余空间不足：只剩 {megabytes} MB。磁盘写满后将无法采集和签发，请尽快腾出空间或更换更大的磁盘。"),
                format!("only {megabytes} MB are free on this disk: when it is full nothing can be captured or signed; free space soon"),
            )
        })
    }
}

fn is_low(free: u64, total: u64) -> bool {
    free < (total / 100 * WARN_PERCENT).clamp(WARN_BYTES.0, WARN_BYTES.1)
}

/// Bytes that this user may still write, and the size of the disk, where the system tells.
pub(in crate::service) fn space(dir: &Path) -> Option<(u64, u64)> {
    #[cfg(unix)]
    return rustix::fs::statvfs(dir)
        .ok()
        .map(|disk| (disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_blocks.saturating_mul(disk.f_frsize)));
    #[cfg(not(unix))]
    {
        let _ = dir;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mend_35_little_space_is_told_before_the_disk_is_full() {
        let gib = 1 << 30;
        assert!(!is_low(13 * gib, 256 * gib) && is_low(12 * gib, 256 * gib), "a twentieth");
        assert!(!is_low(21 * gib, 8192 * gib) && is_low(19 * gib, 8192 * gib), "of a large disk no more than is sensible");
        assert!(is_low(gib / 4, gib) && !is_low(gib / 2, gib), "of a small one never less than the reserve needs");
    }
}
