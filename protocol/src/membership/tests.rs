//! Who may say what, at which position: in any order of delivery, and never more than the province said.

mod forks;
mod grants;

use super::*;
use crate::{
    id::{BlobHash, CaseId},
    keys::{OfficeKey, tests as points},
    limits::EPOCH_MAX,
    log::Entry,
    record::{
        Adjudicated, Decided, DocChanged, EpochRequested, PolicyPublished, Record, Retired, Revoke, Rotate, Signed, SpecPublished, Verdict,
        Verified,
    },
};
use proptest::prelude::*;

fn province() -> OfficeKey {
    OfficeKey::from_seed(&[1; 32])
}

fn province_log() -> VerifierKey {
    VerifierKey::new(Origin::province("demo.huizhi", 1).unwrap(), province().public())
}

fn key(seed: u8) -> OfficeKey {
    OfficeKey::from_seed(&[seed; 32])
}

fn code(number: u8) -> OfficeCode {
    format!("440300{number:02}").parse().unwrap()
}

fn log_of(number: u8, epoch: u32) -> Origin {
    Origin::office("demo.huizhi", code(number), epoch).unwrap()
}

fn point(origin: &Origin, size: u64, root: u8) -> LogPoint {
    LogPoint { origin: origin.clone(), size, root: RecordHash([root; 32]) }
}

/// Office 2 with key 2, which reviews.
fn enrol(number: u8, seed: u8) -> Enrol {
    Enrol {
        code: code(number),
        name: "x".into(),
        key: key(seed).public(),
        recipient: "age1".into(),
        roles: Roles::REVIEW,
        epoch: 1,
        at_ms: 0,
        witness: None,
        region: None,
        roles_from: None,
        documents: None,
    }
}

fn rotate(number: u8, seed: u8, epoch: u32, closes: Option<LogPoint>) -> Record {
    let key = key(seed).public();
    Record::Rotate(Rotate { code: code(number), key, witness: None, recipient: "age2".into(), epoch, closes, operator: 1, at_ms: 0 })
}

fn revoke(number: u8, upto: LogPoint) -> Record {
    Record::Revoke(Revoke { code: code(number), upto, reason: "key_stolen".into(), operator: 1, at_ms: 0 })
}

fn adjudicate(one: LogPoint, other: LogPoint, stands: LogPoint) -> Record {
    Record::Adjudicated(Adjudicated { one, other, stands, operator: 1, at_ms: 0 })
}

fn said(record: &Record) -> Verified {
    Signed::sign(province_log().origin(), &province(), record).unwrap()
}

fn after(records: &[Record]) -> Membership {
    let mut members = Membership::new(province_log());
    records.iter().for_each(|record| members.apply(&said(record)).unwrap());
    members
}

fn refusal(members: &Membership, record: &Record) -> Option<EnrolError> {
    let mut changed = members.clone();
    let refused = changed.apply(&said(record)).err();
    assert!(refused.is_none() || changed == *members, "what is refused changes nothing");
    refused
}

fn decision(origin: &Origin, seed: u8, index: u64) -> Entry {
    let decided = Decided {
        case: CaseId([1; 16]),
        submission: RecordHash([2; 32]),
        verdict: Verdict::Approve,
        reasons: vec![],
        resolves: vec![],
        operator: 1,
        at_ms: index,
    };
    Entry { origin: origin.clone(), index, record: Signed::sign(origin, &key(seed), &Record::Decided(decided)).unwrap() }
}

#[test]
fn only_the_province_enrols_and_nobody_takes_a_code_a_key_or_a_history() {
    let mut members = Membership::new(province_log());
    let by_office = Signed::sign(province_log().origin(), &key(2), &Record::Enrol(enrol(1, 2))).unwrap();
    assert_eq!(members.apply(&by_office), Err(EnrolError::NotTheProvince));
    let mut apply = |enrol| members.apply(&said(&Record::Enrol(enrol)));
    assert_eq!(apply(enrol(1, 2)), Ok(()));
    assert_eq!(apply(enrol(1, 3)), Err(EnrolError::CodeTaken(code(1))));
    assert_eq!(apply(enrol(2, 2)), Err(EnrolError::KeyTaken));
    assert_eq!(apply(enrol(2, 1)), Err(EnrolError::KeyTaken), "the province's own key");
    assert_eq!(apply(Enrol { epoch: 2, ..enrol(1, 2) }), Err(EnrolError::OtherEpoch));
    assert_eq!(apply(Enrol { roles: Roles::CAPTURE.with(Roles::REVIEW), ..enrol(1, 2) }), Ok(()), "roles may be widened");
    assert!(members.has_role(key(2).public(), Roles::CAPTURE));
}

