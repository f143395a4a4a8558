//! What clerks, reviewers and the province do. Each looks only at what its own office knows.

use crate::{
    office::{Cut, Office, Own},
    rng::Rng,
};
use protocol::{
    case::{Case, Status, fold},
    id::{BlobHash, CaseId, Millis, Origin, RecordHash, SpecHash},
    log::LogPoint,
    membership::retirement::Plan,
    receipt::ReceiptNumber,
    record::{
        Decided, Enrol, ReceiptIssued, ReceiptRevoked, ReceiptUsed, Record, Retired, Revoke, Roles, SpecPublished, Submitted, Usage,
        Verdict, Verified, Withdrawn,
    },
};

/// Cases that somebody looks through for something to do.
pub(crate) const LOOK: usize = 12;

/// Appends records that rest on nothing of the log.
fn say(office: &mut Office, own: Own, cut: Cut, records: Vec<Record>) -> Option<Vec<Verified>> {
    office.append(own, cut, |_, sign| records.iter().filter_map(sign).collect())
}

pub(crate) fn submission(rng: &mut Rng, case: CaseId, supersedes: Option<RecordHash>, at_ms: Millis) -> Record {
    Record::Submitted(Submitted {
        case,
        spec: SpecHash([1; 32]),
        photo: BlobHash(rng.bytes()),
        original: BlobHash(rng.bytes()),
        payload: BlobHash(rng.bytes()),
        applicant: BlobHash(rng.bytes()),
        report: BlobHash(rng.bytes()),
        operations: vec!["crop".into()],
        located_by: "marks".into(),
        failed_checks: 0,
        supersedes,
        operator: 1,
        at_ms,
    })
}

/// The state of a case as an office knows it.
pub(crate) fn case_at(office: &Office, case: CaseId) -> Option<Case> {
    let entries = office.cases.get(&case)?;
    fold(case, entries.iter().filter_map(|stored| stored.entry.as_ref()).filter(|entry| office.counts(&entry.origin)), &office.members)
}

/// Decides on a case; an approval issues its receipt in the same step.
pub(crate) fn decide(office: &mut Office, cut: Cut, case: &Case, verdict: Verdict) -> Option<Vec<Verified>> {
    let resolves = if case.status == Status::Conflict { case.standing().map(|by| by.hash).collect() } else { vec![] };
    let (id, code, at_ms, photo) = (case.id, office.code, office.clock, case.current.clone());
    let decided = Record::Decided(Decided {
        case: case.id,
        submission: photo.hash,
        verdict,
        reasons: if verdict == Verdict::Return { vec!["blur".into()] } else { vec![] },
        resolves,
        operator: 2,
        at_ms,
    });
    let epoch = office.origin.office_and_epoch().map_or(1, |(_, epoch)| epoch);
    // Some are valid for years, some are over when they are looked at.
    let valid_ms = if photo.hash.0[0] < 200 { 10 * 365 * 86_400_000 } else { 1 };
    office.append(Own::Office, cut, |index, sign| {
        let Some(decision) = sign(&decided) else { return Vec::new() };
        let Ok(number) = ReceiptNumber::new(code, epoch, index + 1) else { return Vec::new() };
        let receipt = Record::ReceiptIssued(ReceiptIssued {
            case: id,
            submission: photo.hash,
            decision: decision.hash(),
            number: number.digits(),
            photo: photo.said.photo,
            spec: photo.said.spec,
            applicant: photo.said.applicant,
            captured_by: photo.office,
            valid_until_ms: at_ms.saturating_add(valid_ms),
            at_ms,
            usage: Some(Usage::Single),
            document: None,
        });
        let receipt = if verdict == Verdict::Approve { sign(&receipt) } else { None };
        std::iter::once(decision).chain(receipt).collect()
    })
}

