//! The JSON shapes of the local API.
//!
//! `web-ui/src/api/types.ts` is generated from these through the OpenAPI document (`huizhi openapi`);
//! a stale copy fails `cargo xtask test`.
//! Hashes are lower-case hex, times are milliseconds since 1970 by the clock of the machine that claims them.

mod capture;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use capture::{BackgroundRequest, BackgroundView, CardView, FailedCheck, FeasibilityView, GuidanceView, PlateAnswer, PlateView};

pub use crate::{
    service::{
        photos::{CheckResult, Place},
        staff::StaffRole,
    },
    text::Text,
};

/// Every refusal of the API. `code` is stable and what a program switches on; `message` is for a person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ErrorBody {
    /// Stable identifier, for example `id_number_invalid`.
    pub code: String,
    /// What happened and what to do next.
    pub message: Text,
    /// The input field that is wrong, when there is one.
    pub field: Option<String>,
}

/// The office that this node serves.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OfficeView {
    /// Eight digits: GB/T 2260 county code and a serial of two.
    pub code: String,
    /// Its name, as enrolled.
    pub name: String,
    /// Name of the federation.
    pub federation: String,
    /// Roles by enrolment: `capture`, `review`, `admin`, `archive`. Empty until the enrolment arrived here.
    pub roles: Vec<String>,
}

/// A logged-in member of staff.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OperatorView {
    /// Login name.
    pub login: String,
    /// Name shown on the screen.
    pub display_name: String,
    /// Number that signed records carry in place of the name.
    pub number: u32,
    /// What this person may do.
    pub roles: Vec<StaffRole>,
}

/// `GET /api/session`, and the answer to a login.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SessionView {
    /// Nobody before the login.
    pub operator: Option<OperatorView>,
    /// To be sent as the header `x-csrf-token` with every write.
    pub csrf_token: String,
    /// The office of this node.
    pub office: OfficeView,
}

/// `POST /api/login`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct LoginRequest {
    /// Login name.
    pub login: String,
    /// Password.
    pub password: String,
}

/// `GET /api/status`: what the title bar shows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatusView {
    /// Version of the program.
    pub version: String,
    /// The node's clock.
    pub now_ms: u64,
    /// Why nothing can be written, when nothing can.
    pub read_only: Option<Text>,
    /// Whether at least one other office is connected.
    pub online: bool,
    /// Own entries that no other office is known to hold.
    pub to_send: u64,
    /// Entries that others announced and that are not here yet.
    pub to_receive: u64,
    /// Every other known office.
    pub peers: Vec<PeerView>,
    /// Whether a model finds faces by itself, or the staff marks them.
    pub face_model: bool,
    /// Cases waiting for a decision here (0 where nobody reviews).
    pub awaiting_review: u64,
    /// Whether a receipt can be printed: a CJK font was found.
    pub can_print: bool,
}

/// One other office as seen from here.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PeerView {
    /// Office code, or empty for a peer known only by its address.
    pub code: String,
    /// Office name or address.
    pub name: String,
    /// Connected at this moment.
    pub connected: bool,
    /// When it last answered, if it ever did since this node started.
    pub last_seen_ms: Option<u64>,
    /// Records here that it lacks.
    pub to_send: u64,
    /// Records it has that are not here.
    pub to_receive: u64,
    /// Why the connection was refused, by them or by us.
    pub refused: Option<Text>,
}

/// A spec in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpecSummary {
    /// For example `cn-id-card`.
    pub id: String,
    /// Name of the document.
    pub name: Text,
    /// Version written in the spec.
    pub version: u32,
    /// SHA-256 of its canonical text.
    pub hash: String,
    /// `official`, or `draft` until an administrator confirms it.
    pub status: String,
    /// How far to trust the numbers: H, M, L or D.
    pub confidence: String,
    /// `shipped` with the program, or `published` by the province.
    pub origin: String,
    /// When the province signed it.
    pub published_ms: Option<u64>,
    /// Width of the file in pixels.
    pub width_px: u32,
    /// Height of the file in pixels.
    pub height_px: u32,
    /// Pixels per inch written in the file.
    pub dpi: u32,
}

/// One spec, whole.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpecView {
    /// The line of the list.
    pub summary: SpecSummary,
    /// The spec as TOML, exactly as hashed.
    pub toml: String,
    /// Target frame for the capture screen.
    pub guide: GuideView,
    /// Sources of the numbers.
    pub sources: Vec<String>,
    /// Earlier published versions, newest first.
    pub history: Vec<SpecSummary>,
}

/// Where head and eyes should lie in the finished photo; every value is a share of its width or height, 0 to 1.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct GuideView {
    /// Width over height.
    pub aspect: f64,
    /// Top of the hair, from the upper edge.
    pub hair_top: f64,
    /// Chin, from the upper edge.
    pub chin: f64,
    /// Eye line, from the upper edge.
    pub eye_line: f64,
    /// Width of the face, cheek to cheek.
    pub face_width: f64,
}

/// `POST /api/specs` and `POST /api/specs/check`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct SpecText {
    /// A spec file's text.
    pub toml: String,
}

