//! A year turns, years go by, and what was retired is nowhere half.

use super::*;
use crate::service::{
    receipts::{self, Answer, Told},
    testing::{Home, join_back, picture, sync},
};
use protocol::{case::Status, id::CaseId};

const B: &str = "44030002";
const YEAR_MS: u64 = 366 * 86_400_000;

/// When no receipt of these tests is valid any longer.
fn later() -> Millis {
    now_ms() + 40 * YEAR_MS
}

/// The year after this one.
fn next_year() -> i32 {
    year_in_china(now_ms()) + 1
}

/// The province was told by an office how much it holds of every log, as when they are connected.
fn tell_sizes(from: &Office, to: &Office) {
    let key = from.keys.office.public();
    let sizes: Vec<_> = from.store.frontier().into_iter().map(|head| (key, head.origin, head.size)).collect();
    to.store.put_peer_sizes(&sizes).unwrap();
}

/// The province, and an office that went on to its second epoch with one case approved in each.
struct Turned {
    province: Office,
    _home: Home,
    home_b: Home,
    b: Office,
    old: Origin,
    old_case: CaseId,
    old_receipt: String,
    new_case: CaseId,
}

fn turned() -> Turned {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, B, Roles::CAPTURE.with(Roles::REVIEW));
    let old = b.origin().clone();
    let case = home_b.case(&b, &picture(8, 8, [1; 3]), true);
    let old_receipt = case.receipts[0].said.number.clone();
    let asked = b.request_epoch(1).unwrap();
    assert_eq!((asked.epoch, asked.unlogged), (2, None));
    let size = b.store.head(&old).size;
    b.request_epoch(1).unwrap();
    assert_eq!(b.store.head(&old).size, size, "asked again, it does not stand there twice");
    assert_eq!(province.epoch_requests().unwrap(), []);
    assert_eq!(province.grant_epoch(b.code(), None, 1).unwrap_err().code, "not_found");
    sync(&b, &province);
    assert_eq!(province.epoch_requests().unwrap().len(), 1);
    assert_eq!(province.grant_epoch(b.code(), None, 1).unwrap(), 2);
    assert_eq!(province.epoch_requests().unwrap(), [], "given, it waits no longer");
    join_back(&province, &b);
    drop(b);
    let b = home_b.open_as(&province, B);
    b.compared().unwrap();
    assert_ne!(*b.origin(), old);
    let new_case = home_b.case(&b, &picture(8, 8, [2; 3]), true).id;
    Turned { province, _home: home, home_b, b, old, old_case: case.id, old_receipt, new_case }
}

#[test]
fn a_new_year_is_asked_for_once() {
    let home = Home::new();
    let province = home.open();
    let (_home_b, b) = Home::join(&province, B, Roles::CAPTURE);
    assert!(!b.turn_of_the_year(now_ms()).unwrap());
    assert!(b.turn_of_the_year(now_ms() + YEAR_MS).unwrap());
    assert!(!b.turn_of_the_year(now_ms() + YEAR_MS).unwrap(), "it waits for an answer");
    sync(&b, &province);
    assert_eq!(province.epoch_requests().unwrap()[0].rotate.epoch, 2);
}

#[test]
fn years_are_those_of_china() {
    assert_eq!(year_in_china(1_767_196_799_999), 2025, "2025-12-31 23:59:59.999 in Beijing");
    assert_eq!(year_in_china(1_767_196_800_000), 2026);
}

#[test]
fn only_whole_and_settled_logs_that_their_office_left_are_retired() {
    let Turned { province, b, old, old_case, _home, home_b: _home_b, .. } = turned();
    let may = |now| province.plan_retirement(next_year(), now).unwrap();
    let nothing = Retirement { logs: vec![], kept: BTreeMap::new() };
    assert_eq!(may(later()), nothing, "nothing of the next epoch has come: it may still write in the old one");
    sync(&b, &province);
    assert_eq!(may(later()), nothing, "it did not say that it holds no more of the old one");
    province.store.put_peer_sizes(&[(b.keys.office.public(), old.clone(), 99)]).unwrap();
    assert_eq!(may(later()), nothing, "it holds more");
    tell_sizes(&b, &province);
    assert_eq!(province.plan_retirement(next_year() - 1, later()).unwrap(), nothing, "it was written this year");
    assert_eq!(may(now_ms()).kept, BTreeMap::from([(old.clone(), Kept::Open(old_case))]), "its receipt is valid");
    let end = province.point_held(&old, None).unwrap();
    assert_eq!(may(later()).logs, [end]);
    assert_eq!(b.plan_retirement(next_year(), later()).unwrap_err().code, "not_the_province");
}

