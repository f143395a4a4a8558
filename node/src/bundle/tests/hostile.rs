//! Hostile sticks, kind by kind: refused in words, and nothing of what does not verify is stored.

use super::*;
use protocol::limits::{BLOB_BYTES_MAX, ENTRY_BUNDLE_BYTES_MAX, NOTE_BYTES_MAX};

#[cfg(unix)]
#[test]
fn case_37_a_link_anywhere_refuses_the_stick() {
    use std::os::unix::fs::symlink;
    for place in ["policy", "keys", "logs/link", "blobs/link", ".DS_Store"] {
        let (them, dir) = Apart::grown(1);
        let path = dir.join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        symlink(them.home.path().join("keys/office.key"), path).unwrap();
        them.refuses(&dir, "stick_link");
    }
    // A folder of tiles that is a link to another one.
    let (them, dir) = Apart::grown(1);
    let tiles = them.log_a(&dir).join("tile");
    fs::rename(&tiles, them.home.path().join("elsewhere")).unwrap();
    symlink(them.home.path().join("elsewhere"), tiles).unwrap();
    them.refuses(&dir, "stick_link");
}

#[test]
fn case_37_names_that_no_export_writes_refuse_the_stick() {
    for name in ["autorun.inf", "..\\..\\node.toml", "..policy", "keys", "logs/test.huizhi/office/44030401/01", "blobs/photo.jpg", "CON"] {
        let (them, dir) = Apart::grown(1);
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
        them.refuses(&dir, "stick_name");
    }
}

#[test]
fn case_37_names_that_differ_in_case_only_refuse_the_stick() {
    let (them, dir) = Apart::grown(1);
    let log = them.log_a(&dir);
    // Where the disk itself cannot tell them apart there is nothing to refuse.
    fs::write(log.join("CHECKPOINT"), "x").unwrap();
    let refused = look(&them.province, &dir).unwrap_err();
    assert!(["stick_names_clash", "stick_name"].contains(&refused.code.as_str()), "{refused}");
    fs::remove_file(log.join("CHECKPOINT")).unwrap();
    fs::write(dir.join("._policy"), "x").unwrap();
    fs::write(dir.join("._POLICY"), "x").unwrap();
    them.refuses(&dir, "stick_names_clash");
}

#[test]
fn case_37_what_is_cut_short_or_changed_is_not_taken_and_says_so() {
    let bundle = tile::entries_path(1, 44);
    let hashes = tile::path(0, 1, 44);
    type Spoil<'a> = (&'a str, &'a dyn Fn(&mut Vec<u8>), u64, &'a str);
    let spoil: [Spoil<'_>; 8] = [
        (&bundle, &|bytes| bytes.truncate(bytes.len() - 1), 256, "truncated"),
        (&bundle, &|bytes| bytes.clear(), 256, "truncated"),
        (&bundle, &|bytes| *bytes.last_mut().unwrap() ^= 1, 256, "not those that were signed"),
        (&bundle, &|bytes| bytes.extend([0, 0]), 256, "another number of entries"),
        (&hashes, &|bytes| bytes.truncate(31), 0, "missing or truncated"),
        (&hashes, &|bytes| bytes[0] ^= 1, 0, "not those that were signed"),
        ("checkpoint", &|bytes| bytes.truncate(bytes.len() - 5), 0, "does not hold"),
        ("checkpoint", &|bytes| *bytes = vec![0xff; 9], 0, "no text"),
    ];
    for (path, spoil, stored, words) in spoil {
        let (them, dir) = Apart::grown(300);
        let file = them.log_a(&dir).join(path);
        let mut bytes = fs::read(&file).unwrap();
        spoil(&mut bytes);
        fs::write(&file, bytes).unwrap();
        let looked = look(&them.province, &dir).unwrap();
        assert!(looked.refused.iter().any(|refused| refused.reason.en.contains(words)), "{path} {words}: {looked:?}");
        let taken = take(&them.province, &dir).unwrap();
        assert_eq!((them.size_a(), taken.refused), (stored, looked.refused), "{path}: what was told is what happens");
        assert_eq!(them.province.forks(), [], "a changed stick is no proof of two histories");
    }
}

#[test]
fn case_37_a_file_beyond_its_bound_refuses_the_stick() {
    for (path, max) in [
        ("README.txt", 64 << 10),
        ("checkpoint", NOTE_BYTES_MAX as u64),
        (&tile::entries_path(0, 1), ENTRY_BUNDLE_BYTES_MAX),
        (&tile::path(0, 0, 1), 8 << 10),
        ("blobs/0000000000000000000000000000000000000000000000000000000000000000", BLOB_BYTES_MAX),
    ] {
        let (them, dir) = Apart::grown(1);
        let root = if path.starts_with("README") || path.starts_with("blobs") { dir.clone() } else { them.log_a(&dir) };
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        // Takes no space on the disk, like a bomb.
        fs::OpenOptions::new().create(true).truncate(false).write(true).open(&file).unwrap().set_len(max + 1).unwrap();
        them.refuses(&dir, "stick_file_too_large");
    }
}

#[test]
fn case_37_folders_for_files_and_files_for_folders_refuse_the_stick() {
    let (them, dir) = Apart::grown(1);
    let checkpoint = them.log_a(&dir).join("checkpoint");
    fs::remove_file(&checkpoint).unwrap();
    fs::create_dir(&checkpoint).unwrap();
    them.refuses(&dir, "stick_kind");
    let (them, dir) = Apart::grown(1);
    fs::write(dir.join("forks"), "x").unwrap();
    them.refuses(&dir, "stick_kind");
    let (them, dir) = Apart::grown(1);
    them.refuses(&dir.join("README.txt"), "stick_gone");
    them.refuses(&dir.join("nowhere"), "stick_gone");
}

