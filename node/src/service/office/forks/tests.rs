//! Two machines with one key, an office that shows two histories: found, proved, remembered, set aside, and cleared by name only.

use super::*;
use crate::service::{
    Held,
    testing::{Home, copy_folder, join_back, picture, sync},
};
use protocol::{
    case::Status,
    log::Package,
    record::{Adjudicated, Record, Roles},
};

const B: &str = "44030002";

/// A province, an office with one submission that both histories share, and another machine with its key that went its own way.
struct Cloned {
    home: Home,
    province: Office,
    _home_b: Home,
    b: Office,
    _home_clone: Home,
    clone: Office,
}

fn submit(home: &Home, office: &Office, colours: &[u8]) {
    colours.iter().for_each(|colour| _ = home.case(office, &picture(8, 8, [*colour; 3]), false));
}

impl Cloned {
    fn new(one: &[u8], other: &[u8]) -> Self {
        let home = Home::new();
        let province = home.open();
        let (home_b, b) = Home::join(&province, B, Roles::CAPTURE);
        submit(&home_b, &b, &[1]);
        drop(b);
        let home_clone = copy_folder(&home_b);
        let (b, clone) = (home_b.open_as(&province, B), home_clone.open_as(&province, B));
        for office in [&b, &clone] {
            office.compared().unwrap();
        }
        submit(&home_b, &b, one);
        submit(&home_clone, &clone, other);
        Self { home, province, _home_b: home_b, b, _home_clone: home_clone, clone }
    }
    fn origin(&self) -> Origin {
        self.b.origin().clone()
    }
    /// The clone's history is found at the province, which holds the other, as the shell does it.
    fn prove(&self) -> Vec<u8> {
        let (note, beginnings) = self.clone.ask_for_proof(&self.origin(), 0, u64::MAX).unwrap().unwrap();
        self.province.compare(&note, &beginnings).unwrap().expect("two histories")
    }
}

fn counted(office: &Office) -> usize {
    office.cases().unwrap().iter().filter(|case| case.status == Status::Submitted).count()
}

#[test]
fn case_09_two_machines_with_one_key_are_found_proved_and_stopped() {
    // Of one length, and with the clone behind the one that the province follows.
    for (one, other) in [(&[2][..], &[3][..]), (&[2, 4, 5, 6], &[3])] {
        let them = Cloned::new(one, other);
        sync(&them.b, &them.province);
        assert_eq!(counted(&them.province), 1 + one.len());
        let proof = them.prove();
        assert_eq!(them.clone.learn_fork(&proof).unwrap(), Learned::New { origin: them.origin(), shared: 2 });
        assert_eq!(them.clone.learn_fork(&proof).unwrap(), Learned::Known, "passed on once");
        assert_eq!(them.b.learn_fork(&proof).unwrap(), Learned::New { origin: them.origin(), shared: 2 });
        // What both share counts; nothing beyond it does, on either side, and neither machine signs.
        assert_eq!([&them.province, &them.b, &them.clone].map(counted), [1, 1, 1]);
        for office in [&them.b, &them.clone] {
            assert_eq!(office.held(), Some(Held::Forked(them.origin())));
            assert!(office.check_writable().is_err());
        }
        assert_eq!(them.province.held(), None, "others work on");
        assert_eq!(them.province.forks()[0].shared, 2);
    }
}

#[test]
fn case_12_a_proof_is_remembered_for_ever_and_garbage_is_not_believed() {
    let them = Cloned::new(&[2, 4], &[3]);
    sync(&them.b, &them.province);
    let proof = them.prove();
    for bit in [800, 2_000, 8 * (proof.len() - 1)] {
        let mut wrong = proof.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(them.b.learn_fork(&wrong).unwrap(), Learned::Garbage, "bit {bit}");
    }
    assert_eq!(them.b.learn_fork(b"").unwrap(), Learned::Garbage);
    assert_eq!(them.b.held(), None);
    let Cloned { home, province, .. } = them;
    drop(province);
    let province = home.open();
    assert_eq!((province.forks().len(), counted(&province)), (1, 1), "after a restart");
    let held = province.fork_proofs_held().unwrap();
    assert_eq!(province.fork_proofs_beside(&held).unwrap(), Vec::<Vec<u8>>::new());
    assert_eq!(province.fork_proofs_beside(&[]).unwrap(), [proof], "a peer that lacks it gets it");
}

