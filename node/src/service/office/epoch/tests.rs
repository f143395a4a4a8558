//! New keys, the end of a log and a new epoch: nothing that was written loses its worth, and no crash leaves two keys in use.

use crate::{
    audit, enrolment,
    service::{
        EndAt, Held, Office,
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
        b.cases().unwrap().iter().all(|case| crate::service::applicants::open_payload(&b, case).unwrap().is_some()),
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
    assert_eq!(province.revoke_office(b.code(), "because", None, &[], 1).unwrap_err().code, "reason_unknown");
    assert_eq!(province.revoke_office(b.code(), "key_stolen", None, &[EndAt { epoch: None, size: 99 }], 1).unwrap_err().code, "not_held");
    let revoked = province.revoke_office(b.code(), "key_stolen", None, &[], 1).unwrap();
    assert_eq!((revoked.ends.len(), revoked.ends[0].size, revoked.goes_on), (1, 4, None));
    join_back(&province, &b);
    assert_eq!(b.held(), Some(Held::Ended { origin: b.origin().clone(), stands: 4 }));
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

/// A receipt of the first epoch, a rotation, and whatever the province says then.
#[test]
fn mend_08_receipts_of_every_epoch_are_verified_with_the_same_authority_as_online() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, B, Roles::CAPTURE.with(Roles::REVIEW));
    let old = receipt(&home_b, &b, 1);
    sync(&b, &province);
    rotate(&province, &request(&home_b, 2), None);
    join_back(&province, &b);
    drop(b);
    let b = home_b.open_as(&province, B);
    b.compared().unwrap();
    let new = receipt(&home_b, &b, 2);
    sync(&b, &province);
    let texts = |number: &str| {
        let Some(found) = receipts::look_up(&b, number, now_ms()).unwrap().found() else { panic!("{number} is here") };
        [found.proof.to_string(), receipts::qr_text(&found.proof)]
    };
    let (old_texts, new_texts) = (texts(&old), texts(&new));
    for text in old_texts.iter().chain(&new_texts) {
        let examined = receipts::examine(&province, text).unwrap();
        assert_eq!(examined.verdict, "valid", "{text}");
        assert!(!examined.checked.is_empty() && !examined.unchecked.is_empty(), "it says what was checked and what was not");
    }
    // An office that has the province's log only: genuine, and it says that no more is known, not even that it stands at that position.
    let (_home_c, c) = Home::apart(&province, "44030003", Roles::CAPTURE);
    join_back(&province, &c);
    let examined = receipts::examine(&c, &old_texts[0]).unwrap();
    assert_eq!((examined.verdict, examined.unchecked.len()), ("unknown_here", 4));
    // By a key alone.
    let key = province.members().verifier(&Origin::office("test.huizhi", B.parse().unwrap(), 1).unwrap()).unwrap();
    assert_eq!(receipts::examine_by_key(&key, &old_texts[0]).unwrap().verdict, "unknown_here");
    assert_eq!(receipts::examine_by_key(&key, &new_texts[0]).unwrap_err().code, "log_unknown");
    let mut forged = old_texts[1].clone().into_bytes();
    let middle = forged.len() / 2;
    forged[middle] = if forged[middle] == b'A' { b'B' } else { b'A' };
    assert_eq!(receipts::examine(&province, &String::from_utf8(forged).unwrap()).unwrap_err().code, "not_genuine");
    // The province ends the old log before the receipt: genuine, and it does not stand; nowhere, with a case or without.
    let end = EndAt { epoch: Some(1), size: 1 };
    province.revoke_office(b.code(), "key_stolen", Some(2), &[end], 1).unwrap();
    join_back(&province, &c);
    for (office, text) in [(&province, &old_texts[0]), (&province, &old_texts[1]), (&c, &old_texts[0]), (&c, &old_texts[1])] {
        let examined = receipts::examine(office, text).unwrap();
        assert_eq!(examined.verdict, "invalid");
        assert!(examined.reason.unwrap().contains("ended"), "and why");
    }
    assert_eq!(receipts::examine(&province, &new_texts[0]).unwrap().verdict, "valid");
}

