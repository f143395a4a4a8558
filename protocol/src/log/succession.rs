//! Succession: another key takes over as the province, by the word of k of n keys that are kept away from every machine.
//!
//! Who holds the province's key decides who is a member, so nothing in the province's log can say that the key was stolen. When a node
//! joins it is given, beside that key, the successor keys (hard case 25). A succession is a C2SP signed note:
//!
//! ```text
//! <federation>/succession/v1
//! last <origin of the province's log> <size> <base64 of the root>
//! next <verifier key of the log that takes its place>
//!
//! — <federation>/successor <base64>
//! ```
//!
//! `last` names what of the old log is still believed. The new log begins with those records, signed anew, so whoever knows the new key
//! needs nothing of the old log; what the old key signed beyond that counts nowhere until it is issued again.

use super::{
    LogPoint,
    note::{self, Note, NoteError, VerifierKey, key_id, parse_vkey},
};
use crate::{
    id::{Origin, ParseIdError, PublicKey, RecordHash, check_federation_name},
    keys::OfficeKey,
    limits::SUCCESSORS_MAX,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{collections::BTreeSet, fmt, str::FromStr};

const ED25519: u8 = 0x01;

/// The public half of a successor key, as pinned by every node: `<federation>/successor+<key id>+<base64>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SuccessorVerifier {
    name: String,
    key: PublicKey,
}

impl SuccessorVerifier {
    /// Of a federation.
    ///
    /// # Errors
    /// The federation's name has no valid form.
    pub fn new(federation: &str, key: PublicKey) -> Result<Self, ParseIdError> {
        check_federation_name(federation)?;
        Ok(Self { name: format!("{federation}/successor"), key })
    }
    fn id(&self) -> [u8; 4] {
        key_id(&self.name, ED25519, &self.key.0)
    }
    /// Whether one of the lines under this key's name and id holds.
    fn signed(&self, note: &Note<'_>) -> bool {
        let text = note.unverified_text().as_bytes();
        note.signatures_under(&self.name, self.id()).any(|line| line.try_into().is_ok_and(|line| self.key.verifies(text, line)))
    }
}

impl fmt::Display for SuccessorVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[ED25519], &self.key.0[..]].concat();
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id()), STANDARD.encode(typed))
    }
}

impl FromStr for SuccessorVerifier {
    type Err = SuccessionError;
    fn from_str(text: &str) -> Result<Self, SuccessionError> {
        let (name, key) = parse_vkey(text, ED25519)?;
        let federation = name.strip_suffix("/successor").ok_or(SuccessionError::Malformed("the key is no successor key"))?;
        key.check().map_err(|_| SuccessionError::Malformed("the key may not be used"))?;
        Ok(Self::new(federation, key)?)
    }
}

/// Who may name another key for the province, and how many of them must agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successors {
    threshold: usize,
    keys: BTreeSet<SuccessorVerifier>,
}

impl Successors {
    /// `threshold` of these keys.
    ///
    /// # Errors
    /// There are none, too many or two equal ones, they are of different federations, or the threshold cannot be met.
    pub fn new(threshold: usize, keys: Vec<SuccessorVerifier>) -> Result<Self, SuccessionError> {
        let (count, keys) = (keys.len(), keys.into_iter().collect::<BTreeSet<_>>());
        if keys.len() != count || count > SUCCESSORS_MAX {
            return Err(SuccessionError::Malformed("a successor key is named twice, or there are too many"));
        }
        if !(1..=count).contains(&threshold) {
            return Err(SuccessionError::Malformed("the threshold lies between one and the number of successor keys"));
        }
        let names: BTreeSet<&str> = keys.iter().map(|key| key.name.as_str()).collect();
        if names.len() != 1 {
            return Err(SuccessionError::Malformed("the successor keys are of different federations"));
        }
        Ok(Self { threshold, keys })
    }
}

