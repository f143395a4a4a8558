//! Offices that cosign each other: what is durable first, what travels, what counts, and what an auditor makes of it.

use super::*;
use crate::{
    audit,
    service::{
        receipts::{self, Answer},
        testing::{Home, cosign, picture, sync},
    },
};
use protocol::{
    log::{Policy, VerifierKey},
    record::Roles,
};

fn verifier(office: &Office) -> VerifierKey {
    office.members().verifier(office.origin()).unwrap()
}

fn newest(office: &Office) -> SignedCheckpoint {
    SignedCheckpoint::verify(&office.store.head(office.origin()).note, &verifier(office)).unwrap()
}

fn case(home: &Home, office: &Office, colour: u8) {
    home.case(office, &picture(8, 8, [colour; 3]), true);
}

#[test]
fn a_witness_cosigns_what_it_holds_and_the_lines_travel_and_stay() {
    let home = Home::new();
    let owner = home.open();
    let (home_b, b) = Home::join(&owner, "44030002", Roles::CAPTURE);
    let (_home_c, c) = Home::join(&owner, "44030003", Roles::CAPTURE);
    case(&home, &owner, 9);
    assert_eq!(cosign(&owner, &b), Cosigning::No, "it does not hold the entries yet");
    sync(&owner, &b);
    assert!(matches!(cosign(&owner, &b), Cosigning::Line(_)));
    assert_eq!((owner.witnesses_on(&newest(&owner)), owner.newest()[0].lines), (1, 1));
    // A follower receives them with the entries; one that holds the entries is told.
    sync(&owner, &c);
    let key = verifier(&owner);
    let on = |office: &Office| {
        let note = office.store.head(key.origin()).note;
        office.witnesses_on(&SignedCheckpoint::verify(&note, &key).unwrap())
    };
    assert_eq!((on(&b), on(&c)), (1, 1));
    assert!(matches!(cosign(&owner, &c), Cosigning::Line(_)));
    assert_eq!((on(&owner), on(&b), on(&c)), (2, 1, 2));
    assert_eq!(b.take_cosignatures(newest(&owner).note()).unwrap(), Some(2));
    assert_eq!(on(&b), 2);
    // And all of it is there after a restart, at the owner in spite of its head file.
    let number = owner.cases().unwrap()[0].receipts[0].said.number.clone();
    drop((owner, b));
    let owner = home.open();
    assert_eq!(on(&owner), 2);
    assert_eq!(on(&home_b.open_as(&owner, "44030002")), 2);
    // A receipt keeps its witnesses while the next checkpoint waits for its own.
    case(&home, &owner, 7);
    assert_eq!(on(&owner), 0);
    let Answer::Valid(found) = receipts::look_up(&owner, &number, now_ms()).unwrap() else { panic!("the receipt stands") };
    assert_eq!(owner.witnesses_on(&found.verified.checkpoint), 2);
    assert!(found.proof.to_string().contains("test.huizhi/witness/44030003"), "the proof file carries them");
    // Also when fewer are there for the next one.
    sync(&owner, &c);
    assert!(matches!(cosign(&owner, &c), Cosigning::Line(_)));
    let Answer::Valid(found) = receipts::look_up(&owner, &number, now_ms()).unwrap() else { panic!("the receipt stands") };
    assert_eq!((on(&owner), owner.witnesses_on(&found.verified.checkpoint)), (1, 2));
}

#[test]
fn case_24_a_receipt_keeps_the_witness_it_had_and_a_revoked_one_gives_no_more() {
    let home = Home::new();
    let owner = home.open();
    let (_home_b, b) = Home::join(&owner, "44030002", Roles::CAPTURE);
    case(&home, &owner, 9);
    sync(&owner, &b);
    assert!(matches!(cosign(&owner, &b), Cosigning::Line(_)));
    let number = owner.cases().unwrap()[0].receipts[0].said.number.clone();
    let witnessed = || match receipts::look_up(&owner, &number, now_ms()).unwrap() {
        Answer::Valid(found) => owner.witnesses_on(&found.verified.checkpoint),
        other => panic!("{other:?}"),
    };
    assert_eq!(witnessed(), 1);
    owner.revoke_office("44030002".parse().unwrap(), "key_stolen", None, &[], 1).unwrap();
    assert_eq!(witnessed(), 1, "it was given in time");
    // The same key on a later checkpoint, whatever time it writes.
    case(&home, &owner, 7);
    let (note, question) = owner.ask_for_cosignature(owner.origin(), 0).unwrap().unwrap();
    let mut stolen = Witness::new(WitnessKey::new("test.huizhi/witness/44030002", OfficeKey::from_seed(&b.keys.witness_seed)).unwrap(), []);
    let line = stolen.add_checkpoint(&question, Some(&verifier(&owner)), 1).unwrap().persisted();
    assert_eq!(owner.take_cosignatures(&format!("{note}{line}")).unwrap(), Some(0));
    assert_eq!(witnessed(), 1);
}

