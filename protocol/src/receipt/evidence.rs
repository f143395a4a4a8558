//! What one office tells another about a receipt whose log the asker does not hold: the records of its case, each with its place under a
//! checkpoint that its office signed. Nothing in it needs trust in who gives it.
//!
//! What nobody can prove is that there is nothing else: a revocation that a peer keeps to itself is not in its answer. So several are asked,
//! what they tell is taken together, and the answer says as of which checkpoints it holds.

use crate::{
    case::fold,
    id::{BlobHash, OfficeCode, Origin, RecordHash},
    limits::{EVIDENCE_ENTRIES_MAX, EVIDENCE_LOGS_MAX, EVIDENCE_NAMED_MAX, NOTE_BYTES_MAX, PROOF_HASHES_MAX},
    log::{CheckpointError, Entry, SignedCheckpoint, VerifierKey},
    membership::Membership,
    merkle::{Hash, leaf_hash, verify_consistency, verify_inclusion},
    receipt::ReceiptProof,
    record::{ReceiptIssued, Record, Signed, Verdict},
};
use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};
use std::collections::{BTreeMap, BTreeSet};

/// Records about one case, as told.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Evidence {
    /// Log by log.
    #[n(0)]
    pub logs: Vec<LogEvidence>,
}

/// Records of one log, as told.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LogEvidence {
    /// Note of a checkpoint that covers them, with cosignatures.
    #[n(0)]
    pub note: String,
    /// The records.
    #[n(1)]
    pub entries: Vec<Placed>,
    /// The histories of this log that the province named, as far as the teller knows them.
    #[n(2)]
    pub named: Vec<Named>,
}

/// A record with its place.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Placed {
    /// Position in the log.
    #[n(0)]
    pub index: u64,
    /// The entry.
    #[n(1)]
    pub bytes: ByteVec,
    /// Inclusion proof under the checkpoint.
    #[n(2)]
    pub path: Vec<ByteArray<32>>,
}

/// That the checkpoint continues a history.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Named {
    /// Entries of that history.
    #[n(0)]
    pub size: u64,
    /// Consistency proof from there to the checkpoint.
    #[n(1)]
    pub path: Vec<ByteArray<32>>,
}

/// A record that was proved to stand in its log.
#[derive(Debug, Clone)]
pub struct Attested {
    /// The record.
    pub entry: Entry,
    /// The proof of it.
    pub proof: ReceiptProof,
}

/// An answer of which all held.
#[derive(Debug, Clone, Default)]
pub struct Proved {
    /// Records that count, or would if they were not set aside.
    pub attested: Vec<Attested>,
    /// Records that were told, stand in their logs, and do not count.
    pub worthless: usize,
    /// Logs that the province ended, of which the answer proved every history that the province named: no fork takes anything from them.
    pub closed: BTreeSet<Origin>,
}

/// Why an answer is refused. Nothing of it counts then: who gave it lies, or holds what is damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Too much of something, or no log is named.
    #[error("the answer exceeds its bounds or names no log")]
    Bounds,
    /// A checkpoint does not hold.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A record does not stand in the log that the checkpoint was signed over.
    #[error("the record does not stand at position {0} of the log")]
    NotIncluded(u64),
}

impl Evidence {
    /// Whether every list keeps to its bound; asked before anything is verified.
    pub fn is_bounded(&self) -> bool {
        let entries: usize = self.logs.iter().map(|log| log.entries.len()).sum();
        self.logs.len() <= EVIDENCE_LOGS_MAX
            && entries <= EVIDENCE_ENTRIES_MAX
            && self.logs.iter().all(|log| {
                log.note.len() <= NOTE_BYTES_MAX
                    && log.named.len() <= EVIDENCE_NAMED_MAX
                    && log.entries.iter().all(|placed| placed.path.len() <= PROOF_HASHES_MAX)
                    && log.named.iter().all(|named| named.path.len() <= PROOF_HASHES_MAX)
            })
    }

    /// Verifies everything. Records of logs that are not enrolled as far as is known here, or whose history is in doubt, are passed over, and so
    /// is a record that stands in its log and does not count there: that is the fault of who wrote it, and not of who tells.
    ///
    /// # Errors
    /// See [`EvidenceError`].
    pub fn verify(&self, members: &Membership) -> Result<Proved, EvidenceError> {
        if !self.is_bounded() {
            return Err(EvidenceError::Bounds);
        }
        let mut proved = Proved::default();
        for log in &self.logs {
            let origin: Origin = log.note.lines().next().and_then(|line| line.parse().ok()).ok_or(EvidenceError::Bounds)?;
            let Some(key) = members.verifier(&origin) else { continue };
            let checkpoint = SignedCheckpoint::verify(&log.note, &key)?;
            if log.is_believed(&checkpoint, members) {
                // Lines of strangers would be counted by nobody and carried by everybody.
                let clean = checkpoint.only_lines_of(&key, &members.witnesses_of(&origin)).map_err(CheckpointError::from)?;
                for placed in &log.entries {
                    let counts = placed.verify(&clean, &key)?.filter(|attested| counts(members, &attested.entry));
                    proved.worthless += usize::from(counts.is_none());
                    proved.attested.extend(counts);
                }
                if members.is_closed(&origin) {
                    proved.closed.insert(origin);
                }
            }
        }
        Ok(proved)
    }
}

