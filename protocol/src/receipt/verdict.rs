//! What a receipt is worth now: a pure function of its record, the state of its case, and the asker's clock.
//!
//! What is not known here is never called valid or invalid: a receipt whose submission or decision has not arrived is unknown.

use crate::{
    case::{By, Case, Status},
    id::{Millis, RecordHash},
    log::Entry,
    membership::{Membership, NotCounted},
    record::{ReceiptIssued, ReceiptRevoked, ReceiptUsed, Record, Usage},
};

/// The answer about a genuine receipt record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptVerdict<'a> {
    /// It stands, within its validity. A receipt for repeated use stays valid however often it was used.
    Valid,
    /// It was valid, and was revoked later.
    LaterRevoked(Vec<&'a By<ReceiptRevoked>>),
    /// It was for single use, and it or another receipt for single use of the same photo was used. More than one use is a conflict between offices that did not know of each other; all are shown.
    Used(Vec<&'a By<ReceiptUsed>>),
    /// It stands, and its validity has ended.
    Expired,
    /// What it rests on is not here, which says neither valid nor invalid.
    UnknownHere,
    /// It does not stand.
    Invalid(Invalid),
}

/// Why a receipt does not stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The decisions on its case contradict each other, which counts as not approved.
    #[error("the decisions on its case contradict each other")]
    Disputed,
    /// It, or what it rests on, is set aside.
    #[error("set aside: {0}")]
    Quarantined(NotCounted),
    /// Its writer had no right to it, or it contradicts what it rests on.
    #[error("it does not stand on an approval by the office that wrote it")]
    Refused,
}

impl ReceiptVerdict<'_> {
    /// The stable code of the answer.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::LaterRevoked(_) => "valid_later_revoked",
            Self::Used(_) => "used",
            Self::Expired => "expired",
            Self::UnknownHere => "unknown_here",
            Self::Invalid(_) => "invalid",
        }
    }
    /// Whether two uses of a single-use receipt stand against each other.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Used(uses) if uses.len() > 1)
    }
}

/// Judges the receipt of an entry, whose signature and place in its log were verified before: whether its log is one of the federation's and
/// not ended before it or set aside, whether its office held the role there, and whether it stands in its case, as far as that is known.
/// The one answer for who looks a receipt up and for who verifies a file or a code without a line.
pub fn assess<'a>(entry: &Entry, members: &Membership, case: Option<&'a Case>, now: Millis) -> ReceiptVerdict<'a> {
    let Record::ReceiptIssued(receipt) = entry.record.record() else { return ReceiptVerdict::Invalid(Invalid::Refused) };
    match members.standing(entry) {
        Err(reason) if reason.is_quarantine() => ReceiptVerdict::Invalid(Invalid::Quarantined(reason)),
        Err(_) => ReceiptVerdict::Invalid(Invalid::Refused),
        Ok(_) => judge(entry.record.hash(), receipt, case, now),
    }
}

/// Judges the receipt `hash`, whose signature and place in its log were verified before. `case` is its case as far as it is known here,
/// `now` the asker's clock.
pub fn judge<'a>(hash: RecordHash, receipt: &ReceiptIssued, case: Option<&'a Case>, now: Millis) -> ReceiptVerdict<'a> {
    let Some(case) = case else { return ReceiptVerdict::UnknownHere };
    if !case.receipts.iter().any(|by| by.hash == hash) {
        return without_standing(hash, receipt, case);
    }
    let revocations: Vec<_> = case.revocations.iter().filter(|by| by.said.receipt == hash).collect();
    if !revocations.is_empty() {
        return ReceiptVerdict::LaterRevoked(revocations);
    }
    let uses: Vec<_> = case.uses_of(hash).collect();
    if receipt.usage == Some(Usage::Single) && !uses.is_empty() {
        return ReceiptVerdict::Used(uses);
    }
    if receipt.valid_until_ms > now { ReceiptVerdict::Valid } else { ReceiptVerdict::Expired }
}

fn without_standing<'a>(hash: RecordHash, receipt: &ReceiptIssued, case: &Case) -> ReceiptVerdict<'a> {
    let rests_on = [hash, receipt.decision, receipt.submission];
    if let Some(reason) = rests_on.iter().find_map(|hash| case.quarantined.get(hash)) {
        return ReceiptVerdict::Invalid(Invalid::Quarantined(reason.clone()));
    }
    let submission = case.submissions.iter().any(|by| by.hash == receipt.submission);
    // A decision that is here and refused was weighed, if its submission is here; else it may count yet.
    let decision = case.decisions.iter().any(|by| by.hash == receipt.decision) || case.refused.contains(&receipt.decision);
    if !submission && !case.refused.contains(&receipt.submission) || !decision {
        return ReceiptVerdict::UnknownHere;
    }
    let disputed = case.status == Status::Conflict && !case.refused.contains(&receipt.decision);
    ReceiptVerdict::Invalid(if disputed { Invalid::Disputed } else { Invalid::Refused })
}
