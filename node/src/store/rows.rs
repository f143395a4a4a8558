//! Entries and hashes of a log in rows that each fill a page of the database.
//!
//! One row per entry leaves pages of every log but the last half empty, for pages are split in the middle where others follow; a row that
//! fills a page is never split. Appending one entry writes the last page of its log anew, which one row per entry does as well.
//!
//! Of the tree the hashes of every fourth level are kept, beginning with the leaves; those between are at most 15 hashes away.

use super::{StoreError, fold::EntryPlace, logs::entry_key, tables};
use protocol::merkle::{Hash, node_hash};
use redb::{ReadableTable, Table, WriteTransaction};
use std::collections::BTreeMap;

/// Bytes of a row that fill a page of 4,096, with its key and what the database adds.
const ROW_BYTES: usize = 4_064;
/// Hashes in a row.
pub(super) const HASHES: u64 = 126;
/// Levels from one that is kept to the next.
pub(super) const LEVELS: u8 = 4;

type EntryTable<'a> = Table<'a, &'static [u8; 12], &'static [u8]>;
type HashTable<'a> = Table<'a, &'static [u8; 13], &'static [u8]>;

/// Entries of a row, each behind its length.
pub(super) fn entries_in(row: &[u8]) -> impl Iterator<Item = Result<&[u8], StoreError>> {
    let mut rest = row;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let entry = rest.split_first_chunk::<2>().and_then(|(length, behind)| behind.split_at_checked(u16::from_be_bytes(*length).into()));
        let Some((entry, behind)) = entry else {
            rest = &[];
            return Some(Err(StoreError::Corrupt("a row of entries is torn".into())));
        };
        rest = behind;
        Some(Ok(entry))
    })
}

fn push(row: &mut Vec<u8>, entry: &[u8]) -> Result<(), StoreError> {
    let length = u16::try_from(entry.len()).map_err(|_| StoreError::Corrupt("an entry is longer than 65,535 bytes".into()))?;
    row.extend_from_slice(&length.to_be_bytes());
    row.extend_from_slice(entry);
    Ok(())
}

/// The entries of a log from a position on, with their positions.
pub(super) fn read<'a>(
    table: &'a impl ReadableTable<&'static [u8; 12], &'static [u8]>,
    number: u32,
    start: u64,
) -> Result<impl Iterator<Item = Result<(u64, Vec<u8>), StoreError>> + 'a, StoreError> {
    let first = match table.range::<&[u8; 12]>(&entry_key(number, 0)..=&entry_key(number, start))?.next_back() {
        Some(row) => *row?.0.value(),
        None => entry_key(number, start),
    };
    let rows = table.range::<&[u8; 12]>(&first..=&entry_key(number, u64::MAX))?;
    let entries = rows.flat_map(|row| {
        let read = || {
            let (key, row) = row?;
            let first = u64::from_be_bytes(key.value()[4..].try_into().expect("eight of twelve bytes"));
            (first..)
                .zip(entries_in(row.value()))
                .map(|(index, entry)| Ok((index, entry?.to_vec())))
                .collect::<Result<Vec<_>, StoreError>>()
        };
        match read() {
            Ok(entries) => entries.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        }
    });
    Ok(entries.skip_while(move |entry| entry.as_ref().is_ok_and(|(index, _)| *index < start)))
}

/// One entry.
pub(super) fn read_one(
    table: &impl ReadableTable<&'static [u8; 12], &'static [u8]>,
    number: u32,
    index: u64,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(row) = table.range::<&[u8; 12]>(&entry_key(number, 0)..=&entry_key(number, index))?.next_back() else { return Ok(None) };
    let (key, row) = row?;
    let first = u64::from_be_bytes(key.value()[4..].try_into().expect("eight of twelve bytes"));
    entries_in(row.value()).nth((index - first) as usize).map(|entry| entry.map(<[u8]>::to_vec)).transpose()
}

/// Gives the entries at ascending places; a row is looked up once for all of its places. A place that holds none is passed over.
pub(super) fn read_places(
    table: &impl ReadableTable<&'static [u8; 12], &'static [u8]>,
    places: &[EntryPlace],
    mut take: impl FnMut(EntryPlace, &[u8]),
) -> Result<(), StoreError> {
    let mut rest = places;
    while let Some((number, index)) = rest.first().copied() {
        let row = table.range::<&[u8; 12]>(&entry_key(number, 0)..=&entry_key(number, index))?.next_back().transpose()?;
        if let Some((key, row)) = row {
            let first = u64::from_be_bytes(key.value()[4..].try_into().expect("eight of twelve bytes"));
            for (at, entry) in (first..).zip(entries_in(row.value())) {
                let entry = entry?;
                while let Some((place, behind)) = rest.split_first().filter(|(place, _)| **place == (number, at)) {
                    take(*place, entry);
                    rest = behind;
                }
            }
        }
        // What is missing in its row is in none.
        while let Some((_, behind)) = rest.split_first().filter(|(place, _)| **place == (number, index)) {
            rest = behind;
        }
    }
    Ok(())
}

