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

/// Bytes of a sealed payload: a check report, two names and the header. Bound before anything is parsed.
const SEALED_BYTES_MAX: usize = (1 << 20) + (64 << 10);
/// Bytes of the header in front of the sealed bytes: some 100 for each recipient, so 600 of them.
const HEADER_BYTES_MAX: usize = 64 << 10;
/// Offices that one payload is sealed for: each costs some 100 bytes of header, and whoever opens it a trial.
const RECIPIENTS_MAX: usize = 500;
/// Plaintext of a payload stays below this; more is nobody's case.
const PAYLOAD_BYTES_MAX: u64 = 1 << 20;
/// Lines that the library adds at random, so that readers learn to pass over what they do not know.
const GREASE_LINES_MAX: usize = 16;
/// The last line of an `age` header begins so.
const HEADER_END: &[u8] = b"\n---";

/// Who sits in front of the camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applicant {
    /// Name as printed.
    pub name: String,
    /// Resident identity number.
    pub id_number: String,
}

impl Applicant {
    /// The first six and the last two characters of the number, as on official notices; stars between.
    pub fn masked_number(&self) -> String {
        let characters: Vec<char> = self.id_number.chars().collect();
        let hidden = |at: usize| at >= 6 && at + 2 < characters.len();
        characters.iter().enumerate().map(|(at, character)| if hidden(at) { '*' } else { *character }).collect()
    }
}

/// What is sealed with a submission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CasePayload {
    /// The case that it was sealed for, hex. Another case that names the same sealed bytes has no part in them.
    pub case: String,
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
    if recipients.len() > RECIPIENTS_MAX {
        return Err(Refusal::state(
            "recipients_many",
            format!("可查看此资料的办公点超过 {RECIPIENTS_MAX} 个，无法封存。请省级管理员按地区减少审核点。"),
            format!(
                "more than {RECIPIENTS_MAX} offices may open this, so it cannot be sealed; the province should give fewer the role of review"
            ),
        ));
    }
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
    check_bounds(sealed).map_err(|bound| corrupt(bound.into()))?;
    // The buffered reader parses the header line by line; the other one parses it anew for every byte of it.
    let decryptor = age::Decryptor::new_buffered(sealed).map_err(|error| corrupt(error.to_string()))?;
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

/// Recipients of sealed bytes, as far as a look at the header tells: whoever opens them tries as many key agreements.
pub fn recipients_of(sealed: &[u8]) -> usize {
    let head = &sealed[..sealed.len().min(HEADER_BYTES_MAX)];
    head.windows(4).filter(|window| window == b"\n-> ").count()
}

/// Attack: the header may be as long as its writer likes, and each of its lines costs a parse of all lines before it.
fn check_bounds(sealed: &[u8]) -> Result<(), &'static str> {
    if sealed.len() > SEALED_BYTES_MAX {
        return Err("longer than a payload may be");
    }
    let head = &sealed[..sealed.len().min(HEADER_BYTES_MAX)];
    let end = head.windows(HEADER_END.len()).position(|window| window == HEADER_END);
    let lines = head[..end.ok_or("its header has no end within its bound")?].iter().filter(|byte| **byte == b'\n').count();
    // Two lines for each recipient.
    if lines > 2 * RECIPIENTS_MAX + GREASE_LINES_MAX { Err("more recipients than a payload may have") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mend_11_a_header_beyond_its_bounds_is_refused_before_it_is_parsed() {
        let identity = age::x25519::Identity::generate();
        let hostile = |lines: usize| {
            let stanza = "-> X25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
            format!("age-encryption.org/v1\n{}--- {}\n", stanza.repeat(lines), "A".repeat(43)).into_bytes()
        };
        let why = |sealed: &[u8]| open(sealed, &[&identity]).unwrap_err().to_string();
        assert!(why(&hostile(RECIPIENTS_MAX + 20)).contains("recipients"), "{}", why(&hostile(RECIPIENTS_MAX + 20)));
        assert!(why(&hostile(700)).contains("header has no end"));
        assert!(why(&vec![b'-'; SEALED_BYTES_MAX + 1]).contains("longer"));
        assert!(!why(&hostile(1)).contains("bound"), "a header of right size is parsed");
    }

    #[test]
    fn as_many_recipients_as_may_be_sealed_for_can_open_it() {
        let last = age::x25519::Identity::generate();
        let others = age::x25519::Identity::generate().to_public().to_string();
        let mut recipients = vec![others; RECIPIENTS_MAX - 1];
        recipients.push(last.to_public().to_string());
        let sealed = seal(b"x", &recipients).unwrap();
        assert_eq!(open(&sealed, &[&last]).unwrap().unwrap(), b"x");
        recipients.push(recipients[0].clone());
        assert_eq!(seal(b"x", &recipients).unwrap_err().code, "recipients_many");
    }

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
