//! Where every case stands, kept beside its records.
//!
//! Every commit marks the cases of its records in the same transaction. [`Store::fold_cases`] folds marked cases and takes the marks away,
//! again in one transaction, so whenever the power goes a row is either what its records fold to or marked.
//!
//! What counts depends on the membership too. Beside the rows stands, for every log, the digest of its standing under which all of its
//! cases were folded or marked; where the membership says something else, [`Store::mark_cases_of`] marks the cases of that log.

use super::{
    Store, StoreError,
    fold::{Fold, States},
    logs::{LogNumber, split_case_key},
    tables,
};
use protocol::{
    case::{Status, Summary},
    id::{BlobHash, CaseId, Millis, Origin},
    log::Entry,
    merkle::Hash,
};
use redb::{Durability, ReadableTable};
use std::collections::{BTreeMap, BTreeSet};

/// Every state, as lists name them.
pub const STATUSES: [Status; 5] = [Status::Submitted, Status::Approved, Status::Returned, Status::Withdrawn, Status::Conflict];

/// Rows of the case index looked at in one transaction of [`Store::mark_cases_of`].
const MARK_STEP: usize = 20_000;
/// Key in the table of standings for what concerns every log: the fold's form and this office's own roles.
pub(super) const EVERY_LOG: [u8; 4] = [0xff; 4];

/// A place in the order of lists: time of the current submission, then case.
pub type Place = (Millis, CaseId);

/// What of the kept states differs from a replay of the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// The row of a case is not what its records fold to.
    Row(CaseId),
    /// The order does not hold the case in its state and time, or holds it twice.
    Order(CaseId),
    /// The number of cases in a state is not the kept one.
    Count(u8),
}

pub(super) fn row(summary: &Summary) -> Result<Vec<u8>, StoreError> {
    minicbor::to_vec(summary).map_err(|error| StoreError::Corrupt(error.to_string()))
}

pub(super) fn read_row(bytes: &[u8]) -> Result<Summary, StoreError> {
    minicbor::decode(bytes).map_err(|error| StoreError::Corrupt(format!("state of a case: {error}")))
}

pub(super) fn order_key(summary: &Summary, case: CaseId) -> [u8; 25] {
    place_key(summary.status as u8, (summary.submitted_ms, case))
}

fn place_key(status: u8, (at_ms, case): Place) -> [u8; 25] {
    let mut key = [0; 25];
    key[0] = status;
    key[1..9].copy_from_slice(&at_ms.to_be_bytes());
    key[9..].copy_from_slice(&case.0);
    key
}

fn place_of(key: &[u8; 25]) -> Place {
    let at_ms = u64::from_be_bytes(key[1..9].try_into().expect("eight of 25 bytes"));
    (at_ms, CaseId(key[9..].try_into().expect("sixteen of 25 bytes")))
}

impl Store {
    /// Marks the cases of every log whose standing is not the one they were folded under; `every` stands for what concerns all of them.
    /// Works in steps and leaves the writer to others between them.
    ///
    /// # Errors
    /// As the database; asked again it begins anew.
    pub fn mark_cases_of(&self, standings: &BTreeMap<Origin, Hash>, every: &Hash) -> Result<(), StoreError> {
        let read = self.db.begin_read()?;
        let known = read.open_table(tables::STANDINGS)?;
        let all = known.get(&EVERY_LOG)?.is_some_and(|row| row.value() != every);
        let mut changed: BTreeMap<LogNumber, Hash> = BTreeMap::new();
        for (number, origin) in self.numbered_origins() {
            // A log without a row was not folded yet: its cases are marked since they came.
            let Some(now) = standings.get(&origin) else { continue };
            if known.get(&number)?.is_some_and(|row| row.value() != now) {
                changed.insert(number, *now);
            }
        }
        drop((known, read));
        if !all && changed.is_empty() {
            return Ok(());
        }
        let mut from = Some([0; 24]);
        while let Some(start) = from {
            from = self.mark_step(start, all, &changed)?;
        }
        let write = self.db.begin_write()?;
        {
            let mut standings = write.open_table(tables::STANDINGS)?;
            standings.insert(&EVERY_LOG, every)?;
            for (number, now) in &changed {
                standings.insert(number, now)?;
            }
        }
        Ok(write.commit()?)
    }

    /// Marks from a row of the case index on; gives back where to go on.
    fn mark_step(&self, from: [u8; 24], all: bool, changed: &BTreeMap<LogNumber, Hash>) -> Result<Option<[u8; 24]>, StoreError> {
        let write = self.db.begin_write()?;
        let mut next = None;
        {
            let cases = write.open_table(tables::CASES)?;
            let mut marks = write.open_table(tables::CASE_MARKS)?;
            for (looked_at, row) in cases.range::<&[u8; 24]>(&from..)?.enumerate() {
                let key = *row?.0.value();
                if looked_at == MARK_STEP {
                    next = Some(key);
                    break;
                }
                let (case, number, _) = split_case_key(&key);
                if all || changed.contains_key(&number) {
                    marks.insert(&case, ())?;
                }
            }
        }
        write.commit()?;
        Ok(next)
    }

