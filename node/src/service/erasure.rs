//! Taking a submission back, and deleting what is known about a person.
//!
//! A log entry never goes away, so an erasure deletes what an entry only names: the sealed payload with the salt of every commitment, the
//! photo and the original, and when nothing else of the case is left, its note. The `Erased` record tells every other office to delete its
//! copies, and nobody gives them out any more.
//!
//! The record is durable first and the files go then: a crash between leaves files that the next pass over the blobs finds and deletes.

use crate::{
    service::{Kind, Office, Refusal, applicants, office::now_ms, review},
    store::StoreError,
    text::Text,
};
use protocol::{
    case::{Case, Status},
    id::{BlobHash, CaseId},
    receipt::{ReceiptVerdict, judge},
    record::{Erased, Record, Roles, Withdrawn},
};
use std::{collections::BTreeSet, sync::Arc};

/// Why a submission is taken back or its data are deleted: code, Chinese, English.
const REASONS: [(&str, &str, &str); 4] = [
    ("consent_withdrawn", "申请人撤回同意", "the applicant withdrew the consent"),
    ("applicant_asked", "申请人要求", "the applicant asked for it"),
    ("captured_in_error", "误采集", "captured in error"),
    ("retention_ended", "保存期限已满", "the time of retention has ended"),
];

/// Takes the case back before anybody decided on it.
///
/// # Errors
/// It was decided, was captured elsewhere, the reason has no such code, or the disk refuses.
pub fn withdraw(office: &Office, id: CaseId, reason: &str, operator: u32) -> Result<Arc<Case>, Refusal> {
    office.require_role(Roles::CAPTURE)?;
    check_reason(reason)?;
    office.append(|_, signer| {
        // Under the append lock: two windows must not both withdraw.
        let case = own_case(office, id)?;
        if case.status != Status::Submitted {
            return Err(Refusal::state(
                "not_waiting",
                "只有尚未审核的记录可以撤回。",
                "only a case on which nobody decided yet can be taken back",
            ));
        }
        let (submission, reason) = (case.current.hash, reason.to_owned());
        Ok(vec![signer.sign(&Record::Withdrawn(Withdrawn { case: id, submission, reason, operator, at_ms: now_ms() }))?])
    })?;
    review::find(office, id)
}

/// Deletes what is known here about the person of a case, and tells the other offices to. The log still verifies.
///
/// # Errors
/// The case waits for a decision or a receipt of it is valid, it was captured elsewhere, the reason has no such code, or the disk refuses.
pub fn erase(office: &Office, id: CaseId, reason: &str, operator: u32) -> Result<Arc<Case>, Refusal> {
    office.require_role(Roles::CAPTURE)?;
    check_reason(reason)?;
    office.append(|_, signer| {
        let case = own_case(office, id)?;
        check_settled(&case)?;
        let at_ms = now_ms();
        let to_erase = case.submissions.iter().filter(|by| by.office == office.code() && !case.is_erased(by.said.payload));
        let records = to_erase.map(|by| {
            signer.sign(&Record::Erased(Erased {
                case: id,
                submission: by.hash,
                payload: by.said.payload,
                blobs: vec![by.said.photo, by.said.original],
                applicant: by.said.applicant,
                reason: reason.to_owned(),
                operator,
                at_ms,
            }))
        });
        let records = records.collect::<Result<Vec<_>, _>>()?;
        if records.is_empty() {
            return Err(Refusal::state("already_erased", "此记录的资料已删除。", "the data of this case are erased already"));
        }
        Ok(records)
    })?;
    let case = own_case(office, id)?;
    delete_erased(office, &case)?;
    Ok(case)
}

