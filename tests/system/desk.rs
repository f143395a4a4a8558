//! Around the camera: guidance, the empty wall, other documents, print sheets, pictures of the card.

use serde_json::json;
use system_tests::{Federation, Node, eventually, pictures};

#[test]
fn the_capture_desk_is_advised_and_nothing_of_it_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let (mut office, _) = Node::make(folder.path(), "alone", "44000009", &[]);
    office.start();
    let staff = office.client();

    let guided = staff.upload("/api/guidance?spec=cn-id-card", &pictures::wall());
    assert_eq!((guided.status, guided.json()["ready"].clone()), (200, json!(false)), "{:?}", guided.json());
    assert!(["no_face", "no_model"].contains(&guided.json()["code"].as_str().unwrap()), "{:?}", guided.json());
    assert_eq!(staff.upload("/api/guidance?spec=cn-id-card", b"not a picture").code(), "not_an_image");
    assert_eq!(staff.upload("/api/guidance?spec=nothing", &pictures::wall()).status, 422);
    assert_eq!(staff.upload("/api/guidance?spec=cn-id-card", &vec![0; 300 << 10]).status, 413, "a preview frame is small");

    assert!(staff.get("/api/plate").json()["plate"].is_null());
    assert_eq!(staff.put_file("/api/plate", b"not a picture").code(), "not_an_image");
    assert_eq!(staff.put_file("/api/plate", &pictures::truncated()).status, 422);
    assert_eq!(staff.put_file("/api/plate", &pictures::wall()).json()["width_px"], 800);
    assert_eq!(staff.get("/api/plate").json()["plate"]["height_px"], 1000);

    let id = staff.draft("cn-id-card", None);
    assert_eq!(staff.get(&format!("/api/drafts/{id}/feasibility")).code(), "no_original");
    let taken = staff.upload(&format!("/api/drafts/{id}/photo"), &pictures::astronaut()).json();
    assert_eq!(taken["result"]["plate"], "other_size", "{taken}");
    let checks = taken["result"]["checks"].as_array().unwrap();
    assert!(checks.iter().any(|check| check["place"]["width"].as_u64() > Some(0)), "some check says where");
    assert!(checks.iter().any(|check| check["scalar"].is_u64()) && checks.iter().any(|check| check["code"] == "person_judges"));
    let all = staff.get(&format!("/api/drafts/{id}/feasibility")).json();
    let of = |spec: &str| all.as_array().unwrap().iter().find(|row| row["spec"]["id"] == spec).unwrap().clone();
    assert_eq!(of("cn-id-card")["bytes"], taken["result"]["bytes"], "tried among many as when taken for it alone: {all}");
    assert_eq!((&of("us-visa")["feasible"], &of("us-visa")["problem"]["code"]), (&json!(false), &json!("background_not_separable")));

    assert_eq!(staff.delete("/api/plate").status, 204);
    assert!(staff.get("/api/plate").json()["plate"].is_null());
    assert_eq!(staff.upload("/api/card?side=emblem", &pictures::wall()).json()["state"], "not_a_card");

    let submitted = staff.post(&format!("/api/drafts/{id}/submit"), &json!({ "override_reason": "test" }));
    assert_eq!(submitted.status, 200, "{:?}", submitted.json());
    assert_eq!(staff.get(&format!("/api/cases/{id}/sheet.pdf")).code(), "not_approved");
    assert_eq!(office.second().decide(&id, "approve", &[])["row"]["status"], "approved");
    let sheet = staff.get(&format!("/api/cases/{id}/sheet.pdf?paper=a4&gap_mm=2&copies=8"));
    assert!(sheet.bytes.starts_with(b"%PDF-"), "{:?}", sheet.json());
    assert_eq!(staff.get(&format!("/api/cases/{id}/sheet.pdf?paper=a3")).code(), "paper_unknown");
    assert_eq!(staff.get(&format!("/api/cases/{id}/sheet.pdf?gap_mm=-5")).code(), "sheet_out_of_range");
    let case = staff.get(&format!("/api/cases/{id}")).json();
    assert!(case["checks"].as_array().unwrap().iter().any(|check| check["place"].is_object()), "the sealed report says where");
}

