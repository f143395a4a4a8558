//! Signed notes: C2SP signed-note v1.0.0, with Ed25519 (type 0x01).

use crate::{
    id::{Origin, ParseIdError, PublicKey},
    keys::OfficeKey,
    limits::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};

const ED25519: u8 = 0x01;

/// Signature lines as read: key name, key id, signature.
type Line<'a> = (&'a str, [u8; 4], Vec<u8>);

/// Why a note is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not the form of a signed note.
    #[error("malformed signed note: {0}")]
    Malformed(&'static str),
    /// No signature line is by the key that is asked for.
    #[error("the note carries no signature by {0}")]
    NotSigned(String),
    /// A signature line by the known key does not hold.
    #[error("the signature by {0} does not hold")]
    BadSignature(String),
}

/// A log's name and key in the `vkey` form: `<name>+<8 hex of key id>+<base64 of type and key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    origin: Origin,
    key: PublicKey,
}

impl VerifierKey {
    /// The verifier key of a log.
    pub fn new(origin: Origin, key: PublicKey) -> Self {
        Self { origin, key }
    }
    /// Name of the log.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
    /// Its key.
    pub fn key(&self) -> PublicKey {
        self.key
    }
    fn id(&self) -> [u8; 4] {
        key_id(self.origin.as_str(), ED25519, &self.key.0)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[ED25519], &self.key.0[..]].concat();
        write!(f, "{}+{:08x}+{}", self.origin, u32::from_be_bytes(self.id()), STANDARD.encode(typed))
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, key) = parse_vkey(text, ED25519)?;
        let origin = name.parse().map_err(|_: ParseIdError| NoteError::Malformed("the key's name is not a log origin"))?;
        Ok(Self { origin, key })
    }
}

/// Reads `<name>+<key id>+<base64 of type and key>` of one type; the id must belong to the rest.
pub(super) fn parse_vkey(text: &str, kind: u8) -> Result<(&str, PublicKey), NoteError> {
    let error = NoteError::Malformed("a verifier key is name+id+key");
    let (name, rest) = text.split_once('+').ok_or(error.clone())?;
    let (id, key) = rest.split_once('+').ok_or(error.clone())?;
    check_key_name(name)?;
    let typed = STANDARD.decode(key).map_err(|_| error)?;
    let (Some(found), Some(Ok(key))) = (typed.first(), typed.get(1..).map(<[u8; 32]>::try_from)) else {
        return Err(NoteError::Malformed("a verifier key holds a type and an Ed25519 key"));
    };
    if *found != kind {
        return Err(NoteError::Malformed("the verifier key is of another type than this place takes"));
    }
    if format!("{:08x}", u32::from_be_bytes(key_id(name, kind, &key))) == id {
        Ok((name, PublicKey(key)))
    } else {
        Err(NoteError::Malformed("the key id does not belong to name and key"))
    }
}

/// A signature line, with its newline.
pub(super) fn line(name: &str, id: [u8; 4], signature: &[u8]) -> String {
    format!("\u{2014} {name} {}\n", STANDARD.encode([&id[..], signature].concat()))
}

/// A key name is not empty and has neither a plus sign nor white space.
pub(super) fn check_key_name(name: &str) -> Result<(), NoteError> {
    if name.is_empty() || name.contains('+') || name.chars().any(char::is_whitespace) {
        return Err(NoteError::Malformed("bad key name"));
    }
    Ok(())
}

/// SHA-256(name ‖ LF ‖ type ‖ key)\[:4\].
pub(super) fn key_id(name: &str, kind: u8, key: &[u8; 32]) -> [u8; 4] {
    let digest = Sha256::new().chain_update(name).chain_update(b"\n").chain_update([kind]).chain_update(key).finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// A note as received: its text, and signatures that nobody has checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note<'a> {
    text: &'a str,
    signatures: Vec<Line<'a>>,
}

impl<'a> Note<'a> {
    /// Signs a text that ends in a newline; returns the whole note.
    pub fn sign(text: &str, origin: &Origin, key: &OfficeKey) -> String {
        debug_assert!(text.ends_with('\n'));
        let id = key_id(origin.as_str(), ED25519, &key.public().0);
        let line = [&id[..], &key.sign(text.as_bytes())].concat();
        format!("{text}\n\u{2014} {origin} {}\n", STANDARD.encode(line))
    }

    /// Reads a note without trusting it.
    ///
    /// # Errors
    /// Not of the form, too long, or too many signature lines.
    pub fn parse(note: &'a str) -> Result<Self, NoteError> {
        if note.len() > NOTE_BYTES_MAX {
            return Err(NoteError::Malformed("too long"));
        }
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteError::Malformed("control character"));
        }
        let split = note.rfind("\n\n").ok_or(NoteError::Malformed("no empty line before the signatures"))?;
        let (text, lines) = (&note[..=split], &note[split + 2..]);
        if lines.is_empty() || !lines.ends_with('\n') {
            return Err(NoteError::Malformed("no signature lines"));
        }
        let mut signatures = Vec::new();
        for line in lines.lines() {
            if signatures.len() == NOTE_SIGNATURES_MAX {
                return Err(NoteError::Malformed("too many signatures"));
            }
            let (name, encoded) = line
                .strip_prefix("\u{2014} ")
                .and_then(|line| line.split_once(' '))
                .ok_or(NoteError::Malformed("a signature line is — name signature"))?;
            check_key_name(name)?;
            let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Malformed("a signature is base64"))?;
            let (id, signature) = bytes.split_first_chunk::<4>().ok_or(NoteError::Malformed("a signature is too short"))?;
            signatures.push((name, *id, signature.to_vec()));
        }
        Ok(Self { text, signatures })
    }

    /// The text; nobody has vouched for it.
    pub(super) fn unverified_text(&self) -> &'a str {
        self.text
    }

    /// Signatures of the lines under a key name and id.
    pub(super) fn signatures_under(&self, name: &str, id: [u8; 4]) -> impl Iterator<Item = &[u8]> {
        self.signatures.iter().filter(move |(found, found_id, _)| *found == name && *found_id == id).map(|(_, _, signature)| &signature[..])
    }

    /// The signature line of a key that signed the text, with its newline.
    pub(super) fn line_of(&self, key: &VerifierKey) -> Option<String> {
        let mut signatures = self.signatures_under(key.origin.as_str(), key.id());
        signatures.next().map(|signature| line(key.origin.as_str(), key.id(), signature))
    }

    /// The text, once a signature line by this key holds. Lines by other keys are ignored; a line by this key that fails refuses the note.
    ///
    /// # Errors
    /// No line by the key, or one that does not hold.
    pub fn text_signed_by(&self, key: &VerifierKey) -> Result<&'a str, NoteError> {
        let mut found = false;
        for signature in self.signatures_under(key.origin.as_str(), key.id()) {
            let holds = <&[u8; 64]>::try_from(signature).is_ok_and(|signature| key.key.verifies(self.text.as_bytes(), signature));
            if !holds {
                return Err(NoteError::BadSignature(key.origin.to_string()));
            }
            found = true;
        }
        if found { Ok(self.text) } else { Err(NoteError::NotSigned(key.origin.to_string())) }
    }
}
