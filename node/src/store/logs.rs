//! Logs in redb: appending own entries, committing verified packages, reading entries and making proofs.

use super::{
    Store, StoreError,
    fold::{EntryPlace, stored},
    index::{self, Index},
    packages::Cover,
    rows, tables,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use minicbor::{Decode, Encode};
use protocol::{
    id::{CaseId, Origin, PublicKey, RecordHash},
    limits::CASE_RECORDS_PER_LOG_MAX,
    log::{Entry, SignedCheckpoint, VerifiedPackage},
    merkle::{Edge, Hash, Subtrees},
    record::{Record, RecordError, Signed, Verified},
    sync::wire::Head,
};
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, WriteTransaction};
use std::collections::BTreeMap;

/// Number of a log as keys hold it.
pub(super) type LogNumber = [u8; 4];

/// How a log stands in the table of logs.
#[derive(Debug, Clone, Encode, Decode)]
pub(super) struct LogRow {
    #[n(0)]
    pub(super) origin: Origin,
    #[n(1)]
    pub(super) size: u64,
    /// Note of the newest checkpoint that covers exactly entries which are here. Empty for logs that this node writes, whose
    /// checkpoint stands in the head file; in a backup it stands here for these too.
    #[n(2)]
    note: String,
}

#[derive(Debug, Clone)]
pub(super) struct LogState {
    number: u32,
    edge: Edge,
    note: String,
    /// Entries came with a checkpoint beyond what is here ([`super::packages::Reached`]), so all of them can be given although `note` covers
    /// fewer.
    reached: bool,
    /// First entry that is in no index yet, where there is one.
    unindexed: Option<u64>,
}

/// Size, root and newest complete checkpoint of a log.
#[derive(Debug, Clone)]
pub struct LogHead {
    /// Entries here.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
    /// Note of the newest checkpoint whose entries are all here; empty while there is none.
    pub note: String,
}

/// What of a log is in no index yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unindexed {
    pub(super) origin: Origin,
    pub(super) number: u32,
    /// The first entry that is in none.
    pub(super) from: u64,
    /// Entries of the log at that moment.
    pub(super) size: u64,
}

/// An entry with its place.
#[derive(Debug, Clone)]
pub struct StoredEntry {
    /// The log.
    pub origin: Origin,
    /// Position in it.
    pub index: u64,
    /// The entry as signed or received.
    pub bytes: Vec<u8>,
}

impl StoredEntry {
    /// Checks signature and body again; nothing read from disk counts unchecked.
    ///
    /// # Errors
    /// It never held, or the disk changed it.
    pub fn verify(&self) -> Result<Entry, RecordError> {
        let record = Signed::parse(&self.bytes)?.verify(&self.origin)?;
        Ok(Entry { origin: self.origin.clone(), index: self.index, record })
    }
}

impl Store {
    pub(super) fn load_logs(&self) -> Result<(), StoreError> {
        let read = self.db.begin_read()?;
        let (reached, unindexed) = (read.open_table(tables::REACHED)?, read.open_table(tables::UNINDEXED)?);
        let mut logs = self.lock_logs();
        logs.clear();
        for row in read.open_table(tables::LOGS)?.iter()? {
            let (number, row) = row?;
            let row: LogRow = minicbor::decode(row.value()).map_err(|error| StoreError::Corrupt(error.to_string()))?;
            let number = u32::from_be_bytes(*number.value());
            let edge = Edge::load(&LogView::open(&read, number)?, row.size)?;
            let beyond = reached.get(&entry_key(number, row.size))?.is_some();
            let unindexed = unindexed.get(&number.to_be_bytes())?.map(|from| from.value());
            logs.insert(row.origin, LogState { number, edge, note: row.note, reached: beyond, unindexed });
        }
        Ok(())
    }

    fn lock_logs(&self) -> std::sync::MutexGuard<'_, std::collections::BTreeMap<Origin, LogState>> {
        self.logs.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// How every log stands at this moment, by number, each with its newest checkpoint.
    pub(super) fn log_rows(&self) -> Vec<(u32, LogRow)> {
        let logs = self.lock_logs();
        logs.iter()
            .map(|(origin, state)| (state.number, LogRow { origin: origin.clone(), size: state.edge.size(), note: state.note.clone() }))
            .collect()
    }

    /// Whether an entry was marked as not counting when it came.
    ///
    /// # Errors
    /// As the database.
    pub(super) fn is_refused(&self, origin: &Origin, index: u64) -> Result<bool, StoreError> {
        let Some(number) = self.log_number(origin) else { return Ok(false) };
        Ok(self.db.begin_read()?.open_table(tables::REFUSED)?.get(&entry_key(number, index))?.is_some())
    }