#[test]
fn keys_with_torsion_are_refused_in_every_place_of_an_enrolment() {
    let members = after(&[Record::Enrol(enrol(1, 2))]);
    for bad in points::small_order().chain(points::mixed_order()) {
        let Record::Rotate(rotated) = rotate(1, 4, 2, None) else { unreachable!() };
        for record in [
            Record::Enrol(Enrol { key: bad, ..enrol(2, 3) }),
            Record::Enrol(Enrol { witness: Some(bad), ..enrol(2, 3) }),
            Record::Rotate(Rotate { key: bad, ..rotated.clone() }),
            Record::Rotate(Rotate { witness: Some(bad), ..rotated }),
        ] {
            assert_eq!(refusal(&members, &record), Some(EnrolError::BadKey), "{bad}");
        }
    }
}

#[test]
fn case_20_a_witness_key_signs_nothing_else() {
    let with_witness = |number, seed, witness| Record::Enrol(Enrol { witness: Some(key(witness).public()), ..enrol(number, seed) });
    let members = after(&[with_witness(1, 2, 12)]);
    assert_eq!(refusal(&members, &with_witness(2, 3, 3)), Some(EnrolError::WitnessKeyTaken), "its own log key");
    assert_eq!(refusal(&members, &with_witness(2, 3, 2)), Some(EnrolError::WitnessKeyTaken), "another's log key");
    assert_eq!(refusal(&members, &with_witness(2, 3, 12)), Some(EnrolError::WitnessKeyTaken), "another's witness key");
    assert_eq!(refusal(&members, &with_witness(2, 3, 1)), Some(EnrolError::WitnessKeyTaken), "the province's key");
    assert_eq!(refusal(&members, &Record::Enrol(enrol(2, 12))), Some(EnrolError::KeyTaken), "a witness key as a log key");
    assert_eq!(refusal(&members, &rotate(1, 12, 2, None)), Some(EnrolError::KeyTaken), "its own witness key as its next log key");
    assert_eq!(members.witnesses().map(|witness| witness.key()).collect::<Vec<_>>(), [key(12).public()]);
}

#[test]
fn case_03_a_demotion_counts_from_the_named_position_on() {
    let log = log_of(1, 1);
    let demoted = Enrol { roles: Roles::CAPTURE, roles_from: Some(point(&log, 5, 9)), ..enrol(1, 2) };
    let members = after(&[Record::Enrol(enrol(1, 2)), Record::Enrol(demoted.clone())]);
    assert_eq!(members.standing(&decision(&log, 2, 4)), Ok(Writer::Office(code(1))), "nothing earlier is reverted");
    assert_eq!(members.standing(&decision(&log, 2, 5)), Err(NotCounted::RoleMissing));
    assert_eq!(members.grant_at(&log, 5).map(Grant::roles), Some(Roles::CAPTURE));
    assert_eq!(members.office(code(1)).unwrap().roles_ever(), Roles::REVIEW.with(Roles::CAPTURE));
    let never = Enrol { roles_from: Some(point(&log, 0, 9)), ..demoted.clone() };
    let members_of_never = after(&[Record::Enrol(enrol(1, 2)), Record::Enrol(never)]);
    assert_eq!(members_of_never.office(code(1)).unwrap().roles_ever(), Roles::CAPTURE, "what it held at no position it never held");
    // Without a position, or before an earlier change, nothing is taken away or given again.
    let first = after(&[Record::Enrol(enrol(1, 2))]);
    assert_eq!(refusal(&first, &Record::Enrol(Enrol { roles_from: None, ..demoted.clone() })), Some(EnrolError::NeedsPosition));
    assert_eq!(refusal(&members, &Record::Enrol(enrol(1, 2))), Some(EnrolError::NeedsPosition));
    let earlier = Enrol { roles_from: Some(point(&log, 4, 9)), ..enrol(1, 2) };
    assert_eq!(refusal(&members, &Record::Enrol(earlier)), Some(EnrolError::NeedsPosition));
    let elsewhere = Enrol { roles_from: Some(point(&log_of(2, 1), 9, 9)), ..enrol(1, 2) };
    assert_eq!(refusal(&members, &Record::Enrol(elsewhere)), Some(EnrolError::UnknownLog(log)));
}

