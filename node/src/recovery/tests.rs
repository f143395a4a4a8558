//! A backup brings everything back, and nothing that was changed on the way; what it brings back does not sign by itself.

use super::*;
use crate::{
    enrolment::Federation,
    service::{Held, testing::Home},
};
use protocol::{id::Origin, log::VerifierKey};
use std::{fs, path::Path};

/// A node with an approved case, and its configuration as `init` writes it.
fn home() -> Home {
    let home = Home::new();
    let office = home.open();
    home.case(&office, b"photo", true);
    let province = VerifierKey::new(Origin::province("test.huizhi", 1).unwrap(), office.keys.province.as_ref().unwrap().public());
    let federation = Federation { province: province.to_string(), peers: vec![], successors: None, successions: vec![] };
    fs::write(home.path().join(FILES[0]), serde_json::to_vec(&federation).unwrap()).unwrap();
    fs::write(home.path().join(FILES[1]), "[office]\ncode = \"44030001\"\nname = \"x\"\n").unwrap();
    home
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn case_10_a_backup_of_a_working_node_is_restored_whole_and_signs_nothing() {
    let home = home();
    let folder = tempfile::tempdir().unwrap();
    let (to, dir) = (folder.path().join("backup"), folder.path().join("restored"));
    let office = home.open();
    let made = backup(&office, home.path(), &to, true).unwrap();
    assert_eq!((made.records, made.decayed), (4, 0), "two enrolling and issuing logs: enrol; submitted, decided, receipt");
    assert!(backup(&office, home.path(), &to, true).is_err(), "a backup never mixes with another");
    assert!(!to.join("heads").exists(), "a backup must not vouch for its own freshness");
    let restored = restore(&to, &dir, &mut |_| {}).unwrap();
    assert_eq!((restored.records, restored.blobs), (made.records, made.blobs));
    assert!(matches!(restore(&to, &dir, &mut |_| {}), Err(RestoreError::NotEmpty(_))), "and a restore overwrites nothing");
    let code = "44030001".parse().unwrap();
    let province = office.members().province().clone();
    let open = || crate::service::Office::open(&dir, code, &province).unwrap();
    let back = open();
    assert_eq!(back.held(), Some(Held::Restored));
    assert_eq!(back.store.head(back.origin()).root, office.store.head(office.origin()).root);
    assert_eq!(back.store.head(back.origin()).note, office.store.head(office.origin()).note);
    assert_eq!(back.cases().unwrap().len(), 1, "it reads");
    assert!(back.append(|_, _| Ok(vec![])).is_err());
    drop(back);
    assert_eq!(open().held(), Some(Held::Restored), "and a restart in order changes nothing");
    assert!(!dir.join("heads/office.checkpoint").exists(), "nothing was signed");
    open().compared().unwrap();
    assert_eq!(open().held(), None);
}

#[test]
fn no_changed_file_of_a_backup_is_restored() {
    let home = home();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backup");
    backup(&home.open(), home.path(), &to, false).unwrap();
    let keys = |dir: &Path| {
        fs::create_dir_all(dir.join("keys")).unwrap();
        for file in files(&home.path().join("keys")) {
            fs::copy(&file, dir.join("keys").join(file.file_name().unwrap())).unwrap();
        }
    };
    let bare = folder.path().join("bare");
    assert!(matches!(restore(&to, &bare, &mut |_| {}), Err(RestoreError::NoKeys(_))));
    for (number, file) in files(&to).into_iter().filter(|file| !file.ends_with(MANIFEST)).enumerate() {
        let whole = fs::read(&file).unwrap();
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        fs::write(&file, flipped).unwrap();
        let dir = folder.path().join(format!("{number}"));
        keys(&dir);
        assert!(matches!(restore(&to, &dir, &mut |_| {}), Err(RestoreError::Damaged(_))), "{}", file.display());
        fs::write(&file, whole).unwrap();
    }
    let dir = folder.path().join("good");
    keys(&dir);
    restore(&to, &dir, &mut |_| {}).unwrap();
    fs::remove_file(to.join(MANIFEST)).unwrap();
    assert!(matches!(restore(&to, &folder.path().join("x"), &mut |_| {}), Err(RestoreError::NotABackup(..))), "never finished");
}
