//! Sticks between offices that have no network, good ones and hostile ones.

mod hostile;

use super::{Ask, Report, ask, export, import, look, stick::Stick};
use crate::{
    audit,
    print::Font,
    service::{
        Office, Refusal,
        office::now_ms,
        receipts::{self, Answer},
        review,
        testing::{Home, copy_folder, picture},
    },
};
use protocol::{
    access,
    case::{Case, Status},
    id::BlobHash,
    log::tile,
    membership::Grant,
    record::{Record, Roles, Verdict},
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const A: &str = "44030401";
const B: &str = "44010501";

/// All of a stick, as the command line takes it in.
fn take(office: &Office, dir: &Path) -> Result<Report, Refusal> {
    let mut taken = import(office, dir, 2)?;
    while !taken.done {
        taken = taken.and_then(import(office, dir, 2)?);
    }
    Ok(taken)
}

/// A fresh folder beside a data directory.
fn stick(home: &Home, name: &str) -> PathBuf {
    home.path().join(name)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Puts so many records that mean nothing into an office's log.
fn grow(office: &Office, records: u64) {
    let build = |from: u64| (from..from + records).map(|at| Record::Unknown { kind: "later".into(), body: at.to_be_bytes().to_vec() });
    office.append(|from, signer| build(from).map(|record| signer.sign(&record)).collect()).unwrap();
}

/// A province, and an office that never hears of it but by sticks.
struct Apart {
    home: Home,
    province: Office,
    home_a: Home,
    a: Office,
}

impl Apart {
    fn new() -> Self {
        let home = Home::new();
        let province = home.open();
        let (home_a, a) = Home::apart(&province, A, Roles::CAPTURE);
        Self { home, province, home_a, a }
    }
    /// With the province's log at the office.
    fn joined() -> Self {
        let them = Self::new();
        them.to_a("first");
        them
    }
    fn to_a(&self, name: &str) -> Report {
        let dir = stick(&self.home, name);
        export(&self.province, &dir, self.a.code(), None).unwrap();
        take(&self.a, &dir).unwrap()
    }
    fn of_a(&self, name: &str) -> PathBuf {
        let dir = stick(&self.home_a, name);
        export(&self.a, &dir, self.province.code(), None).unwrap();
        dir
    }
    fn log_a(&self, dir: &Path) -> PathBuf {
        dir.join("logs").join(self.a.origin().as_str())
    }
    fn size_a(&self) -> u64 {
        self.province.store.head(self.a.origin()).size
    }
    fn case(&self) -> std::sync::Arc<Case> {
        self.home_a.case(&self.a, &picture(8, 8, [1; 3]), false)
    }
    /// A stick with one log of so many entries at the office.
    fn grown(records: u64) -> (Self, PathBuf) {
        let them = Self::joined();
        grow(&them.a, records);
        let dir = them.of_a("stick");
        (them, dir)
    }
    /// The stick is refused as a whole with this code, and nothing of it is stored.
    fn refuses(&self, dir: &Path, code: &str) {
        let before = self.province.store.frontier();
        for refusal in [look(&self.province, dir).unwrap_err(), import(&self.province, dir, 9).unwrap_err()] {
            assert_eq!(refusal.code, code, "{refusal}");
            assert!(!refusal.text.zh.is_empty() && refusal.text.en.len() > 20);
        }
        assert_eq!(self.province.store.frontier(), before);
    }
}

#[test]
fn two_offices_that_never_had_a_network_finish_a_case_by_sticks() {
    let them = Apart::new();
    assert!(them.a.member().is_none());
    let brought = them.to_a("enrolment");
    assert!(them.a.member().is_some() && brought.refused.is_empty(), "{brought:?}");
    let case = them.case();

    let dir = them.of_a("with-case");
    let looked = look(&them.province, &dir).unwrap();
    assert_eq!((looked.new_cases, looked.entries(), looked.stored), (1, 2, false));
    assert_eq!(looked.refused, [], "nothing is wrong with it");
    assert_eq!((them.size_a(), them.province.cases().unwrap().len()), (0, 0), "looking stores nothing");
    let taken = take(&them.province, &dir).unwrap();
    assert_eq!((taken.new_cases, taken.entries(), taken.blobs_new), (1, 2, looked.blobs_new), "{taken:?}");
    assert!(taken.stored && taken.done && taken.refused.is_empty() && taken.blobs_new > 0);

    let decision = review::Decision { verdict: Verdict::Approve, submission: case.current.hash, reasons: vec![] };
    let decided = review::decide(&them.province, case.id, decision, 2).unwrap();
    let number = decided.receipts[0].said.number.clone();
    let back = them.to_a("with-receipt");
    assert!(back.entries() >= 2, "{back:?}");
    assert!(matches!(receipts::look_up(&them.a, &number, now_ms()).unwrap(), Answer::Valid(_)));
    let pdf = receipts::print(&them.a, &number, false, &Font::find(None).expect("fonts-noto-cjk")).unwrap();
    assert!(pdf.starts_with(b"%PDF"));
    // The province cosigned the office's log when it took it in, and the stick brought that back.
    assert!(them.a.witnessed_ms(them.a.origin()).unwrap().is_some());
}

#[test]
fn the_same_stick_a_second_time_changes_nothing() {
    let them = Apart::joined();
    them.case();
    let dir = them.of_a("stick");
    take(&them.province, &dir).unwrap();
    let before = (them.province.store.frontier(), them.province.store.blobs.names().unwrap());
    let again = take(&them.province, &dir).unwrap();
    assert_eq!((again.entries(), again.blobs_new, again.new_cases, again.refused_count), (0, 0, 0, 0), "{again:?}");
    assert_eq!((them.province.store.frontier(), them.province.store.blobs.names().unwrap()), before);
}

#[test]
fn a_stick_is_an_audit_export_as_well() {
    let (_them, dir) = Apart::grown(300);
    let report = audit::verify(&dir, None, None, &mut |_, _, _| {}).unwrap();
    assert!(report.holds() && report.logs == 2 && report.records >= 300, "{report:?}");
}

#[test]
fn no_stick_holds_a_blob_that_its_receiver_may_not_have() {
    let them = Apart::joined();
    let case = them.home_a.case(&them.a, b"the-face-of-somebody", false);
    let (_home_b, b) = Home::apart(&them.province, B, Roles::CAPTURE);
    take(&them.province, &them.of_a("stick")).unwrap();
    let planted: [&[u8]; 3] = [b"the-face-of-somebody", "张伟".as_bytes(), b"11010519491231002X"];
    let hit = |dir: &Path| {
        let named = |secret: &[u8]| files(dir).iter().any(|path| fs::read(path).unwrap().windows(secret.len()).any(|part| part == secret));
        planted.map(named)
    };
    let blobs = |dir: &Path| -> BTreeSet<BlobHash> {
        let names = files(dir).into_iter().filter(|path| path.parent().is_some_and(|folder| folder.ends_with("blobs")));
        names.map(|path| path.file_name().unwrap().to_str().unwrap().parse().unwrap()).collect()
    };
    for (name, decided) in [("before", false), ("after", true)] {
        if decided {
            let decision = review::Decision { verdict: Verdict::Approve, submission: case.current.hash, reasons: vec![] };
            review::decide(&them.province, case.id, decision, 2).unwrap();
        }
        let case = them.province.case(case.id).unwrap().unwrap();
        for to in [&b, &them.a] {
            let dir = stick(&them.home, &format!("{name}-{}", to.code()));
            export(&them.province, &dir, to.code(), None).unwrap();
            let said = &case.current.said;
            let may = [said.photo, said.original, said.payload].into_iter();
            let may: BTreeSet<BlobHash> =
                may.filter(|blob| access::may_have([&*case], *blob, to.code(), &Grant::everywhere(Roles::CAPTURE), now_ms())).collect();
            assert_eq!(blobs(&dir), may, "{name} {}", to.code());
            // Names and numbers of people stand on no stick; a photo only where its receipt stands.
            let photo = may.contains(&said.photo);
            assert_eq!(hit(&dir), [photo, false, false], "{name} {}", to.code());
        }
    }
    // And the reviewer's holds the photo, so that the search above can find one.
    assert_eq!(hit(&them.of_a("again")), [true, false, false]);
    let unknown = export(&them.province, &stick(&them.home, "unknown"), "99999999".parse().unwrap(), None).unwrap_err();
    assert_eq!(unknown.code, "office_unknown");
}

#[test]
fn case_37_a_stick_pulled_out_loses_nothing_and_goes_on() {
    let (them, dir) = Apart::grown(1_000);
    // As much as had been read when it was pulled out: the first two bundles of four.
    let log = them.log_a(&dir);
    let aside = stick(&them.home_a, "aside");
    fs::create_dir(&aside).unwrap();
    let rest = [tile::entries_path(2, 256), tile::entries_path(3, 232)];
    for (at, path) in rest.iter().enumerate() {
        fs::rename(log.join(path), aside.join(at.to_string())).unwrap();
    }
    let part = take(&them.province, &dir).unwrap();
    assert_eq!((them.size_a(), part.refused_count), (512, 1), "{part:?}");
    assert!(part.refused[0].reason.en.contains("nothing from entry 512 on"), "{part:?}");
    assert!(part.done);
    for (at, path) in rest.iter().enumerate() {
        fs::rename(aside.join(at.to_string()), log.join(path)).unwrap();
    }
    // A step stores two packages at most; after each of them the stick may go.
    let step = import(&them.province, &dir, 1).unwrap();
    assert_eq!((step.done, them.size_a()), (false, 768));
    let whole = take(&them.province, &dir).unwrap();
    assert_eq!((them.size_a(), whole.refused_count), (1_000, 0), "{whole:?}");
    assert_eq!(look(&them.province, &dir).unwrap().refused, []);
    assert_eq!(them.province.store.head(them.a.origin()).root, them.a.store.head(them.a.origin()).root);
}

#[test]
fn an_ask_brings_only_what_is_new() {
    let (them, dir) = Apart::grown(300);
    take(&them.province, &dir).unwrap();
    let file = stick(&them.home, "ask.json");
    fs::write(&file, serde_json::to_vec(&ask(&them.province).unwrap()).unwrap()).unwrap();
    grow(&them.a, 300);
    let asked = Ask::read(&file, &them.a, them.province.code()).unwrap();
    let dir = stick(&them.home_a, "news");
    let sent = export(&them.a, &dir, them.province.code(), Some(&asked)).unwrap();
    assert_eq!(sent.records, 300);
    let log = them.log_a(&dir);
    assert!(!log.join(tile::entries_path(0, 256)).exists() && log.join(tile::entries_path(1, 256)).exists(), "whole bundles");
    // At an office that has not what the ask says it has, nothing is stored, and it is told what to do.
    let (_home_b, b) = Home::apart(&them.province, B, Roles::CAPTURE);
    let enrolled = stick(&them.home, "for-b");
    export(&them.province, &enrolled, b.code(), None).unwrap();
    fs::remove_dir_all(them.log_a(&enrolled)).unwrap();
    take(&b, &enrolled).unwrap();
    let refused = take(&b, &dir).unwrap();
    assert!(refused.refused.iter().any(|refused| refused.reason.en.contains("bundle ask")), "{refused:?}");
    assert_eq!(b.store.head(them.a.origin()).size, 0);
    let taken = take(&them.province, &dir).unwrap();
    assert_eq!((taken.entries(), taken.refused_count, them.size_a()), (300, 0, 600), "{taken:?}");
    // A file of somebody else, or of something else, asks for nothing.
    assert_eq!(Ask::read(&file, &them.a, b.code()).unwrap_err().code, "ask_file");
    fs::write(&file, "{}").unwrap();
    assert_eq!(Ask::read(&file, &them.a, them.province.code()).unwrap_err().code, "ask_file");
}

#[test]
fn a_restored_office_gets_its_own_log_back_from_a_stick() {
    let them = Apart::joined();
    let backup = copy_folder(&them.home_a);
    grow(&them.a, 20);
    take(&them.province, &them.of_a("stick")).unwrap();
    // The disk of before, with the head file of before: nothing here knows what is missing.
    let restored = backup.open_as(&them.province, A);
    assert_eq!(restored.store.head(restored.origin()).size, 0);
    let dir = stick(&them.home, "back");
    export(&them.province, &dir, restored.code(), None).unwrap();
    let taken = take(&restored, &dir).unwrap();
    assert_eq!((restored.store.head(restored.origin()).size, taken.refused_count), (20, 0), "{taken:?}");
    assert_eq!(restored.store.head(restored.origin()).root, them.a.store.head(them.a.origin()).root);
}

#[test]
fn a_stick_with_a_second_history_raises_the_alarm() {
    let them = Apart::joined();
    grow(&them.a, 3);
    let machine = copy_folder(&them.home_a);
    let Apart { home, province, home_a, a } = them;
    drop(a);
    let (a, clone) = (home_a.open_as(&province, A), machine.open_as(&province, A));
    let write = |office: &Office, records: u64, kind: &str| {
        office.compared().unwrap();
        let record = |at: u64| Record::Unknown { kind: kind.into(), body: at.to_be_bytes().to_vec() };
        office.append(|from, signer| (from..from + records).map(|at| signer.sign(&record(at))).collect()).unwrap();
        let dir = stick(&home, kind);
        export(office, &dir, province.code(), None).unwrap();
        dir
    };
    let (one, other) = (write(&a, 5, "one"), write(&clone, 9, "other"));
    // The second stick tells more than the first, and less: both ways the fork is proved, with all that both share.
    for (first, second, here) in [(&one, &other, 8), (&other, &one, 12)] {
        let home = copy_folder(&home);
        let province = home.open();
        take(&province, first).unwrap();
        let looked = look(&province, second).unwrap();
        assert_eq!((looked.refused_count, province.forks().len()), (1, 0), "looking tells, and stores nothing: {looked:?}");
        let taken = take(&province, second).unwrap();
        assert!(taken.refused[0].reason.en.contains("two histories"), "{taken:?}");
        assert_eq!(province.store.head(a.origin()).size, here);
        let forks = province.forks();
        assert_eq!((forks.len(), forks[0].shared), (1, 3));
        // And the next stick carries the proof on.
        let dir = home.path().join("alarm");
        export(&province, &dir, a.code(), None).unwrap();
        let told = take(&a, &dir);
        assert!(told.is_ok() && a.forks().len() == 1, "{told:?}");
    }
}
