//! A lying peer: nothing that it changes counts, and what is in doubt is passed over.

use super::*;
use crate::{
    id::{CaseId, SpecHash},
    keys::OfficeKey,
    log::{Checkpoint, Fork, ForkProof, LogPoint},
    merkle::{self, Subtrees},
    receipt::ReceiptNumber,
    record::{Decided, Enrol, ReceiptRevoked, ReceiptUsed, Revoke, Roles, Submitted, Verdict, Verified},
};
use std::convert::Infallible;

/// Of the log's office.
const CASE: CaseId = CaseId([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0x44, 0x03, 0x00, 0x01]);

/// A log in memory: every leaf, and roots made of them.
#[derive(Clone)]
struct Log {
    origin: Origin,
    entries: Vec<Vec<u8>>,
}

impl Subtrees for Log {
    type Error = Infallible;
    fn subtree(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let (from, count) = ((index << level) as usize, 1 << level);
        let mut hashes: Vec<Hash> = self.entries[from..from + count].iter().map(|entry| leaf_hash(entry)).collect();
        while hashes.len() > 1 {
            hashes = hashes.chunks(2).map(|pair| merkle::node_hash(&pair[0], &pair[1])).collect();
        }
        Ok(hashes[0])
    }
}

impl Log {
    fn new() -> Self {
        let origin = Origin::office("demo.huizhi", "44030001".parse().unwrap(), 1).unwrap();
        Self { origin, entries: vec![] }
    }
    fn says(&mut self, record: &Record) -> Verified {
        let signed = Signed::sign(&self.origin, &key(), record).unwrap();
        self.entries.push(signed.bytes().to_vec());
        signed
    }
    fn point(&self, size: u64) -> LogPoint {
        LogPoint { origin: self.origin.clone(), size, root: RecordHash(merkle::root(self, size).unwrap()) }
    }
    fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        Checkpoint { origin: self.origin.clone(), size, root: merkle::root(self, size).unwrap() }.sign(&key())
    }
    /// What an honest office tells of these positions and named sizes.
    fn evidence(&self, indexes: &[u64], named: &[u64]) -> Evidence {
        let size = self.entries.len() as u64;
        let path = |hashes: Vec<Hash>| hashes.into_iter().map(Into::into).collect();
        let entries = indexes.iter().map(|index| Placed {
            index: *index,
            bytes: self.entries[*index as usize].clone().into(),
            path: path(merkle::inclusion_proof(self, *index, size).unwrap()),
        });
        let named = named.iter().map(|old| Named { size: *old, path: path(merkle::consistency_proof(self, *old, size).unwrap()) });
        let log = LogEvidence { note: self.checkpoint(size).note().to_owned(), entries: entries.collect(), named: named.collect() };
        Evidence { logs: vec![log] }
    }
    fn enrol(&self) -> Record {
        let (code, epoch) = self.origin.office_and_epoch().unwrap();
        Record::Enrol(Enrol {
            code,
            name: "x".into(),
            key: key().public(),
            recipient: "age1".into(),
            roles: Roles::REVIEW,
            epoch,
            at_ms: 0,
            witness: None,
            region: None,
            roles_from: None,
            documents: None,
        })
    }
}

fn key() -> OfficeKey {
    OfficeKey::from_seed(&[3; 32])
}

fn members(records: &[Record]) -> Membership {
    let province = OfficeKey::from_seed(&[1; 32]);
    let log = VerifierKey::new(Origin::province("demo.huizhi", 1).unwrap(), province.public());
    let mut members = Membership::new(log.clone());
    records.iter().for_each(|record| members.apply(&Signed::sign(log.origin(), &province, record).unwrap()).unwrap());
    members
}

fn decision(number: u8) -> Record {
    let submission = RecordHash([number; 32]);
    Record::Decided(Decided { case: CASE, submission, verdict: Verdict::Approve, reasons: vec![], resolves: vec![], operator: 1, at_ms: 0 })
}

fn submission() -> Record {
    let blob = BlobHash([4; 32]);
    Record::Submitted(Submitted {
        case: CASE,
        spec: SpecHash([5; 32]),
        photo: blob,
        original: blob,
        payload: blob,
        applicant: BlobHash([6; 32]),
        report: blob,
        operations: vec![],
        located_by: "marks".into(),
        failed_checks: 0,
        supersedes: None,
        operator: 1,
        at_ms: 0,
    })
}

