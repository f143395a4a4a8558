//! Which records are about which case, and which blobs it names; and what becomes of records that the program did not know when they came.

use super::{
    Store, StoreError, StoredEntry,
    logs::{Unindexed, case_key, entry_key, split_case_key},
    rows, tables,
};
use protocol::{
    id::{BlobHash, CaseId, Origin},
    record::{Record, Signed},
};
use redb::{Durability, ReadableTable, Table, WriteTransaction};
use std::{collections::BTreeSet, sync::PoisonError};

/// Rows of one index written in one transaction, which keeps other writers waiting.
const ROWS_STEP: usize = if cfg!(test) { 4 } else { 32_768 };
/// Entries held in memory by each core while it looks at them.
const READ_STEP: usize = if cfg!(test) { 2 } else { 2_048 };

/// Requests for an epoch that are looked at from each end of a log.
const EPOCH_REQUESTS_LOOKED_AT: usize = 16;

/// The indexes in one transaction.
pub(super) struct Index<'a> {
    cases: Table<'a, &'static [u8; 24], ()>,
    blobs: Table<'a, &'static [u8; 16], ()>,
    marks: Table<'a, &'static [u8; 16], ()>,
    unknown: Table<'a, &'static [u8; 12], &'static str>,
    requests: Table<'a, &'static [u8; 12], ()>,
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
            self.requests.insert(&entry_key(number, at), ())?;
        }
        let Some(case) = record.case() else { return Ok(()) };
        self.cases.insert(&case_key(case, number, at)?, ())?;
        self.marks.insert(&case.0, ())?;
        for blob in blobs_in(record).iter().flatten() {
            self.blobs.insert(&blob_key(*blob, case), ())?;
        }
        Ok(())
    }

    /// Adds rows of the case index, ascending, and marks their cases; and rows of the blob index.
    fn add_sorted(&mut self, cases: &[[u8; 24]], blobs: &[[u8; 16]]) -> Result<(), StoreError> {
        let mut marked = None;
        for key in cases {
            self.cases.insert(key, ())?;
            let (case, ..) = split_case_key(key);
            if marked.replace(case) != Some(case) && self.marks.get(&case)?.is_none() {
                self.marks.insert(&case, ())?;
            }
        }
        for key in blobs {
            self.blobs.insert(key, ())?;
        }
        Ok(())
    }
}

/// Blobs that a record names for its case.
pub(super) fn blobs_in(record: &Record) -> [Option<BlobHash>; 3] {
    match record {
        Record::Submitted(said) => [Some(said.photo), Some(said.original), Some(said.payload)],
        Record::DocChanged(said) => [Some(said.payload), None, None],
        Record::ReceiptUsed(said) => [Some(said.reference), None, None],
        _ => [None; 3],
    }
}

/// Beginning of a blob's name, beginning of a case's.
pub(super) fn blob_key(blob: BlobHash, case: CaseId) -> [u8; 16] {
    let mut row = [0; 16];
    row[..8].copy_from_slice(&blob.0[..8]);
    row[8..].copy_from_slice(&case.0[..8]);
    row
}

/// Rows of the indexes that were gathered from entries, and how far the logs were read.
#[derive(Default)]
struct Found {
    cases: Vec<[u8; 24]>,
    blobs: Vec<[u8; 16]>,
    unknown: Vec<([u8; 12], String)>,
    refused: Vec<([u8; 12], String)>,
    requests: Vec<(u32, u64)>,
    /// Each with the first entry that was not read.
    logs: Vec<(Unindexed, u64)>,
}

impl Found {
    /// Transactions in which it is written.
    fn steps(&self) -> usize {
        self.cases.len().max(self.blobs.len()).div_ceil(ROWS_STEP).max(1)
    }

