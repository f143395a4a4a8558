//! Who holds what: no case without those that have a part in it, no log without witnesses, and far from everything for everybody.

use super::*;
use crate::{
    id::RecordHash,
    keys::OfficeKey,
    log::{LogPoint, VerifierKey},
    record::{Enrol, Record, Retired, Rotate, Signed},
};

fn code(number: u32) -> OfficeCode {
    format!("{number:08}").parse().unwrap()
}

fn log_of(number: u32) -> Origin {
    Origin::office("demo.huizhi", code(number), 1).unwrap()
}

fn key(number: u32, what: u8) -> PublicKey {
    let mut seed = [what; 32];
    seed[..4].copy_from_slice(&number.to_be_bytes());
    OfficeKey::from_seed(&seed).public()
}

/// A federation of these offices: number, roles, region.
fn federation<'a>(offices: impl IntoIterator<Item = (u32, Roles, Option<&'a str>)>) -> Membership {
    let province = OfficeKey::from_seed(&[1; 32]);
    let log = VerifierKey::new(Origin::province("demo.huizhi", 1).unwrap(), province.public());
    let mut members = Membership::new(log.clone());
    for (number, roles, region) in offices {
        let enrol = Enrol {
            code: code(number),
            name: "x".into(),
            key: key(number, 2),
            recipient: "age1".into(),
            roles,
            epoch: 1,
            at_ms: 0,
            witness: Some(key(number, 3)),
            region: region.map(Into::into),
            roles_from: None,
            documents: None,
        };
        members.apply(&Signed::sign(log.origin(), &province, &Record::Enrol(enrol)).unwrap()).unwrap();
    }
    members
}

fn needed() -> Follow {
    Follow { scope: Some(Scope::Needed), ..Follow::default() }
}

/// Two counties with a counter and a reviewer each, a review centre for the province, two document offices, an archive.
const SHENZHEN: [u32; 2] = [44_030_501, 44_030_502];
const ZHUHAI: [u32; 2] = [44_040_201, 44_040_202];
const CENTRE: u32 = 44_000_001;
const DOCUMENTS: [u32; 2] = [44_030_590, 44_040_290];
const ARCHIVE: u32 = 44_000_009;

/// With so many further offices that nearly no log falls to one of these by lot.
fn province() -> Membership {
    let named = [
        (SHENZHEN[0], Roles::CAPTURE, None),
        (SHENZHEN[1], Roles::REVIEW, Some("440300")),
        (ZHUHAI[0], Roles::CAPTURE, None),
        (ZHUHAI[1], Roles::REVIEW, Some("440402")),
        (CENTRE, Roles::REVIEW, None),
        (DOCUMENTS[0], Roles::DOCUMENT, None),
        (DOCUMENTS[1], Roles::DOCUMENT, None),
        (ARCHIVE, Roles::ARCHIVE, None),
    ];
    federation(named.into_iter().chain((0..400).map(|number| (45_000_000 + number, Roles::CAPTURE, None))))
}

/// Which of the named offices' logs an office holds for another reason than the lot.
fn holds(members: &Membership, me: u32) -> Vec<u32> {
    let office = members.office(code(me)).unwrap();
    let others = members.offices().filter(|other| other.enrol.code == code(me) || has_part(office, other));
    others.map(|other| other.enrol.code.number()).filter(|number| *number < 45_000_000).collect()
}

#[test]
fn who_has_a_part_in_a_case_holds_it() {
    let members = province();
    let all = [CENTRE, ARCHIVE, SHENZHEN[0], SHENZHEN[1], DOCUMENTS[0], ZHUHAI[0], ZHUHAI[1], DOCUMENTS[1]];
    assert_eq!(holds(&members, SHENZHEN[0]), [CENTRE, SHENZHEN[0], SHENZHEN[1]], "who may decide on its photos");
    assert_eq!(holds(&members, ZHUHAI[0]), [CENTRE, ZHUHAI[0], ZHUHAI[1]]);
    let city = [CENTRE, SHENZHEN[0], SHENZHEN[1], DOCUMENTS[0], DOCUMENTS[1]];
    assert_eq!(holds(&members, SHENZHEN[1]), city, "who captures in its region, and where its receipts are used");
    assert_eq!(holds(&members, DOCUMENTS[0]), DOCUMENTS, "where a receipt for single use may be used already");
    for me in [CENTRE, ARCHIVE] {
        let mut held = holds(&members, me);
        held.retain(|number| me == ARCHIVE || *number != ARCHIVE);
        let writers = all.into_iter().filter(|number| me == ARCHIVE || *number != ARCHIVE);
        assert_eq!(held, writers.collect::<Vec<_>>(), "a centre has a part in every case");
        assert!(needed().logs(&members, code(me)).len() > 400);
    }
}