    /// Tells `visit` of every case that has a record in one of these logs, with all logs that have records of it.
    ///
    /// # Errors
    /// As the database, or as `visit`.
    pub fn for_cases_in(
        &self,
        logs: &BTreeSet<Origin>,
        mut visit: impl FnMut(CaseId, &BTreeSet<Origin>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let origins = self.numbered_origins();
        let table = self.db.begin_read()?.open_table(tables::CASES)?;
        let mut of: Option<(CaseId, BTreeSet<Origin>)> = None;
        let mut tell = |of: Option<(CaseId, BTreeSet<Origin>)>| match of {
            Some((case, of)) if !of.is_disjoint(logs) => visit(case, &of),
            _ => Ok(()),
        };
        for row in table.iter()? {
            let (case, number, _) = split_case_key(row?.0.value());
            let Some(origin) = origins.get(&number) else { continue };
            if of.as_ref().is_none_or(|(known, _)| known.0 != case) {
                tell(of.replace((CaseId(case), BTreeSet::new())))?;
            }
            of.iter_mut().for_each(|(_, of)| _ = of.insert(origin.clone()));
        }
        tell(of)
    }

    /// Kept state of a case, current where the case is not marked.
    ///
    /// # Errors
    /// As the database.
    pub fn case_summary(&self, case: CaseId) -> Result<Option<Summary>, StoreError> {
        let read = self.db.begin_read()?;
        read.open_table(tables::CASE_STATES)?.get(&case.0)?.map(|row| read_row(row.value())).transpose()
    }

    /// Cases in a state, as far as they are folded.
    ///
    /// # Errors
    /// As the database.
    pub fn count_cases(&self, status: Status) -> Result<u64, StoreError> {
        let read = self.db.begin_read()?;
        Ok(read.open_table(tables::CASE_COUNTS)?.get(&[status as u8])?.map_or(0, |row| row.value()))
    }

    /// Up to `count` cases in any of the states, in the order of their places, from the one after `after` on.
    ///
    /// # Errors
    /// As the database.
    pub fn list_cases(
        &self,
        statuses: &[Status],
        after: Option<Place>,
        newest_first: bool,
        count: usize,
    ) -> Result<Vec<(Place, Status)>, StoreError> {
        let read = self.db.begin_read()?;
        let table = read.open_table(tables::CASE_ORDER)?;
        let mut found = Vec::new();
        for status in statuses {
            let (mut first, mut last) = ([0; 25], [0xff; 25]);
            (first[0], last[0]) = (*status as u8, *status as u8);
            let edge = after.map(|after| place_key(*status as u8, after));
            if let Some(edge) = edge {
                if newest_first { last = edge } else { first = edge }
            }
            let rows = table.range::<&[u8; 25]>(&first..=&last)?;
            let mut take = |row: Result<(redb::AccessGuard<'_, &[u8; 25]>, redb::AccessGuard<'_, ()>), redb::StorageError>| {
                let key = *row?.0.value();
                if Some(key) != edge {
                    found.push((place_of(&key), *status));
                }
                Ok::<_, StoreError>(())
            };
            // One more than asked for: the row that `after` names may be among them.
            if newest_first {
                rows.rev().take(count + 1).try_for_each(&mut take)?;
            } else {
                rows.take(count + 1).try_for_each(&mut take)?;
            }
        }
        found.sort_by_key(|(place, _)| *place);
        if newest_first {
            found.reverse();
        }
        found.truncate(count);
        Ok(found)
    }

    /// Blobs that were wanted when their cases were folded, at most `max`, from some name on and round.
    ///
    /// # Errors
    /// As the database.
    pub fn wanted(&self, from: BlobHash, max: usize) -> Result<Vec<BlobHash>, StoreError> {
        let read = self.db.begin_read()?;
        let table = read.open_table(tables::WANTED)?;
        let (behind, before) = (table.range::<&[u8; 32]>(&from.0..)?, table.range::<&[u8; 32]>(..&from.0)?);
        behind.chain(before).take(max).map(|row| Ok(BlobHash(*row?.0.value()))).collect()
    }

    /// Wants a blob, or does not want it any more.
    ///
    /// # Errors
    /// As the database.
    pub fn set_wanted(&self, wanted: &[BlobHash], no_more: &[BlobHash]) -> Result<(), StoreError> {
        if wanted.is_empty() && no_more.is_empty() {
            return Ok(());
        }
        let mut write = self.db.begin_write()?;
        // What is lost is looked at again.
        write.set_durability(Durability::None).map_err(|error| StoreError::Database(error.to_string()))?;
        {
            let mut table = write.open_table(tables::WANTED)?;
            for blob in no_more {
                table.remove(&blob.0)?;
            }
            for blob in wanted {
                table.insert(&blob.0, ())?;
            }
        }
        Ok(write.commit()?)
    }

    /// Compares what is kept of every case with a replay of its entries; `look` is told of every case that was looked at.
    ///
    /// # Errors
    /// As the database.
    pub fn compare_states(&self, fold: &mut impl Fold, mut look: impl FnMut()) -> Result<Vec<Difference>, StoreError> {
        let read = self.db.begin_read()?;
        let (rows, order) = (read.open_table(tables::CASE_STATES)?, read.open_table(tables::CASE_ORDER)?);
        let mut differences = BTreeSet::new();
        let mut counts: BTreeMap<u8, u64> = BTreeMap::new();
        let mut places = 0;
        for case in self.case_ids()? {
            look();
            let entries: Vec<Entry> = self.case_entries(case)?.iter().filter_map(|entry| fold.read(entry).ok()).collect();
            let replayed = fold.fold(case, &entries).summary;
            let kept = rows.get(&case.0)?.map(|row| row.value().to_vec());
            if kept != replayed.as_ref().map(row).transpose()? {
                differences.insert((case, 0));
            }
            if let Some(summary) = replayed {
                *counts.entry(summary.status as u8).or_default() += 1;
                places += 1;
                if order.get(&order_key(&summary, case))?.is_none() {
                    differences.insert((case, 1));
                }
            }
        }
        let mut found: Vec<_> =
            differences.iter().map(|(case, what)| if *what == 0 { Difference::Row(*case) } else { Difference::Order(*case) }).collect();
        // Rows of cases without records, and places beyond those that were looked up: each must belong to a row as it is.
        for row in rows.iter()? {
            let case = CaseId(*row?.0.value());
            if self.case_entries(case)?.is_empty() {
                found.push(Difference::Row(case));
            }
        }
        if redb::ReadableTableMetadata::len(&order)? != places {
            for row in order.iter()? {
                let key = *row?.0.value();
                let case = place_of(&key).1;
                let kept = rows.get(&case.0)?.map(|row| read_row(row.value())).transpose();
                if !matches!(kept, Ok(Some(kept)) if order_key(&kept, case) == key) {
                    found.push(Difference::Order(case));
                }
            }
        }
        let kept = read.open_table(tables::CASE_COUNTS)?;
        for status in STATUSES {
            let status = status as u8;
            if kept.get(&[status])?.map_or(0, |row| row.value()) != counts.get(&status).copied().unwrap_or(0) {
                found.push(Difference::Count(status));
            }
        }
        Ok(found)
    }

    /// Throws away everything that is kept of cases beside their records and marks them all.
    ///
    /// # Errors
    /// As the database; nothing changed then.
    pub fn forget_states(&self) -> Result<(), StoreError> {
        let ids = self.case_ids()?;
        let write = self.db.begin_write()?;
        write.delete_table(tables::CASE_STATES)?;
        write.delete_table(tables::CASE_ORDER)?;
        write.delete_table(tables::CASE_COUNTS)?;
        write.delete_table(tables::WANTED)?;
        write.delete_table(tables::STANDINGS)?;
        {
            let mut states = States::open(&write)?;
            for case in ids {
                states.marks.insert(&case.0, ())?;
            }
        }
        Ok(write.commit()?)
    }

    /// Says something else of a case than its records.
    #[cfg(test)]
    pub(crate) fn spoil_state(&self, case: CaseId) {
        let mut summary = self.case_summary(case).unwrap().unwrap();
        summary.digest[3] ^= 1;
        let write = self.db.begin_write().unwrap();
        write.open_table(tables::CASE_STATES).unwrap().insert(&case.0, row(&summary).unwrap().as_slice()).unwrap();
        write.commit().unwrap();
    }

    /// Every row of the tables that folding fills, for comparing two stores.
    #[cfg(test)]
    pub(crate) fn dump_states(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let read = self.db.begin_read().unwrap();
        let mut rows: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for row in read.open_table(tables::CASE_STATES).unwrap().iter().unwrap() {
            let (key, value) = row.unwrap();
            rows.push((key.value().to_vec(), value.value().to_vec()));
        }
        for row in read.open_table(tables::CASE_ORDER).unwrap().iter().unwrap() {
            rows.push((row.unwrap().0.value().to_vec(), vec![]));
        }
        for row in read.open_table(tables::CASE_COUNTS).unwrap().iter().unwrap() {
            let (key, value) = row.unwrap();
            rows.push((key.value().to_vec(), value.value().to_be_bytes().to_vec()));
        }
        rows
    }
}