fn receipt(log: &Log, submission: RecordHash, decision: RecordHash) -> ReceiptIssued {
    let (office, epoch) = log.origin.office_and_epoch().unwrap();
    ReceiptIssued {
        case: CASE,
        submission,
        decision,
        number: ReceiptNumber::new(office, epoch, log.entries.len() as u64).unwrap().digits(),
        photo: BlobHash([4; 32]),
        spec: SpecHash([5; 32]),
        applicant: BlobHash([6; 32]),
        captured_by: office,
        valid_until_ms: 9,
        at_ms: 0,
        usage: None,
        document: None,
    }
}

/// A log of seven decisions and the membership that knows it.
fn sample() -> (Log, Membership) {
    let mut log = Log::new();
    (0..7).for_each(|number| _ = log.says(&decision(number)));
    let members = members(&[log.enrol()]);
    (log, members)
}

fn count(evidence: &Evidence, members: &Membership) -> Result<usize, EvidenceError> {
    evidence.verify(members).map(|proved| proved.attested.len())
}

#[test]
fn what_an_honest_office_tells_is_proved_and_proves_itself_again() {
    let (log, members) = sample();
    let attested = log.evidence(&[2, 5], &[]).verify(&members).unwrap().attested;
    assert_eq!(attested.iter().map(|told| told.entry.index).collect::<Vec<_>>(), [2, 5]);
    assert!(attested.iter().all(|told| members.standing(&told.entry).is_ok()));
    assert_eq!(attested[1].proof.entry, log.entries[5]);
}

#[test]
fn nothing_that_a_liar_changes_is_believed() {
    let (log, members) = sample();
    let honest = log.evidence(&[2], &[]);
    let changed = |change: &dyn Fn(&mut LogEvidence)| {
        let mut evidence = honest.clone();
        change(&mut evidence.logs[0]);
        count(&evidence, &members)
    };
    assert_eq!(changed(&|log| log.entries[0].index = 3), Err(EvidenceError::NotIncluded(3)), "another place");
    assert_eq!(changed(&|log| log.entries[0].path[0] = [0; 32].into()), Err(EvidenceError::NotIncluded(2)));
    let forged = Signed::sign(&log.origin, &OfficeKey::from_seed(&[8; 32]), &decision(2)).unwrap();
    assert_eq!(changed(&|log| log.entries[0].bytes = forged.bytes().to_vec().into()), Err(EvidenceError::NotIncluded(2)));
    assert!(matches!(changed(&|log| log.note = log.note.replacen('7', "8", 1)), Err(EvidenceError::Checkpoint(_))), "another size");
    assert_eq!(changed(&|log| log.note = "nothing".into()), Err(EvidenceError::Bounds));
    assert_eq!(changed(&|log| log.entries = vec![log.entries[0].clone(); EVIDENCE_ENTRIES_MAX + 1]), Err(EvidenceError::Bounds));
    assert_eq!(changed(&|log| log.entries[0].path = vec![[0; 32].into(); PROOF_HASHES_MAX + 1]), Err(EvidenceError::Bounds));
    // An office that puts another's record into its own log.
    let mut thief = log.clone();
    thief.entries[2] = forged.bytes().to_vec();
    assert_eq!(count(&thief.evidence(&[2], &[]), &members), Ok(0));
}

#[test]
fn a_log_that_nobody_enrolled_is_passed_over() {
    let (log, _) = sample();
    assert_eq!(count(&log.evidence(&[2], &[]), &members(&[])), Ok(0));
}

#[test]
fn a_history_that_the_province_did_not_name_is_passed_over() {
    let (log, _) = sample();
    let upto = log.point(5);
    let revoke =
        Record::Revoke(Revoke { code: log.origin.office_and_epoch().unwrap().0, upto, reason: "key_stolen".into(), operator: 1, at_ms: 0 });
    let members = members(&[log.enrol(), revoke]);
    assert_eq!(count(&log.evidence(&[2], &[5]), &members), Ok(1));
    assert_eq!(count(&log.evidence(&[2], &[]), &members), Ok(0), "it does not show that it is the named one");
    // Whoever stole the key signs another history with an early entry that the office never wrote.
    let mut thief = log.clone();
    thief.entries[2] = Signed::sign(&log.origin, &key(), &decision(9)).unwrap().bytes().to_vec();
    assert_eq!(count(&thief.evidence(&[2], &[5]), &members), Ok(0));
    // One that ends before the named point shows nothing either.
    let mut short = log.clone();
    short.entries.truncate(4);
    assert_eq!(count(&short.evidence(&[2], &[4]), &members), Ok(0));
}

