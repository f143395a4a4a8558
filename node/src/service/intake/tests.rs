//! Drafts: two windows on one, a second click, a power cut at the wrong moment.

use super::*;
use crate::service::{
    receipts::{self, Answer},
    review,
    testing::{self, Home},
};
use photo::NoVision;
use protocol::{
    case::Eyes,
    record::{Consented, Record, Verdict},
};

const BLIND: Maker<'static> = Maker { vision: &NoVision, cancel: None };

fn new_draft(case: Option<CaseId>) -> NewDraft {
    let applicant = Applicant { name: "张伟".into(), id_number: "11010519491231002X".into() };
    NewDraft { spec_id: "cn-id-card".into(), applicant: Some(applicant), consent: testing::agreed(), case, operator: 1 }
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
    other.applicant.as_mut().unwrap().name = "李娜".into();
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

#[test]
fn mend_03_data_are_sealed_for_active_offices_that_decide_here_and_for_nobody_else() {
    let home = Home::new();
    let province = home.open();
    let reviewer = |code: &str, region: Option<&str>| {
        let (home, office) = Home::join(&province, code, Roles::REVIEW);
        let region = region.map(|region| region.parse().unwrap());
        province.set_region(office.code(), region.as_ref()).unwrap();
        let recipient = office.keys.recipient.to_public().to_string();
        (home, office.code(), recipient)
    };
    let (here, elsewhere, revoked) =
        (reviewer("44030002", Some("440300")), reviewer("44010002", Some("440100")), reviewer("44030003", None));
    let (_counter, counter) = Home::join(&province, "44030004", Roles::CAPTURE);
    let (_other, other) = Home::join(&province, "44030005", Roles::CAPTURE.with(Roles::ARCHIVE));
    province.revoke_office(revoked.1, "key_stolen", None, &[], 1).unwrap();
    let of = |office: &Office| office.keys.recipient.to_public().to_string();
    let mut sealed_for = applicants::recipients(&province, counter.code());
    sealed_for.sort();
    let mut expected = vec![of(&province), of(&counter), here.2.clone()];
    expected.sort();
    assert_eq!(sealed_for, expected);
    assert!(!sealed_for.contains(&elsewhere.2) && !sealed_for.contains(&revoked.2) && !sealed_for.contains(&of(&other)));
}

#[test]
fn mend_06_who_is_not_in_charge_does_not_decide_and_who_makes_other_documents_uses_nothing() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, "44030002", Roles::CAPTURE);
    let (_home_c, c) = Home::join(&province, "44010002", Roles::REVIEW.with(Roles::DOCUMENT));
    province.set_region(c.code(), Some(&"440100".parse().unwrap())).unwrap();
    province.set_documents(c.code(), Some(vec!["cn-exit-entry".into()])).unwrap();
    assert_eq!(province.set_documents(c.code(), Some(vec!["no-such".into()])).unwrap_err().code, "document_unknown");
    let case = home_b.case(&b, &testing::picture(8, 8, [7; 3]), false);
    for office in [&province, &c] {
        testing::sync(&province, office);
        testing::sync(&b, office);
        office.store.blobs.put(&testing::picture(8, 8, [7; 3])).unwrap();
    }
    let decision = || review::Decision { verdict: Verdict::Approve, submission: case.current.hash, reasons: vec![] };
    assert_eq!(review::decide(&c, case.id, decision(), 2).unwrap_err().code, "not_in_charge");
    let decided = review::decide(&province, case.id, decision(), 2).unwrap();
    let number = decided.receipts[0].said.number.clone();
    assert_eq!(decided.receipts[0].said.document.as_deref(), Some("cn-id-card"));
    testing::sync(&province, &c);
    let told = receipts::Told::default();
    assert_eq!(receipts::use_for(&c, &number, "x", &told, 1).unwrap_err().code, "document_other");
    province.set_documents(c.code(), None).unwrap();
    testing::sync(&province, &c);
    receipts::use_for(&c, &number, "x", &told, 1).unwrap();
    assert_eq!(receipts::revoke(&c, &number, "wrong_person", 1).unwrap_err().code, "other_office");
    testing::sync(&c, &province);
    let uses = |office: &Office| {
        let case = office.case(case.id).unwrap().unwrap();
        case.uses_of(case.receipts[0].hash).count()
    };
    assert_eq!((uses(&province), uses(&c)), (1, 1));
    assert_eq!(receipts::annul(&b, &number, Some(c.code()), "not_entitled", &told, 1).unwrap_err().code, "not_found", "unknown there");
    receipts::annul(&province, &number, Some(c.code()), "not_entitled", &told, 1).unwrap();
    assert_eq!(receipts::annul(&province, &number, Some(c.code()), "not_entitled", &told, 1).unwrap_err().code, "not_used");
    testing::sync(&province, &c);
    assert_eq!((uses(&province), uses(&c)), (0, 0));
}

