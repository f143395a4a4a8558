//! The fold itself: takes entries in any order, then weighs them together.

use super::{By, Case, Status};
use crate::{
    id::{CaseId, OfficeCode, RecordHash},
    log::Entry,
    membership::{Membership, NotCounted, Writer},
    receipt::ReceiptNumber,
    record::{Decided, DocChanged, Erased, ReceiptIssued, ReceiptRevoked, ReceiptUsed, Record, Roles, Submitted, Verdict, Withdrawn},
};
use std::collections::{BTreeMap, BTreeSet};

/// Folds the records about one case. Nothing comes out while no submission by an office with the capturing role is known.
pub fn fold<'a>(id: CaseId, entries: impl IntoIterator<Item = &'a Entry>, members: &Membership) -> Option<Case> {
    let mut parts = Parts::default();
    for entry in entries {
        parts.take(id, entry, members);
    }
    parts.state(id)
}

type Said<T> = BTreeMap<RecordHash, By<T>>;

struct Receipts {
    receipts: Vec<By<ReceiptIssued>>,
    uses: Vec<By<ReceiptUsed>>,
    revocations: Vec<By<ReceiptRevoked>>,
}

#[derive(Default)]
struct Parts {
    submissions: Said<Submitted>,
    withdrawals: Said<Withdrawn>,
    decisions: Said<Decided>,
    receipts: Said<ReceiptIssued>,
    uses: Said<ReceiptUsed>,
    revocations: Said<ReceiptRevoked>,
    erased: Said<Erased>,
    note: Said<DocChanged>,
    /// Authors in `note` that review.
    reviewers: BTreeSet<OfficeCode>,
    /// Every record that counts; the same bytes may stand a second time where they do not.
    counted: BTreeSet<RecordHash>,
    refused: BTreeSet<RecordHash>,
    quarantined: BTreeMap<RecordHash, NotCounted>,
}

impl Parts {
    fn take(&mut self, id: CaseId, entry: &Entry, members: &Membership) {
        if entry.record.record().case() != Some(id) {
            return;
        }
        let hash = entry.record.hash();
        let office = match members.standing(entry) {
            Ok(Writer::Office(office)) => office,
            Err(reason) if reason.is_quarantine() => {
                let known = self.quarantined.entry(hash).or_insert_with(|| reason.clone());
                // One reason for one record, whatever came first.
                *known = reason.min(known.clone());
                return;
            }
            Ok(Writer::Province) | Err(_) => {
                self.refused.insert(hash);
                return;
            }
        };
        if !names_its_place(entry) {
            self.refused.insert(hash);
            return;
        }
        self.counted.insert(hash);
        match entry.record.record() {
            Record::Submitted(said) => take(&mut self.submissions, entry, office, said),
            Record::Withdrawn(said) => take(&mut self.withdrawals, entry, office, said),
            Record::Decided(said) => take(&mut self.decisions, entry, office, said),
            Record::ReceiptIssued(said) => take(&mut self.receipts, entry, office, said),
            Record::ReceiptUsed(said) => take(&mut self.uses, entry, office, said),
            Record::ReceiptRevoked(said) => take(&mut self.revocations, entry, office, said),
            Record::Erased(said) => take(&mut self.erased, entry, office, said),
            Record::DocChanged(said) => {
                take(&mut self.note, entry, office, said);
                if members.roles_at(&entry.origin, entry.index).contains(Roles::REVIEW) {
                    self.reviewers.insert(office);
                }
            }
            // Facts of intake and appointments weigh nothing in the state of the case.
            _ => {}
        }
    }

    fn state(mut self, id: CaseId) -> Option<Case> {
        self.refused.retain(|hash| !self.counted.contains(hash));
        self.quarantined.retain(|hash, _| !self.counted.contains(hash));
        self.drop_what_rests_on_nothing();
        let Self { submissions, withdrawals, decisions, note, erased, quarantined, .. } = &self;
        // A recapture comes from the same office as what it supersedes, so no office can push another's photo out of its own case.
        let superseded: BTreeSet<RecordHash> = submissions
            .values()
            .filter_map(|later| later.said.supersedes.filter(|earlier| submissions.get(earlier).is_none_or(|by| by.office == later.office)))
            .collect();
        let resolved: BTreeSet<RecordHash> = decisions.values().flat_map(|decision| closes(decision, decisions)).collect();
        let withdrawn: BTreeSet<RecordHash> = withdrawals.values().map(|by| by.said.submission).collect();
        let weigh = |submission: RecordHash| {
            let standing: BTreeSet<Verdict> = decisions
                .values()
                .filter(|decision| decision.said.submission == submission && !resolved.contains(&decision.hash))
                .map(|decision| decision.said.verdict)
                .collect();
            match (standing.contains(&Verdict::Approve), standing.contains(&Verdict::Return)) {
                (false, false) if withdrawn.contains(&submission) => Status::Withdrawn,
                (false, false) => Status::Submitted,
                (true, false) => Status::Approved,
                (false, true) => Status::Returned,
                (true, true) => Status::Conflict,
            }
        };
        let approved: Vec<_> = submissions.keys().copied().filter(|hash| weigh(*hash) == Status::Approved).collect();
        let heads: Vec<_> = submissions.keys().copied().filter(|hash| !superseded.contains(hash)).collect();
        // Where several claim to be the current one, a reviewer returns those that are not it.
        let is_open = |hash: &RecordHash| !matches!(weigh(*hash), Status::Returned | Status::Withdrawn);
        let open: Vec<_> = heads.iter().copied().filter(is_open).collect();
        let (current, status) = match (&approved[..], &open[..], &heads[..]) {
            ([one], ..) => (*one, Status::Approved),
            ([first, ..], ..) => (*first, Status::Conflict),
            ([], [one], _) | ([], [], [one]) => (*one, weigh(*one)),
            ([], [first, ..], _) => (*first, Status::Conflict),
            ([], [], [first, ..]) => {
                (*first, heads.iter().map(|hash| weigh(*hash)).find(|one| *one == Status::Returned).unwrap_or(Status::Withdrawn))
            }
            // Hashes cannot form a cycle, so some submission is superseded by none, unless there is none at all.
            ([], [], []) => return None,
        };
        let photo = submissions.get(&current)?.clone();
        let mut sorted: Vec<_> = submissions.values().cloned().collect();
        sorted.sort_by_key(|submission| (!superseded.contains(&submission.hash), submission.hash));
        let submissions = sorted;
        let mut sorted: Vec<_> = decisions.values().cloned().collect();
        sorted.sort_by_key(|decision| (!resolved.contains(&decision.hash), decision.hash));
        let decisions = sorted;
        let (note, erased, quarantined) = (note.values().cloned().collect(), erased.values().cloned().collect(), quarantined.clone());
        let Receipts { receipts, uses, revocations } = self.receipts(&photo, status);
        let refused = self.refused.into_iter().collect();
        Some(Case {
            id,
            status,
            current: photo,
            submissions,
            decisions,
            receipts,
            uses,
            revocations,
            erased,
            note,
            refused,
            quarantined,
            resolved,
        })
    }

