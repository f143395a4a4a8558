//! The province's key was stolen: the successors name another machine, and the offices go on with it.

use serde_json::{Value, json};
use std::path::Path;
use system_tests::{Node, eventually, huizhi, pictures};

/// What a command printed as JSON; it must end well.
fn said(dir: &Path, args: &[&str]) -> Value {
    let output = huizhi(dir, &[&["--json"], args].concat());
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("--json prints JSON")
}

#[test]
fn case_25_two_of_three_successors_make_another_machine_the_province() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let sticks = ["one", "two", "three"].map(|name| path(&format!("{name}.key")));
    let public = sticks.each_ref().map(|stick| {
        let made = said(folder.path(), &["succession", "keygen", stick, "--federation", "test.huizhi"]);
        made["successor"].as_str().unwrap().to_owned()
    });
    let pinned = ["--successor", &public[0], "--successor", &public[1], "--successor", &public[2], "--threshold", "2"];
    let found = [&["--federation", "test.huizhi", "--roles", "review,admin"], &pinned[..]].concat();
    let (mut province, _) = Node::make(folder.path(), "province", "44000001", &found);
    let trust = province.dir.join("federation.json");
    let join = ["--join", trust.to_str().unwrap()];
    let (mut a, request_a) = Node::make(folder.path(), "office-a", "44030401", &join);
    let (mut b, request_b) = Node::make(folder.path(), "office-b", "44010501", &join);
    for (request, roles) in [(request_a, "capture,review,admin"), (request_b, "capture")] {
        said(&province.dir, &["enrol", &request, "--roles", roles]);
    }
    [&mut province, &mut a, &mut b].into_iter().for_each(Node::start);
    let case = eventually("office A is enrolled and captures", || {
        let new = json!({ "spec_id": "cn-id-card", "applicant": { "name": "张伟", "id_number": "11010519491231002X" }, "consent": a.client().statement() });
        (a.client().post("/api/drafts", &new).status == 200).then(|| a.client().submit("cn-id-card", &pictures::astronaut(), None))
    });
    let number = a.second().decide(&case, "approve", &[])["receipt_number"].as_str().unwrap().to_owned();
    let valid_at_b = |b: &Node| (b.client().get(&format!("/api/receipts/{number}")).json()["verdict"] == "valid").then_some(());
    eventually("the receipt reaches office B", || valid_at_b(&b));

    // The incident. The old province stays off; office A takes its place.
    [&mut province, &mut a, &mut b].into_iter().for_each(Node::stop);
    let proposal = path("proposal");
    said(&a.dir, &["succession", "propose", &proposal]);
    said(folder.path(), &["succession", "sign", &proposal, "--key", &sticks[0]]);
    let alone = huizhi(&a.dir, &["succession", "install", &proposal]);
    assert_eq!(alone.status.code(), Some(1), "one successor is not enough");
    assert!(String::from_utf8_lossy(&alone.stderr).contains("1 of the 2"), "{}", String::from_utf8_lossy(&alone.stderr));
    said(folder.path(), &["succession", "sign", &proposal, "--key", &sticks[2]]);
    let config = std::fs::read_to_string(a.dir.join("node.toml")).unwrap();
    let tcp = config.split('"').find(|word| word.starts_with("/ip4/") && word.contains("/tcp/")).unwrap();
    let installed = said(&a.dir, &["succession", "install", &proposal, "--announce", tcp]);
    let again = said(&a.dir, &["succession", "install", &proposal, "--announce", tcp]);
    assert_eq!(installed, again, "doing it again changes nothing");
    let handed = a.dir.join("federation.json");
    let forged = path("forged.json");
    let text = std::fs::read_to_string(&handed).unwrap();
    std::fs::write(&forged, text.replacen("test.huizhi/successor ", "test.huizhi/successor A", 1)).unwrap();
    assert_eq!(huizhi(&b.dir, &["succession", "accept", &forged]).status.code(), Some(1));
    said(&b.dir, &["succession", "accept", handed.to_str().unwrap()]);

    a.start();
    b.start();
    eventually("what was believed stands under the new province", || valid_at_b(&b));
    let spec = String::from_utf8(a.cli(&["specs", "show", "cn-id-card"]).stdout).unwrap();
    let next = path("next.toml");
    std::fs::write(&next, spec.replacen("version = 1\n", "version = 2\n", 1)).unwrap();
    said(&a.dir, &["specs", "publish", &next]);
    eventually("office B follows the new province", || {
        (b.client().get("/api/specs/cn-id-card").json()["summary"]["version"] == 2).then_some(())
    });
    b.client().submit("cn-id-card", &pictures::astronaut(), None);
}