#[test]
fn nobody_vouches_for_its_own_log_and_no_stranger_counts() {
    let home = Home::new();
    let owner = home.open();
    let (_home_b, b) = Home::join(&owner, "44030002", Roles::CAPTURE);
    case(&home, &owner, 9);
    sync(&owner, &b);
    let (note, question) = owner.ask_for_cosignature(owner.origin(), 0).unwrap().unwrap();
    assert_eq!(owner.cosign(&question.to_string()).unwrap(), Cosigning::No);
    // Its own witness key, used by hand on its own checkpoint, adds nothing.
    let key = OfficeKey::from_seed(&owner.keys.witness_seed);
    let mut own = Witness::new(WitnessKey::new("test.huizhi/witness/44030001", key).unwrap(), []);
    let line = own.add_checkpoint(&question, Some(&verifier(&owner)), 1).unwrap().persisted();
    assert_eq!(owner.take_cosignatures(&format!("{note}{line}")).unwrap(), Some(0));
    // A line under a witness's name that another key made is dropped and does no harm.
    let mut thief = Witness::new(WitnessKey::new("test.huizhi/witness/44030002", OfficeKey::from_seed(&[7; 32])).unwrap(), []);
    let line = thief.add_checkpoint(&question, Some(&verifier(&owner)), 1).unwrap().persisted();
    assert_eq!(owner.take_cosignatures(&format!("{note}{line}")).unwrap(), Some(0));
    assert!(matches!(cosign(&owner, &b), Cosigning::Line(_)));
    assert_eq!(owner.witnesses_on(&newest(&owner)), 1);
}

#[test]
fn case_15_of_two_checkpoints_asked_at_once_the_smaller_is_never_the_last() {
    let home = Home::new();
    let owner = home.open();
    let (home_b, b) = Home::join(&owner, "44030002", Roles::CAPTURE);
    let mut questions = Vec::new();
    for colour in 0..6 {
        case(&home, &owner, colour);
        let (_, question) = owner.ask_for_cosignature(owner.origin(), 0).unwrap().unwrap();
        questions.push(question.to_string());
    }
    sync(&owner, &b);
    // The witness begins at what it holds, so its table of points is made to begin anew.
    *lock(&b.witness) =
        Witness::new(WitnessKey::new("test.huizhi/witness/44030002", OfficeKey::from_seed(&b.keys.witness_seed)).unwrap(), []);
    let answers: Vec<Cosigning> = std::thread::scope(|scope| {
        let asked: Vec<_> = questions.iter().map(|question| scope.spawn(|| b.cosign(question).unwrap())).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    let given: Vec<usize> = (0..6).filter(|at| matches!(answers[*at], Cosigning::Line(_))).collect();
    assert_eq!(given.len(), 1, "each proof begins at nothing, so the first one wins: {answers:?}");
    let size = 4 * (given[0] as u64 + 1);
    assert!(answers.iter().all(|answer| matches!(answer, Cosigning::Line(_)) || *answer == Cosigning::At(size)), "{answers:?}");
    let durable = b.store.witnessed().unwrap();
    assert_eq!(durable.iter().map(|point| point.size).collect::<Vec<_>>(), [size], "what was given out is on disk");
    drop(b);
    let b = home_b.open_as(&owner, "44030002");
    b.compared().unwrap();
    assert_eq!(b.cosign(&questions[0]).unwrap(), Cosigning::At(24), "after a restart nothing below what it holds is cosigned");
}

#[test]
fn an_export_says_who_witnessed_and_a_false_line_is_found() {
    let home = Home::new();
    let owner = home.open();
    let (_home_b, b) = Home::join(&owner, "44030002", Roles::CAPTURE);
    let (_home_c, c) = Home::join(&owner, "44030003", Roles::CAPTURE);
    case(&home, &owner, 9);
    let export = |name: &str| {
        let dir = home.path().join(name);
        audit::export(&owner, &dir, false).unwrap();
        dir
    };
    let log = format!("logs/{}/checkpoint", owner.origin());
    let of = |report: &audit::Report| report.witnessed.iter().find(|of| of.log == owner.origin().as_str()).cloned().unwrap();
    let verify = |dir: &std::path::Path, policy: Option<&Policy>| audit::verify(dir, None, policy, &mut |_, _, _| {}).unwrap();
    let alone = verify(&export("alone"), None);
    assert_eq!((alone.failed, of(&alone).witnesses, of(&alone).quorum), (0, 0, false), "a remark and no failure");
    for witness in [&b, &c] {
        sync(&owner, witness);
        assert!(matches!(cosign(&owner, witness), Cosigning::Line(_)));
    }
    let dir = export("witnessed");
    let report = verify(&dir, None);
    assert_eq!((report.failed, of(&report).witnesses, of(&report).quorum), (0, 2, true), "{report:?}");
    // The auditor's own policy decides where it is given.
    let keys = |office: &Office| WitnessVerifier::of_office("test.huizhi", office.code(), office.keys.witness()).unwrap();
    let logs = || [owner.members().province().clone(), verifier(&owner)];
    let demand = |k| Policy::k_of_n(logs(), [keys(&b), keys(&c)], k).unwrap();
    let demanded = verify(&dir, Some(&demand(2)));
    assert_eq!(demanded.failed, 1, "nobody cosigned the province's log: {demanded:?}");
    assert!(demanded.failures[0].place.contains("province"));
    assert_eq!(verify(&dir, Some(&demand(0))).failed, 0);
    // One changed bit of a cosignature.
    let note = std::fs::read_to_string(dir.join(&log)).unwrap();
    let (kept, line) = note.trim_end().rsplit_once(' ').unwrap();
    let mut line = line.to_owned().into_bytes();
    line[40] = if line[40] == b'A' { b'B' } else { b'A' };
    std::fs::write(dir.join(&log), format!("{kept} {}\n", String::from_utf8(line).unwrap())).unwrap();
    let report = verify(&dir, None);
    assert_eq!(report.failed, 1, "{report:?}");
    assert!(report.failures[0].reason.contains("cosignature"), "{report:?}");
}
