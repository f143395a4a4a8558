//! Who may speak: enrolment, and pages of other sites.

use system_tests::{Federation, Node, eventually};

#[test]
fn a_peer_that_is_not_enrolled_is_refused_in_words_until_it_is() {
    let federation = Federation::start();
    let trust = federation.province.dir.join("federation.json");
    let (mut stranger, request) = Node::make(federation.folder.path(), "stranger", "44200001", &["--join", trust.to_str().unwrap()]);
    stranger.start();
    let client = stranger.client();
    let refused = eventually("the refusal is shown", || {
        let status = client.get("/api/status").json();
        status["peers"][0]["refused"]["zh"].as_str().map(str::to_owned)
    });
    assert!(refused.contains("登记"), "{refused}");
    assert_eq!(client.get("/api/offices").json().as_array().map(Vec::len), Some(0), "nothing was given away");
    let new = serde_json::json!({ "spec_id": "cn-id-card", "applicant": { "name": "张伟", "id_number": "11010519491231002X" }, "consent": client.statement() });
    assert_eq!(client.post("/api/drafts", &new).code(), "office_role_missing");
    // The province admits it, and it works without a restart.
    let enrolled = federation.province.cli(&["enrol", &request, "--roles", "capture"]);
    assert!(enrolled.status.success(), "{}", String::from_utf8_lossy(&enrolled.stderr));
    eventually("the office works", || (client.post("/api/drafts", &new).status == 200).then_some(()));
    // Nobody takes the code of another office.
    let (_, imposter) = Node::make(federation.folder.path(), "imposter", "44030401", &["--join", trust.to_str().unwrap()]);
    let refused = federation.province.cli(&["enrol", &imposter]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("44030401"));
}

#[test]
fn an_invited_office_is_enrolled_when_it_connects_and_nobody_after_it() {
    let federation = Federation::start();
    let invite = |code: &str| {
        let made = federation.province.cli(&["--json", "office", "invite", code, "--name", "龙岗采集点", "--roles", "capture"]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
        made["text"].as_str().unwrap().to_owned()
    };
    let invitation = invite("44030701");
    let mut invited = Node::invited(federation.folder.path(), "invited", &invitation);
    invited.start();
    let client = invited.client();
    let new = serde_json::json!({ "spec_id": "cn-id-card", "applicant": { "name": "张伟", "id_number": "11010519491231002X" }, "consent": client.statement() });
    eventually("the office works", || (client.post("/api/drafts", &new).status == 200).then_some(()));
    let offices = federation.province.client().get("/api/offices").json();
    let office = offices.as_array().unwrap().iter().find(|office| office["code"] == "44030701").cloned().unwrap();
    assert_eq!((&office["name"], &office["roles"]), (&"龙岗采集点".into(), &serde_json::json!(["capture"])));
    let list = federation.province.cli(&["office", "invitations"]);
    assert!(String::from_utf8_lossy(&list.stdout).contains("44030701  joined"), "{list:?}");
    // Another machine with the same invitation is told so on its screen, and gets nothing.
    let mut second = Node::invited(federation.folder.path(), "second", &invitation);
    second.start();
    let client = second.client();
    let words = eventually("the refusal is shown", || {
        let status = client.get("/api/status").json();
        status["peers"][0]["refused"]["en"].as_str().filter(|words| words.contains("invitation")).map(str::to_owned)
    });
    assert!(words.contains("ask the provincial admin for another"), "{words}");
    assert_eq!(client.get("/api/offices").json().as_array().map(Vec::len), Some(0), "nothing was given away");
    // One that was cancelled is no good either, and one for another office is not taken.
    let cancelled = invite("44030702");
    assert!(federation.province.cli(&["office", "uninvite", "44030702"]).status.success());
    second.stop();
    let taken = second.cli(&["office", "accept", &cancelled]);
    assert!(String::from_utf8_lossy(&taken.stderr).contains("is for the office 44030702"), "{taken:?}");
}

#[test]
fn other_sites_cannot_write_and_other_names_cannot_read() {
    let federation = Federation::start();
    let client = federation.a.client();
    assert_eq!(client.forge("/api/drafts", None, false).code(), "csrf");
    assert_eq!(client.forge("/api/drafts", Some("evil.example"), true).code(), "wrong_host");
    let answer = client.post("/api/export", &serde_json::json!({ "dir": "/tmp/x", "photos": true }));
    assert_eq!(answer.code(), "role_missing", "a browser does not choose paths on this machine");
}
