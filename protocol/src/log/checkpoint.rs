//! Checkpoints: C2SP tlog-checkpoint v1.0.0. Origin, size and root, signed as a note; no extension lines.

use super::{
    cosignature::WitnessVerifier,
    note::{Note, NoteError, VerifierKey},
    point::LogPoint,
};
use crate::{
    id::{Origin, RecordHash},
    keys::OfficeKey,
    limits::COSIGNATURES_MAX,
    merkle::Hash,
};
use base64::{Engine, engine::general_purpose::STANDARD};

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log.
    pub origin: Origin,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Hash,
}

/// Why a checkpoint is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note does not hold.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is not that of a checkpoint.
    #[error("malformed checkpoint: {0}")]
    Malformed(&'static str),
    /// A valid checkpoint of another log.
    #[error("the checkpoint is of the log {0}, not of the one asked for")]
    OtherLog(Origin),
}

impl Checkpoint {
    /// Signs it. Only for entries that are durable already.
    pub fn sign(self, key: &OfficeKey) -> SignedCheckpoint {
        let text = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root));
        SignedCheckpoint { note: Note::sign(&text, &self.origin, key), checkpoint: self }
    }

    fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Malformed("no final newline"))?.split('\n');
        let mut line = || lines.next().ok_or(CheckpointError::Malformed("fewer than three lines"));
        let origin = line()?.parse().map_err(|_| CheckpointError::Malformed("the first line is not a log origin"))?;
        let digits = line()?;
        let size: u64 = digits.parse().map_err(|_| CheckpointError::Malformed("the size is not a number"))?;
        if size.to_string() != digits {
            return Err(CheckpointError::Malformed("the size has leading zeroes or a sign"));
        }
        let root = STANDARD
            .decode(line()?)
            .ok()
            .and_then(|root| root.try_into().ok())
            .ok_or(CheckpointError::Malformed("the root is not base64 of 32 bytes"))?;
        if lines.next().is_some() {
            return Err(CheckpointError::Malformed("extension lines are not accepted"));
        }
        Ok(Self { origin, size, root })
    }
}

/// A checkpoint whose log signature held, with the note as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: String,
}