    pub(super) fn log_number(&self, origin: &Origin) -> Option<u32> {
        self.lock_logs().get(origin).map(|state| state.number)
    }

    /// Logs of which something is here.
    pub fn origins(&self) -> Vec<Origin> {
        self.lock_logs().keys().cloned().collect()
    }

    /// Head of a log; an unknown one is empty.
    pub fn head(&self, origin: &Origin) -> LogHead {
        let (edge, note) = self.lock_logs().get(origin).map(|state| (state.edge.clone(), state.note.clone())).unwrap_or_default();
        LogHead { size: edge.size(), root: edge.root(), note }
    }

    /// The frontier: size and root of every log.
    pub fn frontier(&self) -> Vec<Head> {
        let logs = self.lock_logs();
        logs.iter()
            .map(|(origin, state)| Head { origin: origin.clone(), size: state.edge.size(), root: RecordHash(state.edge.root()) })
            .collect()
    }

    /// The frontier as others may count on it: of every log what stands under a checkpoint, and no more. An entry that is
    /// committed and not signed yet cannot be given, and whoever asks for it in vain asks again only after a while.
    pub fn frontier_to_tell(&self) -> Vec<Head> {
        let told = |origin: &Origin, state: &LogState| {
            if state.reached {
                return Some(Head { origin: origin.clone(), size: state.edge.size(), root: RecordHash(state.edge.root()) });
            }
            let mut lines = state.note.lines().skip(1);
            let size = lines.next()?.parse().ok()?;
            let root = STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
            Some(Head { origin: origin.clone(), size, root: RecordHash(root) })
        };
        self.lock_logs().iter().filter_map(|(origin, state)| told(origin, state)).collect()
    }

    /// The right edge of a log.
    pub fn edge(&self, origin: &Origin) -> Edge {
        self.lock_logs().get(origin).map(|state| state.edge.clone()).unwrap_or_default()
    }

    /// The right edge as it was made anew.
    pub(super) fn set_edge(&self, origin: &Origin, edge: Edge) {
        if let Some(state) = self.lock_logs().get_mut(origin) {
            state.edge = edge;
        }
    }

    /// Tells the checkpoint of a log that this node writes, once it stands in the head file.
    pub fn set_own_note(&self, checkpoint: &SignedCheckpoint) {
        if let Some(state) = self.lock_logs().get_mut(checkpoint.origin()) {
            state.note = checkpoint.note().to_owned();
        }
    }

    /// Gives a log's newest checkpoint other signature lines. Nothing happens where the note is not of that checkpoint.
    pub(super) fn replace_lines(&self, origin: &Origin, note: &str) {
        let mut logs = self.lock_logs();
        let text = |note: &str| note.split_once("\n\n").map(|(text, _)| text.to_owned());
        if let Some(state) = logs.get_mut(origin).filter(|state| text(&state.note).is_some() && text(&state.note) == text(note)) {
            note.clone_into(&mut state.note);
        }
    }

    /// Entries of a log that its cases are made of. Those behind are here and count for nothing yet.
    pub fn indexed(&self, origin: &Origin) -> u64 {
        self.lock_logs().get(origin).map_or(0, |state| state.unindexed.unwrap_or(state.edge.size()))
    }
    /// Logs with entries that are in no index yet.
    pub(super) fn unindexed(&self) -> Vec<Unindexed> {
        let logs = self.lock_logs();
        let behind = logs.iter().filter_map(|(origin, state)| {
            Some(Unindexed { origin: origin.clone(), number: state.number, from: state.unindexed?, size: state.edge.size() })
        });
        behind.collect()
    }
    pub(super) fn set_unindexed(&self, origin: &Origin, from: Option<u64>) {
        if let Some(state) = self.lock_logs().get_mut(origin) {
            state.unindexed = from;
        }
    }

    /// Appends own records, durable when this returns. The caller holds the only right to write this log.
    ///
    /// # Errors
    /// The disk refuses; nothing of it is stored then.
    pub fn append(&self, origin: &Origin, records: &[Verified]) -> Result<(), StoreError> {
        self.append_as(origin, &records.iter().map(|record| (record, record.record())).collect::<Vec<_>>())
    }

