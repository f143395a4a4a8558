//! What is passed on and what is not, a fork that is found by nobody who holds the log, and floods.

use super::*;
use crate::{
    id::Origin,
    keys::OfficeKey,
    log::{Checkpoint, VerifierKey, WitnessKey},
    record::{Enrol, Record, Roles, Signed},
};

const FEDERATION: &str = "demo.huizhi";

fn seed(number: u8, what: u8) -> OfficeKey {
    OfficeKey::from_seed(&[number, what].repeat(16).try_into().unwrap())
}
fn key(number: u8) -> PublicKey {
    seed(number, 2).public()
}
fn code(number: u8) -> crate::id::OfficeCode {
    format!("{number:08}").parse().unwrap()
}
fn log_of(number: u8) -> Origin {
    Origin::office(FEDERATION, code(number), 1).unwrap()
}

/// Three offices, all of them witnesses.
fn members() -> Membership {
    let province = seed(0, 1);
    let log = VerifierKey::new(Origin::province(FEDERATION, 1).unwrap(), province.public());
    let mut members = Membership::new(log.clone());
    for number in 1..=3 {
        let enrol = Enrol {
            code: code(number),
            name: "x".into(),
            key: key(number),
            recipient: "age1".into(),
            roles: Roles::CAPTURE,
            epoch: 1,
            at_ms: 0,
            witness: Some(seed(number, 3).public()),
            region: None,
            roles_from: None,
            documents: None,
        };
        members.apply(&Signed::sign(log.origin(), &province, &Record::Enrol(enrol)).unwrap()).unwrap();
    }
    members
}

fn checkpoint(size: u64, root: u8) -> SignedCheckpoint {
    Checkpoint { origin: log_of(1), size, root: [root; 32] }.sign(&seed(1, 2))
}

/// A gossip that heard this from office 2.
fn after(notes: &[SignedCheckpoint]) -> Gossip {
    let mut gossip = Gossip::default();
    for note in notes {
        gossip.hear(0, key(2), note.note().as_bytes(), &members());
    }
    gossip
}

fn verdict(gossip: &mut Gossip, message: &[u8]) -> Verdict {
    gossip.hear(0, key(2), message, &members()).verdict
}

#[test]
fn a_newer_checkpoint_is_passed_on_and_tells_how_long_the_log_is() {
    let mut gossip = Gossip::default();
    assert_eq!(gossip.size(&log_of(1)), 0);
    for size in [1, 2, 9] {
        let heard = gossip.hear(0, key(2), checkpoint(size, 1).note().as_bytes(), &members());
        assert_eq!((heard.verdict, heard.fork), (Verdict::Accept, None));
        assert_eq!(heard.checkpoint.unwrap().size(), size);
        assert_eq!(gossip.size(&log_of(1)), size);
    }
}

#[test]
fn what_is_known_or_older_goes_no_further_and_nobody_is_to_blame() {
    let mut gossip = after(&[checkpoint(5, 1), checkpoint(9, 1)]);
    for size in [9, 7, 5, 1] {
        assert_eq!(verdict(&mut gossip, checkpoint(size, 1).note().as_bytes()), Verdict::Ignore, "{size}");
    }
}

#[test]
fn every_way_not_to_hold_is_rejected() {
    let note = checkpoint(5, 1).note().to_owned();
    let forged = Checkpoint { origin: log_of(1), size: 5, root: [1; 32] }.sign(&seed(2, 2));
    let long = format!("{note}{}", "— x AAAA\n".repeat(NOTE_BYTES_MAX / 8));
    let cosigned = note.clone() + &false_line();
    for message in [b"".as_slice(), b"\xff\xff", b"no note", forged.note().as_bytes(), long.as_bytes(), cosigned.as_bytes()] {
        let heard = Gossip::default().hear(0, key(2), message, &members());
        assert_eq!(heard, Heard::nothing(Verdict::Reject), "{}", String::from_utf8_lossy(message));
    }
    let foreign = Checkpoint { origin: log_of(9), size: 5, root: [1; 32] }.sign(&seed(9, 2));
    assert_eq!(verdict(&mut Gossip::default(), foreign.note().as_bytes()), Verdict::Ignore, "it may be enrolled and not known here yet");
    let heard = Gossip::default().hear(0, key(9), note.as_bytes(), &members());
    assert_eq!(heard, Heard::nothing(Verdict::Ignore), "a stranger is not listened to");
}

/// The line of witness 2 over another checkpoint.
fn false_line() -> String {
    line(2, &checkpoint(6, 6))
}
fn line(number: u8, on: &SignedCheckpoint) -> String {
    let name = crate::log::WitnessVerifier::of_office(FEDERATION, code(number), seed(number, 3).public()).unwrap().name().to_owned();
    let mut witness = crate::log::Witness::new(WitnessKey::new(&name, seed(number, 3)).unwrap(), []);
    let log = members().verifier(on.origin()).unwrap();
    let request = crate::log::AddCheckpoint { old: 0, proof: Vec::new(), note: on.note().to_owned() };
    witness.add_checkpoint(&request, Some(&log), 1).unwrap().persisted()
}