/// Deletes the files of a case that its offices told to be erased, unless another case still needs them.
///
/// # Errors
/// As the store.
pub fn delete_erased(office: &Office, case: &Case) -> Result<(), StoreError> {
    office.names.forget(case);
    office.store.forget_person(case.id)?;
    office.changes_of_notes.forget(case);
    // A picture may be the start of another capture here.
    let _drafts = office.lock_drafts();
    let of_submissions = case.submissions.iter().flat_map(|by| [by.said.payload, by.said.photo, by.said.original]);
    let of_notes = case.note.iter().map(|by| by.said.payload);
    let of_uses = case.uses.iter().map(|by| by.said.reference);
    for blob in of_submissions.chain(of_notes).chain(of_uses) {
        // A retired case is in no list any more, so it is asked for itself.
        let retired = office.case(case.id)?.is_none() && case.is_erased(blob) && office.cases_of_blob(blob)?.is_empty();
        if is_erased(office, blob)? || retired && !held_by_draft(office, blob)? {
            office.store.blobs.remove(blob)?;
        }
    }
    Ok(())
}

/// Whether every case that names a blob told that it is erased, and no draft holds it.
///
/// # Errors
/// As the store.
pub fn is_erased(office: &Office, blob: BlobHash) -> Result<bool, StoreError> {
    let cases = office.cases_of_blob(blob)?;
    let erased = !cases.is_empty() && (cases.iter().all(|case| case.is_erased(blob)) || was_sealed_for_one_erased(office, &cases, blob)?);
    Ok(erased && !held_by_draft(office, blob)?)
}

/// Whether the blob is the sealed payload of a case that told that it is erased.
///
/// Attack: any office can name another's payload in a case of its own and so keep it. A payload says inside for which case it was sealed, and
/// no other case has a say. An office that cannot open it goes by its own submissions.
fn was_sealed_for_one_erased(office: &Office, cases: &[Arc<Case>], blob: BlobHash) -> Result<bool, StoreError> {
    let names = |case: &Case| case.submissions.iter().any(|by| by.said.payload == blob);
    let Some(first) = cases.iter().find(|case| names(case) && case.is_erased(blob)) else { return Ok(false) };
    let opened = match applicants::open_sealed(office, blob) {
        Ok(opened) => opened,
        Err(error) => {
            tracing::warn!(%error, case = %first.id, "what keeps a sealed payload cannot be told from what it says");
            None
        }
    };
    let sealed_for = opened.map(|payload| payload.case);
    let is_of = |case: &Case| sealed_for.as_ref().map_or(case.captured_by() == office.code(), |of| *of == case.id.to_string());
    Ok(cases.iter().any(|case| names(case) && case.is_erased(blob) && is_of(case)))
}

fn held_by_draft(office: &Office, blob: BlobHash) -> Result<bool, StoreError> {
    let drafts = office.store.drafts::<crate::service::intake::Draft>()?;
    Ok(drafts.iter().any(|draft| draft.names(blob)))
}

/// What keeps files here of which the case told that they are erased; nothing where all of them are gone.
///
/// # Errors
/// As the store.
pub fn kept(office: &Office, case: &Case) -> Result<Vec<Text>, StoreError> {
    let of_submissions = case.submissions.iter().flat_map(|by| [by.said.payload, by.said.photo, by.said.original]);
    let blobs: BTreeSet<BlobHash> = of_submissions.filter(|blob| case.is_erased(*blob)).collect();
    let mut keepers = Vec::new();
    for blob in blobs.into_iter().filter(|blob| office.store.blobs.size(*blob).is_some()) {
        for other in office.cases_of_blob(blob)?.iter().filter(|other| other.id != case.id && !other.is_erased(blob)) {
            let name = office.office_name(other.captured_by());
            keepers.push(Text::new(
                format!("同一文件仍用于{name}的记录 {}，该记录的资料删除后此文件才会删除", other.id),
                format!("the same file belongs to case {} of {name} as well, and goes when that one is erased too", other.id),
            ));
        }
        let drafts = office.store.drafts::<crate::service::intake::Draft>()?;
        for draft in drafts.iter().filter(|draft| draft.names(blob)) {
            keepers.push(Text::new(
                format!("未提交的采集（{}）使用同一照片，放弃该采集后照片才会删除", draft.applicant.name),
                "a draft that was not submitted uses the same picture, and keeps it until it is dropped",
            ));
        }
    }
    keepers.sort_unstable_by(|a, b| a.en.cmp(&b.en));
    keepers.dedup();
    Ok(keepers)
}

