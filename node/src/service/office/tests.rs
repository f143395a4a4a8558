//! The office: heads after a crash or a restore, and cases that never show an older state than was stored.

mod bounds;
mod disk;
mod mends;
mod region;
mod releases;
mod states;

use super::*;
use crate::{enrolment, service::testing};
use protocol::{
    id::{RecordHash, SpecHash},
    keys::OfficeKey,
    log::{LogPoint, Package, PackageError},
    merkle::Hash,
    record::{Decided, Enrol, Revoke, Submitted, Verdict},
};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// What a test does at a moment that it cannot reach otherwise.
type Moment = std::cell::RefCell<Option<Box<dyn FnMut(&Office)>>>;

thread_local! {
    /// Between a change of membership and the comparison of histories that follows it.
    pub(super) static BETWEEN: Moment = const { std::cell::RefCell::new(None) };
    /// Between a record in the province's log and its place in the membership.
    pub(crate) static APPENDED: Moment = const { std::cell::RefCell::new(None) };
}

/// Does it, once.
pub(super) fn run(moment: &'static std::thread::LocalKey<Moment>, office: &Office) {
    if let Some(mut now) = moment.take() {
        now(office);
    }
}

/// A case of the office with this serial.
fn case_of(office: u8, number: u8) -> CaseId {
    CaseId::new(format!("4403000{office}").parse().unwrap(), [number; 12])
}

/// A case of the office under test.
fn own(number: u8) -> CaseId {
    case_of(1, number)
}

fn submitted(case: CaseId) -> Record {
    let blob = BlobHash([0; 32]);
    Record::Submitted(Submitted {
        case,
        spec: SpecHash([0; 32]),
        photo: blob,
        original: blob,
        payload: blob,
        applicant: blob,
        report: blob,
        operations: vec![],
        located_by: "marks".into(),
        failed_checks: 0,
        supersedes: None,
        operator: 1,
        at_ms: 0,
    })
}

fn append(office: &Office, record: &Record) -> RecordHash {
    office.append(|_, signer| Ok(vec![signer.sign(record)?])).unwrap()[0].hash()
}

#[test]
fn case_43_a_head_file_that_lags_is_signed_anew_and_one_that_leads_stops_writing() {
    let home = testing::Home::new();
    let office = home.open();
    append(&office, &submitted(own(1)));
    let head = home.path().join("heads/office.checkpoint");
    let one = std::fs::read(&head).unwrap();
    append(&office, &submitted(own(2)));
    let two = std::fs::read(&head).unwrap();
    drop(office);
    // A crash between commit and head file.
    std::fs::write(&head, &one).unwrap();
    assert_eq!(home.open().read_only(), None);
    assert_eq!(std::fs::read(&head).unwrap(), two);
    // A database from yesterday.
    let office = home.open();
    append(&office, &submitted(own(3)));
    let three = std::fs::read(&head).unwrap();
    drop(office);
    let other = testing::Home::with_keys_of(&home);
    let office = other.open();
    append(&office, &submitted(own(1)));
    drop(office);
    std::fs::write(other.path().join("heads/office.checkpoint"), &three).unwrap();
    assert!(other.open().read_only().is_some());
}

#[test]
fn a_longer_database_that_does_not_begin_with_what_was_signed_is_not_signed() {
    let home = testing::Home::new();
    let office = home.open();
    append(&office, &submitted(own(1)));
    drop(office);
    let signed = std::fs::read(home.path().join("heads/office.checkpoint")).unwrap();
    let other = testing::Home::with_keys_of(&home);
    let office = other.open();
    (5..8).for_each(|case| _ = append(&office, &submitted(own(case))));
    drop(office);
    std::fs::write(other.path().join("heads/office.checkpoint"), &signed).unwrap();
    let office = other.open();
    assert!(office.read_only().is_some(), "two histories must never carry this office's signature");
    assert_eq!(std::fs::read(other.path().join("heads/office.checkpoint")).unwrap(), signed);
}

#[test]
fn a_case_read_while_it_changes_never_stays_old() {
    let home = testing::Home::new();
    let office = home.open();
    let id = own(1);
    let submission = append(&office, &submitted(id));
    let reading = AtomicBool::new(true);
    let seen: Vec<usize> = std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while reading.load(Ordering::Relaxed) {
                    office.case(id).unwrap();
                }
            });
        }
        // One append right after the other, so that a fold that one of them made necessary is still under way when the next is stored.
        let seen = (0..6).map(|burst| {
            for round in 0..10 {
                let (verdict, operator) = (Verdict::Approve, burst * 10 + round);
                let decided = Decided { case: id, submission, verdict, reasons: vec![], resolves: vec![], operator, at_ms: 0 };
                append(&office, &Record::Decided(decided));
            }
            std::thread::sleep(Duration::from_millis(200));
            office.case(id).unwrap().unwrap().decisions.len()
        });
        let seen = seen.collect();
        reading.store(false, Ordering::Relaxed);
        seen
    });
    assert_eq!(seen, [10, 20, 30, 40, 50, 60]);
}