#[test]
fn the_photo_is_made_on_the_background_that_was_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let (mut office, _) = Node::make(folder.path(), "alone", "44000009", &[]);
    office.start();
    let staff = office.client();
    let id = staff.draft("cn-graduate", None);
    let path = format!("/api/drafts/{id}/background");
    let begun = staff.get(&format!("/api/drafts/{id}")).json();
    assert_eq!((&begun["background"], begun["backgrounds"].as_array().unwrap().len()), (&json!("#64c5ff"), 3), "{begun}");
    let refused = staff.put(&path, &json!({ "background": "red" }));
    assert_eq!((refused.status, refused.code()), (422, "background_not_offered".into()));
    assert_eq!(staff.put(&path, &json!({ "background": "white" })).json()["background"], "#ffffff");
    let replaced = |draft: serde_json::Value| {
        let operations = draft["result"]["operations"].as_array().unwrap_or_else(|| panic!("no photo: {draft}")).clone();
        operations.into_iter().find(|operation| operation.as_str().unwrap().starts_with("background_replaced")).unwrap()
    };
    assert_eq!(staff.upload(&format!("/api/drafts/{id}/photo"), &pictures::drawn()).status, 200);
    let [left_eye, right_eye, chin, crown] = pictures::DRAWN_MARKS.map(|(x, y)| json!({ "x": x, "y": y }));
    let marks = json!({ "left_eye": left_eye, "right_eye": right_eye, "chin": chin, "crown": crown });
    assert_eq!(replaced(staff.post(&format!("/api/drafts/{id}/marks"), &marks).json()), "background_replaced #ffffff");
    let remade = staff.put(&path, &json!({ "background": "浅蓝色" })).json();
    assert_eq!(remade["result"]["located_by"], "marks", "what the staff marked is not marked again");
    assert_eq!(replaced(remade), "background_replaced #64c5ff");
    // A document that must keep its wall offers no choice.
    let keeps = staff.draft("cn-exit-entry", None);
    assert_eq!(staff.get(&format!("/api/drafts/{keeps}")).json()["backgrounds"], json!([]));
}

/// The models and the clock are real, and only the pictures are prepared: what the sitter does wrong, one after the other, until all is good.
#[test]
fn guidance_leads_from_an_empty_chair_to_ready() {
    let folder = tempfile::tempdir().unwrap();
    let (mut office, _) = Node::make(folder.path(), "alone", "44000009", &[]);
    office.start();
    let staff = office.client();
    let id = staff.draft("cn-id-card", None);
    assert_eq!(staff.upload(&format!("/api/drafts/{id}/photo"), &pictures::astronaut()).status, 200);
    // The finished photo shows a real person before a plain wall, as a camera would that stands right: with some room around the frame.
    let seated = pictures::farther(&staff.get(&format!("/api/drafts/{id}/standardized")).bytes, 1.25);
    let said = |frame: &[u8]| {
        let answer = staff.upload("/api/guidance?spec=cn-id-card", frame);
        assert!([200, 429].contains(&answer.status), "{:?}", answer.json());
        answer.json()
    };
    let until = |frame: &[u8], code: &str| {
        eventually(&format!("guidance says {code}"), || {
            let said = said(frame);
            (said["code"] == code).then_some(said)
        })
    };
    let wrong = [
        ("no_face", pictures::wall()),
        ("come_closer", pictures::farther(&seated, 4.0)),
        ("second_face", pictures::twice(&seated)),
        ("move_right", pictures::leftward(&seated, 0.2)),
    ];
    for (code, frame) in &wrong {
        let told = until(frame, code);
        assert_eq!((&told["ready"], &told["reasons"][0]), (&json!(false), &json!(code)), "{told}");
    }
    let told = until(&seated, "ready");
    assert_eq!((&told["ready"], &told["reasons"]), (&json!(true), &json!([])), "{told}");
    // And away again.
    assert_eq!(until(&pictures::wall(), "no_face")["ready"], false);
}

#[test]
fn what_the_capturing_office_erases_goes_at_the_review_centre_too() {
    let federation = Federation::start();
    let (counter, reviewer) = (federation.a.client(), federation.province.client());
    let id = counter.submit("cn-id-card", &pictures::astronaut(), None);
    let path = format!("/api/cases/{id}");
    eventually("the photo reaches the province", || (reviewer.get(&path).json()["photo_here"] == true).then_some(()));
    let reason = json!({ "reason": "consent_withdrawn" });
    assert_eq!(counter.post(&format!("{path}/erase"), &reason).code(), "not_settled");
    assert_eq!(reviewer.post(&format!("{path}/withdraw"), &reason).code(), "office_role_missing", "a review centre takes nothing back");
    assert_eq!(counter.post(&format!("{path}/withdraw"), &reason).json()["row"]["status"], "withdrawn");
    assert_eq!(counter.post(&format!("{path}/erase"), &reason).json()["erased"], true);
    assert!(counter.get(&format!("{path}/photo")).status >= 400);
    // One blob after the other.
    let there = eventually("the province deletes its copy", || {
        let case = reviewer.get(&path).json();
        (case["erased"] == true && case["photo_here"] == false && case["applicant"].is_null()).then_some(case)
    });
    assert_eq!(there["row"]["status"], "withdrawn");
    assert!(reviewer.get(&format!("{path}/original")).status >= 400);
}
