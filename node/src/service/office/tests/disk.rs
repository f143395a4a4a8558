//! A disk that is full and has space again.

use super::*;
use redb::StorageBackend;
use std::sync::Arc;

/// A disk that may become full, and then has only the space that the reserve gave back.
#[derive(Debug, Clone)]
struct Disk {
    file: Arc<Mutex<Vec<u8>>>,
    full: Arc<AtomicBool>,
    reserve: PathBuf,
}

impl Disk {
    fn room(&self) -> std::io::Result<MutexGuard<'_, Vec<u8>>> {
        if self.full.load(Ordering::SeqCst) && self.reserve.is_file() {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        Ok(lock(&self.file))
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> std::io::Result<u64> {
        Ok(lock(&self.file).len() as u64)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        out.copy_from_slice(&lock(&self.file)[offset as usize..offset as usize + out.len()]);
        Ok(())
    }
    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.room()?.resize(len as usize, 0);
        Ok(())
    }
    fn sync_data(&self) -> std::io::Result<()> {
        Ok(())
    }
    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        let end = offset as usize + data.len();
        let mut file = self.room()?;
        let len = file.len().max(end);
        file.resize(len, 0);
        file[offset as usize..end].copy_from_slice(data);
        Ok(())
    }
}

/// An enrolled office whose database lies on this disk.
fn on(home: &testing::Home, disk: &Disk) -> Office {
    let first = home.open();
    let (code, province) = (first.code(), first.members().province().clone());
    let enrol = enrolment::enrol_self(&first.keys, code, "test", Roles::CAPTURE.with(Roles::REVIEW).with(Roles::ADMIN));
    drop(first);
    std::fs::remove_dir_all(home.path().join("heads")).unwrap();
    std::fs::remove_file(home.path().join("standing")).unwrap();
    let backend = disk.clone();
    let store = Store::over(home.path(), Box::new(move || Ok(Box::new(backend.clone())))).unwrap();
    let office = Office::over(home.path(), code, &province, store).unwrap();
    office.enrol(enrol).unwrap();
    office
}

#[test]
fn case_41_a_full_disk_stops_the_signing_and_nothing_else_and_ends_without_a_restart() {
    let home = testing::Home::new();
    let reserve = home.path().join("reserve");
    let disk = Disk { file: Arc::default(), full: Arc::default(), reserve: reserve.clone() };
    let office = on(&home, &disk);
    office.keep_reserve().unwrap();
    assert_eq!(std::fs::metadata(&reserve).unwrap().len(), crate::store::RESERVE_BYTES);
    append(&office, &submitted(own(1)));
    let signed =
        |office: &Office| office.store.head(office.origin()).note.lines().nth(1).and_then(|size| size.parse::<u64>().ok()).unwrap();
    let submit = |office: &Office, case: u8| office.append(|_, signer| Ok(vec![signer.sign(&submitted(own(case)))?]));
    // Full from here on.
    disk.full.store(true, Ordering::SeqCst);
    assert!(submit(&office, 2).is_err());
    assert!(matches!(office.held(), Some(Held::Full(_))), "{:?}", office.held());
    assert!(!reserve.exists(), "given back");
    assert!(office.check_drafts().is_err());
    // There is a little space from the reserve: it reads, and it takes what others wrote; the reserve itself cannot be taken again.
    std::fs::create_dir(&reserve).unwrap();
    assert!(office.try_disk_again().is_err());
    assert!(office.case(own(1)).unwrap().is_some());
    assert!(submit(&office, 3).is_err(), "nothing is signed");
    let (enrol, package, _) = other_office();
    let origin = Origin::office("test.huizhi", enrol.code, 1).unwrap();
    assert!(office.append_province(&Record::Enrol(enrol)).is_err());
    assert_eq!(office.ingest(&origin, package).unwrap(), Err(PackageError::Bounds), "looked at, and not of this federation");
    assert_eq!(signed(&office), 1);
    // Space again.
    std::fs::remove_dir(&reserve).unwrap();
    disk.full.store(false, Ordering::SeqCst);
    assert!(office.try_disk_again().unwrap());
    assert_eq!(office.held(), None);
    assert!(reserve.exists());
    submit(&office, 4).unwrap();
    let size = office.store.head(office.origin()).size;
    assert_eq!(signed(&office), size);
    assert!(office.begins_with(&office.store.head(office.origin()), &lock(&office.own.newest).clone().unwrap()).unwrap());
    let words: Vec<_> = office.store.incidents().unwrap().into_iter().map(|(_, what)| what).collect();
    assert!(words.contains(&"the disk has space again".to_owned()), "{words:?}");
    let mut check = crate::store::LogCheck::new(&office.store, office.origin().clone());
    while check.step(true).unwrap() > 0 {}
    let key = VerifierKey::new(office.origin().clone(), office.keys.office.public());
    assert_eq!(check.finish(Some(&key)).unwrap(), []);
}

