//! Data directories that released versions wrote: every later version opens them and goes on. `cargo run -p node --example store_of_release`
//! writes one.

use super::*;
use crate::service::{
    intake::Draft,
    receipts::{Answer, look_up},
    staff,
};
use protocol::case::Status;
use std::{fs::File, path::Path};

const STORES: [&str; 1] = ["0.1.0.zip"];

/// A data directory out of its zip file, and the office in it.
fn opened(name: &str) -> (tempfile::TempDir, Office) {
    let dir = tempfile::tempdir().unwrap();
    let file = File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores").join(name)).unwrap();
    zip::ZipArchive::new(file).unwrap().extract(dir.path()).unwrap();
    let office = opened_again(dir.path());
    (dir, office)
}

#[test]
fn case_44_what_a_released_version_wrote_opens_folds_and_goes_on() {
    for name in STORES {
        let (dir, office) = opened(name);
        assert_eq!(office.read_only(), None, "{name}: nobody else holds its log");
        let number = std::fs::read_to_string(dir.path().join("receipt")).unwrap();
        let Answer::Valid(found) = look_up(&office, &number, 1_795_000_000_000).unwrap() else { panic!("{name}: the receipt stands") };
        let before = found.verified.checkpoint.clone();
        while !office.settle(256).unwrap() {}
        assert_eq!((office.count(Status::Approved).unwrap(), office.count(Status::Submitted).unwrap()), (1, 1), "{name}");
        assert_eq!(office.compare_states(|| {}).unwrap(), [], "{name}");
        assert_eq!(office.store.drafts::<Draft>().unwrap().len(), 1, "{name}");
        assert!(staff::log_in(&office, "staff", "staff-password").is_ok(), "{name}");
        let unknown = office.store.entries(office.origin(), 0, 100).unwrap();
        let unknown = unknown.iter().filter(|entry| matches!(entry.verify().unwrap().record.record(), Record::Unknown { .. }));
        assert_eq!(unknown.count(), 1, "{name}: a later version will tell");
        // Its log goes on from there.
        append(&office, &submitted(own(7)));
        assert!(office.store.head(office.origin()).size > before.size());
        assert_eq!(office.holds(&before).unwrap(), Some(true), "{name}: one history");
        drop(office);
        assert!(matches!(look_up(&opened_again(dir.path()), &number, 1_795_000_000_000).unwrap(), Answer::Valid(_)));
    }
}

fn opened_again(dir: &Path) -> Office {
    let trust = std::fs::read_to_string(dir.join("province.vkey")).unwrap().parse().unwrap();
    Office::open(dir, "44030001".parse().unwrap(), &trust).unwrap()
}
