//! What an office may do from a position of its log on: roles, the region that it is in charge of, the documents that it makes. Every
//! question of who may decide, use or annul is answered here, for folds, for what a node offers to do, and for which logs are followed.

use crate::{
    id::OfficeCode,
    record::{Enrol, Roles},
};
use sha2::{Digest, Sha256};

/// What the province gave an office.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grant {
    roles: Roles,
    /// As in the enrolment; nothing for everywhere.
    region: Option<String>,
    /// Ids of specs; nothing for every document.
    documents: Option<Vec<String>>,
}

impl Grant {
    /// What an enrolment gives.
    pub fn of(enrol: &Enrol) -> Self {
        Self { roles: enrol.roles, region: enrol.region.clone(), documents: enrol.documents.clone() }
    }
    /// Roles without a region, for every document.
    pub fn everywhere(roles: Roles) -> Self {
        Self { roles, region: None, documents: None }
    }
    /// The roles.
    pub fn roles(&self) -> Roles {
        self.roles
    }
    /// The region, as the enrolment names it; nothing for everywhere.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }
    /// Ids of the specs of which it makes documents; nothing for all.
    pub fn documents(&self) -> Option<&[String]> {
        self.documents.as_deref()
    }
    /// Whether it speaks for the province.
    pub fn is_province(&self) -> bool {
        self.roles.contains(Roles::ADMIN)
    }
    /// Whether the office with this code is one of those that it is in charge of. Without a region, and for the province, all are.
    pub fn is_in_charge_of(&self, office: OfficeCode) -> bool {
        self.is_province() || office.to_string().starts_with(self.division())
    }
    /// Whether it may decide on what this office captured.
    pub fn may_decide(&self, captured_by: OfficeCode) -> bool {
        self.roles.contains(Roles::REVIEW) && self.is_in_charge_of(captured_by)
    }
    /// Whether it may use a receipt for this document. A receipt that does not say what it is for may be used by who makes all documents.
    pub fn may_use(&self, document: Option<&str>) -> bool {
        let makes = |ids: &[String]| document.is_some_and(|document| ids.iter().any(|id| id == document));
        self.roles.contains(Roles::DOCUMENT) && self.documents().is_none_or(makes)
    }
    /// Whether both may decide on something that one office captured.
    pub(crate) fn may_decide_with(&self, other: &Self) -> bool {
        let (one, two) = (self.division(), other.division());
        let both = [self, other].iter().all(|grant| grant.roles.contains(Roles::REVIEW));
        both && (self.is_province() || other.is_province() || one.starts_with(two) || two.starts_with(one))
    }
    /// Whether everything that `other` allows is allowed here.
    pub fn covers(&self, other: &Self) -> bool {
        let documents = match (&self.documents, &other.documents) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(theirs)) => theirs.iter().all(|id| mine.contains(id)),
        };
        let region = self.is_province() || other.division().starts_with(self.division());
        // A region says on what may be decided, and documents what may be used; to others they say nothing.
        self.roles.contains(other.roles)
            && (region || !other.roles.contains(Roles::REVIEW))
            && (documents || !other.roles.contains(Roles::DOCUMENT))
    }
    /// What both allow.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        let mut roles = Roles(self.roles.0 & other.roles.0);
        let (narrow, wide) = if self.division().len() >= other.division().len() { (self, other) } else { (other, self) };
        if !narrow.division().starts_with(wide.division()) {
            roles = roles.without(Roles::REVIEW);
        }
        let documents = match (&self.documents, &other.documents) {
            (Some(mine), Some(theirs)) => Some(mine.iter().filter(|id| theirs.contains(id)).cloned().collect()),
            (mine, theirs) => mine.clone().or_else(|| theirs.clone()),
        };
        Self { roles, region: narrow.region.clone(), documents }
    }
    /// An enrolment that gives this and is like another one for the rest.
    #[must_use]
    pub fn put_into(self, enrol: Enrol) -> Enrol {
        Enrol { roles: self.roles, region: self.region, documents: self.documents, ..enrol }
    }

    /// Everything of it, so that no two read alike.
    pub(super) fn hash_into(&self, sha: &mut Sha256) {
        let mut text = |text: &str| {
            sha.update((text.len() as u64).to_be_bytes());
            sha.update(text);
        };
        let documents = self.documents.as_deref();
        text(&self.roles.0.to_string());
        text(&self.region.as_ref().map_or_else(String::new, |region| format!("={region}")));
        text(&documents.map_or_else(String::new, |ids| ids.len().to_string()));
        documents.into_iter().flatten().for_each(|id| text(id));
    }

    /// The digits of the region's code that its offices share.
    fn division(&self) -> &str {
        // GB/T 2260: the wider the division, the more pairs of zeroes end its code.
        let mut digits = self.region().unwrap_or_default();
        while let Some(wider) = digits.strip_suffix("00") {
            digits = wider;
        }
        digits
    }
}