#[test]
fn what_was_retired_counts_where_everything_is_kept_and_is_proved_from_there() {
    let Turned { province, _home, home_b, b, old, old_case, old_receipt, new_case } = turned();
    let (home_c, c) = Home::join(&province, "44030003", Roles::REVIEW);
    sync(&b, &province);
    sync(&b, &c);
    tell_sizes(&b, &province);
    let seen = |office: &Office, id| office.case(id).unwrap().map(|case| case.status);
    assert_eq!(seen(&c, old_case), Some(Status::Approved));
    assert_eq!(province.retire(next_year(), later(), 1).unwrap().logs.len(), 1);
    assert_eq!(province.retire(next_year(), later(), 1).unwrap().logs, [], "once");
    assert_eq!(seen(&c, old_case), Some(Status::Approved), "c has not heard of it");
    for office in [&b, &c] {
        join_back(&province, office);
        while !office.settle(64).unwrap() {}
        assert_eq!((seen(office, old_case), seen(office, new_case)), (None, Some(Status::Approved)));
        assert_eq!(office.count(Status::Approved).unwrap(), 1);
        assert_eq!(office.compare_states(|| {}).unwrap(), []);
        assert!(!office.follow().contains(&old) && office.leaves_out());
        // An archive proves it to whoever asks.
        assert!(matches!(receipts::look_up(office, &old_receipt, now_ms()).unwrap(), Answer::UnknownHere(_)));
        let (origin, index) = receipts::to_ask_about(office, &old_receipt).unwrap().unwrap();
        let evidence = receipts::evidence(&province, &origin, index).unwrap().unwrap();
        let told = Told::verify(office, &[evidence]).unwrap();
        assert!(matches!(receipts::look_up_with(office, &old_receipt, &told, now_ms()).unwrap(), Answer::Valid(_)));
    }
    while !province.settle(64).unwrap() {}
    assert_eq!(seen(&province, old_case), Some(Status::Approved));
    assert!(matches!(receipts::look_up(&province, &old_receipt, now_ms()).unwrap(), Answer::Valid(_)));
    assert_eq!(province.prunable().unwrap(), Prunable::default(), "who keeps everything keeps it");

    // Off the disk, where an archive has all of it.
    assert_eq!(c.prune().unwrap().alone, BTreeSet::from([old.clone()]));
    assert!(c.store.head(&old).size > 0);
    c.store.put_peer_sizes(&[(b.keys.office.public(), old.clone(), 99)]).unwrap();
    assert_eq!(c.prunable().unwrap().logs, BTreeMap::new(), "another office may prune it as well");
    for (home, office) in [(&home_b, b), (&home_c, c)] {
        tell_sizes(&province, &office);
        let before = office.store.dump_states();
        assert_eq!(office.prune().unwrap().logs.len(), 1);
        assert_eq!(office.prune().unwrap(), Prunable::default());
        assert_eq!(office.store.head(&old).size, 0);
        assert_eq!(office.store.blobs.names().unwrap().len(), if office.code() == B.parse().unwrap() { 4 } else { 0 });
        office.collect_orphans(0).unwrap();
        assert_eq!(office.store.dump_states(), before, "what counted is as it was");
        assert_eq!(office.compare_states(|| {}).unwrap(), []);
        sync(&province, &office);
        assert_eq!(office.store.head(&old).size, 0, "it does not come back");
        let code = office.code().to_string();
        drop(office);
        let office = home.open_as(&province, &code);
        assert_eq!((seen(&office, old_case), seen(&office, new_case)), (None, Some(Status::Approved)));
        assert!(matches!(office.held(), None | Some(crate::service::Held::Unasked)), "{:?}", office.held());
    }
}