#[test]
fn nothing_is_taken_from_a_log_that_was_signed_twice() {
    let (log, mut members) = sample();
    let mut twin = log.clone();
    twin.entries[6] = Signed::sign(&log.origin, &key(), &decision(9)).unwrap().bytes().to_vec();
    let proof = ForkProof::against(&log.checkpoint(7), &log, &twin.checkpoint(7), None);
    let fork: Fork = proof.unwrap().unwrap().verify(&members.verifier(&log.origin).unwrap()).unwrap();
    members.learn_fork(&fork);
    assert_eq!(count(&log.evidence(&[2], &[]), &members), Ok(0));
}

#[test]
fn s3_a_false_checkpoint_takes_nothing_from_an_ended_log_whose_history_is_proved() {
    let (log, _) = sample();
    let code = log.origin.office_and_epoch().unwrap().0;
    let revoke = Record::Revoke(Revoke { code, upto: log.point(5), reason: "key_stolen".into(), operator: 1, at_ms: 0 });
    let mut members = members(&[log.enrol(), revoke]);
    // Whoever stole the key signs an old size anew.
    let mut twin = log.clone();
    twin.entries[1] = Signed::sign(&log.origin, &key(), &decision(9)).unwrap().bytes().to_vec();
    let proof = ForkProof::against(&log.checkpoint(3), &log, &twin.checkpoint(3), None);
    members.learn_fork(&proof.unwrap().unwrap().verify(&members.verifier(&log.origin).unwrap()).unwrap());
    let proved = log.evidence(&[2], &[5]).verify(&members).unwrap();
    let entry = &proved.attested[0].entry;
    assert!(members.standing(entry).is_err_and(|reason| reason.is_quarantine()), "the log is not held here");
    assert!(members.believing(&proved.closed).standing(entry).is_ok());
    // The other history proves nothing, and what was not proved is not believed.
    assert!(twin.evidence(&[1], &[5]).verify(&members).unwrap().closed.is_empty());
    assert!(log.evidence(&[2], &[]).verify(&members).unwrap().closed.is_empty());
}

#[test]
fn what_a_receipt_rests_on_finds_its_place_before_what_others_pile_up() {
    let mut log = Log::new();
    let mut entries = Vec::new();
    let mut said = |log: &mut Log, record: &Record| {
        let index = log.entries.len() as u64;
        let record = log.says(record);
        entries.push(Entry { origin: log.origin.clone(), index, record: record.clone() });
        record
    };
    (0..100).for_each(|number| _ = said(&mut log, &decision(number)));
    let approval = said(&mut log, &decision(200));
    let issued = receipt(&log, RecordHash([200; 32]), approval.hash());
    let hash = said(&mut log, &Record::ReceiptIssued(issued.clone())).hash();
    let revoked = ReceiptRevoked { case: CASE, receipt: hash, reason: "wrong_person".into(), operator: 1, at_ms: 0 };
    said(&mut log, &Record::ReceiptRevoked(revoked));
    let told = by_weight(entries, hash, &issued, &members(&[log.enrol()]));
    assert_eq!(told.len(), EVIDENCE_ENTRIES_MAX);
    assert_eq!(told.iter().take(3).map(|entry| entry.index).collect::<Vec<_>>(), [100, 101, 102]);
}

#[test]
fn mend_15_a_record_that_does_not_count_is_skipped_and_the_honest_rest_of_the_answer_stands() {
    let (log, members) = sample();
    // The office put somebody else's record, one that it may not write, and one that is none into its own log.
    let mut odd = log.clone();
    odd.entries[1] = Signed::sign(&log.origin, &OfficeKey::from_seed(&[8; 32]), &decision(2)).unwrap().bytes().to_vec();
    odd.entries[3] = b"no record".to_vec();
    let used = ReceiptUsed { case: CASE, receipt: RecordHash([7; 32]), reference: BlobHash([7; 32]), operator: 1, at_ms: 0 };
    odd.entries[4] = Signed::sign(&log.origin, &key(), &Record::ReceiptUsed(used)).unwrap().bytes().to_vec();
    let Proved { attested: told, worthless, .. } = odd.evidence(&[1, 2, 3, 4, 5], &[]).verify(&members).unwrap();
    assert_eq!((told.iter().map(|told| told.entry.index).collect::<Vec<_>>(), worthless), (vec![2, 5], 3));
}