fn own_case(office: &Office, id: CaseId) -> Result<Arc<Case>, Refusal> {
    // One that the province retired counts nowhere but at archives, and its person may be deleted all the same.
    let case = office.case_ever(id)?.ok_or_else(|| review::find(office, id).err().unwrap_or_else(|| Refusal::fault("a case is gone")))?;
    if case.captured_by() == office.code() {
        return Ok(case);
    }
    let name = office.office_name(case.captured_by());
    Err(Refusal::new(
        Kind::Forbidden,
        "not_captured_here",
        format!("此记录由{name}采集，只能在那里处理。"),
        format!("this case was captured by {name} and is taken back or erased there"),
    ))
}

fn check_settled(case: &Case) -> Result<(), Refusal> {
    if matches!(case.status, Status::Submitted | Status::Conflict) {
        return Err(Refusal::state(
            "not_settled",
            "此记录尚在审核中。请先撤回，或等待审核决定。",
            "this case waits for a decision: take it back first, or wait",
        ));
    }
    let now = now_ms();
    let is_valid = case.receipts.iter().any(|by| matches!(judge(by.hash, &by.said, Some(case), now), ReceiptVerdict::Valid));
    if is_valid {
        return Err(Refusal::state(
            "receipt_valid",
            "此记录的回执仍然有效，删除资料后将无法制证。请先由签发办公点撤销回执。",
            "a receipt of this case is valid, and nothing could be made from it without the photo: the issuing office revokes it first",
        ));
    }
    Ok(())
}

