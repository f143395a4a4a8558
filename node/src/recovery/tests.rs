//! A backup brings everything back, and nothing that was changed on the way; what it brings back does not sign by itself.

use super::*;
use crate::{
    enrolment::Federation,
    service::{
        Held,
        testing::{Home, picture},
    },
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
    let made = backup(&office, home.path(), &to, true, &mut |_, _| {}).unwrap();
    assert_eq!((made.records, made.decayed), (5, 0), "two enrolling and issuing logs: enrol; consented, submitted, decided, receipt");
    assert!(backup(&office, home.path(), &to, true, &mut |_, _| {}).is_err(), "a backup never mixes with another");
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
    backup(&home.open(), home.path(), &to, false, &mut |_, _| {}).unwrap();
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

#[test]
fn mend_31_a_backup_that_was_cut_off_goes_on_in_its_folder() {
    let home = Home::new();
    let office = home.open();
    let cases: Vec<_> = (0..3).map(|shade| home.case(&office, &picture(8, 8, [shade; 3]), false)).collect();
    for name in FILES {
        fs::write(home.path().join(name), "{}").unwrap();
    }
    let to = home.path().join("backup");
    // The stick is pulled out in the middle.
    let pulled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        backup(&office, home.path(), &to, true, &mut |done, _| assert!(done < 3, "pulled out"))
    }));
    assert!(pulled.is_err() && !to.join(MANIFEST).exists() && to.join(STORE).exists());
    // Meanwhile somebody was erased.
    crate::service::erasure::withdraw(&office, cases[0].id, "applicant_asked", 1).unwrap();
    crate::service::erasure::erase(&office, cases[0].id, "applicant_asked", 1).unwrap();
    let mut told = Vec::new();
    let made = backup(&office, home.path(), &to, true, &mut |done, all| told.push((done, all))).unwrap();
    let here = office.store.blobs.names().unwrap().len() as u64;
    assert_eq!((made.blobs, told.last()), (here, Some(&(here, here))));
    assert_eq!(
        to.join("blobs")
            .read_dir()
            .unwrap()
            .filter(|folder| folder.as_ref().unwrap().file_name().len() == 2)
            .map(|folder| folder.unwrap().path().read_dir().unwrap().count() as u64)
            .sum::<u64>(),
        here,
        "nobody who was erased"
    );
    assert!(backup(&office, home.path(), &to, true, &mut |_, _| {}).is_err(), "it is finished");
}
