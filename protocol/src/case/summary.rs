//! A case in a few bytes: what lists and counts ask of it, and a digest of all the rest.
//!
//! Nodes keep it beside the records, so that a list of a million cases is a walk through an index and not a million folds. The digest
//! covers the whole fold: two summaries are equal exactly when the states are, which is what a replay is compared with.

use super::{By, Case, Status};
use crate::id::{Millis, OfficeCode, RecordHash};
use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

/// Number of the form of [`Summary`] and of the fold below it. Whoever keeps summaries makes them anew when it grew.
pub const SUMMARY_FORM: u8 = 4;

/// The state of one case in short.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Summary {
    /// [`SUMMARY_FORM`] of when it was made.
    #[n(0)]
    pub form: u8,
    /// Where it stands.
    #[n(1)]
    pub status: Status,
    /// When the current submission was signed, by the signer's clock.
    #[n(2)]
    pub submitted_ms: Millis,
    /// Office that captured the current photo.
    #[n(3)]
    pub captured_by: OfficeCode,
    /// First half of a SHA-256 over everything that the fold gave: who may influence it gains nothing by a collision.
    #[n(4)]
    #[cbor(with = "minicbor::bytes")]
    pub digest: [u8; 16],
}

impl Case {
    /// The case in short.
    pub fn summary(&self) -> Summary {
        Summary {
            form: SUMMARY_FORM,
            status: self.status,
            submitted_ms: self.current.said.at_ms,
            captured_by: self.captured_by(),
            digest: self.digest(),
        }
    }

    /// Records are named by hash, and a hash names all that a record says; so the order and the standing of the hashes are the state.
    fn digest(&self) -> [u8; 16] {
        fn said<T>(list: &[By<T>]) -> Vec<RecordHash> {
            list.iter().map(|by| by.hash).collect()
        }
        let lists = [
            vec![self.current.hash],
            said(&self.submissions),
            said(&self.consents),
            said(&self.decisions),
            said(&self.receipts),
            said(&self.uses),
            said(&self.annulments),
            said(&self.revocations),
            said(&self.erased),
            said(&self.note),
            self.refused.clone(),
            self.resolved.iter().copied().collect(),
        ];
        let mut sha = Sha256::new_with_prefix(b"huizhi case\n");
        sha.update([SUMMARY_FORM, self.status as u8]);
        sha.update(self.id.0);
        for list in &lists {
            sha.update((list.len() as u64).to_be_bytes());
            list.iter().for_each(|hash| sha.update(hash.0));
        }
        for (hash, reason) in &self.quarantined {
            sha.update(hash.0);
            let reason = reason.to_string();
            sha.update((reason.len() as u64).to_be_bytes());
            sha.update(reason);
        }
        let whole: [u8; 32] = sha.finalize().into();
        whole[..16].try_into().expect("sixteen of 32 bytes")
    }
}