#[test]
fn case_37_more_files_than_a_bundle_can_have_refuse_the_stick() {
    let (_them, dir) = Apart::grown(1);
    let count = |dir: &Path| {
        fn all(dir: &Path) -> u64 {
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).map(|path| 1 + if path.is_dir() { all(&path) } else { 0 }).sum()
        }
        all(dir)
    };
    let whole = count(&dir);
    assert!(Stick::look(&dir, whole).is_ok());
    assert_eq!(Stick::look(&dir, whole - 1).unwrap_err().code, "stick_too_many_files");
}

#[test]
fn case_37_counts_that_promise_more_than_there_is_cost_nothing() {
    // A checkpoint of the log's own key over 2^60 entries, of which one bundle is there.
    let (them, dir) = Apart::grown(300);
    let log = them.log_a(&dir);
    for size in [1 << 60, u64::MAX] {
        let bomb = protocol::log::Checkpoint { origin: them.a.origin().clone(), size, root: [7; 32] }.sign(&them.a.keys.office);
        fs::write(log.join("checkpoint"), bomb.note()).unwrap();
        let taken = take(&them.province, &dir).unwrap();
        assert_eq!((them.size_a(), taken.refused_count), (0, 1), "{taken:?}");
    }
    // Entries of no bytes, more than a bundle has.
    let (them, dir) = Apart::grown(1);
    fs::write(them.log_a(&dir).join(tile::entries_path(0, 1)), vec![0; 60_000]).unwrap();
    assert!(take(&them.province, &dir).unwrap().refused[0].reason.en.contains("another number of entries"));
    assert_eq!(them.size_a(), 0);
}

#[test]
fn case_37_logs_of_others_and_checkpoints_by_other_keys_are_left_out() {
    let (them, dir) = Apart::grown(1);
    let logs = dir.join("logs");
    // Another federation's.
    fs::create_dir_all(logs.join("other.huizhi/office/44030401")).unwrap();
    fs::rename(them.log_a(&dir), logs.join("other.huizhi/office/44030401/1")).unwrap();
    let taken = take(&them.province, &dir).unwrap();
    assert!(taken.refused[0].reason.en.contains("another federation"), "{taken:?}");
    assert_eq!(them.size_a(), 0);
    // An office that nobody enrolled.
    fs::create_dir_all(logs.join("test.huizhi/office/99999999")).unwrap();
    fs::rename(logs.join("other.huizhi/office/44030401/1"), logs.join("test.huizhi/office/99999999/1")).unwrap();
    let taken = take(&them.province, &dir).unwrap();
    assert!(taken.refused[0].reason.en.contains("does not enrol"), "{taken:?}");
    // The log of one office as that of another, under the other's key.
    let (them, dir) = Apart::grown(1);
    let forged = protocol::log::Checkpoint { origin: them.a.origin().clone(), size: 1, root: [7; 32] }.sign(&them.province.keys.office);
    fs::write(them.log_a(&dir).join("checkpoint"), forged.note()).unwrap();
    let taken = take(&them.province, &dir).unwrap();
    assert!(taken.refused[0].reason.en.contains("another key signed it"), "{taken:?}");
    assert_eq!(them.size_a(), 0);
}

#[test]
fn case_37_blobs_and_proofs_that_are_not_what_they_say_are_not_taken() {
    let them = Apart::joined();
    let case = them.case();
    let dir = them.of_a("stick");
    let photo = dir.join("blobs").join(case.current.said.photo.to_string());
    fs::write(&photo, "somebody else").unwrap();
    // One that no record names, under its own name.
    let stray = them.province.store.blobs.put(b"stray").unwrap();
    them.province.store.blobs.remove(stray).unwrap();
    fs::write(dir.join("blobs").join(stray.to_string()), "stray").unwrap();
    fs::create_dir_all(dir.join("forks")).unwrap();
    fs::write(dir.join("forks").join("00".repeat(32)), "no proof").unwrap();
    let taken = take(&them.province, &dir).unwrap();
    let words: Vec<&str> = taken.refused.iter().map(|refused| refused.reason.en.as_str()).collect();
    for part in ["not those of its name", "no record here names it", "proves no fork"] {
        assert!(words.iter().any(|words| words.contains(part)), "{part}: {words:?}");
    }
    assert_eq!((taken.refused_count, them.province.store.blobs.size(stray)), (3, None));
    assert_eq!(them.province.store.blobs.size(case.current.said.photo), None);
    assert_eq!(them.province.count(Status::Submitted).unwrap(), 1, "its records are here all the same");
    // A whole stick brings it.
    assert!(take(&them.province, &them.of_a("whole")).unwrap().refused.is_empty());
    assert!(them.province.store.blobs.size(case.current.said.photo).is_some());
}

#[test]
fn what_systems_leave_on_sticks_is_not_read() {
    let (them, dir) = Apart::grown(1);
    fs::create_dir(dir.join("System Volume Information")).unwrap();
    fs::write(dir.join("System Volume Information/x"), "x").unwrap();
    fs::write(dir.join("logs/.DS_Store"), "x").unwrap();
    let taken = take(&them.province, &dir).unwrap();
    assert_eq!((taken.ignored, taken.refused_count, them.size_a()), (2, 0, 1), "{taken:?}");
}
