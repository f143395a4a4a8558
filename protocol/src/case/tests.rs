//! The fold's laws: order and duplication do not matter; conflicts are kept; approval is final.

mod authority;
mod later;

use super::*;
use crate::{
    access,
    id::{BlobHash, Origin, SpecHash},
    keys::OfficeKey,
    log::{Entry, Fork, LogPoint, VerifierKey},
    membership::{Grant, Membership},
    receipt::{Invalid, ReceiptNumber, ReceiptVerdict, judge},
    record::{Adjudicated, Enrol, Record, Revoke, Roles, Signed, Usage, Verdict, Verified, Withdrawn},
};
use proptest::prelude::*;

/// Of office 0.
const CASE: CaseId = CaseId([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0x44, 0x03, 0x00, 0x00]);

struct World {
    members: Membership,
    keys: Vec<OfficeKey>,
    origins: Vec<Origin>,
}

/// Offices 0 and 4 capture, 1 and 2 review, 3 is not enrolled, 5 and 6 make documents. 7 is of another city, where it captures and reviews.
fn world() -> World {
    world_where(|_, _| {})
}

/// The same, with what `change` makes of each enrolment.
fn world_where(change: impl Fn(usize, &mut Enrol)) -> World {
    let province = OfficeKey::from_seed(&[99; 32]);
    let origin = Origin::province("demo.huizhi", 1).unwrap();
    let mut members = Membership::new(VerifierKey::new(origin.clone(), province.public()));
    let keys: Vec<_> = (0..8).map(|seed| OfficeKey::from_seed(&[seed; 32])).collect();
    let mut origins = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let code: OfficeCode = if index == 7 { "44010007".into() } else { format!("4403000{index}") }.parse().unwrap();
        origins.push(Origin::office("demo.huizhi", code, 1).unwrap());
        let mut enrol = Enrol {
            code,
            name: "x".into(),
            key: key.public(),
            recipient: "age1".into(),
            roles: match index {
                0 | 4 => Roles::CAPTURE,
                1 | 2 => Roles::REVIEW,
                5 | 6 => Roles::DOCUMENT,
                7 => Roles::CAPTURE.with(Roles::REVIEW),
                _ => Roles::NONE,
            },
            epoch: 1,
            at_ms: 0,
            witness: None,
            region: (index == 7).then(|| "440100".into()),
            roles_from: None,
            documents: None,
        };
        change(index, &mut enrol);
        if index != 3 {
            members.apply(&Signed::sign(&origin, &province, &Record::Enrol(enrol)).unwrap()).unwrap();
        }
    }
    World { members, keys, origins }
}

impl World {
    fn says(&self, office: usize, record: Record) -> Verified {
        Signed::sign(&self.origins[office], &self.keys[office], &record).unwrap()
    }
    fn submits(&self, office: usize, supersedes: Option<RecordHash>) -> Verified {
        self.submits_photo(office, supersedes, BlobHash([0; 32]))
    }
    fn submits_photo(&self, office: usize, supersedes: Option<RecordHash>, original: BlobHash) -> Verified {
        self.submits_into(CASE, office, supersedes, original)
    }
    fn submits_into(&self, case: CaseId, office: usize, supersedes: Option<RecordHash>, original: BlobHash) -> Verified {
        let hash = BlobHash([0; 32]);
        self.says(
            office,
            Record::Submitted(Submitted {
                case,
                spec: SpecHash([0; 32]),
                photo: hash,
                original,
                payload: hash,
                applicant: hash,
                report: hash,
                operations: vec![],
                located_by: "marks".into(),
                failed_checks: 0,
                supersedes,
                operator: 1,
                at_ms: 0,
            }),
        )
    }
    fn decides(&self, office: usize, on: &Verified, verdict: Verdict, resolves: &[&Verified]) -> Verified {
        let resolves = resolves.iter().map(|record| record.hash()).collect();
        self.says(
            office,
            Record::Decided(Decided { case: CASE, submission: on.hash(), verdict, reasons: vec![], resolves, operator: 2, at_ms: 0 }),
        )
    }
    fn notes(&self, office: usize, payload: BlobHash) -> Verified {
        self.says(office, Record::DocChanged(DocChanged { case: CASE, payload, operator: 1, at_ms: 0 }))
    }
    fn issues(&self, office: usize, on: &Verified, decision: &Verified) -> Verified {
        self.issues_for(office, on, decision, BlobHash([0; 32]))
    }
    fn issues_for(&self, office: usize, on: &Verified, decision: &Verified, photo: BlobHash) -> Verified {
        let hash = BlobHash([0; 32]);
        self.says(
            office,
            Record::ReceiptIssued(ReceiptIssued {
                case: CASE,
                submission: on.hash(),
                decision: decision.hash(),
                number: ReceiptNumber::new(format!("4403000{office}").parse().unwrap(), 1, 0).unwrap().digits(),
                photo,
                spec: SpecHash([0; 32]),
                applicant: hash,
                captured_by: "44030000".parse().unwrap(),
                valid_until_ms: 1,
                at_ms: 0,
                usage: None,
                document: None,
            }),
        )
    }
    /// A record in the log of its author. Where it matters at which position, a test says so.
    fn entry(&self, record: &Verified) -> Entry {
        let office = self.keys.iter().position(|key| key.public() == record.author()).unwrap();
        Entry { origin: self.origins[office].clone(), index: 0, record: record.clone() }
    }
    fn fold(&self, records: &[&Verified]) -> Option<Case> {
        self.fold_case(CASE, records)
    }
    fn fold_case(&self, case: CaseId, records: &[&Verified]) -> Option<Case> {
        let entries: Vec<Entry> = records.iter().map(|record| self.entry(record)).collect();
        fold(case, &entries, &self.members)
    }
    fn status(&self, records: &[&Verified]) -> Option<Status> {
        self.fold(records).map(|case| case.status)
    }
}

