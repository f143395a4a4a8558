//! The way of one photo: from a counter to a receipt that another office verifies.

use serde_json::json;
use system_tests::{Federation, Node, eventually, pictures};

#[test]
fn one_photo_all_the_way() {
    let federation = Federation::start_with_roles("capture,document");
    let (counter, reviewer, elsewhere) = (federation.a.client(), federation.province.client(), federation.b.client());

    let id = counter.submit("cn-id-card", &pictures::astronaut(), None);
    let reviewed = reviewer.put(&format!("/api/cases/{id}/note"), &json!({ "text": "" }));
    assert!([200, 404].contains(&reviewed.status), "writing before the case arrived is refused, not lost");
    eventually("the case reaches the province", || {
        reviewer.get("/api/cases?status=submitted").json().as_array().filter(|rows| rows.len() == 1).map(|_| ())
    });
    let note = reviewer.put(&format!("/api/cases/{id}/note"), &json!({ "text": "头发略高，可以接受" }));
    assert_eq!(note.json()["text"], "头发略高，可以接受");
    let decided = reviewer.decide(&id, "approve", &[]);
    assert_eq!(decided["applicant"]["name"], "张伟", "the reviewer opens the sealed payload");
    assert_eq!(decided["row"]["status"], "approved");
    let number = decided["receipt_number"].as_str().unwrap().to_owned();

    // The capturing office: receipt, note and PDF.
    let case = eventually("receipt and note reach office A", || {
        let case = counter.get(&format!("/api/cases/{id}")).json();
        (case["receipt_number"] == *number && case["note"]["text"] == "头发略高，可以接受").then_some(case)
    });
    assert_eq!(case["row"]["sent"], true);
    let pdf = counter.get(&format!("/api/receipts/{number}/pdf"));
    assert!(pdf.bytes.starts_with(b"%PDF-"), "{:?}", pdf.json());

    // Another office: the number alone gives verdict and photo, but neither name nor original.
    let answer = eventually("the receipt reaches office B", || {
        let answer = elsewhere.get(&format!("/api/receipts/{}", number.replace('-', ""))).json();
        (answer["verdict"] == "valid").then_some(answer)
    });
    let kinds: Vec<_> = answer["receipt"]["chain"].as_array().unwrap().iter().map(|step| step["kind"].clone()).collect();
    assert_eq!(kinds, ["submitted", "decided", "receipt_issued"]);
    assert!(answer["receipt"]["applicant"].is_null());
    let photo = elsewhere.get(&format!("/api/receipts/{number}/photo"));
    assert_eq!((photo.status, &photo.bytes[..3]), (200, &[0xff, 0xd8, 0xff][..]));
    assert_eq!(photo.bytes, counter.get(&format!("/api/cases/{id}/photo")).bytes);
    assert_eq!(elsewhere.get(&format!("/api/cases/{id}/original")).code(), "photo_elsewhere");

    // A mistyped number is told apart from an unknown one.
    let mut mistyped = number.clone().into_bytes();
    mistyped[17] = if mistyped[17] == b'9' { b'8' } else { mistyped[17] + 1 };
    let mistyped = String::from_utf8(mistyped).unwrap();
    assert_eq!(elsewhere.get(&format!("/api/receipts/{mistyped}")).json()["verdict"], "mistyped");
}

#[test]
fn a_return_with_reasons_is_captured_again() {
    let federation = Federation::start();
    let (counter, reviewer) = (federation.a.client(), federation.province.client());
    let id = counter.submit("cn-id-card", &pictures::astronaut(), None);
    let without_reason = eventually("the photo reaches the province", || {
        let case = reviewer.get(&format!("/api/cases/{id}")).json();
        (case["photo_here"] == true).then(|| json!({ "verdict": "return", "submission": case["submission"], "reasons": [] }))
    });
    assert_eq!(reviewer.post(&format!("/api/cases/{id}/decision"), &without_reason).code(), "reason_missing");
    reviewer.decide(&id, "return", &["head_tilted", "exposure"]);
    let returned = eventually("the return reaches office A", || {
        let case = counter.get(&format!("/api/cases/{id}")).json();
        (case["row"]["status"] == "returned").then_some(case)
    });
    assert_eq!(returned["decisions"][0]["reasons"][0]["code"], "head_tilted");
    assert_eq!(counter.submit("cn-id-card", &pictures::astronaut(), Some(&id)), id, "the case keeps its id");
    // A decision on the photo that was seen before does not count for the new one.
    let stale = json!({ "verdict": "approve", "submission": returned["submission"], "reasons": [] });
    eventually("the recapture reaches the province", || {
        let case = reviewer.get(&format!("/api/cases/{id}")).json();
        (case["row"]["status"] == "submitted").then_some(())
    });
    assert_eq!(reviewer.post(&format!("/api/cases/{id}/decision"), &stale).code(), "submission_stale");
    assert_eq!(reviewer.decide(&id, "approve", &[])["row"]["status"], "approved");
}

#[test]
fn without_a_model_the_staff_marks_the_points() {
    let federation = Federation::start();
    let counter = federation.a.client();
    let id = counter.draft("cn-id-card", None);
    // Against the recorded wall even a drawing can be cut out.
    assert_eq!(counter.put_file("/api/plate", &pictures::drawn_wall()).status, 200);
    // A drawing, which no face model is sure of: whatever it says, marking by hand goes on from the kept original.
    counter.upload(&format!("/api/drafts/{id}/photo"), &pictures::drawn());
    let [left_eye, right_eye, chin, crown] = pictures::DRAWN_MARKS.map(|(x, y)| json!({ "x": x, "y": y }));
    let marks = json!({ "left_eye": left_eye, "right_eye": right_eye, "chin": chin, "crown": crown });
    let marked = counter.post(&format!("/api/drafts/{id}/marks"), &marks).json();
    let result = &marked["result"];
    assert_eq!((&result["width_px"], &result["height_px"], &result["dpi"]), (&json!(358), &json!(441), &json!(350)), "{marked}");
    assert_eq!((&result["located_by"], &result["plate"]), (&json!("marks"), &json!("used")));
    let submitted = counter.post(&format!("/api/drafts/{id}/submit"), &json!({ "override_reason": "drawn" }));
    assert_eq!(submitted.status, 200, "{:?}", submitted.json());
}

#[test]
fn one_office_alone_goes_all_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let (mut office, request) = Node::make(folder.path(), "alone", "44000009", &[]);
    assert!(request.is_empty(), "a founder needs nobody's leave");
    office.start();
    let staff = office.client();
    // The visa shows more of the room, which is busy: a refusal with advice, not a photo with a failed check.
    let visa = staff.draft("us-visa", None);
    let refused = staff.upload(&format!("/api/drafts/{visa}/photo"), &pictures::astronaut()).json();
    assert_eq!((&refused["problem"]["code"], &refused["result"]), (&json!("background_not_separable"), &json!(null)), "{refused}");
    let id = staff.submit("cn-social-card", &pictures::astronaut(), None);
    let number = office.second().decide(&id, "approve", &[])["receipt_number"].as_str().unwrap().to_owned();
    assert!(number.starts_with("44000009-01-"));
    assert_eq!(staff.get(&format!("/api/receipts/{number}")).json()["verdict"], "valid");
    assert!(staff.get(&format!("/api/receipts/{number}/pdf")).bytes.starts_with(b"%PDF-"));
}
