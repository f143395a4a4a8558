//! An office of its own for tests: one node that is its own province and holds every role.

use super::{
    Cosigning, Office,
    intake::{self, Draft, NewDraft},
    keys::Keys,
    payload::Applicant,
    photos::PhotoResult,
    review,
};
use crate::enrolment;
use protocol::{
    case::Case,
    id::{OfficeCode, Origin},
    log::VerifierKey,
    record::{Roles, Verdict},
};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;

/// A data directory.
pub(crate) struct Home(TempDir);

impl Home {
    /// With new keys.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Keys::create(&dir.path().join("keys"), true).unwrap();
        Self(dir)
    }
    /// Another empty one with the same keys.
    pub(crate) fn with_keys_of(other: &Self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("keys")).unwrap();
        for file in std::fs::read_dir(other.path().join("keys")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), dir.path().join("keys").join(file.file_name())).unwrap();
        }
        Self(dir)
    }
    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
    /// Opens it, and enrols the office the first time.
    pub(crate) fn open(&self) -> Office {
        let keys = Keys::open(&self.path().join("keys")).unwrap();
        let code: OfficeCode = "44030001".parse().unwrap();
        let province = VerifierKey::new(Origin::province("test.huizhi", 1).unwrap(), keys.province.as_ref().unwrap().public());
        let office = Office::open(self.path(), code, &province).unwrap();
        if office.member().is_none() && office.read_only().is_none() {
            let roles = Roles::CAPTURE.with(Roles::REVIEW).with(Roles::ADMIN).with(Roles::DOCUMENT);
            office.enrol(enrolment::enrol_self(&office.keys, code, "test", roles)).unwrap();
        }
        office
    }
    /// Another office that this province enrolled, with the province's log, and ready to sign.
    pub(crate) fn join(province: &Office, code: &str, roles: Roles) -> (Self, Office) {
        let home = Self(tempfile::tempdir().unwrap());
        Keys::create(&home.path().join("keys"), false).unwrap();
        let office = home.open_as(province, code);
        province.enrol(enrolment::enrol_self(&office.keys, office.code(), code, roles)).unwrap();
        sync(province, &office);
        office.compared().unwrap();
        assert_eq!(office.read_only(), None);
        (home, office)
    }
    /// Another office that this province enrolled and that has heard nothing of it.
    pub(crate) fn apart(province: &Office, code: &str, roles: Roles) -> (Self, Office) {
        let home = Self(tempfile::tempdir().unwrap());
        Keys::create(&home.path().join("keys"), false).unwrap();
        let office = home.open_as(province, code);
        province.enrol(enrolment::enrol_self(&office.keys, office.code(), code, roles)).unwrap();
        office.compared().unwrap();
        (home, office)
    }
    /// Opens the office of a code in this province.
    pub(crate) fn open_as(&self, province: &Office, code: &str) -> Office {
        let trust = province.members().province().clone();
        Office::open(self.path(), code.parse().unwrap(), &trust).unwrap()
    }
    /// A submitted case with this file as its photo, approved or not; no engine has seen it.
    pub(crate) fn case(&self, office: &Office, jpeg: &[u8], approved: bool) -> Arc<Case> {
        let applicant = Applicant { name: "张伟".into(), id_number: "11010519491231002X".into() };
        let new = NewDraft { spec_id: "cn-id-card".into(), applicant: Some(applicant), consent: agreed(), case: None, operator: 1 };
        let draft = with_photo(office, intake::begin(office, new, |_| Ok(())).unwrap(), jpeg, jpeg);
        let id = draft.case().unwrap();
        let case = intake::submit(office, id, 1, None).unwrap();
        if !approved {
            return case;
        }
        let decision = review::Decision { verdict: Verdict::Approve, submission: case.current.hash, reasons: vec![] };
        review::decide(office, id, decision, 2).unwrap()
    }
}

/// That an applicant agreed to the text in force.
pub(crate) fn agreed() -> Option<String> {
    Some(crate::service::consent::Statement::current().hash().to_string())
}

/// Gives one office all that another holds and that it follows and can take in, log by log as peers do.
pub(crate) fn sync(from: &Office, to: &Office) {
    for origin in from.follow() {
        // Asked each time: the province's log comes first and may change it.
        if !to.follow().contains(&origin) {
            continue;
        }
        while let Some(package) = from.store.package(&origin, to.store.head(&origin).size).unwrap() {
            if to.ingest(&origin, package).unwrap().is_err() {
                break;
            }
        }
    }
}

/// Gives an office what is new in the province's log.
pub(crate) fn join_back(province: &Office, office: &Office) {
    let origin = province.members().province().origin().clone();
    while let Some(package) = province.store.package(&origin, office.store.head(&origin).size).unwrap() {
        office.ingest(&origin, package).unwrap().unwrap();
    }
}

/// Another machine with the same disk.
pub(crate) fn copy_folder(home: &Home) -> Home {
    fn copy(from: &Path, to: &Path) {
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let to = to.join(path.file_name().unwrap());
            if path.is_dir() {
                std::fs::create_dir_all(&to).unwrap();
                copy(&path, &to);
            } else {
                std::fs::copy(&path, &to).unwrap();
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    copy(home.path(), dir.path());
    Home(dir)
}

/// Has one office cosign the newest checkpoint of another's log, as the shell would.
pub(crate) fn cosign(owner: &Office, witness: &Office) -> Cosigning {
    let mut old = 0;
    loop {
        let (note, question) = owner.ask_for_cosignature(owner.origin(), old).unwrap().unwrap();
        match witness.cosign(&question.to_string()).unwrap() {
            Cosigning::At(size) if size != old && size <= owner.store.head(owner.origin()).size => old = size,
            Cosigning::Line(line) => {
                owner.take_cosignatures(&format!("{note}{line}")).unwrap();
                return Cosigning::Line(line);
            }
            other => return other,
        }
    }
}

/// A draft whose photo is made already, without an engine.
pub(crate) fn with_photo(office: &Office, draft: Draft, original: &[u8], photo: &[u8]) -> Draft {
    let id = draft.case().unwrap();
    let original = office.store.blobs.put(original).unwrap();
    let photo = office.store.blobs.put(photo).unwrap();
    let result = PhotoResult {
        hash: photo.to_string(),
        width_px: 358,
        height_px: 441,
        dpi: 350,
        bytes: 1,
        quality: 90,
        original_px: (1, 1),
        operations: vec![],
        located_by: "marks".into(),
        marks: [(0.0, 0.0); 4],
        checks: vec![],
        plate: None,
    };
    let draft = Draft { original: Some(original.to_string()), result: Some(result), ..draft };
    office.store.put_draft(id, &draft).unwrap();
    draft
}

/// A JPEG file of one colour.
pub(crate) fn picture(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let image = image::RgbImage::from_pixel(width, height, image::Rgb(colour));
    let mut jpeg = std::io::Cursor::new(Vec::new());
    image.write_to(&mut jpeg, image::ImageFormat::Jpeg).unwrap();
    jpeg.into_inner()
}