fn check_reason(reason: &str) -> Result<(), Refusal> {
    if REASONS.iter().any(|(code, ..)| *code == reason) {
        return Ok(());
    }
    let known: Vec<String> = REASONS.iter().map(|(code, zh, en)| format!("{code} ({zh}, {en})")).collect();
    let known = known.join("; ");
    Err(Refusal::input("reason_unknown", "reason", format!("原因应为：{known}"), format!("the reason is one of: {known}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audit,
        service::{
            notes, receipts,
            testing::{Home, picture, sync},
        },
    };

    #[test]
    fn what_is_erased_is_gone_and_the_log_still_verifies() {
        let home = Home::new();
        let office = home.open();
        let case = home.case(&office, &picture(8, 8, [9; 3]), false);
        notes::write(&office, case.id, notes::Typed { seen: None, text: "张伟，左眼有疤" }, 1).unwrap();
        assert_eq!(erase(&office, case.id, "because", 1).unwrap_err().code, "reason_unknown");
        assert_eq!(erase(&office, case.id, "captured_in_error", 1).unwrap_err().code, "not_settled");
        assert_eq!(withdraw(&office, case.id, "captured_in_error", 1).unwrap().status, Status::Withdrawn);
        assert_eq!(withdraw(&office, case.id, "captured_in_error", 1).unwrap_err().code, "not_waiting");
        assert!(!office.store.blobs.names().unwrap().is_empty());
        let case = erase(&office, case.id, "captured_in_error", 1).unwrap();
        assert_eq!(office.store.blobs.names().unwrap(), [], "payload, photo, original and note");
        assert_eq!(erase(&office, case.id, "captured_in_error", 1).unwrap_err().code, "already_erased");
        // A crash before the files were gone, or an office that was off meanwhile.
        let photo = office.store.blobs.put(&picture(8, 8, [9; 3])).unwrap();
        assert_eq!((office.collect_orphans(u64::MAX).unwrap(), office.store.blobs.size(photo)), (1, None));
        assert!(case.is_erased(case.current.said.photo) && case.is_erased(case.note[0].said.payload));
        let dir = home.path().join("export");
        audit::export(&office, &dir, true).unwrap();
        let report = audit::verify(&dir, None, None, &mut |_, _, _| {}).unwrap();
        assert!(report.holds(), "{:?}", report.failures);
    }

    #[test]
    fn a_picture_that_another_case_needs_stays() {
        let home = Home::new();
        let office = home.open();
        let jpeg = picture(8, 8, [9; 3]);
        let (one, other) = (home.case(&office, &jpeg, true), home.case(&office, &jpeg, false));
        assert_eq!(erase(&office, one.id, "applicant_asked", 1).unwrap_err().code, "receipt_valid");
        receipts::revoke(&office, &one.receipts[0].said.number, "applicant_asked", 2).unwrap();
        erase(&office, one.id, "applicant_asked", 1).unwrap();
        assert!(office.store.blobs.size(one.current.said.payload).is_none());
        assert!(office.store.blobs.size(other.current.said.photo).is_some(), "the same bytes, and the other case is not erased");
        withdraw(&office, other.id, "applicant_asked", 1).unwrap();
        erase(&office, other.id, "applicant_asked", 1).unwrap();
        assert_eq!(office.store.blobs.names().unwrap(), []);
    }

    #[test]
    fn mend_33_erasing_says_what_keeps_the_rest() {
        let home = Home::new();
        let office = home.open();
        let jpeg = picture(8, 8, [9; 3]);
        let (one, other) = (home.case(&office, &jpeg, false), home.case(&office, &jpeg, false));
        withdraw(&office, one.id, "applicant_asked", 1).unwrap();
        let one = erase(&office, one.id, "applicant_asked", 1).unwrap();
        let words = kept(&office, &one).unwrap();
        assert!(words.len() == 1 && words[0].en.contains(&other.id.to_string()) && words[0].zh.contains("test"), "{words:?}");
        withdraw(&office, other.id, "applicant_asked", 1).unwrap();
        let other = erase(&office, other.id, "applicant_asked", 1).unwrap();
        assert_eq!((kept(&office, &one).unwrap(), kept(&office, &other).unwrap()), (vec![], vec![]));
    }

    #[test]
    fn mend_33_no_other_office_keeps_a_sealed_payload_by_naming_it() {
        let home = Home::new();
        let office = home.open();
        let (_other, thief) = Home::join(&office, "44030002", Roles::CAPTURE);
        let case = home.case(&office, &picture(8, 8, [9; 3]), false);
        let named = protocol::record::Submitted { case: CaseId::new(thief.code(), [7; 12]), ..case.current.said.clone() };
        thief.append(|_, signer| Ok(vec![signer.sign(&Record::Submitted(named))?])).unwrap();
        sync(&thief, &office);
        assert_eq!(office.cases_of_blob(case.current.said.payload).unwrap().len(), 2);
        withdraw(&office, case.id, "applicant_asked", 1).unwrap();
        let case = erase(&office, case.id, "applicant_asked", 1).unwrap();
        assert_eq!(office.store.blobs.size(case.current.said.payload), None);
        assert!(!kept(&office, &case).unwrap().is_empty(), "the photo may be the other's too, and that is said");
    }

    #[test]
    fn mend_33_at_no_office_a_stranger_keeps_a_sealed_payload_by_naming_it() {
        let home = Home::new();
        let province = home.open();
        let (home_b, b) = Home::join(&province, "44030003", Roles::CAPTURE);
        let (_other, thief) = Home::join(&province, "44030002", Roles::CAPTURE);
        let case = home_b.case(&b, &picture(8, 8, [9; 3]), false);
        let payload = case.current.said.payload;
        province.store.blobs.put(&b.store.blobs.read(payload).unwrap().unwrap()).unwrap();
        sync(&b, &province);
        let named = protocol::record::Submitted { case: CaseId::new(thief.code(), [7; 12]), ..case.current.said.clone() };
        let stolen = named.case;
        thief.append(|_, signer| Ok(vec![signer.sign(&Record::Submitted(named))?])).unwrap();
        sync(&thief, &province);
        assert!(applicants::open_payload(&province, &province.case(case.id).unwrap().unwrap()).unwrap().is_some());
        let mismatch = applicants::open_payload(&province, &province.case(stolen).unwrap().unwrap()).unwrap_err();
        assert_eq!(mismatch.code, "payload_mismatch", "it shows nobody in the stranger's case");
        withdraw(&b, case.id, "applicant_asked", 1).unwrap();
        erase(&b, case.id, "applicant_asked", 1).unwrap();
        sync(&b, &province);
        delete_erased(&province, &province.case(case.id).unwrap().unwrap()).unwrap();
        assert_eq!(province.store.blobs.size(payload), None);
    }
}