#[test]
fn case_12_a_second_history_is_neither_taken_in_nor_cosigned() {
    let them = Cloned::new(&[2], &[3, 4]);
    sync(&them.b, &them.province);
    // The clone is longer: its package does not continue what is held, and its checkpoint is not cosigned.
    let package: Package = them.clone.store.package(&them.origin(), 2).unwrap().unwrap();
    assert!(them.province.ingest(&them.origin(), package).unwrap().is_err());
    let (_, question) = them.clone.ask_for_cosignature(&them.origin(), 0).unwrap().unwrap();
    assert_eq!(them.province.cosign(&question.to_string()).unwrap(), crate::service::Cosigning::No, "it does not hold those entries");
    // The province holds less, so it asks, and the clone proves the fork of its own log.
    let (note, beginnings) = them.province.ask_for_proof(&them.origin(), 0, u64::MAX).unwrap().unwrap();
    let proof = them.clone.compare(&note, &beginnings).unwrap().expect("its own log");
    assert_eq!(them.clone.held(), Some(Held::Forked(them.origin())));
    assert_eq!(them.province.learn_fork(&proof).unwrap(), Learned::New { origin: them.origin(), shared: 2 });
    // One of the length that is held is answered with the proof, too, and without what is shared a second one says more.
    let them = Cloned::new(&[2, 5], &[3]);
    sync(&them.b, &them.province);
    let (_, question) = them.clone.ask_for_cosignature(&them.origin(), 0).unwrap().unwrap();
    let crate::service::Cosigning::OtherHistory(checkpoint) = them.province.cosign(&question.to_string()).unwrap() else { panic!() };
    let proof = them.province.prove_fork(&checkpoint, &[]).unwrap().unwrap();
    assert_eq!(counted(&them.province), 0, "nothing is known to be shared yet");
    assert_eq!(them.clone.learn_fork(&proof).unwrap(), Learned::New { origin: them.origin(), shared: 0 });
    them.prove();
    assert_eq!(counted(&them.province), 1);
}

#[test]
fn case_13_an_adjudication_reopens_the_log_where_the_history_that_it_names_is_held() {
    let them = Cloned::new(&[2], &[3]);
    sync(&them.b, &them.province);
    them.b.learn_fork(&them.prove()).unwrap();
    let fork = them.province.forks().remove(0);
    let said = |one: &LogPoint, stands: &LogPoint| {
        Record::Adjudicated(Adjudicated { one: one.clone(), other: fork.points.1.clone(), stands: stands.clone(), operator: 1, at_ms: 0 })
    };
    let held = them.province.store.head(&them.origin());
    let ours = LogPoint { origin: them.origin(), size: held.size, root: RecordHash(held.root) };
    assert_eq!(counted(&them.province), 1);
    them.province.append_province(&said(&fork.points.0, &ours)).unwrap();
    assert_eq!(counted(&them.province), 2, "the history that stands counts again");
    join_back(&them.province, &them.b);
    assert_eq!(them.b.held(), Some(Held::Ended { origin: them.origin(), stands: 4 }));
    assert_eq!(counted(&them.b), 2);
    drop(them.home);
}

#[test]
fn an_office_that_signs_history_after_history_fills_no_disk() {
    use protocol::log::Checkpoint;
    let home = Home::new();
    let province = home.open();
    let (_home_b, b) = Home::join(&province, B, Roles::CAPTURE);
    let key = protocol::keys::OfficeKey::from_seed(&b.keys.office_seed);
    let note = |root: u8| Checkpoint { origin: b.origin().clone(), size: 1, root: [root; 32] }.sign(&key).note().to_owned();
    // Of equal size the two contradict each other by themselves; larger roots come first, so every later name is less than the ones before.
    let proof = |root: u8| {
        let fork = ForkProof { smaller: note(root), larger: note(255), prefix: RecordHash([255; 32]), path: vec![], common: None };
        fork.encode()
    };
    let (mut forwards, mut backwards): (Vec<u8>, Vec<u8>) = ((0..100).collect(), (0..100).rev().collect());
    let (_home_c, c) = Home::join(&province, "44030003", Roles::CAPTURE);
    for (office, order) in [(&province, &mut backwards), (&c, &mut forwards)] {
        for root in order.drain(..) {
            assert_ne!(office.learn_fork(&proof(root)).unwrap(), Learned::Garbage);
        }
        assert_eq!((office.forks().len(), office.store.forks().unwrap().len()), (FORKS_PER_LOG_MAX, FORKS_PER_LOG_MAX));
    }
    let ids = |office: &Office| office.forks().into_iter().map(|fork| fork.id).collect::<Vec<_>>();
    assert_eq!(ids(&province), ids(&c), "whatever the order");
}

#[test]
fn mend_60_an_export_carries_the_proofs_of_forks_and_its_verdict_says_so() {
    let them = Cloned::new(&[2], &[3]);
    sync(&them.b, &them.province);
    let verdict = |name: &str| {
        let dir = them.home.path().join(name);
        let written = crate::audit::export(&them.province, &dir, false).unwrap();
        (written.forks, crate::audit::verify(&dir, None, None, &mut |_, _, _| {}).unwrap())
    };
    let (forks, before) = verdict("before");
    assert!(forks == 0 && before.holds());
    them.prove();
    let (forks, open) = verdict("open");
    assert_eq!((forks, open.forks, open.holds()), (1, 1, false));
    assert!(open.failures.iter().any(|failure| failure.reason.contains(them.origin().as_str()) && failure.reason.contains("signed twice")));
    // The province says which history stands: the proof stays, and the export holds again.
    let id = them.province.forks()[0].id.clone();
    them.province.adjudicate(&id, "2", 1).unwrap();
    let (forks, settled) = verdict("settled");
    assert_eq!((forks, settled.forks, settled.failures.len()), (1, 1, 0), "{:?}", settled.failures);
    // A proof that was changed is said, and believed by nobody.
    let dir = them.home.path().join("settled/forks");
    let file = std::fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert!(!crate::audit::verify(dir.parent().unwrap(), None, None, &mut |_, _, _| {}).unwrap().holds());
}