#[test]
fn mend_07_who_submitted_does_not_decide_and_a_document_may_ask_for_another_office() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, "44030002", Roles::CAPTURE.with(Roles::REVIEW));
    let decision = |case: &Case| review::Decision { verdict: Verdict::Approve, submission: case.current.hash, reasons: vec![] };
    let case = home_b.case(&b, &testing::picture(8, 8, [7; 3]), false);
    assert_eq!(case.eyes(), None);
    assert_eq!(review::decide(&b, case.id, decision(&case), 1).unwrap_err().code, "four_eyes", "operator 1 submitted it");
    assert_eq!(review::decide(&b, case.id, decision(&case), 2).unwrap().eyes(), Some(Eyes::OneOffice));
    // The document asks for another office; the staff numbers of both are their own.
    let text = crate::service::specs::by_id(&province, "cn-id-card").unwrap().spec.text().replacen("version = 1", "version = 2", 1);
    let text = text.replace("required = true", "required = true\nfour_eyes = \"offices\"");
    crate::service::specs::publish(&province, &text, None, 1).unwrap();
    testing::join_back(&province, &b);
    let case = home_b.case(&b, &testing::picture(8, 8, [8; 3]), false);
    assert_eq!(review::decide(&b, case.id, decision(&case), 2).unwrap_err().code, "four_eyes");
    testing::sync(&b, &province);
    province.store.blobs.put(&testing::picture(8, 8, [8; 3])).unwrap();
    assert_eq!(review::decide(&province, case.id, decision(&case), 1).unwrap().eyes(), Some(Eyes::TwoOffices));
    // What a program signs that does not ask is shown where it is read.
    assert!(!review::keeps(::specs::FourEyes::Offices, Eyes::OneOffice) && review::keeps(::specs::FourEyes::None, Eyes::OnePerson));
}

#[test]
fn mend_56_a_clock_that_lags_is_doubted_and_not_the_person() {
    let (in_1970, in_2026) = (0, 1_798_000_000_000);
    let born_in_2010 = |last| id_number::parse("440301201001010012", last).is_ok();
    assert!(born_in_2010(last_birthday(in_2026, None)));
    assert!(!born_in_2010(last_birthday(in_1970, None)), "nobody is born after today");
    for doubt in [ClockDoubt::BeforeBuild, ClockDoubt::Behind] {
        assert!(born_in_2010(last_birthday(in_1970, Some(doubt))), "{doubt:?}");
    }
    assert!(!born_in_2010(last_birthday(in_1970, Some(ClockDoubt::Ahead))), "a clock that is ahead cannot make a birthday late");
}

#[test]
fn names_are_kept_in_one_spelling_and_private_characters_are_no_matter_of_fonts() {
    let home = Home::new();
    let office = home.open();
    let begin_as = |name: &str| {
        let mut new = new_draft(None);
        new.applicant = new.applicant.map(|applicant| Applicant { name: name.into(), ..applicant });
        begin(&office, new, |name| name.chars().find(|character| *character == '\u{e863}').map_or(Ok(()), Err))
    };
    assert_eq!(begin_as(" 艾力•测\u{e0100}试 ").unwrap().applicant.name, "艾力·测试");
    let refusal = begin_as("王\u{e863}").unwrap_err();
    assert_eq!((refusal.code.as_str(), refusal.field.as_deref()), ("name_private_character", Some("name")));
    assert!(refusal.text.zh.contains("U+E863") && !refusal.text.en.contains("font"), "{refusal:?}");
}

#[test]
fn mend_39_what_an_applicant_agreed_to_is_on_record_with_the_version_of_its_text() {
    let home = Home::new();
    let office = home.open();
    let mut unasked = new_draft(None);
    unasked.consent = None;
    assert_eq!(begin(&office, unasked, |_| Ok(())).unwrap_err().code, "consent_missing");
    let draft = with_photo(&office, begin_new(&office, None), b"one");
    let agreed = draft.consent.clone().unwrap();
    let case = submit(&office, draft.case().unwrap(), 2, None).unwrap();
    let [consent] = &case.consents[..] else { panic!("{:?}", case.consents) };
    let current = crate::service::consent::Statement::current();
    assert_eq!((consent.said.statement, consent.said.operator, consent.said.at_ms), (current.hash(), 1, agreed.at_ms));
    assert_eq!((consent.said.applicant, consent.said.payload), (case.current.said.applicant, Some(case.current.said.payload)));
}

#[test]
fn mend_39_a_recapture_rests_on_the_consent_of_the_same_person_and_asks_any_other() {
    let home = Home::new();
    let office = home.open();
    let id = with_photo(&office, begin_new(&office, None), b"one").case().unwrap();
    let case = submit(&office, id, 1, None).unwrap();
    let decision = review::Decision { verdict: Verdict::Return, submission: case.current.hash, reasons: vec!["not_frontal".into()] };
    review::decide(&office, id, decision, 2).unwrap();
    let again = |applicant: Option<Applicant>, consent| NewDraft { applicant, consent, ..new_draft(Some(id)) };
    // Nobody is named: it is the person of the case, whose consent is on record.
    let draft = begin(&office, again(None, None), |_| Ok(())).unwrap();
    assert_eq!((&*draft.applicant.name, draft.consent.is_none()), ("张伟", true));
    // A corrected name is another statement of who agreed.
    let other = Applicant { name: "张玮".into(), id_number: "11010519491231002X".into() };
    assert_eq!(begin(&office, again(Some(other.clone()), None), |_| Ok(())).unwrap_err().code, "consent_missing");
    let agreed = testing::agreed();
    let corrected = begin(&office, again(Some(other), agreed), |_| Ok(())).unwrap();
    let case = submit(&office, with_photo(&office, corrected, b"two").case().unwrap(), 1, None).unwrap();
    assert_eq!((case.submissions.len(), case.consents.len()), (2, 2), "each person's own");
}

#[test]
fn mend_39_a_consent_that_rests_on_another_office_s_word_is_none() {
    let home = Home::new();
    let office = home.open();
    let id = with_photo(&office, begin_new(&office, None), b"one").case().unwrap();
    let case = submit(&office, id, 1, None).unwrap();
    let (_other, thief) = Home::join(&office, "44030002", Roles::CAPTURE);
    let forged = Consented { operator: 9, ..case.consents[0].said.clone() };
    thief.append(|_, signer| Ok(vec![signer.sign(&Record::Consented(forged))?])).unwrap();
    testing::sync(&thief, &office);
    let case = office.case(id).unwrap().unwrap();
    assert_eq!((case.consents.len(), case.refused.len()), (1, 1));
}