#[test]
fn a_rotation_overlaps_until_the_old_log_is_closed() {
    let (old, new) = (log_of(1, 1), log_of(1, 2));
    let overlap = after(&[Record::Enrol(enrol(1, 2)), rotate(1, 3, 2, None)]);
    for entry in [decision(&old, 2, 100), decision(&new, 3, 0)] {
        assert_eq!(overlap.standing(&entry), Ok(Writer::Office(code(1))));
    }
    assert_eq!(overlap.standing(&decision(&new, 2, 0)), Err(NotCounted::OtherAuthor), "the old key does not write the new log");
    assert_eq!(overlap.office_of(key(3).public()).unwrap().enrol.epoch, 2);
    assert!(overlap.office_of(key(2).public()).is_some(), "who was offline may still connect, and learn of it");
    assert_eq!(overlap.verifier(&old).unwrap().key(), key(2).public(), "the old log still verifies");
    assert_eq!(overlap.logs().count(), 3);
    let closed = after(&[Record::Enrol(enrol(1, 2)), rotate(1, 3, 2, Some(point(&old, 7, 9)))]);
    assert_eq!(closed.standing(&decision(&old, 2, 6)), Ok(Writer::Office(code(1))));
    assert_eq!(closed.standing(&decision(&old, 2, 7)), Err(NotCounted::AfterEnd(7)));
    assert!(closed.has_role(key(3).public(), Roles::REVIEW));
    assert_eq!(closed.office_of(key(2).public()), None);
    assert_eq!(refusal(&closed, &rotate(1, 4, 2, None)), Some(EnrolError::NotTheNextEpoch(3)), "an epoch is opened once");
    assert_eq!(refusal(&closed, &rotate(9, 4, 2, None)), Some(EnrolError::UnknownOffice(code(9))));
    assert_eq!(refusal(&closed, &rotate(1, 4, 3, Some(point(&log_of(2, 1), 7, 9)))), Some(EnrolError::UnknownLog(log_of(2, 1))));
}

#[test]
fn case_23_entries_before_a_revocation_count_however_late_they_come() {
    let log = log_of(1, 1);
    let members = after(&[Record::Enrol(enrol(1, 2)), revoke(1, point(&log, 7, 9))]);
    assert_eq!(members.standing(&decision(&log, 2, 6)), Ok(Writer::Office(code(1))));
    let late = members.standing(&decision(&log, 2, 7)).unwrap_err();
    assert_eq!((late.clone(), late.is_quarantine()), (NotCounted::AfterEnd(7), true));
    assert_eq!(members.office_of(key(2).public()), None, "who was revoked is nobody on the network");
    // The province named a history, not only a size.
    let mut other = members.clone();
    other.compare_history(&log, |size| (size <= 7).then_some([8; 32]));
    assert_eq!(other.standing(&decision(&log, 2, 6)), Err(NotCounted::OtherHistory));
    other.compare_history(&log, |_| None);
    assert_eq!(other, members);
    // A larger size named later gives nothing back, and the key is burnt.
    let widened = after(&[Record::Enrol(enrol(1, 2)), revoke(1, point(&log, 7, 9)), revoke(1, point(&log, 9, 9))]);
    assert_eq!(widened.standing(&decision(&log, 2, 7)), Err(NotCounted::AfterEnd(7)));
    assert_eq!(refusal(&members, &rotate(1, 2, 2, None)), Some(EnrolError::KeyTaken), "a stolen key opens no new log");
    assert_eq!(refusal(&members, &rotate(1, 3, 2, None)), None);
    assert_eq!(refusal(&members, &revoke(1, point(&log_of(2, 1), 7, 9))), Some(EnrolError::UnknownLog(log_of(2, 1))));
}

#[test]
fn case_24_a_revoked_office_is_no_witness_any_more() {
    let enrolled = Record::Enrol(Enrol { witness: Some(key(12).public()), ..enrol(1, 2) });
    assert_eq!(after(std::slice::from_ref(&enrolled)).witnesses().count(), 1);
    assert_eq!(after(&[enrolled, revoke(1, point(&log_of(1, 1), 7, 9))]).witnesses().count(), 0);
}

#[test]
fn case_27_a_record_counts_in_its_own_log_only() {
    let members = after(&[Record::Enrol(enrol(1, 2)), Record::Enrol(enrol(2, 3))]);
    let grafted = Entry { origin: log_of(2, 1), ..decision(&log_of(1, 1), 2, 0) };
    assert_eq!(members.standing(&grafted), Err(NotCounted::OtherAuthor));
    let stranger = decision(&log_of(7, 1), 2, 0);
    assert_eq!(members.standing(&stranger), Err(NotCounted::UnknownLog(log_of(7, 1))));
    let in_the_province =
        Entry { origin: province_log().origin().clone(), index: 0, record: said(decision(&log_of(1, 1), 2, 0).record.record()) };
    assert_eq!(members.standing(&in_the_province), Err(NotCounted::OtherLog));
    let enrols = Signed::sign(&log_of(1, 1), &key(2), &Record::Enrol(enrol(3, 4))).unwrap();
    assert_eq!(members.standing(&Entry { origin: log_of(1, 1), index: 0, record: enrols }), Err(NotCounted::OtherLog));
    let note = Record::DocChanged(DocChanged { case: CaseId([1; 16]), payload: BlobHash([1; 32]), operator: 1, at_ms: 0 });
    let note = Signed::sign(&log_of(1, 1), &key(2), &note).unwrap();
    assert_eq!(members.standing(&Entry { origin: log_of(1, 1), index: 0, record: note }), Ok(Writer::Office(code(1))));
}