/// An office that was away for years has one half of a case's records when it hears that all of them are retired.
#[test]
fn who_was_away_shows_no_half_of_a_case() {
    let Turned { province, b, old_case, _home, home_b: _home_b, .. } = turned();
    let (_home_c, c) = Home::apart(&province, "44030003", Roles::REVIEW);
    join_back(&province, &c);
    sync(&b, &province);
    tell_sizes(&b, &province);
    let submission = b.case(old_case).unwrap().unwrap().current.clone();
    // All that c got of the old log is the submission.
    let mut package = province.store.package(&submission.origin, 0).unwrap().unwrap();
    let here = submission.index + 1;
    package.entries.truncate(usize::try_from(here).unwrap());
    package.proof = province
        .store
        .with_subtrees(&submission.origin, |view| {
            protocol::merkle::consistency_proof(view, here, province.store.head(&submission.origin).size)
        })
        .unwrap()
        .unwrap()
        .into_iter()
        .map(Into::into)
        .collect();
    c.ingest(&submission.origin, package).unwrap().unwrap();
    while !c.settle(64).unwrap() {}
    assert_eq!(c.case(old_case).unwrap().unwrap().status, Status::Submitted);
    province.retire(next_year(), later(), 1).unwrap();
    join_back(&province, &c);
    sync(&b, &c);
    while !c.settle(64).unwrap() {}
    assert_eq!((c.case(old_case).unwrap(), c.count(Status::Submitted).unwrap()), (None, 0));
}

#[test]
fn mend_10_nothing_is_retired_by_a_doubtful_clock_or_for_a_year_that_lies_ahead() {
    let Turned { province, b, _home, home_b: _home_b, .. } = turned();
    sync(&b, &province);
    tell_sizes(&b, &province);
    let size = || province.store.head(province.members().province().origin()).size;
    let before = size();
    assert_eq!(province.retire(9_999, now_ms(), 1).unwrap_err().code, "year_ahead");
    assert_eq!(province.retire(next_year() + 1, now_ms(), 1).unwrap_err().code, "year_ahead");
    // The province signed a year ahead of what its clock says now: one of both is wrong.
    province.retire(next_year(), now_ms(), 1).unwrap();
    province
        .append(|_, signer| {
            let note = protocol::record::EpochRequested { rotation: vec![], operator: 0, at_ms: now_ms() + YEAR_MS };
            Ok(vec![signer.sign(&Record::EpochRequested(note))?])
        })
        .unwrap();
    assert!(province.clock_doubt().unwrap().is_some());
    assert_eq!(province.retire(next_year(), now_ms(), 1).unwrap_err().code, "clock_in_doubt");
    assert_eq!(size(), before, "nothing was retired");
}

#[test]
fn mend_10_a_returned_case_is_settled_when_it_cannot_be_captured_again() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, B, Roles::CAPTURE.with(Roles::REVIEW));
    let (old, case) = (b.origin().clone(), home_b.case(&b, &picture(8, 8, [1; 3]), false));
    let decision = crate::service::review::Decision {
        verdict: protocol::record::Verdict::Return,
        submission: case.current.hash,
        reasons: vec![crate::service::reasons::all().next().unwrap().0.to_owned()],
    };
    crate::service::review::decide(&b, case.id, decision, 2).unwrap();
    b.request_epoch(1).unwrap();
    sync(&b, &province);
    province.grant_epoch(b.code(), None, 1).unwrap();
    join_back(&province, &b);
    drop(b);
    let b = home_b.open_as(&province, B);
    b.compared().unwrap();
    home_b.case(&b, &picture(8, 8, [2; 3]), true);
    sync(&b, &province);
    tell_sizes(&b, &province);
    let plan = province.plan_retirement(next_year(), later()).unwrap();
    assert_eq!(plan.kept, BTreeMap::from([(old.clone(), Kept::Open(case.id))]), "it may be captured again");
    // Its data are erased: nobody captures it again, neither here nor by what others count.
    crate::service::erasure::erase(&b, case.id, "retention_ended", 1).unwrap();
    let again = crate::service::intake::NewDraft {
        spec_id: "cn-id-card".into(),
        applicant: Some(crate::service::payload::Applicant { name: "张伟".into(), id_number: "11010519491231002X".into() }),
        consent: crate::service::testing::agreed(),
        operator: 1,
        case: Some(case.id),
    };
    assert_eq!(crate::service::intake::begin(&b, again, |_| Ok(())).unwrap_err().code, "already_erased");
    sync(&b, &province);
    tell_sizes(&b, &province);
    let plan = province.plan_retirement(next_year(), later()).unwrap();
    assert_eq!(plan.logs.iter().map(|log| log.origin.clone()).collect::<Vec<_>>(), [old]);
}

