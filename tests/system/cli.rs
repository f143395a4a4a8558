//! The command line by itself.

use std::fs;
use system_tests::{huizhi, pictures};

#[test]
fn standardize_says_by_its_exit_code_how_it_went() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("astronaut.png");
    let out = folder.path().join("out.jpg");
    fs::write(&input, pictures::astronaut()).unwrap();
    let (input, out_text) = (input.to_str().unwrap(), out.to_str().unwrap());
    let made = huizhi(folder.path(), &["--json", "photo", "standardize", input, "--spec", "cn-id-card", "--out", out_text]);
    let result: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let failed = result["photo"]["checks"].as_array().unwrap().iter().any(|check| check["verdict"] == "fail");
    assert_eq!(made.status.code(), Some(if failed { 2 } else { 0 }), "{result}");
    let jpeg = fs::read(&out).unwrap();
    let picture = image::load_from_memory(&jpeg).unwrap();
    assert_eq!((picture.width(), picture.height()), (358, 441));
    assert_eq!(
        &jpeg[..18],
        [0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, jpeg[12], 1, 1, 94, 1, 94],
        "JFIF, 350 dots per inch"
    );
    let kilobytes = jpeg.len() as f64 / 1024.0;
    let size = result["photo"]["checks"].as_array().unwrap().iter().find(|check| check["name"] == "FileSize").unwrap();
    assert_eq!(size["verdict"] == "pass", (14.0..=20.0).contains(&kilobytes), "{kilobytes} KB, {size}");

    let wall = folder.path().join("wall.png");
    fs::write(&wall, pictures::wall()).unwrap();
    let none = huizhi(folder.path(), &["photo", "standardize", wall.to_str().unwrap(), "--spec", "cn-id-card", "--out", out_text]);
    assert_eq!(none.status.code(), Some(1));
    assert_eq!(fs::read(&out).unwrap(), jpeg, "a photo that could not be made replaces nothing");
    let unknown = huizhi(folder.path(), &["photo", "standardize", input, "--spec", "cn-idcard", "--out", out_text]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("cn-id-card"), "names the specs there are");
    let unmarked = huizhi(folder.path(), &["photo", "standardize", input, "--no-model", "--spec", "cn-id-card", "--out", out_text]);
    assert_eq!(unmarked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unmarked.stderr).contains("by hand"), "says that marking by hand works");
}

#[test]
fn one_office_alone_works_after_init() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("node");
    let made = huizhi(&dir, &["--json", "init"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let value: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    assert!(value["password"].as_str().is_some_and(|password| password.len() >= 8));
    let again = huizhi(&dir, &["init"]);
    assert_eq!(again.status.code(), Some(1), "an office is never overwritten");
    let doctor = huizhi(&dir, &["--json", "doctor"]);
    let findings: serde_json::Value = serde_json::from_slice(&doctor.stdout).unwrap();
    let enrolled = findings["findings"]
        .as_array()
        .unwrap()
        .iter()
        .any(|finding| finding["good"] == true && finding["what"].as_str().unwrap().contains("capture, review, admin"));
    assert!(enrolled, "{findings}");
    let empty = huizhi(&folder.path().join("nothing"), &["run"]);
    assert_eq!(empty.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&empty.stderr).contains("huizhi init"), "says what to do first");
}

#[test]
fn specs_and_models_are_listed_without_a_node() {
    let folder = tempfile::tempdir().unwrap();
    let listed = huizhi(folder.path(), &["--json", "specs", "list"]);
    let specs: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let ids: Vec<_> = specs.as_array().unwrap().iter().filter_map(|spec| spec["id"].as_str()).collect();
    for id in ["cn-id-card", "cn-social-card", "cn-exit-entry", "cn-graduate", "cn-adult-exam", "cn-driving", "us-visa", "schengen"] {
        assert!(ids.contains(&id), "{id} is shipped");
        let shown = huizhi(folder.path(), &["specs", "show", id]);
        assert!(String::from_utf8_lossy(&shown.stdout).contains("source"), "{id} names its sources");
    }
    let models = huizhi(folder.path(), &["--json", "models", "list"]);
    let models: serde_json::Value = serde_json::from_slice(&models.stdout).unwrap();
    assert!(models.as_array().unwrap().iter().all(|model| model["sha256"].as_str().is_some_and(|hash| hash.len() == 64)));
    let empty = huizhi(folder.path(), &["models", "import", folder.path().to_str().unwrap()]);
    assert_eq!(empty.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&empty.stderr).contains("models list"), "says which files there are");
}