#[test]
fn lines_of_witnesses_go_around_when_there_are_twice_as_many() {
    let bare = checkpoint(5, 1);
    let with = |numbers: &[u8]| numbers.iter().fold(bare.note().to_owned(), |note, number| note + &line(*number, &bare));
    let mut gossip = after(std::slice::from_ref(&bare));
    assert_eq!(verdict(&mut gossip, with(&[2]).as_bytes()), Verdict::Accept);
    assert_eq!(verdict(&mut gossip, with(&[3]).as_bytes()), Verdict::Ignore, "one line is not more than one");
    assert_eq!(verdict(&mut gossip, with(&[2, 3]).as_bytes()), Verdict::Accept);
    assert_eq!(verdict(&mut gossip, with(&[3, 2]).as_bytes()), Verdict::Ignore);
}

#[test]
fn a_log_that_is_signed_twice_is_proved_by_whoever_hears_both() {
    for seen in [vec![checkpoint(5, 1)], vec![checkpoint(5, 1), checkpoint(8, 1)]] {
        let mut gossip = after(&seen);
        let heard = gossip.hear(0, key(3), checkpoint(5, 2).note().as_bytes(), &members());
        assert_eq!(heard.verdict, Verdict::Accept, "both sides of it are passed on, so that everybody has the proof");
        let fork = ForkProof::decode(&heard.fork.unwrap()).unwrap().verify(&members().verifier(&log_of(1)).unwrap()).unwrap();
        assert_eq!((fork.name().points().0.size, fork.name().points().1.size), (5, 5));
    }
}

#[test]
fn a_busy_log_and_a_busy_peer_wait_and_take_nothing_from_others() {
    let mut gossip = Gossip::default();
    let passed = (1..1_000).filter(|size| verdict(&mut gossip, checkpoint(*size, 1).note().as_bytes()) == Verdict::Accept).count() as u64;
    assert_eq!(passed, GOSSIP_PER_LOG_BURST);
    let other = Checkpoint { origin: log_of(2), size: 5, root: [1; 32] }.sign(&seed(2, 2));
    assert_eq!(gossip.hear(0, key(3), other.note().as_bytes(), &members()).verdict, Verdict::Accept);
    assert!(gossip.logs[&log_of(1)].points.len() <= GOSSIP_POINTS_MAX);
    // One that holds what it says and is more than is looked at costs nobody anything.
    assert_eq!(verdict(&mut gossip, b"garbage"), Verdict::Reject);
    for _ in 0..GOSSIP_PER_PEER_BURST {
        verdict(&mut gossip, checkpoint(1, 1).note().as_bytes());
    }
    assert_eq!(verdict(&mut gossip, b"garbage"), Verdict::Ignore, "not even looked at");
    assert!(!gossip.is_cut_off(0, key(2)));
}

#[test]
fn who_sends_garbage_is_not_listened_to_for_an_hour_and_a_mistake_a_minute_is_forgiven() {
    let mut gossip = Gossip::default();
    let garbage = |gossip: &mut Gossip, now| gossip.hear(now, key(2), b"garbage", &members()).verdict;
    for minute in 0..600 {
        assert_eq!(garbage(&mut gossip, 60_000 * minute), Verdict::Reject);
    }
    let now = 60_000 * 600;
    let rejected = (0..1_000).filter(|_| garbage(&mut gossip, now) == Verdict::Reject).count() as u64;
    assert!(rejected <= GOSSIP_REJECTED_BURST / COST_GOSSIP_REJECTED + 1, "{rejected}");
    let note = checkpoint(5, 1);
    let mut hear = |now| gossip.hear(now, key(2), note.note().as_bytes(), &members()).verdict;
    assert_eq!(hear(now + GOSSIP_CUT_OFF_MS - 1), Verdict::Ignore);
    assert_eq!(hear(now + GOSSIP_CUT_OFF_MS), Verdict::Accept);
}

#[test]
fn an_own_checkpoint_is_published_once_and_again_with_twice_the_lines() {
    let newest = |size, lines| [Newest { origin: log_of(1), size, lines }];
    let mut gossip = Gossip::default();
    let mut publish = |now, size, lines| !gossip.publish(now, &newest(size, lines)).is_empty();
    assert!(!publish(0, 0, 0), "an empty log says nothing");
    assert!(publish(0, 1, 0) && !publish(10_000, 1, 0));
    assert!(publish(20_000, 1, 1) && publish(30_000, 1, 2) && !publish(40_000, 1, 3) && publish(50_000, 1, 4));
    assert!(!publish(50_000 + GOSSIP_PAUSE_MS - 1, 2, 0) && publish(50_000 + GOSSIP_PAUSE_MS, 2, 0));
    gossip.unheard(&log_of(1));
    assert_eq!(gossip.publish(50_000 + GOSSIP_PAUSE_MS, &newest(2, 0)).len(), 1, "nobody heard it");
}
