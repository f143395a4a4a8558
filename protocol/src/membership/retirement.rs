//! Which logs may be retired together, so that no case is torn.
//!
//! A case is folded from its submissions; decisions and receipts without them rest on nothing, and there is no such case then. So a log may
//! go only where, of every case that it has a record of, all submissions go with it: then each case is either gone as a whole or stands as
//! before. And a case on which something is still to happen goes nowhere.

use crate::{
    case::{Case, Status},
    id::{CaseId, Millis, Origin},
    membership::{Membership, Office},
    record::{Roles, Usage},
};
use std::collections::{BTreeMap, BTreeSet};

/// Why a log is not retired.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// Something may still happen to this case of it.
    Open(CaseId),
    /// It has records of this case, whose submission stands in a log that is kept.
    RestsOn(CaseId, Origin),
}

/// Logs that are to be retired, weighed case by case.
#[derive(Debug, Clone)]
pub struct Plan {
    candidates: BTreeSet<Origin>,
    open: BTreeMap<Origin, CaseId>,
    /// From a log to those in which submissions stand that its records rest on, each with a case that shows it.
    rests: BTreeMap<Origin, BTreeMap<Origin, CaseId>>,
}

impl Plan {
    /// Begins with logs that no office writes any longer.
    pub fn new(candidates: impl IntoIterator<Item = Origin>) -> Self {
        Self { candidates: candidates.into_iter().collect(), open: BTreeMap::new(), rests: BTreeMap::new() }
    }

    /// Whether a log is a candidate; cases without a record in one need not be weighed.
    pub fn concerns(&self, origin: &Origin) -> bool {
        self.candidates.contains(origin)
    }

    /// Weighs a case: whether it is settled, the logs that have records of it, and those of its submissions. Cases in any order give the same
    /// plan, but for the case that is named where several are in the way.
    pub fn weigh(&mut self, case: CaseId, settled: bool, records: &BTreeSet<Origin>, submissions: &BTreeSet<Origin>) {
        for origin in records.iter().filter(|origin| self.candidates.contains(*origin)) {
            if !settled {
                self.open.entry(origin.clone()).or_insert(case);
            }
            let rests = self.rests.entry(origin.clone()).or_default();
            for submission in submissions.iter().filter(|submission| *submission != origin) {
                rests.entry(submission.clone()).or_insert(case);
            }
        }
    }

    /// The largest set of candidates that may be retired together, and why each of the others is kept.
    pub fn finish(self) -> (BTreeSet<Origin>, BTreeMap<Origin, Kept>) {
        let Self { mut candidates, open, rests } = self;
        let mut kept: BTreeMap<Origin, Kept> = open.into_iter().map(|(origin, case)| (origin, Kept::Open(case))).collect();
        candidates.retain(|origin| !kept.contains_key(origin));
        // Each that is kept keeps those that rest on it.
        loop {
            let torn = |origin: &Origin| {
                let mut rests = rests.get(origin).into_iter().flatten();
                let on = rests.find(|(on, _)| !candidates.contains(*on));
                on.map(|(on, case)| (origin.clone(), Kept::RestsOn(*case, on.clone())))
            };
            let more: BTreeMap<Origin, Kept> = candidates.iter().filter_map(torn).collect();
            if more.is_empty() {
                return (candidates, kept);
            }
            candidates.retain(|origin| !more.contains_key(origin));
            kept.extend(more);
        }
    }
}

impl Case {
    /// Whether its office may still answer a return with another photo: it captures on, and the data of the person are not erased.
    pub fn may_be_recaptured(&self, members: &Membership) -> bool {
        let captures = |office: &Office| office.open_logs().next().is_some() && office.enrol.roles.contains(Roles::CAPTURE);
        self.status == Status::Returned
            && !self.is_erased(self.current.said.payload)
            && members.office(self.current.office).is_some_and(captures)
    }

    /// Whether nothing is to happen to it any more: it waits for no decision and no other photo, and no receipt of it is good at `now`.
    pub fn is_settled(&self, now: Millis, members: &Membership) -> bool {
        let good = |receipt: &crate::case::By<crate::record::ReceiptIssued>| {
            let used = receipt.said.usage == Some(Usage::Single) && self.uses_of(receipt.hash).next().is_some();
            let revoked = self.revocations.iter().any(|by| by.said.receipt == receipt.hash);
            receipt.said.valid_until_ms > now && !used && !revoked
        };
        match self.status {
            Status::Submitted | Status::Conflict => false,
            // The receipt of an approval may still be to be issued.
            Status::Approved => !self.receipts.is_empty() && !self.receipts.iter().any(good),
            // Attack: a log that is gone takes the return with it, and its answer would stand alone at some offices and not at others.
            Status::Returned => !self.may_be_recaptured(members),
            Status::Withdrawn => true,
        }
    }
}

#[cfg(test)]
mod tests;