impl LogEvidence {
    /// Whether the checkpoint is of the history that the province named, and of no fork. Who holds the log compares it as a whole
    /// ([`Membership::compare_history`]); here each named point is compared.
    fn is_believed(&self, checkpoint: &SignedCheckpoint, members: &Membership) -> bool {
        // Attack: who stole the key of a forked log signs any number of histories, and only one of the two that are known was looked at. Of a log
        // that the province ended the named points say which history is believed.
        if !members.is_closed(checkpoint.origin()) && members.open_forks().any(|fork| fork.points().0.origin == *checkpoint.origin()) {
            return false;
        }
        members.named(checkpoint.origin()).filter(|point| point.size > 0).all(|point| {
            self.named.iter().find(|named| named.size == point.size).is_some_and(|named| {
                let path = hashes(&named.path);
                verify_consistency(point.size, checkpoint.size(), &path, &point.root.0, checkpoint.root())
            })
        })
    }
}

impl Placed {
    /// Nothing where the entry stands there and is no record of the log's office.
    fn verify(&self, checkpoint: &SignedCheckpoint, key: &VerifierKey) -> Result<Option<Attested>, EvidenceError> {
        let path = hashes(&self.path);
        if !verify_inclusion(&leaf_hash(&self.bytes), self.index, checkpoint.size(), &path, checkpoint.root()) {
            return Err(EvidenceError::NotIncluded(self.index));
        }
        let record = Signed::parse(&self.bytes).and_then(|signed| signed.verify(key.origin()));
        let Some(record) = record.ok().filter(|record| record.author() == key.key()) else { return Ok(None) };
        let proof = ReceiptProof { entry: self.bytes.to_vec(), index: self.index, path, checkpoint: checkpoint.note().to_owned() };
        Ok(Some(Attested { entry: Entry { origin: key.origin().clone(), index: self.index, record }, proof }))
    }
}

fn hashes(path: &[ByteArray<32>]) -> Vec<Hash> {
    path.iter().map(|hash| **hash).collect()
}

/// Whether an entry counts, or would if it were not set aside: then an answer says so.
fn counts(members: &Membership, entry: &Entry) -> bool {
    members.standing(entry).map_or_else(|reason| reason.is_quarantine(), |_| true)
}

/// The entries of a case that its receipt is judged by, what it rests on first; what weighs nothing is left out: what does not count, and
/// what the fold of the case refuses.
///
/// Attack: any office may write any number of records about a case, so that those that matter would find no place in an answer.
pub fn by_weight(mut entries: Vec<Entry>, receipt: RecordHash, said: &ReceiptIssued, members: &Membership) -> Vec<Entry> {
    let case = fold(said.case, &entries, members);
    let refused: BTreeSet<RecordHash> = case.into_iter().flat_map(|case| case.refused).collect();
    // What the receipt rests on is told in any case: whoever asks sees why it does not stand.
    let rests_on = |hash: &RecordHash| [receipt, said.decision, said.submission].contains(hash);
    entries.retain(|entry| {
        let hash = entry.record.hash();
        counts(members, entry) && (rests_on(&hash) || !refused.contains(&hash) && members.standing(entry).is_ok())
    });
    let used: BTreeSet<RecordHash> = entries
        .iter()
        .filter(|entry| matches!(entry.record.record(), Record::ReceiptUsed(by) if by.receipt == receipt))
        .map(|entry| entry.record.hash())
        .collect();
    let weight = |entry: &Entry| {
        let hash = entry.record.hash();
        let of_photo = |blob: BlobHash| blob == said.photo;
        Some(match entry.record.record() {
            _ if [receipt, said.decision, said.submission].contains(&hash) => 0,
            Record::ReceiptRevoked(by) if by.receipt == receipt => 1,
            // A return disputes the receipt; what closed that comes right behind it.
            Record::Decided(by) if by.submission == said.submission && by.verdict == Verdict::Return => 2,
            Record::Decided(by) if by.submission == said.submission && !by.resolves.is_empty() => 3,
            Record::ReceiptUsed(by) if by.receipt == receipt => 3,
            Record::UseAnnulled(by) if used.contains(&by.used) => 3,
            Record::Decided(by) if by.submission == said.submission => 4,
            Record::Withdrawn(by) if by.submission == said.submission => 5,
            Record::Erased(by) if by.submission == said.submission || by.blobs.iter().copied().any(of_photo) => 5,
            Record::Submitted(_) | Record::Decided(_) => 6,
            Record::Withdrawn(_) | Record::Erased(_) | Record::ReceiptIssued(_) => 7,
            Record::ReceiptUsed(_) | Record::UseAnnulled(_) | Record::ReceiptRevoked(_) => 8,
            _ => return None,
        })
    };
    // Of what weighs the same each office has its first one told before any has a second one told.
    let mut told: BTreeMap<(u8, OfficeCode), usize> = BTreeMap::new();
    let mut ranked: Vec<((u8, usize), Entry)> = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some((weight, (office, _))) = weight(&entry).zip(entry.origin.office_and_epoch()) else { continue };
        let nth = told.entry((weight, office)).or_default();
        ranked.push(((weight, *nth), entry));
        *nth += 1;
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.truncate(EVIDENCE_ENTRIES_MAX);
    ranked.into_iter().map(|(_, entry)| entry).collect()
}

#[cfg(test)]
mod tests;
