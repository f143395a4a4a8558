//! What honest offices make of what they hold: equal cases and equal verdicts of receipts, and in them nothing that its writer may not say.
//!
//! Everything is compared case by case, and counted. Where a log forked, what its histories share is compared.

use super::rules::{accounted, contradiction, counting, unlawful};
use crate::{office::Office, world::World};
use protocol::{
    case::{Case, Status, fold},
    id::{CaseId, Origin, RecordHash},
    log::Entry,
    merkle::Hash,
    receipt::{ReceiptVerdict, assess},
    record::Record,
};
use std::collections::{BTreeMap, BTreeSet};

/// How much was compared between two offices at the end of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// States of a case.
    pub cases: u64,
    /// Verdicts of a receipt.
    pub verdicts: u64,
    /// Cases that were folded with and without what a stolen machine signed about them.
    pub forged: u64,
    /// States of a case that stood alone, for what was held of a forked log was worth something else everywhere else.
    pub alone: u64,
}

/// Entries that the histories of each forked log share, as far as the honest office that believes least of it knows.
type Shared = BTreeMap<Origin, u64>;

/// What each log that a case is written in is worth to an office: whether it counts, and the digest of its standing where it forked.
type Holds = Vec<(bool, Option<Hash>)>;

impl World {
    pub(super) fn check_state(&self, honest: &[usize], findings: &mut Vec<String>) -> Compared {
        let mut compared = Compared::default();
        let offices: Vec<&Office> = honest.iter().map(|index| &self.offices[*index]).filter(|office| office.holds_all).collect();
        let mut shared = Shared::new();
        for (fork, entries, _) in offices.iter().flat_map(|office| office.members.forks()) {
            let least = shared.entry(fork.points().0.origin.clone()).or_insert(entries);
            *least = entries.min(*least);
        }
        self.check_members(&offices, &shared, findings);
        let ids: BTreeSet<CaseId> = offices.iter().flat_map(|office| office.cases.keys().copied()).collect();
        let mut owed = (0, 0);
        for id in ids {
            let plain = self.check_case(&offices, id, &shared, &mut compared, findings);
            owed = (owed.0 + plain.0, owed.1 + plain.1);
        }
        // A check that compares nothing finds nothing.
        if compared.cases < owed.0 || compared.verdicts < owed.1 {
            findings.push(format!("{compared:?}, and of logs without a fork there were {owed:?} states and verdicts to compare"));
        }
        compared
    }

    /// The members are the same everywhere, and so is what each log is worth that did not fork. What was retired is held here and there.
    fn check_members(&self, offices: &[&Office], shared: &Shared, findings: &mut Vec<String>) {
        let Some((first, others)) = offices.split_first() else { return };
        for other in others {
            if !first.members.offices().eq(other.members.offices()) {
                findings.push(format!("offices {} and {} differ about the members", first.code, other.code));
            }
            let plain = first.members.logs().filter(|origin| !shared.contains_key(*origin) && !first.members.is_retired(origin));
            for origin in plain {
                if first.members.standing_digest(origin) != other.members.standing_digest(origin) {
                    findings.push(format!("offices {} and {} differ about what {origin} is worth", first.code, other.code));
                }
            }
        }
    }

