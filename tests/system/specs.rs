//! Specs as data, pushed by the province.

use system_tests::{Federation, eventually, pictures};

#[test]
fn case_05_a_published_spec_is_used_for_the_next_capture_and_not_for_one_under_way() {
    let federation = Federation::start();
    let (counter, elsewhere) = (federation.a.client(), federation.b.client());
    let under_way = counter.draft("cn-id-card", None);
    let shown = federation.province.cli(&["specs", "show", "cn-id-card"]);
    let text = String::from_utf8(shown.stdout).unwrap();
    let next = text.replace("version = 1\n", "version = 2\n");
    assert_ne!(text, next);
    let file = federation.folder.path().join("next.toml");
    std::fs::write(&file, &next).unwrap();
    let file = file.to_str().unwrap();

    let refused = federation.a.cli(&["specs", "publish", file]);
    assert_eq!(refused.status.code(), Some(1), "an office cannot publish");
    let published = federation.province.cli(&["specs", "publish", file]);
    assert!(published.status.success(), "{}", String::from_utf8_lossy(&published.stderr));
    for office in [&counter, &elsewhere] {
        eventually("both offices show the new version", || {
            let spec = office.get("/api/specs/cn-id-card").json();
            (spec["summary"]["version"] == 2 && spec["summary"]["origin"] == "published").then_some(())
        });
    }
    let kept = counter.get(&format!("/api/drafts/{under_way}")).json();
    assert_eq!((&kept["spec"]["version"], &kept["spec_superseded"]), (&1.into(), &true.into()));
    let begun_now = counter.draft("cn-id-card", None);
    assert_eq!(counter.get(&format!("/api/drafts/{begun_now}")).json()["spec"]["version"], 2);
    // The one under way is finished under the spec that it began with.
    counter.upload(&format!("/api/drafts/{under_way}/photo"), &pictures::astronaut());
    let submit = format!("/api/drafts/{under_way}/submit");
    assert_eq!(counter.post(&submit, &serde_json::json!({ "override_reason": "x" })).json()["row"]["spec"]["version"], 1);

    let again = federation.province.cli(&["specs", "publish", file]);
    assert_eq!(again.status.code(), Some(1), "a version is published once");
    assert!(String::from_utf8_lossy(&again.stderr).contains("version"));
}

#[test]
fn a_contradictory_spec_is_refused_with_file_field_and_reason() {
    let federation = Federation::start();
    let shown = federation.province.cli(&["specs", "show", "cn-id-card"]);
    let text = String::from_utf8(shown.stdout).unwrap().replace("version = 1\n", "version = 2\ncolour = \"red\"\n");
    let file = federation.folder.path().join("wrong.toml");
    std::fs::write(&file, text).unwrap();
    let checked = federation.province.cli(&["specs", "check", file.to_str().unwrap()]);
    let words = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert_eq!(checked.status.code(), Some(1));
    assert!(words.contains("wrong.toml") && words.contains("colour"), "{words}");
}
