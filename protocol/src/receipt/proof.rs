//! The electronic receipt: a C2SP tlog-proof file (draft of 2026-06) whose `extra` is the receipt's record.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64 of the entry>
//! index <n>
//! <base64 hash, sibling of the leaf first>
//!
//! <checkpoint>
//! ```
//! `extra` is not authenticated by the format: the leaf is recomputed from it here, and nothing of it counts before inclusion held.

use crate::{
    id::{Origin, decimal},
    limits::{ENTRY_BYTES_MAX, NOTE_BYTES_MAX, PROOF_HASHES_MAX},
    log::{CheckpointError, Entry, SignedCheckpoint, VerifierKey},
    merkle::{Hash, leaf_hash, verify_inclusion},
    receipt::ReceiptNumber,
    record::{ReceiptIssued, Record, RecordError, Signed, Verified},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::fmt;

/// File name extension of a proof.
pub const PROOF_EXTENSION: &str = "tlog-proof";
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A proof as received; nothing of it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptProof {
    /// The record of the receipt.
    pub entry: Vec<u8>,
    /// Its position in the log.
    pub index: u64,
    /// Audit path, sibling of the leaf first.
    pub path: Vec<Hash>,
    /// Note of the checkpoint.
    pub checkpoint: String,
}

/// A receipt that was proved to stand in its log.
#[derive(Debug, Clone)]
pub struct VerifiedReceipt {
    /// Its number.
    pub number: ReceiptNumber,
    /// What it says.
    pub receipt: ReceiptIssued,
    /// The record.
    pub record: Verified,
    /// The checkpoint it stands under.
    pub checkpoint: SignedCheckpoint,
}

/// Why a proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Not the form of a proof file.
    #[error("malformed proof: {0}")]
    Malformed(&'static str),
    /// The checkpoint does not hold.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The record does not hold.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record is not in the log that the checkpoint was signed over.
    #[error("the record does not stand at position {0} of the log")]
    NotIncluded(u64),
    /// The record is no receipt, or its number is not that of its log and position.
    #[error("the record is not the receipt of its log position")]
    NotAReceipt,
    /// The record is signed by another key than the log's.
    #[error("the receipt is not signed by the office whose log it stands in")]
    OtherAuthor,
}

impl VerifiedReceipt {
    /// The record at its place.
    pub fn entry(&self) -> Entry {
        Entry { origin: self.checkpoint.origin().clone(), index: self.number.index(), record: self.record.clone() }
    }
}

impl ReceiptProof {
    /// Reads a proof file.
    ///
    /// # Errors
    /// [`ProofError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        if text.len() > 2 * ENTRY_BYTES_MAX + NOTE_BYTES_MAX {
            return Err(ProofError::Malformed("too long"));
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ProofError::Malformed("no empty line"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(ProofError::Malformed("the first line is not c2sp.org/tlog-proof@v1"));
        }
        let entry = lines.next().and_then(|line| line.strip_prefix("extra ")).ok_or(ProofError::Malformed("no extra line"))?;
        let entry = STANDARD.decode(entry).map_err(|_| ProofError::Malformed("extra is not base64"))?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(ProofError::Malformed("no index line"))?;
        let index = decimal(index).ok_or(ProofError::Malformed("the index is not a number, or not its one spelling"))?;
        let path = lines
            .take(PROOF_HASHES_MAX + 1)
            .map(|line| {
                STANDARD
                    .decode(line)
                    .ok()
                    .and_then(|hash| hash.try_into().ok())
                    .ok_or(ProofError::Malformed("a hash is not base64 of 32 bytes"))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { entry, index, path, checkpoint: checkpoint.to_owned() })
    }

    /// Origin line of the checkpoint, to find the key to verify with; not trusted.
    pub fn claimed_origin(&self) -> Option<Origin> {
        self.checkpoint.lines().next()?.parse().ok()
    }

    /// Verifies checkpoint, inclusion, signature and number.
    ///
    /// # Errors
    /// See [`ProofError`].
    pub fn verify(&self, key: &VerifierKey) -> Result<VerifiedReceipt, ProofError> {
        let checkpoint = SignedCheckpoint::verify(&self.checkpoint, key)?;
        if !verify_inclusion(&leaf_hash(&self.entry), self.index, checkpoint.size(), &self.path, checkpoint.root()) {
            return Err(ProofError::NotIncluded(self.index));
        }
        let record = Signed::parse(&self.entry)?.verify(key.origin())?;
        if record.author() != key.key() {
            return Err(ProofError::OtherAuthor);
        }
        let Record::ReceiptIssued(receipt) = record.record().clone() else {
            return Err(ProofError::NotAReceipt);
        };
        let number = ReceiptNumber::signed(&receipt.number).ok_or(ProofError::NotAReceipt)?;
        let place = key.origin().office_and_epoch().map(|(office, epoch)| (office, epoch, self.index));
        if place != Some((number.office(), number.epoch(), number.index())) {
            return Err(ProofError::NotAReceipt);
        }
        Ok(VerifiedReceipt { number, receipt, record, checkpoint })
    }
}

impl fmt::Display for ReceiptProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nextra {}\nindex {}", STANDARD.encode(&self.entry), self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", STANDARD.encode(hash))?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{BlobHash, CaseId, RecordHash, SpecHash},
        keys::OfficeKey,
        log::Checkpoint,
        merkle::Edge,
    };
    use proptest::prelude::*;

    fn sample() -> (ReceiptProof, VerifierKey) {
        let key = OfficeKey::from_seed(&[3; 32]);
        let origin = Origin::office("demo.huizhi", "44000001".parse().unwrap(), 1).unwrap();
        let receipt = ReceiptIssued {
            case: CaseId([1; 16]),
            submission: RecordHash([2; 32]),
            decision: RecordHash([3; 32]),
            number: ReceiptNumber::new("44000001".parse().unwrap(), 1, 1).unwrap().digits(),
            photo: BlobHash([4; 32]),
            spec: SpecHash([5; 32]),
            applicant: BlobHash([6; 32]),
            captured_by: "44030001".parse().unwrap(),
            valid_until_ms: 2,
            at_ms: 1,
            usage: None,
            document: None,
        };
        let record = Signed::sign(&origin, &key, &Record::ReceiptIssued(receipt)).unwrap();
        let mut edge = Edge::default();
        let other = leaf_hash(b"other");
        edge.append(other, |_, _, _| {});
        edge.append(leaf_hash(record.bytes()), |_, _, _| {});
        let checkpoint = Checkpoint { origin: origin.clone(), size: 2, root: edge.root() }.sign(&key);
        let proof = ReceiptProof { entry: record.bytes().to_vec(), index: 1, path: vec![other], checkpoint: checkpoint.note().to_owned() };
        (proof, VerifierKey::new(origin, key.public()))
    }

    #[test]
    fn a_proof_round_trips_and_verifies() {
        let (proof, key) = sample();
        let read = ReceiptProof::parse(&proof.to_string()).unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.claimed_origin().as_ref(), Some(key.origin()));
        assert_eq!(read.verify(&key).unwrap().number.index(), 1);
    }

    /// What the office's log proves when another record stands at position 1, whoever signed it.
    fn proof_of(said: &Record, author: &OfficeKey) -> (ReceiptProof, VerifierKey) {
        let (proof, key) = sample();
        let (record, mut edge) = (Signed::sign(key.origin(), author, said).unwrap(), Edge::default());
        edge.append(proof.path[0], |_, _, _| {});
        edge.append(leaf_hash(record.bytes()), |_, _, _| {});
        let checkpoint = Checkpoint { origin: key.origin().clone(), size: 2, root: edge.root() }.sign(&OfficeKey::from_seed(&[3; 32]));
        (ReceiptProof { entry: record.bytes().to_vec(), checkpoint: checkpoint.note().to_owned(), ..proof }, key)
    }

    #[test]
    fn mend_61_a_receipt_by_another_key_or_of_another_place_is_no_proof() {
        let (proof, key) = sample();
        let verified = proof.verify(&key).unwrap();
        let (office, said) = (OfficeKey::from_seed(&[3; 32]), verified.record.record().clone());
        let (genuine, _) = proof_of(&said, &office);
        assert_eq!(genuine.verify(&key).unwrap().entry().index, 1);
        let (foreign, _) = proof_of(&said, &OfficeKey::from_seed(&[4; 32]));
        assert_eq!(foreign.verify(&key).unwrap_err(), ProofError::OtherAuthor);
        // Office, epoch and position of the number are each those of the place.
        let code = verified.number.office();
        for (code, epoch, index) in [("44000002".parse().unwrap(), 1, 1), (code, 2, 1), (code, 1, 2), (code, 1, 0)] {
            let number = ReceiptNumber::new(code, epoch, index).unwrap().digits();
            let (elsewhere, _) = proof_of(&Record::ReceiptIssued(ReceiptIssued { number, ..verified.receipt.clone() }), &office);
            assert_eq!(elsewhere.verify(&key).unwrap_err(), ProofError::NotAReceipt, "{code} {epoch} {index}");
        }
        let note =
            Record::DocChanged(crate::record::DocChanged { case: CaseId([1; 16]), payload: BlobHash([4; 32]), operator: 1, at_ms: 1 });
        assert_eq!(proof_of(&note, &office).0.verify(&key).unwrap_err(), ProofError::NotAReceipt);
        let other_log = VerifierKey::new(Origin::office("demo.huizhi", code, 2).unwrap(), office.public());
        assert!(matches!(proof.verify(&other_log), Err(ProofError::Checkpoint(_))));
    }

    #[test]
    fn mend_21_an_index_and_a_signed_number_have_one_spelling() {
        let (proof, key) = sample();
        let text = proof.to_string();
        for index in ["+1", "01", "001", " 1", "1 ", "１"] {
            assert!(ReceiptProof::parse(&text.replacen("index 1", &format!("index {index}"), 1)).is_err(), "{index:?}");
        }
        let Record::ReceiptIssued(issued) = proof.verify(&key).unwrap().record.record().clone() else { unreachable!() };
        let digits = issued.number.clone();
        let grouped = ReceiptNumber::signed(&digits).unwrap().to_string();
        for spelling in [grouped, format!(" {digits}"), digits.replacen('4', "４", 1), format!("{digits}\u{3000}")] {
            let said = Record::ReceiptIssued(ReceiptIssued { number: spelling.clone(), ..issued.clone() });
            let (record, mut edge) = (Signed::sign(key.origin(), &OfficeKey::from_seed(&[3; 32]), &said).unwrap(), Edge::default());
            edge.append(proof.path[0], |_, _, _| {});
            edge.append(leaf_hash(record.bytes()), |_, _, _| {});
            let checkpoint = Checkpoint { origin: key.origin().clone(), size: 2, root: edge.root() }.sign(&OfficeKey::from_seed(&[3; 32]));
            let entry = record.bytes().to_vec();
            let forged = ReceiptProof { entry, checkpoint: checkpoint.note().to_owned(), ..proof.clone() };
            assert_eq!(forged.verify(&key).unwrap_err(), ProofError::NotAReceipt, "{spelling:?}");
        }
    }

    #[test]
    fn case_22_a_changed_extra_is_refused() {
        let (mut proof, key) = sample();
        let last = proof.entry.len() - 100;
        proof.entry[last] ^= 1;
        assert_eq!(proof.verify(&key).unwrap_err(), ProofError::NotIncluded(1));
    }

    #[test]
    fn no_changed_bit_of_a_proof_verifies() {
        let (proof, key) = sample();
        let text = proof.to_string().into_bytes();
        for bit in 0..text.len() * 8 {
            let mut wrong = text.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            if let Some(wrong) = String::from_utf8(wrong).ok().and_then(|wrong| ReceiptProof::parse(&wrong).ok()) {
                assert!(wrong.verify(&key).is_err(), "bit {bit}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text: String) {
            let _ = ReceiptProof::parse(&text);
            let _ = ReceiptProof::parse(&format!("{HEADER}\nextra AAAA\nindex 1\n{text}\n\n{text}"));
        }
    }
}