#[test]
fn mend_10_the_person_of_a_retired_case_can_be_erased() {
    let Turned { province, b, old_case, old_receipt, _home, home_b, .. } = turned();
    receipts::revoke(&b, &old_receipt, "applicant_asked", 1).unwrap();
    sync(&b, &province);
    tell_sizes(&b, &province);
    assert_eq!(province.retire(next_year(), now_ms(), 1).unwrap().logs.len(), 1);
    join_back(&province, &b);
    while !b.settle(64).unwrap() {}
    assert_eq!(b.case(old_case).unwrap(), None, "it is in no list any more");
    let payload = b.case_ever(old_case).unwrap().unwrap().current.said.payload;
    assert!(b.store.blobs.size(payload).is_some());
    crate::service::erasure::erase(&b, old_case, "retention_ended", 1).unwrap();
    assert!(b.store.blobs.size(payload).is_none());
    assert_eq!(crate::service::erasure::erase(&b, old_case, "retention_ended", 1).unwrap_err().code, "already_erased");
    sync(&b, &province);
    assert!(province.case(old_case).unwrap().unwrap().is_erased(payload), "archives hear of it");
    drop(home_b);
}

#[test]
fn mend_02_every_key_that_asks_for_the_next_epoch_is_shown_and_a_far_one_hides_nothing() {
    let home = Home::new();
    let province = home.open();
    let (_home_b, b) = Home::join(&province, B, Roles::CAPTURE);
    // What a thief asks for stands in the same log: a far epoch, and the next one with a key of its own.
    let ask = |epoch: u32, home: &Home| {
        let keys = Keys::prepare(&home.path().join("keys"), epoch).unwrap();
        let origin = Origin::office("test.huizhi", b.code(), epoch).unwrap();
        let rotation = enrolment::sign_rotation(&keys, &origin).unwrap().bytes().to_vec();
        let record = Record::EpochRequested(EpochRequested { rotation, operator: 0, at_ms: 0 });
        b.append(|_, signer| Ok(vec![signer.sign(&record)?])).unwrap();
        keys.office.public()
    };
    let genuine = b.request_epoch(1).unwrap();
    assert_eq!(genuine.epoch, 2);
    let other = Home::new();
    ask(90, &other);
    let theirs = ask(2, &other);
    sync(&b, &province);
    let asked = province.epoch_requests().unwrap();
    assert_eq!(asked.iter().map(|asked| asked.rotate.epoch).collect::<Vec<_>>(), [2, 2]);
    let keys: Vec<String> = asked.iter().map(|asked| asked.rotate.key.to_string()).collect();
    let refusal = province.grant_epoch(b.code(), None, 1).unwrap_err();
    assert!(refusal.code == "several_keys_ask" && keys.iter().all(|key| refusal.text.en.contains(key)));
    let genuine = keys.iter().find(|key| **key != theirs.to_string()).unwrap();
    assert_eq!(province.grant_epoch(b.code(), Some(&genuine[..4]), 1).unwrap_err().code, "several_keys_ask", "too short to mean one");
    assert_eq!(province.grant_epoch(b.code(), Some(&genuine[..8]), 1).unwrap(), 2);
    assert_eq!(province.members().office(b.code()).unwrap().enrol.key.to_string(), *genuine);
    assert_eq!(province.epoch_requests().unwrap(), []);
}
