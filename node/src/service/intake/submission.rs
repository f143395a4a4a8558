//! A draft becomes a record: what the applicant agreed to, and the submission, in one durable step.

use super::{Draft, OVERRIDE_CHARS_MAX, draft};
use crate::service::{
    Change, Office, Refusal, applicants, consent, doubles,
    office::now_ms,
    payload::{self, CasePayload},
    specs,
};
use protocol::{
    case::Case,
    id::{BlobHash, CaseId, RecordHash, SpecHash},
    record::{Consented, Record, Roles, Submitted},
};
use std::sync::Arc;

/// Signs the submission of a draft into this office's log.
///
/// # Errors
/// There is no photo, a check failed and no reason was given, or as for [`Office::append`].
pub fn submit(office: &Office, id: CaseId, operator: u32, override_reason: Option<String>) -> Result<Arc<Case>, Refusal> {
    // Before any blob is put: the draft stays as it is and can be submitted once the node signs again.
    office.check_writable()?;
    office.require_role(Roles::CAPTURE)?;
    // Held to the end: a second click finds the draft gone, and a picture that arrives meanwhile throws none of these blobs away.
    let _drafts = office.lock_drafts();
    let draft = draft(office, id)?;
    let (Some(result), Some(original), Some(photo)) = (&draft.result, draft.original(), draft.photo()) else {
        return Err(Refusal::state("no_photo", "还没有合成好的照片，请先拍照。", "there is no finished photo yet; take one first"));
    };
    let override_reason = override_reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    if override_reason.as_ref().is_some_and(|reason| reason.chars().count() > OVERRIDE_CHARS_MAX) {
        return Err(Refusal::input(
            "override_reason_long",
            "override_reason",
            "说明过长（最多 500 字）。",
            "the reason has 500 characters at most",
        ));
    }
    if result.failed_checks() > 0 && override_reason.is_none() {
        return Err(Refusal::input(
            "check_failed",
            "override_reason",
            "有检测项不合格。请重拍，或填写说明后交由审核员判断。",
            "a check failed: take another photo, or give a reason and let the reviewer decide",
        ));
    }
    let supersedes = draft.supersedes.as_ref().and_then(|hash| hash.parse().ok());
    if let Some(case) = submitted_before(office, id, supersedes, photo)? {
        office.store.delete_draft(id)?;
        office.tell(Change::Drafts);
        return Ok(case);
    }
    let spec = draft.spec()?;
    specs::check_overlap(office, &spec, now_ms())?;
    doubles::check(office, id, &draft.applicant, &[original], &spec)?;
    let case_payload = CasePayload {
        case: id.to_string(),
        applicant: draft.applicant.clone(),
        salt: hex::encode(rand::random::<[u8; 32]>()),
        report: serde_json::to_string(&result.checks).map_err(Refusal::fault)?,
        override_reason,
    };
    let plain = serde_json::to_vec(&case_payload).map_err(Refusal::fault)?;
    let payload = office.store.blobs.put(&payload::seal(&plain, &applicants::recipients(office, office.code()))?)?;
    let submitted = Submitted {
        case: id,
        spec: SpecHash(spec.hash()),
        photo,
        original,
        payload,
        applicant: case_payload.commitment().ok_or_else(|| Refusal::fault("no commitment"))?,
        report: case_payload.report_hash(),
        operations: result.operations.clone(),
        located_by: result.located_by.clone(),
        failed_checks: result.failed_checks(),
        supersedes,
        operator,
        at_ms: now_ms(),
    };
    let consented = consented(office, &draft, &submitted)?;
    office.append(|_, signer| {
        let records = consented.into_iter().map(Record::Consented).chain([Record::Submitted(submitted)]);
        records.map(|record| signer.sign(&record)).collect()
    })?;
    doubles::remember(office, id, &draft.applicant);
    // It is signed: a draft that stays behind is recognized when it is submitted again.
    if let Err(error) = office.store.delete_draft(id) {
        tracing::warn!(%error, draft = %id, "a submitted draft cannot be deleted");
    }
    office.tell(Change::Drafts);
    office.case(id)?.ok_or_else(|| Refusal::fault("the case does not fold"))
}

/// The record of the consent, which a recapture of the same person has in its case already.
fn consented(office: &Office, draft: &Draft, submitted: &Submitted) -> Result<Option<Consented>, Refusal> {
    if let Some(agreed) = &draft.consent {
        return Ok(Some(Consented {
            case: submitted.case,
            applicant: submitted.applicant,
            statement: agreed.statement.parse().map_err(Refusal::fault)?,
            payload: Some(submitted.payload),
            operator: agreed.operator,
            at_ms: agreed.at_ms,
        }));
    }
    let case = office.case(submitted.case)?;
    let on_record = case.is_some_and(|case| consent::on_record(office, &case, &draft.applicant).is_some());
    if on_record { Ok(None) } else { Err(consent::missing()) }
}

/// The case, where this very photo was submitted already: a power cut between the signature and the end of the draft leaves both.
/// A second submission beside the first would put the case in conflict.
fn submitted_before(office: &Office, id: CaseId, supersedes: Option<RecordHash>, photo: BlobHash) -> Result<Option<Arc<Case>>, Refusal> {
    let Some(case) = office.case(id)? else { return Ok(None) };
    let mut own = case.submissions.iter().filter(|by| by.office == office.code() && by.said.supersedes == supersedes);
    match own.next().map(|by| by.said.photo == photo) {
        None => Ok(None),
        Some(true) => Ok(Some(case)),
        Some(false) => Err(Refusal::state(
            "already_submitted",
            "此记录已提交过另一张照片。请删除此未提交的采集；如被退回可再次重拍。",
            "another photo was submitted for this case already: delete this draft, and capture again if it is returned",
        )),
    }
}