fn draft_of(case: u8) -> (CaseId, serde_json::Value) {
    (own(case), serde_json::json!({ "picture": "x".repeat(1 << 16) }))
}

fn full_disk() -> (testing::Home, Disk, Office) {
    let home = testing::Home::new();
    let disk = Disk { file: Arc::default(), full: Arc::default(), reserve: home.path().join("reserve") };
    let office = on(&home, &disk);
    office.keep_reserve().unwrap();
    append(&office, &submitted(own(1)));
    disk.full.store(true, Ordering::SeqCst);
    (home, disk, office)
}

#[test]
fn mend_35_a_full_disk_that_a_draft_meets_first_is_shown_and_ends_by_itself() {
    let (_home, disk, office) = full_disk();
    let (id, draft) = draft_of(9);
    assert!(office.store.put_draft(id, &draft).is_err());
    assert!(matches!(office.held(), Some(Held::Full(_))), "shown at once: {:?}", office.held());
    assert_eq!(office.check_drafts().unwrap_err().code, "read_only");
    disk.full.store(false, Ordering::SeqCst);
    assert!(office.try_disk_again().unwrap());
    assert_eq!(office.held(), None);
    office.store.put_draft(id, &draft).unwrap();
    append(&office, &submitted(own(2)));
}

#[test]
fn mend_35_a_photo_that_finds_no_space_leads_to_the_same_state() {
    let (home, disk, office) = full_disk();
    disk.full.store(false, Ordering::SeqCst);
    let full = StoreError::Io(std::io::ErrorKind::StorageFull.into());
    assert_eq!(Refusal::from(full).code, "disk_full", "words of the program's own");
    // What a file system says of a blob's file.
    std::fs::remove_dir_all(home.path().join("blobs/partial")).unwrap();
    std::os::unix::fs::symlink("/dev/full", home.path().join("blobs/partial")).unwrap();
    assert!(office.store.blobs.put(b"photo").is_err());
    assert_eq!(office.held(), None, "a folder that is missing is no full disk");
    office.store.note_full(&StoreError::Io(std::io::ErrorKind::QuotaExceeded.into()));
    assert!(matches!(office.held(), Some(Held::Full(_))));
    assert!(office.try_disk_again().unwrap());
    assert_eq!(office.held(), None);
}

#[test]
fn mend_35_what_was_signed_is_compared_before_anything_is_signed_again() {
    let (home, disk, office) = full_disk();
    let head = home.path().join("heads/office.checkpoint");
    assert!(office.append(|_, signer| Ok(vec![signer.sign(&submitted(own(2)))?])).is_err());
    let whole = std::fs::read(&head).unwrap();
    std::fs::write(&head, b"torn").unwrap();
    disk.full.store(false, Ordering::SeqCst);
    assert!(office.try_disk_again().is_err(), "it cannot be compared");
    assert!(matches!(office.held(), Some(Held::Full(_))), "{:?}", office.held());
    std::fs::write(&head, whole).unwrap();
    assert!(office.try_disk_again().unwrap());
    assert_eq!(office.held(), None);
}

#[test]
fn mend_35_a_reader_that_takes_long_does_not_leave_the_database_closed() {
    let (_home, disk, office) = full_disk();
    let reader = office.snapshot().unwrap();
    let (id, draft) = draft_of(9);
    assert!(office.store.put_draft(id, &draft).is_err());
    disk.full.store(false, Ordering::SeqCst);
    assert!(office.try_disk_again().unwrap(), "while somebody still reads");
    office.store.put_draft(id, &draft).unwrap();
    drop(reader);
}
