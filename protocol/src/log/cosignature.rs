//! Cosignatures: C2SP tlog-cosignature v1.0.1, Ed25519 with a timestamp (type 0x04).
//!
//! A cosignature says: as of this time, the largest consistent tree that I have seen of this log has this root. It says nothing about
//! the entries. The signed message does not commit to the cosigner's name, so a witness key signs nothing else, least of all a log.

use super::{
    SignedCheckpoint,
    note::{Note, NoteError, check_key_name, key_id, line, parse_vkey},
};
use crate::{
    id::{OfficeCode, ParseIdError, PublicKey, check_federation_name},
    keys::OfficeKey,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{fmt, str::FromStr};

const COSIGNATURE: u8 = 0x04;
/// Seconds since 1970 that a timestamp may claim at most (tlog-cosignature: 2^63 - 1).
const TIME_S_MAX: u64 = i64::MAX as u64;

/// Name and key of a witness, in the `vkey` form with type 0x04.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessVerifier {
    name: String,
    key: PublicKey,
}

impl WitnessVerifier {
    /// The witness that an office is: `<federation>/witness/<code>`.
    ///
    /// # Errors
    /// The federation's name has no valid form.
    pub fn of_office(federation: &str, code: OfficeCode, key: PublicKey) -> Result<Self, ParseIdError> {
        check_federation_name(federation)?;
        Ok(Self { name: format!("{federation}/witness/{code}"), key })
    }
    /// Key name on its signature lines.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Its key.
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// The latest time, in seconds since 1970, at which this witness cosigned the note; nothing where it carries no line of its.
    ///
    /// # Errors
    /// A line under its name and key id does not hold, which refuses the whole note.
    pub fn cosigned(&self, note: &Note<'_>) -> Result<Option<u64>, NoteError> {
        let mut latest = None;
        for line in note.signatures_under(&self.name, self.id()) {
            let time_s = self.check(line, note.unverified_text()).ok_or_else(|| NoteError::BadSignature(self.name.clone()))?;
            latest = latest.max(Some(time_s));
        }
        Ok(latest)
    }

    /// The line of the latest cosignature that holds, with its newline; lines that do not hold are passed over.
    pub(super) fn latest_line(&self, note: &Note<'_>) -> Option<String> {
        let lines = note.signatures_under(&self.name, self.id());
        let holding = lines.filter_map(|found| Some((self.check(found, note.unverified_text())?, found)));
        holding.max_by_key(|(time_s, _)| *time_s).map(|(_, found)| line(&self.name, self.id(), found))
    }

    fn check(&self, line: &[u8], text: &str) -> Option<u64> {
        let (time_s, signature) = line.split_first_chunk::<8>()?;
        let time_s = u64::from_be_bytes(*time_s);
        let signature: &[u8; 64] = signature.try_into().ok()?;
        (time_s <= TIME_S_MAX && self.key.verifies(message(time_s, text).as_bytes(), signature)).then_some(time_s)
    }

    fn id(&self) -> [u8; 4] {
        key_id(&self.name, COSIGNATURE, &self.key.0)
    }
}

impl fmt::Display for WitnessVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[COSIGNATURE], &self.key.0[..]].concat();
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id()), STANDARD.encode(typed))
    }
}

impl FromStr for WitnessVerifier {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, key) = parse_vkey(text, COSIGNATURE)?;
        Ok(Self { name: name.to_owned(), key })
    }
}

/// The key with which a witness cosigns.
#[derive(Debug)]
pub struct WitnessKey {
    name: String,
    key: OfficeKey,
}

impl WitnessKey {
    /// A key under its name; it must sign nothing else.
    ///
    /// # Errors
    /// The name is no key name.
    pub fn new(name: &str, key: OfficeKey) -> Result<Self, NoteError> {
        check_key_name(name)?;
        Ok(Self { name: name.to_owned(), key })
    }
    /// Its public half.
    pub fn verifier(&self) -> WitnessVerifier {
        WitnessVerifier { name: self.name.clone(), key: self.key.public() }
    }
    /// The signature line of a cosignature, with its newline. Only [`super::Witness`] calls it, once consistency was proved.
    pub(super) fn cosign(&self, checkpoint: &SignedCheckpoint, time_s: u64) -> Result<String, NoteError> {
        if time_s > TIME_S_MAX {
            return Err(NoteError::Malformed("no such time"));
        }
        let note = Note::parse(checkpoint.note())?;
        let signature = self.key.sign(message(time_s, note.unverified_text()).as_bytes());
        let line = [&self.verifier().id()[..], &time_s.to_be_bytes(), &signature].concat();
        Ok(format!("\u{2014} {} {}\n", self.name, STANDARD.encode(line)))
    }
}