#[test]
fn every_log_has_its_witnesses_and_nobody_carries_many() {
    let members = province();
    let lots = Lots::draw(&members);
    let offices: Vec<OfficeCode> = members.offices().map(|office| office.enrol.code).collect();
    for number in [SHENZHEN[0], CENTRE, 45_000_123] {
        let witnesses = offices.iter().filter(|me| **me != code(number) && lots.falls_on(**me, &log_of(number)));
        assert_eq!(witnesses.count(), WITNESSES_BY_LOT);
    }
    let carried: Vec<usize> = offices.iter().map(|me| members.logs().filter(|log| lots.falls_on(*me, log)).count()).collect();
    assert!(carried.iter().all(|count| *count < 4 * WITNESSES_BY_LOT), "{:?}", carried.iter().max());
    // Who holds them follows from the same rule on every node.
    let follows = needed().logs(&members, offices[20]);
    assert!(members.logs().filter(|log| lots.falls_on(offices[20], log)).all(|log| follows.contains(log)));
}

#[test]
fn a_small_federation_holds_everything_and_a_large_one_what_it_needs() {
    let number = |count: usize| federation((0..count as u32).map(|number| (45_000_000 + number, Roles::CAPTURE, None)));
    let (small, large) = (number(ALL_UP_TO_OFFICES), number(ALL_UP_TO_OFFICES + 1));
    let me = code(45_000_000);
    let by_default = Follow::default();
    assert_eq!(by_default.logs(&small, me).len(), ALL_UP_TO_OFFICES + 1);
    assert!(!by_default.leaves_out(&small, me) && by_default.leaves_out(&large, me));
    assert!(by_default.logs(&large, me).len() < ALL_UP_TO_OFFICES / 2);
    assert!(needed().leaves_out(&small, me));
    let all = Follow { scope: Some(Scope::All), ..Follow::default() };
    assert!(!all.leaves_out(&large, me));
    // What a person asks for beside it.
    let other = members_left_out(&small, me);
    let also = Follow { also: BTreeSet::from([other]), ..needed() };
    let origin = Origin::office("demo.huizhi", other, 1).unwrap();
    assert!(also.logs(&small, me).contains(&origin) && !needed().logs(&small, me).contains(&origin));
    assert_eq!(needed().logs(&small, me)[..2], [small.province().origin().clone(), log_of(45_000_000)], "most urgent first");
    assert_eq!(needed().logs(&small, code(1)), [small.province().origin().clone()], "before its enrolment is known");
}

fn members_left_out(members: &Membership, me: OfficeCode) -> OfficeCode {
    let held = needed().logs(members, me);
    members.offices().find(|office| !held.contains(&office.origin)).unwrap().enrol.code
}

#[test]
fn who_issued_a_receipt_is_asked_first_then_who_knows_most() {
    let members = province();
    let connected: Vec<PublicKey> = [45_000_003, DOCUMENTS[0], 45_000_004, ZHUHAI[0]].map(|number| key(number, 2)).to_vec();
    let stranger = PublicKey([9; 32]);
    let order = whom_to_ask(&members, code(ZHUHAI[0]), connected.into_iter().chain([stranger]), 5);
    assert_eq!(order[..2], [key(ZHUHAI[0], 2), key(DOCUMENTS[0], 2)]);
    assert_eq!(order.len(), 4, "who is not enrolled is not asked");
}