/// Appends entries behind the last one of a log, whose positions begin at `start`.
pub(super) fn append<'a>(
    table: &mut EntryTable<'_>,
    number: u32,
    start: u64,
    entries: impl Iterator<Item = &'a [u8]>,
) -> Result<(), StoreError> {
    let last = table.range::<&[u8; 12]>(&entry_key(number, 0)..=&entry_key(number, u64::MAX))?.next_back();
    let (mut key, mut row) = match last.transpose()? {
        Some((key, row)) => (*key.value(), row.value().to_vec()),
        None => (entry_key(number, start), Vec::new()),
    };
    let mut changed = false;
    for (index, entry) in (start..).zip(entries) {
        if !row.is_empty() && row.len() + 2 + entry.len() > ROW_BYTES {
            if changed {
                table.insert(&key, row.as_slice())?;
            }
            (key, row) = (entry_key(number, index), Vec::new());
        }
        push(&mut row, entry)?;
        changed = true;
    }
    if changed {
        table.insert(&key, row.as_slice())?;
    }
    Ok(())
}

/// Puts other bytes in the place of entries that are here.
pub(super) fn replace(table: &mut EntryTable<'_>, number: u32, entries: &BTreeMap<u64, Vec<u8>>) -> Result<(), StoreError> {
    let Some((start, end)) = entries.keys().next().zip(entries.keys().next_back()) else { return Ok(()) };
    let first = table.range::<&[u8; 12]>(&entry_key(number, 0)..=&entry_key(number, *start))?.next_back().transpose()?;
    let Some(first) = first.map(|(key, _)| *key.value()) else { return Ok(()) };
    let mut rows = BTreeMap::new();
    for row in table.range::<&[u8; 12]>(&first..=&entry_key(number, *end))? {
        let (key, row) = row?;
        let at = u64::from_be_bytes(key.value()[4..].try_into().expect("eight of twelve bytes"));
        let mut mended = Vec::new();
        for (index, entry) in (at..).zip(entries_in(row.value())) {
            match entries.get(&index) {
                Some(entry) => push(&mut mended, entry)?,
                None => push(&mut mended, entry?)?,
            }
        }
        rows.insert(*key.value(), mended);
    }
    for (key, row) in rows {
        table.insert(&key, row.as_slice())?;
    }
    Ok(())
}

/// Keeps hashes of complete subtrees that follow the last ones of their levels.
pub(super) fn append_hashes(write: &WriteTransaction, number: u32, subtrees: &[(u8, u64, Hash)]) -> Result<(), StoreError> {
    let mut table: HashTable<'_> = write.open_table(tables::HASHES)?;
    let mut levels: BTreeMap<u8, BTreeMap<u64, Hash>> = BTreeMap::new();
    for (level, index, hash) in subtrees.iter().filter(|(level, ..)| level % LEVELS == 0) {
        levels.entry(*level).or_default().insert(*index, *hash);
    }
    for (level, hashes) in levels {
        let mut hashes = hashes.into_iter().peekable();
        while let Some((first, _)) = hashes.peek() {
            let (row, held) = (first / HASHES, first % HASHES);
            let key = hash_key(number, level, row);
            let mut bytes = table.get(&key)?.map(|row| row.value().to_vec()).unwrap_or_default();
            if bytes.len() as u64 != held * 32 {
                return Err(StoreError::Corrupt(format!("hashes of level {level} do not reach to {first}")));
            }
            while let Some((_, hash)) = hashes.next_if(|(index, _)| index / HASHES == row) {
                bytes.extend_from_slice(&hash);
            }
            table.insert(&key, bytes.as_slice())?;
        }
    }
    Ok(())
}

/// Root of a complete subtree, from the nearest kept level below.
pub(super) fn subtree(
    table: &impl ReadableTable<&'static [u8; 13], &'static [u8]>,
    number: u32,
    level: u8,
    index: u64,
) -> Result<Hash, StoreError> {
    let missing = || StoreError::Corrupt(format!("no subtree {level}/{index}"));
    let kept = level - level % LEVELS;
    let (start, count) = (index << (level - kept), 1_u64 << (level - kept));
    let mut hashes: Vec<Hash> = Vec::with_capacity(count as usize);
    let mut at = start;
    while at < start + count {
        let (row, held) = (at / HASHES, (at % HASHES) as usize);
        let bytes = table.get(&hash_key(number, kept, row))?.ok_or_else(missing)?;
        let (all, _) = bytes.value().as_chunks::<32>();
        let wanted = ((start + count - at) as usize).min(HASHES as usize - held);
        hashes.extend_from_slice(all.get(held..held + wanted).ok_or_else(missing)?);
        at += wanted as u64;
    }
    while hashes.len() > 1 {
        hashes = hashes.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    hashes.pop().ok_or_else(missing)
}

pub(super) fn hash_key(number: u32, level: u8, row: u64) -> [u8; 13] {
    let mut key = [0; 13];
    key[..4].copy_from_slice(&number.to_be_bytes());
    key[4] = level;
    key[5..].copy_from_slice(&row.to_be_bytes());
    key
}
