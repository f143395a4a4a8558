//! Cases as folded from their records: one exactly, many by what is kept of them on disk.
//!
//! What is kept is brought up to date right after records were stored; where a change of membership touches more cases than that, or a log
//! is caught up with, [`Office::settle`] does it in steps. Lists show only what was folded exactly, so a row that lags is left out and never shown wrong.

use super::{Change, Member, Office, lock};
use crate::{
    service::{erasure, office::now_ms},
    store::{Ahead, BlobError, Difference, Fold, FoldedCase, Place, StoreError, StoredEntry},
};
use protocol::{
    access,
    case::{self, Case, SUMMARY_FORM, Status},
    id::{BlobHash, CaseId, Origin, RecordHash},
    log::Entry,
    membership::Membership,
    merkle::{Hash, leaf_hash},
    record::{Record, RecordError, Verified},
};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Arc, RwLockReadGuard, atomic::Ordering},
};

/// Bound: cases kept in memory as folded.
const FOLDED_MAX: usize = 2_048;
/// Bound: looks into the order of cases for one page. Rows that moved meanwhile are skipped; a page may be short then, never endless.
const LOOKS_MAX: usize = 8;

/// Cases as folded, until something about them changes.
#[derive(Default)]
pub(super) struct Folded {
    pub(super) cases: HashMap<CaseId, Option<Arc<Case>>>,
    /// Counts changes. A fold that began before the newest one may have missed it and is not kept.
    pub(super) changes: u64,
}

/// What to list.
#[derive(Debug, Clone)]
pub struct Listing<'a> {
    /// States to list.
    pub statuses: &'a [Status],
    /// The last case of the page before.
    pub after: Option<Place>,
    /// The other way round.
    pub newest_first: bool,
    /// Cases at most.
    pub limit: usize,
}

/// Folds under the membership of this moment, which stands still meanwhile.
pub(super) struct Folder<'a> {
    office: &'a Office,
    members: RwLockReadGuard<'a, Membership>,
    me: Option<Member>,
    keeps_everything: bool,
    /// Records that were verified a moment ago, by log and leaf.
    fresh: HashMap<(&'a Origin, RecordHash), &'a Verified>,
}

impl<'a> Folder<'a> {
    pub(super) fn new(office: &'a Office) -> Self {
        let members = office.members();
        let me = members.office_of(office.keys.office.public()).cloned();
        let keeps_everything = office.follow.keeps_everything(&members, office.code);
        Self { office, members, me, keeps_everything, fresh: HashMap::new() }
    }
}

impl Fold for Folder<'_> {
    fn read(&self, stored: &StoredEntry) -> Result<Entry, RecordError> {
        match self.fresh.get(&(&stored.origin, RecordHash(leaf_hash(&stored.bytes)))) {
            Some(record) => Ok(Entry { origin: stored.origin.clone(), index: stored.index, record: (*record).clone() }),
            None => stored.verify(),
        }
    }
    fn fold(&mut self, id: CaseId, entries: &[Entry]) -> FoldedCase {
        let counting = entries.iter().filter(|entry| self.keeps_everything || !self.members.is_retired(&entry.origin));
        let Some(case) = case::fold(id, counting, &self.members) else { return FoldedCase::default() };
        let needed = self.me.as_ref().map(|me| needed(me, &case)).unwrap_or_default();
        let wanted = needed.into_iter().filter(|blob| self.office.store.blobs.size(*blob).is_none()).collect();
        FoldedCase { summary: Some(case.summary()), wanted }
    }
    fn standing(&self, origin: &Origin) -> Hash {
        self.members.standing_digest(origin)
    }
    fn every(&self) -> Hash {
        every(self.me.as_ref(), self.keeps_everything)
    }
}

/// Digest of what concerns the folding of every log: this office's roles and region say which blobs it wants.
pub(super) fn every(me: Option<&Member>, keeps_everything: bool) -> Hash {
    let roles = me.map_or(0, |me| me.enrol.roles.0);
    let region = me.and_then(|me| me.enrol.region.as_deref()).unwrap_or_default();
    let sha = Sha256::new().chain_update([SUMMARY_FORM, u8::from(keeps_everything)]).chain_update(roles.to_be_bytes());
    sha.chain_update(region).finalize().into()
}