/// What a publication would change, before it is signed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpecDiff {
    /// The spec as parsed.
    pub summary: SpecSummary,
    /// Version in force now.
    pub replaces: Option<SpecSummary>,
    /// Field by field: name, value now, value then.
    pub changes: Vec<SpecChange>,
}

/// One changed field of a spec.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpecChange {
    /// Dotted path, for example `file.kb.max`.
    pub field: String,
    /// Value in force, if any.
    pub before: Option<String>,
    /// Value after publication, if any.
    pub after: Option<String>,
}

/// Who sits in front of the camera.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Applicant {
    /// Name as printed.
    pub name: String,
    /// Resident identity number by GB 11643, 18 characters.
    pub id_number: String,
}

/// `POST /api/drafts`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct NewDraft {
    /// Which document.
    pub spec_id: String,
    /// Who.
    pub applicant: Applicant,
    /// The applicant was told the purpose and agreed (告知用途).
    pub consent: bool,
    /// The returned case that this recapture answers.
    pub case_id: Option<String>,
}

/// A capture under way at this office; nothing of it has left the machine.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DraftView {
    /// Case id it will have, 32 hex digits.
    pub id: String,
    /// Who.
    pub applicant: Applicant,
    /// The spec it began with and keeps.
    pub spec: SpecSummary,
    /// A newer version of the spec came into force since.
    pub spec_superseded: bool,
    /// When it began.
    pub started_ms: u64,
    /// The result so far.
    pub result: Option<PhotoView>,
    /// Why the last photo could not be made, with what to do.
    pub problem: Option<ErrorBody>,
    /// A photo was received (it stays, even when it could not be standardized).
    pub has_original: bool,
    /// Backgrounds that the wall can be replaced with; none where the document forbids replacing it.
    pub backgrounds: Vec<BackgroundView>,
    /// The chosen one as `#rrggbb`; the first of the document where nothing was chosen.
    pub background: String,
}

/// A point in the upright original, in pixels from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PointView {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

/// What the staff marks by hand; left and right as seen in the picture.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct MarksView {
    /// Centre of the eye on the left of the picture.
    pub left_eye: PointView,
    /// Centre of the eye on the right of the picture.
    pub right_eye: PointView,
    /// Lowest point of the chin.
    pub chin: PointView,
    /// Top of the head, hair included.
    pub crown: PointView,
}

/// A standardized photo with its checks.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PhotoView {
    /// SHA-256 of the JPEG file.
    pub sha256: String,
    /// Pixels.
    pub width_px: u32,
    /// Pixels.
    pub height_px: u32,
    /// Pixels per inch.
    pub dpi: u32,
    /// Bytes of the file.
    pub bytes: u64,
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// Size of the upright original in pixels.
    pub original_width_px: u32,
    /// Size of the upright original in pixels.
    pub original_height_px: u32,
    /// What was done to the photo, in order.
    pub operations: Vec<String>,
    /// Where the points used came from: `model` or `marks`.
    pub located_by: String,
    /// The points used.
    pub marks: MarksView,
    /// All checks, failed ones first.
    pub checks: Vec<CheckResult>,
    /// No check failed.
    pub passed: bool,
    /// What became of the picture of the empty wall: `used`, `other_size`, `other_wall`, `unreadable`; nothing where there was none.
    pub plate: Option<String>,
}

/// `POST /api/drafts/{id}/submit`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct SubmitRequest {
    /// Submit although a check failed, with the reason for the reviewer.
    pub override_reason: Option<String>,
}

/// State of a case, a pure function of the records about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    /// Waits for a reviewer.
    Submitted,
    /// Approved; immutable.
    Approved,
    /// Returned with reasons; may be captured again.
    Returned,
    /// Contradicting decisions; counts as not approved.
    Conflict,
}

/// A case in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseRow {
    /// 32 hex digits.
    pub id: String,
    /// State.
    pub status: CaseStatus,
    /// Document.
    pub spec: SpecSummary,
    /// Code of the capturing office.
    pub office: String,
    /// Name of the capturing office.
    pub office_name: String,
    /// When it was submitted, by the capturing office's clock.
    pub submitted_ms: u64,
    /// Name of the applicant, where this office may open it.
    pub applicant_name: Option<String>,
    /// Number, once issued.
    pub receipt_number: Option<String>,
    /// Number of failed checks.
    pub failed_checks: u32,
    /// The newest record of this case is known to be held by another office.
    pub sent: bool,
}

/// A case, whole.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CaseView {
    /// The line of the list.
    pub row: CaseRow,
    /// The applicant, where this office may open the sealed payload.
    pub applicant: Option<Applicant>,
    /// Hash of the submission record that a decision must name.
    pub submission: String,
    /// SHA-256 of the standardized photo.
    pub photo_sha256: String,
    /// Whether photo and original are on this machine.
    pub photo_here: bool,
    /// The checks as reported by the capturing office.
    pub checks: Vec<CheckResult>,
    /// What was done to the photo, in order.
    pub operations: Vec<String>,
    /// Why the office submitted in spite of a failed check.
    pub override_reason: Option<String>,
    /// Every decision, in causal order.
    pub decisions: Vec<DecisionView>,
    /// The shared note (an Automerge document).
    pub note: NoteView,
    /// Number, once issued.
    pub receipt_number: Option<String>,
}