#[test]
fn the_straight_way() {
    let world = world();
    let submitted = world.submits(0, None);
    let approved = world.decides(1, &submitted, Verdict::Approve, &[]);
    let receipt = world.issues(1, &submitted, &approved);
    assert_eq!(world.status(&[]), None);
    assert_eq!(world.status(&[&approved]), None, "a decision without its submission says nothing yet");
    assert_eq!(world.status(&[&submitted]), Some(Status::Submitted));
    let case = world.fold(&[&receipt, &approved, &submitted]).unwrap();
    assert_eq!((case.status, case.receipts.len()), (Status::Approved, 1));
    assert!(case.refused.is_empty());
}

#[test]
fn case_01_approve_and_return_in_a_partition_conflict_until_a_decision_names_both() {
    let world = world();
    let submitted = world.submits(0, None);
    let approved = world.decides(1, &submitted, Verdict::Approve, &[]);
    let returned = world.decides(2, &submitted, Verdict::Return, &[]);
    let receipt = world.issues(1, &submitted, &approved);
    let case = world.fold(&[&submitted, &approved, &returned, &receipt]).unwrap();
    assert_eq!(case.status, Status::Conflict);
    assert_eq!(case.standing().count(), 2, "both are kept and visible");
    assert!(case.receipts.is_empty(), "no receipt stands on a conflict");
    let half = world.decides(1, &submitted, Verdict::Approve, &[&approved]);
    assert_eq!(world.status(&[&submitted, &approved, &returned, &half]), Some(Status::Conflict), "naming one is not enough");
    let both = world.decides(1, &submitted, Verdict::Approve, &[&approved, &returned]);
    assert_eq!(world.status(&[&both, &returned, &approved, &submitted]), Some(Status::Approved));
}

#[test]
fn case_02_two_resolutions_conflict_again() {
    let world = world();
    let submitted = world.submits(0, None);
    let approved = world.decides(1, &submitted, Verdict::Approve, &[]);
    let returned = world.decides(2, &submitted, Verdict::Return, &[]);
    let one = world.decides(1, &submitted, Verdict::Approve, &[&approved, &returned]);
    let other = world.decides(2, &submitted, Verdict::Return, &[&approved, &returned]);
    assert_eq!(world.status(&[&submitted, &approved, &returned, &one, &other]), Some(Status::Conflict));
}

#[test]
fn a_recapture_starts_a_new_review_and_never_undoes_an_approval() {
    let world = world();
    let first = world.submits(0, None);
    let returned = world.decides(1, &first, Verdict::Return, &[]);
    let second = world.submits(0, Some(first.hash()));
    let case = world.fold(&[&first, &returned, &second]).unwrap();
    assert_eq!((case.status, case.current.hash), (Status::Submitted, second.hash()));
    let approved = world.decides(2, &first, Verdict::Approve, &[&returned]);
    let case = world.fold(&[&first, &returned, &second, &approved]).unwrap();
    assert_eq!((case.status, case.current.hash), (Status::Approved, first.hash()));
}

#[test]
fn who_lacks_the_role_does_not_count() {
    let world = world();
    let submitted = world.submits(0, None);
    let by_counter = world.decides(0, &submitted, Verdict::Approve, &[]);
    let by_stranger = world.decides(3, &submitted, Verdict::Approve, &[]);
    let case = world.fold(&[&submitted, &by_counter, &by_stranger]).unwrap();
    assert_eq!(case.status, Status::Submitted);
    assert_eq!(case.refused.len(), 2, "kept and visible");
    assert_eq!(world.fold(&[&world.submits(1, None)]), None, "a reviewer does not submit");
    let approved = world.decides(1, &submitted, Verdict::Approve, &[]);
    let forged = world.issues(2, &submitted, &approved);
    let case = world.fold(&[&submitted, &approved, &forged]).unwrap();
    assert!(case.receipts.is_empty(), "only the office that approved issues the receipt");
}

#[test]
fn a_receipt_for_another_photo_than_the_approved_one_does_not_stand() {
    let world = world();
    let submitted = world.submits(0, None);
    let approved = world.decides(1, &submitted, Verdict::Approve, &[]);
    let swapped = world.issues_for(1, &submitted, &approved, BlobHash([9; 32]));
    let case = world.fold(&[&submitted, &approved, &swapped]).unwrap();
    assert!(case.receipts.is_empty());
    assert_eq!(case.refused, [swapped.hash()]);
}

