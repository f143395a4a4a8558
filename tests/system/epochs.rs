//! The turn of the year: a new epoch is asked for and given, an old log is retired, and taken off the disks of those that do not keep it.

use serde_json::{Value, json};
use std::{net::TcpStream, path::Path};
use system_tests::{Client, Federation, Node, eventually, pictures};

fn cli(node: &Node, args: &[&str]) -> Value {
    let done = node.cli(&[&["--json"], args].concat());
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("it prints JSON")
}

fn cases(client: &Client) -> Vec<String> {
    let rows = client.get("/api/cases").json();
    let mut ids: Vec<String> = rows.as_array().into_iter().flatten().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect();
    ids.sort();
    ids
}

fn verdict(client: &Client, number: &str) -> Value {
    client.get(&format!("/api/receipts/{number}")).json()["verdict"].clone()
}

/// The year after this one in China: no other lies before what the offices of a test sign.
fn next_year() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock behind 1970");
    let (mut days, mut year) = ((since.as_secs() + 8 * 3_600) / 86_400, 1970_u64);
    loop {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let length = if leap { 366 } else { 365 };
        if days < length {
            return (year + 1).to_string();
        }
        days -= length;
        year += 1;
    }
}

fn photos(dir: &Path) -> usize {
    let files = |dir: &Path| std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    files(&dir.join("blobs")).iter().filter(|path| path.is_dir()).flat_map(|path| files(path)).count()
}

#[test]
fn a_year_ends_and_its_log_is_retired_and_pruned_and_its_receipts_are_still_answered() {
    let mut federation = Federation::start();
    let (counter, reviewer) = (federation.a.client(), federation.province.client());
    let id = counter.submit("cn-id-card", &pictures::astronaut(), None);
    let number = reviewer.decide(&id, "approve", &[])["receipt_number"].as_str().unwrap().to_owned();

    // Asked for at the office, given at the province; the office goes on by itself.
    let asked = federation.a.cli(&["office", "new-epoch"]);
    assert!(String::from_utf8_lossy(&asked.stdout).contains("asks for epoch 2"), "{asked:?}");
    eventually("the province sees that the office asks", || {
        let listed = federation.province.cli(&["office", "list"]);
        String::from_utf8_lossy(&listed.stdout).contains("asks for epoch 2").then_some(())
    });
    assert_eq!(cli(&federation.province, &["office", "grant-epoch", "--all"]), json!([{ "code": "44030401", "epoch": 2 }]));
    eventually("the office begins anew with the new keys", || {
        let epoch = std::fs::read_to_string(federation.a.dir.join("keys/epoch")).ok()?;
        let serves = || TcpStream::connect(federation.a.url().trim_start_matches("http://")).is_ok();
        (epoch.trim() == "2" && serves()).then_some(())
    });
    federation.a.until_it_signs();
    let counter = federation.a.client();
    let next = counter.submit("cn-id-card", &pictures::astronaut(), None);
    reviewer.decide(&next, "return", &["head_tilted"]);

    // As long as a receipt of it is valid the log stays.
    let year = &*next_year();
    assert!(!federation.province.cli(&["office", "retire", "--before", "9999", "--yes"]).status.success(), "a year that lies ahead");
    let kept = eventually("the province has all of both logs", || {
        let plan = cli(&federation.province, &["office", "retire", "--before", year]);
        plan["kept"].as_array().filter(|kept| kept.len() == 1).map(|kept| kept[0].clone())
    });
    assert_eq!(kept["log"], "test.huizhi/office/44030401/1");
    let revoked = reviewer.post(&format!("/api/receipts/{number}/revoke"), &json!({ "reason": "applicant_asked" }));
    assert_eq!(revoked.status, 200, "{:?}", revoked.json());
    let plan = cli(&federation.province, &["office", "retire", "--before", year]);
    assert_eq!((plan["logs"].as_array().map(Vec::len), &plan["kept"]), (Some(1), &json!([])));
    assert_eq!(cases(&reviewer).len(), 2);
    assert_eq!(cli(&federation.province, &["office", "retire", "--before", year, "--yes"])["logs"], plan["logs"]);

    // Nowhere half: gone from the offices' lists, whole at the province, and answered by its number.
    for client in [&counter, &federation.b.client()] {
        eventually("the retired case leaves the list", || (cases(client) == [next.clone()]).then_some(()));
        assert_eq!(verdict(client, &number), "valid_later_revoked", "the province proves it");
    }
    assert_eq!(cases(&reviewer).len(), 2);

    // Off the disk of the office, with the photos that only that case named.
    let refused = federation.a.cli(&["prune", "--yes"]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("stop"), "{refused:?}");
    federation.a.stop();
    assert!(String::from_utf8_lossy(&federation.a.cli(&["doctor"]).stdout).contains("huizhi prune"));
    let would = cli(&federation.a, &["prune"]);
    assert_eq!((would["done"].clone(), would["logs"].as_array().map(Vec::len)), (json!(false), Some(1)));
    assert_eq!(cli(&federation.a, &["prune", "--yes"])["logs"], would["logs"]);
    assert_eq!(cli(&federation.a, &["prune"])["logs"], json!([]));
    assert!(federation.a.cli(&["doctor"]).status.success(), "nothing is amiss with what is left");
    assert!(photos(&federation.a.dir) > 0);
    federation.a.start();
    federation.a.until_it_signs();
    let counter = federation.a.client();
    assert_eq!(cases(&counter), [next]);
    assert_eq!(verdict(&counter, &number), "valid_later_revoked");
    eventually("the province knows that the office need not hold what was retired", || {
        let offices = cli(&federation.province, &["status"])["offices"].clone();
        let office = offices.as_array()?.iter().find(|office| office["code"] == "44030401")?.clone();
        (office["connected"] == true && office["to_send"] == 0).then_some(())
    });
    counter.submit("cn-id-card", &pictures::astronaut(), None);
}
