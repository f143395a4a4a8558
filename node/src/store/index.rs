//! Which records are about which case, and which blobs it names; and what becomes of records that the program did not know when they came.

use super::{
    Store, StoreError, StoredEntry,
    logs::{case_key, entry_key},
    rows, tables,
};
use protocol::{
    id::{BlobHash, CaseId},
    record::{Record, Signed},
};
use redb::{Durability, ReadableTable, Table, WriteTransaction};
use std::{collections::BTreeSet, sync::PoisonError};

/// The indexes in one transaction.
pub(super) struct Index<'a> {
    cases: Table<'a, &'static [u8; 24], ()>,
    blobs: Table<'a, &'static [u8; 16], ()>,
    marks: Table<'a, &'static [u8; 16], ()>,
    unknown: Table<'a, &'static [u8; 12], &'static str>,
    requests: Table<'a, &'static [u8; 4], u64>,
}

impl<'a> Index<'a> {
    pub(super) fn open(write: &'a WriteTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            cases: write.open_table(tables::CASES)?,
            blobs: write.open_table(tables::BLOB_CASES)?,
            marks: write.open_table(tables::CASE_MARKS)?,
            unknown: write.open_table(tables::UNKNOWN)?,
            requests: write.open_table(tables::EPOCH_REQUESTS)?,
        })
    }

    pub(super) fn add(&mut self, number: u32, at: u64, record: &Record) -> Result<(), StoreError> {
        if let Record::Unknown { kind, .. } = record {
            // It may be about a case; which one, only a later version can tell.
            self.unknown.insert(&entry_key(number, at), kind.as_str())?;
        }
        if let Record::EpochRequested(_) = record {
            self.requests.insert(&number.to_be_bytes(), at)?;
        }
        let Some(case) = record.case() else { return Ok(()) };
        self.cases.insert(&case_key(case, number, at)?, ())?;
        self.marks.insert(&case.0, ())?;
        for blob in blobs(record) {
            self.blobs.insert(&blob_key(blob, case), ())?;
        }
        Ok(())
    }
}

/// Blobs that a record names for its case.
pub(super) fn blobs(record: &Record) -> Vec<BlobHash> {
    match record {
        Record::Submitted(said) => vec![said.photo, said.original, said.payload],
        Record::DocChanged(said) => vec![said.payload],
        Record::ReceiptUsed(said) => vec![said.reference],
        _ => vec![],
    }
}

/// Beginning of a blob's name, beginning of a case's.
pub(super) fn blob_key(blob: BlobHash, case: CaseId) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&blob.0[..8]);
    key[8..].copy_from_slice(&case.0[..8]);
    key
}

/// What an entry says, as far as nobody asks for its signature: that is asked where its case is folded. One that is about no case is folded
/// nowhere, and verified here.
fn claimed(stored: &StoredEntry) -> Result<Record, String> {
    let signed = Signed::parse(&stored.bytes).map_err(|error| error.to_string())?;
    let record = signed.claimed().map_err(|error| error.to_string())?;
    if record.case().is_none() {
        stored.verify().map_err(|error| error.to_string())?;
    }
    Ok(record)
}

impl Store {
    /// Kinds of records that are here and that this program does not know: a later version does.
    ///
    /// # Errors
    /// As the database.
    pub fn unknown_kinds(&self) -> Result<BTreeSet<String>, StoreError> {
        let table = self.db.begin_read()?.open_table(tables::UNKNOWN)?;
        table.iter()?.map(|row| Ok(row?.1.value().to_owned())).collect()
    }

    /// The last record of each log that asks for the next epoch.
    ///
    /// # Errors
    /// As the database.
    pub fn epoch_requests(&self) -> Result<Vec<StoredEntry>, StoreError> {
        let origins = self.numbered_origins();
        let table = self.db.begin_read()?.open_table(tables::EPOCH_REQUESTS)?;
        let mut found = Vec::new();
        for row in table.iter()? {
            let (number, at) = row?;
            if let Some(origin) = origins.get(number.value()) {
                found.extend(self.entry(origin, at.value())?);
            }
        }
        Ok(found)
    }

    /// Takes up to `max` entries into the indexes that were stored without a look at them, and says of which cases they are; nothing where
    /// none is left. One whose signature does not hold is met when its case is folded.
    ///
    /// # Errors
    /// As the database.
    pub fn index_more(&self, max: usize) -> Result<Option<Vec<CaseId>>, StoreError> {
        let Some((origin, number, from)) = self.unindexed() else { return Ok(None) };
        let entries = self.entries(&origin, from, max)?;
        // What decayed meanwhile is missing, and is taken in when it is mended.
        let next = if entries.len() < max { self.edge(&origin).size() } else { entries.last().map_or(from, |last| last.index + 1) };
        let mut records: Vec<(u64, Result<Record, String>)> = entries.iter().map(|entry| (entry.index, claimed(entry))).collect();
        let cases: BTreeSet<CaseId> = records.iter().filter_map(|(_, record)| record.as_ref().ok()?.case()).collect();
        // In the order of the index: a page is written once for all of its rows.
        records.sort_by_key(|(at, record)| (record.as_ref().ok().and_then(Record::case), *at));
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody else moves it but another of these, and what is indexed twice is the same rows.
        let ended = next >= self.edge(&origin).size();
        let mut write = self.db.begin_write()?;
        // What is lost with it is begun anew from the row that says how far it came.
        write.set_durability(Durability::None).map_err(|error| StoreError::Database(error.to_string()))?;
        {
            let mut index = Index::open(&write)?;
            for (at, record) in &records {
                match record {
                    Ok(record) => index.add(number, *at, record)?,
                    Err(reason) => _ = write.open_table(tables::REFUSED)?.insert(&entry_key(number, *at), reason.as_str())?,
                }
            }
            let mut unindexed = write.open_table(tables::UNINDEXED)?;
            match ended {
                true => _ = unindexed.remove(&number.to_be_bytes())?,
                false => _ = unindexed.insert(&number.to_be_bytes(), next)?,
            }
        }
        write.commit()?;
        self.set_unindexed(&origin, (!ended).then_some(next));
        Ok(Some(cases.into_iter().collect()))
    }

