//! From what the services know to the JSON shapes.

use super::auth::Operator;
use super::types::{
    ApplicantView, BackgroundView, CaseRow, CaseStatus, CaseView, ConsentView, DecisionView, DraftView, ErrorBody, FailedCheck,
    FeasibilityView, GuideView, MarksView, NoteView, OfficeView, OperatorView, PhotoView, PointView, ReasonView, SameNumberView,
    SamePictureView, SpecSummary, SpecView, StatementView, Text,
};
use crate::service::{
    Office, Refusal, applicants,
    consent::{self as agreements, Statement},
    doubles, erasure,
    feasibility::Feasible,
    intake::Draft,
    notes::{self, OpenNote, WrittenNote},
    payload,
    photos::PhotoResult,
    reasons, review,
    specs::{self, KnownSpec},
};
use ::specs::{Forbidden, Spec};
use protocol::{
    case::{By, Case, Eyes, Status},
    doc::Version,
    id::{BlobHash, CaseId, SpecHash},
    record::{Consented, Decided, Verdict},
};

pub(super) fn office(office: &Office) -> OfficeView {
    let member = office.member();
    OfficeView {
        code: office.code().to_string(),
        name: office.office_name(office.code()),
        federation: office.origin().federation().to_owned(),
        roles: member.map(|member| member.enrol.roles.names().map(str::to_owned).collect()).unwrap_or_default(),
    }
}

pub(super) fn operator(operator: &Operator) -> OperatorView {
    OperatorView {
        login: operator.login.clone(),
        display_name: operator.display_name.clone(),
        number: operator.number,
        roles: operator.roles.clone(),
    }
}

pub(super) fn spec_summary(known: &KnownSpec) -> SpecSummary {
    let spec = &known.spec;
    SpecSummary {
        id: spec.id().to_owned(),
        name: spec.name().into(),
        version: spec.version(),
        hash: spec.hash_hex(),
        // What no province published is nobody's rule, whatever its text says.
        status: if known.published_ms.is_some() { spec.status() } else { ::specs::Status::Draft }.key().to_owned(),
        confidence: spec.confidence().key().to_owned(),
        origin: if known.published_ms.is_some() { "published" } else { "shipped" }.into(),
        published_ms: known.published_ms,
        effective_from_ms: known.effective_from_ms,
        backdated: known.backdated,
        width_px: spec.width_px(),
        height_px: spec.height_px(),
        dpi: spec.dpi(),
    }
}

/// The spec of a record; one that is not here yet is shown by its hash.
pub(super) fn spec_by_hash(office: &Office, hash: SpecHash) -> SpecSummary {
    specs::by_hash(office, hash).as_ref().map_or_else(
        || SpecSummary {
            id: hash.to_string(),
            name: Text::new("（规格尚未同步）", "(spec not here yet)"),
            version: 0,
            hash: hash.to_string(),
            status: "unknown".into(),
            confidence: String::new(),
            origin: "elsewhere".into(),
            published_ms: None,
            effective_from_ms: None,
            backdated: false,
            width_px: 0,
            height_px: 0,
            dpi: 0,
        },
        spec_summary,
    )
}

pub(super) fn spec(office: &Office, known: &KnownSpec) -> SpecView {
    let guide = known.spec.guide();
    SpecView {
        summary: spec_summary(known),
        toml: known.spec.text().to_owned(),
        guide: GuideView {
            aspect: guide.aspect,
            hair_top: guide.hair_top,
            chin: guide.chin,
            eye_line: guide.eye_line,
            face_width: guide.face_width,
        },
        standard: known.spec.standard().map(str::to_owned),
        authority: known.spec.authority().map(str::to_owned),
        sources: known.spec.official_sources().map(str::to_owned).collect(),
        staged: specs::staged(office, known.spec.id()).as_ref().map(spec_summary),
        history: specs::history(office, known.spec.id()).iter().map(spec_summary).collect(),
    }
}

pub(super) fn applicant(applicant: &payload::Applicant) -> ApplicantView {
    ApplicantView { name: applicant.name.clone(), id_number_masked: applicant.masked_number() }
}

pub(super) fn statement(statement: &Statement) -> StatementView {
    StatementView { version: statement.version, hash: statement.hash().to_string(), text: statement.text() }
}

fn consent(office: &Office, by: &By<Consented>) -> ConsentView {
    let Consented { statement: hash, operator, at_ms, .. } = by.said;
    let statement = Statement::by_hash(hash).as_ref().map(statement);
    ConsentView { statement, hash: hash.to_string(), office_name: office.office_name(by.office), operator, at_ms }
}