/// A case of office 44030001, its approval and receipt by the same office, 100 revocations by one that may not, and one that counts.
#[test]
fn mend_15_what_does_not_count_does_not_crowd_out_the_revocation() {
    let mut log = Log::new();
    let mut entries = Vec::new();
    let mut said = |log: &mut Log, record: &Record| {
        let record = log.says(record);
        entries.push(Entry { origin: log.origin.clone(), index: log.entries.len() as u64 - 1, record: record.clone() });
        record
    };
    let submitted = said(&mut log, &submission());
    let Record::Decided(approval) = decision(1) else { unreachable!() };
    let approval = said(&mut log, &Record::Decided(Decided { submission: submitted.hash(), ..approval }));
    let issued = receipt(&log, submitted.hash(), approval.hash());
    let hash = said(&mut log, &Record::ReceiptIssued(issued.clone())).hash();
    // Another reviewing office, which did not issue it.
    let (other, mut others) = (OfficeKey::from_seed(&[7; 32]), Log::new());
    others.origin = Origin::office("demo.huizhi", "44030002".parse().unwrap(), 1).unwrap();
    let revoked = |operator| Record::ReceiptRevoked(ReceiptRevoked { case: CASE, receipt: hash, reason: "x".into(), operator, at_ms: 0 });
    for index in 0..100 {
        let record = Signed::sign(&others.origin, &other, &revoked(index as u32)).unwrap();
        entries.push(Entry { origin: others.origin.clone(), index, record });
    }
    let record = log.says(&revoked(100));
    let genuine = record.hash();
    entries.push(Entry { origin: log.origin.clone(), index: 3, record });
    let roles = Roles::CAPTURE.with(Roles::REVIEW);
    let Record::Enrol(enrol) = log.enrol() else { unreachable!() };
    let theirs = Enrol { code: "44030002".parse().unwrap(), key: other.public(), ..enrol.clone() };
    let members = members(&[Record::Enrol(Enrol { roles, ..enrol }), Record::Enrol(theirs)]);
    let told = by_weight(entries, hash, &issued, &members);
    assert_eq!(told.len(), 4, "what does not count is not told");
    assert!(told.iter().any(|entry| entry.record.hash() == genuine));
}

/// A case of office 44030001 with its approval and receipt, 100 more approvals by one office that decides there, and a return by another.
#[test]
fn s13_approvals_in_any_number_do_not_crowd_out_a_return() {
    let mut log = Log::new();
    let place = |origin: &Origin, index: u64, record: Verified| Entry { origin: origin.clone(), index, record };
    let submitted = log.says(&submission());
    let decided = |at_ms, verdict| {
        let Record::Decided(decided) = decision(1) else { unreachable!() };
        Record::Decided(Decided { submission: submitted.hash(), verdict, at_ms, ..decided })
    };
    let approval = log.says(&decided(1, Verdict::Approve));
    let issued = receipt(&log, submitted.hash(), approval.hash());
    let hash = log.says(&Record::ReceiptIssued(issued.clone())).hash();
    let own = [0, 1, 2].map(|at| place(&log.origin, at, Signed::parse(&log.entries[at as usize]).unwrap().verify(&log.origin).unwrap()));
    let mut entries = own.to_vec();
    let roles = Roles::CAPTURE.with(Roles::REVIEW);
    let Record::Enrol(enrol) = log.enrol() else { unreachable!() };
    let mut enrolled = vec![Record::Enrol(Enrol { roles, ..enrol.clone() })];
    for (number, count, verdict) in [(2_u8, 100, Verdict::Approve), (3, 1, Verdict::Return), (4, 1, Verdict::Approve)] {
        let key = OfficeKey::from_seed(&[40 + number; 32]);
        let code = format!("4403000{number}").parse().unwrap();
        let origin = Origin::office("demo.huizhi", code, 1).unwrap();
        enrolled.push(Record::Enrol(Enrol { code, key: key.public(), roles, ..enrol.clone() }));
        let says = |at: u64| place(&origin, at, Signed::sign(&origin, &key, &decided(at, verdict)).unwrap());
        entries.extend((0..count).map(says));
    }
    let told = by_weight(entries, hash, &issued, &members(&enrolled));
    assert_eq!(told.len(), EVIDENCE_ENTRIES_MAX);
    let of = |number: u8| told.iter().filter(|entry| entry.origin.as_str().contains(&format!("4403000{number}/"))).count();
    assert_eq!((of(3), of(4)), (1, 1), "the return, and of each office one approval");
}