/// Why a succession is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SuccessionError {
    /// Not of the form.
    #[error("malformed succession: {0}")]
    Malformed(&'static str),
    /// The note has no valid form.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A name has no valid form.
    #[error(transparent)]
    Id(#[from] ParseIdError),
    /// It takes the place of another log, or leads to none of this federation's later ones.
    #[error("it does not lead from {0} to a later log of the same province under another key")]
    OtherLog(Origin),
    /// Not enough successor keys signed it.
    #[error("{signed} of the {needed} signatures that it needs hold")]
    TooFew {
        /// Successor keys whose signature holds.
        signed: usize,
        /// Needed.
        needed: usize,
    },
}

/// What the successors say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// What of the old log is still believed.
    pub last: LogPoint,
    /// The log that takes its place.
    pub next: VerifierKey,
}

impl fmt::Display for Succession {
    /// The text that is signed, without signatures.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LogPoint { origin, size, root } = &self.last;
        writeln!(f, "{}/succession/v1", origin.federation())?;
        writeln!(f, "last {origin} {size} {}", STANDARD.encode(root.0))?;
        writeln!(f, "next {}", self.next)
    }
}

impl FromStr for Succession {
    type Err = SuccessionError;
    fn from_str(text: &str) -> Result<Self, SuccessionError> {
        let malformed = SuccessionError::Malformed;
        let [header, last, next] = text.lines().collect::<Vec<_>>()[..] else { return Err(malformed("a succession has three lines")) };
        let mut parts = last.strip_prefix("last ").ok_or(malformed("no last point"))?.split(' ');
        let (Some(origin), Some(size), Some(root), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(malformed("the last point is origin, size and root"));
        };
        let size = size.parse().map_err(|_| malformed("the size is no number"))?;
        let root = STANDARD.decode(root).ok().and_then(|root| root.try_into().ok()).ok_or(malformed("a root is base64 of 32 bytes"))?;
        let next = next.strip_prefix("next ").ok_or(malformed("no next key"))?.parse()?;
        let said = Self { last: LogPoint { origin: origin.parse()?, size, root: RecordHash(root) }, next };
        // One spelling only, so that everybody signs the same bytes.
        if said.to_string() == text && header.ends_with("/succession/v1") { Ok(said) } else { Err(malformed("not in its one spelling")) }
    }
}

impl Succession {
    /// The statement of a note that nobody has verified, for who is asked to sign it.
    ///
    /// # Errors
    /// Not of the form.
    pub fn claimed(note: &str) -> Result<Self, SuccessionError> {
        match note.split_once("\n\n") {
            Some((text, _)) => format!("{text}\n").parse(),
            None => note.parse(),
        }
    }

    /// The note with a line more, signed by a successor key. `note` may still be without any.
    ///
    /// # Errors
    /// It is no succession, or it is of another federation than the key.
    pub fn add_signature(note: &str, federation: &str, key: &OfficeKey) -> Result<String, SuccessionError> {
        let said = Self::claimed(note)?;
        if said.last.origin.federation() != federation {
            return Err(SuccessionError::OtherLog(said.last.origin));
        }
        let verifier = SuccessorVerifier::new(federation, key.public())?;
        let line = note::line(&verifier.name, verifier.id(), &key.sign(said.to_string().as_bytes()));
        let signed = if note.contains("\n\n") { format!("{note}{line}") } else { format!("{said}\n{line}") };
        Note::parse(&signed)?;
        Ok(signed)
    }

