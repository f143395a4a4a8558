//! The store: packages travel, proofs hold, blobs settle only when whole.

use super::*;
use protocol::{
    id::{OfficeCode, RecordHash},
    keys::OfficeKey,
    log::{Checkpoint, VerifierKey},
    merkle,
    record::{Decided, Record, Signed, Verdict, Verified},
};

fn origin() -> Origin {
    let code: OfficeCode = "44030001".parse().unwrap();
    Origin::office("demo.huizhi", code, 1).unwrap()
}

fn records(key: &OfficeKey, count: u8) -> Vec<Verified> {
    (0..count)
        .map(|index| {
            let record = Record::Decided(Decided {
                case: CaseId([index % 3; 16]),
                submission: RecordHash([index; 32]),
                verdict: Verdict::Approve,
                reasons: vec![],
                resolves: vec![],
                operator: 1,
                at_ms: 0,
            });
            Signed::sign(&origin(), key, &record).unwrap()
        })
        .collect()
}

fn sign(store: &Store, key: &OfficeKey) {
    let head = store.head(&origin());
    store.set_own_note(&Checkpoint { origin: origin(), size: head.size, root: head.root }.sign(key));
}

#[test]
fn a_log_travels_in_packages_and_survives_a_reopening() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let key = OfficeKey::from_seed(&[1; 32]);
    let verifier = VerifierKey::new(origin(), key.public());
    let (a, b) = (Store::open(ours.path()).unwrap(), Store::open(theirs.path()).unwrap());
    for chunk in records(&key, 250).chunks(100) {
        a.append(&origin(), chunk).unwrap();
    }
    assert_eq!(a.package(&origin(), 0).unwrap(), None, "nothing travels without a checkpoint");
    sign(&a, &key);
    let signed = a.frontier();
    a.append(&origin(), &records(&key, 30)).unwrap();
    assert_eq!(a.frontier_to_tell(), signed, "what is not signed yet cannot be given, and is not told");
    sign(&a, &key);
    assert_eq!(a.frontier_to_tell(), a.frontier());
    let mut rounds = 0;
    while let Some(package) = a.package(&origin(), b.head(&origin()).size).unwrap() {
        let verified = package.verify(&b.edge(&origin()), &verifier, []).unwrap();
        assert_eq!(b.commit_package(&origin(), verified).unwrap().len(), if rounds == 0 { 256 } else { 24 });
        rounds += 1;
    }
    assert_eq!(rounds, 2);
    assert_eq!((b.head(&origin()).size, b.head(&origin()).root), (280, a.head(&origin()).root));
    assert_eq!(b.case_ids().unwrap().len(), 3);
    assert_eq!(b.case_entries(CaseId([2; 16])).unwrap().len(), 83 + 10);
    drop(b);
    let b = Store::open(theirs.path()).unwrap();
    assert_eq!(b.head(&origin()).root, a.head(&origin()).root);
    assert_eq!(b.head(&origin()).note, a.head(&origin()).note);
    let entry = b.entry(&origin(), 270).unwrap().unwrap();
    let proof = b.with_subtrees(&origin(), |view| merkle::inclusion_proof(view, 270, 280)).unwrap().unwrap();
    assert!(merkle::verify_inclusion(&merkle::leaf_hash(&entry.bytes), 270, 280, &proof, &b.head(&origin()).root));
}

#[test]
fn a_changed_package_is_refused_and_leaves_nothing() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let key = OfficeKey::from_seed(&[1; 32]);
    let (a, b) = (Store::open(ours.path()).unwrap(), Store::open(theirs.path()).unwrap());
    a.append(&origin(), &records(&key, 5)).unwrap();
    sign(&a, &key);
    let mut package = a.package(&origin(), 0).unwrap().unwrap();
    package.entries[3][20] ^= 1;
    assert!(package.verify(&b.edge(&origin()), &VerifierKey::new(origin(), key.public()), []).is_err());
    assert_eq!(b.head(&origin()).size, 0);
}

