//! Who saw whose data, in the order of time.

use super::{Store, StoreError, from_json, tables};
use protocol::id::Millis;
use redb::{ReadableTable, ReadableTableMetadata};
use serde::{Serialize, de::DeserializeOwned};

/// How long a row is kept: three years, as long as records of processing are (GB/T 35273-2020, PIPL article 56).
const KEPT_MS: Millis = 3 * 365 * 86_400_000;
/// Bound: rows that are kept, some 200 bytes each; beyond it the oldest go.
const ROWS_MAX: u64 = 1_000_000;
/// Bound: rows of one time.
const ROWS_PER_TIME_MAX: u32 = 10_000;

/// A row's place: time and number among those of that time.
pub type TrailPlace = (Millis, u32);

fn key((at_ms, number): TrailPlace) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&at_ms.to_be_bytes());
    key[8..].copy_from_slice(&number.to_be_bytes());
    key
}

impl Store {
    /// Keeps rows, each with its time, durable when this returns. What is older than three years goes.
    ///
    /// # Errors
    /// As the database.
    pub fn put_trail<T: Serialize>(&self, rows: &[(Millis, T)]) -> Result<(), StoreError> {
        let write = self.db.begin_write()?;
        {
            let mut table = write.open_table(tables::TRAIL)?;
            for (at_ms, row) in rows {
                let json = serde_json::to_vec(row).map_err(|error| StoreError::Corrupt(error.to_string()))?;
                let last = table.range::<&[u8; 12]>(&key((*at_ms, 0))..=&key((*at_ms, u32::MAX)))?.next_back().transpose()?;
                let number = last.map_or(0, |(key, _)| place(key.value()).1 + 1).min(ROWS_PER_TIME_MAX);
                table.insert(&key((*at_ms, number)), json.as_slice())?;
            }
            let oldest = rows.iter().map(|(at_ms, _)| at_ms.saturating_sub(KEPT_MS)).min().unwrap_or(0);
            while table.len()? > ROWS_MAX || table.first()?.is_some_and(|(key, _)| place(key.value()).0 < oldest) {
                table.pop_first()?;
            }
        }
        Ok(write.commit()?)
    }

    /// Rows before a place, or the newest, latest first, as many as are wanted; `look_at_max` bounds how many are looked at. The place
    /// to go on before is given where more may be there.
    ///
    /// # Errors
    /// As the database; a damaged row is passed over.
    pub fn trail<T: DeserializeOwned>(
        &self,
        before: Option<TrailPlace>,
        (limit, look_at_max): (usize, usize),
        wanted: impl Fn(&T) -> bool,
    ) -> Result<(Vec<T>, Option<TrailPlace>), StoreError> {
        let read = self.db.begin_read()?;
        let table = read.open_table(tables::TRAIL)?;
        let end = key(before.unwrap_or((Millis::MAX, u32::MAX)));
        let (mut rows, mut last) = (Vec::new(), None);
        for (looked_at, row) in table.range::<&[u8; 12]>(..&end)?.rev().enumerate() {
            if rows.len() == limit || looked_at == look_at_max {
                return Ok((rows, last));
            }
            let (key, row) = row?;
            last = Some(place(key.value()));
            rows.extend(from_json(row.value()).ok().filter(&wanted));
        }
        Ok((rows, None))
    }
}

fn place(key: &[u8; 12]) -> TrailPlace {
    let (at_ms, number) = key.split_at(8);
    (
        Millis::from_be_bytes(at_ms.try_into().expect("eight of twelve bytes")),
        u32::from_be_bytes(number.try_into().expect("four of twelve bytes")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_latest_first_page_by_page_and_old_ones_go() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let rows: Vec<(Millis, u64)> = (0..10).map(|at| (1_000 + at / 3, at)).collect();
        store.put_trail(&rows).unwrap();
        let (page, next) = store.trail::<u64>(None, (4, 100), |_| true).unwrap();
        assert_eq!(page, [9, 8, 7, 6]);
        let (page, next) = store.trail::<u64>(next, (4, 100), |_| true).unwrap();
        assert_eq!(page, [5, 4, 3, 2]);
        let (page, next) = store.trail::<u64>(next, (4, 100), |_| true).unwrap();
        assert_eq!((page.as_slice(), next), (&[1, 0][..], None));
        let (even, next) = store.trail::<u64>(None, (9, 3), |row| row % 2 == 0).unwrap();
        assert_eq!(even, [8], "of three rows that were looked at");
        assert!(next.is_some(), "there is more");
        store.put_trail(&[(1_001 + KEPT_MS, 77_u64)]).unwrap();
        let (page, _) = store.trail::<u64>(None, (100, 100), |_| true).unwrap();
        assert_eq!(page, [77, 9, 8, 7, 6, 5, 4, 3], "what is older than three years went");
    }
}
