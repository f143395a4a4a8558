//! The shared note of a case: an Automerge document whose changes travel sealed.

use crate::service::{Kind, Office, Refusal, intake, office::now_ms, payload, review};
use protocol::{
    case::Case,
    doc::{DocError, Note, Version},
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
        let raw = office.read_blob(by.said.payload)?.map(|sealed| payload::open(&sealed, &office.keys.identities()));
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

/// What somebody typed.
#[derive(Debug, Clone, Copy)]
pub struct Typed<'a> {
    /// The text that was typed on, as bytes of a [`Version`]; the note of this moment where nothing is said.
    pub seen: Option<&'a Version>,
    /// What it became.
    pub text: &'a str,
}

/// A note that was written.
#[derive(Debug)]
pub struct WrittenNote {
    /// The merged note.
    pub open: OpenNote,
    /// The state that holds what was typed alone: a page goes on from it where more was typed meanwhile.
    pub written: Version,
}

/// Bound: how often a change is made anew because something else was appended meanwhile.
const TRIES_MAX: usize = 32;

/// Changes the note by what was typed, and keeps what others wrote meanwhile.
///
/// # Errors
/// The text is too long, its version is none of this note, or this office has no part in the case.
pub fn write(office: &Office, id: CaseId, typed: Typed<'_>, operator: u32) -> Result<WrittenNote, Refusal> {
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
    let recipients = intake::recipients(office, case.captured_by());
    // Nothing of a document is opened under the right to append, for a hostile one may take its time. The change is bound to its position in
    // the log, so it is made for the next one and made anew where another record came first.
    for _ in 0..TRIES_MAX {
        let mut open = open(office, &*review::find(office, id)?)?;
        let position = office.store.head(office.origin()).size;
        let seen = typed.seen.cloned().unwrap_or_else(|| open.note.version());
        let raw = open.note.edit_at(&seen, office.origin(), position, typed.text).map_err(refusal)?;
        let Some(raw) = raw else { return Ok(WrittenNote { open, written: seen }) };
        let payload = office.store.blobs.put(&payload::seal(&raw, &recipients)?)?;
        let change = Record::DocChanged(DocChanged { case: id, payload, operator, at_ms: now_ms() });
        let written = office.append(|at, signer| if at == position { Ok(vec![signer.sign(&change)?]) } else { Ok(Vec::new()) })?;
        if !written.is_empty() {
            let alone = Version::of_change(&raw).ok_or_else(|| Refusal::fault("the change has no hash"))?;
            return Ok(WrittenNote { open: self::open(office, &*review::find(office, id)?)?, written: alone });
        }
    }
    Err(Refusal::state("note_busy", "本机正忙，备注未保存，请重试。", "this node is busy and the note was not saved; try again"))
}

fn refusal(error: DocError) -> Refusal {
    match error {
        DocError::Bounds("characters") => Refusal::input("note_too_long", "text", "备注过长。", "the note is too long"),
        DocError::Bounds(_) => Refusal::state(
            "note_full",
            "此备注的修改次数已达上限，不能再修改。",
            "this note was changed as often as a note can be; it cannot be changed any more",
        ),
        other => Refusal::new(
            Kind::Input,
            "note_version_unknown",
            "备注的版本已不可用，请刷新页面后重写。",
            format!("the version of the note that this was typed on is not known here; load the page again ({other})"),
        ),
    }
}
