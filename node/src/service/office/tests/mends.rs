//! What outside review found about keeping data.

use super::*;
use crate::service::testing::{Home, copy_folder, join_back, picture, sync};

/// The submission of the newest case, and its blobs.
fn capture(home: &Home, office: &Office, shade: u8) -> [BlobHash; 3] {
    let said = home.case(office, &picture(8, 8, [shade; 3]), false).current.said.clone();
    [said.payload, said.photo, said.original]
}

#[test]
fn mend_43_without_its_head_file_a_node_signs_nothing_until_its_log_was_compared() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, "44030002", Roles::CAPTURE);
    capture(&home_b, &b, 1);
    sync(&b, &province);
    drop(b);
    let older = copy_folder(&home_b);
    let b = home_b.open_as(&province, "44030002");
    assert_eq!(b.held(), None, "ended in order");
    capture(&home_b, &b, 2);
    sync(&b, &province);
    drop(b);
    // The same machine, an old database, and no head file that could tell.
    std::fs::remove_dir_all(older.path().join("heads")).unwrap();
    let b = older.open_as(&province, "44030002");
    assert_eq!(b.held(), Some(Held::Restored));
    drop(b);
    let b = older.open_as(&province, "44030002");
    assert_eq!(b.held(), Some(Held::Restored), "nor after another start");
    sync(&province, &b);
    b.compared().unwrap();
    assert_eq!((b.held(), b.store.head(b.origin()).size), (None, 4));
    capture(&older, &b, 3);
}

#[test]
fn mend_43_a_head_file_and_a_database_that_are_both_gone_are_missed() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, "44030002", Roles::CAPTURE);
    capture(&home_b, &b, 1);
    drop(b);
    std::fs::remove_dir_all(home_b.path().join("heads")).unwrap();
    std::fs::remove_file(home_b.path().join("store.redb")).unwrap();
    let b = home_b.open_as(&province, "44030002");
    join_back(&province, &b);
    assert_eq!(b.held(), Some(Held::Restored));
}

#[test]
fn mend_45_bytes_that_no_database_has_are_told_and_panic_nowhere() {
    let home = Home::new();
    let office = home.open();
    for shade in 0..4 {
        home.case(&office, &picture(8, 8, [shade; 3]), true);
    }
    let (code, province) = (office.code(), office.members().province().clone());
    drop(office);
    let whole = std::fs::read(home.path().join("store.redb")).unwrap();
    let mut noise = [0; 512];
    noise.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * at * 131 + 7 * at) as u8);
    let used = whole.chunks(4096).enumerate().filter(|(_, page)| page.iter().any(|byte| *byte != 0)).map(|(page, _)| page);
    let mut damaged = 0;
    for page in used {
        let mut torn = whole.clone();
        torn[page * 4096..page * 4096 + 512].copy_from_slice(&noise);
        std::fs::write(home.path().join("store.redb"), torn).unwrap();
        let opened = std::panic::catch_unwind(|| Office::open(home.path(), code, &province).map(drop).map_err(|error| error.to_string()));
        damaged += usize::from(opened.unwrap_or_else(|_| panic!("page {page}")).is_err());
    }
    assert!(damaged > 0);
}

#[test]
fn mend_42_a_restored_office_fetches_what_its_own_later_cases_name() {
    let home = Home::new();
    let province = home.open();
    let (home_b, b) = Home::join(&province, "44030002", Roles::CAPTURE);
    capture(&home_b, &b, 1);
    drop(b);
    let older = copy_folder(&home_b);
    let b = home_b.open_as(&province, "44030002");
    let later = capture(&home_b, &b, 2);
    sync(&b, &province);
    drop(b);
    let restored = older.open_as(&province, "44030002");
    sync(&province, &restored);
    let wanted = restored.wanted(100).unwrap();
    let (wanted, later): (BTreeSet<_>, BTreeSet<_>) = (wanted.into_iter().collect(), later.into_iter().collect());
    assert_eq!(wanted, later, "and nothing that is here");
}

#[cfg(unix)]
#[test]
fn mend_34_nobody_else_on_the_machine_reads_what_a_node_keeps() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let set = |name: &str, mode| std::fs::set_permissions(home.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    let mode = |name: &str| std::fs::metadata(home.path().join(name)).unwrap().permissions().mode() & 0o777;
    let office = home.open();
    drop(office);
    std::fs::create_dir(home.path().join("models")).unwrap();
    set("", 0o755);
    set("keys", 0o755);
    set("keys/office.key", 0o644);
    set("store.redb", 0o644);
    drop(home.open());
    assert_eq!((mode(""), mode("keys"), mode("keys/office.key"), mode("store.redb")), (0o700, 0o700, 0o600, 0o600));
    let out = tempfile::tempdir().unwrap();
    let export = out.path().join("export");
    crate::audit::export(&home.open(), &export, true).unwrap();
    assert_eq!(std::fs::metadata(&export).unwrap().permissions().mode() & 0o777, 0o700);
}