#[test]
fn a_retired_log_is_kept_by_who_keeps_everything_and_by_nobody_else() {
    let mut members = federation([(1, Roles::CAPTURE, None), (2, Roles::REVIEW, None), (3, Roles::ARCHIVE, None), (4, Roles::ADMIN, None)]);
    let province = OfficeKey::from_seed(&[1; 32]);
    let mut says = |record: &Record| {
        let origin = members.province().origin().clone();
        members.apply(&Signed::sign(&origin, &province, record).unwrap()).unwrap();
    };
    let (code_1, key) = (code(1), key(1, 9));
    says(&Record::Rotate(Rotate {
        code: code_1,
        key,
        witness: None,
        recipient: "age1".into(),
        epoch: 2,
        closes: None,
        operator: 1,
        at_ms: 0,
    }));
    says(&Record::Retired(Retired { log: LogPoint { origin: log_of(1), size: 7, root: RecordHash([1; 32]) }, operator: 1, at_ms: 0 }));
    let holds = |follow: Follow, me| follow.logs(&members, code(me)).contains(&log_of(1));
    for follow in [Follow::default(), needed()] {
        assert_eq!([1, 2, 3, 4].map(|me| holds(follow.clone(), me)), [false, false, true, true], "{follow:?}");
    }
    assert!(holds(Follow { scope: Some(Scope::All), ..Follow::default() }, 2), "told to");
    assert!(Follow::default().leaves_out(&members, code(2)), "so a receipt in it is asked for");
    let next = Origin::office("demo.huizhi", code(1), 2).unwrap();
    assert!(Follow::default().logs(&members, code(2)).contains(&next));
}

#[test]
fn what_others_are_thought_to_leave_out_is_what_they_leave_out() {
    let small = federation([(1, Roles::CAPTURE, None), (2, Roles::REVIEW, None)]);
    for members in [province(), small] {
        let offices: BTreeSet<OfficeCode> = members.offices().map(|office| office.enrol.code).collect();
        for (code, left) in left_out(&members, &offices) {
            let follows = Follow::default().logs(&members, code);
            assert_eq!(left.len() + follows.len(), members.logs().count(), "{code}");
            assert!(left.iter().all(|origin| !follows.contains(origin)), "{code}");
        }
    }
}

/// An office's log stays needed for what it wrote under roles that the province took away since.
#[test]
fn mend_61_a_log_is_followed_after_its_office_lost_a_role() {
    let (counter, reviewer, documents, other_documents) = (SHENZHEN[0], SHENZHEN[1], DOCUMENTS[0], DOCUMENTS[1]);
    let mut members = province();
    let mut takes_all_roles = |number: u32| {
        let enrol = members.office(code(number)).unwrap().enrol.clone();
        let roles_from = Some(LogPoint { origin: log_of(number), size: 5, root: RecordHash([1; 32]) });
        let demoted = Record::Enrol(Enrol { roles: Roles::NONE, roles_from, ..enrol });
        let origin = members.province().origin().clone();
        members.apply(&Signed::sign(&origin, &OfficeKey::from_seed(&[1; 32]), &demoted).unwrap()).unwrap();
        members.clone()
    };
    let after = takes_all_roles(counter);
    assert!(holds(&after, reviewer).contains(&counter), "its cases are still decided on");
    assert!(!holds(&after, counter).contains(&reviewer), "it captures no more");
    let after = takes_all_roles(documents);
    assert!(holds(&after, other_documents).contains(&documents), "receipts for single use were used there");
    assert!(holds(&after, CENTRE).contains(&documents));
    assert_eq!(holds(&after, documents), [documents]);
    // A counter that still captures needs what the reviewer decided before it lost its role, and so does another reviewer.
    let mut members = province();
    let enrol = members.office(code(reviewer)).unwrap().enrol.clone();
    let roles_from = Some(LogPoint { origin: log_of(reviewer), size: 5, root: RecordHash([1; 32]) });
    let demoted = Record::Enrol(Enrol { roles: Roles::NONE, roles_from, ..enrol });
    let origin = members.province().origin().clone();
    members.apply(&Signed::sign(&origin, &OfficeKey::from_seed(&[1; 32]), &demoted).unwrap()).unwrap();
    assert!(holds(&members, counter).contains(&reviewer), "its decisions on photos from here");
    assert!(holds(&members, CENTRE).contains(&reviewer), "a contradiction must be seen");
    assert!(!holds(&members, ZHUHAI[0]).contains(&reviewer), "of another region");
}
