//! Records: round trips, golden bytes, and every way to be wrong.

use super::*;
use crate::id::{BlobHash, CaseId, SpecHash};
use proptest::prelude::*;

fn origin() -> Origin {
    "demo.huizhi/office/44030001/1".parse().unwrap()
}

fn key() -> OfficeKey {
    OfficeKey::from_seed(&[7; 32])
}

fn samples() -> Vec<Record> {
    vec![
        Record::Enrol(Enrol {
            code: "44030001".parse().unwrap(),
            name: "福田".into(),
            key: key().public(),
            recipient: "age1example".into(),
            roles: Roles::CAPTURE,
            epoch: 1,
            at_ms: 1,
        }),
        Record::SpecPublished(SpecPublished {
            id: "cn-id-card".into(),
            text: "version = 2".into(),
            supersedes: Some(SpecHash([3; 32])),
            operator: 1,
            at_ms: 2,
        }),
        Record::Submitted(Submitted {
            case: CaseId([1; 16]),
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
        }),
        Record::Decided(Decided {
            case: CaseId([1; 16]),
            submission: RecordHash([8; 32]),
            verdict: Verdict::Return,
            reasons: vec!["eyes_closed".into()],
            resolves: vec![RecordHash([9; 32])],
            operator: 5,
            at_ms: 4,
        }),
        Record::ReceiptIssued(ReceiptIssued {
            case: CaseId([1; 16]),
            submission: RecordHash([8; 32]),
            decision: RecordHash([9; 32]),
            number: "44000001010000000142".into(),
            photo: BlobHash([3; 32]),
            spec: SpecHash([2; 32]),
            applicant: BlobHash([6; 32]),
            captured_by: "44030001".parse().unwrap(),
            valid_until_ms: 6,
            at_ms: 5,
        }),
        Record::DocChanged(DocChanged { case: CaseId([1; 16]), payload: BlobHash([5; 32]), operator: 5, at_ms: 6 }),
        Record::Unknown { kind: "slot_opened".into(), body: vec![0xa0] },
    ]
}

#[test]
fn every_kind_round_trips_in_the_bytes_received() {
    for record in samples() {
        let signed = Signed::sign(&origin(), &key(), &record).unwrap();
        let verified = Signed::parse(signed.bytes()).unwrap().verify(&origin()).unwrap();
        assert_eq!(verified.record(), &record);
        assert_eq!(verified.bytes(), signed.bytes());
        assert_eq!(verified.hash(), signed.hash());
        assert_eq!(verified.author(), key().public());
    }
}

/// The bytes of each kind never change silently: `vectors/records.txt` holds kind and entry in hex.
/// After an intended change of format, run with `HUIZHI_BLESS=1` and review the difference.
#[test]
fn golden_vectors() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/records.txt");
    let made: String = samples()
        .iter()
        .map(|record| {
            let signed = Signed::sign(&origin(), &key(), record).unwrap();
            let hex: String = signed.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{} {hex}\n", record.kind())
        })
        .collect();
    if std::env::var_os("HUIZHI_BLESS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), made);
}

#[test]
fn a_record_does_not_verify_in_another_log_or_with_any_changed_bit() {
    let other: Origin = "demo.huizhi/office/44030002/1".parse().unwrap();
    let signed = Signed::sign(&origin(), &key(), &samples()[3]).unwrap();
    assert_eq!(Signed::parse(signed.bytes()).unwrap().verify(&other).unwrap_err(), RecordError::BadSignature);
    for bit in 0..signed.bytes().len() * 8 {
        let mut bytes = signed.bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(Signed::parse(&bytes).and_then(|signed| signed.verify(&origin())).is_err(), "bit {bit}");
    }
}

#[test]
fn a_field_of_a_later_version_survives() {
    // A decision with an extra key 99 in its map, as a later version might write it.
    let Record::Decided(decided) = samples().remove(3) else { unreachable!() };
    let mut body = minicbor::to_vec(&decided).unwrap();
    assert_eq!(body[0] & 0xe0, 0xa0, "a short map");
    body[0] += 1;
    body.extend([0x18, 99, 0xf5]);
    let record = Record::Unknown { kind: "decided".into(), body };
    let signed = Signed::sign(&origin(), &key(), &record).unwrap();
    let verified = Signed::parse(signed.bytes()).unwrap().verify(&origin()).unwrap();
    assert_eq!(verified.record(), &Record::Decided(decided));
    assert_eq!(verified.bytes(), signed.bytes());
}

#[test]
fn a_record_too_long_for_an_entry_is_refused_before_signing() {
    let record = Record::SpecPublished(SpecPublished { id: "x".into(), text: "x".repeat(65_500), supersedes: None, operator: 1, at_ms: 0 });
    assert!(matches!(Signed::sign(&origin(), &key(), &record), Err(RecordError::TooLong(_))));
    assert!(matches!(Signed::parse(&vec![0; 65_536]), Err(RecordError::TooLong(65_536))));
}

#[test]
fn texts_and_lists_are_bounded() {
    let Record::Decided(mut decided) = samples().remove(3) else { unreachable!() };
    decided.reasons = vec!["x".into(); 100];
    let signed = Signed::sign(&origin(), &key(), &Record::Decided(decided)).unwrap();
    let refused = Signed::parse(signed.bytes()).unwrap().verify(&origin()).unwrap_err();
    assert!(matches!(refused, RecordError::Malformed(_)));
}

proptest! {
    #[test]
    fn any_bytes_parse_or_are_refused(bytes: Vec<u8>) {
        if let Ok(signed) = Signed::parse(&bytes) {
            let _ = signed.verify(&origin());
        }
    }

    #[test]
    fn any_body_decodes_or_is_refused(body: Vec<u8>, pick in 0_usize..6) {
        let _ = Record::decode_body(samples()[pick].kind(), &body);
    }
}
