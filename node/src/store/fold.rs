//! Folding marked cases: their entries are read and verified ahead, in the order of the logs and on all cores; then, in one transaction,
//! whatever is marked still is folded from exactly the entries that the index names at that moment.
//!
//! An entry does not change at its place, so one that held when it was read ahead holds in the transaction. One that came meanwhile, or
//! did not hold, is read there. What a transaction that asks nothing of the disk loses with the power is marked still.

use super::{
    Store, StoreError, StoredEntry,
    cases::{EVERY_LOG, order_key, read_row, row},
    logs::{LogNumber, case_places, entry_key},
    rows, tables,
};
use protocol::{
    case::{Status, Summary},
    id::{BlobHash, CaseId, Origin},
    log::Entry,
    merkle::Hash,
    record::{RecordError, Verified},
};
use redb::{ReadOnlyTable, ReadableTable, Table, WriteTransaction};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::PoisonError,
};

/// Bound: entries that are read ahead at one time, about 20 MB with what is read out of them. A case of more is read all the same.
const AHEAD_ENTRIES: usize = 16_384;
/// Bound: cases of one transaction, which keeps other writers waiting.
pub const FOLD_STEP: usize = 4_096;

/// A place in all logs: the log's number, and the position in it.
pub(super) type EntryPlace = (u32, u64);

/// What the folding of a case gives.
#[derive(Debug, Default)]
pub struct FoldedCase {
    /// The row; nothing where no submission counts.
    pub summary: Option<Summary>,
    /// Blobs that this office may have, needs and lacks.
    pub wanted: Vec<BlobHash>,
}

/// Folds cases under one membership.
pub trait Fold {
    /// Verifies an entry.
    ///
    /// # Errors
    /// It does not hold.
    fn read(&self, entry: &StoredEntry) -> Result<Entry, RecordError>;
    /// Folds one case from all of its entries that hold.
    fn fold(&mut self, case: CaseId, entries: &[Entry]) -> FoldedCase;
    /// Digest of the standing of a log in the same membership.
    fn standing(&self, origin: &Origin) -> Hash;
    /// Digest of what concerns every log: the fold's form and this office's own roles.
    fn every(&self) -> Hash;
}

/// Cases to fold, and what was read and verified of their entries ahead.
#[derive(Debug, Default)]
pub struct Ahead {
    cases: Vec<CaseId>,
    entries: HashMap<EntryPlace, Entry>,
}

impl Ahead {
    /// Cases of which nothing was read ahead.
    pub fn of(cases: Vec<CaseId>) -> Self {
        Self { cases, entries: HashMap::new() }
    }
    /// The cases, ascending.
    pub fn cases(&self) -> &[CaseId] {
        &self.cases
    }
    /// Records that were read and held.
    pub fn records(&self) -> impl Iterator<Item = &Verified> {
        self.entries.values().map(|entry| &entry.record)
    }
}

/// The tables that folding changes.
pub(super) struct States<'a> {
    rows: Table<'a, &'static [u8; 16], &'static [u8]>,
    order: Table<'a, &'static [u8; 25], ()>,
    counts: Table<'a, &'static [u8; 1], u64>,
    pub(super) marks: Table<'a, &'static [u8; 16], ()>,
    wanted: Table<'a, &'static [u8; 32], ()>,
    standings: Table<'a, &'static [u8; 4], &'static Hash>,
    /// Places that go and come, and by how much each count changes: written when all cases are folded, each page once.
    gone: Vec<[u8; 25]>,
    come: Vec<[u8; 25]>,
    counted: BTreeMap<u8, i64>,
}

