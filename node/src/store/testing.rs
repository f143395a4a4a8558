//! Logs for tests of the store alone.

use super::*;
use protocol::{
    id::RecordHash,
    keys::OfficeKey,
    log::{Checkpoint, Entry, Package},
    merkle::{Edge, Hash, leaf_hash},
    record::{Decided, Record, RecordError, Signed, Verdict},
};
use std::ops::Range;

/// A log of another office with a record about each of many cases. Their ids are spread as real ones are.
pub(super) struct LogOfCases {
    pub(super) origin: Origin,
    key: OfficeKey,
}

impl LogOfCases {
    pub(super) fn new(number: u8) -> Self {
        let origin = format!("demo.huizhi/office/4403000{number}/1").parse().unwrap();
        Self { origin, key: OfficeKey::from_seed(&[number; 32]) }
    }

    pub(super) fn case(number: u64) -> CaseId {
        CaseId(leaf_hash(&number.to_be_bytes())[..16].try_into().unwrap())
    }

    fn entry(&self, number: u64) -> Vec<u8> {
        let (case, submission) = (Self::case(number), RecordHash([7; 32]));
        let said = Decided { case, submission, verdict: Verdict::Approve, reasons: vec![], resolves: vec![], operator: 1, at_ms: number };
        Signed::sign(&self.origin, &self.key, &Record::Decided(said)).unwrap().bytes().to_vec()
    }

    /// Gives a store entries behind those it has, without a look at them.
    pub(super) fn try_give(&self, store: &Store, numbers: Range<u64>) -> Result<(), StoreError> {
        let before = store.edge(&self.origin);
        let entries: Vec<_> = numbers.map(|number| self.entry(number)).collect();
        let mut edge: Edge = before.clone();
        entries.iter().for_each(|entry| edge.append(leaf_hash(entry), |_, _, _| {}));
        let head = Checkpoint { origin: self.origin.clone(), size: edge.size(), root: edge.root() }.sign(&self.key);
        let entries = entries.into_iter().map(Into::into).collect();
        let package = Package { start: before.size(), entries, checkpoint: head.note().to_owned(), proof: vec![] };
        let verifier = protocol::log::VerifierKey::new(self.origin.clone(), self.key.public());
        store.commit_unindexed(&self.origin, &[package.verify(&before, &verifier, &[]).unwrap()])
    }

    pub(super) fn give(&self, store: &Store, numbers: Range<u64>) {
        self.try_give(store, numbers).unwrap();
    }
}

/// Folds a case to the number of its entries.
pub(super) struct Counting;

impl Fold for Counting {
    fn read(&self, entry: &StoredEntry) -> Result<Entry, RecordError> {
        entry.verify()
    }
    fn fold(&mut self, case: CaseId, entries: &[Entry]) -> FoldedCase {
        let mut digest = [0; 16];
        digest[..8].copy_from_slice(&(entries.len() as u64).to_be_bytes());
        let captured_by = "44030001".parse().unwrap();
        let summary = protocol::case::Summary {
            form: protocol::case::SUMMARY_FORM,
            status: STATUSES[entries.len() % STATUSES.len()],
            submitted_ms: u64::from(case.0[0]),
            captured_by,
            digest,
        };
        FoldedCase { summary: Some(summary), wanted: vec![] }
    }
    fn standing(&self, _: &Origin) -> Hash {
        [0; 32]
    }
    fn every(&self) -> Hash {
        [0; 32]
    }
}
