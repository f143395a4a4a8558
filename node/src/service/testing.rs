//! An office of its own for tests: one node that is its own province and holds every role.

use super::{Office, keys::Keys};
use crate::enrolment;
use protocol::{
    id::{OfficeCode, Origin},
    log::VerifierKey,
    record::Roles,
};
use std::path::Path;
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
            let roles = Roles::CAPTURE.with(Roles::REVIEW).with(Roles::ADMIN);
            office.enrol(enrolment::enrol_self(&office.keys, code, "test", roles)).unwrap();
        }
        office
    }
}