/// Blobs of a case that an office should hold and may have: an office in charge of it everything; the capturing office what reviewers wrote,
/// and what its own submissions name, which it lacks after a restore from a backup.
fn needed(me: &Member, case: &Case) -> Vec<BlobHash> {
    let said = &case.current.said;
    let in_charge = me.grant().may_decide(case.captured_by());
    let mut blobs: Vec<BlobHash> = Vec::new();
    if in_charge || case.captured_by() == me.enrol.code {
        blobs.extend(case.note.iter().map(|by| by.said.payload));
    }
    if in_charge {
        blobs.extend([said.payload, said.photo, said.original]);
    }
    for by in case.submissions.iter().filter(|by| by.office == me.enrol.code) {
        blobs.extend([by.said.payload, by.said.photo, by.said.original]);
    }
    blobs.sort_unstable();
    blobs.dedup();
    blobs.retain(|blob| access::may_have([case], *blob, me.enrol.code, &me.grant(), now_ms()));
    blobs
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
        let keeps_everything = self.follow.keeps_everything(&members, self.code);
        let counts = |entry: &StoredEntry| keeps_everything || !members.is_retired(&entry.origin);
        let entries: Vec<Entry> = entries.into_iter().filter(counts).filter_map(|entry| entry.verify().ok()).collect();
        let case = case::fold(id, &entries, &members).map(Arc::new);
        drop(members);
        let mut folded = lock(&self.cases);
        if folded.changes == changes {
            // Whatever goes is folded again when it is asked for.
            if folded.cases.len() >= FOLDED_MAX
                && let Some(any) = folded.cases.keys().next().copied()
            {
                folded.cases.remove(&any);
            }
            folded.cases.insert(id, case.clone());
        }
        Ok(case)
    }

    /// A case, folded from all of its records that are here, those of retired logs among them.
    ///
    /// # Errors
    /// As the store.
    pub fn case_ever(&self, id: CaseId) -> Result<Option<Arc<Case>>, StoreError> {
        if let Some(case) = self.case(id)? {
            return Ok(Some(case));
        }
        let entries: Vec<Entry> = self.store.case_entries(id)?.into_iter().filter_map(|entry| entry.verify().ok()).collect();
        Ok(case::fold(id, &entries, &self.members()).map(Arc::new))
    }

    /// Every case, each folded exactly. For exports and tests: a long history takes minutes and memory.
    ///
    /// # Errors
    /// As the store.
    pub fn cases(&self) -> Result<Vec<Arc<Case>>, StoreError> {
        self.store.case_ids()?.into_iter().filter_map(|id| self.case(id).transpose()).collect()
    }

    /// A page of cases, each as its records fold at this moment, and whether others may be missing because they are not folded yet.
    ///
    /// # Errors
    /// As the store.
    pub fn list(&self, listing: &Listing<'_>) -> Result<(Vec<Arc<Case>>, bool), StoreError> {
        let settled = self.settle_a_little()?;
        let mut page = Vec::new();
        let mut after = listing.after;
        for _ in 0..LOOKS_MAX {
            let missing = listing.limit - page.len();
            let rows = self.store.list_cases(listing.statuses, after, listing.newest_first, missing)?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(*last);
            let ended = rows.len() < missing;
            for ((_, id), _) in &rows {
                // Moved since its row was made: it belongs into another list, or comes into this one again.
                page.extend(self.case(*id)?.filter(|case| listing.statuses.contains(&case.status)));
            }
            if ended || page.len() == listing.limit {
                break;
            }
        }
        Ok((page, !settled))
    }

    /// Cases in a state, as far as they are folded.
    ///
    /// # Errors
    /// As the store.
    pub fn count(&self, status: Status) -> Result<u64, StoreError> {
        self.store.count_cases(status)
    }

    /// A blob that cases name. One that decayed on this disk is set aside and fetched again, and is not here until then.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn read_blob(&self, blob: BlobHash) -> Result<Option<Vec<u8>>, StoreError> {
        match self.store.blobs.read(blob) {
            Err(BlobError::WrongHash(_)) => {
                tracing::warn!(%blob, "a file is not what was signed any more; it is fetched again");
                self.fetch_again(blob)?;
                Ok(None)
            }
            Err(BlobError::Io(error)) => Err(error.into()),
            Err(error) => Err(StoreError::Corrupt(error.to_string())),
            Ok(bytes) => Ok(bytes),
        }
    }

    /// Sets a decayed blob aside and asks for it.
    pub(in crate::service) fn fetch_again(&self, blob: BlobHash) -> Result<(), StoreError> {
        self.store.blobs.set_aside(blob)?;
        self.store.set_wanted(&[blob], &[])?;
        self.tell(Change::Wanted(blob));
        Ok(())
    }

    /// Every case that names a blob.
    ///
    /// # Errors
    /// As the store.
    pub fn cases_of_blob(&self, blob: BlobHash) -> Result<Vec<Arc<Case>>, StoreError> {
        self.store.cases_of_blob(blob)?.into_iter().filter_map(|id| self.case(id).transpose()).collect()
    }

    /// Whether this office should hold a blob of a case, and may.
    pub fn needs(&self, case: &Case, blob: BlobHash) -> bool {
        self.member().is_some_and(|me| needed(&me, case).contains(&blob))
    }

    /// Up to `max` blobs that this office needs and does not have, beginning anywhere, so that none is passed over for ever.
    ///
    /// # Errors
    /// As the store.
    pub fn wanted(&self, max: usize) -> Result<Vec<BlobHash>, StoreError> {
        let Some(me) = self.member() else { return Ok(Vec::new()) };
        let (mut wanted, mut no_more) = (Vec::new(), Vec::new());
        for blob in self.store.wanted(BlobHash(rand::random()), max)? {
            // What was set aside as decayed may be whole after all: a cable was loose, or an earlier program took any error for decay.
            let lacks = self.store.blobs.size(blob).is_none() && !self.store.blobs.put_back(blob)?;
            let list = if lacks && self.cases_of_blob(blob)?.iter().any(|case| needed(&me, case).contains(&blob)) {
                &mut wanted
            } else {
                &mut no_more
            };
            list.push(blob);
        }
        self.store.set_wanted(&[], &no_more)?;
        Ok(wanted)
    }

    /// Compares what is kept of every case with a replay of its records. Nothing may be written meanwhile.
    ///
    /// # Errors
    /// As the store.
    pub fn compare_states(&self, look: impl FnMut()) -> Result<Vec<Difference>, StoreError> {
        self.store.compare_states(&mut Folder::new(self), look)
    }

    /// What counts may be different now: a record of the province was taken in, or a fork was learnt or settled.
    pub(super) fn forget_cases(&self) {
        let mut folded = lock(&self.cases);
        folded.changes += 1;
        folded.cases.clear();
        self.restanding.store(true, Ordering::Release);
    }

    /// Entries on disk changed: whatever was folded from them is folded again.
    pub(in crate::service) fn forget_all_cases(&self) {
        let mut folded = lock(&self.cases);
        folded.changes += 1;
        folded.cases.clear();
        drop(folded);
        self.tell(Change::Cases);
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
        let mut ids: Vec<CaseId> = records.iter().filter_map(|record| record.record().case()).collect();
        ids.sort_unstable();
        ids.dedup();
        if !ids.is_empty() {
            let mut folder = Folder::new(self);
            folder.fresh = records.iter().map(|record| ((origin, record.hash()), record)).collect();
            if let Err(error) = self.store.fold_cases(Ahead::of(ids), false, &mut folder) {
                tracing::warn!(%error, "cases cannot be folded now; they are folded when they are listed");
            }
            drop(folder);
            self.tell(Change::Cases);
        }
        self.tell(Change::Log(origin.clone()));
    }

    /// Cases of which records tell that something was erased.
    pub(super) fn erased_in<'r>(records: impl IntoIterator<Item = &'r Verified>) -> Vec<CaseId> {
        let erased = records.into_iter().filter(|record| matches!(record.record(), Record::Erased(_)));
        erased.filter_map(|record| record.record().case()).collect()
    }

    /// Deletes what another office told to be erased. Not under the right to append: drafts are held meanwhile.
    pub(super) fn delete_erased(&self, cases: Vec<CaseId>) {
        for id in cases {
            let done = self.case(id).and_then(|case| case.map_or(Ok(()), |case| erasure::delete_erased(self, &case)));
            if let Err(error) = done {
                tracing::warn!(%error, "what another office erased is still here: the next pass over the blobs deletes it");
            }
        }
    }
}
