//! A reviewer waits for an original that comes over a narrow line, and sees how much is here while its office goes away and comes back.

use serde_json::Value;
use system_tests::{Client, Federation, eventually, pictures};

fn original(client: &Client, id: &str) -> Value {
    let parts = client.get(&format!("/api/cases/{id}/parts")).json();
    parts.as_array().and_then(|parts| parts.iter().find(|part| part["part"] == "original")).cloned().unwrap_or_default()
}

#[test]
fn an_original_that_was_cut_off_half_way_says_so_and_goes_on_where_it_was() {
    let mut federation = Federation::start();
    federation.province.stop();
    let config = federation.province.dir.join("node.toml");
    let mut text = std::fs::read_to_string(&config).unwrap();
    assert!(!text.contains("download_kib_per_s ="), "the line has no cap yet");
    text = text.replacen("[network]\n", "[network]\ndownload_kib_per_s = 64\n", 1);
    std::fs::write(&config, text).unwrap();
    federation.province.start();
    let (counter, reviewer) = (federation.a.client(), federation.province.client());
    let picture = pictures::astronaut();
    let id = counter.submit("cn-id-card", &picture, None);
    assert_eq!(original(&counter, &id)["state"], "here");

    let half = eventually("more than a third of the original is here", || {
        let part = original(&reviewer, &id);
        (part["percent"].as_u64() > Some(33)).then_some(part)
    });
    assert!(["queued", "fetching", "later"].contains(&half["state"].as_str().unwrap()), "{half}");
    assert_eq!((&half["office"], &half["office_connected"]), (&"44030401".into(), &true.into()), "{half}");
    assert_eq!(half["total_bytes"], picture.len(), "{half}");
    federation.a.stop();
    let away = eventually("its office is away", || {
        let part = original(&reviewer, &id);
        (part["state"] == "office_away").then_some(part)
    });
    assert!(away["have_bytes"].as_u64() >= half["have_bytes"].as_u64() && away["percent"].as_u64() < Some(100), "{away}");
    assert!(
        away["office_last_seen_ms"].as_u64() > half["office_last_seen_ms"].as_u64().map(|at| at - 1) && away["bytes_per_s"].is_null(),
        "{away}"
    );

    // Its own restart changes nothing about what is here.
    federation.province.stop();
    federation.province.start();
    let reviewer = federation.province.client();
    let again = original(&reviewer, &id);
    assert_eq!((&again["state"], &again["have_bytes"]), (&"office_away".into(), &away["have_bytes"]), "{again}");
    federation.a.start();
    eventually("the rest comes", || (original(&reviewer, &id)["state"] == "here").then_some(()));
    assert_eq!(original(&reviewer, &id)["percent"], 100);
}
