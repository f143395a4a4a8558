//! Disks that come back from another day: nothing is signed twice, and what was signed comes back from the other offices.

use serde_json::Value;
use std::fs;
use system_tests::{Federation, Node, RECORDS_PER_SUBMISSION, copy_folder, eventually, pictures};

fn read_only(node: &Node) -> Value {
    node.client().get("/api/status").json()["read_only"].take()
}

fn until_sent(node: &Node) {
    let client = node.client();
    eventually("everything was sent", || {
        let status = client.get("/api/status").json();
        (status["online"] == true && status["to_send"] == 0).then_some(())
    });
}

#[test]
fn case_10_a_node_restored_from_an_old_backup_captures_waits_and_is_refilled_by_the_others() {
    let mut federation = Federation::start();
    let counter = federation.a.client();
    let first = counter.submit("cn-id-card", &pictures::astronaut(), None);
    let backup = federation.folder.path().join("backup");
    let made = federation.a.cli(&["--json", "backup", "--with-keys", "--to", backup.to_str().unwrap()]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let second = counter.submit("cn-id-card", &pictures::astronaut_number(2), None);
    until_sent(&federation.a);
    federation.a.kill();
    federation.province.stop();
    federation.b.stop();
    fs::rename(&federation.a.dir, federation.folder.path().join("lost")).unwrap();
    let restored = federation.a.cli(&["restore", "--from", backup.to_str().unwrap()]);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));

    // Nobody is there: drafts are captured, nothing is signed.
    federation.a.start();
    assert!(read_only(&federation.a)["en"].as_str().unwrap().contains("restored from a backup"));
    let counter = federation.a.client();
    assert_eq!(counter.get(&format!("/api/cases/{first}")).json()["row"]["status"], "submitted");
    assert_eq!(counter.get(&format!("/api/cases/{second}")).status, 404);
    let draft = counter.draft("cn-id-card", None);
    let taken = counter.upload(&format!("/api/drafts/{draft}/photo"), &pictures::astronaut_number(3)).json();
    assert!(taken["problem"].is_null(), "{taken}");
    let submit = |counter: &system_tests::Client| {
        counter.post(&format!("/api/drafts/{draft}/submit"), &serde_json::json!({ "override_reason": "test" }))
    };
    assert_eq!(submit(&counter).code(), "read_only");
    assert!(!federation.a.dir.join("heads/office.checkpoint").exists(), "nothing was signed");

    federation.province.start();
    federation.a.until_it_signs();
    assert_eq!(counter.get(&format!("/api/cases/{second}")).json()["row"]["status"], "submitted", "it came back");
    assert_eq!(submit(&counter).status, 200);
    assert_eq!(federation.a.signed().0, 3 * RECORDS_PER_SUBMISSION);
    let reviewer = federation.province.client();
    eventually("the third case reaches the province", || (reviewer.get(&format!("/api/cases/{draft}")).status == 200).then_some(()));
}

#[test]
fn case_11_a_whole_disk_put_back_is_found_out_before_the_first_signature() {
    let mut federation = Federation::start();
    federation.a.client().submit("cn-id-card", &pictures::astronaut(), None);
    until_sent(&federation.a);
    federation.a.kill();
    let image = federation.folder.path().join("image");
    copy_folder(&federation.a.dir, &image);
    federation.a.start();
    federation.a.until_it_signs();
    let second = federation.a.client().submit("cn-id-card", &pictures::astronaut_number(2), None);
    until_sent(&federation.a);
    federation.a.kill();
    fs::remove_dir_all(&federation.a.dir).unwrap();
    fs::rename(&image, &federation.a.dir).unwrap();
    assert_eq!(federation.a.signed().0, RECORDS_PER_SUBMISSION, "database and head file agree, and both are old");

    federation.province.stop();
    federation.b.stop();
    federation.a.start();
    assert!(read_only(&federation.a)["en"].as_str().unwrap().contains("was in order"));
    federation.province.start();
    federation.a.until_it_signs();
    assert_eq!(federation.a.signed().0, 2 * RECORDS_PER_SUBMISSION);
    let counter = federation.a.client();
    assert_eq!(counter.get(&format!("/api/cases/{second}")).json()["row"]["status"], "submitted");
    counter.submit("cn-id-card", &pictures::astronaut_number(3), None);
    assert_eq!(federation.a.signed().0, 3 * RECORDS_PER_SUBMISSION);
    until_sent(&federation.a);
}

#[test]
fn case_16_an_entry_that_decayed_comes_back_from_another_office() {
    let mut federation = Federation::start();
    let id = federation.a.client().submit("cn-id-card", &pictures::astronaut(), None);
    let b = federation.b.client();
    eventually("office B holds the record", || (b.get(&format!("/api/cases/{id}")).status == 200).then_some(()));
    federation.b.stop();
    // The entry: its kind, then somewhere behind it the case that it is about.
    let path = federation.b.dir.join("store.redb");
    let mut file = fs::read(&path).unwrap();
    let case: Vec<u8> = (0..32).step_by(2).map(|at| u8::from_str_radix(&id[at..at + 2], 16).unwrap()).collect();
    let (kind, mut flipped) = (b"submitted", 0);
    for at in 128..file.len() - 64 {
        if file[at..].starts_with(&case) && file[at - 128..at].windows(kind.len()).any(|window| window == kind) {
            // In the hash of the spec, which stands behind the case.
            file[at + 24] ^= 1;
            flipped += 1;
        }
    }
    assert!(flipped > 0, "the entry was found");
    fs::write(&path, &file).unwrap();
    let scrub = |node: &Node| {
        let output = node.cli(&["--json", "scrub"]);
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).expect("--json prints JSON"))
    };
    let (code, found) = scrub(&federation.b);
    assert_eq!((code, &found["entries_to_fetch"]), (Some(2), &1.into()), "{found}");
    federation.b.start();
    eventually("the network mends it", || {
        federation.b.stop();
        let (code, found) = scrub(&federation.b);
        let whole = code == Some(0) && found["entries_to_fetch"] == 0;
        federation.b.start();
        let b = federation.b.client();
        eventually("office B is connected", || (b.get("/api/status").json()["online"] == true).then_some(()));
        whole.then_some(())
    });
    assert_eq!(federation.b.client().get(&format!("/api/cases/{id}")).status, 200);
}
