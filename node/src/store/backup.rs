//! A copy of the database as it is at one moment, while it goes on being written.

use super::{Store, StoreError, logs::LogRow, tables};
use protocol::id::Origin;
use redb::{Database, Key, ReadTransaction, ReadableTable, TableDefinition, Value, WriteTransaction};
use std::{borrow::Borrow, path::Path};

/// The database as it was when this was taken.
pub struct Snapshot {
    read: ReadTransaction,
    /// Every log with its newest checkpoint, also of the own ones, which the database itself does not keep.
    logs: Vec<(u32, LogRow)>,
}

impl Store {
    /// Takes a snapshot; gives back the size of every log along. Whoever appends to own logs must be kept from it meanwhile, so that their checkpoints fit.
    ///
    /// # Errors
    /// As the database.
    pub fn snapshot(&self) -> Result<(Snapshot, Vec<(Origin, u64)>), StoreError> {
        let _writer = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let logs = self.log_rows();
        let sizes = logs.iter().map(|(_, row)| (row.origin.clone(), row.size)).collect();
        Ok((Snapshot { read: self.db.begin_read()?, logs }, sizes))
    }
}

impl Snapshot {
    /// Writes a database of its own; durable when this returns.
    ///
    /// # Errors
    /// There is a file already, or the disk refuses.
    pub fn write(&self, path: &Path) -> Result<(), StoreError> {
        drop(std::fs::File::create_new(path)?);
        let copy = Database::create(path)?;
        let write = copy.begin_write()?;
        self.copy(&write, tables::META)?;
        self.copy(&write, tables::ENTRIES)?;
        self.copy(&write, tables::HASHES)?;
        self.copy(&write, tables::REACHED)?;
        self.copy(&write, tables::UNINDEXED)?;
        self.copy(&write, tables::EPOCH_REQUESTS)?;
        self.copy(&write, tables::CASES)?;
        self.copy(&write, tables::BLOB_CASES)?;
        self.copy(&write, tables::REFUSED)?;
        self.copy(&write, tables::UNKNOWN)?;
        self.copy(&write, tables::DRAFTS)?;
        self.copy(&write, tables::STAFF)?;
        self.copy(&write, tables::PEER_SIZES)?;
        self.copy(&write, tables::COSIGNED)?;
        self.copy(&write, tables::CASE_STATES)?;
        self.copy(&write, tables::CASE_ORDER)?;
        self.copy(&write, tables::CASE_COUNTS)?;
        self.copy(&write, tables::CASE_MARKS)?;
        self.copy(&write, tables::STANDINGS)?;
        self.copy(&write, tables::WANTED)?;
        self.copy(&write, tables::FORKS)?;
        self.copy(&write, tables::INCIDENTS)?;
        self.copy(&write, tables::DAMAGED)?;
        self.copy(&write, tables::INVITATIONS)?;
        self.copy(&write, tables::SPEC_DRAFTS)?;
        self.copy(&write, tables::PEOPLE)?;
        self.copy(&write, tables::SALTS)?;
        self.copy(&write, tables::TRAIL)?;
        {
            let mut logs = write.open_table(tables::LOGS)?;
            for (number, row) in &self.logs {
                let row = minicbor::to_vec(row).map_err(|error| StoreError::Corrupt(error.to_string()))?;
                logs.insert(&number.to_be_bytes(), row.as_slice())?;
            }
        }
        Ok(write.commit()?)
    }

    fn copy<K: Key + 'static, V: Value + 'static>(
        &self,
        write: &WriteTransaction,
        table: TableDefinition<'_, K, V>,
    ) -> Result<(), StoreError> {
        let mut to = write.open_table(table)?;
        for row in self.read.open_table(table)?.iter()? {
            let (key, value) = row?;
            to.insert(key.value().borrow(), value.value().borrow())?;
        }
        Ok(())
    }
}