impl<'a> States<'a> {
    pub(super) fn open(write: &'a WriteTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            rows: write.open_table(tables::CASE_STATES)?,
            order: write.open_table(tables::CASE_ORDER)?,
            counts: write.open_table(tables::CASE_COUNTS)?,
            marks: write.open_table(tables::CASE_MARKS)?,
            wanted: write.open_table(tables::WANTED)?,
            standings: write.open_table(tables::STANDINGS)?,
            gone: Vec::new(),
            come: Vec::new(),
            counted: BTreeMap::new(),
        })
    }

    fn count(&mut self, status: Status, change: i64) {
        *self.counted.entry(status as u8).or_default() += change;
    }

    /// Puts the row of a case in the place of the one before.
    fn put(&mut self, case: CaseId, summary: Option<&Summary>) -> Result<(), StoreError> {
        let before = self.rows.get(&case.0)?.map(|row| read_row(row.value())).transpose()?;
        if before.as_ref() == summary {
            return Ok(());
        }
        if let Some(before) = before {
            self.gone.push(order_key(&before, case));
            self.count(before.status, -1);
            if summary.is_none() {
                self.rows.remove(&case.0)?;
            }
        }
        if let Some(summary) = summary {
            self.rows.insert(&case.0, row(summary)?.as_slice())?;
            self.come.push(order_key(summary, case));
            self.count(summary.status, 1);
        }
        Ok(())
    }

    /// Writes places and counts. What goes and comes again is in both lists, so what goes is first.
    fn finish(&mut self) -> Result<(), StoreError> {
        self.gone.sort_unstable();
        self.come.sort_unstable();
        for place in self.gone.drain(..) {
            self.order.remove(&place)?;
        }
        for place in self.come.drain(..) {
            self.order.insert(&place, ())?;
        }
        for (status, change) in std::mem::take(&mut self.counted) {
            let now = self.counts.get(&[status])?.map_or(0, |row| row.value());
            match now.saturating_add_signed(change) {
                0 => _ = self.counts.remove(&[status])?,
                count => _ = self.counts.insert(&[status], count)?,
            }
        }
        Ok(())
    }
}

impl Store {
    /// Cases whose row is not known to be current, at most `max`, behind `after`.
    ///
    /// # Errors
    /// As the database.
    pub fn marked_cases(&self, after: Option<CaseId>, max: usize) -> Result<Vec<CaseId>, StoreError> {
        let read = self.db.begin_read()?;
        marked(&read.open_table(tables::CASE_MARKS)?, after, max)
    }

    /// Whether a case waits to be folded.
    ///
    /// # Errors
    /// As the database.
    pub fn is_marked(&self, case: CaseId) -> Result<bool, StoreError> {
        Ok(self.db.begin_read()?.open_table(tables::CASE_MARKS)?.get(&case.0)?.is_some())
    }

    /// Marked cases behind `after`, at most `max` and no more than memory is kept for, with their entries read and verified on all cores.
    ///
    /// # Errors
    /// As the database.
    pub fn read_ahead(&self, after: Option<CaseId>, max: usize) -> Result<Ahead, StoreError> {
        let read = self.db.begin_read()?;
        let index = read.open_table(tables::CASES)?;
        let mut cases = marked(&read.open_table(tables::CASE_MARKS)?, after, max.min(FOLD_STEP))?;
        let mut places: Vec<EntryPlace> = Vec::with_capacity(cases.len() * 3);
        let mut taken = 0;
        for case in &cases {
            case_places(*case, &index, &mut places)?;
            taken += 1;
            if places.len() >= AHEAD_ENTRIES {
                break;
            }
        }
        cases.truncate(taken);
        // In the order in which they stand on disk, log by log: a log's key stays at hand from one record to the next.
        places.sort_unstable();
        let origins = self.numbered_origins();
        let entries: ReadOnlyTable<&'static [u8; 12], &'static [u8]> = read.open_table(tables::ENTRIES)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let verified = std::thread::scope(|scope| {
            let parts = places.chunks(places.len().div_ceil(cores).max(1));
            let parts: Vec<_> = parts.map(|part| scope.spawn(|| verify(part, &entries, &origins))).collect();
            // A part that panicked is read again, one by one, where it is folded.
            parts.into_iter().filter_map(|part| part.join().ok()).collect::<Result<Vec<_>, _>>()
        })?;
        Ok(Ahead { cases, entries: verified.into_iter().flatten().collect() })
    }