#[test]
fn case_14_two_packages_on_top_of_the_same_entries_are_not_both_stored() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let key = OfficeKey::from_seed(&[1; 32]);
    let verifier = VerifierKey::new(origin(), key.public());
    let (a, b) = (Store::open(ours.path()).unwrap(), Store::open(theirs.path()).unwrap());
    a.append(&origin(), &records(&key, 5)).unwrap();
    sign(&a, &key);
    let short = a.package(&origin(), 0).unwrap().unwrap().verify(&b.edge(&origin()), &verifier, []).unwrap();
    a.append(&origin(), &records(&key, 30)).unwrap();
    sign(&a, &key);
    let long = a.package(&origin(), 0).unwrap().unwrap().verify(&b.edge(&origin()), &verifier, []).unwrap();
    b.commit_package(&origin(), long).unwrap();
    assert!(matches!(b.commit_package(&origin(), short), Err(StoreError::NotNext { start: 0, size: 35 })));
    assert_eq!((b.head(&origin()).size, b.head(&origin()).root), (35, a.head(&origin()).root), "a log never becomes shorter");
}

#[test]
fn case_26_what_a_writer_gave_in_part_before_it_was_lost_still_reaches_everybody() {
    let homes = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let key = OfficeKey::from_seed(&[1; 32]);
    let verifier = VerifierKey::new(origin(), key.public());
    let writer = Store::open(homes[0].path()).unwrap();
    for _ in 0..4 {
        writer.append(&origin(), &records(&key, 175)).unwrap();
    }
    sign(&writer, &key);
    let give = |from: &Store, to: &Store| {
        let package = from.package(&origin(), to.edge(&origin()).size()).unwrap()?;
        let verified = package.verify(&to.edge(&origin()), &verifier, []).unwrap();
        to.commit_package(&origin(), verified).unwrap();
        Some(())
    };
    let first = Store::open(homes[1].path()).unwrap();
    give(&writer, &first).unwrap();
    give(&writer, &first).unwrap();
    // The writer's machine is gone for ever; the first node starts anew.
    drop(first);
    let first = Store::open(homes[1].path()).unwrap();
    assert_eq!((first.head(&origin()).size, &*first.head(&origin()).note), (512, ""), "no checkpoint covers exactly what is here");
    assert_eq!(first.frontier_to_tell(), first.frontier(), "and all of it can be given");
    let second = Store::open(homes[2].path()).unwrap();
    give(&first, &second).unwrap();
    give(&first, &second).unwrap();
    assert!(give(&first, &second).is_none(), "that is all");
    assert_eq!((second.head(&origin()).size, second.head(&origin()).root), (512, first.head(&origin()).root));
    // It is found after all: what was kept for passing on is not needed any more.
    give(&writer, &second).unwrap();
    assert_eq!(second.head(&origin()).size, 700);
    assert_eq!(second.head(&origin()).note, writer.head(&origin()).note);
    give(&second, &first).unwrap();
    assert_eq!(first.head(&origin()).root, writer.head(&origin()).root);
}

#[test]
fn a_record_by_another_author_in_a_log_does_not_count() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (key, stranger) = (OfficeKey::from_seed(&[1; 32]), OfficeKey::from_seed(&[2; 32]));
    let (a, b) = (Store::open(ours.path()).unwrap(), Store::open(theirs.path()).unwrap());
    a.append(&origin(), &records(&stranger, 1)).unwrap();
    sign(&a, &key);
    let package = a.package(&origin(), 0).unwrap().unwrap();
    let verified = package.verify(&b.edge(&origin()), &VerifierKey::new(origin(), key.public()), []).unwrap();
    assert_eq!(b.commit_package(&origin(), verified).unwrap().len(), 0);
    // Whichever way it comes it stands in the index, and the membership says of it that it counts for nothing.
    assert_eq!(b.case_ids().unwrap().len(), 1, "kept");
}

#[test]
fn mend_13_one_damaged_row_stops_no_list() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.put_draft(CaseId([1; 16]), &7_u64).unwrap();
    store.put_draft(CaseId([2; 16]), &"damaged").unwrap();
    store.change_staff::<String, StoreError>("a", |_| Ok("damaged".into())).unwrap();
    store.change_staff::<u64, StoreError>("b", |_| Ok(8)).unwrap();
    assert_eq!(store.drafts::<u64>().unwrap(), [7]);
    assert_eq!(store.staff::<u64>().unwrap(), [8]);
}

