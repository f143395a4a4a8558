//! The fold itself: takes entries in any order, then weighs them together.

use super::{By, Case, Status, knowing::Knowing};
use crate::{
    id::{CaseId, OfficeCode, Origin, RecordHash},
    log::Entry,
    membership::{Grant, Membership, NotCounted, Writer},
    receipt::ReceiptNumber,
    record::{
        Consented, Decided, DocChanged, Erased, ReceiptIssued, ReceiptRevoked, ReceiptUsed, Record, Roles, Submitted, UseAnnulled, Verdict,
        Withdrawn,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Folds the records about one case. Nothing comes out while no submission by an office with the capturing role is known.
pub fn fold<'a>(id: CaseId, entries: impl IntoIterator<Item = &'a Entry>, members: &Membership) -> Option<Case> {
    let mut parts = Parts::default();
    for entry in entries {
        parts.take(id, entry, members);
    }
    parts.state(id, members)
}

type Said<T> = BTreeMap<RecordHash, By<T>>;

struct Receipts {
    receipts: Vec<By<ReceiptIssued>>,
    uses: Vec<By<ReceiptUsed>>,
    annulments: Vec<By<UseAnnulled>>,
    revocations: Vec<By<ReceiptRevoked>>,
}

#[derive(Default)]
struct Parts {
    submissions: Said<Submitted>,
    consents: Said<Consented>,
    withdrawals: Said<Withdrawn>,
    decisions: Said<Decided>,
    receipts: Said<ReceiptIssued>,
    uses: Said<ReceiptUsed>,
    annulments: Said<UseAnnulled>,
    revocations: Said<ReceiptRevoked>,
    erased: Said<Erased>,
    note: Said<DocChanged>,
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
            Record::Consented(said) => take(&mut self.consents, entry, office, said),
            Record::Withdrawn(said) => take(&mut self.withdrawals, entry, office, said),
            Record::Decided(said) => take(&mut self.decisions, entry, office, said),
            Record::ReceiptIssued(said) => take(&mut self.receipts, entry, office, said),
            Record::ReceiptUsed(said) => take(&mut self.uses, entry, office, said),
            Record::UseAnnulled(said) => take(&mut self.annulments, entry, office, said),
            Record::ReceiptRevoked(said) => take(&mut self.revocations, entry, office, said),
            Record::Erased(said) => take(&mut self.erased, entry, office, said),
            Record::DocChanged(said) => take(&mut self.note, entry, office, said),
            // Other facts of intake and appointments weigh nothing in the state of the case.
            _ => {}
        }
    }

    fn state(mut self, id: CaseId, members: &Membership) -> Option<Case> {
        self.refused.retain(|hash| !self.counted.contains(hash));
        self.quarantined.retain(|hash, _| !self.counted.contains(hash));
        self.drop_what_rests_on_nothing(members);
        self.drop_returns_behind_approvals();
        self.drop_withdrawals_of_the_decided();
        let Self { submissions, consents, withdrawals, decisions, note, erased, quarantined, .. } = &self;
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
        let consents = consents.values().cloned().collect();
        let (note, erased, quarantined) = (note.values().cloned().collect(), erased.values().cloned().collect(), quarantined.clone());
        let Receipts { receipts, uses, annulments, revocations } = self.receipts(&photo, status, members);
        let refused = self.refused.into_iter().collect();
        Some(Case {
            id,
            status,
            current: photo,
            submissions,
            consents,
            decisions,
            receipts,
            uses,
            annulments,
            revocations,
            erased,
            note,
            refused,
            quarantined,
            resolved,
        })
    }

    /// Refuses what names a submission that is not known or is another office's, and what was decided by who is not in charge of it. The
    /// submission may arrive; then everything is weighed anew.
    fn drop_what_rests_on_nothing(&mut self, members: &Membership) {
        let Self { submissions, consents, withdrawals, decisions, erased, note, refused, .. } = self;
        let in_charge = |by: Place<'_>, of: &By<Submitted>| may(members, by, |grant| grant.may_decide(of.office));
        keep(decisions, refused, |by| submissions.get(&by.said.submission).is_some_and(|of| in_charge(by.place(), of)));
        keep(consents, refused, |by| submissions.values().any(|of| of.office == by.office));
        let captured = |submission: &RecordHash, office| submissions.get(submission).filter(|by| by.office == office);
        keep(withdrawals, refused, |by| captured(&by.said.submission, by.office).is_some());
        keep(erased, refused, |by| {
            captured(&by.said.submission, by.office).is_some_and(|of| {
                let its_own = [of.said.photo, of.said.original, of.said.payload];
                by.said.payload == of.said.payload && by.said.blobs.iter().all(|blob| its_own.contains(blob))
            })
        });
        keep(note, refused, |by| submissions.values().any(|of| of.office == by.office || in_charge(by.place(), of)));
    }

    /// Refuses returns by offices that are known to have known of an approval that stood then, and do not name it. Of decisions that did not
    /// know of one another none is the later one, and they stand in conflict.
    fn drop_returns_behind_approvals(&mut self) {
        let verdicts: BTreeSet<Verdict> = self.decisions.values().map(|by| by.said.verdict).collect();
        if verdicts.len() < 2 {
            return;
        }
        let knowing = self.knowing();
        let (mut refused, decisions) = (BTreeSet::new(), &self.decisions);
        for by in decisions.values().filter(|by| by.said.verdict == Verdict::Return) {
            let known: Vec<&By<Decided>> = knowing.before(by.hash).iter().filter_map(|hash| decisions.get(hash)).collect();
            let closed: BTreeSet<RecordHash> = known.iter().flat_map(|known| closes(known, decisions)).collect();
            let on_it = known.iter().filter(|known| known.said.submission == by.said.submission && known.said.verdict == Verdict::Approve);
            if on_it.filter(|approval| !closed.contains(&approval.hash)).any(|approval| !by.said.resolves.contains(&approval.hash)) {
                refused.insert(by.hash);
            }
        }
        keep(&mut self.decisions, &mut self.refused, |by| !refused.contains(&by.hash));
    }

    /// A decision, whenever it was made, comes before a withdrawal: an approval is final.
    fn drop_withdrawals_of_the_decided(&mut self) {
        let Self { withdrawals, decisions, refused, .. } = self;
        let decided = |submission: RecordHash| decisions.values().any(|decision| decision.said.submission == submission);
        keep(withdrawals, refused, |by| !decided(by.said.submission));
    }

    fn knowing(&self) -> Knowing {
        let mut knowing = Knowing::default();
        self.submissions.values().for_each(|by| knowing.add(by, by.said.supersedes));
        self.consents.values().for_each(|by| knowing.add(by, []));
        self.withdrawals.values().for_each(|by| knowing.add(by, [by.said.submission]));
        self.decisions.values().for_each(|by| knowing.add(by, by.said.resolves.iter().copied().chain([by.said.submission])));
        self.receipts.values().for_each(|by| knowing.add(by, [by.said.submission, by.said.decision]));
        self.uses.values().for_each(|by| knowing.add(by, [by.said.receipt]));
        self.annulments.values().for_each(|by| knowing.add(by, [by.said.used]));
        self.revocations.values().for_each(|by| knowing.add(by, [by.said.receipt]));
        self.erased.values().for_each(|by| knowing.add(by, [by.said.submission]));
        self.note.values().for_each(|by| knowing.add(by, []));
        knowing
    }

    /// Receipts that stand on the approval of the current submission, with their uses, what annuls these, and revocations.
    fn receipts(&mut self, photo: &By<Submitted>, status: Status, members: &Membership) -> Receipts {
        let Self { decisions, receipts, uses, annulments, revocations, refused, .. } = self;
        keep(receipts, refused, |receipt| {
            receipt.said.submission == photo.hash
                && status == Status::Approved
                && (receipt.said.photo, receipt.said.spec) == (photo.said.photo, photo.said.spec)
                && (receipt.said.applicant, receipt.said.captured_by) == (photo.said.applicant, photo.office)
                && decisions.get(&receipt.said.decision).is_some_and(|decision| {
                    decision.office == receipt.office && decision.said.submission == photo.hash && decision.said.verdict == Verdict::Approve
                })
        });
        let document = |receipt: &RecordHash| receipts.get(receipt).map(|receipt| receipt.said.document.as_deref());
        keep(uses, refused, |by| document(&by.said.receipt).is_some_and(|of| may(members, by.place(), |grant| grant.may_use(of))));
        let has = |by: Place<'_>, role| may(members, by, |grant| grant.roles().contains(role));
        // Who issued a receipt, and the province, stand above whatever happened to it since.
        let above = |receipt: &RecordHash, by: Place<'_>| {
            let issued = |of: &By<ReceiptIssued>| by.office == of.office && has(by, Roles::REVIEW);
            receipts.get(receipt).is_some_and(|of| issued(of) || may(members, by, Grant::is_province))
        };
        keep(annulments, refused, |by| {
            let its_own = |used: &By<ReceiptUsed>| used.office == by.office && has(by.place(), Roles::DOCUMENT);
            uses.get(&by.said.used).is_some_and(|used| its_own(used) || above(&used.said.receipt, by.place()))
        });
        keep(revocations, refused, |by| above(&by.said.receipt, by.place()));
        let mut receipts: Vec<_> = receipts.values().cloned().collect();
        receipts.sort_by(|a, b| (&a.said.number, a.hash).cmp(&(&b.said.number, b.hash)));
        let mut uses: Vec<_> = uses.values().cloned().collect();
        uses.sort_by_key(|by| (by.said.receipt, by.hash));
        let mut annulments: Vec<_> = annulments.values().cloned().collect();
        annulments.sort_by_key(|by| (by.said.used, by.hash));
        let mut revocations: Vec<_> = revocations.values().cloned().collect();
        revocations.sort_by_key(|by| (by.said.receipt, by.hash));
        Receipts { receipts, uses, annulments, revocations }
    }
}

/// Who wrote a record, and where.
#[derive(Clone, Copy)]
struct Place<'a> {
    office: OfficeCode,
    origin: &'a Origin,
    index: u64,
}

impl<T> By<T> {
    fn place(&self) -> Place<'_> {
        Place { office: self.office, origin: &self.origin, index: self.index }
    }
}

/// Whether what its office was given at that place allows it.
fn may(members: &Membership, by: Place<'_>, what: impl Fn(&Grant) -> bool) -> bool {
    members.grant_at(by.origin, by.index).is_some_and(what)
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
    place.is_some() && ReceiptNumber::signed(&said.number) == place
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
