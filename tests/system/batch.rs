//! Pictures on the command line: a folder with its table, the kill in the middle, the sheet, the empty wall, the card.

use std::{collections::BTreeMap, fs, path::Path};
use system_tests::{eventually, huizhi, pictures, started};

/// Lines of the table by file: outcome and finished file.
fn table(out: &Path) -> BTreeMap<String, (String, String)> {
    let text = fs::read_to_string(out.join("result.csv")).expect("a batch that ended has a table");
    let lines = text.trim_start_matches('\u{feff}').lines().skip(1);
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let name = if cells[0].is_empty() { cells[1] } else { cells[0] };
            (name.to_owned(), (cells[4].to_owned(), cells[5].to_owned()))
        })
        .collect()
}

/// Photos below the target folder, in order.
fn photos(out: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for (folder, before) in [(out.to_owned(), ""), (out.join("check_failed"), "check_failed/")] {
        let items = fs::read_dir(folder).into_iter().flatten();
        let names = items.map(|item| item.expect("the folder is read").file_name().into_string().expect("names are text"));
        found.extend(names.filter(|name| name.ends_with(".jpg")).map(|name| format!("{before}{name}")));
    }
    found.sort();
    found
}

#[test]
fn a_roster_names_photos_and_everything_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir(&input).unwrap();
    fs::write(input.join("001.png"), pictures::astronaut_number(1)).unwrap();
    fs::write(input.join("002.png"), pictures::astronaut()).unwrap();
    fs::write(input.join("003.png"), pictures::two_people()).unwrap();
    fs::write(input.join("005.png"), pictures::astronaut()).unwrap();
    fs::write(input.join("张伟.png"), pictures::astronaut_number(2)).unwrap();
    fs::write(input.join("stray.jpg"), b"not a picture").unwrap();
    let roster = folder.path().join("roster.csv");
    fs::write(&roster, "姓名,考生号\n张三,001\n李四,002\n王五,003\n赵六,004\n孙七,005\n张伟,006\n张伟,007\n").unwrap();
    let paths = [&input, &roster, &out].map(|path| path.to_str().unwrap());
    let args = ["--json", "photo", "batch", paths[0], "--roster", paths[1], "--spec", "jp-passport", "--out", paths[2], "--jobs", "2"];
    let run = huizhi(folder.path(), &args);
    assert_eq!(run.status.code(), Some(2), "{}", String::from_utf8_lossy(&run.stderr));
    let rows = table(&out);
    for shared in ["002.png", "005.png", "006", "007"] {
        assert_eq!(rows[shared].0, "duplicate", "{shared}");
    }
    assert_eq!(rows["003.png"].0, "refused");
    assert_eq!(rows["004"].0, "no_picture");
    assert_eq!(rows["stray.jpg"].0, "not_in_roster");
    let name = if rows["001.png"].0 == "made" { "001.jpg" } else { "check_failed/001.jpg" };
    assert_eq!(rows["001.png"].1, name, "{rows:?}");
    let photo = out.join(name);
    assert_eq!(photos(&out), [name], "of pictures that several people share no photo remains");

    // The finished photo goes on paper, in the size that its document has.
    let sheet = folder.path().join("sheet.pdf");
    let wanted = format!("{}@jp-passport*4", photo.display());
    let printed = huizhi(folder.path(), &["photo", "sheet", &wanted, "--paper", "6in", "--out", sheet.to_str().unwrap()]);
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    assert!(fs::read(&sheet).unwrap().starts_with(b"%PDF"));

    // A photo that is not the one of the journal is made again, and one whose picture does not do any more is removed.
    let original = fs::read(&photo).unwrap();
    fs::write(&photo, vec![0; original.len()]).unwrap();
    let _ = huizhi(folder.path(), &args);
    assert_eq!(fs::read(&photo).unwrap(), original);
    fs::write(input.join("001.png"), pictures::wall()).unwrap();
    let _ = huizhi(folder.path(), &args);
    assert_eq!(table(&out)["001.png"].0, "refused");
    assert!(photos(&out).is_empty(), "{:?}", photos(&out));
}

#[test]
fn originals_are_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("a.jpg");
    fs::write(&picture, pictures::drawn()).unwrap();
    let paths = [folder.path(), picture.as_path()].map(|path| path.to_str().unwrap());
    for args in [
        ["batch", paths[0], "--spec", "jp-passport", "--out", paths[0]],
        ["standardize", paths[1], "--spec", "jp-passport", "--out", paths[1]],
    ] {
        let run = huizhi(folder.path(), &[&["photo"], &args[..]].concat());
        assert_eq!(run.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&run.stderr).contains("original picture"), "{}", String::from_utf8_lossy(&run.stderr));
    }
    assert_eq!(fs::read(&picture).unwrap(), pictures::drawn());
}

#[test]
fn a_picture_of_the_empty_wall_is_used_or_the_result_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let (input, plate, out) = (folder.path().join("a.jpg"), folder.path().join("wall"), folder.path().join("out.jpg"));
    fs::write(&input, pictures::drawn()).unwrap();
    let marks = pictures::DRAWN_MARKS.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(",");
    let paths = [&input, &plate, &out].map(|path| path.to_str().unwrap());
    // A document whose wall is never replaced, so that no plate stands in the way of a photo.
    let of = |wall: &[u8]| {
        fs::write(&plate, wall).unwrap();
        let args = ["--json", "photo", "standardize", paths[0], "--plate", paths[1], "--spec", "cn-exit-entry", "--marks", &marks];
        let run = huizhi(folder.path(), &[&args[..], &["--no-model", "--out", paths[2]]].concat());
        assert!(run.status.code() != Some(1), "{}", String::from_utf8_lossy(&run.stderr));
        let value: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        value["plate"].clone()
    };
    assert_eq!(of(&pictures::empty_wall()), "used");
    assert_eq!(of(&pictures::wall())["refused"], "other_size");
    assert_eq!(of(b"no picture")["refused"], "unreadable");
}

#[test]
fn a_card_is_judged_by_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let card = folder.path().join("card.png");
    let judged = |picture: &[u8]| {
        fs::write(&card, picture).unwrap();
        let run = huizhi(folder.path(), &["--json", "photo", "card", card.to_str().unwrap(), "--side", "portrait"]);
        let value = serde_json::from_slice::<serde_json::Value>(&run.stdout).unwrap_or_default();
        (run.status.code(), value)
    };
    let (code, good) = judged(&pictures::card(true));
    assert_eq!((code, &good["state"]), (Some(0), &"good".into()), "{good:#}");
    let (code, blurred) = judged(&pictures::card(false));
    assert_eq!((code, &blurred["state"]), (Some(2), &"blurred".into()), "{blurred:#}");
    assert!(!blurred["next_step"]["zh"].as_str().unwrap().is_empty() && !blurred["checks"].as_array().unwrap().is_empty());
    assert_eq!(judged(&pictures::wall()).0, Some(2));
    assert_eq!(judged(b"no picture").0, Some(1));
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
    let rows = table(&out);
    assert_eq!(rows.len(), usize::from(PICTURES));
    for (_, photo) in rows.values() {
        let photo = fs::read(out.join(photo)).unwrap();
        assert!(image::load_from_memory(&photo).is_ok());
    }
}