#[test]
fn a_damaged_draft_is_told_without_what_stands_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let id = CaseId([1; 16]);
    store.put_draft(id, &"张伟").unwrap();
    let error = store.draft::<u64>(id).unwrap_err().to_string();
    assert!(!error.contains("张伟"), "{error}");
}

#[test]
fn the_same_picture_from_many_windows_at_once_is_one_whole_blob() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let picture = vec![7; 3 << 20];
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let hash = store.blobs.put(&picture).unwrap();
                assert_eq!(store.blobs.read(hash).unwrap().map(|bytes| bytes.len()), Some(picture.len()));
            });
        }
    });
    let left = std::fs::read_dir(dir.path().join("blobs/partial")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn a_decayed_blob_is_put_again_and_a_half_written_one_is_swept_away() {
    let dir = tempfile::tempdir().unwrap();
    let hash = Store::open(dir.path()).unwrap().blobs.put(b"photo").unwrap();
    let name = hash.to_string();
    let blobs = dir.path().join("blobs");
    std::fs::write(blobs.join(&name[..2]).join(&name[2..]), b"ph").unwrap();
    std::fs::write(blobs.join(format!("partial/{hash}.0.put")), b"ph").unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(std::fs::read_dir(blobs.join("partial")).unwrap().count(), 0);
    store.blobs.put(b"photo").unwrap();
    assert_eq!(store.blobs.read(hash).unwrap().unwrap(), b"photo");
}

#[test]
fn blobs_that_peers_never_finish_do_not_fill_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    for index in 0..100 {
        store.blobs.partial(BlobHash([index; 32])).unwrap().append(5, b"pho").unwrap();
    }
    assert_eq!(std::fs::read_dir(dir.path().join("blobs/partial")).unwrap().count(), 64);
    assert_eq!(store.blobs.partial_size(BlobHash([99; 32])), 3, "the newest is there");
}

#[test]
fn writers_of_one_file_never_meet() {
    let dir = tempfile::tempdir().unwrap();
    let beside = dir.path().join("photo.new");
    std::fs::write(&beside, b"the user's own").unwrap();
    let path = dir.path().join("photo.jpg");
    std::thread::scope(|scope| {
        for byte in 0..8 {
            let path = &path;
            scope.spawn(move || replace_file(path, &[byte; 4096]).unwrap());
        }
    });
    let whole = std::fs::read(&path).unwrap();
    assert!(whole.len() == 4096 && whole.iter().all(|byte| *byte == whole[0]));
    assert_eq!(std::fs::read(&beside).unwrap(), b"the user's own");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left over");
}

#[cfg(unix)]
#[test]
fn others_on_the_machine_cannot_enter_the_data_directory() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("node");
    let _open = Store::open(&dir).unwrap();
    assert_eq!(std::fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_second_opening_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let _open = Store::open(dir.path()).unwrap();
    assert!(matches!(Store::open(dir.path()), Err(StoreError::InUse)));
}

#[test]
fn a_blob_settles_only_when_whole_and_right() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let hash = store.blobs.put(b"photo").unwrap();
    assert_eq!(store.blobs.read(hash).unwrap().unwrap(), b"photo");
    assert_eq!(store.blobs.read_piece(hash, 3, 100).unwrap().unwrap(), (5, b"to".to_vec()));
    store.blobs.remove(hash).unwrap();
    assert!(!store.blobs.partial(hash).unwrap().append(5, b"pho").unwrap());
    assert_eq!(store.blobs.size(hash), None);
    let mut resumed = store.blobs.partial(hash).unwrap();
    assert_eq!(resumed.have(), 3);
    assert!(resumed.append(5, b"to").unwrap());
    assert_eq!(store.blobs.read(hash).unwrap().unwrap(), b"photo");
    let wrong = BlobHash([9; 32]);
    assert!(matches!(store.blobs.partial(wrong).unwrap().append(3, b"xyz"), Err(BlobError::WrongHash(_))));
    assert!(matches!(store.blobs.partial(wrong).unwrap().append(u64::MAX, b"xyz"), Err(BlobError::TooLarge(_))));
    assert_eq!(store.blobs.partial(wrong).unwrap().have(), 0, "nothing of it is kept");
}

