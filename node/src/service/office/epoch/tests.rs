//! New keys, the end of a log and a new epoch: nothing that was written loses its worth, and no crash leaves two keys in use.

use crate::{
    audit, enrolment,
    service::{
        Held, Office,
        keys::Keys,
        office::now_ms,
        receipts::{self, Answer},
        testing::{Home, join_back, picture, sync},
    },
};
use protocol::{id::Origin, record::Roles};

const B: &str = "44030002";

fn receipt(home: &Home, office: &Office, colour: u8) -> String {
    let case = home.case(office, &picture(8, 8, [colour; 3]), true);
    case.receipts.iter().map(|receipt| receipt.said.number.clone()).next_back().unwrap()
}

fn stands(office: &Office, number: &str) -> bool {
    matches!(receipts::look_up(office, number, now_ms()).unwrap(), Answer::Valid(_))
}

/// Keys for an epoch, and the request for them, as `huizhi office new-epoch` makes them.
fn request(home: &Home, epoch: u32) -> String {
    let keys = Keys::prepare(&home.path().join("keys"), epoch).unwrap();
    let origin = Origin::office("test.huizhi", B.parse().unwrap(), epoch).unwrap();
    enrolment::rotation_text(&origin, &enrolment::sign_rotation(&keys, &origin).unwrap())
}

fn rotate(province: &Office, request: &str, close: Option<u64>) {
    province.rotate_office(enrolment::read_rotation(request).unwrap(), close, 1).unwrap();
}

#[test]
fn case_26_a_new_key_begins_a_new_epoch_and_old_receipts_still_stand() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, B, Roles::CAPTURE.with(Roles::REVIEW));
    let old = receipt(&home_b, &b, 1);
    sync(&b, &province);
    let asked = request(&home_b, 2);
    assert_eq!(b.held(), None, "keys that are made are not in use");
    drop(b);
    let b = home_b.open_as(&province, B);
    b.compared().unwrap();
    assert_eq!(b.origin().as_str(), "test.huizhi/office/44030002/1", "also not after a restart");
    // One more of the old epoch that the province hears of after the rotation: the logs overlap.
    let late = receipt(&home_b, &b, 2);
    rotate(&province, &asked, None);
    join_back(&province, &b);
    assert_eq!(b.held(), Some(Held::Rotated));
    assert!(b.check_writable().is_err());
    drop(b);
    let b = home_b.open_as(&province, B);
    assert_eq!(b.origin().as_str(), "test.huizhi/office/44030002/2");
    b.compared().unwrap();
    assert_eq!(b.held(), None);
    let new = receipt(&home_b, &b, 3);
    assert_eq!(&new[8..10], "02", "{new}");
    sync(&b, &province);
    for office in [&b, &province] {
        assert!([&old, &late, &new].iter().all(|number| stands(office, number)));
    }
    assert!(
        b.cases().unwrap().iter().all(|case| crate::service::intake::open_payload(&b, case).unwrap().is_some()),
        "old keys open old payloads"
    );
    let dir = home.path().join("export");
    audit::export(&province, &dir, false).unwrap();
    let report = audit::verify(&dir, None, None, &mut |_, _, _| {}).unwrap();
    assert_eq!((report.failed, report.receipts), (0, 3), "{report:?}");
    // Closed at last: what came before the end stays, and the old key opens no connection.
    let key = b.keys.of_epoch(1).unwrap().public();
    assert!(province.is_enrolled(key));
    let closed = Origin::office("test.huizhi", B.parse().unwrap(), 1).unwrap();
    let point = province.point_held(&closed, None).unwrap();
    assert_eq!(point.size, b.store.head(&closed).size, "all of it is there");
}

#[test]
fn a_rotation_survives_a_crash_at_any_moment() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, B, Roles::CAPTURE);
    drop(b);
    let keys = home_b.path().join("keys");
    let asked = request(&home_b, 2);
    // Killed while the keys were made: what is missing is made again, what is there stays.
    let office_key = std::fs::read(keys.join("office-2.key")).unwrap();
    std::fs::remove_file(keys.join("office-2.key")).unwrap();
    assert_eq!(home_b.open_as(&province, B).keys.epoch, 1);
    std::fs::write(keys.join("office-2.key"), &office_key).unwrap();
    let keys_of = |request: &str| enrolment::read_rotation(request).map(|asked| (asked.key, asked.witness, asked.recipient)).unwrap();
    assert_eq!(keys_of(&request(&home_b, 2)), keys_of(&asked), "asked again, the same keys");
    // Killed after the province's log named the key and before the switch was noted; and after the switch, with the database lost.
    let b = home_b.open_as(&province, B);
    rotate(&province, &asked, None);
    join_back(&province, &b);
    drop(b);
    assert!(!keys.join("epoch").exists());
    assert_eq!(home_b.open_as(&province, B).keys.epoch, 2);
    std::fs::remove_file(home_b.path().join("store.redb")).unwrap();
    let b = home_b.open_as(&province, B);
    assert_eq!(b.keys.epoch, 2, "the old key, which may be closed, is not taken up again");
}

#[test]
fn case_23_a_revoked_office_stops_signing_and_its_old_receipts_stand() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, B, Roles::CAPTURE.with(Roles::REVIEW));
    let old = receipt(&home_b, &b, 1);
    sync(&b, &province);
    let late = receipt(&home_b, &b, 2);
    assert_eq!(province.revoke_office(b.code(), "because", None, 1).unwrap_err().code, "reason_unknown");
    assert_eq!(province.revoke_office(b.code(), "key_stolen", Some(99), 1).unwrap_err().code, "not_held");
    let point = province.revoke_office(b.code(), "key_stolen", None, 1).unwrap();
    assert_eq!(point.size, 3);
    join_back(&province, &b);
    assert_eq!(b.held(), Some(Held::Ended { origin: b.origin().clone(), stands: 3 }));
    sync(&b, &province);
    for office in [&province, &b] {
        assert!(stands(office, &old) && !stands(office, &late));
    }
    assert!(!province.is_enrolled(b.keys.office.public()));
    assert!(province.members().was_enrolled(b.keys.office.public()), "it may hear why");
    // A new key and a new log, and it works on.
    rotate(&province, &request(&home_b, 2), None);
    join_back(&province, &b);
    drop(b);
    let b = home_b.open_as(&province, B);
    b.compared().unwrap();
    assert_eq!(&receipt(&home_b, &b, 3)[8..10], "02");
}

#[test]
fn what_does_not_count_is_not_appended_to_the_province_s_log() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, B, Roles::CAPTURE);
    let size = |office: &Office| office.store.head(office.members().province().origin()).size;
    let before = size(&province);
    let asked = request(&home_b, 2);
    let stale = enrolment::read_rotation(&asked).unwrap();
    rotate(&province, &asked, None);
    assert_eq!(province.rotate_office(stale, None, 1).unwrap_err().code, "province_refused", "the epoch is taken");
    let mut forged = asked.clone();
    forged.pop();
    assert_eq!(enrolment::read_rotation(&forged).unwrap_err().code, "request_malformed");
    assert_eq!(province.adjudicate("0011223344556677", "one", 1).unwrap_err().code, "not_found");
    assert_eq!(size(&province), before + 1);
    assert_eq!(
        b.append_province(&protocol::record::Record::Unknown { kind: "x".into(), body: vec![] }).unwrap_err().code,
        "not_the_province"
    );
}
