//! Who belongs to the federation, and which specs are in force: a function of the province's log.

use crate::{
    id::{Millis, OfficeCode, Origin, ParseIdError, PublicKey, RecordHash, SpecHash},
    log::VerifierKey,
    record::{Enrol, Record, Roles, Verified},
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// An enrolled office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// What the province said of it last.
    pub enrol: Enrol,
    /// Origin of its log.
    pub origin: Origin,
}

/// A spec that the province put in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedSpec {
    /// Id, for example `cn-id-card`.
    pub id: String,
    /// SHA-256 of the text.
    pub hash: SpecHash,
    /// The spec as TOML.
    pub text: String,
    /// The record that published it.
    pub record: RecordHash,
    /// The province's clock.
    pub at_ms: Millis,
}

/// The state of the province's log, folded entry by entry in log order.
#[derive(Debug, Clone)]
pub struct Membership {
    province: VerifierKey,
    offices: BTreeMap<OfficeCode, Office>,
    by_key: BTreeMap<PublicKey, OfficeCode>,
    specs: Vec<PublishedSpec>,
}

impl Membership {
    /// Before the first entry of the province's log.
    pub fn new(province: VerifierKey) -> Self {
        Self { province, offices: BTreeMap::new(), by_key: BTreeMap::new(), specs: Vec::new() }
    }

    /// Takes in the next entry of the province's log. Only the province's own key speaks there.
    ///
    /// # Errors
    /// The enrolment cannot be taken: the entry stays in the log and does not count.
    pub fn apply(&mut self, entry: &Verified) -> Result<(), EnrolError> {
        if entry.author() != self.province.key() {
            return Err(EnrolError::NotTheProvince);
        }
        match entry.record() {
            Record::Enrol(enrol) => {
                let office = self.admissible(enrol)?;
                self.by_key.insert(enrol.key, enrol.code);
                self.offices.insert(enrol.code, office);
            }
            Record::SpecPublished(published) => self.specs.push(PublishedSpec {
                id: published.id.clone(),
                hash: SpecHash(Sha256::digest(&published.text).into()),
                text: published.text.clone(),
                record: entry.hash(),
                at_ms: published.at_ms,
            }),
            _ => {}
        }
        Ok(())
    }

    /// Whether an enrolment may be appended; the province asks this before it signs.
    ///
    /// # Errors
    /// See [`EnrolError`].
    pub fn admissible(&self, enrol: &Enrol) -> Result<Office, EnrolError> {
        enrol.key.check().map_err(|_| EnrolError::BadKey)?;
        let other_key = self.offices.get(&enrol.code).is_some_and(|known| known.enrol.key != enrol.key);
        let other_code = self.by_key.get(&enrol.key).is_some_and(|code| *code != enrol.code);
        if other_key {
            return Err(EnrolError::CodeTaken(enrol.code));
        }
        if other_code || enrol.key == self.province.key() {
            return Err(EnrolError::KeyTaken);
        }
        // An office's records count in the log of its enrolment; another epoch without a rotation would silence all of its history.
        if self.offices.get(&enrol.code).is_some_and(|known| known.enrol.epoch != enrol.epoch) {
            return Err(EnrolError::OtherEpoch);
        }
        Ok(Office { origin: Origin::office(self.province.origin().federation(), enrol.code, enrol.epoch)?, enrol: enrol.clone() })
    }

    /// The province's log and key: the root of trust.
    pub fn province(&self) -> &VerifierKey {
        &self.province
    }
    /// All offices, by code.
    pub fn offices(&self) -> impl Iterator<Item = &Office> {
        self.offices.values()
    }
    /// The office with this code.
    pub fn office(&self, code: OfficeCode) -> Option<&Office> {
        self.offices.get(&code)
    }
    /// The office with this key.
    pub fn office_of(&self, key: PublicKey) -> Option<&Office> {
        self.offices.get(self.by_key.get(&key)?)
    }
    /// Whether the office with this key holds these roles.
    pub fn has_role(&self, key: PublicKey, roles: Roles) -> bool {
        self.office_of(key).is_some_and(|office| office.enrol.roles.contains(roles))
    }
    /// The key of a log of this federation.
    pub fn verifier(&self, origin: &Origin) -> Option<VerifierKey> {
        if origin == self.province.origin() {
            return Some(self.province.clone());
        }
        let (code, _) = origin.office_and_epoch()?;
        let office = self.offices.get(&code).filter(|office| office.origin == *origin)?;
        Some(VerifierKey::new(office.origin.clone(), office.enrol.key))
    }
    /// Every published spec, oldest first.
    pub fn specs(&self) -> &[PublishedSpec] {
        &self.specs
    }
}

/// Why an enrolment does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnrolError {
    /// Signed by another key than the province's.
    #[error("only the province's key writes the province's log")]
    NotTheProvince,
    /// The key may not be used.
    #[error("the office's public key may not be enrolled")]
    BadKey,
    /// Another office has this code already.
    #[error("the office code {0} belongs to another key already")]
    CodeTaken(OfficeCode),
    /// The key is enrolled under another code, or is the province's own.
    #[error("this key is enrolled already under another code")]
    KeyTaken,
    /// The office is enrolled with another epoch of its log.
    #[error("the office is enrolled with another epoch of its log")]
    OtherEpoch,
    /// The name of the federation or log has no valid form.
    #[error(transparent)]
    Form(#[from] ParseIdError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{keys::OfficeKey, record::Signed};

    #[test]
    fn only_the_province_enrols_and_nobody_takes_a_code_a_key_or_a_history() {
        let province = OfficeKey::from_seed(&[1; 32]);
        let origin = Origin::province("demo.huizhi", 1).unwrap();
        let mut members = Membership::new(VerifierKey::new(origin.clone(), province.public()));
        let enrol = |code: &str, seed: u8, epoch| Enrol {
            code: code.parse().unwrap(),
            name: "x".into(),
            key: OfficeKey::from_seed(&[seed; 32]).public(),
            recipient: "age1".into(),
            roles: Roles::CAPTURE,
            epoch,
            at_ms: 0,
            witness: None,
            region: None,
            roles_from: None,
        };
        let mut apply = |by: &OfficeKey, enrol: Enrol| members.apply(&Signed::sign(&origin, by, &Record::Enrol(enrol)).unwrap());
        let office = OfficeKey::from_seed(&[2; 32]);
        assert_eq!(apply(&office, enrol("44030001", 2, 1)), Err(EnrolError::NotTheProvince));
        assert_eq!(apply(&province, enrol("44030001", 2, 1)), Ok(()));
        assert_eq!(apply(&province, enrol("44030001", 3, 1)), Err(EnrolError::CodeTaken("44030001".parse().unwrap())));
        assert_eq!(apply(&province, enrol("44030002", 2, 1)), Err(EnrolError::KeyTaken));
        assert_eq!(apply(&province, enrol("44030002", 1, 1)), Err(EnrolError::KeyTaken), "the province's own key");
        assert_eq!(apply(&province, enrol("44030001", 2, 2)), Err(EnrolError::OtherEpoch));
        let wider = Enrol { roles: Roles::CAPTURE.with(Roles::REVIEW), ..enrol("44030001", 2, 1) };
        assert_eq!(apply(&province, wider), Ok(()), "roles may change");
        assert!(members.has_role(office.public(), Roles::REVIEW));
    }
}