impl SignedCheckpoint {
    /// Verifies a note as a checkpoint of the log that the key belongs to. Size and root are read from the verified text only.
    ///
    /// # Errors
    /// The signature does not hold, the text is no checkpoint, or it is of another log.
    pub fn verify(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let checkpoint = Checkpoint::parse(Note::parse(note)?.text_signed_by(key)?)?;
        if checkpoint.origin == *key.origin() {
            Ok(Self { checkpoint, note: note.to_owned() })
        } else {
            Err(CheckpointError::OtherLog(checkpoint.origin))
        }
    }
    /// Adds signature lines by others, each ending in a newline; a line that is here already is not repeated. The signed text stays.
    ///
    /// # Errors
    /// A line is malformed, or the note would exceed its bounds. The checkpoint is as before then.
    pub fn add_lines(&mut self, lines: &str) -> Result<(), NoteError> {
        let mut note = self.note.clone();
        for line in lines.split_inclusive('\n') {
            if !note.contains(&format!("\n{line}")) {
                note.push_str(line);
            }
        }
        let (before, after) = (Note::parse(&self.note)?, Note::parse(&note)?);
        if before.unverified_text() != after.unverified_text() {
            return Err(NoteError::Malformed("an empty line among the signatures"));
        }
        self.note = note;
        Ok(())
    }
    /// The same checkpoint with the log's own line and one line each, its latest, of those witnesses that cosigned it; every other line is
    /// dropped, and so are cosignatures beyond [`COSIGNATURES_MAX`].
    ///
    /// Attack: whoever passes a note on could add a false line under a witness's name, and readers refuse the whole note for it.
    ///
    /// # Errors
    /// The note is not signed by `log`.
    pub fn only_lines_of<'a>(
        &self,
        log: &VerifierKey,
        witnesses: impl IntoIterator<Item = &'a WitnessVerifier>,
    ) -> Result<Self, NoteError> {
        let note = Note::parse(&self.note)?;
        let mut kept = format!("{}\n{}", note.text_signed_by(log)?, note.line_of(log).ok_or(NoteError::Malformed("no line by the log"))?);
        let lines = witnesses.into_iter().filter_map(|witness| witness.latest_line(&note));
        lines.take(COSIGNATURES_MAX).for_each(|line| kept.push_str(&line));
        Ok(Self { checkpoint: self.checkpoint.clone(), note: kept })
    }
    /// Which of these witnesses cosigned it, with the latest time, in seconds since 1970, that each gave.
    ///
    /// # Errors
    /// A line under the name and key id of one of them does not hold, which refuses the whole note.
    pub fn cosigned_by<'a>(
        &self,
        witnesses: impl IntoIterator<Item = &'a WitnessVerifier>,
    ) -> Result<Vec<(&'a WitnessVerifier, u64)>, NoteError> {
        let note = Note::parse(&self.note)?;
        let found = witnesses.into_iter().map(|witness| Ok(witness.cosigned(&note)?.map(|time_s| (witness, time_s))));
        found.filter_map(Result::transpose).collect()
    }
    /// The history that it signs.
    pub fn point(&self) -> LogPoint {
        LogPoint { origin: self.checkpoint.origin.clone(), size: self.checkpoint.size, root: RecordHash(self.checkpoint.root) }
    }
    /// The note, exactly as signed or received.
    pub fn note(&self) -> &str {
        &self.note
    }
    /// The log.
    pub fn origin(&self) -> &Origin {
        &self.checkpoint.origin
    }
    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }
    /// Root of the tree.
    pub fn root(&self) -> &Hash {
        &self.checkpoint.root
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::empty_root;
    use proptest::prelude::*;

    fn signed() -> (SignedCheckpoint, VerifierKey) {
        let key = OfficeKey::from_seed(&[5; 32]);
        let origin: Origin = "demo.huizhi/office/44030001/1".parse().unwrap();
        let vkey = VerifierKey::new(origin.clone(), key.public());
        (Checkpoint { origin, size: 0, root: empty_root() }.sign(&key), vkey)
    }

    /// The example key of C2SP signed-note v1.0.0: its name is no log origin of ours, so only its id is held against ours.
    #[test]
    fn the_key_id_is_that_of_the_format() {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key = STANDARD.decode(text.rsplit('+').next().unwrap()).unwrap();
        let id = Sha256::new().chain_update("PeterNeumann\n").chain_update(&key).finalize();
        use sha2::{Digest, Sha256};
        assert_eq!(id[..4], [0xc7, 0x4f, 0x20, 0xa3]);
    }

    #[test]
    fn a_signed_checkpoint_verifies_and_no_changed_bit_does() {
        let (checkpoint, vkey) = signed();
        assert_eq!(SignedCheckpoint::verify(checkpoint.note(), &vkey).as_ref(), Ok(&checkpoint));
        assert_eq!(vkey.to_string().parse(), Ok(vkey.clone()));
        let note = checkpoint.note().as_bytes();
        for bit in 0..note.len() * 8 {
            let mut wrong = note.to_vec();
            wrong[bit / 8] ^= 1 << (bit % 8);
            if let Ok(wrong) = std::str::from_utf8(&wrong) {
                assert!(SignedCheckpoint::verify(wrong, &vkey).is_err(), "bit {bit}");
            }
        }
    }

    #[test]
    fn case_19_foreign_signature_lines_are_ignored_and_extension_lines_refused() {
        let (checkpoint, vkey) = signed();
        let with_line = format!("{}\u{2014} witness.example AAAAAAECAwQ=\n", checkpoint.note());
        assert!(SignedCheckpoint::verify(&with_line, &vkey).is_ok());
        let key = OfficeKey::from_seed(&[5; 32]);
        let extended = Note::sign(&format!("{}\n0\n{}\nextension\n", vkey.origin(), STANDARD.encode(empty_root())), vkey.origin(), &key);
        assert_eq!(SignedCheckpoint::verify(&extended, &vkey), Err(CheckpointError::Malformed("extension lines are not accepted")));
    }

    #[test]
    fn another_log_s_checkpoint_is_refused() {
        let (_, vkey) = signed();
        let key = OfficeKey::from_seed(&[5; 32]);
        let other: Origin = "demo.huizhi/office/44030002/1".parse().unwrap();
        // Signed by the right key under the right key name, but the text speaks of another log.
        let note = Note::sign(&format!("{other}\n0\n{}\n", STANDARD.encode(empty_root())), vkey.origin(), &key);
        assert_eq!(SignedCheckpoint::verify(&note, &vkey), Err(CheckpointError::OtherLog(other)));
    }

    #[test]
    fn mend_61_the_size_of_a_checkpoint_has_one_spelling() {
        let (_, vkey) = signed();
        let read = |size: &str| {
            let text = format!("{}\n{size}\n{}\n", vkey.origin(), STANDARD.encode(empty_root()));
            let note = Note::sign(&text, vkey.origin(), &OfficeKey::from_seed(&[5; 32]));
            SignedCheckpoint::verify(&note, &vkey).map(|checkpoint| checkpoint.size())
        };
        for size in [0, 1, 10, u64::MAX] {
            assert_eq!(read(&size.to_string()), Ok(size));
        }
        for size in ["00", "01", "010", "+1", "+0"] {
            assert_eq!(read(size), Err(CheckpointError::Malformed("the size has leading zeroes or a sign")), "{size}");
        }
        for size in ["", "-1", "1 ", " 1", "１", "18446744073709551616"] {
            assert_eq!(read(size), Err(CheckpointError::Malformed("the size is not a number")), "{size:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(note: String) {
            let _ = SignedCheckpoint::verify(&note, &signed().1);
        }
    }
}
