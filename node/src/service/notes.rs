//! The shared note of a case: an Automerge document whose changes travel sealed.

use crate::service::{Kind, Office, Refusal, intake, office::now_ms, payload, review};
use protocol::{
    case::{Case, Status},
    doc::{DocError, Note},
    id::CaseId,
    record::{DocChanged, Record},
};

/// A note as far as it can be read here.
#[derive(Debug)]
pub struct OpenNote {
    /// The merged document.
    pub note: Note,
    /// Changes that are not here, not for this office, or refused.
    pub missing: usize,
}

/// Merges the changes of a case's note that are here.
///
/// # Errors
/// As the store.
pub fn open(office: &Office, case: &Case) -> Result<OpenNote, Refusal> {
    let mut note = Note::default();
    let mut missing = 0;
    for by in &case.note {
        let raw = office.store.blobs.read(by.said.payload)?.map(|sealed| payload::open(&sealed, &office.keys.identities()));
        match raw {
            Some(Ok(Some(raw))) => {
                if let Err(error) = note.apply(&by.origin, by.index, &raw) {
                    tracing::warn!(%error, record = %by.hash, "a change of a note is refused");
                    missing += 1;
                }
            }
            Some(Ok(None) | Err(_)) | None => missing += 1,
        }
    }
    Ok(OpenNote { note, missing })
}

/// Changes the note to a new text.
///
/// # Errors
/// The text is too long, or this office has no part in the case.
pub fn write(office: &Office, id: CaseId, text: &str, operator: u32) -> Result<OpenNote, Refusal> {
    let case = review::find(office, id)?;
    let in_charge = office.member().is_some_and(|me| me.grant().may_decide(case.captured_by()));
    if case.captured_by() != office.code() && !in_charge {
        return Err(Refusal::new(
            Kind::Forbidden,
            "not_your_case",
            "只有采集点和负责该地区的审核中心可以写备注。",
            "only the capturing office and the review centres of its region write notes",
        ));
    }
    // Attack: an office that took the id of another's case must not become a recipient of what is written about it.
    if case.is_contested() && matches!(case.status, Status::Conflict | Status::Returned) {
        return Err(Refusal::state(
            "case_contested",
            "两个办公点使用了同一记录编号，暂不能写备注。请先由审核中心退回不属于此申请人的提交。",
            "two offices claim this case, so no note can be sealed; the review centre returns the submission that does not belong here first",
        ));
    }
    let recipients = intake::recipients(office, case.captured_by());
    office.append(|position, signer| {
        let mut open = open(office, &*review::find(office, id)?)?;
        let raw = open.note.edit(office.origin(), position, text).map_err(|error| match error {
            DocError::Bounds(_) => Refusal::input("note_too_long", "text", "备注过长。", "the note is too long"),
            other => Refusal::fault(other),
        })?;
        let Some(raw) = raw else { return Ok(Vec::new()) };
        let payload = office.store.blobs.put(&payload::seal(&raw, &recipients)?)?;
        Ok(vec![signer.sign(&Record::DocChanged(DocChanged { case: id, payload, operator, at_ms: now_ms() }))?])
    })?;
    open(office, &*review::find(office, id)?)
}
