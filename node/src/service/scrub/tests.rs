//! Flipped bits are found and mended; what nothing names is removed, and nothing else.

use super::*;
use crate::{
    service::testing::{Home, picture},
    store::Store,
};
use protocol::log::VerifierKey;

fn whole_pass(office: &Office) -> Vec<String> {
    let mut scrub = Scrub::resume(office, 100);
    let mut found = Vec::new();
    loop {
        let step = scrub.step().unwrap();
        found.extend(step.found);
        if step.ended {
            return found;
        }
    }
}

/// A peer's copy of every log of this office.
fn peer(office: &Office) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let peer = Store::open(dir.path()).unwrap();
    let key = VerifierKey::new(office.origin().clone(), office.keys.office.public());
    while let Some(package) = office.store.package(office.origin(), peer.head(office.origin()).size).unwrap() {
        peer.commit_package(office.origin(), package.verify(&peer.edge(office.origin()), &key, []).unwrap()).unwrap();
    }
    (dir, peer)
}

#[test]
fn case_16_a_flipped_bit_in_an_entry_is_found_and_mended_by_nothing_but_what_was_signed() {
    let home = Home::new();
    let office = home.open();
    (0..3).for_each(|colour| _ = home.case(&office, &picture(8, 8, [colour * 40; 3]), true));
    assert_eq!(whole_pass(&office), Vec::<String>::new());
    let (_dir, peer) = peer(&office);
    let origin = office.origin().clone();
    let whole = office.store.entry(&origin, 4).unwrap().unwrap().bytes;
    office.store.flip_bit(&origin, 4);
    let found = whole_pass(&office);
    assert_eq!(found.len(), 1, "one flipped bit is one damage: {found:?}");
    assert_eq!(office.store.damaged().unwrap(), [(origin.clone(), 4)]);
    assert_eq!(office.held(), None, "the root was signed over the right bytes");
    // A peer that gives something else mends nothing.
    let mut package = peer.package(&origin, 4).unwrap().unwrap();
    package.entries[0][9] ^= 1;
    assert_eq!(office.mend(&origin, &package).unwrap(), 0);
    assert_eq!(office.mend(&origin, &peer.package(&origin, 4).unwrap().unwrap()).unwrap(), 1);
    assert_eq!(office.store.entry(&origin, 4).unwrap().unwrap().bytes, whole);
    assert_eq!(office.store.damaged().unwrap(), []);
    assert_eq!(whole_pass(&office), Vec::<String>::new());
}

#[test]
fn case_16_a_flipped_bit_in_the_tree_is_made_anew_from_the_entries() {
    let home = Home::new();
    let office = home.open();
    (0..3).for_each(|colour| _ = home.case(&office, &picture(8, 8, [colour * 40; 3]), true));
    let origin = office.origin().clone();
    office.store.flip_leaf(&origin, 5);
    let found = whole_pass(&office);
    assert!(found.iter().any(|words| words.contains("made anew")), "{found:?}");
    assert_eq!(office.store.damaged().unwrap(), [], "the entry is as signed");
    assert_eq!(whole_pass(&office), Vec::<String>::new());
}

#[test]
fn case_16_a_root_signed_over_flipped_bytes_stops_the_signing_for_good() {
    let home = Home::new();
    let office = home.open();
    home.case(&office, &picture(8, 8, [9; 3]), true);
    // Memory decayed between signing the record and hashing it: the log holds, and the root covers, what nobody signed.
    let key = &office.keys.office;
    let mut bytes = office.store.entry(office.origin(), 0).unwrap().unwrap().bytes;
    let at = bytes.len() - 1;
    bytes[at] ^= 1;
    let size = office.store.head(office.origin()).size;
    let mut edge = office.store.edge(office.origin());
    edge.append(protocol::merkle::leaf_hash(&bytes), |_, _, _| {});
    let head = protocol::log::Checkpoint { origin: office.origin().clone(), size: size + 1, root: edge.root() };
    let package = Package { start: size, entries: vec![bytes.into()], checkpoint: head.sign(key).note().to_owned(), proof: vec![] };
    let verifier = VerifierKey::new(office.origin().clone(), key.public());
    let verified = package.verify(&office.store.edge(office.origin()), &verifier, []).unwrap();
    office.store.commit_package(office.origin(), verified).unwrap();
    office.store.forget_refusal(office.origin(), size);
    let found = whole_pass(&office);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(office.held(), Some(Held::Spoilt { origin: office.origin().clone(), index: size }));
    assert!(office.read_only().unwrap().en.contains("new epoch"));
    drop(office);
    assert!(matches!(home.open().held(), Some(Held::Spoilt { .. })), "also after a restart");
}