#[test]
fn a_return_that_names_only_the_approval_does_not_overturn_it() {
    let world = world();
    let submitted = world.submits(0, None);
    let approved = world.decides(1, &submitted, Verdict::Approve, &[]);
    let overturned = world.decides(2, &submitted, Verdict::Return, &[&approved]);
    let case = world.fold(&[&submitted, &approved, &overturned]).unwrap();
    assert_eq!(case.status, Status::Conflict, "visible, and closed by nothing less than a decision that names both");
    assert_eq!(case.standing().count(), 2);
    assert!(!case.is_resolved(approved.hash()));
    // A decision on another submission closes nothing here.
    let other = world.submits(0, Some(submitted.hash()));
    let returned = world.decides(2, &other, Verdict::Return, &[]);
    let elsewhere = world.decides(2, &other, Verdict::Return, &[&approved, &returned]);
    assert_eq!(world.status(&[&submitted, &approved, &other, &returned, &elsewhere]), Some(Status::Approved));
}

#[test]
fn notes_count_from_reviewers_and_from_who_captured() {
    let world = world();
    let submitted = world.submits(0, None);
    let (by_counter, by_reviewer) = (world.notes(0, BlobHash([1; 32])), world.notes(1, BlobHash([2; 32])));
    let by_other = world.notes(4, BlobHash([3; 32]));
    let case = world.fold(&[&submitted, &by_counter, &by_reviewer, &by_other]).unwrap();
    assert_eq!(case.note.len(), 2);
    assert_eq!(case.refused, [by_other.hash()]);
}

/// Hashes of blobs stand in the logs, so naming one proves nothing.
#[test]
fn naming_another_office_s_blob_gives_no_right_to_it() {
    let world = world();
    let original = BlobHash([7; 32]);
    let code = |office: usize| world.origins[office].office_and_epoch().unwrap().0;
    let may = |cases: &[&Case], blob, office: usize| {
        let roles = if office == 1 { Roles::REVIEW } else { Roles::CAPTURE };
        access::may_have(cases.iter().copied(), blob, code(office), &Grant::everywhere(roles), 0)
    };
    let captured = world.fold(&[&world.submits_photo(0, None, original)]).unwrap();
    assert!(may(&[&captured], original, 0), "what it alone named it may have again, as after a lost disk");
    assert!(may(&[&captured], original, 1));
    assert!(!may(&[&captured], original, 4));
    // In a case of its own, as a photo or in a note; and in the very case.
    let own = CaseId::new(code(4), [2; 12]);
    let note = world.says(4, Record::DocChanged(DocChanged { case: own, payload: original, operator: 1, at_ms: 0 }));
    let named = world.fold_case(own, &[&world.submits_into(own, 4, None, original)]).unwrap();
    let noted = world.fold_case(own, &[&world.submits_into(own, 4, None, BlobHash([8; 32])), &note]).unwrap();
    let copied = world.fold(&[&world.submits_photo(0, None, original), &world.submits_photo(4, None, original)]).unwrap();
    for cases in [&[&captured, &named][..], &[&captured, &noted], &[&copied]] {
        assert!(!may(cases, original, 4));
        assert!(may(cases, original, 1), "a reviewer is not kept from it");
    }
    // What a reviewer wrote goes to the office that captured, and to no other.
    let note = BlobHash([5; 32]);
    let answered = world.fold(&[&world.submits(0, None), &world.notes(1, note)]).unwrap();
    assert!(may(&[&answered], note, 0));
    assert!(!may(&[&answered], note, 4));
}

proptest! {
    #[test]
    fn any_order_and_duplication_gives_the_same_state(
        steps in prop::collection::vec((0_usize..3, any::<bool>(), any::<prop::sample::Index>(), any::<u8>()), 0..10),
        shuffle in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let world = world();
        let mut records = vec![world.submits(0, None)];
        let mut submissions = vec![0];
        for (kind, approve, pick, resolve) in steps {
            let on = submissions[pick.index(submissions.len())];
            if kind == 0 {
                let hash = records[on].hash();
                records.push(world.submits(0, Some(hash)));
                submissions.push(records.len() - 1);
            } else {
                let resolves: Vec<_> = records.iter().enumerate()
                    .filter(|(at, record)| matches!(record.record(), Record::Decided(_)) && resolve >> (at % 8) & 1 == 1)
                    .map(|(_, record)| record.clone()).collect();
                let verdict = if approve { Verdict::Approve } else { Verdict::Return };
                let decided = world.decides(kind, &records[on].clone(), verdict, &resolves.iter().collect::<Vec<_>>());
                let issued = approve.then(|| world.issues(kind, &records[on], &decided));
                records.push(decided);
                records.extend(issued);
            }
        }
        let straight: Vec<&Verified> = records.iter().collect();
        let mut mixed: Vec<&Verified> = shuffle.iter().map(|pick| pick.get(&straight)).copied().collect();
        mixed.extend(straight.iter().rev());
        prop_assert_eq!(world.fold(&straight), world.fold(&mixed));
    }
}