    fn add(&mut self, number: u32, entry: &StoredEntry) -> Result<(), StoreError> {
        let place = entry_key(number, entry.index);
        let record = match claimed(&entry.bytes, &entry.origin) {
            Ok(record) => record,
            Err(reason) => {
                self.refused.push((place, reason));
                return Ok(());
            }
        };
        if let Record::Unknown { kind, .. } = &record {
            self.unknown.push((place, kind.clone()));
        }
        if let Record::EpochRequested(_) = record {
            self.requests.push((number, entry.index));
        }
        let Some(case) = record.case() else { return Ok(()) };
        self.cases.push(case_key(case, number, entry.index)?);
        self.blobs.extend(blobs_in(&record).into_iter().flatten().map(|blob| blob_key(blob, case)));
        Ok(())
    }

    fn take(&mut self, part: Self) {
        self.cases.extend(part.cases);
        self.blobs.extend(part.blobs);
        self.unknown.extend(part.unknown);
        self.refused.extend(part.refused);
        self.requests.extend(part.requests);
    }

    /// Writes what is rare.
    fn finish(&self, write: &WriteTransaction, index: &mut Index<'_>) -> Result<(), StoreError> {
        for (place, kind) in &self.unknown {
            index.unknown.insert(place, kind.as_str())?;
        }
        for (number, at) in &self.requests {
            index.requests.insert(&entry_key(*number, *at), ())?;
        }
        let mut refused = write.open_table(tables::REFUSED)?;
        for (place, reason) in &self.refused {
            refused.insert(place, reason.as_str())?;
        }
        Ok(())
    }
}

/// What an entry says, as far as nobody asks for its signature: that is asked where its case is folded. One that is about no case is folded
/// nowhere, and verified here. The one place that decides what the indexes hold of an entry, whichever way it came.
pub(super) fn claimed(bytes: &[u8], origin: &Origin) -> Result<Record, String> {
    let signed = Signed::parse(bytes).map_err(|error| error.to_string())?;
    let record = signed.claimed().map_err(|error| error.to_string())?;
    if record.case().is_none() {
        signed.verify(origin).map_err(|error| error.to_string())?;
    }
    Ok(record)
}

