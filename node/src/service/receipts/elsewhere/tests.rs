//! A receipt of a log that is not followed: as good as a local one from an honest peer, and nothing from a lying one.

use super::*;
use crate::service::{
    receipts::{Answer, look_up, look_up_with, revoke, to_ask_about, use_for},
    testing::{Home, copy_folder, cosign, join_back, picture, sync},
};
use protocol::{
    record::Roles,
    sync::follow::{Follow, Scope},
};

/// An issuer that is the province too, a document office that follows what it needs, and the number of a receipt.
struct Two {
    _homes: (Home, Home),
    issuer: Office,
    elsewhere: Office,
    number: String,
    place: (Origin, u64),
}

fn two() -> Two {
    let home = Home::new();
    let issuer = home.open();
    let (joined, elsewhere) = Home::join(&issuer, "44030002", Roles::DOCUMENT);
    let elsewhere = elsewhere.following(Follow { scope: Some(Scope::Needed), ..Follow::default() });
    let case = home.case(&issuer, &picture(8, 8, [9; 3]), true);
    let number = case.receipts[0].said.number.clone();
    let place = (case.receipts[0].origin.clone(), case.receipts[0].index);
    Two { _homes: (home, joined), issuer, elsewhere, number, place }
}

impl Two {
    fn evidence(&self) -> Evidence {
        evidence(&self.issuer, &self.place.0, self.place.1).unwrap().unwrap()
    }
    fn asks(&self, answers: &[Evidence]) -> Answer {
        let told = Told::verify(&self.elsewhere, answers).unwrap();
        look_up_with(&self.elsewhere, &self.number, &told, now_ms()).unwrap()
    }
}

#[test]
fn what_is_not_followed_is_asked_for_and_verified_as_if_it_were_here() {
    let two = two();
    assert!(matches!(look_up(&two.elsewhere, &two.number, now_ms()).unwrap(), Answer::UnknownHere(_)));
    assert_eq!(to_ask_about(&two.elsewhere, &two.number).unwrap(), Some(two.place.clone()));
    assert_eq!(to_ask_about(&two.elsewhere, "1").unwrap(), None, "mistyped");
    assert_eq!(to_ask_about(&two.issuer, &two.number).unwrap(), None, "who holds every log need not ask");
    let Answer::Valid(found) = two.asks(&[two.evidence()]) else { panic!("it is proved") };
    assert_eq!(found.as_of, Some(AsOf { offices: 1, worthless: 0, witnessed_minutes: None }));
    assert_eq!(found.case.receipts.len(), 1);
    assert!(matches!(two.asks(&[]), Answer::UnknownHere(_)), "nobody has it: neither valid nor invalid");
}

#[test]
fn a_witness_says_until_when_the_answer_reaches() {
    let two = two();
    let (_home, witness) = Home::join(&two.issuer, "44030003", Roles::CAPTURE);
    sync(&two.issuer, &witness);
    cosign(&two.issuer, &witness);
    join_back(&two.issuer, &two.elsewhere);
    let Answer::Valid(found) = two.asks(&[two.evidence()]) else { panic!("it is proved") };
    assert_eq!(found.as_of, Some(AsOf { offices: 1, worthless: 0, witnessed_minutes: Some(0) }));
}

#[test]
fn one_honest_office_is_enough_to_hear_of_a_revocation() {
    let two = two();
    let before = two.evidence();
    revoke(&two.issuer, &two.number, "wrong_person", 1).unwrap();
    assert!(matches!(two.asks(std::slice::from_ref(&before)), Answer::Valid(_)), "who keeps it to itself is believed as of its checkpoint");
    for answers in [[before.clone(), two.evidence()], [two.evidence(), before]] {
        let Answer::Revoked(found) = two.asks(&answers) else { panic!("it was revoked") };
        assert_eq!(found.as_of.unwrap().offices, 2);
    }
}

#[test]
fn a_lying_office_proves_nothing() {
    let two = two();
    let mut lie = two.evidence();
    let forged = lie.logs.iter_mut().flat_map(|log| &mut log.entries).next().unwrap();
    let last = forged.bytes.len() - 1;
    forged.bytes[last] ^= 1;
    assert!(matches!(two.asks(&[lie.clone()]), Answer::UnknownHere(_)));
    let Answer::Valid(found) = two.asks(&[lie, two.evidence()]) else { panic!("another one told the truth") };
    assert_eq!(found.as_of.unwrap().offices, 1, "a lie is nobody's word");
    // The receipt without what it rests on says neither valid nor invalid.
    let mut part = two.evidence();
    part.logs.iter_mut().for_each(|log| log.entries.retain(|placed| placed.index == two.place.1));
    assert!(matches!(two.asks(&[part]), Answer::UnknownHere(_)));
}

#[test]
fn another_history_than_the_one_held_here_is_a_fork_and_proves_nothing() {
    let home = Home::new();
    let issuer = home.open();
    let (_joined, elsewhere) = Home::join(&issuer, "44030002", Roles::DOCUMENT);
    drop(issuer);
    let cloned = copy_folder(&home);
    let receipt_of = |home: &Home, colour| {
        let office = home.open();
        office.compared().unwrap();
        let case = home.case(&office, &picture(8, 8, [colour; 3]), true);
        (office, case.receipts[0].clone())
    };
    let ((issuer, receipt), (twin, same_place)) = (receipt_of(&home, 1), receipt_of(&cloned, 2));
    assert_eq!((&receipt.origin, receipt.index), (&same_place.origin, same_place.index));
    sync(&issuer, &elsewhere);
    let told = evidence(&twin, &same_place.origin, same_place.index).unwrap().unwrap();
    assert_eq!(Told::verify(&elsewhere, &[told]).unwrap().records.len(), 0);
    assert_eq!(elsewhere.forks().len(), 1, "its key signed twice");
}

#[test]
fn a_document_office_uses_a_receipt_that_it_was_only_told_of() {
    let two = two();
    let told = Told::verify(&two.elsewhere, &[two.evidence()]).unwrap();
    let refused = use_for(&two.elsewhere, &two.number, "2026-17", &Told::default(), 1).unwrap_err();
    assert_eq!(refused.code, "not_valid", "unknown here");
    use_for(&two.elsewhere, &two.number, "2026-17", &told, 1).unwrap();
    let Answer::Valid(found) = two.asks(&[two.evidence()]) else { panic!("it is for repeated use") };
    assert_eq!(found.case.uses.len(), 1, "its own word is here");
}
