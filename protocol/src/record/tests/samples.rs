//! One record of every kind, with every optional field set in at least one of them.

use super::*;
use crate::{
    id::{BlobHash, CaseId, SpecHash},
    log::LogPoint,
};

/// Of office 44030001.
const CASE: CaseId = CaseId([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0x44, 0x03, 0x00, 0x01]);

fn point(size: u64, root: u8) -> LogPoint {
    LogPoint { origin: origin(), size, root: RecordHash([root; 32]) }
}

fn enrol() -> Enrol {
    Enrol {
        code: "44030001".parse().unwrap(),
        name: "福田".into(),
        key: key().public(),
        recipient: "age1example".into(),
        roles: Roles::CAPTURE,
        epoch: 1,
        at_ms: 1,
        witness: None,
        region: None,
        roles_from: None,
        documents: None,
    }
}

/// What stood in the first vectors, in their order.
fn first_kinds() -> Vec<Record> {
    vec![
        Record::Enrol(enrol()),
        Record::SpecPublished(spec()),
        Record::Submitted(submitted()),
        Record::Decided(Decided {
            case: CASE,
            submission: RecordHash([8; 32]),
            verdict: Verdict::Return,
            reasons: vec!["eyes_closed".into()],
            resolves: vec![RecordHash([9; 32])],
            operator: 5,
            at_ms: 4,
        }),
        Record::ReceiptIssued(issued()),
        Record::DocChanged(DocChanged { case: CASE, payload: BlobHash([5; 32]), operator: 5, at_ms: 6 }),
    ]
}

fn spec() -> SpecPublished {
    SpecPublished {
        id: "cn-id-card".into(),
        text: "version = 2".into(),
        supersedes: Some(SpecHash([3; 32])),
        operator: 1,
        at_ms: 2,
        effective_from_ms: None,
    }
}

fn submitted() -> Submitted {
    Submitted {
        case: CASE,
        spec: SpecHash([2; 32]),
        photo: BlobHash([3; 32]),
        original: BlobHash([4; 32]),
        payload: BlobHash([5; 32]),
        applicant: BlobHash([6; 32]),
        report: BlobHash([7; 32]),
        operations: vec!["roll_corrected".into()],
        located_by: "marks".into(),
        failed_checks: 0,
        supersedes: None,
        operator: 4,
        at_ms: 3,
    }
}

fn issued() -> ReceiptIssued {
    ReceiptIssued {
        case: CASE,
        submission: RecordHash([8; 32]),
        decision: RecordHash([9; 32]),
        number: "44000001010000000142".into(),
        photo: BlobHash([3; 32]),
        spec: SpecHash([2; 32]),
        applicant: BlobHash([6; 32]),
        captured_by: "44030001".parse().unwrap(),
        valid_until_ms: 6,
        at_ms: 5,
        usage: None,
        document: None,
    }
}

fn of_the_province() -> Vec<Record> {
    vec![
        Record::Enrol(Enrol {
            witness: Some(OfficeKey::from_seed(&[8; 32]).public()),
            region: Some("440300".into()),
            roles_from: Some(point(7, 0xa1)),
            documents: Some(vec!["cn-id-card".into()]),
            ..enrol()
        }),
        Record::Rotate(Rotate {
            code: "44030001".parse().unwrap(),
            key: OfficeKey::from_seed(&[9; 32]).public(),
            witness: Some(OfficeKey::from_seed(&[10; 32]).public()),
            recipient: "age1example".into(),
            epoch: 2,
            closes: Some(point(9, 0xa2)),
            operator: 1,
            at_ms: 7,
        }),
        Record::Revoke(Revoke {
            code: "44030001".parse().unwrap(),
            upto: point(9, 0xa2),
            reason: "key_stolen".into(),
            operator: 1,
            at_ms: 8,
        }),
        Record::SpecPublished(SpecPublished { effective_from_ms: Some(10), ..spec() }),
        Record::PolicyPublished(PolicyPublished {
            id: "gd-id-card".into(),
            text: "version = 1".into(),
            supersedes: Some(SpecHash([4; 32])),
            operator: 1,
            at_ms: 9,
            effective_from_ms: Some(10),
        }),
        Record::Adjudicated(Adjudicated { one: point(5, 0xb1), other: point(6, 0xb2), stands: point(4, 0xb3), operator: 1, at_ms: 11 }),
        Record::Retired(Retired { log: point(9, 0xa2), operator: 1, at_ms: 12 }),
    ]
}

