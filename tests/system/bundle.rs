//! Sticks: offices with no network between them, and a stick that a running node writes and takes in.

use serde_json::Value;
use std::{fs, path::Path, process::Output};
use system_tests::{Federation, Node, eventually, pictures};

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary path is text")
}

fn said(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// One office writes a stick, the other takes it in; gives what came.
fn carry(from: &Node, to: &Node, code: &str, stick: &Path) -> Value {
    said(&from.cli(&["--json", "bundle", "export", text(stick), "--for", code]));
    said(&to.cli(&["--json", "bundle", "import", text(stick), "--yes"]))
}

#[test]
fn offices_that_never_run_at_the_same_time_finish_a_case_by_sticks() {
    let mut federation = Federation::start();
    federation.a.until_it_signs();
    for node in [&mut federation.a, &mut federation.b, &mut federation.province] {
        node.stop();
    }
    let folder = federation.folder.path().to_owned();
    let stick = |name: &str| folder.join(name);
    let (province, a) = (&mut federation.province, &mut federation.a);
    // What a stopped node asks for.
    let asked = stick("ask.json");
    assert!(province.cli(&["bundle", "ask", text(&asked)]).status.success());
    a.start();
    let id = a.client().submit("cn-id-card", &pictures::astronaut(), None);
    said(&a.cli(&["--json", "bundle", "export", text(&stick("2")), "--for", "44000001", "--since", text(&asked)]));
    a.stop();
    province.start();

    // Looked at and not said yes to, nothing is stored.
    let unasked = province.cli(&["bundle", "import", text(&stick("2"))]);
    let words = String::from_utf8_lossy(&unasked.stderr).into_owned();
    assert_eq!(unasked.status.code(), Some(1));
    assert!(words.contains("1 new cases") && words.contains("office-a") && words.contains("nothing was stored"), "{words}");
    assert_eq!(province.client().get(&format!("/api/cases/{id}")).status, 404);
    let came = said(&province.cli(&["--json", "bundle", "import", text(&stick("2")), "--yes"]));
    assert_eq!((&came["new_cases"], &came["refused_count"]), (&1.into(), &0.into()), "{came}");
    let number = province.client().decide(&id, "approve", &[])["receipt_number"].as_str().unwrap().to_owned();
    said(&province.cli(&["--json", "bundle", "export", text(&stick("3")), "--for", "44030401"]));
    province.stop();

    // A stopped node takes it in, and a running one finds nothing more on it.
    let came = said(&a.cli(&["--json", "bundle", "import", text(&stick("3")), "--yes"]));
    assert!(came["done"] == true && came["refused_count"] == 0, "{came}");
    a.start();
    let again = said(&a.cli(&["--json", "bundle", "import", text(&stick("3")), "--yes"]));
    assert!(again["logs"].as_array().unwrap().iter().all(|log| log["from"] == log["to"]), "{again}");
    let counter = a.client();
    assert_eq!(counter.get(&format!("/api/receipts/{number}")).json()["verdict"], "valid");
    let pdf = counter.get(&format!("/api/receipts/{number}/pdf"));
    assert_eq!((pdf.status, &pdf.bytes[..4]), (200, &b"%PDF"[..]));
    assert_eq!(counter.get("/api/status").json()["online"], false, "there was no network");

    // A torn stick: what it says is what happens, and the exit code tells.
    fs::write(stick("3").join("autorun.inf"), "x").unwrap();
    let refused = a.cli(&["bundle", "import", text(&stick("3")), "--yes"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("autorun.inf is no file that a bundle has"));
    // A browser does not choose paths on this machine.
    for (path, body) in [
        ("/api/bundle/export", serde_json::json!({ "dir": "/tmp/x", "office": "44000001" })),
        ("/api/bundle/import", serde_json::json!({ "dir": "/tmp/x", "store": true })),
    ] {
        assert_eq!(counter.post(path, &body).code(), "role_missing", "{path}");
    }
}

#[test]
fn a_stick_between_offices_that_have_a_network_brings_nothing_new() {
    let federation = Federation::start();
    let id = federation.a.client().submit("cn-id-card", &pictures::astronaut(), None);
    federation.province.client().decide(&id, "return", &["exposure"]);
    let elsewhere = federation.b.client();
    eventually("office B knows the case", || (elsewhere.get(&format!("/api/cases/{id}")).status == 200).then_some(()));
    let came = carry(&federation.a, &federation.b, "44010501", &federation.folder.path().join("stick"));
    assert_eq!((&came["new_cases"], &came["blobs_new"], &came["refused_count"]), (&0.into(), &0.into(), &0.into()), "{came}");
}