    /// Compares one case at all offices; gives how many comparisons of states and of verdicts there must be, which is none where it rests on
    /// a log that forked or was retired.
    fn check_case(
        &self,
        offices: &[&Office],
        id: CaseId,
        shared: &Shared,
        compared: &mut Compared,
        findings: &mut Vec<String>,
    ) -> (u64, u64) {
        let entries: BTreeMap<(Origin, u64), Entry> = offices.iter().flat_map(|office| about(office, id, shared)).collect();
        let origins: BTreeSet<&Origin> = entries.keys().map(|(origin, _)| origin).collect();
        let receipts: Vec<&Entry> = entries.values().filter(|entry| matches!(entry.record.record(), Record::ReceiptIssued(_))).collect();
        let mut groups: BTreeMap<Holds, Vec<(&Office, Option<Case>)>> = BTreeMap::new();
        for office in offices {
            self.check_meaning(office, id, compared, findings);
            let worth = |origin: &&Origin| {
                let digest = shared.contains_key(*origin).then(|| office.members.standing_digest(origin));
                (office.counts(origin), digest)
            };
            let case = fold(id, about(office, id, shared).map(|(_, entry)| entry).collect::<Vec<_>>().iter(), &office.members);
            groups.entry(origins.iter().map(worth).collect()).or_default().push((office, case));
        }
        let now = super::super::world::BASE_MS + self.now;
        for group in groups.values() {
            let Some(((first, case), others)) = group.split_first() else { continue };
            compared.alone += u64::from(others.is_empty() && case.is_some());
            let verdict = |office: &'_ Office, case: &Option<Case>, receipt: &Entry| -> Verdict {
                Verdict::of(&assess(receipt, &office.members, case.as_ref(), now))
            };
            for (other, theirs) in others {
                compared.cases += u64::from(case.is_some());
                if case != theirs {
                    findings.push(format!("offices {} and {} hold the same and differ about case {id}", first.code, other.code));
                }
                if case.as_ref().map(|case| case.summary()) != theirs.as_ref().map(|case| case.summary()) {
                    findings.push(format!("offices {} and {} have other digests of case {id}", first.code, other.code));
                }
                for receipt in &receipts {
                    compared.verdicts += 1;
                    let (one, another) = (verdict(first, case, receipt), verdict(other, theirs, receipt));
                    if one != another {
                        let hash = receipt.record.hash();
                        findings.push(format!("office {} says {one:?} of the receipt {hash}, {} says {another:?}", first.code, other.code));
                    }
                }
            }
        }
        let retired = |origin: &&Origin| offices.iter().any(|office| !office.counts(origin));
        let plain = origins.iter().all(|origin| !shared.contains_key(*origin) && !retired(origin));
        let some = groups.values().flatten().any(|(_, case)| case.is_some());
        let pairs = if plain { offices.len().saturating_sub(1) as u64 } else { 0 };
        (if some { pairs } else { 0 }, pairs * receipts.len() as u64)
    }

    /// What one office makes of a case, by itself: it says nothing that its records contradict, and nothing of it is by who may not say it.
    fn check_meaning(&self, office: &Office, id: CaseId, compared: &mut Compared, findings: &mut Vec<String>) {
        let entries: Vec<&Entry> = held(office, id).collect();
        let Some(case) = fold(id, entries.iter().copied(), &office.members) else { return };
        findings.extend(contradiction(&case).map(|what| format!("office {}: {what}", office.code)));
        findings.extend(unlawful(&case, office).map(|what| format!("office {}: {what}", office.code)));
        for receipt in entries.iter().filter(|entry| matches!(entry.record.record(), Record::ReceiptIssued(_))) {
            findings.extend(beyond(&case, receipt, office).map(|what| format!("office {}: {what}", office.code)));
        }
        let is_forged = |entry: &&Entry| self.forged.contains(&entry.record.hash());
        if !entries.iter().any(is_forged) {
            return;
        }
        compared.forged += 1;
        let counting = counting(&case);
        if let Some(hash) = self.forged.iter().find(|hash| counting.contains(hash)) {
            findings.push(format!("office {} counts {hash} in case {id}, which a stolen machine signed without a right to", office.code));
        }
        // What it has a role for shows at least what its own office knew, and so weighs on what that office says.
        let nothing = |entry: &&Entry| is_forged(entry) && office.members.standing(entry).is_err();
        let without = fold(id, entries.iter().copied().filter(|entry| !nothing(entry)), &office.members);
        let weighed = |mut case: Case| {
            (case.refused, case.quarantined) = (Vec::new(), BTreeMap::new());
            case
        };
        if without.map(weighed) != Some(weighed(case)) {
            findings.push(format!("office {}: what a stolen machine signed without a right to changes case {id}", office.code));
        }
    }

    /// Every record that was acknowledged stands in the state of its case.
    pub(super) fn accounts_for(&self, office: &Office, id: CaseId) -> BTreeSet<RecordHash> {
        fold(id, held(office, id), &office.members).map(|case| accounted(&case)).unwrap_or_default()
    }
}

/// A verdict with everything that is said with it.
#[derive(Debug, PartialEq, Eq)]
struct Verdict(&'static str, Vec<RecordHash>, String);

impl Verdict {
    fn of(said: &ReceiptVerdict<'_>) -> Self {
        let hashes = match said {
            ReceiptVerdict::LaterRevoked(by) => by.iter().map(|by| by.hash).collect(),
            ReceiptVerdict::Used(by) => by.iter().map(|by| by.hash).collect(),
            _ => Vec::new(),
        };
        Self(said.code(), hashes, if let ReceiptVerdict::Invalid(why) = said { why.to_string() } else { String::new() })
    }
}

/// The verdict of a receipt against what stands in the case, said a second time: in words of the records and not of the fold.
fn beyond(case: &Case, receipt: &Entry, office: &Office) -> Option<String> {
    let hash = receipt.record.hash();
    let (early, late) = (assess(receipt, &office.members, Some(case), 0), assess(receipt, &office.members, Some(case), u64::MAX));
    let stands = case.receipts.iter().any(|by| by.hash == hash);
    let good = |verdict: &ReceiptVerdict<'_>| {
        matches!(verdict, ReceiptVerdict::Valid | ReceiptVerdict::Expired | ReceiptVerdict::LaterRevoked(_) | ReceiptVerdict::Used(_))
    };
    let counts = office.members.standing(receipt).is_ok();
    if good(&early) != good(&late) || good(&early) != (stands && counts) {
        return Some(format!("the receipt {hash} is {early:?} and later {late:?}, and it stands in the case: {stands}"));
    }
    if good(&early) && case.status != Status::Approved {
        return Some(format!("the receipt {hash} is good although its case is {:?}", case.status));
    }
    let revoked = case.revocations.iter().any(|by| by.said.receipt == hash);
    if stands && counts && revoked != matches!(early, ReceiptVerdict::LaterRevoked(_)) {
        return Some(format!("the receipt {hash} is {early:?}, and its case has a revocation of it: {revoked}"));
    }
    (matches!(late, ReceiptVerdict::Valid)).then(|| format!("the receipt {hash} is valid for ever"))
}

/// Everything that an office holds about a case and counts.
fn held(office: &Office, id: CaseId) -> impl Iterator<Item = &Entry> {
    let stored = office.cases.get(&id).into_iter().flatten();
    stored.filter_map(|stored| stored.entry.as_ref()).filter(|entry| office.counts(&entry.origin))
}

/// The same, of forked logs up to where their histories part, with the place of each.
fn about(office: &Office, id: CaseId, shared: &Shared) -> impl Iterator<Item = ((Origin, u64), Entry)> {
    let within = |entry: &&Entry| shared.get(&entry.origin).is_none_or(|end| entry.index < *end);
    held(office, id).filter(within).map(|entry| ((entry.origin.clone(), entry.index), entry.clone()))
}
