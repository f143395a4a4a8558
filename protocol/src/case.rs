//! The case fold: the state of a case as a pure function of the set of verified records about it.
//!
//! Any delivery order and any duplication give the same state. Nothing is decided by clocks or by who came last:
//! decisions that contradict each other are both kept, and the case counts as not approved until a later decision names them.

use crate::{
    id::{CaseId, OfficeCode, PublicKey, RecordHash},
    membership::Membership,
    record::{Decided, DocChanged, ReceiptIssued, Record, Roles, Submitted, Verdict, Verified},
};
use std::collections::{BTreeMap, BTreeSet};

/// Where a case stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Waits for a decision.
    Submitted,
    /// Approved; no later submission or decision changes that.
    Approved,
    /// Returned for a recapture.
    Returned,
    /// Standing decisions contradict each other, or two submissions claim to be the current one. Counts as not approved.
    Conflict,
}

/// A record with its name and the office that signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By<T> {
    /// Hash of the record.
    pub hash: RecordHash,
    /// Office that signed it.
    pub office: OfficeCode,
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
    /// Every decision on any submission, resolved ones first.
    pub decisions: Vec<By<Decided>>,
    /// Receipts for the current submission that stand on an approval by the same office, by number.
    pub receipts: Vec<By<ReceiptIssued>>,
    /// Changes of the shared note.
    pub note: Vec<By<DocChanged>>,
    /// Records about this case that do not count, because their author lacks the role or is not enrolled.
    pub refused: Vec<RecordHash>,
}

impl Case {
    /// Whether a later decision names this one as resolved.
    pub fn is_resolved(&self, decision: RecordHash) -> bool {
        self.decisions.iter().any(|later| later.said.resolves.contains(&decision))
    }
    /// Decisions on the current submission that no later one resolves.
    pub fn standing(&self) -> impl Iterator<Item = &By<Decided>> {
        self.decisions.iter().filter(|decision| decision.said.submission == self.current.hash && !self.is_resolved(decision.hash))
    }
    /// The office that captured the photo.
    pub fn captured_by(&self) -> OfficeCode {
        self.current.office
    }
}

/// Folds the records about one case. Nothing comes out while no submission by an office with the capturing role is known.
pub fn fold<'a>(id: CaseId, records: impl IntoIterator<Item = &'a Verified>, members: &Membership) -> Option<Case> {
    let mut parts = Parts::default();
    for record in records {
        parts.take(id, record, members);
    }
    parts.state(id)
}

#[derive(Default)]
struct Parts {
    submissions: BTreeMap<RecordHash, By<Submitted>>,
    decisions: BTreeMap<RecordHash, By<Decided>>,
    receipts: BTreeMap<RecordHash, By<ReceiptIssued>>,
    note: BTreeMap<RecordHash, By<DocChanged>>,
    refused: BTreeSet<RecordHash>,
}

impl Parts {
    fn take(&mut self, id: CaseId, record: &Verified, members: &Membership) {
        if record.record().case() != Some(id) {
            return;
        }
        let hash = record.hash();
        let allowed = |role| author_with(members, record.author(), role);
        match record.record() {
            Record::Submitted(said) => match allowed(Roles::CAPTURE) {
                Some(office) => _ = self.submissions.insert(hash, By { hash, office, said: said.clone() }),
                None => _ = self.refused.insert(hash),
            },
            Record::Decided(said) => match allowed(Roles::REVIEW) {
                Some(office) => _ = self.decisions.insert(hash, By { hash, office, said: said.clone() }),
                None => _ = self.refused.insert(hash),
            },
            Record::ReceiptIssued(said) => match allowed(Roles::REVIEW) {
                Some(office) => _ = self.receipts.insert(hash, By { hash, office, said: said.clone() }),
                None => _ = self.refused.insert(hash),
            },
            Record::DocChanged(said) => match allowed(Roles::default()) {
                Some(office) => _ = self.note.insert(hash, By { hash, office, said: said.clone() }),
                None => _ = self.refused.insert(hash),
            },
            Record::Enrol(_) | Record::SpecPublished(_) | Record::Unknown { .. } => {}
        }
    }

    fn state(self, id: CaseId) -> Option<Case> {
        let Self { submissions, mut decisions, receipts, note, mut refused } = self;
        // A case belongs to the office that submitted it first; a recapture comes from the same office. The root is the submission
        // that supersedes none; should two claim that, both stay and the case is in conflict.
        let superseded: BTreeSet<RecordHash> = submissions
            .values()
            .filter_map(|later| later.said.supersedes.filter(|earlier| submissions.get(earlier).is_none_or(|by| by.office == later.office)))
            .collect();
        decisions.retain(|hash, decision| {
            let known = submissions.contains_key(&decision.said.submission);
            if !known {
                // Its submission has not arrived, or never counted: it cannot be weighed yet.
                refused.insert(*hash);
            }
            known
        });
        let resolved: BTreeSet<RecordHash> = decisions.values().flat_map(|decision| decision.said.resolves.iter().copied()).collect();
        let weigh = |submission: RecordHash| {
            let standing: BTreeSet<Verdict> = decisions
                .values()
                .filter(|decision| decision.said.submission == submission && !resolved.contains(&decision.hash))
                .map(|decision| decision.said.verdict)
                .collect();
            match (standing.contains(&Verdict::Approve), standing.contains(&Verdict::Return)) {
                (false, false) => Status::Submitted,
                (true, false) => Status::Approved,
                (false, true) => Status::Returned,
                (true, true) => Status::Conflict,
            }
        };
        let approved: Vec<_> = submissions.keys().copied().filter(|hash| weigh(*hash) == Status::Approved).collect();
        let heads: Vec<_> = submissions.keys().copied().filter(|hash| !superseded.contains(hash)).collect();
        let (current, status) = match (&approved[..], &heads[..]) {
            ([one], _) => (*one, Status::Approved),
            ([first, ..], _) => (*first, Status::Conflict),
            ([], [one]) => (*one, weigh(*one)),
            ([], [first, ..]) => (*first, Status::Conflict),
            // Hashes cannot form a cycle, so some submission is superseded by none, unless there is none at all.
            ([], []) => return None,
        };
        let mut receipts: Vec<_> = receipts
            .into_values()
            .filter(|receipt| {
                let stands = receipt.said.submission == current
                    && status == Status::Approved
                    && decisions.get(&receipt.said.decision).is_some_and(|decision| {
                        decision.office == receipt.office
                            && decision.said.submission == current
                            && decision.said.verdict == Verdict::Approve
                    });
                if !stands {
                    refused.insert(receipt.hash);
                }
                stands
            })
            .collect();
        receipts.sort_by(|a, b| (&a.said.number, a.hash).cmp(&(&b.said.number, b.hash)));
        let mut submissions: Vec<_> = submissions.into_values().collect();
        submissions.sort_by_key(|submission| (!superseded.contains(&submission.hash), submission.hash));
        let mut decisions: Vec<_> = decisions.into_values().collect();
        decisions.sort_by_key(|decision| (!resolved.contains(&decision.hash), decision.hash));
        let current = submissions.iter().find(|submission| submission.hash == current)?.clone();
        Some(Case {
            id,
            status,
            current,
            submissions,
            decisions,
            receipts,
            note: note.into_values().collect(),
            refused: refused.into_iter().collect(),
        })
    }
}

fn author_with(members: &Membership, author: PublicKey, role: Roles) -> Option<OfficeCode> {
    members.office_of(author).filter(|office| office.enrol.roles.contains(role)).map(|office| office.enrol.code)
}

#[cfg(test)]
mod tests;
