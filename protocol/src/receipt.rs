//! Receipts: the number that people type, the QR code that holds a signed record, and the proof file.

mod evidence;
mod number;
mod proof;
mod verdict;

pub use evidence::{Attested, Evidence, EvidenceError, LogEvidence, Named, Placed, Proved, by_weight};
pub use number::{NumberError, ReceiptNumber};
pub use proof::{PROOF_EXTENSION, ProofError, ReceiptProof, VerifiedReceipt};
pub use verdict::{Invalid, ReceiptVerdict, assess, judge};