    /// Takes records into the indexes whose kind was unknown when they came and is known to this program. Their cases are folded anew.
    pub(super) fn index_known(&self) -> Result<(), StoreError> {
        let known: Vec<[u8; 12]> = {
            let table = self.db.begin_read()?.open_table(tables::UNKNOWN)?;
            let rows = table.iter()?.map(|row| row.map(|(place, kind)| (*place.value(), Record::KINDS.contains(&kind.value()))));
            rows.filter_map(|row| row.map(|(place, known)| known.then_some(place)).transpose()).collect::<Result<_, _>>()?
        };
        if known.is_empty() {
            return Ok(());
        }
        let write = self.db.begin_write()?;
        {
            let entries = write.open_table(tables::ENTRIES)?;
            let mut index = Index::open(&write)?;
            for place in &known {
                let (number, at) = place.split_at(4);
                let number = u32::from_be_bytes(number.try_into().expect("four of twelve bytes"));
                let at = u64::from_be_bytes(at.try_into().expect("eight of twelve bytes"));
                index.unknown.remove(place)?;
                // A body that is not one of its kind after all counts for nothing, as it would have when it came.
                let entry = rows::read_one(&entries, number, at)?;
                if let Some(record) = entry.and_then(|entry| Signed::parse(&entry).ok()?.claimed().ok()) {
                    index.add(number, at, &record)?;
                }
            }
        }
        write.commit()?;
        tracing::info!(records = known.len(), "records of kinds that this version knows were taken in");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::testing::{Home, picture, sync};
    use protocol::{
        case::Status,
        record::{ReceiptRevoked, Roles},
    };

    /// A revocation comes to an office whose program does not know what a revocation is, and on to another one; then both are upgraded.
    #[test]
    fn case_44_what_an_old_program_did_not_know_counts_after_the_upgrade() {
        let home = Home::new();
        let office = home.open();
        let case = home.case(&office, &picture(8, 8, [9; 3]), true);
        let receipt = case.receipts[0].hash;
        while !office.settle(16).unwrap() {}
        let revoked = ReceiptRevoked { case: case.id, receipt, reason: "wrong_person".into(), operator: 1, at_ms: 0 };
        let signed = Signed::sign(office.origin(), &office.keys.office, &Record::ReceiptRevoked(revoked)).unwrap();
        // What a program of before makes of it.
        let old = Record::Unknown { kind: "receipt_revoked".into(), body: vec![] };
        office.store.append_as(office.origin(), &[(&signed, &old)]).unwrap();
        assert_eq!(office.case(case.id).unwrap().unwrap().revocations.len(), 0);
        assert_eq!(office.store.marked_cases(9).unwrap(), []);
        drop(office);

        let office = home.open();
        assert_eq!(office.store.marked_cases(9).unwrap(), [case.id]);
        while !office.settle(16).unwrap() {}
        assert_eq!(office.case(case.id).unwrap().unwrap().revocations.len(), 1);
        assert_eq!(office.compare_states(|| {}).unwrap(), []);
        office.compared().unwrap();
        let (_other, elsewhere) = Home::join(&office, "44030002", Roles::ARCHIVE);
        sync(&office, &elsewhere);
        assert_eq!(elsewhere.case(case.id).unwrap().unwrap().revocations.len(), 1, "it was carried as it came");
        assert_eq!(elsewhere.count(Status::Approved).unwrap(), 1);
    }

    #[test]
    fn a_record_of_an_unknown_kind_is_carried_and_waits() {
        let home = Home::new();
        let office = home.open();
        let body = vec![0xa1, 0x00, 0x01];
        let record = Record::Unknown { kind: "seal_broken".into(), body: body.clone() };
        office.append(|_, signer| Ok(vec![signer.sign(&record)?])).unwrap();
        let (other, elsewhere) = Home::join(&office, "44030002", Roles::ARCHIVE);
        sync(&office, &elsewhere);
        drop(elsewhere);
        let elsewhere = other.open_as(&office, "44030002");
        let at = office.store.head(office.origin()).size - 1;
        let carried = elsewhere.store.entry(office.origin(), at).unwrap().unwrap();
        assert_eq!(carried.bytes, office.store.entry(office.origin(), at).unwrap().unwrap().bytes);
        assert_eq!(carried.verify().unwrap().record.record(), &record);
        assert_eq!(elsewhere.store.head(office.origin()).root, office.store.head(office.origin()).root);
        assert_eq!(elsewhere.store.unknown_kinds().unwrap(), BTreeSet::from(["seal_broken".to_owned()]));
    }
}