fn message(time_s: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time_s}\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::Origin,
        log::{Checkpoint, VerifierKey},
    };

    fn witness() -> WitnessKey {
        WitnessKey::new("demo.huizhi/witness/44030002", OfficeKey::from_seed(&[21; 32])).unwrap()
    }

    fn checkpoint() -> (SignedCheckpoint, VerifierKey) {
        let key = OfficeKey::from_seed(&[5; 32]);
        let origin: Origin = "demo.huizhi/office/44030001/1".parse().unwrap();
        let vkey = VerifierKey::new(origin.clone(), key.public());
        (Checkpoint { origin, size: 3, root: [7; 32] }.sign(&key), vkey)
    }

    /// The verifier key of C2SP signed-note v1.0.0.
    #[test]
    fn key_ids_are_those_of_signed_note() {
        let (name, key) = parse_vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", 0x01).unwrap();
        assert_eq!((name, key_id(name, 0x01, &key.0)), ("example.com/foo", [0x53, 0x0d, 0x90, 0x3a]));
        assert_ne!(key_id(name, 0x04, &key.0), key_id(name, 0x01, &key.0), "the type is part of the id");
        assert!("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".parse::<WitnessVerifier>().is_err());
    }

    /// The example of C2SP tlog-cosignature: its lines are read, its timestamp is that of the text. Its keys are not published.
    #[test]
    fn the_specs_example_is_read() {
        let note = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
            \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
            \u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
        let note = Note::parse(note).unwrap();
        let line = note.signatures_under("witness.example.com/w1", [0x8d, 0x66, 0xcf, 0x3f]).next().unwrap();
        assert_eq!(line.len(), 72);
        let time_s = u64::from_be_bytes(line[..8].try_into().unwrap());
        let signed = "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n\
            CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        assert_eq!(message(time_s, note.unverified_text()), signed);
    }

    #[test]
    fn a_cosignature_holds_and_no_changed_bit_of_note_or_line_does() {
        let (mut signed, vkey) = checkpoint();
        let verifier = witness().verifier();
        assert_eq!(verifier.to_string().parse(), Ok(verifier.clone()));
        let line = witness().cosign(&signed, 1_700_000_000).unwrap();
        signed.add_lines(&line).unwrap();
        signed.add_lines(&line).unwrap();
        assert_eq!(signed.note().matches(&line).count(), 1, "a line is kept once");
        assert_eq!(verifier.cosigned(&Note::parse(signed.note()).unwrap()), Ok(Some(1_700_000_000)));
        assert!(SignedCheckpoint::verify(signed.note(), &vkey).is_ok(), "the log's own signature is untouched");
        for bit in 0..signed.note().len() * 8 {
            let mut wrong = signed.note().as_bytes().to_vec();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let Ok(wrong) = String::from_utf8(wrong) else { continue };
            let both = Note::parse(&wrong)
                .is_ok_and(|note| matches!(verifier.cosigned(&note), Ok(Some(_))) && SignedCheckpoint::verify(&wrong, &vkey).is_ok());
            assert!(!both, "bit {bit}");
        }
    }

    #[test]
    fn only_lines_that_hold_are_passed_on_and_one_of_each_witness() {
        let (mut signed, vkey) = checkpoint();
        let other = WitnessKey::new("demo.huizhi/witness/44030003", OfficeKey::from_seed(&[22; 32])).unwrap();
        let (early, late) = (witness().cosign(&signed, 1).unwrap(), witness().cosign(&signed, 2).unwrap());
        let stranger = other.cosign(&signed, 3).unwrap();
        let mut elsewhere = Checkpoint { origin: vkey.origin().clone(), size: 4, root: [8; 32] }.sign(&OfficeKey::from_seed(&[5; 32]));
        let grafted = witness().cosign(&elsewhere, 9).unwrap();
        for line in [&grafted, &early, &stranger, &late] {
            signed.add_lines(line).unwrap();
        }
        assert!(signed.cosigned_by([&witness().verifier()]).is_err(), "a false line refuses the note");
        let kept = signed.only_lines_of(&vkey, [&witness().verifier()]).unwrap();
        assert_eq!(kept.cosigned_by([&witness().verifier(), &other.verifier()]).unwrap(), [(&witness().verifier(), 2)]);
        assert_eq!(kept.note().lines().count(), 6, "the text, an empty line, the log's line and one more");
        assert_eq!(SignedCheckpoint::verify(kept.note(), &vkey).unwrap().point(), signed.point());
        elsewhere.add_lines(&grafted).unwrap();
        assert_eq!(elsewhere.only_lines_of(&vkey, [&witness().verifier()]).unwrap(), elsewhere);
        let many: Vec<WitnessKey> = (0..2 * crate::limits::COSIGNATURES_MAX as u8)
            .map(|at| WitnessKey::new(&format!("demo.huizhi/witness/{at}"), OfficeKey::from_seed(&[at; 32])).unwrap())
            .collect();
        let mut crowded = checkpoint().0;
        many.iter().for_each(|key| crowded.add_lines(&key.cosign(&elsewhere, 1).unwrap()).unwrap());
        many.iter().for_each(|key| crowded.add_lines(&key.cosign(&crowded, 1).unwrap()).unwrap());
        let verifiers: Vec<WitnessVerifier> = many.iter().map(WitnessKey::verifier).collect();
        let kept = crowded.only_lines_of(&vkey, &verifiers).unwrap();
        assert_eq!(kept.cosigned_by(&verifiers).unwrap().len(), crate::limits::COSIGNATURES_MAX);
    }

    #[test]
    fn lines_that_would_change_the_text_or_burst_the_note_are_not_added() {
        let (mut signed, _) = checkpoint();
        let before = signed.clone();
        assert!(signed.add_lines("\nx\n").is_err());
        assert!(signed.add_lines("no line\n").is_err());
        let many: String = (0..100).map(|at| format!("\u{2014} w{at} AAAAAAAA\n")).collect();
        assert!(signed.add_lines(&many).is_err());
        assert_eq!(signed, before);
    }
}
