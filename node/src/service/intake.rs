//! A capture under way: draft, photo, marks, submission. Nothing of a draft leaves the machine.
//!
//! The original is a durable blob before anything is done with it, so a power cut after the shutter loses nothing.
//! A draft keeps the text of the spec that it began with, whatever the province publishes meanwhile.

mod submission;

pub use submission::submit;

use crate::service::{
    Change, Kind, Office, Refusal, applicants,
    consent::{self, Agreed},
    id_number,
    office::{ClockDoubt, china_time, now_ms},
    payload::Applicant,
    person_name::{self, NameFault},
    photos::{self, Maker, PhotoResult},
    plate, specs,
};
use ::specs::Spec;
use photo::{DecodeError, Marks, NotOffered, Point, Shot, Wanted};
use protocol::{
    case::{Case, Status},
    id::{BlobHash, CaseId, Millis},
    limits::BLOB_BYTES_MAX,
    record::Roles,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Longest reason for an override, in characters.
pub(super) const OVERRIDE_CHARS_MAX: usize = 500;

/// A draft as kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Draft {
    /// Case id it will have, hex.
    pub id: String,
    /// Who.
    pub applicant: Applicant,
    /// Text of the spec that it began with.
    pub spec_text: String,
    /// The returned submission that it answers, hex.
    pub supersedes: Option<String>,
    /// When it began.
    pub started_ms: Millis,
    /// The untouched original, hex.
    pub original: Option<String>,
    /// The standardized photo.
    pub result: Option<PhotoResult>,
    /// Why the last photo could not be made.
    pub problem: Option<Refusal>,
    /// What the applicant agreed to; nothing where a recapture rests on the consent that its case has on record.
    #[serde(default)]
    pub consent: Option<Agreed>,
    /// The background chosen of those that the spec allows; its first where nothing was chosen.
    #[serde(default)]
    pub background: Option<::specs::Rgb>,
}

impl Draft {
    /// The spec it began with.
    ///
    /// # Errors
    /// The kept text no longer reads as a spec, after a downgrade.
    pub fn spec(&self) -> Result<Spec, Refusal> {
        Spec::parse("draft", &self.spec_text).map_err(Refusal::fault)
    }
    /// Case id.
    ///
    /// # Errors
    /// The kept draft is damaged.
    pub fn case(&self) -> Result<CaseId, Refusal> {
        self.id.parse().map_err(Refusal::fault)
    }
    /// The untouched original.
    pub fn original(&self) -> Option<BlobHash> {
        self.original.as_ref()?.parse().ok()
    }
    /// What is asked of the photo under a spec.
    ///
    /// # Errors
    /// The spec does not allow the background that was chosen.
    pub fn wanted<'a>(&self, spec: &'a Spec) -> Result<Wanted<'a>, NotOffered> {
        self.background.map_or(Ok(spec.into()), |background| Wanted::on(spec, background))
    }
    /// The points that the staff marked for the photo that is there: no model found the head, or not well enough.
    pub fn marks(&self) -> Option<Marks> {
        let result = self.result.as_ref().filter(|result| result.located_by == photo::LocatedBy::Marks.key())?;
        Some(marks_at(result.marks))
    }
    /// Whether the draft holds this picture.
    pub fn names(&self, blob: BlobHash) -> bool {
        self.original() == Some(blob) || self.photo() == Some(blob)
    }
    /// The standardized photo.
    pub fn photo(&self) -> Option<BlobHash> {
        self.result.as_ref()?.hash.parse().ok()
    }
}

/// What a draft is begun with.
#[derive(Debug, Clone)]
pub struct NewDraft {
    /// Which document.
    pub spec_id: String,
    /// Who; a recapture that names nobody is of the person of its case.
    pub applicant: Option<Applicant>,
    /// Hash of the text that the applicant was shown and agreed to. A recapture of the same person rests on what is on record.
    pub consent: Option<String>,
    /// The returned case that this recapture answers.
    pub case: Option<CaseId>,
    /// Number of the member of staff.
    pub operator: u32,
}

