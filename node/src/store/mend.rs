//! Putting right what decayed: entries by what peers hold, hashes by the entries.

use super::{
    LogView, Store, StoreError,
    index::Index,
    logs::{LogNumber, entry_key},
    rows, tables,
};
use protocol::{
    id::Origin,
    log::{SignedCheckpoint, VerifierKey},
    merkle::{Edge, Hash, Subtrees, leaf_hash},
};
use redb::ReadableTable;
use std::{collections::BTreeMap, sync::PoisonError};

impl Store {
    /// Remembers that an entry decayed, or that it is whole again.
    ///
    /// # Errors
    /// As the database.
    pub fn set_damaged(&self, origin: &Origin, index: u64, damaged: bool) -> Result<(), StoreError> {
        let Some(number) = self.log_number(origin) else { return Ok(()) };
        let write = self.db.begin_write()?;
        {
            let mut table = write.open_table(tables::DAMAGED)?;
            let key = entry_key(number, index);
            if damaged {
                table.insert(&key, ())?;
            } else {
                table.remove(&key)?;
            }
        }
        Ok(write.commit()?)
    }

    /// Notes that an entry does not count and why; durable when this returns.
    ///
    /// # Errors
    /// As the database.
    pub fn refuse(&self, origin: &Origin, index: u64, reason: &str) -> Result<(), StoreError> {
        let Some(number) = self.log_number(origin) else { return Ok(()) };
        let write = self.db.begin_write()?;
        write.open_table(tables::REFUSED)?.insert(&entry_key(number, index), reason)?;
        Ok(write.commit()?)
    }

    /// The first entry of a log that does not count by itself.
    ///
    /// # Errors
    /// As the database.
    pub fn first_refused(&self, origin: &Origin) -> Result<Option<u64>, StoreError> {
        let Some(number) = self.log_number(origin) else { return Ok(None) };
        let table = self.db.begin_read()?.open_table(tables::REFUSED)?;
        let first = table.range::<&[u8; 12]>(&entry_key(number, 0)..=&entry_key(number, u64::MAX))?.next().transpose()?;
        Ok(first.map(|(key, _)| u64::from_be_bytes(key.value()[4..].try_into().expect("eight of twelve bytes"))))
    }

    /// Entries that decayed and wait to be fetched again.
    ///
    /// # Errors
    /// As the database.
    pub fn damaged(&self) -> Result<Vec<(Origin, u64)>, StoreError> {
        let origins = self.numbered_origins();
        let table = self.db.begin_read()?.open_table(tables::DAMAGED)?;
        let mut found = Vec::new();
        for row in table.iter()? {
            let key = *row?.0.value();
            let (number, index) = key.split_at(4);
            let number: LogNumber = number.try_into().expect("four of twelve bytes");
            if let Some(origin) = origins.get(&number) {
                found.push((origin.clone(), u64::from_be_bytes(index.try_into().expect("eight of twelve bytes"))));
            }
        }
        Ok(found)
    }

    /// Puts those of the entries in their places that are marked as damaged and hash to the leaves kept here. Says how many.
    ///
    /// # Errors
    /// As the database; nothing changed then.
    pub fn mend(&self, origin: &Origin, entries: BTreeMap<u64, Vec<u8>>) -> Result<u64, StoreError> {
        let Some(number) = self.log_number(origin) else { return Ok(0) };
        let damaged: Vec<u64> = self.damaged()?.into_iter().filter(|(log, _)| log == origin).map(|(_, index)| index).collect();
        let leaf = |index| self.with_subtrees(origin, |view: &LogView| view.subtree(0, index));
        let mut whole = BTreeMap::new();
        for (index, bytes) in entries.into_iter().filter(|(index, _)| damaged.contains(index)) {
            // Attack: a peer gives other bytes. The leaf is covered by the signed root, so nothing else fits it.
            if leaf(index)? == Some(leaf_hash(&bytes)) {
                whole.insert(index, bytes);
            }
        }
        if whole.is_empty() {
            return Ok(0);
        }
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let write = self.db.begin_write()?;
        {
            let mut table = write.open_table(tables::ENTRIES)?;
            // Entry by entry: those between two damaged ones stay as they are.
            for (index, bytes) in &whole {
                rows::replace(&mut table, number, &BTreeMap::from([(*index, bytes.clone())]))?;
            }
            let mut marks = write.open_table(tables::DAMAGED)?;
            for index in whole.keys() {
                marks.remove(&entry_key(number, *index))?;
            }
        }
        write.commit()?;
        self.index_mended(origin, number, &whole)?;
        Ok(whole.len() as u64)
    }

