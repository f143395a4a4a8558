//! Cases as folded from their records, kept until something about them changes.

use super::{Change, Office, lock};
use crate::{service::erasure, store::StoreError};
use protocol::{
    case::{self, Case},
    id::{BlobHash, CaseId, Origin},
    log::Entry,
    record::{Record, Verified},
};
use std::{collections::HashMap, sync::Arc};

/// Cases as folded, until something about them changes.
#[derive(Default)]
pub(super) struct Folded {
    pub(super) cases: HashMap<CaseId, Option<Arc<Case>>>,
    /// Counts changes. A fold that began before the newest one may have missed it and is not kept.
    changes: u64,
}

impl Office {
    /// A case, folded from its records.
    ///
    /// # Errors
    /// As the store.
    pub fn case(&self, id: CaseId) -> Result<Option<Arc<Case>>, StoreError> {
        let folded = lock(&self.cases);
        if let Some(known) = folded.cases.get(&id) {
            return Ok(known.clone());
        }
        let changes = folded.changes;
        drop(folded);
        let entries = self.store.case_entries(id)?;
        if entries.is_empty() {
            // Bound: ids that somebody made up are not remembered.
            return Ok(None);
        }
        let members = self.members();
        let entries: Vec<Entry> = entries.into_iter().filter_map(|entry| entry.verify().ok()).collect();
        let case = case::fold(id, &entries, &members).map(Arc::new);
        drop(members);
        let mut folded = lock(&self.cases);
        if folded.changes == changes {
            folded.cases.insert(id, case.clone());
        }
        Ok(case)
    }

    /// Every case.
    ///
    /// # Errors
    /// As the store.
    pub fn cases(&self) -> Result<Vec<Arc<Case>>, StoreError> {
        self.store.case_ids()?.into_iter().filter_map(|id| self.case(id).transpose()).collect()
    }

    /// Every case that names a blob.
    ///
    /// # Errors
    /// As the store.
    pub fn cases_of_blob(&self, blob: BlobHash) -> Result<Vec<Arc<Case>>, StoreError> {
        self.store.cases_of_blob(blob)?.into_iter().filter_map(|id| self.case(id).transpose()).collect()
    }

    /// What counts may be different now.
    pub(super) fn forget_cases(&self) {
        let mut folded = lock(&self.cases);
        folded.changes += 1;
        folded.cases.clear();
    }

    /// Tells of records that were stored.
    pub(super) fn note_records(&self, origin: &Origin, records: &[Verified]) {
        let mut folded = lock(&self.cases);
        folded.changes += 1;
        for record in records {
            if let Some(id) = record.record().case() {
                folded.cases.remove(&id);
            }
        }
        drop(folded);
        if records.iter().any(|record| record.record().case().is_some()) {
            self.tell(Change::Cases);
        }
        self.tell(Change::Log(origin.clone()));
    }

    /// Deletes what another office told to be erased. Not under the right to append: drafts are held meanwhile.
    pub(super) fn delete_erased(&self, records: &[Verified]) {
        for id in records.iter().filter(|record| matches!(record.record(), Record::Erased(_))).filter_map(|record| record.record().case()) {
            let done = self.case(id).and_then(|case| case.map_or(Ok(()), |case| erasure::delete_erased(self, &case)));
            if let Err(error) = done {
                tracing::warn!(%error, "what another office erased is still here: the next pass over the blobs deletes it");
            }
        }
    }
}