/// Begins a draft. `printable` says whether a name can be drawn on a receipt, or which character cannot.
///
/// # Errors
/// Something typed is wrong, or this office may not capture.
pub fn begin(office: &Office, new: NewDraft, printable: impl Fn(&str) -> Result<(), char>) -> Result<Draft, Refusal> {
    office.check_drafts()?;
    office.require_role(Roles::CAPTURE)?;
    let case = new.case.map(|id| recapture_of(office, id)).transpose()?;
    let typed = match (new.applicant, &case) {
        (Some(applicant), _) => applicant,
        (None, Some(case)) => applicants::person_of(office, case)?,
        (None, None) => Applicant { name: String::new(), id_number: String::new() },
    };
    let applicant = check_applicant(typed, last_birthday(now_ms(), office.clock_doubt()?), printable)?;
    let consent = match &case {
        Some(case) if consent::on_record(office, case, &applicant).is_some() => None,
        _ => Some(consent::agree(new.consent.as_deref(), new.operator, now_ms())?),
    };
    let known = specs::by_id(office, &new.spec_id).ok_or_else(|| specs::unknown(&new.spec_id))?;
    let (id, supersedes) =
        case.map_or_else(|| (CaseId::new(office.code(), rand::random()), None), |case| (case.id, Some(case.current.hash)));
    let _drafts = office.lock_drafts();
    let before: Option<Draft> = office.store.draft(id)?;
    let draft = Draft {
        id: id.to_string(),
        applicant,
        spec_text: known.spec.text().to_owned(),
        supersedes: supersedes.map(|hash| hash.to_string()),
        started_ms: now_ms(),
        original: None,
        result: None,
        problem: None,
        consent,
        background: None,
    };
    if let Some(before) = before {
        // A recapture begun twice goes on where it stands, with the picture that was taken.
        if (&before.applicant, &before.spec_text, &before.supersedes) == (&draft.applicant, &draft.spec_text, &draft.supersedes) {
            return Ok(before);
        }
        office.store.put_draft(id, &draft)?;
        discard(office, (before.original(), before.photo()), &draft)?;
    } else {
        office.store.put_draft(id, &draft)?;
    }
    office.tell(Change::Drafts);
    Ok(draft)
}

fn check_applicant(
    applicant: Applicant,
    last_birthday: (u32, u32, u32),
    printable: impl Fn(&str) -> Result<(), char>,
) -> Result<Applicant, Refusal> {
    let name = person_name::normal(&applicant.name).map_err(|fault| {
        let (code, text) =
            (if matches!(fault, NameFault::PrivateUse(_)) { "name_private_character" } else { "name_invalid" }, fault.text());
        Refusal::input(code, "name", text.zh, text.en)
    })?;
    if let Err(missing) = printable(&name) {
        return Err(Refusal::input(
            "name_not_printable",
            "name",
            format!("本机字体缺少“{missing}”字（U+{:04X}），回执无法打印。请安装 fonts-noto-cjk。", missing as u32),
            format!(
                "this machine's font lacks '{missing}' (U+{:04X}), so the receipt could not show it; install fonts-noto-cjk",
                missing as u32
            ),
        ));
    }
    let id_number = id_number::parse(&applicant.id_number, last_birthday)?;
    Ok(Applicant { name, id_number })
}

/// The last day on which an applicant can be born, as year, month and day: today, unless the clock may lag. Then the clock is doubted and
/// not the person.
pub(super) fn last_birthday(now: Millis, doubt: Option<ClockDoubt>) -> (u32, u32, u32) {
    if matches!(doubt, Some(ClockDoubt::BeforeBuild | ClockDoubt::Behind)) {
        return (9999, 12, 31);
    }
    let today = china_time(now).unwrap_or(time::OffsetDateTime::UNIX_EPOCH).date();
    (today.year().unsigned_abs(), u32::from(u8::from(today.month())), u32::from(today.day()))
}

/// The returned case that may be captured again here.
fn recapture_of(office: &Office, id: CaseId) -> Result<Arc<Case>, Refusal> {
    let case = office.case(id)?.ok_or_else(|| Refusal::not_found("没有这个采集记录。", "there is no such case here"))?;
    if case.captured_by() != office.code() {
        return Err(Refusal::new(
            Kind::Forbidden,
            "not_captured_here",
            "只有原采集点可以重拍。",
            "only the capturing office may recapture",
        ));
    }
    if case.is_erased(case.current.said.payload) {
        return Err(Refusal::state(
            "already_erased",
            "此记录的资料已删除，请重新采集。",
            "the data of this case are erased: begin a new one",
        ));
    }
    if case.status != Status::Returned {
        return Err(Refusal::state("not_returned", "只有被退回的记录可以重拍。", "only a returned case may be captured again"));
    }
    Ok(case)
}