#[test]
fn case_06_of_two_policies_with_one_predecessor_the_second_does_not_count() {
    let policy = |text: &str, supersedes| {
        Record::PolicyPublished(PolicyPublished {
            id: "gd".into(),
            text: text.into(),
            supersedes,
            operator: 1,
            at_ms: 0,
            effective_from_ms: None,
        })
    };
    let first = after(&[policy("one", None)]);
    let hash = Some(first.policies()[0].hash);
    assert_eq!(refusal(&first, &policy("two", hash)), None);
    let second = after(&[policy("one", None), policy("two", hash)]);
    assert_eq!(refusal(&second, &policy("three", hash)), Some(EnrolError::NotTheNext));
    assert_eq!(refusal(&second, &policy("three", None)), Some(EnrolError::NotTheNext));
}

#[test]
fn case_06_of_two_specs_with_one_predecessor_the_second_does_not_count() {
    let spec = |text: &str, supersedes| {
        Record::SpecPublished(SpecPublished {
            id: "cn-id-card".into(),
            text: text.into(),
            supersedes,
            operator: 1,
            at_ms: 0,
            effective_from_ms: None,
        })
    };
    let shipped = Some(SpecHash([5; 32]));
    let first = after(&[spec("one", shipped)]);
    let hash = Some(first.specs()[0].hash);
    assert_eq!(refusal(&first, &spec("two", shipped)), Some(EnrolError::NotTheNext), "both came from the shipped one");
    let second = after(&[spec("one", shipped), spec("two", hash)]);
    assert_eq!(refusal(&second, &spec("other two", hash)), Some(EnrolError::NotTheNext));
    assert_eq!(second.specs().len(), 2);
}

/// Steps of a province's log, good and bad ones mixed.
fn any_step() -> impl Strategy<Value = Record> {
    let log = || (1_u8..4, 1_u32..3, 0_u64..8, 0_u8..3).prop_map(|(number, epoch, size, root)| point(&log_of(number, epoch), size, root));
    prop_oneof![
        (1_u8..4, 2_u8..6, 0_u32..8, 1_u32..3, prop::option::of(log())).prop_map(|(number, seed, roles, epoch, roles_from)| {
            Record::Enrol(Enrol {
                roles: Roles(roles % 4),
                region: (roles > 3).then(|| "440300".into()),
                roles_from,
                epoch,
                ..enrol(number, seed)
            })
        }),
        (1_u8..4, 2_u8..9, 1_u32..4, prop::option::of(log())).prop_map(|(number, seed, epoch, closes)| rotate(number, seed, epoch, closes)),
        (1_u8..4, log()).prop_map(|(number, upto)| revoke(number, upto)),
        (log(), log(), log()).prop_map(|(one, other, stands)| adjudicate(one, other, stands)),
    ]
}

proptest! {
    /// Any delivery order and duplication of the province's entries give the same members, and the same verdict on every entry.
    #[test]
    fn any_delivery_gives_the_same_members_and_verdicts(
        steps in prop::collection::vec(any_step(), 0..12),
        shuffle in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let log: Vec<(u64, Verified)> = (0..).zip(steps.iter().map(said)).collect();
        let mut straight = Membership::new(province_log());
        for (_, record) in &log {
            let before = straight.clone();
            if straight.apply(record).is_err() {
                prop_assert_eq!(&straight, &before, "what is refused changes nothing");
            }
        }
        let mut mixed: Vec<_> = log.iter().rev().cloned().collect();
        if !log.is_empty() {
            mixed.splice(0..0, shuffle.iter().map(|pick| pick.get(&log).clone()));
        }
        let replayed = Membership::replay(province_log(), mixed);
        prop_assert_eq!(&replayed, &straight);
        for number in 1..4 {
            for (epoch, seed, index) in [(1, 2, 0), (1, 2, 4), (2, 3, 0), (2, 3, 7)] {
                let entry = decision(&log_of(number, epoch), seed, index);
                prop_assert_eq!(replayed.standing(&entry), straight.standing(&entry));
            }
        }
    }

    /// Nothing that the province says later makes an entry beyond an end count again.
    #[test]
    fn an_end_is_never_taken_back(steps in prop::collection::vec(any_step(), 0..12), later in any_step(), index in 0_u64..10) {
        let mut members = Membership::new(province_log());
        steps.iter().for_each(|step| _ = members.apply(&said(step)));
        let ended = |members: &Membership, number| {
            (2..9).any(|seed| matches!(members.standing(&decision(&log_of(number, 1), seed, index)), Err(NotCounted::AfterEnd(_))))
        };
        let before: Vec<bool> = (1..4).map(|number| ended(&members, number)).collect();
        _ = members.apply(&said(&later));
        for (number, before) in (1..4).zip(before) {
            prop_assert!(!before || ended(&members, number));
        }
    }
}