    /// Appends records, each taken for what stands beside it.
    pub(super) fn append_as(&self, origin: &Origin, records: &[(&Verified, &Record)]) -> Result<(), StoreError> {
        let mut edge = self.edge(origin);
        let start = edge.size();
        let mut subtrees = Vec::new();
        for (record, _) in records {
            // A record's name is its leaf hash, so the entry is not hashed again.
            edge.append(record.hash().0, |level, index, hash| subtrees.push((level, index, hash)));
        }
        let entries = records.iter().map(|(record, _)| record.bytes()).collect();
        let said = Some(records.iter().map(|(_, record)| Ok(*record)).collect());
        self.commit(origin, Commit { start, entries, said, subtrees, edge, covers: vec![] })
    }

    /// Stores a package that was authenticated against this store's edge. Records in it that do not verify are kept and marked.
    ///
    /// # Errors
    /// The disk refuses, or the log moved on since; nothing of it is stored then.
    pub fn commit_package(&self, origin: &Origin, package: VerifiedPackage) -> Result<Vec<Entry>, StoreError> {
        let verified: Vec<_> = package.entries.iter().map(|entry| verify(entry, origin, &package.key)).collect();
        let start = package.start;
        let claimed: Vec<_> = package.entries.iter().map(|entry| index::claimed(entry, origin)).collect();
        let said = claimed.iter().map(|claimed| claimed.as_ref().map_err(String::as_str)).collect();
        self.commit(origin, Commit { said: Some(said), ..Commit::of(std::slice::from_ref(&package)) })?;
        let placed = (start..).zip(verified);
        Ok(placed.filter_map(|(index, record)| Some(Entry { origin: origin.clone(), index, record: record.ok()? })).collect())
    }

    /// Stores packages that were authenticated, each beginning where the one before ends, in one durable step and without a look at their
    /// records: [`Store::index_more`] takes them into the indexes, and nothing of them counts before.
    ///
    /// # Errors
    /// As for [`Store::commit_package`].
    pub fn commit_unindexed(&self, origin: &Origin, packages: &[VerifiedPackage]) -> Result<(), StoreError> {
        if packages.is_empty() { Ok(()) } else { self.commit(origin, Commit::of(packages)) }
    }

    fn commit(&self, origin: &Origin, Commit { start, entries, said, subtrees, edge, covers }: Commit<'_>) -> Result<(), StoreError> {
        let _writer = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let size = self.edge(origin).size();
        if start != size {
            return Err(StoreError::NotNext { start, size });
        }
        let behind = self.indexed(origin);
        // What follows on entries that are in no index waits with them.
        let said = said.filter(|_| behind == size);
        let write = self.db.begin_write()?;
        let number = self.number_for(&write, origin)?;
        // An own log keeps the note in memory until the new one stands in the head file.
        let mut note = self.head(origin).note;
        {
            rows::append(&mut write.open_table(tables::ENTRIES)?, number, start, entries.iter().copied())?;
            rows::append_hashes(&write, number, &subtrees)?;
            match &said {
                Some(said) => {
                    let mut index = Index::open(&write)?;
                    for (at, record) in (start..).zip(said) {
                        match record {
                            Ok(record) => index.add(number, at, record)?,
                            Err(reason) => _ = write.open_table(tables::REFUSED)?.insert(&entry_key(number, at), *reason)?,
                        }
                    }
                }
                None => _ = write.open_table(tables::UNINDEXED)?.insert(&number.to_be_bytes(), behind)?,
            }
            let mut reached = write.open_table(tables::REACHED)?;
            for (size, cover) in &covers {
                match cover {
                    Cover::Exact(exact) => {
                        reached.retain_in::<&[u8; 12], _>(&entry_key(number, 0)..=&entry_key(number, u64::MAX), |_, _| false)?;
                        exact.clone_into(&mut note);
                    }
                    Cover::Beyond(beyond) => {
                        let row = minicbor::to_vec(beyond).map_err(|error| StoreError::Corrupt(error.to_string()))?;
                        reached.insert(&entry_key(number, *size), row.as_slice())?;
                    }
                }
            }
            // Of a log that this node writes the note stands in the head file alone.
            let kept = if covers.is_empty() { String::new() } else { note.clone() };
            let row = LogRow { origin: origin.clone(), size: edge.size(), note: kept };
            let row = minicbor::to_vec(&row).map_err(|error| StoreError::Corrupt(error.to_string()))?;
            write.open_table(tables::LOGS)?.insert(&number.to_be_bytes(), row.as_slice())?;
        }
        write.commit()?;
        let reached = matches!(covers.last(), Some((_, Cover::Beyond(_))));
        let unindexed = said.is_none().then_some(behind);
        self.lock_logs().insert(origin.clone(), LogState { number, edge, note, reached, unindexed });
        Ok(())
    }