fn of_offices() -> Vec<Record> {
    let (applicant, subject) = (BlobHash([6; 32]), BlobHash([0x16; 32]));
    let (slot, booking) = (RecordHash([0x51; 32]), RecordHash([0x52; 32]));
    let receipt = RecordHash([0x53; 32]);
    vec![
        Record::Consented(Consented {
            case: CASE,
            applicant,
            statement: BlobHash([0x11; 32]),
            payload: Some(BlobHash([0x12; 32])),
            operator: 4,
            at_ms: 12,
        }),
        Record::IdentityChecked(IdentityChecked {
            case: CASE,
            applicant,
            subject,
            method: "card_reader".into(),
            passed: true,
            operator: 4,
            at_ms: 13,
        }),
        Record::EligibilityMatched(EligibilityMatched {
            case: CASE,
            applicant,
            register: "driving_schools".into(),
            entry: BlobHash([0x13; 32]),
            matched: true,
            operator: 4,
            at_ms: 14,
        }),
        Record::FeePaid(FeePaid {
            case: CASE,
            amount_fen: 2000,
            reference: BlobHash([0x14; 32]),
            method: "cash".into(),
            operator: 4,
            at_ms: 15,
        }),
        Record::Submitted(Submitted { supersedes: Some(RecordHash([8; 32])), ..submitted() }),
        Record::Withdrawn(Withdrawn { case: CASE, submission: RecordHash([8; 32]), reason: "wrong_person".into(), operator: 4, at_ms: 16 }),
        Record::ReceiptIssued(ReceiptIssued { usage: Some(Usage::Single), document: Some("cn-id-card".into()), ..issued() }),
        Record::ReceiptUsed(ReceiptUsed { case: CASE, receipt, reference: BlobHash([0x15; 32]), operator: 6, at_ms: 17 }),
        Record::ReceiptRevoked(ReceiptRevoked { case: CASE, receipt, reason: "issued_in_error".into(), operator: 5, at_ms: 18 }),
        Record::SlotOpened(SlotOpened { starts_ms: 20, ends_ms: 21, capacity: 3, operator: 4, at_ms: 19 }),
        Record::Booked(Booked { slot, case: CASE, applicant, operator: 4, at_ms: 20 }),
        Record::Cancelled(Cancelled { booking, case: CASE, reason: "by_applicant".into(), operator: 4, at_ms: 21 }),
        Record::NoShow(NoShow { booking, case: CASE, operator: 4, at_ms: 22 }),
        Record::Erased(Erased {
            case: CASE,
            submission: RecordHash([8; 32]),
            payload: BlobHash([5; 32]),
            blobs: vec![BlobHash([4; 32])],
            applicant,
            reason: "retention".into(),
            operator: 4,
            at_ms: 23,
        }),
        Record::UseAnnulled(UseAnnulled {
            case: CASE,
            used: RecordHash([0x54; 32]),
            reason: "wrong_receipt".into(),
            operator: 6,
            at_ms: 25,
        }),
        Record::EpochRequested(EpochRequested { rotation: vec![0x84, 0x66], operator: 4, at_ms: 24 }),
    ]
}

pub(super) fn samples() -> Vec<Record> {
    let later = Record::Unknown { kind: "later_kind".into(), body: vec![0xa0] };
    [first_kinds(), of_the_province(), of_offices(), vec![later]].concat()
}