#[test]
fn case_16_a_decayed_blob_is_set_aside_and_wanted_again() {
    let home = Home::new();
    let office = home.open();
    let case = home.case(&office, &picture(8, 8, [9; 3]), true);
    let photo = case.current.said.photo;
    let name = photo.to_string();
    let path = home.path().join("blobs").join(&name[..2]).join(&name[2..]);
    let mut bytes = fs::read(&path).unwrap();
    bytes[7] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(office.wanted(9).unwrap(), []);
    assert_eq!(whole_pass(&office).len(), 1);
    assert_eq!(office.store.blobs.size(photo), None);
    assert_eq!(office.wanted(9).unwrap(), [photo], "the network fetches it like any other");
    bytes[7] ^= 1;
    office.store.blobs.put(&bytes).unwrap();
    assert_eq!(whole_pass(&office), Vec::<String>::new());
    assert_eq!(office.wanted(9).unwrap(), []);
}

#[test]
fn a_scrub_that_is_stopped_goes_on_where_it_was() {
    let home = Home::new();
    let office = home.open();
    (0..9).for_each(|colour| _ = home.case(&office, &picture(8, 8, [colour * 20; 3]), true));
    let mut passes = (0, 0);
    for round in 0.. {
        let mut scrub = Scrub::resume(&office, 100);
        let step = scrub.step().unwrap();
        if step.ended {
            passes = (scrub.progress.entries, scrub.progress.blobs);
            break;
        }
        scrub.keep().unwrap();
        assert!(round < 100, "it gets nowhere");
    }
    let entries: u64 = office.store.frontier().iter().map(|head| head.size).sum();
    assert_eq!(passes, (entries, office.store.blobs.names().unwrap().len() as u64));
    assert_eq!(Scrub::resume(&office, 100).progress, Progress::default(), "the next one begins anew");
}

#[test]
fn case_42_blobs_that_nothing_names_are_collected_after_the_grace_and_no_others() {
    let home = Home::new();
    let office = home.open();
    let case = home.case(&office, &picture(8, 8, [9; 3]), true);
    let applicant = crate::service::payload::Applicant { name: "张伟".into(), id_number: "11010519491231002X".into() };
    let new = crate::service::intake::NewDraft {
        spec_id: "cn-id-card".into(),
        applicant: Some(applicant),
        consent: crate::service::testing::agreed(),
        case: None,
        operator: 1,
    };
    let draft = crate::service::intake::begin(&office, new, |_| Ok(())).unwrap();
    let draft = crate::service::testing::with_photo(&office, draft, b"an original", b"a photo");
    // A kill came between this blob and its record.
    let orphan = office.store.blobs.put(b"named by nothing").unwrap();
    // One that is being fetched.
    let fetched = BlobHash([7; 32]);
    office.store.blobs.partial(fetched).unwrap().append(100, b"half").unwrap();
    assert_eq!(office.collect_orphans(3_600_000).unwrap(), 0, "not before the grace");
    assert!(office.store.blobs.size(orphan).is_some());
    assert_eq!(office.collect_orphans(0).unwrap(), 1);
    assert_eq!(office.store.blobs.size(orphan), None);
    let said = &case.current.said;
    for kept in [said.photo, said.original, said.payload, draft.original().unwrap()] {
        assert!(office.store.blobs.size(kept).is_some());
    }
    assert_eq!(office.store.blobs.partial_size(fetched), 4);
}

#[test]
fn mend_32_only_what_decayed_is_set_aside_and_it_is_looked_at_again_before_it_is_fetched() {
    let home = Home::new();
    let office = home.open();
    let case = home.case(&office, &picture(8, 8, [9; 3]), true);
    let photo = case.current.said.photo;
    let name = photo.to_string();
    let path = home.path().join("blobs").join(&name[..2]).join(&name[2..]);
    let bytes = fs::read(&path).unwrap();
    // An error that says nothing of the bytes.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(!whole_pass(&office).is_empty(), "it is told");
    assert!(path.is_dir(), "and left where it is");
    fs::remove_dir(&path).unwrap();
    fs::write(&path, &bytes).unwrap();
    // What a program of before set aside, although it is whole.
    office.store.blobs.set_aside(photo).unwrap();
    office.store.set_wanted(&[photo], &[]).unwrap();
    assert_eq!(office.wanted(9).unwrap(), [], "nobody has to give it");
    assert_eq!(office.store.blobs.read(photo).unwrap(), Some(bytes));
}

#[test]
fn mend_32_what_was_set_aside_of_an_erased_person_goes_with_the_rest() {
    let home = Home::new();
    let office = home.open();
    let case = home.case(&office, &picture(8, 8, [9; 3]), false);
    let said = &case.current.said;
    let folder = home.path().join("blobs/decayed");
    office.store.blobs.set_aside(said.payload).unwrap();
    office.store.blobs.set_aside(said.photo).unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    erasure::withdraw(&office, case.id, "applicant_asked", 1).unwrap();
    erasure::erase(&office, case.id, "applicant_asked", 1).unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    // One that came there while it was erased elsewhere.
    fs::write(folder.join(said.photo.to_string()), b"decayed").unwrap();
    office.collect_orphans(u64::MAX).unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}
