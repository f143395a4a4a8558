//! A folder of pictures: the table, the kill in the middle, the sheet.

use std::{collections::BTreeMap, fs, path::Path};
use system_tests::{eventually, huizhi, pictures, started};

/// Lines of the table by file: outcome and finished file.
fn table(out: &Path) -> BTreeMap<String, (String, String)> {
    let text = fs::read_to_string(out.join("result.csv")).expect("a result is written");
    let lines = text.trim_start_matches('\u{feff}').lines().skip(1);
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let name = if cells[0].is_empty() { cells[1] } else { cells[0] };
            (name.to_owned(), (cells[4].to_owned(), cells[5].to_owned()))
        })
        .collect()
}

#[test]
fn a_roster_names_photos_and_everything_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir(&input).unwrap();
    fs::write(input.join("001.png"), pictures::astronaut()).unwrap();
    fs::write(input.join("002.png"), pictures::astronaut()).unwrap();
    fs::write(input.join("003.png"), pictures::two_people()).unwrap();
    fs::write(input.join("stray.jpg"), b"not a picture").unwrap();
    let roster = folder.path().join("roster.csv");
    fs::write(&roster, "姓名,考生号\n张三,001\n李四,002\n王五,003\n赵六,004\n").unwrap();
    let paths = [&input, &roster, &out].map(|path| path.to_str().unwrap());
    let args = ["--json", "photo", "batch", paths[0], "--roster", paths[1], "--spec", "jp-passport", "--out", paths[2], "--jobs", "1"];
    let run = huizhi(folder.path(), &args);
    assert_eq!(run.status.code(), Some(2), "{}", String::from_utf8_lossy(&run.stderr));
    let rows = table(&out);
    assert_eq!(rows["002.png"].0, "duplicate");
    assert_eq!(rows["003.png"].0, "refused");
    assert_eq!(rows["004"].0, "no_picture");
    assert_eq!(rows["stray.jpg"].0, "not_in_roster");
    assert!(rows["001.png"].0 == "made" || rows["001.png"].0 == "check_failed", "{rows:?}");
    let photo = out.join(&rows["001.png"].1);
    assert_eq!(photo.file_name().unwrap(), "001.jpg");

    // The finished photo goes on paper, in the size that its document has.
    let sheet = folder.path().join("sheet.pdf");
    let wanted = format!("{}@jp-passport*4", photo.display());
    let printed = huizhi(folder.path(), &["photo", "sheet", &wanted, "--paper", "6in", "--out", sheet.to_str().unwrap()]);
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    assert!(fs::read(&sheet).unwrap().starts_with(b"%PDF"));
}

#[test]
fn a_killed_batch_goes_on_where_it_stopped() {
    const PICTURES: u8 = 12;
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir(&input).unwrap();
    for number in 0..PICTURES {
        fs::write(input.join(format!("{number:03}.png")), pictures::astronaut_number(number)).unwrap();
    }
    let args =
        ["--json", "photo", "batch", input.to_str().unwrap(), "--spec", "jp-passport", "--out", out.to_str().unwrap(), "--jobs", "2"];
    let journal = || fs::read_to_string(out.join("batch.jsonl")).unwrap_or_default().lines().count();
    let mut first = started(folder.path(), &args);
    eventually("some pictures are finished", || (journal() >= 2).then_some(()));
    first.kill().unwrap();
    let _ = first.wait().unwrap();
    let finished = journal();
    assert!(finished < usize::from(PICTURES), "the batch was faster than the test");
    assert!(!out.join("result.csv").exists(), "a batch that did not end has no table");

    let second = huizhi(folder.path(), &args);
    let summary: serde_json::Value = serde_json::from_slice(&second.stdout).unwrap();
    let resumed = summary["resumed"].as_u64().unwrap() as usize;
    assert!((finished - 1..=finished).contains(&resumed), "{resumed} of {finished}");
    assert_eq!(table(&out).len(), usize::from(PICTURES));
    for number in 0..PICTURES {
        let photo = fs::read(out.join(format!("{number:03}.jpg"))).unwrap();
        assert!(image::load_from_memory(&photo).is_ok());
    }
}
