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
    /// Changes of the shared note by reviewers and by offices that captured it.
    pub note: Vec<By<DocChanged>>,
    /// Records about this case that do not count: their author may not say it, or they contradict what they rest on.
    pub refused: Vec<RecordHash>,
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
    /// The office that captured the photo of the current submission.
    pub fn captured_by(&self) -> OfficeCode {
        self.current.office
    }
    /// Whether the office submitted a photo in this case.
    pub fn is_captured_by(&self, office: OfficeCode) -> bool {
        self.submissions.iter().any(|by| by.office == office)
    }
    /// Whether two offices claim the case. Ids are drawn at random, so one of them took the id from the other's log.
    pub fn is_contested(&self) -> bool {
        self.submissions.iter().any(|by| by.office != self.current.office)
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
    /// Authors in `note` that review.
    reviewers: BTreeSet<OfficeCode>,
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
                Some(office) => {
                    self.note.insert(hash, By { hash, office, said: said.clone() });
                    if members.has_role(record.author(), Roles::REVIEW) {
                        self.reviewers.insert(office);
                    }
                }
                None => _ = self.refused.insert(hash),
            },
            _ => {}
        }
    }

    fn state(self, id: CaseId) -> Option<Case> {
        let Self { submissions, mut decisions, receipts, mut note, reviewers, mut refused } = self;
        // A recapture comes from the same office as what it supersedes, so no office can push another's photo out of its own case.
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
        note.retain(|hash, change| {
            let has_part = reviewers.contains(&change.office) || submissions.values().any(|by| by.office == change.office);
            if !has_part {
                refused.insert(*hash);
            }
            has_part
        });
        let resolved: BTreeSet<RecordHash> = decisions.values().flat_map(|decision| closes(decision, &decisions)).collect();
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
        // Where several claim to be the current one, a reviewer returns those that are not it.
        let open: Vec<_> = heads.iter().copied().filter(|hash| weigh(*hash) != Status::Returned).collect();
        let (current, status) = match (&approved[..], &open[..], &heads[..]) {
            ([one], ..) => (*one, Status::Approved),
            ([first, ..], ..) => (*first, Status::Conflict),
            ([], [one], _) | ([], [], [one]) => (*one, weigh(*one)),
            ([], [first, ..], _) => (*first, Status::Conflict),
            ([], [], [first, ..]) => (*first, Status::Returned),
            // Hashes cannot form a cycle, so some submission is superseded by none, unless there is none at all.
            ([], [], []) => return None,
        };
        let photo = submissions.get(&current)?;
        let mut receipts: Vec<_> = receipts
            .into_values()
            .filter(|receipt| {
                let stands = receipt.said.submission == current
                    && status == Status::Approved
                    && (receipt.said.photo, receipt.said.spec) == (photo.said.photo, photo.said.spec)
                    && (receipt.said.applicant, receipt.said.captured_by) == (photo.said.applicant, photo.office)
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
            resolved,
        })
    }
}

/// The earlier decisions that a decision closes: those it names on its own submission. An approval is final, so it is closed only where
/// it stands in conflict, by a decision that names a return as well.
fn closes<'a>(decision: &'a By<Decided>, decisions: &'a BTreeMap<RecordHash, By<Decided>>) -> impl Iterator<Item = RecordHash> {
    let named = || {
        let known = decision.said.resolves.iter().filter_map(|hash| decisions.get(hash));
        known.filter(|earlier| earlier.said.submission == decision.said.submission)
    };
    let names_a_return = named().any(|earlier| earlier.said.verdict == Verdict::Return);
    named().filter(move |_| names_a_return).map(|earlier| earlier.hash)
}

fn author_with(members: &Membership, author: PublicKey, role: Roles) -> Option<OfficeCode> {
    members.office_of(author).filter(|office| office.enrol.roles.contains(role)).map(|office| office.enrol.code)
}

#[cfg(test)]
mod tests;
