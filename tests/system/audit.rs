//! Export and verification, and what must never stand in a log.

use std::{
    fs,
    path::{Path, PathBuf},
};
use system_tests::{Federation, eventually, huizhi, pictures};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder that a node made") {
        let path = entry.expect("an entry of that folder").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn an_export_verifies_with_no_node_running_and_any_flipped_byte_is_found() {
    let mut federation = Federation::start_with_roles("capture,document");
    let id = federation.a.client().submit("cn-id-card", &pictures::astronaut(), None);
    let reviewer = federation.province.client();
    let number = reviewer.decide(&id, "approve", &[])["receipt_number"].as_str().unwrap().to_owned();
    let elsewhere = federation.b.client();
    eventually("the receipt reaches office B", || (elsewhere.get(&format!("/api/receipts/{number}/photo")).status == 200).then_some(()));
    let proof = elsewhere.get(&format!("/api/receipts/{number}/proof")).bytes;
    let folder = federation.folder.path().join("export");
    let folder_text = folder.to_str().unwrap().to_owned();
    let exported = federation.b.cli(&["export", &folder_text]);
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let into_full = federation.b.cli(&["export", &folder_text]);
    assert_eq!(into_full.status.code(), Some(1), "an export never mixes with what is there");
    for node in [&mut federation.province, &mut federation.a, &mut federation.b] {
        node.stop();
    }

    let nowhere = federation.folder.path().join("nowhere");
    let verify = |args: &[&str]| huizhi(&nowhere, &[&["--json", "verify", &folder_text], args].concat());
    let good = verify(&[]);
    assert_eq!(good.status.code(), Some(0), "{}", String::from_utf8_lossy(&good.stdout));
    let report: serde_json::Value = serde_json::from_slice(&good.stdout).unwrap();
    assert_eq!((&report["logs"], &report["receipts"], &report["photos"]), (&3.into(), &1.into(), &1.into()));
    let trust: serde_json::Value = serde_json::from_slice(&fs::read(federation.b.dir.join("federation.json")).unwrap()).unwrap();
    assert_eq!(verify(&["--province", trust["province"].as_str().unwrap()]).status.code(), Some(0));

    for path in files(&folder).into_iter().filter(|path| !path.ends_with("README.txt") && !path.ends_with("policy")) {
        let whole = fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        // Of a checkpoint what was signed: in the name of a witness the line is of a stranger then, and says nothing (C2SP signed-note).
        let signed = flipped.windows(2).position(|two| path.ends_with("checkpoint") && two == b"\n\n");
        let at = signed.unwrap_or(flipped.len()) / 2;
        flipped[at] ^= 1;
        fs::write(&path, &flipped).unwrap();
        let bad = verify(&[]);
        assert_eq!(bad.status.code(), Some(2), "{}: {}", path.display(), String::from_utf8_lossy(&bad.stdout));
        fs::write(&path, &whole).unwrap();
    }
    assert_eq!(verify(&[]).status.code(), Some(0));
    assert_eq!(huizhi(&nowhere, &["verify", federation.a.dir.to_str().unwrap()]).status.code(), Some(1), "not an export");

    // The receipt as a file, verified on a stopped node.
    let file = federation.folder.path().join("receipt.tlog-proof");
    fs::write(&file, &proof).unwrap();
    assert!(federation.b.cli(&["receipt", "verify", file.to_str().unwrap()]).status.success());
    let mut changed = proof;
    changed[60] ^= 1;
    fs::write(&file, &changed).unwrap();
    assert_eq!(federation.b.cli(&["receipt", "verify", file.to_str().unwrap()]).status.code(), Some(1));
    let shown = federation.b.cli(&["--json", "receipt", "show", &number]);
    assert_eq!(shown.status.code(), Some(0));
}

#[test]
fn personal_data_stands_in_no_log_and_on_no_foreign_disk() {
    let mut federation = Federation::start();
    let counter = federation.a.client();
    let id = counter.submit("cn-id-card", &pictures::astronaut(), None);
    let reviewer = federation.province.client();
    eventually("the case reaches the province", || (reviewer.get(&format!("/api/cases/{id}")).status == 200).then_some(()));
    reviewer.put(&format!("/api/cases/{id}/note"), &serde_json::json!({ "text": "张伟本人确认" }));
    let number = reviewer.decide(&id, "approve", &[])["receipt_number"].as_str().unwrap().to_owned();
    let elsewhere = federation.b.client();
    eventually("the receipt reaches office B", || {
        (elsewhere.get(&format!("/api/receipts/{number}")).json()["verdict"] == "valid").then_some(())
    });
    let export = federation.folder.path().join("export");
    assert!(federation.province.cli(&["export", "--no-photos", export.to_str().unwrap()]).status.success());
    for node in [&mut federation.province, &mut federation.a, &mut federation.b] {
        node.stop();
    }
    let planted: [&[u8]; 2] = ["张伟".as_bytes(), b"11010519491231002X"];
    // Everything that left the office in the export, everything at an office without a part in the case, and the province's records.
    let mut looked_at = files(&export);
    looked_at.extend(files(&federation.b.dir));
    looked_at.push(federation.province.dir.join("store.redb"));
    for path in looked_at {
        let bytes = fs::read(&path).unwrap();
        for secret in planted {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "personal data in {}", path.display());
        }
    }
}