    /// Takes entries into the indexes, where one that had decayed before it came to them is missing, and marks their cases to be folded again.
    fn index_mended(&self, origin: &Origin, number: u32, entries: &BTreeMap<u64, Vec<u8>>) -> Result<(), StoreError> {
        let write = self.db.begin_write()?;
        {
            let mut index = Index::open(&write)?;
            let mut refused = write.open_table(tables::REFUSED)?;
            for (at, bytes) in entries {
                if let Ok(record) = protocol::record::Signed::parse(bytes).and_then(|signed| signed.verify(origin)) {
                    index.add(number, *at, record.record())?;
                    refused.remove(&entry_key(number, *at))?;
                }
            }
        }
        Ok(write.commit()?)
    }

    /// Makes the hashes of a log anew from its entries, where the root that results is the one that was signed. Says whether it was.
    ///
    /// # Errors
    /// As the database; nothing changed then.
    pub fn rehash(&self, origin: &Origin, key: Option<&VerifierKey>) -> Result<bool, StoreError> {
        let Some(number) = self.log_number(origin) else { return Ok(false) };
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let head = self.head(origin);
        let Some(signed) = key.and_then(|key| SignedCheckpoint::verify(&head.note, key).ok()) else { return Ok(false) };
        let mut edge = Edge::default();
        let mut subtrees: Vec<(u8, u64, Hash)> = Vec::new();
        let mut fits = false;
        let table = self.db.begin_read()?.open_table(tables::ENTRIES)?;
        for entry in rows::read(&table, number, 0)? {
            edge.append(leaf_hash(&entry?.1), |level, index, hash| {
                if level % rows::LEVELS == 0 {
                    subtrees.push((level, index, hash));
                }
            });
            fits |= edge.size() == signed.size() && edge.root() == *signed.root();
        }
        if !fits || edge.size() != head.size {
            return Ok(false);
        }
        let write = self.db.begin_write()?;
        {
            let mut table = write.open_table(tables::HASHES)?;
            let (first, last) = (rows::hash_key(number, 0, 0), rows::hash_key(number, u8::MAX, u64::MAX));
            table.retain_in::<&[u8; 13], _>(&first..=&last, |_, _| false)?;
        }
        rows::append_hashes(&write, number, &subtrees)?;
        write.commit()?;
        self.set_edge(origin, edge);
        Ok(true)
    }

    /// Flips a bit of a stored entry.
    #[cfg(test)]
    pub(crate) fn flip_bit(&self, origin: &Origin, index: u64) {
        let number = self.log_number(origin).unwrap();
        let mut bytes = self.entry(origin, index).unwrap().unwrap().bytes;
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        let write = self.db.begin_write().unwrap();
        rows::replace(&mut write.open_table(tables::ENTRIES).unwrap(), number, &[(index, bytes)].into()).unwrap();
        write.commit().unwrap();
    }

    /// Forgets that a record did not verify when it came.
    #[cfg(test)]
    pub(crate) fn forget_refusal(&self, origin: &Origin, index: u64) {
        let write = self.db.begin_write().unwrap();
        write.open_table(tables::REFUSED).unwrap().remove(&entry_key(self.log_number(origin).unwrap(), index)).unwrap();
        write.commit().unwrap();
    }

    /// Flips a bit of a stored leaf.
    #[cfg(test)]
    pub(crate) fn flip_leaf(&self, origin: &Origin, index: u64) {
        let key = rows::hash_key(self.log_number(origin).unwrap(), 0, index / rows::HASHES);
        let write = self.db.begin_write().unwrap();
        {
            let mut table = write.open_table(tables::HASHES).unwrap();
            let mut row = table.get(&key).unwrap().unwrap().value().to_vec();
            row[(index % rows::HASHES) as usize * 32] ^= 1;
            table.insert(&key, row.as_slice()).unwrap();
        }
        write.commit().unwrap();
    }
}