#[test]
fn made_up_case_ids_are_not_remembered() {
    let home = testing::Home::new();
    let office = home.open();
    for id in 0..50_u8 {
        assert!(office.case(own(id)).unwrap().is_none());
    }
    assert_eq!(lock(&office.cases).cases.len(), 0);
}

/// Another office with two submissions in its log, as a package.
fn other_office() -> (Enrol, Package, [Hash; 2]) {
    let key = OfficeKey::from_seed(&[2; 32]);
    let code = "44030002".parse().unwrap();
    let origin = Origin::office("test.huizhi", code, 1).unwrap();
    let mut edge = merkle::Edge::default();
    let mut roots = Vec::new();
    let entries = [4, 5].map(|case| {
        let record = Signed::sign(&origin, &key, &submitted(case_of(2, case))).unwrap();
        edge.append(record.hash().0, |_, _, _| {});
        roots.push(edge.root());
        record.bytes().to_vec().into()
    });
    let checkpoint = Checkpoint { origin, size: 2, root: edge.root() }.sign(&key).note().to_owned();
    let enrol = Enrol {
        code,
        name: "other".into(),
        key: key.public(),
        recipient: "age1".into(),
        roles: Roles::CAPTURE,
        epoch: 1,
        at_ms: 0,
        witness: None,
        region: None,
        roles_from: None,
        documents: None,
    };
    (enrol, Package { start: 0, entries: entries.into(), checkpoint, proof: vec![] }, [roots[0], roots[1]])
}

#[test]
fn case_23_a_revocation_holds_at_ingest_and_at_replay_alike() {
    let (enrol, package, [root, _]) = other_office();
    let origin = Origin::office("test.huizhi", enrol.code, 1).unwrap();
    for (named, first_counts) in [(root, true), ([9; 32], false)] {
        let upto = LogPoint { origin: origin.clone(), size: 1, root: RecordHash(named) };
        let revoke = Record::Revoke(Revoke { code: enrol.code, upto, reason: "key_stolen".into(), operator: 1, at_ms: 0 });
        let seen = |office: &Office| [4, 5].map(|case| office.case(case_of(2, case)).unwrap().is_some());
        // Entries first, then the revocation; and the same again from disk.
        let home = testing::Home::new();
        let office = home.open();
        office.append_province(&Record::Enrol(enrol.clone())).unwrap();
        assert_eq!(office.ingest(&origin, package.clone()).unwrap(), Ok(()));
        assert_eq!(seen(&office), [true, true]);
        office.append_province(&revoke).unwrap();
        assert_eq!(seen(&office), [first_counts, false]);
        drop(office);
        assert_eq!(seen(&home.open()), [first_counts, false]);
        // The revocation first: a history that it does not name is not taken in at all.
        let home = testing::Home::new();
        let office = home.open();
        office.append_province(&Record::Enrol(enrol.clone())).unwrap();
        office.append_province(&revoke).unwrap();
        assert_eq!(office.ingest(&origin, package.clone()).unwrap().is_ok(), first_counts);
        assert_eq!(seen(&office), [first_counts, false]);
        assert!(!office.is_enrolled(enrol.key), "and its key opens no connection");
    }
}

#[test]
fn case_03_who_loses_a_role_keeps_what_was_written_before() {
    let (enrol, package, _) = other_office();
    let origin = Origin::office("test.huizhi", enrol.code, 1).unwrap();
    let home = testing::Home::new();
    let office = home.open();
    office.append_province(&Record::Enrol(enrol.clone())).unwrap();
    assert_eq!(office.ingest(&origin, package).unwrap(), Ok(()));
    let recipient = office.keys.recipient.to_public().to_string();
    office.enrol(Enrol { roles: Roles::ARCHIVE, recipient, ..enrol.clone() }).unwrap();
    assert!(!office.members().has_role(enrol.key, Roles::CAPTURE));
    assert!(office.case(case_of(2, 4)).unwrap().is_some());
    // One more by an office that has not heard of it.
    let key = OfficeKey::from_seed(&[2; 32]);
    let mut edge = office.store.edge(&origin);
    let record = Signed::sign(&origin, &key, &submitted(case_of(2, 6))).unwrap();
    edge.append(record.hash().0, |_, _, _| {});
    let checkpoint = Checkpoint { origin: origin.clone(), size: 3, root: edge.root() }.sign(&key).note().to_owned();
    let package = Package { start: 2, entries: vec![record.bytes().to_vec().into()], checkpoint, proof: vec![] };
    assert_eq!(office.ingest(&origin, package).unwrap(), Ok(()), "kept, and relayed");
    assert!(office.case(case_of(2, 6)).unwrap().is_none(), "and not counted");
}

