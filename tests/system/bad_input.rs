//! Bad input: a clear message, nothing lost, nothing down.

use serde_json::json;
use system_tests::{Federation, pictures};

#[test]
fn every_bad_picture_is_refused_in_words_and_the_draft_goes_on() {
    let federation = Federation::start();
    let counter = federation.a.client();
    let id = counter.draft("cn-id-card", None);
    for (picture, code) in [
        (b"this is no picture at all".to_vec(), "not_an_image"),
        (pictures::truncated(), "truncated"),
        (pictures::bomb(), "too_large"),
        (pictures::wall(), "no_face"),
        (pictures::two_people(), "two_faces"),
    ] {
        let answer = counter.upload(&format!("/api/drafts/{id}/photo"), &picture);
        let draft = answer.json();
        assert_eq!((answer.status, &draft["problem"]["code"]), (200, &json!(code)), "{draft}");
        let words = draft["problem"]["message"]["zh"].as_str().unwrap_or_default();
        assert!(words.chars().count() >= 8 && words.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c)), "{words}");
        assert_eq!(draft["has_original"], true, "what was taken is kept");
    }
    let good = counter.upload(&format!("/api/drafts/{id}/photo"), &pictures::astronaut()).json();
    assert!(good["problem"].is_null(), "{good}");
}

#[test]
fn wrong_typing_names_the_field() {
    let federation = Federation::start();
    let counter = federation.a.client();
    let begin = |spec: &str, name: &str, id_number: &str, consent: bool| {
        let applicant = json!({ "name": name, "id_number": id_number });
        let consent = consent.then(|| counter.statement());
        counter.post("/api/drafts", &json!({ "spec_id": spec, "applicant": applicant, "consent": consent })).json()
    };
    let wrong = begin("cn-id-card", "张伟", "110105194912310021", true);
    assert_eq!((&wrong["code"], &wrong["field"]), (&json!("id_number_invalid"), &json!("id_number")));
    let wrong = begin("no-such-spec", "张伟", "11010519491231002X", true);
    assert_eq!((&wrong["code"], &wrong["field"]), (&json!("spec_unknown"), &json!("spec_id")));
    let wrong = begin("cn-id-card", "  ", "11010519491231002X", true);
    assert_eq!(wrong["field"], "name");
    let wrong = begin("cn-id-card", "张\u{10fffd}伟", "11010519491231002X", true);
    assert_eq!(wrong["code"], "name_private_character");
    let wrong = begin("cn-id-card", "张\u{13000}伟", "11010519491231002X", true);
    assert_eq!(wrong["code"], "name_not_printable", "no font here has hieroglyphs");
    let wrong = begin("cn-id-card", "张伟", "11010519491231002X", false);
    assert_eq!(wrong["code"], "consent_missing");
}