/// The consent that the draft holds; in a recapture of the same person, the one of its case.
fn draft_consent(office: &Office, draft: &Draft) -> Result<Option<ConsentView>, Refusal> {
    if let Some(agreed) = &draft.consent {
        let statement = agreed.statement.parse().ok().and_then(Statement::by_hash).as_ref().map(statement);
        let (operator, at_ms) = (agreed.operator, agreed.at_ms);
        let office_name = office.office_name(office.code());
        return Ok(Some(ConsentView { statement, hash: agreed.statement.clone(), office_name, operator, at_ms }));
    }
    let Some(case) = office.case(draft.case()?)? else { return Ok(None) };
    Ok(agreements::on_record(office, &case, &draft.applicant).map(|by| consent(office, by)))
}

fn photo(result: &PhotoResult) -> PhotoView {
    let point = |(x, y): (f64, f64)| PointView { x, y };
    let [left_eye, right_eye, chin, crown] = result.marks.map(point);
    PhotoView {
        sha256: result.hash.clone(),
        width_px: result.width_px,
        height_px: result.height_px,
        dpi: result.dpi,
        bytes: result.bytes,
        quality: result.quality,
        original_width_px: result.original_px.0,
        original_height_px: result.original_px.1,
        operations: result.operations.clone(),
        located_by: result.located_by.clone(),
        marks: MarksView { left_eye, right_eye, chin, crown },
        checks: result.checks.clone(),
        passed: result.failed_checks() == 0,
        plate: result.plate.clone(),
    }
}

pub(super) fn feasible(tried: &Feasible) -> FeasibilityView {
    let (made, problem) = (tried.photo.as_ref().ok(), tried.photo.as_ref().err());
    let failed = made.map(|made| &*made.failed).unwrap_or_default();
    FeasibilityView {
        spec: spec_summary(&tried.known),
        feasible: made.is_some() && failed.is_empty(),
        failed: failed.iter().map(|check| FailedCheck { name: check.name.clone(), title: check.title.clone() }).collect(),
        bytes: made.map(|made| made.bytes),
        problem: problem.map(ErrorBody::from),
    }
}

fn backgrounds(spec: &Spec) -> Vec<BackgroundView> {
    let view = |colour: &::specs::Rgb| BackgroundView { hex: ::specs::hex(*colour), name: (&::specs::colour_name(*colour)).into() };
    spec.backgrounds().iter().map(view).collect()
}

pub(super) fn draft(office: &Office, draft: &Draft) -> Result<DraftView, Refusal> {
    let spec = draft.spec()?;
    let hash = SpecHash(spec.hash());
    let in_force = specs::by_id(office, spec.id());
    Ok(DraftView {
        id: draft.id.clone(),
        applicant: applicant(&draft.applicant),
        consent: draft_consent(office, draft)?,
        spec: spec_by_hash(office, hash),
        spec_superseded: in_force.is_some_and(|now| now.hash() != hash),
        started_ms: draft.started_ms,
        result: draft.result.as_ref().map(photo),
        problem: draft.problem.as_ref().map(ErrorBody::from),
        has_original: draft.original.is_some(),
        same_picture: same_picture(office, draft.case()?, &draft.original().into_iter().collect::<Vec<_>>(), Some(&draft.applicant), hash)?,
        same_number: same_number(office, draft.case()?, Some(&draft.applicant), hash)?,
        backgrounds: if spec.forbids(Forbidden::BackgroundReplacement) { Vec::new() } else { backgrounds(&spec) },
        background: ::specs::hex(draft.background.unwrap_or(spec.backgrounds()[0])),
    })
}

fn same_picture(
    office: &Office,
    id: CaseId,
    pictures: &[BlobHash],
    person: Option<&payload::Applicant>,
    spec: SpecHash,
) -> Result<Vec<SamePictureView>, Refusal> {
    let found = doubles::same_picture(office, id, pictures, person, spec)?;
    let view = |other: doubles::SamePicture| SamePictureView {
        case_id: other.case.to_string(),
        applicant_name: other.name,
        other_person: other.other_person,
    };
    Ok(found.into_iter().map(view).collect())
}

fn same_number(office: &Office, id: CaseId, person: Option<&payload::Applicant>, spec: SpecHash) -> Result<Vec<SameNumberView>, Refusal> {
    let Some(person) = person else { return Ok(Vec::new()) };
    let view = |other: doubles::SameNumber| SameNumberView {
        case_id: other.case.to_string(),
        applicant_name: other.name,
        same_name: other.same_name,
    };
    Ok(doubles::same_number(office, id, person, spec)?.into_iter().map(view).collect())
}

pub(super) fn status(status: Status) -> CaseStatus {
    match status {
        Status::Submitted => CaseStatus::Submitted,
        Status::Approved => CaseStatus::Approved,
        Status::Returned => CaseStatus::Returned,
        Status::Withdrawn => CaseStatus::Withdrawn,
        Status::Conflict => CaseStatus::Conflict,
    }
}