/// A peer's copy of this office's log, taken from a store by packages as peers do.
fn held_by_a_peer(office: &Office) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let peer = Store::open(dir.path()).unwrap();
    let key = VerifierKey::new(office.origin().clone(), office.keys.office.public());
    while let Some(package) = office.store.package(office.origin(), peer.head(office.origin()).size).unwrap() {
        let verified = package.verify(&peer.edge(office.origin()), &key, []).unwrap();
        peer.commit_package(office.origin(), verified).unwrap();
    }
    (dir, peer)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &to) } else { _ = std::fs::copy(&path, &to).unwrap() }
    }
}

#[test]
fn case_10_a_database_behind_the_head_file_is_refilled_and_signs_again() {
    let home = testing::Home::new();
    let office = home.open();
    append(&office, &submitted(own(1)));
    drop(office);
    let old = std::fs::read(home.path().join("store.redb")).unwrap();
    let office = home.open();
    (2..5).for_each(|case| _ = append(&office, &submitted(own(case))));
    let (_dir, peer) = held_by_a_peer(&office);
    let root = office.store.head(office.origin()).root;
    drop(office);
    std::fs::write(home.path().join("store.redb"), old).unwrap();
    let office = home.open();
    assert_eq!(office.held(), Some(Held::Behind { origin: office.origin().clone(), here: 1, signed: 4 }));
    assert!(office.append(|_, signer| Ok(vec![signer.sign(&submitted(own(9)))?])).is_err());
    assert!(office.check_drafts().is_ok(), "people at the counter are not sent home");
    office.compared().unwrap();
    assert!(office.held().is_some(), "asking alone is not enough");
    let mut package = peer.package(office.origin(), 1).unwrap().unwrap();
    package.entries[1][20] ^= 1;
    assert!(office.ingest(office.origin(), package).unwrap().is_err(), "only what was signed here is taken back");
    assert_eq!(office.store.head(office.origin()).size, 1);
    office.ingest(office.origin(), peer.package(office.origin(), 1).unwrap().unwrap()).unwrap().unwrap();
    assert_eq!(office.held(), None);
    assert_eq!(office.store.head(office.origin()).root, root);
    append(&office, &submitted(own(9)));
    assert!(office.begins_with(&office.store.head(office.origin()), &lock(&office.own.newest).clone().unwrap()).unwrap());
}

#[test]
fn case_11_a_whole_disk_from_yesterday_learns_from_a_peer_what_it_signed() {
    let home = testing::Home::new();
    let office = home.open();
    append(&office, &submitted(own(1)));
    drop(office);
    let image = tempfile::tempdir().unwrap();
    copy(home.path(), image.path());
    let office = home.open();
    append(&office, &submitted(own(2)));
    let (_dir, peer) = held_by_a_peer(&office);
    let newest = std::fs::read(home.path().join("heads/office.checkpoint")).unwrap();
    let province = office.members().province().clone();
    let code = office.code();
    drop(office);
    let office = Office::open(image.path(), code, &province).unwrap();
    assert_eq!(office.held(), None, "database and head file agree");
    office.ingest(office.origin(), peer.package(office.origin(), 1).unwrap().unwrap()).unwrap().unwrap();
    assert_eq!(office.store.head(office.origin()).size, 2);
    assert_eq!(std::fs::read(image.path().join("heads/office.checkpoint")).unwrap(), newest, "resent, never signed anew");
    assert_eq!(office.held(), Some(Held::Unasked), "who was behind once asks again before signing");
    office.compared().unwrap();
    append(&office, &submitted(own(3)));
}

#[test]
fn case_09_a_clone_that_extends_this_log_while_it_is_written_stops_it() {
    let home = testing::Home::new();
    let office = home.open();
    append(&office, &submitted(own(1)));
    drop(office);
    let clone = tempfile::tempdir().unwrap();
    copy(home.path(), clone.path());
    let office = home.open();
    let other = Office::open(clone.path(), office.code(), &office.members().province().clone()).unwrap();
    let (_dir, peer) = held_by_a_peer(&office);
    append(&office, &submitted(own(2)));
    let (_dir_2, longer) = held_by_a_peer(&office);
    assert_eq!(peer.head(office.origin()).size, 1);
    // The clone takes what the first wrote and goes on; the first hears of it.
    other.ingest(other.origin(), longer.package(other.origin(), 1).unwrap().unwrap()).unwrap().unwrap();
    other.compared().unwrap();
    append(&other, &submitted(own(3)));
    let (_dir_3, longest) = held_by_a_peer(&other);
    assert!(office.ingest(office.origin(), longest.package(office.origin(), 2).unwrap().unwrap()).unwrap().is_err());
    assert_eq!(office.held(), Some(Held::Elsewhere(office.origin().clone())));
    assert!(office.append(|_, signer| Ok(vec![signer.sign(&submitted(own(9)))?])).is_err());
}