/// A draft that is here.
///
/// # Errors
/// There is none with this id.
pub fn draft(office: &Office, id: CaseId) -> Result<Draft, Refusal> {
    office.store.draft(id)?.ok_or_else(|| Refusal::not_found("没有这个未提交的采集。", "there is no such draft here"))
}

/// Takes a picture for a draft: keeps it, then makes the photo.
///
/// A picture that cannot be used is no error: the draft says in `problem` what to do, and the original stays for marking by hand.
///
/// # Errors
/// No such draft, read-only, or the disk refuses.
pub fn take_photo(office: &Office, maker: &Maker<'_>, id: CaseId, bytes: &[u8]) -> Result<Draft, Refusal> {
    office.check_drafts()?;
    if bytes.is_empty() || bytes.len() as u64 > BLOB_BYTES_MAX {
        return Err(Refusal::input(
            "too_large",
            "photo",
            format!("照片文件为空或超过 {} MiB。", BLOB_BYTES_MAX >> 20),
            format!("the file is empty or larger than {} MiB", BLOB_BYTES_MAX >> 20),
        ));
    }
    let drafts = office.lock_drafts();
    let mut draft = draft(office, id)?;
    let before = (draft.original(), draft.photo());
    draft.original = Some(office.store.blobs.put(bytes)?.to_string());
    draft.result = None;
    draft.problem = None;
    office.store.put_draft(id, &draft)?;
    discard(office, before, &draft)?;
    drop(drafts);
    let background = draft.background;
    make(office, maker, draft, bytes, (None, background))
}

/// Makes the photo again from the kept original, with marks set by hand.
///
/// # Errors
/// No such draft or original, read-only, or the disk refuses.
pub fn mark(office: &Office, maker: &Maker<'_>, id: CaseId, marks: [(f64, f64); 4]) -> Result<Draft, Refusal> {
    office.check_drafts()?;
    let draft = draft(office, id)?;
    let bytes = original(office, &draft)?;
    let background = draft.background;
    make(office, maker, draft, &bytes, (Some(marks_at(marks)), background))
}

/// Makes the photo again from the kept original, with the marks of the photo that is there if it has some.
///
/// # Errors
/// No such draft or original, read-only, or the disk refuses.
pub fn make_again(office: &Office, maker: &Maker<'_>, id: CaseId) -> Result<Draft, Refusal> {
    office.check_drafts()?;
    let draft = draft(office, id)?;
    let bytes = original(office, &draft)?;
    let choice = (draft.marks(), draft.background);
    make(office, maker, draft, &bytes, choice)
}

/// Makes the photo again by the version of its spec that is in force now.
///
/// # Errors
/// No such draft or original, read-only, or the disk refuses.
pub fn renew(office: &Office, maker: &Maker<'_>, id: CaseId) -> Result<Draft, Refusal> {
    office.check_drafts()?;
    let drafts = office.lock_drafts();
    let mut draft = draft(office, id)?;
    let began_with = draft.spec()?;
    let known = specs::by_id(office, began_with.id()).ok_or_else(|| specs::unknown(began_with.id()))?;
    known.spec.text().clone_into(&mut draft.spec_text);
    // The new version may not offer the background that was chosen.
    if draft.wanted(&known.spec).is_err() {
        draft.background = None;
    }
    let (marks, before) = (draft.marks(), (None, draft.photo()));
    draft.result = None;
    draft.problem = None;
    office.store.put_draft(id, &draft)?;
    discard(office, before, &draft)?;
    office.tell(Change::Drafts);
    if draft.original.is_none() {
        return Ok(draft);
    }
    drop(drafts);
    let bytes = original(office, &draft)?;
    let choice = (marks, draft.background);
    make(office, maker, draft, &bytes, choice)
}

fn marks_at(points: [(f64, f64); 4]) -> Marks {
    let [left_eye, right_eye, chin, crown] = points.map(|(x, y)| Point { x, y });
    Marks { left_eye, right_eye, chin, crown }
}