/// `own_held` is the size of the own log that some other office is known to hold.
pub(super) fn case_row(office: &Office, case: &Case, own_held: u64) -> Result<CaseRow, Refusal> {
    let said = &case.current.said;
    let name = applicants::name(office, case);
    let newest_own =
        office.store.case_entries(case.id)?.into_iter().filter(|entry| entry.origin == *office.origin()).map(|entry| entry.index).max();
    Ok(CaseRow {
        id: case.id.to_string(),
        status: status(case.status),
        spec: spec_by_hash(office, said.spec),
        office: case.captured_by().to_string(),
        office_name: office.office_name(case.captured_by()),
        submitted_ms: said.at_ms,
        applicant_state: name.key().to_owned(),
        applicant_name: name.open(),
        receipt_number: receipt_number(case),
        failed_checks: said.failed_checks,
        sent: newest_own.is_none_or(|index| index < own_held),
    })
}

fn receipt_number(case: &Case) -> Option<String> {
    let number: protocol::receipt::ReceiptNumber = case.receipts.first()?.said.number.parse().ok()?;
    Some(number.to_string())
}

pub(super) fn case(office: &Office, case: &Case, own_held: u64) -> Result<CaseView, Refusal> {
    let payload = applicants::payload(office, case).open();
    let person = payload.as_ref().map(|payload| payload.applicant.clone());
    let said = &case.current.said;
    if let Some(person) = &person {
        doubles::remember(office, case.id, person);
    }
    let mut decisions: Vec<_> = case.decisions.iter().map(|by| decision(case, by)).collect();
    decisions.sort_by_key(|decision| decision.at_ms);
    let policy = specs::by_hash(office, said.spec).map(|known| known.spec.receipt().four_eyes);
    Ok(CaseView {
        row: case_row(office, case, own_held)?,
        applicant: payload.as_ref().map(|payload| applicant(&payload.applicant)),
        consents: case.consents.iter().map(|by| consent(office, by)).collect(),
        submission: case.current.hash.to_string(),
        photo_sha256: said.photo.to_string(),
        photo_here: office.store.blobs.size(said.photo).is_some(),
        checks: payload.as_ref().map(payload::CasePayload::checks).unwrap_or_default(),
        operations: said.operations.clone(),
        override_reason: payload.and_then(|payload| payload.override_reason),
        decisions,
        note: note(notes::open(office, case)?),
        receipt_number: receipt_number(case),
        erased: case.is_erased(said.payload),
        eyes: case.eyes().map(|eyes| eyes_code(eyes).to_owned()),
        four_eyes_missing: policy.zip(case.eyes()).is_some_and(|(policy, eyes)| !review::keeps(policy, eyes)),
        erased_kept: erasure::kept(office, case)?,
        same_number: same_number(office, case.id, person.as_ref(), said.spec)?,
        same_picture: same_picture(office, case.id, &[said.photo, said.original], person.as_ref(), said.spec)?,
    })
}

pub(super) fn note(mut open: OpenNote) -> NoteView {
    NoteView {
        text: open.note.text(),
        changes: open.note.changes() as u32,
        missing: open.missing as u32,
        version: hex::encode(open.note.version().to_bytes()),
        written: None,
    }
}

pub(super) fn written_note(note: WrittenNote) -> NoteView {
    NoteView { written: Some(hex::encode(note.written.to_bytes())), ..self::note(note.open) }
}

/// Reads the version that a page typed on.
pub(super) fn note_version(text: &str) -> Result<Version, Refusal> {
    hex::decode(text).ok().and_then(|bytes| Version::from_bytes(&bytes)).ok_or_else(|| {
        Refusal::input(
            "version_malformed",
            "version",
            "备注版本格式不对，请刷新页面。",
            "the version of the note is malformed; load the page again",
        )
    })
}

fn decision(case: &Case, by: &By<Decided>) -> DecisionView {
    DecisionView {
        hash: by.hash.to_string(),
        verdict: verdict(by.said.verdict).into(),
        reasons: by.said.reasons.iter().map(|code| ReasonView { code: code.clone(), text: reasons::text(code) }).collect(),
        office: by.office.to_string(),
        operator: by.said.operator,
        at_ms: by.said.at_ms,
        standing: !case.is_resolved(by.hash),
    }
}

fn eyes_code(eyes: Eyes) -> &'static str {
    match eyes {
        Eyes::OnePerson => "one_person",
        Eyes::OneOffice => "one_office",
        Eyes::TwoOffices => "two_offices",
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Return => "return",
    }
}