    /// Folds those of the cases that are marked, and takes the marks away. Nothing else writes meanwhile, so no record is missed.
    ///
    /// # Errors
    /// As the database; nothing changed then.
    pub fn fold_cases(&self, Ahead { cases, mut entries }: Ahead, durable: bool, fold: &mut impl Fold) -> Result<(), StoreError> {
        // A log is in the database before it has its number in memory.
        let _writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut write = self.db.begin_write()?;
        if !durable {
            write.set_durability(redb::Durability::None).map_err(|error| StoreError::Database(error.to_string()))?;
        }
        {
            let mut states = States::open(&write)?;
            let (index, records) = (write.open_table(tables::CASES)?, write.open_table(tables::ENTRIES)?);
            let mut refused = write.open_table(tables::REFUSED)?;
            let origins = self.numbered_origins();
            let mut met = BTreeSet::new();
            let (mut places, mut read) = (Vec::new(), Vec::new());
            for case in &cases {
                if states.marks.remove(&case.0)?.is_none() {
                    continue;
                }
                places.clear();
                read.clear();
                case_places(*case, &index, &mut places)?;
                for place in &places {
                    met.insert(place.0);
                    let at_hand = entries.remove(place);
                    if let Some(entry) = at_hand.filter(|entry| origins.get(&place.0.to_be_bytes()) == Some(&entry.origin)) {
                        read.push(entry);
                        continue;
                    }
                    match fold.read(&stored(*place, &records, &origins)?) {
                        Ok(entry) => read.push(entry),
                        Err(error) => _ = refused.insert(&entry_key(place.0, place.1), error.to_string().as_str())?,
                    }
                }
                let folded = fold.fold(*case, &read);
                states.put(*case, folded.summary.as_ref())?;
                for blob in folded.wanted {
                    states.wanted.insert(&blob.0, ())?;
                }
            }
            states.finish()?;
            if states.standings.get(&EVERY_LOG)?.is_none() {
                states.standings.insert(&EVERY_LOG, &fold.every())?;
            }
            for (number, origin) in origins.iter().filter(|(number, _)| met.contains(&u32::from_be_bytes(**number))) {
                // Of a log that was never compared: what was folded of it so far was folded since it came, so it is marked where it
                // changes from here on.
                if states.standings.get(number)?.is_none() {
                    states.standings.insert(number, &fold.standing(origin))?;
                }
            }
        }
        Ok(write.commit()?)
    }
}

fn marked(table: &impl ReadableTable<&'static [u8; 16], ()>, after: Option<CaseId>, max: usize) -> Result<Vec<CaseId>, StoreError> {
    let rows = table.range::<&[u8; 16]>(&after.map_or([0; 16], |after| after.0)..)?;
    let cases = rows.map(|row| Ok(CaseId(*row?.0.value()))).filter(|case| !case.as_ref().is_ok_and(|case| Some(*case) == after));
    cases.take(max).collect()
}

/// Entries at ascending places, those that hold.
fn verify(
    places: &[EntryPlace],
    entries: &ReadOnlyTable<&'static [u8; 12], &'static [u8]>,
    origins: &BTreeMap<LogNumber, Origin>,
) -> Result<Vec<(EntryPlace, Entry)>, StoreError> {
    let mut held = Vec::with_capacity(places.len());
    rows::read_places(entries, places, |place, bytes| {
        // A log that came a moment ago may have no number in memory yet.
        let Some(origin) = origins.get(&place.0.to_be_bytes()) else { return };
        let stored = StoredEntry { origin: origin.clone(), index: place.1, bytes: bytes.to_vec() };
        held.extend(stored.verify().ok().map(|entry| (place, entry)));
    })?;
    Ok(held)
}

/// The entry that the case index names.
pub(super) fn stored(
    (number, index): EntryPlace,
    entries: &impl ReadableTable<&'static [u8; 12], &'static [u8]>,
    origins: &BTreeMap<LogNumber, Origin>,
) -> Result<StoredEntry, StoreError> {
    let origin = origins.get(&number.to_be_bytes()).ok_or_else(|| StoreError::Corrupt(format!("no log has number {number}")))?;
    let bytes = rows::read_one(entries, number, index)?;
    let bytes = bytes.ok_or_else(|| StoreError::Corrupt("the case index names a missing entry".into()))?;
    Ok(StoredEntry { origin: origin.clone(), index, bytes })
}