    /// Refuses what names a submission that is not known or is another office's. It may arrive; then everything is weighed anew.
    fn drop_what_rests_on_nothing(&mut self) {
        let Self { submissions, withdrawals, decisions, erased, note, reviewers, refused, .. } = self;
        keep(decisions, refused, |decision| submissions.contains_key(&decision.said.submission));
        let captured = |submission: &RecordHash, office| submissions.get(submission).filter(|by| by.office == office);
        // A decision, whenever it was made, comes before a withdrawal: an approval is final.
        let decided = |submission: RecordHash| decisions.values().any(|decision| decision.said.submission == submission);
        keep(withdrawals, refused, |by| captured(&by.said.submission, by.office).is_some() && !decided(by.said.submission));
        keep(erased, refused, |by| {
            captured(&by.said.submission, by.office).is_some_and(|of| {
                let its_own = [of.said.photo, of.said.original, of.said.payload];
                by.said.payload == of.said.payload && by.said.blobs.iter().all(|blob| its_own.contains(blob))
            })
        });
        keep(note, refused, |change| reviewers.contains(&change.office) || submissions.values().any(|by| by.office == change.office));
    }

    /// Receipts that stand on the approval of the current submission, with their uses and revocations.
    fn receipts(&mut self, photo: &By<Submitted>, status: Status) -> Receipts {
        let Self { decisions, receipts, uses, revocations, refused, .. } = self;
        keep(receipts, refused, |receipt| {
            receipt.said.submission == photo.hash
                && status == Status::Approved
                && (receipt.said.photo, receipt.said.spec) == (photo.said.photo, photo.said.spec)
                && (receipt.said.applicant, receipt.said.captured_by) == (photo.said.applicant, photo.office)
                && decisions.get(&receipt.said.decision).is_some_and(|decision| {
                    decision.office == receipt.office && decision.said.submission == photo.hash && decision.said.verdict == Verdict::Approve
                })
        });
        keep(uses, refused, |by| receipts.contains_key(&by.said.receipt));
        keep(revocations, refused, |by| {
            let issued = receipts.get(&by.said.receipt).is_some_and(|receipt| receipt.office == by.office);
            issued || uses.values().any(|used| (used.said.receipt, used.office) == (by.said.receipt, by.office))
        });
        let mut receipts: Vec<_> = receipts.values().cloned().collect();
        receipts.sort_by(|a, b| (&a.said.number, a.hash).cmp(&(&b.said.number, b.hash)));
        let mut uses: Vec<_> = uses.values().cloned().collect();
        uses.sort_by_key(|by| (by.said.receipt, by.hash));
        let mut revocations: Vec<_> = revocations.values().cloned().collect();
        revocations.sort_by_key(|by| (by.said.receipt, by.hash));
        Receipts { receipts, uses, revocations }
    }
}

/// Takes in what an entry says. Of the same bytes at two places the first place counts, whatever came first.
fn take<T: Clone>(known: &mut Said<T>, entry: &Entry, office: OfficeCode, said: &T) {
    let (hash, place) = (entry.record.hash(), (&entry.origin, entry.index));
    if known.get(&hash).is_none_or(|by| place < (&by.origin, by.index)) {
        known.insert(hash, By { hash, office, origin: entry.origin.clone(), index: entry.index, said: said.clone() });
    }
}

/// A receipt's number names the very place where it stands; other records name none.
fn names_its_place(entry: &Entry) -> bool {
    let Record::ReceiptIssued(said) = entry.record.record() else { return true };
    let place = entry.origin.office_and_epoch().and_then(|(office, epoch)| ReceiptNumber::new(office, epoch, entry.index).ok());
    place.is_some() && said.number.parse().ok() == place
}

/// Keeps what satisfies the condition; the rest is refused.
fn keep<T>(said: &mut Said<T>, refused: &mut BTreeSet<RecordHash>, condition: impl Fn(&By<T>) -> bool) {
    said.retain(|hash, by| {
        let kept = condition(by);
        if !kept {
            refused.insert(*hash);
        }
        kept
    });
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
