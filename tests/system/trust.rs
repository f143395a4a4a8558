//! What the offices vouch for together: cosigned receipts, and a key that is used on two machines.

use serde_json::Value;
use std::{fs, net::TcpStream};
use system_tests::{Federation, Node, RECORDS_PER_SUBMISSION, copy_folder, eventually, pictures};

fn until_sent(node: &Node) {
    let client = node.client();
    eventually("everything was sent", || {
        let status = client.get("/api/status").json();
        (status["online"] == true && status["to_send"] == 0).then_some(())
    });
}

fn cli(node: &Node, args: &[&str]) -> Value {
    let output = node.cli(&[&["--json"], args].concat());
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

#[test]
fn a_receipt_is_witnessed_by_the_other_offices_and_an_auditor_sees_it() {
    let mut federation = Federation::start();
    let case = federation.a.client().submit("cn-id-card", &pictures::astronaut(), None);
    let reviewer = federation.province.client();
    let decided = reviewer.decide(&case, "approve", &[]);
    let number = decided["receipt_number"].as_str().unwrap().replace(['-', ' '], "");
    let witnesses = |node: &Node, enough: u64| {
        let client = node.client();
        eventually("the receipt is witnessed", || {
            let answer = client.get(&format!("/api/receipts/{number}")).json();
            (answer["receipt"]["witnesses"].as_u64()? >= enough).then_some(())
        });
    };
    witnesses(&federation.province, 2);
    // The others hold the same cosignatures, each other's as well.
    witnesses(&federation.b, 2);
    let proof = reviewer.get(&format!("/api/receipts/{number}/proof")).bytes;
    assert_eq!(String::from_utf8(proof).unwrap().matches("test.huizhi/witness/").count(), 2);
    // And an export of an office that wrote none of it carries them.
    let folder = federation.folder.path().join("export");
    federation.b.cli(&["export", folder.to_str().unwrap()]);
    let verified = cli(&federation.b, &["verify", folder.to_str().unwrap()]);
    let log = "test.huizhi/office/44000001/1";
    let of = verified["witnessed"].as_array().unwrap().iter().find(|of| of["log"] == log).unwrap();
    assert_eq!((&of["witnesses"], &of["quorum"]), (&2.into(), &true.into()), "{verified}");
    // After a restart without anybody there they are still known.
    federation.a.stop();
    federation.b.stop();
    federation.province.stop();
    federation.province.start();
    witnesses(&federation.province, 2);
}

#[test]
fn case_09_a_cloned_machine_is_alarmed_everywhere_adjudicated_and_goes_on_in_a_new_epoch() {
    let mut federation = Federation::start();
    let shared = federation.a.client().submit("cn-id-card", &pictures::astronaut(), None);
    until_sent(&federation.a);
    federation.a.stop();
    let (first, clone) = (federation.folder.path().join("first"), federation.folder.path().join("clone"));
    copy_folder(&federation.a.dir, &clone);
    // The clone writes, and the others take it for the office.
    fs::rename(&federation.a.dir, &first).unwrap();
    fs::rename(&clone, &federation.a.dir).unwrap();
    federation.a.start();
    federation.a.until_it_signs();
    let cloned = federation.a.client().submit("cn-id-card", &pictures::astronaut_number(2), None);
    until_sent(&federation.a);
    federation.a.stop();
    federation.province.stop();
    federation.b.stop();
    // The first machine comes back and writes on, while it reaches nobody.
    fs::rename(&federation.a.dir, &clone).unwrap();
    fs::rename(&first, &federation.a.dir).unwrap();
    federation.a.start();
    federation.a.until_it_signs();
    federation.a.client().submit("cn-id-card", &pictures::astronaut_number(3), None);
    federation.province.start();
    federation.b.start();
    // Two histories of two submissions that share one: proved to everybody.
    for node in [&federation.province, &federation.b, &federation.a] {
        let client = node.client();
        eventually("the fork is proved", || {
            let forks = client.get("/api/status").json()["forks"].take();
            (forks[0]["open"] == true && forks[0]["shared"] == RECORDS_PER_SUBMISSION).then_some(())
        });
    }
    let counter = federation.a.client();
    let why = eventually("the office stops", || counter.get("/api/status").json()["read_only"]["en"].as_str().map(str::to_owned));
    assert!(why.contains("two histories"), "{why}");
    let reviewer = federation.province.client();
    let status_of = |case: &str| reviewer.get(&format!("/api/cases/{case}")).json()["row"]["status"].clone();
    assert_eq!(status_of(&shared), "submitted", "what both share counts");
    assert_eq!(status_of(&cloned), Value::Null, "nothing beyond it does");
    assert!(!federation.province.cli(&["doctor"]).status.success());
    // The province decides; the office, whose key is worth nothing now, still hears of it.
    let fork = cli(&federation.province, &["fork", "list"])[0].clone();
    cli(&federation.province, &["fork", "adjudicate", fork["id"].as_str().unwrap(), "--stands", &RECORDS_PER_SUBMISSION.to_string()]);
    eventually("the office hears of the end of its log", || {
        let why = counter.get("/api/status").json()["read_only"]["en"].as_str()?.to_owned();
        why.contains("ended").then_some(())
    });
    let asked = cli(&federation.a, &["office", "new-epoch"]);
    assert_eq!(asked["epoch"], 2);
    cli(&federation.province, &["office", "rotate", asked["request"].as_str().unwrap()]);
    // It begins anew by itself with the new key.
    let address = federation.a.url().replace("http://", "");
    eventually("the new keys are in use", || {
        let epoch = fs::read_to_string(federation.a.dir.join("keys/epoch")).ok()?;
        (epoch.trim() == "2" && TcpStream::connect(&address).is_ok()).then_some(())
    });
    federation.a.until_it_signs();
    let third = federation.a.client().submit("cn-id-card", &pictures::astronaut_number(4), None);
    eventually("the new log reaches the province", || (status_of(&third) == "submitted").then_some(()));
    assert!(reviewer.decide(&third, "approve", &[])["receipt_number"].is_string());
    let row = cli(&federation.province, &["office", "list"]);
    let a = row.as_array().unwrap().iter().find(|office| office["code"] == "44030401").unwrap().clone();
    assert_eq!((&a["epoch"], &a["active"]), (&2.into(), &true.into()));
}

#[test]
fn a_revoked_office_hears_of_it_stops_and_comes_back_with_a_new_key() {
    let federation = Federation::start();
    let refused = federation.province.cli(&["office", "revoke", "44010501", "--reason", "because"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("office_closed"), "the codes are named");
    assert!(!federation.b.cli(&["office", "revoke", "44030401", "--reason", "key_lost"]).status.success(), "only the province revokes");
    let named = cli(&federation.province, &["office", "revoke", "44010501", "--reason", "key_lost"]);
    let end = &named["ends"][0];
    assert_eq!((&end["log"], &end["size"]), (&"test.huizhi/office/44010501/1".into(), &0.into()));
    let client = federation.b.client();
    eventually("the office hears that it was revoked", || {
        client.get("/api/status").json()["read_only"]["en"].as_str()?.contains("ended").then_some(())
    });
    let row = |code: &str| {
        let list = cli(&federation.province, &["office", "list"]);
        list.as_array().unwrap().iter().find(|office| office["code"] == code).unwrap().clone()
    };
    assert_eq!((&row("44010501")["active"], &row("44030401")["active"]), (&false.into(), &true.into()));
    // Asked for twice, it is one request; a key that is not new is refused.
    let asked = cli(&federation.b, &["office", "new-epoch"]);
    assert_eq!(cli(&federation.b, &["office", "rotate-keys"])["epoch"], asked["epoch"]);
    cli(&federation.province, &["office", "rotate", asked["request"].as_str().unwrap()]);
    assert!(!federation.province.cli(&["office", "rotate", asked["request"].as_str().unwrap()]).status.success());
    eventually("the new log goes on", || (row("44010501")["epoch"] == 2 && row("44010501")["active"] == true).then_some(()));
    eventually("the office uses it", || {
        fs::read_to_string(federation.b.dir.join("keys/epoch")).ok().filter(|epoch| epoch.trim() == "2").map(drop)
    });
    let address = federation.b.url().replace("http://", "");
    eventually("it serves again", || TcpStream::connect(&address).ok());
    federation.b.until_it_signs();
}
