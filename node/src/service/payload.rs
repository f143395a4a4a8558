//! Sealed payloads: personal data in the `age` format (C2SP age v1), for the offices that need it and no other.

use crate::{
    service::{Refusal, photos::CheckResult},
    store::StoreError,
};
use protocol::{commitment, id::BlobHash};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    io::{Read, Write},
    str::FromStr,
};

/// Plaintext of a payload stays below this; more is nobody's case.
const PAYLOAD_BYTES_MAX: u64 = 1 << 20;

/// Who sits in front of the camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applicant {
    /// Name as printed.
    pub name: String,
    /// Resident identity number.
    pub id_number: String,
}

/// What is sealed with a submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CasePayload {
    /// Who.
    pub applicant: Applicant,
    /// Salt of the commitment, hex.
    pub salt: String,
    /// The check report as JSON, exactly as hashed in the submission.
    pub report: String,
    /// Why it was submitted in spite of a failed check.
    pub override_reason: Option<String>,
}

impl CasePayload {
    /// The commitment that stands in the log.
    pub fn commitment(&self) -> Option<BlobHash> {
        let salt: [u8; 32] = hex::decode(&self.salt).ok()?.try_into().ok()?;
        Some(BlobHash(commitment::applicant(&salt, &self.applicant.name, &self.applicant.id_number)))
    }
    /// Hash of the report that stands in the log.
    pub fn report_hash(&self) -> BlobHash {
        BlobHash(Sha256::digest(&self.report).into())
    }
    /// The checks of the report.
    pub fn checks(&self) -> Vec<CheckResult> {
        serde_json::from_str(&self.report).unwrap_or_default()
    }
}

/// Seals bytes for recipients in the text form `age1…`.
///
/// # Errors
/// A recipient is malformed, or there is none.
pub fn seal(plain: &[u8], recipients: &[String]) -> Result<Vec<u8>, Refusal> {
    let recipients: Vec<age::x25519::Recipient> =
        recipients.iter().map(|text| age::x25519::Recipient::from_str(text)).collect::<Result<_, _>>().map_err(Refusal::fault)?;
    let encryptor =
        age::Encryptor::with_recipients(recipients.iter().map(|recipient| recipient as &dyn age::Recipient)).map_err(Refusal::fault)?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(Refusal::fault)?;
    writer.write_all(plain).and_then(|()| writer.finish().map(|_| ())).map_err(Refusal::fault)?;
    Ok(sealed)
}

/// Opens sealed bytes; nothing comes out where they are for none of these identities.
///
/// # Errors
/// They are for one of them and damaged, or too long.
pub fn open(sealed: &[u8], identities: &[&age::x25519::Identity]) -> Result<Option<Vec<u8>>, StoreError> {
    let corrupt = |error: String| StoreError::Corrupt(format!("sealed payload: {error}"));
    let decryptor = age::Decryptor::new(sealed).map_err(|error| corrupt(error.to_string()))?;
    let reader = match decryptor.decrypt(identities.iter().map(|identity| *identity as &dyn age::Identity)) {
        Ok(reader) => reader,
        Err(age::DecryptError::NoMatchingKeys) => return Ok(None),
        Err(error) => return Err(corrupt(error.to_string())),
    };
    let mut plain = Vec::new();
    // Bound: a payload that inflates beyond the limit is refused, not read.
    reader.take(PAYLOAD_BYTES_MAX + 1).read_to_end(&mut plain).map_err(|error| corrupt(error.to_string()))?;
    if plain.len() as u64 > PAYLOAD_BYTES_MAX { Err(corrupt("too long".into())) } else { Ok(Some(plain)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_recipients_open_it_and_no_changed_byte_passes() {
        let (a, b, c) = (age::x25519::Identity::generate(), age::x25519::Identity::generate(), age::x25519::Identity::generate());
        let (to_a, to_b) = (a.to_public().to_string(), b.to_public().to_string());
        let sealed = seal("张伟".as_bytes(), &[to_a, to_b]).unwrap();
        assert!(!sealed.windows(6).any(|window| window == "张伟".as_bytes()));
        assert_eq!(open(&sealed, &[&a]).unwrap().unwrap(), "张伟".as_bytes());
        assert_eq!(open(&sealed, &[&b]).unwrap().unwrap(), "张伟".as_bytes());
        assert_eq!(open(&sealed, &[&c]).unwrap(), None);
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(open(&changed, &[&a]).is_err());
        assert!(open(b"not age", &[&a]).is_err());
    }
}