    fn number_for(&self, write: &WriteTransaction, origin: &Origin) -> Result<u32, StoreError> {
        if let Some(number) = self.log_number(origin) {
            return Ok(number);
        }
        let table = write.open_table(tables::LOGS)?;
        let last = table.last()?.map(|(number, _)| u32::from_be_bytes(*number.value()));
        Ok(last.map_or(0, |last| last + 1))
    }

    /// One entry.
    ///
    /// # Errors
    /// As the database.
    pub fn entry(&self, origin: &Origin, index: u64) -> Result<Option<StoredEntry>, StoreError> {
        let Some(number) = self.log_number(origin) else { return Ok(None) };
        let table = self.db.begin_read()?.open_table(tables::ENTRIES)?;
        let bytes = rows::read_one(&table, number, index)?;
        Ok(bytes.map(|bytes| StoredEntry { origin: origin.clone(), index, bytes }))
    }

    /// Up to `count` entries from a position on.
    ///
    /// # Errors
    /// As the database.
    pub fn entries(&self, origin: &Origin, start: u64, count: usize) -> Result<Vec<StoredEntry>, StoreError> {
        let Some(number) = self.log_number(origin) else { return Ok(Vec::new()) };
        let table = self.db.begin_read()?.open_table(tables::ENTRIES)?;
        rows::read(&table, number, start)?
            .take(count)
            .map(|entry| entry.map(|(index, bytes)| StoredEntry { origin: origin.clone(), index, bytes }))
            .collect()
    }

    /// Every entry about a case.
    ///
    /// # Errors
    /// As the database.
    pub fn case_entries(&self, case: CaseId) -> Result<Vec<StoredEntry>, StoreError> {
        let read = self.db.begin_read()?;
        let (cases, entries) = (read.open_table(tables::CASES)?, read.open_table(tables::ENTRIES)?);
        let mut places = Vec::new();
        case_places(case, &cases, &mut places)?;
        let origins = self.numbered_origins();
        // A log is in the database before it has its number in memory; what it says of the case is read the next time.
        places.retain(|(number, _)| origins.contains_key(&number.to_be_bytes()));
        places.into_iter().map(|place| stored(place, &entries, &origins)).collect()
    }

    /// How many entries of one log are about a case, counted up to one more than are looked at.
    ///
    /// # Errors
    /// As the database.
    pub fn case_records_in(&self, origin: &Origin, case: CaseId) -> Result<usize, StoreError> {
        let Some(number) = self.log_number(origin) else { return Ok(0) };
        let (from, to) = (case_key(case, number, 0)?, case_key(case, number, (1 << 40) - 1)?);
        let cases = self.db.begin_read()?.open_table(tables::CASES)?;
        Ok(cases.range::<&[u8; 24]>(&from..=&to)?.take(CASE_RECORDS_PER_LOG_MAX + 1).count())
    }

    /// Every log with its number as keys hold it.
    pub(super) fn numbered_origins(&self) -> BTreeMap<LogNumber, Origin> {
        self.lock_logs().iter().map(|(origin, state)| (state.number.to_be_bytes(), origin.clone())).collect()
    }

    /// Positions of records that do not count, with the reason.
    ///
    /// # Errors
    /// As the database.
    pub fn refused(&self) -> Result<Vec<(u32, u64, String)>, StoreError> {
        let read = self.db.begin_read()?;
        let table = read.open_table(tables::REFUSED)?;
        let rows = table.iter()?.take(1_000);
        rows.map(|row| {
            let (key, reason) = row?;
            let (number, index) = key.value().split_at(4);
            let number = u32::from_be_bytes(number.try_into().expect("four of twelve bytes"));
            Ok((number, u64::from_be_bytes(index.try_into().expect("eight of twelve bytes")), reason.value().to_owned()))
        })
        .collect()
    }

    /// Works with the stored subtrees of a log, in one consistent view.
    ///
    /// # Errors
    /// As the database, or as `work`.
    pub fn with_subtrees<T>(&self, origin: &Origin, work: impl FnOnce(&LogView) -> Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        let Some(number) = self.log_number(origin) else { return Ok(None) };
        let read = self.db.begin_read()?;
        work(&LogView::open(&read, number)?).map(Some)
    }
}