    /// The statement, once enough successors signed it and it takes the place of the province's log as it is known here.
    ///
    /// # Errors
    /// See [`SuccessionError`].
    pub fn verify(note: &str, successors: &Successors, current: &VerifierKey) -> Result<Self, SuccessionError> {
        let parsed = Note::parse(note)?;
        let said: Self = parsed.unverified_text().parse()?;
        let (from, to) = (&said.last.origin, said.next.origin());
        let leads_on = *from == *current.origin()
            && to.federation() == from.federation()
            && to.province_epoch().zip(from.province_epoch()).is_some_and(|(to, from)| to > from)
            && said.next.key() != current.key()
            && said.next.key().check().is_ok()
            && successors.keys.iter().all(|successor| successor.key != said.next.key());
        if !leads_on {
            return Err(SuccessionError::OtherLog(current.origin().clone()));
        }
        let signed = successors.keys.iter().filter(|successor| successor.signed(&parsed)).count();
        if signed < successors.threshold {
            return Err(SuccessionError::TooFew { signed, needed: successors.threshold });
        }
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(seed: u8) -> OfficeKey {
        OfficeKey::from_seed(&[seed; 32])
    }

    fn successors() -> Successors {
        let keys = [1, 2, 3].map(|seed| SuccessorVerifier::new("demo.huizhi", key(seed).public()).unwrap());
        Successors::new(2, keys.to_vec()).unwrap()
    }

    fn province(epoch: u32, seed: u8) -> VerifierKey {
        VerifierKey::new(Origin::province("demo.huizhi", epoch).unwrap(), key(seed).public())
    }

    fn said() -> Succession {
        let last = LogPoint { origin: province(1, 10).origin().clone(), size: 41, root: RecordHash([7; 32]) };
        Succession { last, next: province(2, 11) }
    }

    fn signed_by(seeds: &[u8]) -> String {
        seeds.iter().fold(said().to_string(), |note, seed| Succession::add_signature(&note, "demo.huizhi", &key(*seed)).unwrap())
    }

    #[test]
    fn case_25_two_of_three_successors_name_another_key_and_nobody_else_does() {
        let verify = |note: &str| Succession::verify(note, &successors(), &province(1, 10));
        assert_eq!(verify(&signed_by(&[1, 3])), Ok(said()));
        assert_eq!(verify(&signed_by(&[3, 9, 2])), Ok(said()), "a stranger's line is passed over");
        let too_few = |signed| Err(SuccessionError::TooFew { signed, needed: 2 });
        assert_eq!(verify(&signed_by(&[2])), too_few(1));
        assert_eq!(verify(&signed_by(&[2, 2, 2])), too_few(1), "one key counts once");
        assert_eq!(verify(&signed_by(&[9, 10, 11])), too_few(0), "neither the stolen key nor the new one has a say");
        for current in [province(2, 11), province(2, 10), province(1, 11)] {
            assert!(Succession::verify(&signed_by(&[1, 3]), &successors(), &current).is_err(), "{current}");
        }
        assert_eq!(said().to_string().parse(), Ok(said()));
        for verifier in successors().keys {
            assert_eq!(verifier.to_string().parse(), Ok(verifier));
        }
    }

    #[test]
    fn thresholds_that_mean_nothing_are_refused() {
        let of = |federation, seed| SuccessorVerifier::new(federation, key(seed).public()).unwrap();
        let one = of("demo.huizhi", 1);
        for (threshold, keys) in [
            (0, vec![one.clone()]),
            (2, vec![one.clone()]),
            (1, vec![]),
            (2, vec![one.clone(), one.clone()]),
            (1, vec![one, of("other.huizhi", 2)]),
        ] {
            assert!(Successors::new(threshold, keys).is_err());
        }
    }

    #[test]
    fn case_25_no_changed_bit_is_accepted() {
        let note = signed_by(&[1, 3]);
        for bit in 0..note.len() * 8 {
            let mut wrong = note.clone().into_bytes();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let Ok(wrong) = String::from_utf8(wrong) else { continue };
            assert!(Succession::verify(&wrong, &successors(), &province(1, 10)).is_err(), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(\\PC|\n){0,200}") {
            let _ = Succession::claimed(&text);
            let _ = Succession::verify(&text, &successors(), &province(1, 10));
            let _ = text.parse::<SuccessorVerifier>();
        }
    }
}
