//! Packages of a log for others, and the checkpoints that authenticate what lies here.

use super::{Store, StoreError, logs::entry_key, tables};
use minicbor::{Decode, Encode, bytes::ByteArray};
use protocol::{
    id::Origin,
    limits::{PACKAGE_BYTES_MAX, PACKAGE_ENTRIES_MAX},
    log::{Package, VerifiedPackage},
    merkle,
};

/// What stands behind entries that a peer gave.
pub(super) enum Cover {
    /// The note of a checkpoint over exactly what is here then.
    Exact(String),
    /// A checkpoint over more than that.
    Beyond(Reached),
}

impl Cover {
    pub(super) fn of(package: &VerifiedPackage) -> Self {
        let note = package.checkpoint.note().to_owned();
        match package.checkpoint.size() == package.edge.size() {
            true => Self::Exact(note),
            false => Self::Beyond(Reached { note, proof: package.proof.iter().map(|hash| (*hash).into()).collect() }),
        }
    }
}

/// A checkpoint beyond what was here, and the consistency proof that led to it.
#[derive(Debug, Clone, Encode, Decode)]
pub(super) struct Reached {
    #[n(0)]
    note: String,
    #[n(1)]
    proof: Vec<ByteArray<32>>,
}

impl Store {
    /// The next package for a peer that holds `start` entries; nothing where there is no checkpoint beyond that.
    ///
    /// # Errors
    /// As the database.
    pub fn package(&self, origin: &Origin, start: u64) -> Result<Option<Package>, StoreError> {
        let note = self.head(origin).note;
        let Some(signed) = note.lines().nth(1).and_then(|size| size.parse::<u64>().ok()).filter(|signed| *signed > start) else {
            return self.package_beyond(origin, start);
        };
        let mut bytes = 0;
        let entries: Vec<_> = self
            .entries(origin, start, PACKAGE_ENTRIES_MAX.min((signed - start) as usize))?
            .into_iter()
            .take_while(|entry| {
                // The first entry is always given, so that every package makes progress.
                let first = bytes == 0;
                bytes += entry.bytes.len();
                first || bytes <= PACKAGE_BYTES_MAX
            })
            .map(|entry| entry.bytes.into())
            .collect();
        let end = start + entries.len() as u64;
        let proof = self.with_subtrees(origin, |view| merkle::consistency_proof(view, end, signed))?.unwrap_or_default();
        Ok(Some(Package { start, entries, checkpoint: note, proof: proof.into_iter().map(Into::into).collect() }))
    }

    /// A package of entries that no checkpoint here covers exactly: up to where one came in, with the proof that it came with. So entries
    /// of a writer that is gone for ever still reach everybody.
    fn package_beyond(&self, origin: &Origin, start: u64) -> Result<Option<Package>, StoreError> {
        let Some(number) = self.log_number(origin) else { return Ok(None) };
        let table = self.db.begin_read()?.open_table(tables::REACHED)?;
        let after = start.saturating_add(1);
        let row = table.range::<&[u8; 12]>(&entry_key(number, after)..=&entry_key(number, u64::MAX))?.next().transpose()?;
        let Some((key, row)) = row else { return Ok(None) };
        let (_, end) = key.value().split_at(4);
        let end = u64::from_be_bytes(end.try_into().expect("eight of twelve bytes"));
        let Reached { note, proof } = minicbor::decode(row.value()).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let entries = self.entries(origin, start, (end - start) as usize)?;
        Ok(Some(Package { start, entries: entries.into_iter().map(|entry| entry.bytes.into()).collect(), checkpoint: note, proof }))
    }
}