/// A reviewer's decision.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DecisionView {
    /// Hash of the record.
    pub hash: String,
    /// `approve` or `return`.
    pub verdict: String,
    /// Coded reasons.
    pub reasons: Vec<ReasonView>,
    /// Code of the office that decided.
    pub office: String,
    /// Staff number of the reviewer.
    pub operator: u32,
    /// The reviewer's clock.
    pub at_ms: u64,
    /// No later decision names it as resolved.
    pub standing: bool,
}

/// A coded reason for a return.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReasonView {
    /// Stable code, for example `head_tilted`.
    pub code: String,
    /// The sentence that the counter sees.
    pub text: Text,
}

/// The shared note of a case.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NoteView {
    /// Merged text.
    pub text: String,
    /// Changes merged in.
    pub changes: u32,
    /// Changes known to exist whose bytes are not here, or not meant for this office.
    pub missing: u32,
}

/// `PUT /api/cases/{id}/note`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct NoteText {
    /// The whole new text; the node turns it into a minimal change.
    pub text: String,
}

/// `POST /api/cases/{id}/decision`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct DecisionRequest {
    /// `approve` or `return`.
    pub verdict: String,
    /// The submission that was looked at; a stale one is refused.
    pub submission: String,
    /// Codes from `GET /api/reasons`; at least one for a return.
    pub reasons: Vec<String>,
}

/// `GET /api/receipts/{number}`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceiptAnswer {
    /// `valid`, `expired`, `disputed` (genuine, but its case is in conflict), `unknown_here` or `mistyped`.
    /// Unknown is neither valid nor invalid.
    pub verdict: String,
    /// The verdict as a sentence, with what to do next.
    pub message: Text,
    /// The number, grouped for reading.
    pub number: String,
    /// The receipt, when it was found and every signature held.
    pub receipt: Option<ReceiptView>,
}

/// A verified receipt.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceiptView {
    /// The number, grouped for reading.
    pub number: String,
    /// `回执号` or `图像号`, by policy.
    pub label: Text,
    /// Case.
    pub case_id: String,
    /// Document.
    pub spec: SpecSummary,
    /// SHA-256 of the photo.
    pub photo_sha256: String,
    /// Capturing office.
    pub captured_by: String,
    /// Office that decided and issued.
    pub issued_by: String,
    /// The issuer's clock.
    pub issued_ms: u64,
    /// Last day of validity by the issuer's clock, exclusive.
    pub valid_until_ms: u64,
    /// Applicant, where this office may open it.
    pub applicant: Option<Applicant>,
    /// Origin line of the log that holds it.
    pub log_origin: String,
    /// Position in that log.
    pub log_index: u64,
    /// Size of the signed checkpoint that covers it.
    pub checkpoint_size: u64,
    /// Each step with its signer, in order: submission, decision, receipt.
    pub chain: Vec<ChainLink>,
    /// The photo is on this machine.
    pub photo_here: bool,
}

/// One signed record on the way to a receipt.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChainLink {
    /// Kind of record.
    pub kind: String,
    /// Hash of the record.
    pub hash: String,
    /// Office that signed it.
    pub office: String,
    /// The signer's clock.
    pub at_ms: u64,
    /// Its log and position.
    pub log: String,
    /// Position in that log.
    pub index: u64,
}

/// An office of the federation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EnrolledOffice {
    /// Office code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Roles.
    pub roles: Vec<String>,
    /// Public key, hex.
    pub key: String,
    /// When the province enrolled it.
    pub enrolled_ms: u64,
    /// Entries of its log that are here.
    pub log_size: u64,
    /// Connected at this moment.
    pub connected: bool,
    /// Whether it holds the newest entry of the province's log, as far as known here.
    pub has_current_specs: Option<bool>,
}

/// `POST /api/offices`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct EnrolRequest {
    /// The text that `huizhi init --join` printed at the office.
    pub request: String,
    /// Roles to grant: `capture`, `review`, `admin`, `archive`.
    pub roles: Vec<String>,
}

/// One message of `GET /api/events` (server-sent events, event name `huizhi`).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventMessage {
    /// Something under this topic changed: refetch what the screen shows. Topics: `cases`, `specs`, `status`, `drafts`, `offices`.
    Changed {
        /// What changed.
        topic: String,
    },
    /// A photo job reached a stage: `decode`, `locate`, `matte`, `crop`, `compose`, `encode`, `check`.
    Stage {
        /// Draft id.
        draft: String,
        /// Stage reached.
        stage: String,
    },
}

/// `POST /api/export`, for the command line.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
pub struct ExportRequest {
    /// Absolute path of a folder on the node's machine that does not exist yet or is empty.
    pub dir: String,
    /// Whether photos with a receipt that are on this machine go along.
    pub photos: bool,
}

/// What an export wrote.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExportView {
    /// Logs written.
    pub logs: u64,
    /// Records written.
    pub records: u64,
    /// Photos written.
    pub photos: u64,
}
