//! What a stolen machine signs: everything that its key can sign and no screen offers.

use crate::{
    office::{Cut, Office, Own},
    rng::Rng,
    work::{LOOK, case_at, submission},
};
use protocol::{
    case::Case,
    id::{BlobHash, CaseId},
    keys::OfficeKey,
    receipt::ReceiptNumber,
    record::{
        Decided, DocChanged, Erased, ReceiptIssued, ReceiptRevoked, ReceiptUsed, Record, Signed, UseAnnulled, Verdict, Verified, Withdrawn,
    },
};

/// Signs one thing about a case, of another office where there is one. Whether nobody may ever count it comes with it; the rest counts where
/// the office has a right to it.
pub(crate) fn forge(office: &mut Office, rng: &mut Rng) -> Option<(Vec<Verified>, bool)> {
    let case = victim(office, rng)?;
    let foreign = case.id.office() != Some(office.code);
    let dice = rng.below(12);
    if dice == 0 {
        return strange_author(office, rng, &case);
    }
    if dice == 1 {
        return borrowed_receipt(office, &case);
    }
    let (record, bogus) = about(office, rng, &case, dice, foreign)?;
    let said = office.append(Own::Office, Cut::Nowhere, |_, sign| sign(&record).into_iter().collect())?;
    Some((said, bogus))
}

fn about(office: &Office, rng: &mut Rng, case: &Case, dice: usize, foreign: bool) -> Option<(Record, bool)> {
    let (id, at_ms, operator, current) = (case.id, office.clock, 7, &case.current);
    let receipt = case.receipts.first().map(|by| by.hash);
    let reason = "stolen".to_owned();
    Some(match dice {
        2 | 3 => {
            let supersedes = rng.chance(500).then_some(current.hash);
            (submission(rng, id, supersedes, at_ms), foreign)
        }
        4 => (Record::ReceiptUsed(ReceiptUsed { case: id, receipt: receipt?, reference: BlobHash(rng.bytes()), operator, at_ms }), false),
        5 => {
            (Record::ReceiptUsed(ReceiptUsed { case: id, receipt: current.hash, reference: BlobHash(rng.bytes()), operator, at_ms }), true)
        }
        6 | 7 => (Record::ReceiptRevoked(ReceiptRevoked { case: id, receipt: receipt?, reason, operator, at_ms }), false),
        8 => (Record::DocChanged(DocChanged { case: id, payload: BlobHash(rng.bytes()), operator, at_ms }), false),
        9 => {
            let (blobs, payload) = (vec![current.said.photo, current.said.original], current.said.payload);
            let (submission, applicant) = (current.hash, current.said.applicant);
            (Record::Erased(Erased { case: id, submission, payload, blobs, applicant, reason, operator, at_ms }), foreign)
        }
        10 => match case.uses.first() {
            Some(used) => (Record::UseAnnulled(UseAnnulled { case: id, used: used.hash, reason, operator, at_ms }), false),
            None => (Record::Withdrawn(Withdrawn { case: id, submission: current.hash, reason, operator, at_ms }), foreign),
        },
        _ => (decision(case, Verdict::Return, at_ms), false),
    })
}

/// A decision that names no other one.
fn decision(case: &Case, verdict: Verdict, at_ms: u64) -> Record {
    let (submission, reasons) = (case.current.hash, vec!["stolen".into()]);
    Record::Decided(Decided { case: case.id, submission, verdict, reasons, resolves: vec![], operator: 7, at_ms })
}

/// In its own log, by a key that is nobody's: an approval, or another photo.
fn strange_author(office: &mut Office, rng: &mut Rng, case: &Case) -> Option<(Vec<Verified>, bool)> {
    let (key, origin) = (OfficeKey::from_seed(&rng.bytes()), office.origin.clone());
    let record = match rng.chance(500) {
        true => decision(case, Verdict::Approve, office.clock),
        false => submission(rng, case.id, None, office.clock),
    };
    let signed = Signed::sign(&origin, &key, &record).ok()?;
    Some((office.append(Own::Office, Cut::Nowhere, |_, _| vec![signed])?, true))
}

/// A receipt on an approval that another office signed.
fn borrowed_receipt(office: &mut Office, case: &Case) -> Option<(Vec<Verified>, bool)> {
    let approval = case.decisions.iter().find(|by| by.office != office.code && by.said.verdict == Verdict::Approve)?;
    let (code, epoch) = office.origin.office_and_epoch()?;
    let (id, decision, photo, at_ms) = (case.id, approval.hash, case.current.clone(), office.clock);
    let said = office.append(Own::Office, Cut::Nowhere, |index, sign| {
        let Ok(number) = ReceiptNumber::new(code, epoch, index) else { return Vec::new() };
        let receipt = Record::ReceiptIssued(ReceiptIssued {
            case: id,
            submission: photo.hash,
            decision,
            number: number.digits(),
            photo: photo.said.photo,
            spec: photo.said.spec,
            applicant: photo.said.applicant,
            captured_by: photo.office,
            valid_until_ms: at_ms.saturating_add(1_000_000_000),
            at_ms,
            usage: None,
            document: None,
        });
        sign(&receipt).into_iter().collect()
    })?;
    Some((said, true))
}

/// A case to forge about: of another office rather than of its own, and one with a receipt rather than one without.
fn victim(office: &Office, rng: &mut Rng) -> Option<Case> {
    let ids: Vec<CaseId> = office.cases.keys().copied().collect();
    let drawn = (0..LOOK.min(ids.len())).filter_map(|_| case_at(office, ids[rng.below(ids.len())]));
    drawn.max_by_key(|case| (case.id.office() != Some(office.code), !case.receipts.is_empty()))
}