/// One deed of the clerks of an office; nothing where there is nothing to do or the office may not sign.
pub(crate) fn deed(office: &mut Office, rng: &mut Rng, cut: Cut) -> Option<Vec<Verified>> {
    let me = office.members.office_of(office.public())?.enrol.roles;
    let may = |role| me.contains(role);
    let at_ms = office.clock;
    let dice = rng.below(100);
    if may(Roles::CAPTURE) && dice < 40 {
        let case = CaseId::new(office.code, rng.bytes());
        let record = submission(rng, case, None, at_ms);
        return say(office, Own::Office, cut, vec![record]);
    }
    if dice < 43 {
        let strange = Record::Unknown { kind: "of_a_later_version".into(), body: vec![0xa1, 0x00, rng.below(24) as u8] };
        return say(office, Own::Office, cut, vec![strange]);
    }
    let ids: Vec<CaseId> = office.cases.keys().copied().collect();
    for _ in 0..LOOK.min(ids.len()) {
        let Some(case) = case_at(office, ids[rng.below(ids.len())]) else { continue };
        let mine = case.captured_by() == office.code;
        let record = match case.status {
            Status::Returned if mine && may(Roles::CAPTURE) => submission(rng, case.id, Some(case.current.hash), at_ms),
            Status::Submitted if mine && dice < 48 && may(Roles::CAPTURE) => {
                Record::Withdrawn(Withdrawn { case: case.id, submission: case.current.hash, reason: "asked".into(), operator: 1, at_ms })
            }
            Status::Submitted | Status::Conflict if may(Roles::REVIEW) => {
                let verdict = if rng.chance(600) { Verdict::Approve } else { Verdict::Return };
                return decide(office, cut, &case, verdict);
            }
            Status::Approved if may(Roles::REVIEW) && dice > 90 && case.receipts.iter().any(|by| by.office == office.code) => {
                let receipt = case.receipts.iter().find(|by| by.office == office.code)?.hash;
                Record::ReceiptRevoked(ReceiptRevoked { case: case.id, receipt, reason: "wrong person".into(), operator: 2, at_ms })
            }
            Status::Approved if may(Roles::DOCUMENT) && !case.receipts.is_empty() => Record::ReceiptUsed(ReceiptUsed {
                case: case.id,
                receipt: case.receipts[0].hash,
                reference: BlobHash(rng.bytes()),
                operator: 3,
                at_ms,
            }),
            _ => continue,
        };
        return say(office, Own::Office, cut, vec![record]);
    }
    None
}

/// One deed of the province: a spec, a change of roles, or the end of a log.
pub(crate) fn rule(province: &mut Office, rng: &mut Rng, revoke: bool) -> Option<Vec<Verified>> {
    let at_ms = province.clock;
    let dice = rng.below(100);
    let others: Vec<_> =
        province.members.offices().filter(|office| office.enrol.code != province.code && office.is_active()).cloned().collect();
    let chosen = others.get(rng.below(others.len())).cloned();
    if (60..75).contains(&dice) {
        let retired = retirements(province);
        if !retired.is_empty() {
            return say(province, Own::Province, Cut::Nowhere, retired);
        }
    }
    let record = match chosen {
        Some(chosen) if dice < 20 && revoke => revocation(province, &chosen.origin),
        Some(chosen) if dice < 60 => {
            let point = point(province, &chosen.origin);
            let roles = Roles([1, 2, 3, 3, 19, 17][rng.below(6)]);
            Record::Enrol(Enrol { roles, roles_from: Some(point), at_ms, ..chosen.enrol })
        }
        _ => {
            let supersedes = province.members.specs().iter().rev().find(|spec| spec.id == "cn-id-card").map(|spec| spec.hash);
            let text = format!("version = {}", rng.draw());
            Record::SpecPublished(SpecPublished {
                id: "cn-id-card".into(),
                text,
                supersedes,
                operator: 9,
                at_ms,
                effective_from_ms: rng.chance(300).then_some(at_ms),
            })
        }
    };
    say(province, Own::Province, Cut::Nowhere, vec![record])
}

/// Retires every ended log that may be, as far as the province sees.
pub(crate) fn retirements(province: &Office) -> Vec<Record> {
    let ended = |origin: &&Origin| {
        let office = origin.office_and_epoch().and_then(|(code, _)| province.members.office(code));
        let end = office.and_then(|office| office.end_of(origin));
        !province.members.is_retired(origin) && end.is_some_and(|end| end <= province.disk.size(origin))
    };
    let mut plan = Plan::new(province.members.logs().filter(ended).cloned());
    for (id, stored) in &province.cases {
        let Some(case) = case_at(province, *id) else { continue };
        let records = stored.iter().filter_map(|stored| Some(stored.entry.as_ref()?.origin.clone())).collect();
        let submissions = case.submissions.iter().map(|by| by.origin.clone()).collect();
        plan.weigh(*id, case.is_settled(Millis::MAX, &province.members), &records, &submissions);
    }
    let (logs, _) = plan.finish();
    logs.iter().map(|log| Record::Retired(Retired { log: point(province, log), operator: 9, at_ms: province.clock })).collect()
}

/// A revocation at what the province holds.
pub(crate) fn revocation(province: &Office, origin: &protocol::id::Origin) -> Record {
    let code = origin.office_and_epoch().map_or(province.code, |(code, _)| code);
    Record::Revoke(Revoke { code, upto: point(province, origin), reason: "key_stolen".into(), operator: 9, at_ms: province.clock })
}

pub(crate) fn point(province: &Office, origin: &protocol::id::Origin) -> LogPoint {
    let log = province.disk.logs.get(origin);
    let size = log.map_or(0, crate::store::Log::size);
    let root = log.map_or_else(protocol::merkle::empty_root, |log| log.root_at(size));
    LogPoint { origin: origin.clone(), size, root: RecordHash(root) }
}