#[test]
fn entries_of_every_size_of_logs_that_grow_in_turn_are_read_back_from_anywhere() {
    let dir = tempfile::tempdir().unwrap();
    let database = redb::Database::create(dir.path().join("rows.redb")).unwrap();
    let entry = |log: u32, index: u64| vec![log as u8 ^ index as u8; [0, 1, 400, 4_062, 4_063, 9_000, 65_535, 37][(index % 8) as usize]];
    let mut sizes = [0_u64; 3];
    for round in 0..60_u64 {
        let log = round as usize % 3;
        let count = [1, 1, 7, 40, 256][(round % 5) as usize];
        let entries: Vec<_> = (sizes[log]..sizes[log] + count).map(|index| entry(log as u32, index)).collect();
        let write = database.begin_write().unwrap();
        let slices = entries.iter().map(Vec::as_slice);
        rows::append(&mut write.open_table(tables::ENTRIES).unwrap(), log as u32, sizes[log], slices).unwrap();
        write.commit().unwrap();
        sizes[log] += count;
    }
    let write = database.begin_write().unwrap();
    let mended = [(5, vec![9; 400]), (6, vec![8; 11])].into();
    rows::replace(&mut write.open_table(tables::ENTRIES).unwrap(), 1, &mended).unwrap();
    write.commit().unwrap();
    let table = redb::ReadableDatabase::begin_read(&database).unwrap().open_table(tables::ENTRIES).unwrap();
    for (log, size) in (0..).zip(sizes) {
        let wanted = |index| mended.get(&index).filter(|_| log == 1).cloned().unwrap_or_else(|| entry(log, index));
        for start in [0, 1, 9, size - 1, size] {
            let read: Vec<_> = rows::read(&table, log, start).unwrap().map(Result::unwrap).collect();
            assert_eq!(read.len() as u64, size - start);
            assert!(read.iter().zip(start..).all(|((index, bytes), at)| *index == at && *bytes == wanted(at)));
        }
        assert_eq!(rows::read_one(&table, log, size - 1).unwrap(), Some(wanted(size - 1)));
        assert_eq!(rows::read_one(&table, log, size).unwrap(), None);
    }
    // Of every log some, one beyond its end, and one of a log that is not here.
    let places: Vec<_> = (0..4).flat_map(|log| (0..=sizes[0] + 200).map(move |index| (log, index))).collect();
    for step in [1, 2, 7, 40, 1_000] {
        let some: Vec<_> = places.iter().copied().step_by(step).collect();
        let mut read = Vec::new();
        rows::read_places(&table, &some, |place, bytes| read.push((place, bytes.to_vec()))).unwrap();
        let one_by_one = some.iter().filter_map(|(log, index)| Some(((*log, *index), rows::read_one(&table, *log, *index).unwrap()?)));
        assert!(read.iter().cloned().eq(one_by_one), "every {step}");
    }
}

#[test]
fn case_44_a_database_of_another_time_is_refused_with_words() {
    for (schema, words) in [(SCHEMA + 1, "install the newer version"), (SCHEMA - 1, "before the first release")] {
        let dir = tempfile::tempdir().unwrap();
        drop(Store::open(dir.path()).unwrap());
        let database = redb::Database::open(dir.path().join("store.redb")).unwrap();
        let write = database.begin_write().unwrap();
        write.open_table(tables::META).unwrap().insert("schema", schema).unwrap();
        write.commit().unwrap();
        drop(database);
        let refused = Store::open(dir.path()).map(|_| ()).unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
}

/// A commit makes a log visible to readers of the database a moment before its number is in memory.
#[test]
fn a_case_is_read_while_a_log_with_records_of_it_is_just_being_stored() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let key = OfficeKey::from_seed(&[1; 32]);
    store.append(&origin(), &records(&key, 3)).unwrap();
    let case = CaseId([1; 16]);
    assert_eq!(store.case_entries(case).unwrap().len(), 1);
    store.logs.lock().unwrap().clear();
    assert_eq!(store.case_entries(case).unwrap().len(), 0);
}