/// Entries that follow one another, and what is stored with them in one step.
struct Commit<'a> {
    start: u64,
    entries: Vec<&'a [u8]>,
    /// What each says, or why it does not count; without it they are taken into the indexes later.
    said: Option<Vec<Result<&'a Record, &'a str>>>,
    subtrees: Vec<(u8, u64, Hash)>,
    edge: Edge,
    /// For every package the entries of the log at its end and what stands behind them. None where this node signs when they are durable.
    covers: Vec<(u64, Cover)>,
}

impl<'a> Commit<'a> {
    fn of(packages: &'a [VerifiedPackage]) -> Self {
        Self {
            start: packages.first().map_or(0, |first| first.start),
            entries: packages.iter().flat_map(|package| package.entries.iter().map(|entry| entry.as_slice())).collect(),
            said: None,
            subtrees: packages.iter().flat_map(|package| package.subtrees.iter().copied()).collect(),
            edge: packages.last().map(|last| last.edge.clone()).unwrap_or_default(),
            covers: packages.iter().map(|package| (package.edge.size(), Cover::of(package))).collect(),
        }
    }
}

fn verify(entry: &[u8], origin: &Origin, key: &PublicKey) -> Result<Verified, String> {
    let record = Signed::parse(entry).and_then(|signed| signed.verify(origin)).map_err(|error| error.to_string())?;
    if record.author() == *key { Ok(record) } else { Err("the record is signed by another key than the log's".into()) }
}

/// Reads one log's complete subtrees.
pub struct LogView {
    /// Opened once: looking a table up by name costs more than reading a row of it.
    table: ReadOnlyTable<&'static [u8; 13], &'static [u8]>,
    number: u32,
}

impl LogView {
    fn open(read: &ReadTransaction, number: u32) -> Result<Self, StoreError> {
        Ok(Self { table: read.open_table(tables::HASHES)?, number })
    }
}

impl Subtrees for LogView {
    type Error = StoreError;
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, StoreError> {
        rows::subtree(&self.table, self.number, level, index)
    }
}

/// Where the entries about a case stand that are looked at, the first [`CASE_RECORDS_PER_LOG_MAX`] of each log, put behind what is there already.
///
/// Attack: any office may write any number of records about any case, and each would be verified whenever the case is folded.
pub(super) fn case_places(
    case: CaseId,
    cases: &impl ReadableTable<&'static [u8; 24], ()>,
    places: &mut Vec<EntryPlace>,
) -> Result<(), StoreError> {
    let (mut from, mut to) = ([0; 24], [0xff; 24]);
    from[..16].copy_from_slice(&case.0);
    to[..16].copy_from_slice(&case.0);
    loop {
        let mut of_log = 0;
        let mut full = None;
        for row in cases.range::<&[u8; 24]>(&from..=&to)? {
            let (_, number, index) = split_case_key(row?.0.value());
            let number = u32::from_be_bytes(number);
            of_log = if places.last().is_some_and(|last| last.0 == number) { of_log + 1 } else { 1 };
            if of_log > CASE_RECORDS_PER_LOG_MAX {
                full = Some(number);
                break;
            }
            places.push((number, index));
        }
        let Some(next) = full.and_then(|number| number.checked_add(1)).filter(|next| next >> 24 == 0) else { return Ok(()) };
        from = case_key(case, next, 0)?;
    }
}

/// Bounds: 16 million logs, and a million million entries in each.
pub(super) fn case_key(case: CaseId, number: u32, index: u64) -> Result<[u8; 24], StoreError> {
    if number >> 24 != 0 || index >> 40 != 0 {
        return Err(StoreError::Corrupt(format!("log {number} or its entry {index} is beyond what the case index holds")));
    }
    let mut key = [0; 24];
    key[..16].copy_from_slice(&case.0);
    key[16..].copy_from_slice(&(u64::from(number) << 40 | index).to_be_bytes());
    Ok(key)
}

/// Case, log number and position in a key of the case index.
pub(super) fn split_case_key(key: &[u8; 24]) -> ([u8; 16], LogNumber, u64) {
    let place = u64::from_be_bytes(key[16..].try_into().expect("eight of 24 bytes"));
    let number = u32::try_from(place >> 40).expect("24 bits fit into 32");
    (key[..16].try_into().expect("sixteen of 24 bytes"), number.to_be_bytes(), place & ((1 << 40) - 1))
}

pub(super) fn entry_key(number: u32, index: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&number.to_be_bytes());
    key[4..].copy_from_slice(&index.to_be_bytes());
    key
}