#[test]
fn only_a_log_that_its_office_left_is_retired_and_what_stands_in_it_counts() {
    let retired = |epoch, size| Record::Retired(Retired { log: point(&log_of(1, epoch), size, 1), operator: 1, at_ms: 0 });
    let mut members = after(&[Record::Enrol(enrol(1, 2))]);
    assert_eq!(refusal(&members, &retired(1, 3)), Some(EnrolError::GoesOn(log_of(1, 1))));
    assert_eq!(refusal(&members, &retired(2, 3)), Some(EnrolError::UnknownLog(log_of(1, 2))));
    members.apply(&said(&rotate(1, 3, 2, None))).unwrap();
    assert!(!members.is_retired(&log_of(1, 1)));
    members.apply(&said(&retired(1, 3))).unwrap();
    assert!(members.is_retired(&log_of(1, 1)) && !members.is_retired(&log_of(1, 2)));
    assert_eq!(members.standing(&decision(&log_of(1, 1), 2, 2)), Ok(Writer::Office(code(1))));
    assert_eq!(members.standing(&decision(&log_of(1, 1), 2, 3)), Err(NotCounted::AfterEnd(3)), "nothing is added by who keeps the old key");
    assert_eq!(members.named(&log_of(1, 1)).collect::<Vec<_>>(), [&point(&log_of(1, 1), 3, 1)], "what an archive shows is held against it");
    assert_eq!(refusal(&members, &retired(2, 3)), Some(EnrolError::GoesOn(log_of(1, 2))));
    // The last log of an office that was revoked.
    members.apply(&said(&revoke(1, point(&log_of(1, 2), 5, 2)))).unwrap();
    members.apply(&said(&Record::Retired(Retired { log: point(&log_of(1, 2), 9, 3), operator: 1, at_ms: 0 }))).unwrap();
    assert!(members.is_retired(&log_of(1, 2)));
    assert_eq!(members.office(code(1)).unwrap().end_of(&log_of(1, 2)), Some(5), "the smallest end counts");
}

#[test]
fn an_epoch_is_asked_for_by_who_has_its_key_and_in_the_log_of_its_office() {
    let asked = |number, seed: u8, epoch| {
        let Record::Rotate(rotate) = rotate(number, seed, epoch, None) else { unreachable!() };
        Signed::sign(&log_of(number, epoch), &key(seed), &Record::Rotate(rotate)).unwrap()
    };
    let request = |rotation: &[u8]| EpochRequested { rotation: rotation.to_vec(), operator: 0, at_ms: 0 };
    let good = asked(1, 3, 2);
    let rotation = request(good.bytes()).rotation(&log_of(1, 1)).unwrap();
    assert_eq!((rotation.code, rotation.epoch, rotation.key), (code(1), 2, key(3).public()));
    assert_eq!(request(good.bytes()).rotation(&log_of(2, 1)), None, "in another office's log");
    assert_eq!(request(good.bytes()).rotation(province_log().origin()), None);
    assert_eq!(request(&good.bytes()[..80]).rotation(&log_of(1, 1)), None);
    // Signed by another key than the one that it asks for.
    let Record::Rotate(other) = rotate(1, 4, 2, None) else { unreachable!() };
    let other = Signed::sign(&log_of(1, 2), &key(3), &Record::Rotate(other)).unwrap();
    assert_eq!(request(other.bytes()).rotation(&log_of(1, 1)), None);
}

#[test]
fn s8_the_first_epoch_of_an_office_is_the_first() {
    let members = after(&[]);
    for epoch in [0, 2, 50, EPOCH_MAX] {
        assert_eq!(refusal(&members, &Record::Enrol(Enrol { epoch, ..enrol(1, 2) })), Some(EnrolError::NotTheNextEpoch(1)), "{epoch}");
    }
}
