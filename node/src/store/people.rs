//! Which cases stand for one identity number, as far as this store knows. The number itself is nowhere in it.

use super::{Store, StoreError, tables};
use protocol::id::CaseId;
use redb::ReadableTable;
use sha2::{Digest, Sha256};

impl Store {
    /// Keeps that a case stands for a number.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn put_person(&self, number: &str, case: CaseId) -> Result<(), StoreError> {
        if self.cases_of_person(number, usize::MAX)?.contains(&case) {
            return Ok(());
        }
        let write = self.db.begin_write()?;
        {
            let mut salts = write.open_table(tables::SALTS)?;
            let known = salts.get("people")?.map(|row| *row.value());
            let salt = known.unwrap_or_else(rand::random);
            if known.is_none() {
                salts.insert("people", &salt)?;
            }
            write.open_table(tables::PEOPLE)?.insert(&key(&salt, number, case.0), ())?;
        }
        Ok(write.commit()?)
    }

    /// Cases that stand for a number, `most` at most.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn cases_of_person(&self, number: &str, most: usize) -> Result<Vec<CaseId>, StoreError> {
        let read = self.db.begin_read()?;
        let Some(salt) = read.open_table(tables::SALTS)?.get("people")?.map(|row| *row.value()) else { return Ok(Vec::new()) };
        let (from, to) = (key(&salt, number, [0; 16]), key(&salt, number, [255; 16]));
        let people = read.open_table(tables::PEOPLE)?;
        let mut found = Vec::new();
        for row in people.range::<&[u8; 32]>(&from..=&to)?.take(most) {
            let case = row?.0.value()[16..].try_into().map_err(|_| StoreError::Corrupt("people".into()))?;
            found.push(CaseId(case));
        }
        Ok(found)
    }

    /// Forgets whom a case stands for.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn forget_person(&self, case: CaseId) -> Result<(), StoreError> {
        // There is no way from a case to its number; an erasure is rare, and a hundred thousand rows are three megabytes.
        let known: Vec<[u8; 32]> = {
            let read = self.db.begin_read()?;
            let people = read.open_table(tables::PEOPLE)?;
            let rows = people.iter()?.filter_map(|row| row.ok().map(|row| *row.0.value()));
            rows.filter(|key| key[16..] == case.0).collect()
        };
        if known.is_empty() {
            return Ok(());
        }
        let write = self.db.begin_write()?;
        {
            let mut people = write.open_table(tables::PEOPLE)?;
            for key in &known {
                people.remove(key)?;
            }
        }
        Ok(write.commit()?)
    }
}

fn key(salt: &[u8; 32], number: &str, case: [u8; 16]) -> [u8; 32] {
    let digest = Sha256::new().chain_update(salt).chain_update(number).finalize();
    let mut key = [0; 32];
    key[..16].copy_from_slice(&digest[..16]);
    key[16..].copy_from_slice(&case);
    key
}
