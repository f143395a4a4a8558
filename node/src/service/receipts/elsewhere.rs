//! Receipts whose logs are not held here: what this node tells others of a receipt, and what it makes of what others tell.

use crate::{
    service::{Office, Refusal, office::now_ms},
    store::StoreError,
};
use protocol::{
    case::{self, Case},
    id::{CaseId, Origin},
    limits::{EVIDENCE_BYTES_MAX, EVIDENCE_LOGS_MAX, EVIDENCE_NAMED_MAX},
    log::{Entry, SignedCheckpoint},
    membership::Membership,
    merkle::{self, Hash},
    receipt::{Attested, Evidence, LogEvidence, Named, Placed, ReceiptProof, by_weight},
    record::Record,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What other offices told of a receipt and proved.
#[derive(Debug, Default)]
pub struct Told {
    records: Vec<Attested>,
    /// Records that were told, stand in their logs, and do not count.
    worthless: usize,
    /// Logs that the province ended and of which these answers proved all that the province named.
    closed: BTreeSet<Origin>,
    /// Offices whose answer held and goes with what is here.
    offices: usize,
}

impl Told {
    /// Verifies what was answered. Who lies is passed over as a whole; what contradicts a log that is held here is not taken, and where that
    /// proves a fork, the fork is learnt.
    ///
    /// # Errors
    /// As the store.
    pub fn verify(office: &Office, answers: &[Evidence]) -> Result<Self, Refusal> {
        let mut told = Self::default();
        for answer in answers {
            let verified = answer.verify(&office.members());
            let Ok(proved) = verified.inspect_err(|error| tracing::warn!(%error, "an office told what does not hold of a receipt")) else {
                continue;
            };
            told.worthless += proved.worthless;
            let before = told.records.len();
            for record in proved.attested {
                if agrees(office, &record)? {
                    told.closed.extend(proved.closed.get(&record.entry.origin).cloned());
                    told.records.push(record);
                }
            }
            told.offices += usize::from(told.records.len() > before);
        }
        Ok(told)
    }

    /// How many offices' word this is.
    pub fn offices(&self) -> usize {
        self.offices
    }

    /// The members as they are with what was proved.
    fn members(&self, office: &Office) -> Membership {
        office.members().believing(&self.closed)
    }

    /// The members by whom the record at a position is judged: what is held here alone is judged by what is known here.
    pub(super) fn judges(&self, office: &Office, origin: &Origin, index: u64) -> Membership {
        let told = self.records.iter().any(|told| told.entry.origin == *origin && told.entry.index == index);
        if told { self.members(office) } else { office.members().clone() }
    }

    /// The proof of the record at a position, under the largest checkpoint that was told.
    pub(super) fn proof(&self, origin: &Origin, index: u64) -> Option<ReceiptProof> {
        let size = |told: &&Attested| told.proof.checkpoint.lines().nth(1).and_then(|size| size.parse::<u64>().ok());
        let at_place = self.records.iter().filter(|told| told.entry.origin == *origin && told.entry.index == index);
        at_place.max_by_key(size).map(|told| told.proof.clone())
    }

    /// A case, folded from what is here and what was told.
    pub(super) fn case(&self, office: &Office, id: CaseId) -> Result<Option<Arc<Case>>, StoreError> {
        if self.records.is_empty() {
            return office.case(id);
        }
        // What is held of a log only in part may be of another history than the one that was proved.
        let here = office.store.case_entries(id)?.into_iter().filter(|entry| !self.closed.contains(&entry.origin));
        let entries: Vec<Entry> =
            here.filter_map(|entry| entry.verify().ok()).chain(self.records.iter().map(|told| told.entry.clone())).collect();
        Ok(case::fold(id, &entries, &self.members(office)).map(Arc::new))
    }
}

/// Whether a record that was told goes with what is held of its log.
fn agrees(office: &Office, told: &Attested) -> Result<bool, Refusal> {
    let origin = &told.entry.origin;
    let key = office.members().verifier(origin);
    if let Some(checkpoint) = key.and_then(|key| SignedCheckpoint::verify(&told.proof.checkpoint, &key).ok())
        && office.holds(&checkpoint)? == Some(false)
    {
        if let Some(proof) = office.prove_fork(&checkpoint, &[])? {
            office.learn_fork(&proof)?;
        }
        return Ok(false);
    }
    let here = office.store.entry(origin, told.entry.index)?;
    Ok(here.is_none_or(|here| here.bytes == told.proof.entry))
}

/// What is here of the receipt at a position, for an office that does not hold its log; nothing where it is not here.
///
/// # Errors
/// As the store.
pub fn evidence(office: &Office, origin: &Origin, index: u64) -> Result<Option<Evidence>, StoreError> {
    if index >= office.store.indexed(origin) {
        return Ok(None);
    }
    let Some(receipt) = office.store.entry(origin, index)?.and_then(|entry| entry.verify().ok()) else { return Ok(None) };
    let Record::ReceiptIssued(said) = receipt.record.record() else { return Ok(None) };
    let entries = office.store.case_entries(said.case)?.iter().filter_map(|entry| entry.verify().ok()).collect();
    let mut bytes = 0;
    let mut logs: BTreeMap<Origin, Vec<Entry>> = BTreeMap::new();
    let weighed = by_weight(entries, receipt.record.hash(), said, &office.members());
    for entry in weighed {
        bytes += entry.record.bytes().len();
        if bytes <= EVIDENCE_BYTES_MAX && (logs.len() < EVIDENCE_LOGS_MAX || logs.contains_key(&entry.origin)) {
            logs.entry(entry.origin.clone()).or_default().push(entry);
        }
    }
    let logs = logs.into_iter().filter_map(|(origin, entries)| of_log(office, &origin, &entries).transpose());
    Ok(Some(Evidence { logs: logs.collect::<Result<_, _>>()? }))
}

/// Entries of one log with their proofs, under a checkpoint that covers them and every history of it that the province named.
fn of_log(office: &Office, origin: &Origin, entries: &[Entry]) -> Result<Option<LogEvidence>, StoreError> {
    let sizes: Vec<u64> =
        office.members().named(origin).map(|point| point.size).filter(|size| *size > 0).take(EVIDENCE_NAMED_MAX).collect();
    let last = entries.iter().map(|entry| entry.index).chain(sizes.iter().map(|size| size - 1)).max().unwrap_or_default();
    let Some((checkpoint, _)) = office.note_over(origin, last)? else { return Ok(None) };
    let path = |hashes: Vec<Hash>| hashes.into_iter().map(Into::into).collect();
    let size = checkpoint.size();
    office.store.with_subtrees(origin, |view| {
        let placed = entries.iter().map(|entry| {
            let path = path(merkle::inclusion_proof(view, entry.index, size)?);
            Ok(Placed { index: entry.index, bytes: entry.record.bytes().to_vec().into(), path })
        });
        let named = sizes.iter().map(|old| Ok(Named { size: *old, path: path(merkle::consistency_proof(view, *old, size)?) }));
        Ok(LogEvidence {
            note: checkpoint.note().to_owned(),
            entries: placed.collect::<Result<_, StoreError>>()?,
            named: named.collect::<Result<_, StoreError>>()?,
        })
    })
}

/// A receipt that was found, and how far the word of others goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// Offices that told of it; without any, what is here was all there was to go by.
    pub offices: usize,
    /// Records that were told and do not count, because their offices may not say what they say.
    pub worthless: usize,
    /// Minutes since a witness last saw the log that the receipt stands in, by the clocks of both; nothing where none is known to have.
    pub witnessed_minutes: Option<u64>,
}

/// How far an answer about a receipt reaches that stands under this checkpoint; nothing where every log is followed, so that what is here is
/// all that can be known.
pub(super) fn as_of(office: &Office, told: &Told, checkpoint: &SignedCheckpoint) -> Option<AsOf> {
    let limited = told.offices > 0 || office.leaves_out();
    limited.then(|| {
        let minutes = |time_ms| now_ms().saturating_sub(time_ms) / 60_000;
        AsOf { offices: told.offices, worthless: told.worthless, witnessed_minutes: office.cosigned_ms(checkpoint).map(minutes) }
    })
}

#[cfg(test)]
mod tests;
