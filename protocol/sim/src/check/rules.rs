//! The meaning of records, said a second time and in other words than the folds'.

use crate::office::Office;
use protocol::{
    case::{By, Case, Status},
    id::{OfficeCode, Origin, RecordHash},
    record::{Roles, Verdict},
};
use std::collections::BTreeSet;

/// Every record that the state of a case tells of, whatever it says of it.
pub(super) fn accounted(case: &Case) -> BTreeSet<RecordHash> {
    let mut all: BTreeSet<RecordHash> = case.submissions.iter().map(|by| by.hash).collect();
    all.extend(case.decisions.iter().map(|by| by.hash));
    all.extend(case.receipts.iter().map(|by| by.hash));
    all.extend(case.uses.iter().map(|by| by.hash));
    all.extend(case.revocations.iter().map(|by| by.hash));
    all.extend(case.consents.iter().map(|by| by.hash));
    all.extend(case.annulments.iter().map(|by| by.hash));
    all.extend(case.erased.iter().map(|by| by.hash));
    all.extend(case.note.iter().map(|by| by.hash));
    all.extend(case.refused.iter().copied());
    all.extend(case.quarantined.keys().copied());
    all
}

/// The meaning of the decisions, said a second time and in other words than the fold's: nobody wins by coming last.
pub(super) fn contradiction(case: &Case) -> Option<String> {
    let of_current: Vec<_> = case.decisions.iter().filter(|by| by.said.submission == case.current.hash).collect();
    let named = |hash: RecordHash| of_current.iter().any(|later| later.said.resolves.contains(&hash));
    let unnamed: BTreeSet<Verdict> = of_current.iter().filter(|by| !named(by.hash)).map(|by| by.said.verdict).collect();
    let both = unnamed.contains(&Verdict::Approve) && unnamed.contains(&Verdict::Return);
    if both && case.status != Status::Conflict {
        return Some(format!("case {} is {:?} although an approval and a return stand unresolved", case.id, case.status));
    }
    // One decision that names everything else on it, an approval and a return among them, closes the conflict.
    let closing = of_current.iter().find(|by| {
        let others: Vec<_> = of_current.iter().filter(|other| other.hash != by.hash).collect();
        let verdicts: BTreeSet<Verdict> = others.iter().map(|other| other.said.verdict).collect();
        verdicts.len() == 2 && others.iter().all(|other| by.said.resolves.contains(&other.hash))
    });
    let contested = case.submissions.len() > 1;
    if closing.is_some() && case.status == Status::Conflict && !contested {
        return Some(format!("case {} is in conflict although a decision named all others", case.id));
    }
    if !case.receipts.is_empty() && case.status != Status::Approved {
        return Some(format!("case {} has a receipt and is {:?}", case.id, case.status));
    }
    None
}

/// Every record that weighs in a case.
pub(super) fn counting(case: &Case) -> BTreeSet<RecordHash> {
    let mut all = accounted(case);
    all.retain(|hash| case.refused.binary_search(hash).is_err() && !case.quarantined.contains_key(hash));
    all
}

/// Who wrote a record of a case, and where.
struct Said<'a> {
    office: OfficeCode,
    origin: &'a Origin,
    index: u64,
}

impl<'a> Said<'a> {
    fn of<T>(by: &'a By<T>) -> Self {
        Self { office: by.office, origin: &by.origin, index: by.index }
    }
    fn held(&self, office: &Office, role: Roles) -> bool {
        office.members.grant_at(self.origin, self.index).is_some_and(|grant| grant.roles().contains(role))
    }
    /// Signed with the key of the log that it stands in, within what the province let stand.
    fn is_genuine(&self, office: &Office) -> bool {
        let entry = office.disk.logs.get(self.origin).and_then(|log| log.entries.get(self.index as usize)?.entry.as_ref());
        let key = office.members.verifier(self.origin).map(|key| key.key());
        let end = office.members.office(self.office).and_then(|writer| writer.end_of(self.origin));
        entry.is_some_and(|entry| Some(entry.record.author()) == key) && end.is_none_or(|end| self.index < end)
    }
}

/// A record that weighs in a case although its writer may not say it.
pub(super) fn unlawful(case: &Case, office: &Office) -> Option<String> {
    let maker = case.id.office();
    let mut wrong: Vec<&str> = Vec::new();
    let mut look = |what: &'static str, by: Said<'_>, may: bool| {
        if !may || !by.is_genuine(office) {
            wrong.push(what);
        }
    };
    let mut captured = |what, by: Said<'_>| {
        let may = Some(by.office) == maker && by.held(office, Roles::CAPTURE);
        look(what, by, may);
    };
    case.submissions.iter().for_each(|by| captured("a submission", Said::of(by)));
    case.consents.iter().for_each(|by| captured("a consent", Said::of(by)));
    case.erased.iter().for_each(|by| captured("an erasure", Said::of(by)));
    for by in &case.decisions {
        let of = case.submissions.iter().any(|of| of.hash == by.said.submission);
        look("a decision", Said::of(by), of && Said::of(by).held(office, Roles::REVIEW));
    }
    for by in &case.note {
        let may = Some(by.office) == maker || Said::of(by).held(office, Roles::REVIEW);
        look("a change of the note", Said::of(by), may);
    }
    for by in &case.receipts {
        let rests = |of: &By<_>| of.hash == by.said.decision && of.office == by.office;
        let approved = case.decisions.iter().any(|of| rests(of) && of.said.verdict == Verdict::Approve);
        look("a receipt", Said::of(by), approved && Said::of(by).held(office, Roles::REVIEW));
    }
    // Who issued a receipt, or the province.
    let above = |receipt: RecordHash, by: &Said<'_>| {
        let of = case.receipts.iter().find(|of| of.hash == receipt);
        of.is_some_and(|of| of.office == by.office && by.held(office, Roles::REVIEW) || by.held(office, Roles::ADMIN))
    };
    for by in &case.uses {
        let of = case.receipts.iter().any(|of| of.hash == by.said.receipt);
        look("a use", Said::of(by), of && Said::of(by).held(office, Roles::DOCUMENT));
    }
    for by in &case.revocations {
        look("a revocation", Said::of(by), above(by.said.receipt, &Said::of(by)));
    }
    for by in &case.annulments {
        let used = case.uses.iter().find(|used| used.hash == by.said.used);
        let may = used.is_some_and(|used| used.office == by.office || above(used.said.receipt, &Said::of(by)));
        look("an annulment", Said::of(by), may);
    }
    wrong.first().map(|what| format!("{what} weighs in case {} although its office may not say it", case.id))
}
