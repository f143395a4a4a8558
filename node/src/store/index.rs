//! Which records are about which case, and which blobs it names; and what becomes of records that the program did not know when they came.

use super::{
    Store, StoreError,
    logs::{case_key, entry_key},
    rows, tables,
};
use protocol::{
    id::BlobHash,
    record::{Record, Signed},
};
use redb::{ReadableTable, Table, WriteTransaction};
use std::collections::BTreeSet;

/// The indexes in one transaction.
pub(super) struct Index<'a> {
    cases: Table<'a, &'static [u8; 24], ()>,
    blobs: Table<'a, &'static [u8; 16], ()>,
    marks: Table<'a, &'static [u8; 16], ()>,
    unknown: Table<'a, &'static [u8; 12], &'static str>,
}

impl<'a> Index<'a> {
    pub(super) fn open(write: &'a WriteTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            cases: write.open_table(tables::CASES)?,
            blobs: write.open_table(tables::BLOB_CASES)?,
            marks: write.open_table(tables::CASE_MARKS)?,
            unknown: write.open_table(tables::UNKNOWN)?,
        })
    }

    pub(super) fn add(&mut self, number: u32, at: u64, record: &Record) -> Result<(), StoreError> {
        if let Record::Unknown { kind, .. } = record {
            // It may be about a case; which one, only a later version can tell.
            self.unknown.insert(&entry_key(number, at), kind.as_str())?;
        }
        let Some(case) = record.case() else { return Ok(()) };
        self.cases.insert(&case_key(case, number, at)?, ())?;
        self.marks.insert(&case.0, ())?;
        let blobs: Vec<BlobHash> = match record {
            Record::Submitted(said) => vec![said.photo, said.original, said.payload],
            Record::DocChanged(said) => vec![said.payload],
            Record::ReceiptUsed(said) => vec![said.reference],
            _ => vec![],
        };
        for blob in blobs {
            let mut row = [0; 16];
            row[..8].copy_from_slice(&blob.0[..8]);
            row[8..].copy_from_slice(&case.0[..8]);
            self.blobs.insert(&row, ())?;
        }
        Ok(())
    }
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
        office.store.append_as(office.origin(), &signed, &old).unwrap();
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
