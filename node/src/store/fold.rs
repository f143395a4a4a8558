//! Folding marked cases: they are taken along a log where many wait, and their entries are read and verified ahead, in the order of the
//! logs and on all cores; then, in one transaction, whatever is marked still is folded from exactly the entries that the index names at that moment.
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
    record::{RecordError, Signed, Verified},
};
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, Table, WriteTransaction};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::PoisonError,
};

/// Bound: entries that are read ahead at one time, about 30 MB with what is read out of them. A case of more is read all the same.
const AHEAD_ENTRIES: usize = 24_576;
/// Bound: cases of one transaction, which keeps other writers waiting.
const FOLD_STEP: usize = 8_192;

/// Of so many cases that wait it is worth to look where they stand in the logs.
const MANY: usize = if cfg!(test) { 4 } else { FOLD_STEP };
/// One in so many entries of a log must be about a case that waits, or walking along the log is not worth it.
const FEW: usize = 8;

type CaseIndex = ReadOnlyTable<&'static [u8; 24], ()>;

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

/// How far a walk through the marked cases came.
#[derive(Debug, Clone, Copy)]
pub enum Walk {
    /// It begins.
    Start,
    /// It goes along the log of this number, from this entry on.
    Along(u32, u64),
    /// It goes by names, behind this one.
    Behind(CaseId),
    /// It is over.
    Ended,
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
    /// Cases whose row is not known to be current, at most `max`.
    ///
    /// # Errors
    /// As the database.
    pub fn marked_cases(&self, max: usize) -> Result<Vec<CaseId>, StoreError> {
        let read = self.db.begin_read()?;
        marked(&read.open_table(tables::CASE_MARKS)?, None, max)
    }

    /// Whether a case waits to be folded.
    ///
    /// # Errors
    /// As the database.
    pub fn is_marked(&self, case: CaseId) -> Result<bool, StoreError> {
        Ok(self.db.begin_read()?.open_table(tables::CASE_MARKS)?.get(&case.0)?.is_some())
    }

    /// Marked cases, at most `max` and no more than memory is kept for, with their entries read and verified on all cores, and where to go
    /// on; nothing where the walk ended, which is no sign that no case is marked any more.
    ///
    /// Where many wait, they are taken as they come along a log, for what was written at one time stands together on disk, in all logs.
    ///
    /// # Errors
    /// As the database.
    pub fn read_ahead(&self, from: Walk, max: usize) -> Result<(Ahead, Walk), StoreError> {
        let read = self.db.begin_read()?;
        let index = read.open_table(tables::CASES)?;
        let (mut cases, next) = self.choose(from, max.min(FOLD_STEP), &read, &index)?;
        let mut places: Vec<EntryPlace> = Vec::with_capacity(cases.len() * 3);
        let mut taken = 0;
        for case in &cases {
            case_places(*case, &index, &mut places)?;
            taken += 1;
            if places.len() >= AHEAD_ENTRIES {
                break;
            }
        }
        // What is left out waits on, and is met by a later walk.
        cases.truncate(taken);
        // In the order in which they stand on disk, log by log: a log's key stays at hand from one record to the next.
        places.sort_unstable();
        let origins = self.numbered_origins();
        let entries: ReadOnlyTable<&'static [u8; 12], &'static [u8]> = read.open_table(tables::ENTRIES)?;
        let parts = on_all_cores(&places, |part| verify(part, &entries, &origins))?;
        Ok((Ahead { cases, entries: parts.into_iter().flatten().collect() }, next))
    }

    /// Which cases are next, ascending.
    fn choose(&self, from: Walk, max: usize, read: &ReadTransaction, index: &CaseIndex) -> Result<(Vec<CaseId>, Walk), StoreError> {
        let marks = read.open_table(tables::CASE_MARKS)?;
        let after = match from {
            Walk::Start => None,
            Walk::Behind(case) => Some(case),
            Walk::Along(number, start) => return self.along(number, start, max, &marks, read),
            Walk::Ended => return Ok((Vec::new(), Walk::Ended)),
        };
        let mut cases = marked(&marks, after, MANY)?;
        let many = cases.len() == MANY;
        let mut places = Vec::new();
        if let (true, None, Some(first)) = (many, after, cases.first()) {
            case_places(*first, index, &mut places)?;
        }
        if let Some((number, start)) = places.first() {
            let (along, next) = self.along(*number, *start, max, &marks, read)?;
            if along.len() * FEW >= max {
                return Ok((along, next));
            }
        }
        let whole = !many && cases.len() <= max;
        cases.truncate(max);
        let next = if whole { Walk::Ended } else { cases.last().map_or(Walk::Ended, |last| Walk::Behind(*last)) };
        Ok((cases, next))
    }

    /// The marked ones of the cases that the next `count` entries of a log are about. Where that is few of them the walk ends.
    fn along(
        &self,
        number: u32,
        start: u64,
        count: usize,
        marks: &ReadOnlyTable<&'static [u8; 16], ()>,
        read: &ReadTransaction,
    ) -> Result<(Vec<CaseId>, Walk), StoreError> {
        let table: ReadOnlyTable<&'static [u8; 12], &'static [u8]> = read.open_table(tables::ENTRIES)?;
        let entries: Vec<_> = rows::read(&table, number, start)?.take(count).collect::<Result<_, _>>()?;
        let next = entries.last().map_or(start, |(index, _)| index + 1);
        let parts = on_all_cores(&entries, |part| {
            let claimed = part.iter().filter_map(|(_, bytes)| Signed::parse(bytes).ok()?.claimed_case());
            let mut cases: Vec<CaseId> = claimed.collect();
            cases.sort_unstable();
            cases.dedup();
            let mut found = Vec::with_capacity(cases.len());
            for case in cases {
                if marks.get(&case.0)?.is_some() {
                    found.push(case);
                }
            }
            Ok(found)
        })?;
        let mut cases = parts.concat();
        cases.sort_unstable();
        cases.dedup();
        let few = cases.len() * FEW < count || entries.len() < count;
        Ok((cases, if few { Walk::Ended } else { Walk::Along(number, next) }))
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

/// Works on parts of what there is, as many at a time as there are cores. A part that panicked is missing: what it would have read is
/// read again, one by one, where it is folded.
fn on_all_cores<T: Sync, R: Send>(all: &[T], work: impl Fn(&[T]) -> Result<R, StoreError> + Sync) -> Result<Vec<R>, StoreError> {
    let (cores, work) = (std::thread::available_parallelism().map_or(1, usize::from), &work);
    std::thread::scope(|scope| {
        let parts = all.chunks(all.len().div_ceil(cores).max(1));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        parts.into_iter().filter_map(|part| part.join().ok()).collect()
    })
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