/// How the indexes differ from what the entries say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IndexDifference {
    /// Rows that the entries ask for and that are not there.
    pub missing: u64,
    /// Rows that no entry asks for.
    pub extra: u64,
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

    /// Records that ask for the next epoch: of each log the first and the last [`EPOCH_REQUESTS_LOOKED_AT`].
    ///
    /// Attack: whoever has the key of a log writes any number of them, so that the genuine one is not found. Both ends are looked at, for it
    /// stands before what a thief wrote, or behind it.
    ///
    /// # Errors
    /// As the database.
    pub fn epoch_requests(&self) -> Result<Vec<StoredEntry>, StoreError> {
        let table = self.db.begin_read()?.open_table(tables::EPOCH_REQUESTS)?;
        let mut found = Vec::new();
        for (number, origin) in self.numbered_origins() {
            let (from, to) = (entry_key(u32::from_be_bytes(number), 0), entry_key(u32::from_be_bytes(number), u64::MAX));
            let mut rows = table.range::<&[u8; 12]>(&from..=&to)?;
            let mut places = Vec::new();
            while places.len() < 2 * EPOCH_REQUESTS_LOOKED_AT {
                let row = if places.len() < EPOCH_REQUESTS_LOOKED_AT { rows.next() } else { rows.next_back() };
                let Some(row) = row else { break };
                let row = row?;
                places.push(row.0.value()[4..].iter().fold(0, |at, byte| at << 8 | u64::from(*byte)));
            }
            places.sort_unstable();
            for at in places {
                found.extend(self.entry(&origin, at)?);
            }
        }
        Ok(found)
    }

    /// Takes up to `max` entries into the indexes that were stored without a look at them, and says of which cases they are, ascending;
    /// nothing where none is left. One whose signature does not hold is met when its case is folded.
    ///
    /// Their rows fall on any page, and a page costs the same for one row as for many: so they are gathered, sorted, and written in the order
    /// of the pages, in transactions of bounded length. The place up to which logs are indexed moves with the last of them: what a crash
    /// leaves half done is done again, and the same rows are the same rows.
    ///
    /// # Errors
    /// As the database.
    pub fn index_more(&self, max: usize) -> Result<Option<Vec<CaseId>>, StoreError> {
        self.gather(max)?.map(|found| self.put(&found)).transpose()
    }

    fn put(&self, found: &Found) -> Result<Vec<CaseId>, StoreError> {
        let mut ids: Vec<CaseId> = found.cases.iter().map(|key| CaseId(split_case_key(key).0)).collect();
        ids.dedup();
        for step in 0..found.steps() {
            if !self.put_step(found, step)? {
                break;
            }
        }
        Ok(ids)
    }

    /// One transaction of as many as there are steps; false where what was gathered is not what is to be indexed any more.
    fn put_step(&self, found: &Found, step: usize) -> Result<bool, StoreError> {
        let (steps, last) = (found.steps(), step + 1 == found.steps());
        let part = |rows: usize| rows * step / steps..rows * (step + 1) / steps;
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // A log that was removed or indexed by another meanwhile is looked at anew.
        let now = self.unindexed();
        let same = |log: &Unindexed| now.iter().any(|now| (now.number, now.from, &now.origin) == (log.number, log.from, &log.origin));
        if !found.logs.iter().all(|(log, _)| same(log)) {
            return Ok(false);
        }
        // Entries that came since they were read are behind the last one that was.
        let end = |log: &Unindexed, next: u64| (next < self.edge(&log.origin).size()).then_some(next);
        let moved: Vec<_> = found.logs.iter().map(|(log, next)| (log, end(log, *next))).collect();
        let mut write = self.db.begin_write()?;
        // What is lost with it is begun anew. The last of many is durable: what is not piles up in memory.
        if !(last && steps > 1) {
            write.set_durability(Durability::None).map_err(|error| StoreError::Database(error.to_string()))?;
        }
        {
            let mut index = Index::open(&write)?;
            index.add_sorted(&found.cases[part(found.cases.len())], &found.blobs[part(found.blobs.len())])?;
            if last {
                found.finish(&write, &mut index)?;
                let mut unindexed = write.open_table(tables::UNINDEXED)?;
                for (log, next) in &moved {
                    match next {
                        Some(next) => _ = unindexed.insert(&log.number.to_be_bytes(), next)?,
                        None => _ = unindexed.remove(&log.number.to_be_bytes())?,
                    }
                }
            }
        }
        write.commit()?;
        if last {
            moved.into_iter().for_each(|(log, next)| self.set_unindexed(&log.origin, next));
        }
        Ok(true)
    }

    /// Reads up to `max` entries that are in no index, on all cores, and sorts what the indexes will hold of them.
    fn gather(&self, max: usize) -> Result<Option<Found>, StoreError> {
        let mut found = Found::default();
        let mut left = max as u64;
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        for log in self.unindexed() {
            let end = log.size.min(log.from + left);
            left -= end - log.from;
            let part = (end - log.from).div_ceil(cores).max(1);
            let parts = std::thread::scope(|scope| {
                let starts = (log.from..end).step_by(part as usize);
                let parts: Vec<_> = starts
                    .map(|start| {
                        let log = &log;
                        scope.spawn(move || self.look_at(log, start, end.min(start + part)))
                    })
                    .collect();
                parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect::<Vec<_>>()
            });
            for part in parts {
                found.take(part?);
            }
            found.logs.push((log, end));
            if left == 0 {
                break;
            }
        }
        found.cases.sort_unstable();
        found.blobs.sort_unstable();
        found.blobs.dedup();
        Ok((!found.logs.is_empty()).then_some(found))
    }

    /// What the indexes hold of a stretch of a log. What decayed meanwhile is missing, and is taken in when it is mended.
    fn look_at(&self, log: &Unindexed, start: u64, end: u64) -> Result<Found, StoreError> {
        let mut found = Found::default();
        let mut from = start;
        while from < end {
            let entries = self.entries(&log.origin, from, READ_STEP.min((end - from) as usize))?;
            from = entries.last().map_or(end, |last| last.index + 1);
            for entry in entries.iter().filter(|entry| entry.index < end) {
                found.add(log.number, entry)?;
            }
        }
        Ok(found)
    }

    /// Makes the rows of the indexes from the entries and compares them with those that are kept. Nothing may be written meanwhile; entries
    /// that are in no index yet are left out.
    ///
    /// # Errors
    /// As the database.
    pub fn compare_index(&self, mut look: impl FnMut(u64)) -> Result<IndexDifference, StoreError> {
        let mut found = Found::default();
        for origin in self.origins() {
            let Some(number) = self.log_number(&origin) else { continue };
            let end = self.indexed(&origin);
            let log = Unindexed { number, from: 0, size: end, origin };
            for start in (0..end).step_by(READ_STEP) {
                let stop = end.min(start + READ_STEP as u64);
                found.take(self.look_at(&log, start, stop)?);
                look(stop - start);
            }
        }
        found.cases.sort_unstable();
        found.blobs.sort_unstable();
        found.blobs.dedup();
        let read = self.db.begin_read()?;
        let (cases, blobs) = (read.open_table(tables::CASES)?, read.open_table(tables::BLOB_CASES)?);
        let cases = differences(&found.cases, cases.iter()?.map(|row| Ok::<_, StoreError>(*row?.0.value())))?;
        let blobs = differences(&found.blobs, blobs.iter()?.map(|row| Ok::<_, StoreError>(*row?.0.value())))?;
        Ok(IndexDifference { missing: cases.missing + blobs.missing, extra: cases.extra + blobs.extra })
    }

    /// Empties the indexes; [`Store::index_more`] makes them anew from the entries.
    ///
    /// # Errors
    /// As the database.
    pub fn forget_index(&self) -> Result<(), StoreError> {
        let logs: Vec<(Origin, u32)> =
            self.origins().into_iter().filter_map(|origin| Some((origin.clone(), self.log_number(&origin)?))).collect();
        let logs: Vec<_> = logs.into_iter().filter(|(origin, _)| self.edge(origin).size() > 0).collect();
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let write = self.db.begin_write()?;
        {
            write.open_table(tables::CASES)?.retain(|_, ()| false)?;
            write.open_table(tables::BLOB_CASES)?.retain(|_, ()| false)?;
            let mut unindexed = write.open_table(tables::UNINDEXED)?;
            for (_, number) in &logs {
                unindexed.insert(&number.to_be_bytes(), 0)?;
            }
        }
        write.commit()?;
        logs.into_iter().for_each(|(origin, _)| self.set_unindexed(&origin, Some(0)));
        Ok(())
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
impl Store {
    /// Puts the rows of one case under the name of another.
    pub(crate) fn spoil_index(&self, case: CaseId, other: CaseId) {
        let write = self.db.begin_write().unwrap();
        {
            let mut table = write.open_table(tables::CASES).unwrap();
            let key = table.iter().unwrap().map(|row| *row.unwrap().0.value()).find(|key| key[..16] == case.0).unwrap();
            table.remove(&key).unwrap();
            let mut moved = key;
            moved[..16].copy_from_slice(&other.0);
            table.insert(&moved, ()).unwrap();
        }
        write.commit().unwrap();
    }
}

/// What is in only one of two ascending lists.
fn differences<T: Ord>(wanted: &[T], kept: impl Iterator<Item = Result<T, StoreError>>) -> Result<IndexDifference, StoreError> {
    let (mut difference, mut wanted) = (IndexDifference::default(), wanted.iter().peekable());
    for row in kept {
        let row = row?;
        while wanted.next_if(|wanted| **wanted < row).is_some() {
            difference.missing += 1;
        }
        if wanted.next_if(|wanted| **wanted == row).is_none() {
            difference.extra += 1;
        }
    }
    difference.missing += wanted.count() as u64;
    Ok(difference)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        service::testing::{Home, picture, sync},
        store::testing::LogOfCases,
    };
    use protocol::{
        case::Status,
        record::{EpochRequested, ReceiptRevoked, Roles},
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

    /// A reader of before took what came between its look at the entries and its look at their number for read.
    #[test]
    fn what_comes_while_rows_are_gathered_is_taken_in_by_the_next_step() {
        let (dir, other) = (tempfile::tempdir().unwrap(), LogOfCases::new(1));
        let store = Store::open(dir.path()).unwrap();
        other.give(&store, 0..7);
        let gathered = store.gather(100).unwrap().unwrap();
        other.give(&store, 7..9);
        assert_eq!(store.put(&gathered).unwrap().len(), 7);
        assert_eq!((store.indexed(&other.origin), store.head(&other.origin).size), (7, 9));
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.indexed(&other.origin), 7, "as on disk");
        assert_eq!(store.index_more(1).unwrap().unwrap(), [LogOfCases::case(7)]);
        assert_eq!(store.index_more(100).unwrap().unwrap(), [LogOfCases::case(8)]);
        assert_eq!(store.index_more(100).unwrap(), None);
        assert_eq!(store.case_ids().unwrap().len(), 9);
    }

    /// What others write between two steps makes those before durable.
    #[test]
    fn a_stop_between_two_steps_passes_over_nothing() {
        let (dir, [log, another]) = (tempfile::tempdir().unwrap(), [1, 2].map(LogOfCases::new));
        let store = Store::open(dir.path()).unwrap();
        log.give(&store, 0..9);
        let gathered = store.gather(100).unwrap().unwrap();
        assert_eq!(gathered.steps(), 3);
        assert!(store.put_step(&gathered, 0).unwrap());
        assert!(store.put_step(&gathered, 1).unwrap());
        another.give(&store, 0..1);
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert_eq!((store.case_ids().unwrap().len(), store.marked_cases(100).unwrap().len()), (6, 6), "each with its mark");
        assert_eq!(store.indexed(&log.origin), 0);
        while store.index_more(100).unwrap().is_some() {}
        assert_eq!((store.case_ids().unwrap().len(), store.marked_cases(100).unwrap().len()), (9, 9));
        assert!(!store.put_step(&gathered, 2).unwrap(), "by another meanwhile");
    }

    #[test]
    fn logs_that_are_behind_are_taken_in_together_and_each_as_far_as_there_is_room() {
        let (dir, others) = (tempfile::tempdir().unwrap(), [1, 2, 3].map(LogOfCases::new));
        let store = Store::open(dir.path()).unwrap();
        others.iter().for_each(|other| other.give(&store, 0..5));
        let indexed = || others.each_ref().map(|other| store.indexed(&other.origin));
        assert_eq!(store.index_more(7).unwrap().unwrap().len(), 5, "the same five cases in each");
        assert_eq!(indexed(), [5, 2, 0]);
        assert_eq!(store.index_more(100).unwrap().unwrap().len(), 5);
        assert_eq!(indexed(), [5; 3]);
        assert!((0..5).all(|number| store.case_entries(LogOfCases::case(number)).unwrap().len() == 3));
        assert_eq!(store.marked_cases(100).unwrap().len(), 5);
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

    /// Who is behind takes the request in as it takes in everything else.
    #[test]
    fn a_request_for_an_epoch_is_found_whichever_way_it_came() {
        let home = Home::new();
        let office = home.open();
        let (_other, elsewhere) = Home::join(&office, "44030002", Roles::CAPTURE);
        let before = office.store.edge(elsewhere.origin());
        let asked = |at_ms| Record::EpochRequested(EpochRequested { rotation: vec![], operator: 0, at_ms });
        elsewhere.append(|_, signer| (0..9).map(|at_ms| signer.sign(&asked(at_ms))).collect()).unwrap();
        let package = elsewhere.store.package(elsewhere.origin(), before.size()).unwrap().unwrap();
        let key = office.members().verifier(elsewhere.origin()).unwrap();
        office.store.commit_unindexed(elsewhere.origin(), &[package.verify(&before, &key, []).unwrap()]).unwrap();
        assert_eq!(office.store.epoch_requests().unwrap().len(), 0);
        while !office.settle(1).unwrap() {}
        let last: Vec<u64> = office.store.epoch_requests().unwrap().iter().map(|entry| entry.index).collect();
        assert_eq!(last, (0..9).map(|at| before.size() + at).collect::<Vec<_>>());
        assert_eq!(elsewhere.store.epoch_requests().unwrap().len(), last.len());
    }
}