/// What was tried with running nodes: after a rotation the old key was stolen, the office revoked, and the thief signed on.
#[test]
fn mend_01_revoking_an_office_ends_every_log_of_it_but_one_that_is_named_as_good() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, B, Roles::CAPTURE.with(Roles::REVIEW));
    receipt(&home_b, &b, 1);
    sync(&b, &province);
    let stolen = crate::service::testing::copy_folder(&home_b);
    let (old_key, code) = (b.keys.office.public(), b.code());
    rotate(&province, &request(&home_b, 2), None);
    join_back(&province, &b);
    drop(b);
    let b = home_b.open_as(&province, B);
    b.compared().unwrap();
    let good = receipt(&home_b, &b, 2);
    sync(&b, &province);
    let epochs = |revoked: &crate::service::office::Revoked| -> Vec<u32> {
        revoked.ends.iter().map(|end| end.origin.office_and_epoch().unwrap().1).collect()
    };
    let refused = |keep, upto: &[EndAt]| province.revoke_office(code, "key_stolen", keep, upto, 1).unwrap_err().code;
    assert_eq!(refused(Some(3), &[]), "epoch_unknown");
    assert_eq!(refused(None, &[EndAt { epoch: None, size: 1 }]), "epoch_needed", "of which log nobody said");
    assert!(province.is_enrolled(old_key), "until it is ended");
    let revoked = province.revoke_office(code, "key_stolen", Some(2), &[], 1).unwrap();
    assert_eq!((epochs(&revoked), revoked.goes_on.as_ref()), (vec![1], Some(b.origin())));
    assert!(!province.is_enrolled(old_key), "the stolen key opens no connection");
    // The thief signs on with the old key, on a machine that heard of nothing.
    let thief = stolen.open_as(&province, B);
    thief.compared().unwrap();
    let forged = receipt(&stolen, &thief, 3);
    sync(&thief, &province);
    assert!(!stands(&province, &forged) && stands(&province, &good));
    // And with nothing named as good, nothing goes on.
    let revoked = province.revoke_office(code, "misconduct", None, &[], 1).unwrap();
    assert_eq!((epochs(&revoked), &revoked.goes_on), (vec![2], &None));
    assert!(province.members().office(code).unwrap().open_logs().next().is_none());
    assert_eq!(refused(None, &[]), "already_ended");
    let earlier = province.revoke_office(code, "misconduct", None, &[EndAt { epoch: Some(2), size: 0 }], 1).unwrap();
    assert_eq!((epochs(&earlier), stands(&province, &good)), (vec![2], false), "a log that was ended may end earlier");
}

#[test]
fn mend_01_a_log_that_its_office_left_ends_when_the_office_says_that_it_holds_no_more_of_it() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, B, Roles::CAPTURE.with(Roles::REVIEW));
    receipt(&home_b, &b, 1);
    sync(&b, &province);
    let late = receipt(&home_b, &b, 2);
    rotate(&province, &request(&home_b, 2), None);
    join_back(&province, &b);
    let old = b.origin().clone();
    drop(b);
    let b = home_b.open_as(&province, B);
    b.compared().unwrap();
    let tell = |key| province.store.put_peer_sizes(&[(key, old.clone(), b.store.head(&old).size)]).unwrap();
    tell(b.keys.office.public());
    assert_eq!(province.end_left_logs().unwrap(), [], "it has not signed in the new one");
    receipt(&home_b, &b, 3);
    let package = b.store.package(b.origin(), 0).unwrap().unwrap();
    province.ingest(b.origin(), package).unwrap().unwrap();
    assert_eq!(province.end_left_logs().unwrap(), [], "it holds more of the old one");
    sync(&b, &province);
    province.store.put_peer_sizes(&[(b.keys.office.public(), old.clone(), 1)]).unwrap();
    tell(b.keys.of_epoch(1).unwrap().public());
    assert_eq!(province.end_left_logs().unwrap(), [], "whoever has the old key does not say so for the office");
    tell(b.keys.office.public());
    let ends = province.end_left_logs().unwrap();
    assert_eq!(ends, [province.point_held(&old, None).unwrap()]);
    assert_eq!(province.end_left_logs().unwrap(), [], "once");
    assert!(!province.is_enrolled(b.keys.of_epoch(1).unwrap().public()) && province.is_enrolled(b.keys.office.public()));
    assert!(stands(&province, &late), "nothing is lost of what it wrote");
    assert_eq!(b.end_left_logs().unwrap(), [], "only the province ends logs");
}

