//! The witness: cosigns a log's checkpoint only where it is proved to extend the last one that it cosigned.
//!
//! C2SP tlog-witness v1.0.0, without the HTTP. Between the check and the answer the new size must be made durable, and nothing may come
//! between: a witness that checked N and N+K against the same state and persisted N last would vouch for a rollback. So
//! [`Witness::add_checkpoint`] gives back a [`Ready`] that holds the witness borrowed, and gives out the cosignature only when the shell
//! says that it was persisted.

use super::{
    LogPoint, SignedCheckpoint,
    cosignature::{WitnessKey, WitnessVerifier},
    note::{NoteError, VerifierKey},
};
use crate::{
    id::Origin,
    limits::{ADD_CHECKPOINT_BYTES_MAX, WITNESS_PROOF_HASHES_MAX},
    merkle::{self, Hash},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{collections::BTreeMap, fmt};

/// The body of an `add-checkpoint` request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size of the checkpoint that the asker believes to be the witness's last one.
    pub old: u64,
    /// Consistency proof from there, RFC 6962 §2.1.2.
    pub proof: Vec<Hash>,
    /// Note of the new checkpoint.
    pub note: String,
}

impl AddCheckpoint {
    /// Reads `old <size>`, base64 hashes, an empty line and the checkpoint.
    ///
    /// # Errors
    /// [`WitnessError::Malformed`].
    pub fn parse(body: &str) -> Result<Self, WitnessError> {
        if body.len() > ADD_CHECKPOINT_BYTES_MAX {
            return Err(WitnessError::Malformed("too long"));
        }
        let (head, note) = body.split_once("\n\n").ok_or(WitnessError::Malformed("no empty line"))?;
        let mut lines = head.split('\n');
        let digits = lines.next().and_then(|line| line.strip_prefix("old ")).ok_or(WitnessError::Malformed("no old size"))?;
        let old: u64 = digits.parse().map_err(|_| WitnessError::Malformed("the old size is not a number"))?;
        if old.to_string() != digits {
            return Err(WitnessError::Malformed("the old size has leading zeroes or a sign"));
        }
        let hash = |line| STANDARD.decode(line).ok().and_then(|hash| hash.try_into().ok());
        let proof: Vec<Hash> = lines.map(hash).collect::<Option<_>>().ok_or(WitnessError::Malformed("a hash is base64 of 32 bytes"))?;
        if proof.len() > WITNESS_PROOF_HASHES_MAX {
            return Err(WitnessError::Malformed("too many hashes"));
        }
        Ok(Self { old, proof, note: note.to_owned() })
    }

    /// Origin line of the checkpoint, to find the key to verify with; not trusted.
    pub fn claimed_origin(&self) -> Option<Origin> {
        self.note.lines().next()?.parse().ok()
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", STANDARD.encode(hash)))?;
        write!(f, "\n{}", self.note)
    }
}

/// Why there is no cosignature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// Not the form of a request, or an old size above the new one.
    #[error("malformed request: {0}")]
    Malformed(&'static str),
    /// A log that this witness does not know.
    #[error("this log is not witnessed here")]
    UnknownLog,
    /// The checkpoint is not signed by the log's key.
    #[error("the checkpoint does not hold: {0}")]
    NotSigned(#[from] super::CheckpointError),
    /// The asker does not know the last size; here it is.
    #[error("the last checkpoint cosigned here has {0} entries")]
    Conflict(u64),
    /// It is not proved to extend the last one. Both are signed by the log, so this may be a fork.
    #[error("the checkpoint is not proved to extend {0}")]
    Inconsistent(LogPoint),
    /// The witness itself cannot sign.
    #[error("this witness cannot sign: {0}")]
    CannotSign(NoteError),
}

impl WitnessError {
    /// The HTTP status of tlog-witness. The body of a 409 is the size and a newline.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NotSigned(_) => 403,
            Self::UnknownLog => 404,
            Self::Conflict(_) => 409,
            Self::Inconsistent(_) => 422,
            Self::CannotSign(_) => 500,
        }
    }
}

/// What one witness cosigned last, per log.
#[derive(Debug)]
pub struct Witness {
    key: WitnessKey,
    last: BTreeMap<Origin, LogPoint>,
}

impl Witness {
    /// A witness with what it persisted before.
    pub fn new(key: WitnessKey, persisted: impl IntoIterator<Item = LogPoint>) -> Self {
        Self { key, last: persisted.into_iter().map(|point| (point.origin.clone(), point)).collect() }
    }
    /// The name and key under which it cosigns.
    pub fn verifier(&self) -> WitnessVerifier {
        self.key.verifier()
    }
    /// The last point that was cosigned of a log.
    pub fn last(&self, origin: &Origin) -> Option<&LogPoint> {
        self.last.get(origin)
    }

    /// Decides on a checkpoint. `log` is the verifier key of the log that the request is about, where it is witnessed here; `now_s` is
    /// seconds since 1970 by the witness's clock.
    ///
    /// # Errors
    /// See [`WitnessError`]. The witness is unchanged then.
    pub fn add_checkpoint(&mut self, request: &AddCheckpoint, log: Option<&VerifierKey>, now_s: u64) -> Result<Ready<'_>, WitnessError> {
        let log = log.ok_or(WitnessError::UnknownLog)?;
        let checkpoint = SignedCheckpoint::verify(&request.note, log)?;
        if request.old > checkpoint.size() {
            return Err(WitnessError::Malformed("the old size is above the new one"));
        }
        let (last_size, last_root) = self.last.get(log.origin()).map_or((0, merkle::empty_root()), |last| (last.size, last.root.0));
        if request.old != last_size {
            return Err(WitnessError::Conflict(last_size));
        }
        if !merkle::verify_consistency(last_size, checkpoint.size(), &request.proof, &last_root, checkpoint.root()) {
            let origin = log.origin().clone();
            return Err(WitnessError::Inconsistent(LogPoint { origin, size: last_size, root: crate::id::RecordHash(last_root) }));
        }
        let line = self.key.cosign(&checkpoint, now_s).map_err(WitnessError::CannotSign)?;
        Ok(Ready { witness: self, checkpoint, line })
    }
}

/// A cosignature that may be given out once its checkpoint is persisted. Dropped, it leaves the witness as it was.
#[derive(Debug)]
#[must_use = "persist the point, then give out the cosignature"]
pub struct Ready<'a> {
    witness: &'a mut Witness,
    checkpoint: SignedCheckpoint,
    line: String,
}

impl Ready<'_> {
    /// What must be durable first.
    pub fn point(&self) -> LogPoint {
        self.checkpoint.point()
    }
    /// The checkpoint to serve to monitors, once it is durable.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }
    /// The signature line, with its newline. Call it only after [`Ready::point`] is durable.
    pub fn persisted(self) -> String {
        let point = self.checkpoint.point();
        self.witness.last.insert(point.origin.clone(), point);
        self.line
    }
}

#[cfg(test)]
mod tests;
