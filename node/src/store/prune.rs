//! Taking a log away that need not be held here any longer: its entries, its hashes, and every row about them.
//!
//! What its cases named is named no longer then, so [`crate::service::upkeep`] removes their photos as it removes whatever nothing names.
//! What was cosigned of the log stays, a few hundred bytes: no second history of it is ever cosigned.

use super::{
    Store, StoreError,
    logs::{case_key, entry_key},
    rows, tables,
};
use protocol::{id::Origin, record::Signed};
use redb::{Durability, ReadableTable, WriteTransaction};
use std::{collections::BTreeSet, sync::PoisonError};

/// Rows of entries that are taken away in one transaction: about 100,000 entries.
const STEP: usize = 8_192;

impl Store {
    /// Takes logs away. From the first step on they are not here; what a crash leaves of them is taken away at the next opening. Nothing may
    /// be read of them meanwhile. Their cases are marked, to be folded from what is left.
    ///
    /// # Errors
    /// As the database; asked again it goes on.
    pub fn prune(&self, origins: &BTreeSet<Origin>) -> Result<(), StoreError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let write = self.db.begin_write()?;
        {
            let mut table = write.open_table(tables::PRUNING)?;
            for number in origins.iter().filter_map(|origin| self.log_number(origin)) {
                table.insert(&number.to_be_bytes(), ())?;
            }
        }
        write.commit()?;
        self.finish_pruning()?;
        drop(writer);
        self.load_logs()
    }

    /// Takes away what is left of logs whose pruning began.
    pub(super) fn finish_pruning(&self) -> Result<(), StoreError> {
        let begun: Vec<u32> = {
            let table = self.db.begin_read()?.open_table(tables::PRUNING)?;
            table.iter()?.map(|row| Ok::<_, StoreError>(u32::from_be_bytes(*row?.0.value()))).collect::<Result<_, _>>()?
        };
        for number in begun {
            while self.prune_step(number, STEP)? {}
            let write = self.db.begin_write()?;
            forget_log(&write, number)?;
            write.commit()?;
        }
        Ok(())
    }

    /// Takes the first rows of entries of a log away, up to `max`, with all that stands about them. False when there is none.
    fn prune_step(&self, number: u32, max: usize) -> Result<bool, StoreError> {
        let mut write = self.db.begin_write()?;
        // What a crash undoes is done again.
        write.set_durability(Durability::None).map_err(|error| StoreError::Database(error.to_string()))?;
        let mut gone = Vec::new();
        {
            let mut entries = write.open_table(tables::ENTRIES)?;
            let (mut cases, mut marks) = (write.open_table(tables::CASES)?, write.open_table(tables::CASE_MARKS)?);
            let mut blobs = write.open_table(tables::BLOB_CASES)?;
            for row in entries.range::<&[u8; 12]>(&entry_key(number, 0)..=&entry_key(number, u64::MAX))?.take(max) {
                let (key, row) = row?;
                gone.push(*key.value());
                let first = u64::from_be_bytes(key.value()[4..].try_into().expect("eight of twelve bytes"));
                for (at, entry) in (first..).zip(rows::entries_in(row.value())) {
                    let record = Signed::parse(entry?).and_then(|signed| signed.claimed());
                    // One that says nothing is in no index.
                    let Some((record, case)) = record.ok().and_then(|record| record.case().map(|case| (record, case))) else { continue };
                    cases.remove(&case_key(case, number, at)?)?;
                    marks.insert(&case.0, ())?;
                    for blob in super::index::blobs_in(&record).into_iter().flatten() {
                        blobs.remove(&super::index::blob_key(blob, case))?;
                    }
                }
            }
            for key in &gone {
                entries.remove(key)?;
            }
        }
        write.commit()?;
        Ok(!gone.is_empty())
    }

    /// Gives space that is free inside the database back to the disk.
    ///
    /// # Errors
    /// Something else uses the store, or as the database.
    pub fn compact(&self) -> Result<(), StoreError> {
        self.db.compact()
    }
}

/// The last of a log whose entries are gone.
fn forget_log(write: &WriteTransaction, number: u32) -> Result<(), StoreError> {
    let log = number.to_be_bytes();
    let (first, last) = (entry_key(number, 0), entry_key(number, u64::MAX));
    write.open_table(tables::REACHED)?.retain_in::<&[u8; 12], _>(&first..=&last, |_, _| false)?;
    write.open_table(tables::REFUSED)?.retain_in::<&[u8; 12], _>(&first..=&last, |_, _| false)?;
    write.open_table(tables::UNKNOWN)?.retain_in::<&[u8; 12], _>(&first..=&last, |_, _| false)?;
    write.open_table(tables::DAMAGED)?.retain_in::<&[u8; 12], _>(&first..=&last, |_, _| false)?;
    write.open_table(tables::EPOCH_REQUESTS)?.retain_in::<&[u8; 12], _>(&first..=&last, |_, _| false)?;
    let (first, last) = (rows::hash_key(number, 0, 0), rows::hash_key(number, u8::MAX, u64::MAX));
    write.open_table(tables::HASHES)?.retain_in::<&[u8; 13], _>(&first..=&last, |_, _| false)?;
    // A later log may be given the number.
    write.open_table(tables::PEER_SIZES)?.retain(|key, _| key[32..] != log)?;
    write.open_table(tables::STANDINGS)?.remove(&log)?;
    write.open_table(tables::UNINDEXED)?.remove(&log)?;
    write.open_table(tables::LOGS)?.remove(&log)?;
    write.open_table(tables::PRUNING)?.remove(&log)?;
    Ok(())
}

#[cfg(test)]
mod tests;
