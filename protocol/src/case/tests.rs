//! The fold's laws: order and duplication do not matter; conflicts are kept; approval is final.

use super::*;
use crate::{
    id::{BlobHash, Origin, SpecHash},
    keys::OfficeKey,
    log::VerifierKey,
    record::{Enrol, Signed},
};
use proptest::prelude::*;

const CASE: CaseId = CaseId([1; 16]);

struct World {
    members: Membership,
    keys: Vec<OfficeKey>,
    origins: Vec<Origin>,
}

/// Office 0 captures, 1 and 2 review, 3 is not enrolled.
fn world() -> World {
    let province = OfficeKey::from_seed(&[99; 32]);
    let origin = Origin::province("demo.huizhi", 1).unwrap();
    let mut members = Membership::new(VerifierKey::new(origin.clone(), province.public()));
    let keys: Vec<_> = (0..4).map(|seed| OfficeKey::from_seed(&[seed; 32])).collect();
    let mut origins = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let code: OfficeCode = format!("4403000{index}").parse().unwrap();
        origins.push(Origin::office("demo.huizhi", code, 1).unwrap());
        let enrol = Enrol {
            code,
            name: "x".into(),
            key: key.public(),
            recipient: "age1".into(),
            roles: if index == 0 { Roles::CAPTURE } else { Roles::REVIEW },
            epoch: 1,
            at_ms: 0,
        };
        if index < 3 {
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
        let hash = BlobHash([0; 32]);
        self.says(
            office,
            Record::Submitted(Submitted {
                case: CASE,
                spec: SpecHash([0; 32]),
                photo: hash,
                original: hash,
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
    fn issues(&self, office: usize, on: &Verified, decision: &Verified) -> Verified {
        let hash = BlobHash([0; 32]);
        self.says(
            office,
            Record::ReceiptIssued(ReceiptIssued {
                case: CASE,
                submission: on.hash(),
                decision: decision.hash(),
                number: format!("{office}"),
                photo: hash,
                spec: SpecHash([0; 32]),
                applicant: hash,
                captured_by: "44030000".parse().unwrap(),
                valid_until_ms: 1,
                at_ms: 0,
            }),
        )
    }
    fn fold(&self, records: &[&Verified]) -> Option<Case> {
        fold(CASE, records.iter().copied(), &self.members)
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
