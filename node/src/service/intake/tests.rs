//! Drafts: two windows on one, a second click, a power cut at the wrong moment.

use super::*;
use crate::service::{
    receipts::{self, Answer},
    review,
    testing::{self, Home},
};
use photo::NoVision;
use protocol::record::Verdict;

const BLIND: Maker<'static> = Maker { vision: &NoVision, cancel: None };

fn new_draft(case: Option<CaseId>) -> NewDraft {
    let applicant = Applicant { name: "张伟".into(), id_number: "11010519491231002X".into() };
    NewDraft { spec_id: "cn-id-card".into(), applicant, consent: true, case }
}

/// A draft whose photo is made already, without an engine.
fn with_photo(office: &Office, draft: Draft, picture: &[u8]) -> Draft {
    testing::with_photo(office, draft, picture, &[picture, b" standardized"].concat())
}

fn begin_new(office: &Office, case: Option<CaseId>) -> Draft {
    begin(office, new_draft(case), |_| Ok(())).unwrap()
}

#[test]
fn two_clicks_submit_once() {
    let home = Home::new();
    let office = home.open();
    let id = with_photo(&office, begin_new(&office, None), b"one").case().unwrap();
    let clicks: Vec<_> = std::thread::scope(|scope| {
        let clicks: Vec<_> = (0..4).map(|_| scope.spawn(|| submit(&office, id, 1, None).is_ok())).collect();
        clicks.into_iter().map(|click| click.join().unwrap()).collect()
    });
    assert_eq!(clicks.iter().filter(|done| **done).count(), 1);
    let case = office.case(id).unwrap().unwrap();
    assert_eq!((case.submissions.len(), case.status), (1, Status::Submitted));
}

#[test]
fn a_draft_that_outlived_its_submission_is_not_submitted_again() {
    let home = Home::new();
    let office = home.open();
    let draft = with_photo(&office, begin_new(&office, None), b"one");
    let id = draft.case().unwrap();
    submit(&office, id, 1, None).unwrap();
    // A power cut came before the draft was gone.
    office.store.put_draft(id, &draft).unwrap();
    assert_eq!(submit(&office, id, 1, None).unwrap().submissions.len(), 1);
    assert!(office.store.draft::<Draft>(id).unwrap().is_none());
    with_photo(&office, draft, b"two");
    assert_eq!(submit(&office, id, 1, None).unwrap_err().code, "already_submitted");
}

#[test]
fn a_picture_that_arrives_while_submitting_takes_nothing_from_the_submission() {
    let home = Home::new();
    let office = home.open();
    for round in 0..20_u8 {
        let id = with_photo(&office, begin_new(&office, None), &[round]).case().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| _ = submit(&office, id, 1, None));
            scope.spawn(|| _ = take_photo(&office, &BLIND, id, b"not a picture"));
        });
        let Some(case) = office.case(id).unwrap() else { continue };
        for blob in [case.current.said.original, case.current.said.photo] {
            assert!(office.store.blobs.size(blob).is_some(), "a signed record names a blob that was thrown away");
        }
        assert!(office.store.draft::<Draft>(id).unwrap().is_none(), "a submitted draft does not come back");
    }
}

#[test]
fn a_recapture_begun_twice_goes_on_with_the_picture_that_was_taken() {
    let home = Home::new();
    let office = home.open();
    let id = with_photo(&office, begin_new(&office, None), b"one").case().unwrap();
    let case = submit(&office, id, 1, None).unwrap();
    let decision = review::Decision { verdict: Verdict::Return, submission: case.current.hash, reasons: vec!["glasses".into()] };
    review::decide(&office, id, decision, 2).unwrap();
    let taken = with_photo(&office, begin_new(&office, Some(id)), b"two");
    assert_eq!(begin_new(&office, Some(id)).original, taken.original);
    // For another applicant it begins anew, and the picture of the first does not stay behind.
    let mut other = new_draft(Some(id));
    other.applicant.name = "李娜".into();
    assert_eq!(begin(&office, other, |_| Ok(())).unwrap().original, None);
    assert_eq!(office.store.blobs.size(taken.original().unwrap()), None);
    assert!(office.store.blobs.size(case.current.said.original).is_some(), "what a record names stays");
}

#[test]
fn a_receipt_is_valid_until_its_day_and_expired_from_then_on() {
    let home = Home::new();
    let office = home.open();
    let id = with_photo(&office, begin_new(&office, None), b"one").case().unwrap();
    let submission = submit(&office, id, 1, None).unwrap().current.hash;
    let decision = review::Decision { verdict: Verdict::Approve, submission, reasons: vec![] };
    let receipt = review::decide(&office, id, decision, 2).unwrap().receipts[0].said.clone();
    let at = |now| receipts::look_up(&office, &receipt.number, now).unwrap();
    assert!(matches!(at(receipt.at_ms), Answer::Valid(_)));
    assert!(matches!(at(receipt.valid_until_ms - 1), Answer::Valid(_)));
    assert!(matches!(at(receipt.valid_until_ms), Answer::Expired(_)));
}

#[test]
fn the_chosen_background_stays_with_the_draft_and_takes_the_photo_on_the_other_one_away() {
    let home = Home::new();
    let office = home.open();
    let new = NewDraft { spec_id: "cn-graduate".into(), ..new_draft(None) };
    let id = begin(&office, new, |_| Ok(())).unwrap().case().unwrap();
    let choose = |background| choose_background(&office, &BLIND, id, background);
    assert_eq!(choose("red").unwrap_err().code, "background_not_offered");
    assert_eq!(draft(&office, id).unwrap().background, None);
    // Before a picture is taken the choice is kept and nothing is made.
    let chosen = choose("白色").unwrap();
    assert_eq!((chosen.background, &chosen.problem), (Some([255, 255, 255]), &None));
    let spec = chosen.spec().unwrap();
    assert_eq!(draft(&office, id).unwrap().wanted(&spec).unwrap().backgrounds(), [[255, 255, 255]]);
    let made = with_photo(&office, draft(&office, id).unwrap(), b"not a picture");
    let photo = made.photo().unwrap();
    let again = choose("light blue").unwrap();
    assert_eq!(again.background, Some([100, 197, 255]));
    assert!(again.result.is_none(), "the photo on white is no photo on blue");
    assert_eq!(again.problem.unwrap().code, "not_an_image", "it was tried anew from the original");
    assert_eq!(office.store.blobs.size(photo), None);
    assert_eq!(submit(&office, id, 1, None).unwrap_err().code, "no_photo");
}
