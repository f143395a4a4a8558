//! What an operator sees of a federation: `huizhi status` and the metrics of a running node.

use serde_json::Value;
use system_tests::{Federation, Node, RECORDS_PER_SUBMISSION, eventually, pictures};

/// The value of a series.
fn metric(node: &Node, series: &str) -> Option<u64> {
    let page = String::from_utf8(node.client().get("/metrics").bytes).ok()?;
    page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

fn status(node: &Node) -> Value {
    let output = node.cli(&["--json", "status"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn row(status: &Value, code: &str) -> Value {
    let offices = status["offices"].as_array().expect("a list");
    offices.iter().find(|office| office["code"] == code).cloned().unwrap_or_default()
}

#[test]
fn an_operator_sees_who_lacks_what_and_for_how_long() {
    let mut federation = Federation::start();
    federation.a.until_it_signs();
    let province = |federation: &Federation| row(&status(&federation.a), "44000001");
    eventually("office A is connected", || (province(&federation)["connected"] == true).then_some(()));
    federation.a.client().submit("cn-id-card", &pictures::astronaut(), None);
    eventually("a witness saw it", || (status(&federation.a)["unwitnessed"] == 0).then_some(()));
    eventually("the province holds everything", || (province(&federation)["to_send"] == 0).then_some(()));
    // Held sizes are written down by and by; without them the age of what is lacking is not known.
    eventually("what it holds is remembered", || province(&federation)["specs_at"].is_u64().then_some(()));
    federation.b.stop();
    federation.province.stop();
    eventually("office A notices", || (province(&federation)["connected"] == false).then_some(()));
    federation.a.client().submit("cn-id-card", &pictures::astronaut_number(7), None);
    let lacking = eventually("the province lacks two entries, and since when", || {
        let row = province(&federation);
        (row["to_send"] == RECORDS_PER_SUBMISSION && row["to_send_ms"].is_u64()).then_some(row)
    });
    assert!(lacking["to_send_ms"].as_u64().unwrap() < 600_000, "{lacking}");
    assert_eq!(metric(&federation.a, r#"huizhi_peer_lag_entries{office="44000001",direction="send"}"#), Some(RECORDS_PER_SUBMISSION));
    assert_eq!(metric(&federation.a, r#"huizhi_peer_connected{office="44000001"}"#), Some(0));
    assert_eq!(metric(&federation.a, r#"huizhi_cases{status="submitted"}"#), Some(2));
    assert_eq!(metric(&federation.a, r#"huizhi_log_entries{log="test.huizhi/office/44030401/1"}"#), Some(2 * RECORDS_PER_SUBMISSION));
    let table = String::from_utf8(federation.a.cli(&["status"]).stdout).unwrap();
    let line = table.lines().find(|line| line.starts_with("44000001")).unwrap_or_default();
    assert!(line.ends_with("province") && line.contains("ago"), "{table}");
    assert!(table.contains("running") && table.contains("2 own entries, the oldest"), "{table}");
    // A stopped node tells what is on its disk.
    federation.a.stop();
    assert_eq!(status(&federation.a)["unwitnessed"], RECORDS_PER_SUBMISSION);
}