#[test]
fn s11_an_office_is_not_left_with_the_keys_of_an_epoch_before() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, B, Roles::CAPTURE.with(Roles::REVIEW));
    rotate(&province, &request(&home_b, 2), None);
    let refused = province.revoke_office(b.code(), "key_stolen", Some(1), &[], 1).unwrap_err();
    assert_eq!(refused.code, "epoch_not_current");
    assert!(refused.text.en.contains("--keep-epoch 2") && refused.text.zh.contains("--keep-epoch 2"), "{}", refused.text.en);
    assert_eq!(province.members().office(b.code()).unwrap().open_logs().count(), 2, "nothing was ended");
}

#[test]
fn s6_an_old_key_that_signs_on_moves_no_end_of_the_log_that_its_office_left() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, B, Roles::CAPTURE.with(Roles::REVIEW));
    let genuine = receipt(&home_b, &b, 1);
    b.request_epoch(1).unwrap();
    sync(&b, &province);
    let (old, size) = (b.origin().clone(), b.store.head(b.origin()).size);
    province.grant_epoch(b.code(), None, 1).unwrap();
    let stolen = crate::service::testing::copy_folder(&home_b);
    join_back(&province, &b);
    drop(b);
    let b = home_b.open_as(&province, B);
    b.compared().unwrap();
    receipt(&home_b, &b, 2);
    // The old key signs on, where nobody heard of the new epoch, and the province gets it first.
    let thief = stolen.open_as(&province, B);
    thief.compared().unwrap();
    assert_eq!(thief.origin(), &old);
    let forged = receipt(&stolen, &thief, 3);
    sync(&thief, &province);
    sync(&b, &province);
    assert!(province.store.head(&old).size > size && b.old_key_signs_on().is_none());
    sync(&province, &b);
    assert_eq!(b.store.head(&old).size, size, "nothing beyond its own end is stored");
    assert!(b.old_key_signs_on().is_some_and(|told| told.en.contains(old.as_str()) && told.en.contains("--keep-epoch 2")));
    // What it tells is the end, at the province too.
    let tell = |size| province.store.put_peer_sizes(&[(b.keys.office.public(), old.clone(), size)]).unwrap();
    tell(size - 1);
    assert_eq!(province.end_left_logs().unwrap(), [], "before it asked for the new epoch it had not left");
    tell(size);
    assert!(stands(&province, &forged), "until the end is known");
    assert_eq!(province.end_left_logs().unwrap(), [province.point_held(&old, Some(size)).unwrap()]);
    assert!(stands(&province, &genuine) && !stands(&province, &forged));
}

#[test]
fn mend_01_a_role_that_is_taken_away_is_taken_away_in_every_epoch() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, B, Roles::CAPTURE.with(Roles::REVIEW));
    let stolen = crate::service::testing::copy_folder(&home_b);
    rotate(&province, &request(&home_b, 2), None);
    join_back(&province, &b);
    drop(b);
    let b = home_b.open_as(&province, B);
    let known = province.members().office(b.code()).unwrap().enrol.clone();
    province.enrol(protocol::record::Enrol { roles: Roles::CAPTURE, ..known }).unwrap();
    let thief = stolen.open_as(&province, B);
    thief.compared().unwrap();
    let forged = receipt(&stolen, &thief, 3);
    sync(&thief, &province);
    assert!(!stands(&province, &forged));
}
