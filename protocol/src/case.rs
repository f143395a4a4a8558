//! The case fold: the state of a case as a pure function of the set of verified records about it.
//!
//! Any delivery order and any duplication give the same state. Nothing is decided by clocks or by who came last:
//! decisions that contradict each other are both kept, and the case counts as not approved until a later decision names them.
//! What [`Membership::standing`](crate::membership::Membership::standing) does not count is kept apart and never weighed.

mod fold;
mod knowing;
mod summary;

pub use fold::fold;
pub use summary::{SUMMARY_FORM, Summary};

use crate::{
    id::{BlobHash, CaseId, OfficeCode, Origin, RecordHash},
    membership::NotCounted,
    record::{Consented, Decided, DocChanged, Erased, ReceiptIssued, ReceiptRevoked, ReceiptUsed, Submitted, Usage, UseAnnulled},
};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Status {
    /// Waits for a decision.
    #[n(0)]
    Submitted,
    /// Approved; no later submission or decision changes that.
    #[n(1)]
    Approved,
    /// Returned for a recapture.
    #[n(2)]
    Returned,
    /// Taken back by the office that captured it, before anybody decided.
    #[n(3)]
    Withdrawn,
    /// Standing decisions contradict each other, or two submissions claim to be the current one. Counts as not approved.
    #[n(4)]
    Conflict,
}

/// Who stands behind a decision on a submission, beside who submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Eyes {
    /// The same person of the same office.
    OnePerson,
    /// Another person of the same office.
    OneOffice,
    /// Another office.
    TwoOffices,
}

impl Eyes {
    /// Who stands behind two acts, each of a person of an office. Staff numbers are an office's own.
    pub fn behind(one: (OfficeCode, u32), other: (OfficeCode, u32)) -> Self {
        match (one.0 == other.0, one.1 == other.1) {
            (true, true) => Self::OnePerson,
            (true, false) => Self::OneOffice,
            (false, _) => Self::TwoOffices,
        }
    }
}

/// A record with its name and the office that signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By<T> {
    /// Hash of the record.
    pub hash: RecordHash,
    /// Office that signed it.
    pub office: OfficeCode,
    /// The log in which it stands.
    pub origin: Origin,
    /// Its position there; where the same bytes stand twice, the first of them.
    pub index: u64,
    /// What it says.
    pub said: T,
}

/// The state of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// Where it stands.
    pub status: Status,
    /// The submission that counts: the approved one, else the one that none supersedes.
    pub current: By<Submitted>,
    /// Every submission, those that others supersede first.
    pub submissions: Vec<By<Submitted>>,
    /// What applicants agreed to, as the office noted it that made the case.
    pub consents: Vec<By<Consented>>,
    /// Every decision on any submission, resolved ones first.
    pub decisions: Vec<By<Decided>>,
    /// Receipts for the current submission that stand on an approval by the same office, by number.
    pub receipts: Vec<By<ReceiptIssued>>,
    /// Uses of those receipts by offices that make the document, by receipt; those that were annulled among them.
    pub uses: Vec<By<ReceiptUsed>>,
    /// What takes uses away again: each said by its user, by the issuer of the receipt, or by the province.
    pub annulments: Vec<By<UseAnnulled>>,
    /// Revocations of those receipts by the office that issued them or by the province, by receipt.
    pub revocations: Vec<By<ReceiptRevoked>>,
    /// Erasures of data of submissions, by the offices that captured them.
    pub erased: Vec<By<Erased>>,
    /// Changes of the shared note by reviewers and by offices that captured it.
    pub note: Vec<By<DocChanged>>,
    /// Records about this case that do not count: their author may not say it, or they contradict what they rest on.
    pub refused: Vec<RecordHash>,
    /// Records that are set aside and why: beyond a revocation, or beyond a fork that nobody adjudicated. Shown, never weighed.
    pub quarantined: BTreeMap<RecordHash, NotCounted>,
    /// Decisions that a later one closed.
    resolved: BTreeSet<RecordHash>,
}

impl Case {
    /// Whether a later decision closed this one.
    pub fn is_resolved(&self, decision: RecordHash) -> bool {
        self.resolved.contains(&decision)
    }
    /// Decisions on the current submission that no later one resolves.
    pub fn standing(&self) -> impl Iterator<Item = &By<Decided>> {
        self.decisions.iter().filter(|decision| decision.said.submission == self.current.hash && !self.is_resolved(decision.hash))
    }
    /// Who stands behind the decisions on the current submission that no later one closed, the fewest eyes first; nothing while there is none.
    /// Which of these a document allows its policy says; what was signed counts all the same.
    pub fn eyes(&self) -> Option<Eyes> {
        let submitted = (self.current.office, self.current.said.operator);
        self.standing().map(|by| Eyes::behind(submitted, (by.office, by.said.operator))).min()
    }
    /// Whether a use counts no longer.
    pub fn is_annulled(&self, used: RecordHash) -> bool {
        self.annulments.iter().any(|by| by.said.used == used)
    }
    /// Uses of a receipt that count. What a receipt for single use uses up is the approved photo, not the paper: where a conflict was decided for approval,
    /// two such receipts may stand on it, and have one use between them.
    pub fn uses_of(&self, receipt: RecordHash) -> impl Iterator<Item = &By<ReceiptUsed>> {
        let single = move |hash| self.receipts.iter().any(|by| by.hash == hash && by.said.usage == Some(Usage::Single));
        let counting = self.uses.iter().filter(|by| !self.is_annulled(by.hash));
        counting.filter(move |by| by.said.receipt == receipt || single(receipt) && single(by.said.receipt))
    }
    /// Whether the office that captured it told of every submission in this case that names this blob that it is deleted. What belongs to the
    /// case as a whole, its note and the references of uses, is erased when all of its submissions are.
    pub fn is_erased(&self, blob: BlobHash) -> bool {
        let told = |by: &By<Submitted>, blob| {
            let of_it = self.erased.iter().filter(|erased| erased.said.submission == by.hash);
            of_it.into_iter().any(|erased| erased.said.payload == blob || erased.said.blobs.contains(&blob))
        };
        let mut naming = self.submissions.iter().filter(|by| [by.said.photo, by.said.original, by.said.payload].contains(&blob)).peekable();
        let of_case = self.note.iter().any(|by| by.said.payload == blob) || self.uses.iter().any(|by| by.said.reference == blob);
        let whole = || self.submissions.iter().all(|by| told(by, by.said.payload));
        (naming.peek().is_some() || of_case) && naming.all(|by| told(by, blob)) && (!of_case || whole())
    }
    /// The office that made the case and captured all of its photos.
    pub fn captured_by(&self) -> OfficeCode {
        self.current.office
    }
}

#[cfg(test)]
mod tests;