/// Chooses the background by a name or by `#rrggbb`, and makes the photo anew where a picture was taken. The choice stands
/// when the photo on it was tried: until then the photo that is there is the one that was chosen.
///
/// # Errors
/// No such draft, the spec does not allow this background, read-only, or the disk refuses.
pub fn choose_background(office: &Office, maker: &Maker<'_>, id: CaseId, background: &str) -> Result<Draft, Refusal> {
    office.check_drafts()?;
    let drafts = office.lock_drafts();
    let mut draft = draft(office, id)?;
    let spec = draft.spec()?;
    let chosen = Wanted::named(&spec, background)?.backgrounds()[0];
    if draft.original.is_none() {
        draft.background = Some(chosen);
        office.store.put_draft(id, &draft)?;
        office.tell(Change::Drafts);
        return Ok(draft);
    }
    drop(drafts);
    let bytes = original(office, &draft)?;
    let choice = (draft.marks(), Some(chosen));
    make(office, maker, draft, &bytes, choice)
}

/// The untouched picture of a draft.
///
/// # Errors
/// None was taken yet, or the disk refuses.
pub fn original(office: &Office, draft: &Draft) -> Result<Vec<u8>, Refusal> {
    let original = draft.original().and_then(|hash| office.store.blobs.read(hash).transpose()).transpose()?;
    original.ok_or_else(|| Refusal::state("no_original", "请先拍照或上传照片。", "take or upload a picture first"))
}

/// Points set by the staff, and the background.
type Choice = (Option<Marks>, Option<::specs::Rgb>);

/// The work takes seconds, so the draft is not held meanwhile: what became of it is looked at again before the result is kept.
///
/// Work that was given up changes nothing, and where there is no photo it says so.
fn make(office: &Office, maker: &Maker<'_>, begun: Draft, bytes: &[u8], choice: Choice) -> Result<Draft, Refusal> {
    let (id, spec) = (begun.case()?, begun.spec()?);
    let (marks, background) = choice;
    let wanted = background.map_or(Ok((&spec).into()), |background| Wanted::on(&spec, background))?;
    let wall = plate::read(office);
    let shot = Shot { bytes, marks, plate: wall.as_deref(), cancel: maker.cancel };
    let made = photos::standardize(&shot, wanted, maker.vision, &mut |stage| office.tell(Change::Stage(id, stage)));
    let _drafts = office.lock_drafts();
    let mut draft = draft(office, id)?;
    if (&draft.original, &draft.spec_text, draft.background) != (&begun.original, &begun.spec_text, begun.background) {
        // Another picture was taken or another background chosen in another window: its result counts.
        return Ok(draft);
    }
    let before = (None, draft.photo());
    match made {
        Ok(made) => {
            office.store.blobs.put(&made.jpeg)?;
            draft.background = background;
            draft.result = Some(PhotoResult::of(&made, maker.vision.name()));
            draft.problem = None;
        }
        Err(given_up) if given_up.code == DecodeError::Cancelled.code() => {
            if draft.result.is_none() {
                draft.problem = Some(given_up);
            }
        }
        Err(problem) => {
            draft.background = background;
            draft.result = None;
            draft.problem = Some(problem);
        }
    }
    office.store.put_draft(id, &draft)?;
    discard(office, before, &draft)?;
    office.tell(Change::Drafts);
    Ok(draft)
}

/// Removes blobs that a draft no longer names and no record does.
fn discard(office: &Office, (original, photo): (Option<BlobHash>, Option<BlobHash>), draft: &Draft) -> Result<(), Refusal> {
    for blob in [original, photo].into_iter().flatten() {
        let named = draft.names(blob) || !office.store.cases_of_blob(blob)?.is_empty();
        let other = office.store.drafts::<Draft>()?.iter().any(|other| other.names(blob));
        if !named && !other {
            office.store.blobs.remove(blob).map_err(Refusal::fault)?;
        }
    }
    Ok(())
}

/// Throws a draft away with its pictures.
///
/// # Errors
/// No such draft, or the disk refuses.
pub fn drop_draft(office: &Office, id: CaseId) -> Result<(), Refusal> {
    let _drafts = office.lock_drafts();
    let mut draft = draft(office, id)?;
    office.store.delete_draft(id)?;
    let before = (draft.original(), draft.photo());
    (draft.original, draft.result) = (None, None);
    discard(office, before, &draft)?;
    office.tell(Change::Drafts);
    Ok(())
}

#[cfg(test)]
mod tests;
